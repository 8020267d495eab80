"""What an app may see of the ledger (`decisions.md` 26): what it charged, what its links and deposits brought in.

Other apps' movements on a shared wallet, and top-ups that this one did not begin, are none of its business.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.domain.disputes.listing import Place, ReversalFilter, list_reversals
from app.domain.ledger.accounts import Account, Kind, account_of, kind_and_owner
from app.domain.ledger.history import TransferFilter, list_transfers
from app.domain.paywalls.paywall import Paywall
from app.domain.topups.listing import PaidFilter, list_paid
from app.domain.usage.request_list import RequestFilter, list_rows, look
from app.domain.usage.tables import RequestKind
from app.domain.wallets.tables import EndUser, Wallet
from app.domain.wallets.wallets import app_wallet
from app.sql.columns import table_of
from app.sql.in_lists import in_list

CHARGES = {"charge": RequestKind.CHAT, "manual_charge": RequestKind.MANUAL}
REVERSALS = ("refund", "chargeback")
GIFT = "grant"
TYPES = (*CHARGES, "topup", "deposit", GIFT, *REVERSALS, "withdrawal")
_WORDS = {RequestKind.CHAT: "charge", RequestKind.MANUAL: "manual_charge", RequestKind.REFUND: "refund"}


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """What is left out. `since` (inclusive) and `until` (exclusive) are in microseconds."""

    user: str | None = None
    type: str | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of a user's wallet. `amount_nanos` is positive for money in; `at` is in microseconds.

    A charge is its request's: it stands at the time when that began, with whatever a late settlement added.
    """

    id: str
    type: str
    at: int
    user: str | None
    amount_nanos: int
    model: str | None = None
    tokens: int | None = None
    request_id: str | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """How far each kind of entry has been read: to which request, top-up (when it was paid, and its id), transfer, and
    which reversal of a top-up."""

    request: str | None = None
    topup: tuple[int, str] | None = None
    transfer: int | None = None
    reversal: Place | None = None


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Entries, newest first, and where the next page begins, None behind the last.

    `looked_until` is back to when everything was looked at (microseconds), where a page ended for having looked at so
    much.
    """

    entries: Sequence[Entry]
    following: Position | None
    looked_until: int | None = None


_Found = tuple[Entry, dict[str, Any]]
"""An entry, and the part of the position that is behind it."""


def read_ledger(
    session: Session, app: Paywall, wanted: LedgerFilter, position: Position, limit: int, most: int | None = None
) -> LedgerPage:
    """Returns up to `limit` entries of a paywall. What is written meanwhile is never shown twice.

    Each kind is read in its own order from where it stood, and the kinds are merged by time. With `most`, a page looks
    at so many requests at the most, and ends where it stopped looking.
    """
    charges, looked = _charges(session, app, wanted, position, limit + 1, most)
    kinds = [charges, *(list(kind(session, app, wanted, position, limit + 1))
                        for kind in (_topups, _transfers, _reversals))]  # fmt: skip
    found = list(merge(*kinds, key=lambda one: -one[0].at))
    if looked is not None:
        found = [one for one in found if one[0].at >= looked[1]]
    for _, behind in found[:limit]:
        position = replace(position, **behind)
    entries = [entry for entry, _ in found[:limit]]
    if len(found) > limit:
        return LedgerPage(entries, position)
    if looked is not None:
        return LedgerPage(entries, replace(position, request=looked[0]), looked[1])
    return LedgerPage(entries, None)


def _charges(
    session: Session, app: Paywall, wanted: LedgerFilter, position: Position, limit: int, most: int | None
) -> tuple[list[_Found], tuple[str, int] | None]:
    """Returns charges, and where it stopped looking for more of them, if it did: before which request, back to when."""
    # Where the paywall's own revenue gives back, that is a transfer and listed as such.
    kinds = CHARGES if app.rules.takes_deposits else CHARGES | {"refund": RequestKind.REFUND}
    if wanted.type is not None and wanted.type not in kinds:
        return [], None
    kind = None if wanted.type is None else kinds[wanted.type]
    asked = RequestFilter(wanted.user, kind=kind, since=wanted.since, until=wanted.until, is_charged=True,
                          but_kind=RequestKind.REFUND if app.rules.takes_deposits else None)  # fmt: skip
    if most is None:
        return [_charge(row) for row in list_rows(session, app.id, asked, position.request, limit)], None
    page = look(session, app.id, asked, position.request, limit, most)
    looked = None if page.looked_until is None or page.following is None else (page.following, page.looked_until)
    return [_charge(row) for row in page.rows], looked


def _charge(row: Mapping[str, Any]) -> _Found:
    is_refund = row["kind"] is RequestKind.REFUND
    entry = Entry(
        id=row["id"],
        type=_WORDS[row["kind"]],
        at=row["created_at"],
        user=row["external_id"],
        amount_nanos=row["charge_nanos"] if is_refund else -row["charge_nanos"],
        model=row["model"],
        tokens=row["tokens"],
        request_id=row["id"],
        details=(row["receipt"] or {}).get("details"),
    )
    return entry, {"request": row["id"]}


def _topups(session: Session, app: Paywall, wanted: LedgerFilter, position: Position, limit: int) -> Iterator[_Found]:
    if wanted.type not in (None, "topup"):
        return
    asked = PaidFilter(wanted.user, wanted.since, wanted.until)
    for topup in list_paid(session, app.id, asked, position.topup, limit):
        paid_at = topup.finished_at or topup.created_at
        yield Entry(topup.id, "topup", paid_at, topup.external_id, topup.credited_nanos), {"topup": (paid_at, topup.id)}


def _transfers(
    session: Session, app: Paywall, wanted: LedgerFilter, position: Position, limit: int
) -> Iterator[_Found]:
    """Yields what an app moved itself between a wallet and accounts of its own, which is what those are read for."""
    if app.rules.is_split:
        yield from _gifts(session, app, wanted, position, limit)
    if not app.rules.takes_deposits or wanted.type in (*CHARGES, "topup"):
        return
    wallets = None if wanted.user is None else app_wallet(app.id, wanted.user, app.environment, app.unit).account.purse
    rails, gifts, revenue = _own_accounts(app)
    asked = TransferFilter((rails, gifts, revenue), (rails, gifts), wallets, wanted.type, wanted.since,
                           wanted.until)  # fmt: skip
    rows = list_transfers(session, asked, position.transfer, limit)
    users = _users_of(session, rows)
    for row in rows:
        is_in = kind_and_owner(row.credit_account_id)[0] in (Kind.WALLET, Kind.PROMO)
        _, wallet_id = kind_and_owner(row.credit_account_id if is_in else row.debit_account_id)
        entry = Entry(
            id=row.posting_id if row.line == 0 else f"{row.posting_id}:{row.line}",
            type=row.type,
            at=row.created_at,
            user=users.get(wallet_id),
            amount_nanos=row.amount if is_in else -row.amount,
            request_id=row.request_id,
            details=row.details,
        )
        yield entry, {"transfer": row.id}


def _gifts(session: Session, app: Paywall, wanted: LedgerFilter, position: Position, limit: int) -> Iterator[_Found]:
    """Yields what a developer gave to shared wallets out of their earnings; whose they are stands beside each."""
    if wanted.type not in (None, GIFT):
        return
    asked = TransferFilter((account_of(app.environment, app.unit, Kind.EARNINGS, app.id),), type=GIFT,
                           since=wanted.since, until=wanted.until)  # fmt: skip
    before, given = position.transfer, 0
    while given < limit and (rows := list_transfers(session, asked, before, limit)):
        before = rows[-1].id
        for row in rows:
            details = dict(row.details or {})
            user = details.pop("user", None)
            if wanted.user in (None, user):
                given += 1
                yield (
                    Entry(row.posting_id, GIFT, row.created_at, user, row.amount, details=details or None),
                    {"transfer": row.id},
                )


def _reversals(
    session: Session, app: Paywall, wanted: LedgerFilter, position: Position, limit: int
) -> Iterator[_Found]:
    """Yields what refunds and disputes took of top-ups that the app's links began, and what of it came back."""
    if wanted.type not in (None, *REVERSALS):
        return
    asked = ReversalFilter(wanted.user, wanted.since, wanted.until)
    for one in list_reversals(session, app.id, asked, position.reversal, limit):
        word = REVERSALS[0] if one.is_refund else REVERSALS[1]
        if wanted.type in (None, word):
            at, topup_id, number, _ = one.place
            id_ = f"{word}:{topup_id}:{number}"
            yield Entry(id_, word, at, one.user, one.amount_nanos, details={"topup": topup_id}), {"reversal": one.place}


def _own_accounts(app: Paywall) -> tuple[Account, Account, Account]:
    """Returns what only this app moves money with: its own rails, its gifts, and the revenue that refunds come from."""
    wallet = app_wallet(app.id, "any", app.environment, app.unit).account
    return (
        wallet.beside(Kind.WORLD, f"custom:{app.id}"),
        wallet.beside(Kind.GRANTS, app.id),
        wallet.beside(Kind.REVENUE, app.id),
    )


def _users_of(session: Session, rows: Sequence[Row[Any]]) -> Mapping[str, str]:
    """Returns the app's own ids of the users whose wallets stand in transfers, by wallet."""
    ids = {kind_and_owner(one)[1] for row in rows for one in (row.debit_account_id, row.credit_account_id)}
    wallets, users = table_of(Wallet), table_of(EndUser)
    found = (
        select(wallets.c.id, users.c.external_id)
        .join(users, users.c.id == wallets.c.end_user_id)
        .where(wallets.c.id.in_(in_list(ids)))
    )
    return {row.id: row.external_id for row in session.execute(found)}
