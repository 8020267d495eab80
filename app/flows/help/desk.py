"""The desk that answers: the gate first, then the guide's own words, or a model that cites them.

It is free for whoever asks. Where a model answers, the operator pays it with their own key, and it is asked at most
600 times an hour in a process; beyond that, and whenever it fails or cites wrongly, the section itself is the answer.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from app.domain import clock
from app.domain.errors import BadField, LimitReached, ProviderFailed
from app.domain.limits.budgets import Allowance, Budgets
from app.flows.help.asked.phrasings import read_asked
from app.flows.help.corpus import Corpus, read_corpus
from app.flows.help.gate import passes
from app.flows.help.index import Evidence, Index
from app.flows.help.quoting import personal, quote
from app.flows.help.sections import Section
from app.flows.help.told import answer_in, body_of, cited_in, with_links
from app.ports.providers import ChatProvider, ProviderTarget

log = structlog.get_logger()

QUESTION_CHARACTERS_MAX = 1_000
ASKED = Allowance(30, 0.5)
"""How often one account, and one network address, may ask: 30 at once, and 30 a minute from then on."""
BY_MODEL = Allowance(600, 600 / 3_600)
CITED, GIVEN = 3, 5
"""How many sections are cited without a model, and given to one."""
ANSWER_BYTES_MAX = 262_144
ANSWER_SECONDS_MAX = 20.0
NOTHING = (
    "I answer questions about this product only, out of its guide, and found nothing there about that."
    " Try it in other words, or look through the pages below."
)
OFTEN_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said, as Markdown, and the sections that it rests on; none where the gate did not let a question in."""

    text: str
    cited: tuple[Section, ...] = ()

    @property
    def is_found(self) -> bool:
        """Whether the guide has an answer."""
        return bool(self.cited)


@dataclass(frozen=True, slots=True)
class HelpModel:
    """A model that words answers, and where it is reached. The operator pays it."""

    provider: ChatProvider
    target: ProviderTarget
    name: str


Known = tuple[Corpus, Index]
"""All pages, and the index over what is searched of them."""


def learn(document: Mapping[str, Any]) -> Known:
    """Reads all that came with this process, and the API's OpenAPI document. Blocking, a second of it."""
    corpus = read_corpus(document)
    return corpus, Index(corpus.searched, read_asked())


class HelpDesk:
    """Answers questions, for a process. `learn` returns what there is to know, in a thread; a `model` words answers."""

    def __init__(
        self, learn: Callable[[], Known], base_url: str, model: HelpModel | None = None,
        now: Callable[[], float] = clock.monotonic_seconds,
    ) -> None:  # fmt: skip
        self._learn, self._base_url, self._model = learn, base_url, model
        self._asked, self._by_model = Budgets(ASKED, now), Budgets(BY_MODEL, now)
        self._reading = asyncio.Lock()
        self._read: Known | None = None

    async def corpus(self) -> Corpus:
        """Returns all pages that there are to read."""
        return (await self._known())[0]

    async def ask(self, question: str, *askers: str) -> Answer:
        """Answers a question; `askers` are by what whoever asks is counted. Raises BadField, LimitReached."""
        question = question.strip()
        if not 1 <= len(question) <= QUESTION_CHARACTERS_MAX:
            raise BadField("question", f"`question` must have 1 to {QUESTION_CHARACTERS_MAX:,} characters.")
        if not all(self._asked.take(asker) for asker in askers):
            raise LimitReached("That was often. Wait a moment, then ask again.", "too_often", OFTEN_SECONDS)
        corpus, index = await self._known()
        evidence = await asyncio.to_thread(index.find, question, GIVEN)
        if not passes(question, evidence):
            return Answer(NOTHING)
        worded = await self._worded(question, evidence, corpus)
        if worded is not None:
            return worded
        best = tuple(one.section for one in evidence.found[:CITED])
        return Answer(personal(quote(evidence.found[0]), self._base_url), best)

    async def _known(self) -> Known:
        async with self._reading:
            if self._read is None:
                self._read = await asyncio.to_thread(self._learn)
        return self._read

    async def _worded(self, question: str, evidence: Evidence, corpus: Corpus) -> Answer | None:
        """Returns a model's answer, None where none counts."""
        if self._model is None or not self._by_model.take(""):
            return None
        given = {one.section.id: one.section for one in evidence.found}
        body = body_of(self._model.name, question, tuple(given.values()), self._base_url)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                said = await _whole(self._model, body)
        except (ProviderFailed, TimeoutError) as error:
            log.warning("help", step="model", error=type(error).__name__)
            return None
        text = answer_in(said)
        cited = cited_in(text, given, corpus.by_id)
        if cited is None:
            log.info("help", step="uncited")
            return None
        return Answer(with_links(text, cited), tuple(given[name] for name in cited))


async def _whole(model: HelpModel, body: bytes) -> bytes:
    """Returns all bytes of an answer, none of one that is too long. Raises ProviderFailed."""
    answer = await model.provider.send(model.target, body)
    try:
        said = b""
        while piece := await answer.read():
            said += piece
            if len(said) > ANSWER_BYTES_MAX:
                return b""
        return said if answer.redactor is None else answer.redactor.body(said)
    finally:
        await answer.close()
