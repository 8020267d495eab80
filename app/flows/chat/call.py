"""One chat request that was understood, whichever door it came through, and its run once money is held for it."""

from dataclasses import dataclass, field

from app.domain.ledger.operations import Applied
from app.domain.paywalls.configuration import UserPlace
from app.domain.pricing.bound import Bound
from app.domain.pricing.price_book import Offer
from app.domain.usage.requests import UNLABELLED, Asked, Labels
from app.flows.callers.asked import Stopped
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.user import Standing
from app.flows.limits.limiter import Admission
from app.formats.openai_request import ChatRequest
from app.ports.providers import ProviderAnswer


@dataclass(slots=True)
class Call:
    """Who asks which model what, for whom, and where their user goes back to.

    `snapshot` is the paywall as the last decision saw it. `return_url` and `state` are where the app wants its user
    back, and what goes along. `wants_errors`: whoever asks reads a link better in an error than in prose.
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

    @property
    def way_back(self) -> tuple[str | None, str | None]:
        """Where the app wants its user back, and the state that goes along; None for what it did not say."""
        return self.return_url, self.state


@dataclass(slots=True)
class Run:
    """A request whose hold is granted and whose provider has begun to answer.

    `has_left` says that its client went away and the answer is carried to its end all the same; `failure` is the
    code of what ended it before anything could be charged. `admission` is what the developer's limits counted.
    `lowered_by` is what was short where that made the output limit `lowered_to`; `stopped` what the answer ended with
    because of it, or in its middle.
    """

    snapshot: Snapshot
    request: ChatRequest
    asked: Asked
    offer: Offer
    bound: Bound
    standing: Standing
    held: Applied = field(default_factory=Applied)
    answer: ProviderAnswer | None = None
    output_limit: int = 0
    has_left: bool = False
    failure: str | None = None
    admission: Admission | None = None
    lowered_by: Stopped | None = None
    lowered_to: int = 0
    stopped: Stopped | None = None

    @property
    def budgets(self) -> tuple[str, ...]:
        """The caps that it counts against."""
        return self.standing.budgets if self.admission is None else self.standing.budgets + self.admission.budgets
