"""An OpenAI-compatible upstream's answer that has begun: its bytes as they come, and when its silence is too long."""

import asyncio
import math

import aiohttp

from app.adapters.providers.key_redactor import redactor_of
from app.adapters.providers.masking import clean_object
from app.domain import clock
from app.domain.errors import ProviderFailed
from app.ports.providers import ProviderTarget
from app.ports.redactor import Redactor

LOOKS = 10
"""How often a silence is looked at before it has lasted too long; it may last one look longer."""

READ_BYTES_MAX = 32_768
"""How much is given on at once: what is made of it holds up whoever else is answered."""
END_SECONDS_MAX = 2
"""How long an upstream may take to end its body after it said that its answer is done."""

_ENDING: set[asyncio.Task[None]] = set()


class OpenAIAnswer:
    """An answer whose status and headers arrived; see ProviderAnswer.

    Its first byte may take what is left of the time for that; a silence in the middle is measured anew each time. By
    `ends_at` all of it is over: who says a little now and then is never silent.
    """

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        target: ProviderTarget,
        silence_seconds_max: float,
        first_byte_seconds_left: float,
        ends_at: float,
    ) -> None:
        self._response, self._ends_at = response, ends_at
        self._name = target.name
        self._api_key = target.api_key
        self._content_type = response.content_type
        self._redactor = redactor_of(target.api_key)
        self._looks_left: int | None = None
        self._is_silent = False
        self._first = b""
        self._look_seconds = min(silence_seconds_max, max(first_byte_seconds_left, silence_seconds_max / LOOKS)) / LOOKS
        self._looks = math.ceil(first_byte_seconds_left / self._look_seconds)
        self._looks_later = math.ceil(silence_seconds_max / self._look_seconds)
        self._watch = asyncio.get_running_loop().call_later(self._look_seconds, self._look)

    @property
    def content_type(self) -> str:
        """The media type without parameters."""
        return self._content_type

    @property
    def redactor(self) -> Redactor | None:
        """Keeps the target's key out of the answer."""
        return self._redactor

    def cleaned(self, error: dict[str, object]) -> dict[str, object]:
        """Returns an error object without the key and whatever looks like one."""
        return clean_object(error, self._api_key)

    async def refuse_page(self) -> None:
        """Raises ProviderFailed if the body is a page, and not an answer that is only called one (as PHP does)."""
        self._first = await self.read()
        if self._first.lstrip()[:1] in (b"<", b""):
            await self.close()
            raise ProviderFailed(f"The provider {self._name} answered with something that is not a completion.")

    async def read(self) -> bytes:
        """Returns the body's next bytes as they arrive; reading to the end gives the connection back."""
        if self._first:
            first, self._first = self._first, b""
            return first
        self._looks_left, self._looks = self._looks, self._looks_later
        try:
            return await self._response.content.read(READ_BYTES_MAX)
        except (aiohttp.ClientError, OSError):
            return self._salvage()
        finally:
            self._looks_left = None

    def _look(self) -> None:
        """Breaks off where the upstream has been waited for in vain for too long.

        aiohttp would do so too, with a new timer for each piece.
        """
        if self._looks_left == 0 or clock.monotonic_seconds() > self._ends_at:
            self._is_silent = True
            self._response.close()
            return
        if self._looks_left is not None:
            self._looks_left -= 1
        self._watch = asyncio.get_running_loop().call_later(self._look_seconds, self._look)

    async def close(self) -> None:
        """Cancels what still runs: a connection whose answer was not read to the end is closed, not reused."""
        self._watch.cancel()
        self._response.close()

    async def finish(self) -> None:
        """Lets the connection be used again once the upstream has ended its body, which it does behind `[DONE]`."""
        self._watch.cancel()
        if self._response.content.at_eof():
            self._response.release()
            return
        ending = asyncio.create_task(self._read_to_the_end())
        _ENDING.add(ending)
        ending.add_done_callback(_ENDING.discard)

    async def _read_to_the_end(self) -> None:
        try:
            async with asyncio.timeout(END_SECONDS_MAX):
                while await self._response.content.readany():
                    pass
        except (aiohttp.ClientError, OSError):
            pass
        finally:
            self._response.close()

    def _salvage(self) -> bytes:
        """Returns what arrived before the connection broke. Raises ProviderFailed if that was read before.

        aiohttp forgets what was received and not yet read as soon as the connection breaks. A slow client
        would lose the end of what the upstream said, perhaps its usage, so the rest is taken out first;
        there is no public way to do so.
        """
        if rest := self._response.content._read_nowait(-1):
            return rest
        self._response.close()
        if self._is_silent:
            why = "fell silent" if clock.monotonic_seconds() <= self._ends_at else "did not come to an end in time"
            raise ProviderFailed(f"The provider {self._name} {why}.", timed_out=True) from None
        raise ProviderFailed(f"The provider {self._name} broke off in the middle of its answer.") from None
