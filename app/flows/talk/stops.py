"""Stops that land at a process which does not answer the request: written down for the one that does, and taken there.

Should that one be lost, nothing is left to stop: its hold expires as any other's (`app/flows/upkeep/holds.py`).
"""

from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from app import db
from app.domain.credits.asked import read_one
from app.domain.errors import NotFound
from app.domain.legs import stops
from app.domain.legs.stops import Stop
from app.domain.usage.tables import RequestStatus
from app.flows.modes.plan import ENOUGH


async def ask_stop(wallet_id: str, stop: Stop) -> None:
    """Has a leg ended by the process that answers it. Raises NotFound where that wallet pays for no such leg now."""

    def write(session: Session) -> None:
        row = read_one(session, wallet_id, stop.request_id)
        legs = (row["receipt"] or {}).get("legs", ())
        if row["status"] is not RequestStatus.RUNNING or row["mode"] not in ENOUGH or not 0 <= stop.leg < len(legs):
            raise NotFound("No such answer is running.")
        stops.ask(session, stop)

    await db.in_transaction(write, writes=True)


async def take_stops(request_ids: Collection[str]) -> Sequence[Stop]:
    """Returns which legs of these requests are to end, each once; whoever asks answers the requests."""
    if not await db.in_transaction(lambda session: stops.are_asked(session, request_ids)):
        return ()
    return await db.in_transaction(lambda session: stops.take(session, request_ids), writes=True)
