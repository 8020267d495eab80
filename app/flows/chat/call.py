"""One chat request that was understood, whichever door it came through, and its run once money is held for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from app.domain.credentials.matching import OwnKey
from app.domain.legs.legs import Source
from app.domain.paywalls.configuration import UserPlace
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.bound import Bound
from app.domain.pricing.price_book import Offer
from app.domain.routing.wanted import Routing
from app.domain.usage.requests import UNLABELLED, Labels
from app.flows.callers.asked import Stopped
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.hold import Held
from app.formats.openai_request import ChatRequest
from app.ports.providers import ProviderAnswer

OWN_ANSWER_BYTES_MAX = 8_000_000
"""How long an answer of somebody's own host may be that is given whole; it holds a picture. All of it is in memory for
as long as they take to read it, and costs them nothing."""


@dataclass(slots=True)
class Call:
    """Who asks which model what, for whom, and where their user goes back to.

    `snapshot` is the paywall as the last decision saw it. `return_url` and `state` are where the app wants its user
    back, and what goes along. `wants_errors`: whoever asks reads a link better in an error than in prose. `routing`
    says which other models may answer, None where none may. `source` is who is asked to pay the provider, None where
    that was left open; `goes_by` who does, by the last decision. `deadline` is when an answer of one model has to be
    there that is given whole, by the monotonic clock; None where nobody says so.
    """

    snapshot: Snapshot
    user: str
    user_from: UserPlace | None
    request: ChatRequest
    request_id: str
    client_request_id: str | None = None
    return_url: str | None = None
    state: str | None = None
    wants_errors: bool = False
    labels: Labels = UNLABELLED
    routing: Routing | None = None
    source: Source | None = None
    goes_by: Source = Source.PLATFORM
    deadline: float | None = None

    @property
    def way_back(self) -> tuple[str | None, str | None]:
        """Where the app wants its user back, and the state that goes along; None for what it did not say."""
        return self.return_url, self.state


@dataclass(slots=True)
class Leg:
    """One provider's part of a request: what it is asked, at which price, and what it may use at most.

    `setting` says which provider, whatever becomes of the model while it answers; `request` has the model's name there.
    `output_limit` is what it was sent, and `answer` is there once it has begun. `lowered_by` is what was short where
    that made the output limit `lowered_to`. `own` is the user's own key that it goes by, None for the paywall's.
    `deadline` is when its whole answer has to be there, as its call's.
    """

    request: ChatRequest
    setting: ProviderSetting
    offer: Offer
    bound: Bound
    output_limit: int = 0
    answer: ProviderAnswer | None = None
    lowered_by: Stopped | None = None
    lowered_to: int = 0
    own: OwnKey | None = None
    deadline: float | None = None

    @property
    def whole_bytes_max(self) -> int | None:
        """How long its answer may be where it is given whole, None for as long as any."""
        return None if self.own is None else OWN_ANSWER_BYTES_MAX


class Meter(Protocol):
    """What follows a stream while it runs."""

    async def about_nanos(self) -> int:
        """Returns about what a stream costs by now."""
        ...


class Route(Protocol):
    """The models that may answer a request, of which none has been asked yet."""

    async def begin(self, run: "Run") -> bytes:
        """Asks one after the other until one has begun to answer, which is then the run's leg.

        Returns what a stream says of that before its first word. Raises ProviderFailed, AllRoutesOpen; the hold was
        released by then, as it is where the caller is cancelled.
        """
        ...

    def said(self) -> Mapping[str, Any]:
        """Returns what is said of it beside what the answer cost."""
        ...


@dataclass(slots=True)
class Run:
    """A request whose money is held and whose provider has begun to answer.

    `meter` follows its stream, once that is forwarded. `has_left` says that its client went away and the answer is
    carried to its end all the same; `stopped` what the answer ended with where money or a limit ended it. Where it has
    a `route`, that finds who answers once it is carried, and `place` is where its leg stands among those held for.
    """

    held: Held
    leg: Leg
    meter: Meter | None = None
    has_left: bool = False
    stopped: Stopped | None = None
    route: Route | None = None
    place: int | None = None

    @property
    def id(self) -> str:
        """The request's id."""
        return self.held.asked.id

    @property
    def source(self) -> Source:
        """Who pays the provider that answers, or was asked last."""
        return Source.PLATFORM if self.leg.own is None else Source.OWN
