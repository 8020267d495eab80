"""A deposit by an app that took the money on its own rails (default mode): posted once per Idempotency-Key."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db
from app.domain import rows
from app.domain.errors import KeyConflict, WrongMode
from app.domain.funnel.rounds import note_paid
from app.domain.ids import new_id
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import format_for_people
from app.domain.usage.idempotency import Claim, keep_answer, read_answer
from app.domain.wallets.wallets import open_wallet
from app.flows.callers.snapshot import Snapshot
from app.flows.events.tell import tell_deposit, tell_new_user


@dataclass(frozen=True, slots=True)
class DepositAnswer:
    """The balance after the deposit, for people, and the id of the posting."""

    id: str
    balance_formatted: str
    is_replay: bool = False


async def deposit(
    snapshot: Snapshot, user: str, amount_nanos: int, details: dict[str, Any] | None, claimed: Claim | None
) -> DepositAnswer:
    """Credits a user's wallet. Raises WrongMode outside default mode, KeyReused, Unavailable."""
    if not snapshot.rules.takes_deposits:
        raise WrongMode("Deposits are for paywalls in default mode; in shared mode users top up themselves.")
    try:
        return await db.in_transaction(
            lambda session: _deposit(session, snapshot, user, amount_nanos, details, claimed), writes=True
        )
    except (IntegrityError, KeyConflict):
        if claimed is None:
            raise
        # Another request with the same key was first; its answer is there now.
        return await db.in_transaction(
            lambda session: _deposit(session, snapshot, user, amount_nanos, details, claimed), writes=True
        )


def _deposit(
    session: Session,
    snapshot: Snapshot,
    user: str,
    amount_nanos: int,
    details: dict[str, Any] | None,
    claimed: Claim | None,
) -> DepositAnswer:
    if claimed is not None and (stored := read_answer(session, claimed)):
        return DepositAnswer(stored["id"], stored["balance_formatted"], is_replay=True)
    wallet = snapshot.wallet(user)
    if open_wallet(session, wallet):
        tell_new_user(session, snapshot.paywall_id, user)
    deposit_id = new_id("dep") if claimed is None else f"dep:{claimed.id}"
    world = wallet.account.beside(Kind.WORLD, f"custom:{snapshot.paywall_id}")
    transfer = Transfer(world, wallet.account, amount_nanos, "deposit", details=details)
    applied = apply_one(session, Post(deposit_id, (transfer,)))
    note_paid(session, wallet.id, snapshot.paywall_id, user)
    tell_deposit(session, snapshot.paywall_id, user, deposit_id, amount_nanos, snapshot.unit.value, "api", details)
    answer = DepositAnswer(deposit_id, format_for_people(applied.balance, snapshot.unit))
    if claimed is not None:
        rows.write(session, [keep_answer(claimed, {"id": answer.id, "balance_formatted": answer.balance_formatted})])
    return answer
