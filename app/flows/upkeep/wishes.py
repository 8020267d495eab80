"""An operator wants a job to run now: their wish is logged, and whichever process looks first runs it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app import db
from app.domain.leases import job_wishes
from app.domain.operators.operators import Operator, note_change


async def ask_run(operator: Operator, name: str) -> None:
    """Asks for a run of a job, within a second or two. Raises NotFound for one that never ran by itself."""

    def ask(session: Session) -> None:
        job_wishes.ask(session, name)
        note_change(session, operator, f"Job {name}", {"run": "now"})

    await db.in_transaction(ask, writes=True)


async def take() -> Sequence[str]:
    """Takes what operators asked for; who looks for nothing writes nothing."""
    if not await db.in_transaction(job_wishes.list_asked):
        return ()
    return await db.in_transaction(job_wishes.take, writes=True)
