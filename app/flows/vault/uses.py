"""How often an app uses its user's own keys in a day: counted before the key goes out, given back if it did not."""

from dataclasses import dataclass

from app import db
from app.domain.authorizations import own_keys
from app.domain.errors import Refused
from app.flows.callers.user import OwnStanding


class OwnUsesReached(Refused):
    """The day has had as many requests by own keys as its user allows the app."""

    code = "cap_reached"


@dataclass(frozen=True, slots=True)
class OwnUse:
    """A request that was counted, of a consent and a day."""

    authorization_id: str
    day: int

    async def give_back(self) -> None:
        """Counts it no longer. Raises Unavailable."""
        await db.in_transaction(
            lambda session: own_keys.give_back(session, self.authorization_id, self.day), writes=True
        )


async def take_own_use(own: OwnStanding | None) -> OwnUse | None:
    """Counts a request by an own key where the day is bounded. Raises OwnUsesReached, Unavailable."""
    if own is None or own.authorization_id is None or own.per_day is None:
        return None
    use, most = OwnUse(own.authorization_id, own_keys.today()), own.per_day
    if not await db.in_transaction(
        lambda session: own_keys.take(session, use.authorization_id, use.day, most), writes=True
    ):
        raise OwnUsesReached(f"This app may use your own keys {most:,} times a day, and has.")
    return use
