"""The lease that keeps a process's holds alive, renewed as long as it lives."""

from app import db
from app.domain.errors import Unavailable
from app.domain.leases import leases

LEASE_SHARE = 0.5
RENEWAL_SHARE = 0.125
"""Of the time after which a hold must be closed: how long a lease runs, and how often it is renewed."""


async def begin(owner: str, seconds: float) -> None:
    """Takes the lease of a new process. On SQLite, whoever served this file before is declared dead.

    Raises Unavailable if another process serves the same SQLite file.
    """
    if db.is_sqlite():
        db.claim_sqlite_file()
        await db.in_transaction(leases.declare_all_dead, writes=True)
    await renew(owner, seconds)


async def renew(owner: str, seconds: float) -> None:
    """Renews the lease. Raises Unavailable."""
    taken = await db.in_transaction(
        lambda session: leases.take(session, leases.PROCESS + owner, owner, seconds * LEASE_SHARE), writes=True
    )
    if not taken:
        raise Unavailable(f"The lease of process {owner} is somebody else's.")


async def count_living() -> int:
    """Returns how many processes have a lease; whoever asks is one of them."""
    return max(1, len(await db.in_transaction(leases.living_processes)))


async def end(owner: str) -> None:
    """Gives the lease up; holds that are still open are anybody's to close."""
    await db.in_transaction(lambda session: leases.give_up(session, leases.PROCESS + owner, owner), writes=True)
