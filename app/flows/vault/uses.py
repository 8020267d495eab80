"""How often an app uses its user's own keys in a day: counted before the key goes out, given back if it did not."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app import db
from app.domain.authorizations import own_keys
from app.domain.errors import Refused
from app.flows.callers.user import OwnStanding


class OwnUsesReached(Refused):
    """The day has had as many requests by own keys as its user allows the app."""

    code = "cap_reached"


@dataclass(frozen=True, slots=True)
class OwnUse:
    """So many uses of own keys that were counted, of a consent and a day."""

    authorization_id: str
    day: int
    count: int

    async def give_back(self, count: int) -> None:
        """Counts so many of them no longer. Raises Unavailable."""
        await db.in_transaction(
            lambda session: own_keys.give_back(session, self.authorization_id, self.day, count), writes=True
        )


async def take_own_use(own: OwnStanding | None, count: int = 1) -> OwnUse | None:
    """Counts so many uses of own keys where the day is bounded, all or none. Raises OwnUsesReached, Unavailable."""
    if own is None or own.authorization_id is None or own.per_day is None or not count:
        return None
    use = OwnUse(own.authorization_id, own_keys.today(), count)

    def take(session: Session) -> int | None:
        # What was raised a moment ago counts: nobody who was refused would take the hold that finds a standing old.
        most = own_keys.read_per_day(session, use.authorization_id) or 0
        return None if own_keys.take(session, use.authorization_id, use.day, most, count) else most

    most = await db.in_transaction(take, writes=True)
    if most is not None:
        raise OwnUsesReached(f"This app may use your own keys {most:,} times a day, and has.")
    return use
