"""A charge is given back by the developer, whole or in part: a request of kind `refund`, and one posting that reverses
the charge's split (`decisions.md` 13). The charge's own receipt stays as it was written.

In shared mode the developer gives back what was spent: out of pending earnings, then available, then as a shortfall,
what the provider cost included. The platform gives back its fee in proportion, rounded down.
"""

from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import db
from app.domain import rows
from app.domain.disputes.settling import lift
from app.domain.earnings.takebacks import Taking, take
from app.domain.errors import BadField, NotFound
from app.domain.ids import as_id, new_id
from app.domain.ledger.accounts import Account, Kind, parse
from app.domain.ledger.apply import apply_all
from app.domain.ledger.folding import lock_balance
from app.domain.ledger.operations import Post, Transfer
from app.domain.ledger.tables import LedgerTransfer
from app.domain.legs.legs import rows_of_refund
from app.domain.money import format_decimal, format_for_people
from app.domain.paywalls.changes import Section, note_change
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.paywall import lock_paywall
from app.domain.usage.refunds import Back, claim_of_click, find_refund, given_by_legs, record_refund
from app.domain.usage.requests import TABLE as REQUESTS
from app.domain.usage.tables import RequestKind
from app.domain.wallets import lots
from app.domain.wallets.freezes import find_wallet
from app.domain.wallets.trial import INSTANCE
from app.flows.disputes.lots import catch_up
from app.sql.columns import table_of

log = structlog.get_logger()

_TRANSFERS = table_of(LedgerTransfer)


@dataclass(frozen=True, slots=True)
class _Charge:
    """What a request's charge took from the wallet itself, without trial money, and where it went, in nanos.

    `earnings` are the transfers to the developer, the newest first; `refunded` was given back before.
    """

    request_id: str
    user: str
    wallet: Account
    taken: int
    fee: int
    earnings: tuple[int, ...]
    refunded: int


async def refund_charge(manager: Manager, request_id: str, click_id: str, amount_nanos: int | None = None) -> str:
    """Gives a request's charge back to its user, or a part of it, and returns the id of the refund's own request.

    Trial money that paid for it is not given back. `click_id` is of one button that was shown, or one call of the API:
    sent again, it gives back once and answers the same. Raises NotAllowed, NotFound, BadField for more than is left of
    the charge, KeyReused for another amount.
    """
    wallet_id = await db.in_transaction(partial(_wallet_of, paywall_id=manager.paywall_id, request_id=request_id))
    await catch_up(wallet_id)
    claim_id = claim_of_click(request_id, click_id)

    def give(session: Session) -> str:
        paywall = lock_paywall(session, manager.paywall_id)
        check_may(session, manager, Act.REFUND)
        charge = _lock_charge(session, paywall.id, request_id)
        if (given := find_refund(session, request_id, claim_id, amount_nanos)) is not None:
            return given
        left = charge.taken - charge.refunded
        wanted = left if amount_nanos is None else amount_nanos
        if not 0 < wanted <= left:
            most = format_for_people(left, paywall.unit)
            raise BadField("amount", f"At most {most} of this charge can be given back.")
        given_back = _give(session, paywall.id, charge, wanted, claim_id, is_split=paywall.rules.is_split)
        what = {"user": charge.user, "refunded": format_decimal(wanted), "charge": request_id}
        note_change(session, paywall.id, manager.account_id, Section.USERS, paywall.version, what)
        return given_back

    refund_id = await db.in_transaction(give, writes=True)
    log.info("charge_refunded", refund=refund_id, request=request_id, paywall=manager.paywall_id)
    return refund_id


def _wallet_of(session: Session, paywall_id: str, request_id: str) -> str:
    row = session.execute(select(REQUESTS).where(REQUESTS.c.id == as_id(request_id))).mappings().first()
    if row is None or row["paywall_id"] != paywall_id or row["kind"] is RequestKind.REFUND:
        raise NotFound(f"There is no charge {request_id}.")
    return str(row["wallet_id"])


def _lock_charge(session: Session, paywall_id: str, request_id: str) -> _Charge:
    session.execute(select(REQUESTS.c.id).where(REQUESTS.c.id == as_id(request_id)).with_for_update(key_share=True))
    wallet = find_wallet(session, _wallet_of(session, paywall_id, request_id)).account
    statement = select(_TRANSFERS).where(_TRANSFERS.c.debit_account_id == wallet.id,
                                         _TRANSFERS.c.request_id == request_id)  # fmt: skip
    lines = [(row.id, parse(row.credit_account_id).kind, row.amount) for row in session.execute(statement)]
    before = select(func.coalesce(func.sum(REQUESTS.c.charge_nanos), 0)).where(REQUESTS.c.refund_of == request_id)
    return _Charge(
        request_id=request_id,
        user=session.execute(select(REQUESTS.c.external_id).where(REQUESTS.c.id == request_id)).scalar_one(),
        wallet=wallet,
        taken=sum(amount for _, _, amount in lines),
        fee=sum(amount for _, kind, amount in lines if kind is Kind.PLATFORM_FEES),
        earnings=tuple(sorted((id_ for id_, kind, _ in lines if kind is Kind.EARNINGS_PENDING), reverse=True)),
        refunded=int(session.scalar(before) or 0),
    )


def _give(session: Session, paywall_id: str, charge: _Charge, amount: int, claim_id: str, *, is_split: bool) -> str:
    refund_id, wallet = new_id("req"), charge.wallet
    posts: list[Post] = []
    if is_split:
        books = lots.lock(session, wallet.owner)
        lots.bring_up(session, wallet, books)
        after = charge.refunded + amount
        fee = charge.fee * after // charge.taken - charge.fee * charge.refunded // charge.taken
        parts = [Transfer(wallet.beside(Kind.PLATFORM_FEES, INSTANCE), wallet, fee, "refund")] if fee else []
        pending = wallet.beside(Kind.EARNINGS_PENDING, paywall_id)
        parts += take(session, pending, amount - fee, Taking(f"refund:{refund_id}", wallet, "refund", charge.earnings))
        posts = lift(session, wallet, amount)
    else:
        lock_balance(session, wallet)
        parts, fee = [Transfer(wallet.beside(Kind.REVENUE, paywall_id), wallet, amount, "refund")], 0
    details = {"refund_of": charge.request_id}
    named = tuple(
        Transfer(part.debit, part.credit, part.amount, part.type, request_id=refund_id, details=details)
        for part in parts
    )
    row = session.execute(select(REQUESTS).where(REQUESTS.c.id == charge.request_id)).mappings().one()
    back = Back(amount, fee, given_by_legs(session, charge.request_id))
    refund = record_refund(dict(row), refund_id, claim_id, back)
    rows.write(session, [refund, *rows_of_refund(refund_id, refund.values["receipt"])])
    apply_all(session, [Post(f"charge_refund:{refund_id}", named), *posts])
    return refund_id
