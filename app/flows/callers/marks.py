"""What open pages watch: subjects with their marks, all of them asked for in one query.

A mark says when a page must be read again, and nothing else. A subject that has no row has no mark.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    TextClause,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.authorizations.tables import Authorization, SpendingCap
from app.domain.chain_deposits.tables import ArrivalKind, ChainArrival
from app.domain.disputes.tables import Dispute
from app.domain.drafts.tables import PaywallDraft
from app.domain.events.tables import WebhookDelivery, WebhookSubscription
from app.domain.inbox.tables import ConnectionRow
from app.domain.leases.tables import JobRun
from app.domain.ledger.accounts import Account
from app.domain.ledger.tables import LedgerAccount, LedgerEpoch, LedgerTransfer
from app.domain.orders.tables import OrderRow
from app.domain.payouts.tables import Payout, PayoutAddress, PayoutDesk
from app.domain.paywalls.tables import Change, PaywallRow
from app.domain.people.tables import AccountKey, DeveloperKey, Identity, PersonAccount, SignInSession
from app.domain.refunds.tables import Refund
from app.domain.rollups.tables import PaywallRollup
from app.domain.safety.tables import SafetyMark
from app.domain.topups.tables import Topup
from app.domain.usage.tables import OWN_WALLETS, Request
from app.domain.wallets.tables import SharedWallet, WalletFreeze
from app.sql.columns import table_of

SUBJECTS_MAX = 5_000
"""How many subjects a statement asks for; more take another one of the same transaction."""

_NUMBERS = 4
USES_LOOKED_AT = 20
"""Of how many of a wallet's or an order's newest requests it is looked when they ended."""


class About(StrEnum):
    """What a subject is."""

    SESSION = "session"
    """A sign-in session, by its row's id; it has a mark for as long as it is good."""
    ACCOUNT = "account"
    """A balance of the ledger, by its account's id: what it holds, and its newest transfer."""
    TOPUPS = "topups"
    """The top-ups of a wallet, by the wallet's id."""
    BACK = "back"
    """What went back of a wallet's top-ups, and why it is frozen, by the wallet's id."""
    PERSON = "person"
    """What a person has, by their account's id: name, ways to sign in, sessions, keys, authorizations."""
    EPOCH = "epoch"
    """What the ledger counts changes of, by its subject: a paywall's versions, an external id's authorization."""
    CAP = "cap"
    """A cap, by its row's id."""
    PAYWALL = "paywall"
    """A paywall by its id: its version, whether it is archived, and whatever was changed of it by hand."""
    NUMBERS = "numbers"
    """What a paywall came to, by its id: when anything of it was counted last, and its top users listed."""
    DELIVERIES = "deliveries"
    """What a paywall told, by the paywall's id: its newest delivery, and how each endpoint fares."""
    ARRIVALS = "arrivals"
    """A draft, and what came to the paywall that it became, by its id: a link, top-ups, requests."""
    JOB = "job"
    """A job by its name: when it began and succeeded last, and what went wrong."""
    USES = "uses"
    """What a shared wallet was used for, by its id, whatever that cost: its newest request, when one of the newest
    ended last, and what stopped one last."""
    ORDER = "order"
    """An order by its id: when its user chose who pays, its newest request, and when one of the newest ended last."""
    PAYOUTS = "payouts"
    """The payouts of a paywall, or of a shared wallet, by its id: how many stand where."""
    CHAIN = "chain"
    """A chain by its id: when it was read last, and whether its payouts are paused."""
    PAUSED = "paused"
    """A chain by its id: whether its payouts are paused, and since when; reading the chain does not change it."""
    CONNECTIONS = "connections"
    """The accounts that a paywall's payments go to, by the paywall's id, and how they fare."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that a page shows and that may change."""

    about: About
    id: str


Marks = Mapping[Subject, tuple[Any, ...]]

_TIMED = frozenset({About.SESSION, About.PERSON})
"""What has other marks as time goes by."""


def purse_subjects(account: Account) -> tuple[Subject, ...]:
    """Returns what changes with a wallet: its balance, its trial money, its top-ups and what went back of them."""
    return (
        Subject(About.ACCOUNT, account.id), Subject(About.ACCOUNT, account.promo.id),
        Subject(About.TOPUPS, account.owner), Subject(About.BACK, account.owner),
    )  # fmt: skip


def read_marks(session: Session, subjects: Iterable[Subject]) -> Marks:
    """Returns the marks of subjects: equal marks say that nothing of them changed."""
    marks: dict[Subject, list[tuple[Any, ...]]] = {}
    waiting = iter(set(subjects))
    while asked := list(islice(waiting, SUBJECTS_MAX)):
        ids: dict[About, list[str]] = {}
        for subject in asked:
            ids.setdefault(subject.about, []).append(subject.id)
        told: dict[str, Any] = {about.value: named for about, named in ids.items()}
        if not _TIMED.isdisjoint(ids):
            told["now"] = clock.now()
        for about, found, *mark in session.execute(_statement(frozenset(ids)), told):
            marks.setdefault(Subject(About(about), found), []).append(tuple(mark))
    return {subject: tuple(sorted(rows)) for subject, rows in marks.items()}


def _part(about: About, row_id: ColumnElement[str], *numbers: Any, words: Any = "") -> Select[Any]:
    """Returns a part of the union: what a row is about, its id, up to four numbers, and words."""
    padded = [*numbers, *[0] * (_NUMBERS - len(numbers))]
    columns: list[ColumnElement[Any]] = [
        cast(literal(about.value), Text), row_id,
        *(func.coalesce(cast(number, BigInteger), 0) for number in padded), func.coalesce(cast(words, Text), ""),
    ]  # fmt: skip
    return select(*columns).where(row_id.in_(bindparam(about.value, expanding=True)))


def _newest(column: ColumnElement[str], account_id: ColumnElement[str]) -> Any:
    """Returns the newest transfer of an account on one side; its index answers that."""
    transfers = table_of(LedgerTransfer)
    return select(func.max(transfers.c.id)).where(column == account_id).scalar_subquery()


def _taken_back(table: Any, *times: ColumnElement[Any]) -> Select[Any]:
    """Returns how many rows of a wallet's top-ups there are, and when they last changed."""
    topups = table_of(Topup)
    numbers = (func.count(), *(func.max(time) for time in times))
    part = _part(About.BACK, topups.c.wallet_id, *numbers, words=table.name)
    return part.select_from(topups.join(table, table.c.topup_id == topups.c.id)).group_by(topups.c.wallet_id)


def _counted(table: Any, column: ColumnElement[str], *times: ColumnElement[Any]) -> Select[Any]:
    """Returns how many rows of a person there are, and when they last changed."""
    return _part(About.PERSON, column, func.count(), *(func.max(time) for time in times), words=table.name).group_by(
        column
    )


def _arrivals() -> Select[Any]:
    """Returns the part of what came to new paywalls; each number is the end of an index."""
    drafts, topups, requests = table_of(PaywallDraft), table_of(Topup), table_of(Request)
    paywall_id = drafts.c.paywall_id
    paid = select(func.max(topups.c.finished_at)).where(topups.c.paywall_id == paywall_id).scalar_subquery()
    newest = select(func.max(requests.c.id)).where(requests.c.paywall_id == paywall_id).scalar_subquery()
    ended = select(requests.c.finished_at).where(requests.c.paywall_id == paywall_id).order_by(requests.c.id.desc())
    last_two = (ended.limit(1).offset(place).scalar_subquery() for place in range(2))
    return _part(About.ARRIVALS, paywall_id, drafts.c.changed_at, paid, *last_two, words=newest)


def _asked(of: Any, *mine: ColumnElement[bool] | TextClause) -> tuple[Any, Any]:
    """Returns the newest request of a row of `of`, and when one of the newest ended; each is the end of an index."""
    requests = table_of(Request)
    newest = select(func.max(requests.c.id)).where(*mine).scalar_subquery()
    some = select(requests.c.finished_at).where(*mine).order_by(requests.c.id.desc()).limit(USES_LOOKED_AT)
    ended = some.correlate(of).subquery()
    return newest, select(func.max(ended.c.finished_at)).scalar_subquery()


def _uses() -> Select[Any]:
    """Returns the part of what shared wallets were used for."""
    wallets, requests, stopped = table_of(SharedWallet), table_of(Request), table_of(SafetyMark)
    newest, at = _asked(wallets, requests.c.wallet_id == wallets.c.id, text(OWN_WALLETS))
    last = select(func.max(stopped.c.id)).where(stopped.c.wallet_id == wallets.c.id).scalar_subquery()
    return _part(About.USES, wallets.c.id, at, words=func.coalesce(newest, "") + func.coalesce(last, ""))


def _orders() -> Select[Any]:
    """Returns the part of orders and what was asked for them."""
    orders, requests = table_of(OrderRow), table_of(Request)
    mine = (requests.c.paywall_id == orders.c.paywall_id, requests.c.order_id == orders.c.id)
    newest, at = _asked(orders, *mine)
    return _part(About.ORDER, orders.c.id, orders.c.chosen_at, at, words=newest)


@lru_cache(maxsize=256)
def _statement(abouts: frozenset[About]) -> Any:
    """Returns the question for the marks of these: a part that asks of nothing costs as much as another."""
    return union_all(*(part for about, parts in _PARTS.items() if about in abouts for part in parts))


def _parts() -> Mapping[About, list[Select[Any]]]:
    """Returns how the marks of each kind of subject are asked for."""
    sessions, accounts, topups = table_of(SignInSession), table_of(LedgerAccount), table_of(Topup)
    connections, paywalls, changes = table_of(ConnectionRow), table_of(PaywallRow), table_of(Change)
    newest_change = select(func.max(changes.c.id)).where(changes.c.paywall_id == paywalls.c.id).scalar_subquery()
    books = table_of(PaywallRollup)
    endpoints, deliveries = table_of(WebhookSubscription), table_of(WebhookDelivery)
    of_endpoints = deliveries.c.paywall_id == endpoints.c.paywall_id
    newest_delivery = select(func.max(deliveries.c.created_at)).where(of_endpoints).scalar_subquery()
    refunds, disputes, freezes = table_of(Refund), table_of(Dispute), table_of(WalletFreeze)
    epochs, caps, transfers = table_of(LedgerEpoch), table_of(SpendingCap), table_of(LedgerTransfer)
    jobs, arrivals = table_of(JobRun), table_of(ChainArrival)
    payouts, desks = table_of(Payout), table_of(PayoutDesk)
    is_open = (sessions.c.revoked_at.is_(None), sessions.c.expires_at > bindparam("now"))
    sides = (transfers.c.debit_account_id, transfers.c.credit_account_id)
    return {
        About.SESSION: [_part(About.SESSION, sessions.c.id).where(*is_open)],
        About.ACCOUNT: [_part(About.ACCOUNT, accounts.c.id, accounts.c.posted, accounts.c.held,
                              *(_newest(side, accounts.c.id) for side in sides))],
        About.TOPUPS: [
            _part(About.TOPUPS, topups.c.wallet_id, func.count(), func.max(topups.c.created_at),
                  func.max(topups.c.finished_at)).group_by(topups.c.wallet_id),
            _part(About.TOPUPS, arrivals.c.wallet_id, func.count(), func.max(arrivals.c.seen_at),
                  func.max(arrivals.c.block), func.sum(case((arrivals.c.kind == ArrivalKind.SEEN, 1), else_=0)),
                  words=arrivals.name).group_by(arrivals.c.wallet_id),
        ],
        About.BACK: [
            _taken_back(refunds, refunds.c.created_at, refunds.c.finished_at),
            _taken_back(disputes, disputes.c.changed_at),
            _part(About.BACK, freezes.c.wallet_id, func.count(), func.max(freezes.c.created_at),
                  words=freezes.name).group_by(freezes.c.wallet_id),
        ],
        About.PERSON: _of_person(is_open),
        About.EPOCH: [_part(About.EPOCH, epochs.c.subject, epochs.c.epoch)],
        About.PAYWALL: [_part(About.PAYWALL, paywalls.c.id, paywalls.c.version, paywalls.c.archived_at,
                              words=newest_change)],
        About.NUMBERS: [_part(About.NUMBERS, books.c.paywall_id, books.c.counted_at, books.c.listed_at, books.c.build)],
        About.ARRIVALS: [_arrivals()],
        About.USES: [_uses()],
        About.ORDER: [_orders()],
        About.CONNECTIONS: [
            _part(About.CONNECTIONS, connections.c.paywall_id, connections.c.disconnected_at, connections.c.checked_at,
                  connections.c.refused_at, connections.c.events_read_at,
                  words=connections.c.id + func.coalesce(cast(connections.c.endpoint_status, Text), "")),
        ],
        About.DELIVERIES: [
            _part(About.DELIVERIES, endpoints.c.paywall_id, endpoints.c.updated_at, endpoints.c.last_delivered_at,
                  endpoints.c.consecutive_failures, newest_delivery, words=endpoints.c.id),
        ],
        About.PAYOUTS: [
            _part(About.PAYOUTS, whose, func.count(), words=payouts.c.status).group_by(whose, payouts.c.status)
            for whose in (payouts.c.paywall_id, payouts.c.wallet_id)
        ],
        About.CHAIN: [_part(About.CHAIN, cast(desks.c.chain_id, Text), desks.c.read_at, desks.c.paused_at)],
        About.PAUSED: [_part(About.PAUSED, cast(desks.c.chain_id, Text), desks.c.paused_at)],
        About.JOB: [_part(About.JOB, jobs.c.name, jobs.c.started_at, jobs.c.succeeded_at, words=jobs.c.last_error)],
        About.CAP: [_part(About.CAP, caps.c.id, caps.c.cap_nanos, caps.c.changed_at)],
    }  # fmt: skip


def _of_person(is_open: Sequence[ColumnElement[bool]]) -> list[Select[Any]]:
    """Returns the parts of what a person has."""
    people, identities, sessions = table_of(PersonAccount), table_of(Identity), table_of(SignInSession)
    authorizations, proved = table_of(Authorization), table_of(PayoutAddress)
    return [
        _part(About.PERSON, people.c.id, people.c.default_cap_nanos,
              words=people.c.name + func.coalesce(people.c.email, "")),
        _counted(identities, identities.c.account_id, identities.c.created_at),
        _counted(sessions, sessions.c.account_id, sessions.c.created_at).where(*is_open),
        *(_counted(keys, keys.c.account_id, keys.c.created_at, keys.c.revoked_at)
          for keys in (table_of(AccountKey), table_of(DeveloperKey))),
        _counted(authorizations, authorizations.c.account_id, authorizations.c.created_at,
                 authorizations.c.confirmed_at, authorizations.c.ended_at),
        _counted(proved, proved.c.account_id, proved.c.created_at, proved.c.proved_at),
    ]  # fmt: skip


_PARTS = _parts()
