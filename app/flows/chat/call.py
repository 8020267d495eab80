"""One chat request that was understood, whichever door it came through."""

from dataclasses import dataclass

from app.domain.paywalls.configuration import UserPlace
from app.flows.callers.snapshot import Snapshot
from app.formats.openai_request import ChatRequest


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

    @property
    def way_back(self) -> tuple[str | None, str | None]:
        """Where the app wants its user back, and the state that goes along; None for what it did not say."""
        return self.return_url, self.state
