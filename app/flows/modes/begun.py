"""Whether an answer has begun: it is read up to its first word, and then given on from its first byte.

Up to there another model may still answer instead. Whatever a model writes is a word: text, a thought, a piece of a
call. What is read meanwhile is kept, so that whoever carries the answer reads all of it.
"""

from app.domain.errors import ProviderFailed
from app.domain.routing.outcomes import ContentFiltered
from app.flows.chat.upstream import beginning, completion, fed, read_whole
from app.formats.event_stream import contents
from app.formats.openai_message import choices_in, written_in
from app.formats.openai_stream import StreamMeter
from app.ports.providers import ProviderAnswer
from app.ports.redactor import Redactor

UNBEGUN_BYTES_MAX = 4_000_000
"""How much a stream may say before its first word; all of it is kept until then."""
FILTERED = "content_filter"
"""How an answer ends that its provider stopped for what it says."""


class Begun:
    """An answer of which something was read before."""

    def __init__(self, answer: ProviderAnswer, pieces: list[bytes]) -> None:
        self._answer = answer
        self._pieces = pieces[::-1]

    @property
    def content_type(self) -> str:
        """The media type, as the upstream calls it."""
        return self._answer.content_type

    @property
    def redactor(self) -> Redactor | None:
        """What every byte passes before anybody sees it."""
        return self._answer.redactor

    def cleaned(self, error: dict[str, object]) -> dict[str, object]:
        """Returns an error object without secrets."""
        return self._answer.cleaned(error)

    async def read(self) -> bytes:
        """Returns the next bytes, first those that were read before. Raises ProviderFailed."""
        return self._pieces.pop() if self._pieces else await self._answer.read()

    async def close(self) -> None:
        """Cancels what still runs upstream."""
        await self._answer.close()

    async def finish(self) -> None:
        """Says that the answer has come to its end."""
        await self._answer.finish()


async def begun_whole(
    answer: ProviderAnswer, *, is_filter_failure: bool, bytes_max: int | None = None
) -> ProviderAnswer:
    """Returns a whole answer once all of it is there. Raises ProviderFailed for what is none, or is too long.

    `is_filter_failure` says that an answer without a word, which was stopped for what it says, is a failure.
    """
    raw = await read_whole(answer, bytes_max)
    _, content = completion(raw, answer)
    if is_filter_failure and _is_filtered([content]) and not written_in([content]):
        raise ContentFiltered("The provider stopped its answer before the first word.")
    return Begun(answer, [raw])


async def begun_stream(answer: ProviderAnswer, *, is_filter_failure: bool) -> ProviderAnswer:
    """Returns a stream once its first word is there, or its proper end without one. Raises ProviderFailed."""
    pieces, scout, size = [await beginning(answer)], StreamMeter(), 0
    while piece := pieces[-1]:
        size += len(piece)
        passing = contents(await fed(scout, piece))
        if _has_begun(scout, list(passing), answer, is_filter_failure=is_filter_failure):
            return Begun(answer, pieces)
        if size > UNBEGUN_BYTES_MAX:
            raise ProviderFailed("The provider says much and not a word.")
        pieces.append(await answer.read())
    last = list(contents(scout.end()))
    if not _has_begun(scout, last, answer, is_filter_failure=is_filter_failure) and not scout.has_finish_reason():
        raise ProviderFailed("The provider ended its answer before the first word.")
    return Begun(answer, pieces)


def _has_begun(
    scout: StreamMeter, passing: list[dict[str, object]], answer: ProviderAnswer, *, is_filter_failure: bool
) -> bool:
    """Tells whether a stream need not be read further. Raises ProviderFailed where it failed."""
    has_word = bool(written_in(passing))
    if scout.error is not None and not has_word:
        raise ProviderFailed("The provider ended its answer with an error.", body=answer.cleaned(scout.error))
    if is_filter_failure and _is_filtered(passing) and not has_word:
        raise ContentFiltered("The provider stopped its answer before the first word.")
    return has_word or scout.is_done


def _is_filtered(contents_: list[dict[str, object]]) -> bool:
    return any(choice.get("finish_reason") == FILTERED for choice in choices_in(contents_))
