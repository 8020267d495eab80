"""A developer gives a user money without payment, once for each click: [tx] one posting, event and change log.

An app's own wallet gets it as trial money, spent first and never paid out; a shared one out of the paywall's available
earnings, and so as money like any other (`decisions.md` 11).
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db
from app.domain.authorizations import authorizations
from app.domain.disputes.settling import lift
from app.domain.errors import BadField, InsufficientFunds, KeyConflict, KeyReused, Refused, WrongMode
from app.domain.ids import derived_id
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.apply import apply_all, apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.ledger.tables import LedgerPosting, LedgerTransfer
from app.domain.money import format_decimal, format_for_people
from app.domain.paywalls.archiving import check_open
from app.domain.paywalls.changes import Section, note_change
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.paywall import Paywall, lock_paywall
from app.domain.wallets.shared import open_shared_wallet
from app.domain.wallets.wallets import app_wallet, check_user, open_wallet
from app.flows.events.tell import tell_deposit, tell_new_user
from app.sql.columns import table_of

log = structlog.get_logger()

REASON_CHARACTERS_MAX = 200
GRANT = "grant"


@dataclass(frozen=True, slots=True)
class Gift:
    """What is to be given: to whom, by the app's own id, how much, and why, in the developer's words."""

    user: str
    amount_nanos: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant that was posted; `is_replay` where the same click had asked for it before."""

    id: str
    is_replay: bool


async def grant(manager: Manager, gift: Gift, click_id: str) -> Granted:
    """Gives a user money. `click_id` is of one button that was shown, or one call of the API, which gives once.

    Raises NotAllowed, NotFound, Archived, WrongMode, BadField for user, amount or reason, Refused where available
    earnings are less or the user has allowed nothing, KeyReused for another gift under the same click.
    """
    user = check_user(gift.user, "user")
    if gift.amount_nanos <= 0:
        raise BadField("amount", "`amount` must be above 0.")
    if len(gift.reason) > REASON_CHARACTERS_MAX or not (gift.reason.isprintable() or not gift.reason):
        raise BadField("reason", f"`reason` must have at most {REASON_CHARACTERS_MAX} printable characters.")

    def give(session: Session) -> Granted:
        paywall = lock_paywall(session, manager.paywall_id)
        check_may(session, manager, Act.GRANT)
        check_open(paywall, read_current(session, paywall.id)[1].app_name)
        transfer = _transfer(session, paywall, user, gift)
        post = Post(f"{GRANT}:{derived_id('gra', paywall.id, click_id)}", (transfer,))
        if session.get(LedgerPosting, post.key) is not None:
            apply_one(session, post)  # which tells whether the same was moved
            _check_same_words(session, post.key, transfer)
            return Granted(post.key, is_replay=True)
        lifted = [] if paywall.rules.has_app_wallets else lift(session, transfer.credit, gift.amount_nanos)
        apply_all(session, [post, *lifted])
        _note(session, paywall, manager, user, gift, post.key)
        return Granted(post.key, is_replay=False)

    try:
        given = await db.in_transaction(give, writes=True)
    except KeyConflict:
        raise KeyReused("This was asked before, for another gift.") from None
    except InsufficientFunds as short:
        raise Refused(_too_much(await _paywall_of(manager), short)) from None
    log.info("grant", grant=given.id, paywall=manager.paywall_id, replay=given.is_replay)
    return given


def _check_same_words(session: Session, key: str, transfer: Transfer) -> None:
    """Raises KeyConflict for a gift that was made for another reason: a posting's own key knows what moved, not why."""
    table = table_of(LedgerTransfer)
    stored = session.execute(select(table.c.details).where(table.c.posting_id == key, table.c.line == 0)).scalar_one()
    if stored != transfer.details:
        raise KeyConflict(f"{key} was given before with other words.")


def _transfer(session: Session, paywall: Paywall, user: str, gift: Gift) -> Transfer:
    """Returns what moves, from where a gift of this paywall's comes."""
    # Seen from the account that it comes from, no other word says which of an app's users has it.
    details: dict[str, object] = {"user": user}
    if gift.reason:
        details["reason"] = gift.reason
    source, wallet = _app_wallet(session, paywall, user) if paywall.rules.has_app_wallets else (
        _shared_wallet(session, paywall, user)
    )  # fmt: skip
    return Transfer(source, wallet, gift.amount_nanos, GRANT, details=details)


def _app_wallet(session: Session, paywall: Paywall, user: str) -> tuple[Account, Account]:
    wallet = app_wallet(paywall.id, user, paywall.environment, paywall.unit)
    if open_wallet(session, wallet):
        tell_new_user(session, paywall.id, user)
    return wallet.account.beside(Kind.GRANTS, paywall.id), wallet.account.promo


def _shared_wallet(session: Session, paywall: Paywall, user: str) -> tuple[Account, Account]:
    if not paywall.rules.is_split:
        raise WrongMode("This paywall earns nothing that could be given.")
    active = authorizations.find_active(session, paywall.id, user)
    if active is None:
        raise Refused(f"{user} has not allowed this app to use their wallet, so that there is none to give to.")
    account = open_shared_wallet(session, active.account_id, paywall.environment)
    return account.beside(Kind.EARNINGS, paywall.id), account


def _note(session: Session, paywall: Paywall, manager: Manager, user: str, gift: Gift, key: str) -> None:
    details = {"reason": gift.reason} if gift.reason else None
    tell_deposit(session, paywall.id, user, key, gift.amount_nanos, paywall.unit.value, GRANT, details)
    what = {"user": user, "granted": format_decimal(gift.amount_nanos), "reason": gift.reason}
    note_change(session, paywall.id, manager.account_id, Section.USERS, paywall.version, what)


async def _paywall_of(manager: Manager) -> Paywall:
    return (await db.in_transaction(lambda session: read_current(session, manager.paywall_id)))[0]


def _too_much(paywall: Paywall, short: InsufficientFunds) -> str:
    most = format_for_people(max(short.available_nanos, 0), paywall.unit)
    return f"Gifts come out of this paywall's available earnings: {most}."
