"""A paywall whose requests are begun, ended, lost and given back at chosen times, and what they must add up to.

What is expected is worked out here from prices and tokens, without looking at the ledger or a receipt.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from app import db
from app.domain import clock, rows
from app.domain.earnings.charge_split import charge_split, terms_of
from app.domain.ids import new_id
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Charge, Extend, Hold, Post, Release, Settle, Split, Transfer
from app.domain.ledger.tables import LedgerTransfer
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls.modes import Mode
from app.domain.pricing.price_book import NewPrice, read_offers
from app.domain.pricing.quote import Price, Tokens, charge_nanos, cost_nanos
from app.domain.pricing.split import part_of_cost, split_charge
from app.domain.pricing.tables import PriceSource
from app.domain.rollups import building, counting
from app.domain.rollups.sums import NOTHING, Sums, minus, plus
from app.domain.rollups.tables import PaywallRollup, RollupDay, RollupQuarter, RollupTotal, RollupUserDay
from app.domain.rollups.zones import day_of, quarter_of
from app.domain.usage import requests
from app.domain.usage.refunds import Back, record_refund
from app.domain.usage.requests import TABLE, Asked, Metered
from app.domain.usage.tables import RequestKind
from app.domain.wallets.shared import as_charged_by
from app.domain.wallets.wallets import UserWallet, app_wallet
from app.sql.columns import table_of
from tests.support.books import make_paywall

FEE = 100
LISTED, OWN = "a/listed", "a/own"
PRICES = {
    LISTED: NewPrice(LISTED, 1_500_000_000, 6_000_000_000, 700_000_000, markup_basis_points=2_000,
                     source=PriceSource.CATALOGUE),
    OWN: NewPrice(OWN, 3_000_000_001, 9_000_000_000, markup_basis_points=150, minimum_nanos=7),
}  # fmt: skip
START = 1_770_000_000 * clock.SECOND + 123_457
"""A time in February 2026."""
MINE = "mine"
"""The name of a provider with a key of the developer's own."""


class Hands:
    """The clock of a test."""

    def __init__(self, at: int = START) -> None:
        self.at = at

    def go_on(self, seconds: float) -> None:
        self.at += int(seconds * clock.SECOND)


@contextmanager
def hands(at: int = START) -> Iterator[Hands]:
    """Stops the clock at a time."""
    with pytest.MonkeyPatch.context() as patch:
        made = Hands(at)
        patch.setattr(clock, "now", lambda: made.at)
        yield made


@dataclass(frozen=True)
class Chat:
    """What is asked of a model, and what it uses."""

    user: str = "ada"
    model: str = LISTED
    provider: str = "demo"
    key_id: str | None = "key_1"
    tokens: Tokens = field(default_factory=lambda: Tokens(1_000, 500, 100))
    reported_nanos: int | None = None


@dataclass
class Told:
    """A request as the test knows it; `as_settled` is what was expected of it before it was late."""

    asked: Asked
    chat: Chat
    hold_id: str
    charge: int = 0
    refunded: int = 0
    as_settled: Sums = NOTHING


Key = tuple[int, str, str, str]


class App:
    """A paywall with two models, and what its requests must add up to: `expected`, by time and by what."""

    def __init__(self, mode: Mode = Mode.DEFAULT, paywall_id: str = "") -> None:
        """Makes the paywall, or charges one that was made by another process."""
        self.mode = mode
        with db.transaction() as session:
            self.id = paywall_id or make_paywall(session, PRICES, mode=mode)
            offers = read_offers(session, self.id, self.unit).priced
            self.prices: dict[str, Price] = {model: offers[model].price for model in PRICES}
        self.expected: list[tuple[int, str | None, tuple[str, str, str], Sums]] = []
        self.told: list[Told] = []
        self.lost: list[Told] = []

    @property
    def unit(self) -> Unit:
        return Unit.USDC if self.mode is Mode.SHARED else Unit.USD

    def wallet(self, user: str) -> UserWallet:
        if self.mode is Mode.SHARED:
            return as_charged_by(f"acc_{user}_{self.id}", Environment.SANDBOX, self.id, user)
        return app_wallet(self.id, user, Environment.SANDBOX, self.unit)

    def fund(self, user: str = "ada", units: int = 1_000) -> None:
        account = self.wallet(user).account
        self._post(Transfer(account.beside(Kind.WORLD, "custom"), account, units * NANOS, "deposit"))

    def give_trial(self, user: str, nanos: int) -> None:
        account = self.wallet(user).account
        self._post(Transfer(account.beside(Kind.GRANTS, "instance"), account.promo, nanos, "grant"))

    def _post(self, *transfers: Transfer) -> None:
        with db.transaction() as session:
            apply_one(session, Post(f"test:{new_id('post')}", transfers))

    def begin(self, chat: Chat) -> Told:
        asked = Asked(
            id=new_id("req"), client_request_id=None, wallet=self.wallet(chat.user), kind=RequestKind.CHAT,
            model=chat.model, provider=chat.provider, streamed=True, unit=self.unit, price=self.prices[chat.model],
            terms=terms_of(self.mode, chat.provider, FEE), key_id=chat.key_id,
        )  # fmt: skip
        told = Told(asked, chat, requests.hold_id(asked.id))
        most = 2 * charge_nanos(self.prices[chat.model], chat.tokens) + 1_000
        with db.transaction() as session:
            hold = Hold(told.hold_id, asked.wallet.account, most, 0, most, "process:test", asked.id)
            rows.write(session, [requests.begin(asked, apply_one(session, hold))])
        return told

    def settle(self, told: Told) -> Told:
        """Ends a request as it was used; a late one too."""
        price, chat, was_late = self.prices[told.chat.model], told.chat, told in self.lost
        charge, before = charge_nanos(price, chat.tokens), told.as_settled
        metered = Metered(chat.tokens, provider_cost_nanos=chat.reported_nanos)
        with db.transaction() as session:
            done = apply_one(session, Settle(told.hold_id, charge, self._split(told, chat.tokens)))
            rows.write(session, [requests.finish(told.asked, metered, done)])
        told.charge = done.amount
        in_the_end = self._expect(told, done.amount, chat.tokens, chat.reported_nanos, before)
        if was_late and self._is_owed(chat):
            # What had been posted of the cost before stays, and the rest is in proportion to the charge.
            listed = cost_nanos(price, chat.tokens)
            in_the_end = in_the_end._replace(
                cost_nanos=before.cost_nanos + part_of_cost(listed, charge, before.gross_nanos)
            )
        self._add(told, minus(in_the_end, before))
        if was_late:
            self.lost.remove(told)
        else:
            self.told.append(told)
        return told

    def chat(self, **asked: object) -> Told:
        """A request from its begin to its end."""
        return self.settle(self.begin(Chat(**asked)))  # type: ignore[arg-type]

    def lose(self, chat: Chat, used: Tokens) -> Told:
        """A request whose process is lost after it had used so much."""
        told, price = self.begin(chat), self.prices[chat.model]
        charge = charge_nanos(price, used)
        with db.transaction() as session:
            held = apply_one(session, Extend(told.hold_id, 0, charge))
            rows.write(session, [requests.checkpoint(told.asked, Metered(used), held)])
        with db.transaction() as session:
            detail = session.scalar(select(TABLE.c.receipt).where(TABLE.c.id == told.asked.id))
            cost = requests.checkpoint_cost(detail)
            split = charge_split(told.asked.wallet.account, self.id, told.asked.terms, cost, chat.provider)
            done = apply_one(session, Settle(told.hold_id, charge, split, expires=True))
            rows.write(session, [requests.interrupt(told.asked.id, detail, done)])
        told.charge = done.amount
        told.as_settled = self._expect(told, done.amount, used, None)
        self._add(told, told.as_settled)
        self.lost.append(told)
        self.told.append(told)
        return told

    def let_go(self, chat: Chat) -> None:
        """A request that is not charged."""
        told = self.begin(chat)
        with db.transaction() as session:
            apply_one(session, Release(told.hold_id))
            rows.write(session, [requests.let_go(told.asked.id, "empty_answer")])
        self._add(told, Sums(1))

    def charge(self, user: str, nanos: int) -> None:
        """A charge that the app makes itself."""
        wallet, request_id = self.wallet(user), new_id("req")
        terms = terms_of(self.mode, None, FEE)
        asked = Asked(id=request_id, client_request_id=None, wallet=wallet, kind=RequestKind.MANUAL, model=None,
                      provider=None, streamed=False, unit=self.unit, price=None, terms=terms)  # fmt: skip
        with db.transaction() as session:
            split = charge_split(wallet.account, self.id, terms)
            done = apply_one(session, Charge(f"chg:{request_id}", wallet.account, nanos, split, request_id))
            rows.write(session, [requests.record_manual(asked, done, {"why": 2**70})])
        fee = nanos * FEE // 10_000 if terms is not None else 0
        self.expected.append((clock.now(), user, ("", "", "platform"), Sums(1, nanos, fee_nanos=fee)))

    def give_back(self, told: Told, nanos: int) -> None:
        """A developer gives a part of a charge back, in default mode."""
        assert self.mode is Mode.DEFAULT
        account, refund_id = told.asked.wallet.account, new_id("req")
        with db.transaction() as session:
            revenue = account.beside(Kind.REVENUE, self.id)
            back = Transfer(revenue, account, nanos, "refund", request_id=refund_id)
            apply_one(session, Post(f"charge_refund:{refund_id}", (back,)))
            row = session.execute(select(TABLE).where(TABLE.c.id == told.asked.id)).mappings().one()
            rows.write(session, [record_refund(dict(row), refund_id, f"clk_{refund_id}", Back(nanos))])
        told.refunded += nanos
        unknown = 0 if self._cost(told.chat, told.chat.tokens, told.chat.reported_nanos) is not None else -nanos
        self._add(told, Sums(refunds_nanos=nanos, unknown_net_nanos=unknown))

    def _split(self, told: Told, tokens: Tokens) -> Split:
        cost = cost_nanos(self.prices[told.chat.model], tokens)
        return charge_split(told.asked.wallet.account, self.id, told.asked.terms, cost, told.chat.provider)

    def _is_owed(self, chat: Chat) -> bool:
        terms = terms_of(self.mode, chat.provider, FEE)
        return terms is not None and terms.pays_provider

    def _cost(self, chat: Chat, tokens: Tokens, reported: int | None) -> int | None:
        listed = cost_nanos(self.prices[chat.model], tokens)
        if self._is_owed(chat):
            return listed
        if reported is not None:
            return reported
        return listed if chat.model == LISTED else None

    def _expect(
        self, told: Told, charge: int, tokens: Tokens, reported: int | None, before: Sums = NOTHING
    ) -> Sums:  # fmt: skip
        """What a charge of wallet money comes to, of which `before` was charged earlier."""
        cost, fee = self._cost(told.chat, tokens, reported), before.fee_nanos
        if told.asked.terms is not None:
            fee += split_charge(told.asked.terms, 0, 0, charge - before.gross_nanos).platform
        used = (tokens.prompt - tokens.cached, tokens.cached, tokens.output, 0)
        if cost is None:
            return Sums(1, charge, 0, 0, 0, fee, charge, fee, *used)
        return Sums(1, charge, 0, 0, cost, fee, 0, 0, *used)

    def _add(self, told: Told, sums: Sums) -> None:
        by = (told.chat.model, told.chat.key_id or "", "platform")
        self.expected.append((clock.now(), told.chat.user, by, sums))

    def expected_days(self, zone: str) -> dict[Key, Sums]:
        """What days of a zone must come to, by model, key and source."""
        found: dict[Key, Sums] = defaultdict(lambda: NOTHING)
        for at, _user, by, sums in self.expected:
            found[day_of(zone, at), *by] = plus(found[day_of(zone, at), *by], sums)
        return dict(found)

    def expected_quarters(self) -> dict[Key, Sums]:
        found: dict[Key, Sums] = defaultdict(lambda: NOTHING)
        for at, _user, by, sums in self.expected:
            found[quarter_of(at), *by] = plus(found[quarter_of(at), *by], sums)
        return dict(found)

    def expected_user_days(self, zone: str) -> dict[tuple[int, str], Sums]:
        found: dict[tuple[int, str], Sums] = defaultdict(lambda: NOTHING)
        for at, user, _by, sums in self.expected:
            if user is not None:
                found[day_of(zone, at), user] = plus(found[day_of(zone, at), user], sums)
        return dict(found)

    def assert_adds_up(self) -> None:
        """Fails unless every table of sums has exactly what is expected."""
        with db.transaction(writes=False) as session:
            book = session.get(PaywallRollup, self.id)
            assert book is not None and book.next_build is None
            zone, here = book.zone, (self.id, book.build)
            assert read(session, RollupDay, here, ("day", "model", "key_id", "source")) == self.expected_days(zone)
            quarters = read(session, RollupQuarter, here, ("start", "model", "key_id", "source"))
            assert quarters == self.expected_quarters()
            by_user = self.expected_user_days(zone)
            assert read(session, RollupUserDay, here, ("day", "external_id")) == by_user
            users: dict[int, int] = defaultdict(int)
            for day, _user in by_user:
                users[day] += 1
            totals: dict[int, Sums] = defaultdict(lambda: NOTHING)
            for (day, *_by), sums in self.expected_days(zone).items():
                totals[day] = plus(totals[day], sums)
            assert {day: sums for (day,), sums in read(session, RollupTotal, here, ("day",)).items()} == totals
            table = table_of(RollupTotal)
            of_build = (table.c.paywall_id == self.id, table.c.build == book.build)
            found = {row.day: row.users for row in session.execute(select(table).where(*of_build))}
            assert found == {day: users.get(day, 0) for day in totals}


def read(session: db.Session, model: type, here: tuple[str, int], by: tuple[str, ...]) -> dict[tuple[Any, ...], Sums]:
    """The rows of a table of sums, of one build of one paywall."""
    table = table_of(model)
    of_build = (table.c.paywall_id == here[0], table.c.build == here[1])
    columns = [table.c[name] for name in (*by, *Sums._fields)]
    found = session.execute(select(*columns).where(*of_build)).all()
    return {tuple(row[: len(by)]): Sums(*row[len(by) :]) for row in found}


def count(limit: int = 100) -> int:
    """Counts some of what is due."""
    with db.transaction() as session:
        done = counting.count_requests(session, limit)
    with db.transaction() as session:
        return done + counting.count_takebacks(session, limit)


def count_all() -> None:
    """Counts until nothing is due."""
    while count():
        pass
    with db.transaction(writes=False) as session:
        assert not counting.has_due(session)


def build_all(limit: int = 100) -> None:
    """Carries all builds to their end."""
    with db.transaction() as session:
        under_way = building.list_builds(session)
    for paywall_id in under_way:
        while build(paywall_id, limit):
            pass


def build(paywall_id: str, limit: int) -> bool:
    """Carries a build a step further; tells whether there is more."""
    with db.transaction() as session:
        return building.build_next(session, paywall_id, limit)


def ledger_gross(paywall_id: str) -> int:
    """What the ledger says that charges of a paywall took."""
    transfers = table_of(LedgerTransfer)
    with db.transaction(writes=False) as session:
        of_paywall = select(TABLE.c.id).where(TABLE.c.paywall_id == paywall_id)
        found = select(transfers.c.amount).where(transfers.c.type == "charge", transfers.c.request_id.in_(of_paywall))
        return sum(session.scalars(found))
