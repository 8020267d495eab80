"""Fills an empty database with requests as if they had been made, through the real tables, so that its books balance.

`uv run python -m tests.bench.seed --data /tmp/seeded [--database-url URL] [--requests 5000000 --users 50000]`

A few requests of each model go through the functions that write real ones; the rest are copies with a time, a user and
an id of their own. They are not counted by rollups yet: `coinslot job count-rollups` does that.
"""

import argparse
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Index, Table

from app import db, settings
from app.domain import clock
from app.domain.all_tables import METADATA
from app.domain.earnings.charge_split import charge_split, terms_of
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.operations import Applied, Collected, Transfer, posting_hash
from app.domain.ledger.tables import LedgerAccount, LedgerHold, LedgerPosting, LedgerTransfer
from app.domain.money import NANOS, Environment
from app.domain.paywalls.modes import RULES, Mode
from app.domain.pricing.price_book import NewPrice, read_offers
from app.domain.pricing.quote import Price, Tokens, charge_nanos, cost_nanos
from app.domain.pricing.tables import PriceSource
from app.domain.usage import requests
from app.domain.usage.refunds import Back, record_refund
from app.domain.usage.requests import TABLE, Asked, Metered
from app.domain.usage.tables import RequestKind
from app.domain.wallets.shared import as_charged_by
from app.domain.wallets.tables import EndUser, SharedWallet, Wallet
from app.domain.wallets.wallets import UserWallet, app_wallet
from app.sql.columns import table_of
from tests.support.books import make_paywall

BATCH = 20_000
SHAPES = 40
"""How many different requests of a model there are."""
REFUND_EVERY = 200
"""How many charges of a default paywall one is given back of."""
FEE = 100
DEPOSIT = 10_000 * NANOS
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"

_TRANSFERS, _HOLDS = table_of(LedgerTransfer), table_of(LedgerHold)
_POSTINGS, _ACCOUNTS = table_of(LedgerPosting), table_of(LedgerAccount)


@dataclass(frozen=True)
class Size:
    """How much there is. Half of the requests are of a default paywall, the others of a shared one."""

    requests: int = 100_000
    users: int = 1_000
    models: int = 20
    days: int = 90
    keys: int = 3


FULL = Size(5_000_000, 50_000)
"""Ten million transfers and more."""


@dataclass(frozen=True)
class Seeded:
    """What there is now: the ids of the paywalls, default and shared."""

    paywalls: tuple[str, str]
    size: Size


@dataclass(frozen=True, eq=False)
class Shape:
    """A request as it was written by the real functions, its hold, and the transfers of its charge."""

    rows: Mapping[Table, Mapping[str, Any]]
    charge: int
    lines: tuple[tuple[Kind, str, int], ...]


class Desk:
    """One paywall that is filled: its models' shapes, its users, and what its accounts come to."""

    def __init__(self, paywall_id: str, mode: Mode, size: Size, prices: Mapping[str, Price]) -> None:
        self.id, self.mode = paywall_id, mode
        # Several end users of different apps may be one person; here each is one.
        self.users = [self._wallet(number) for number in range(size.users)]
        self.shapes = [shape for price in prices.values() for shape in self._shapes(price)]
        self.keys = [f"key_seed{number}" for number in range(size.keys)]

    def _wallet(self, number: int) -> UserWallet:
        user = f"user-{number:06d}"
        if RULES[self.mode].has_app_wallets:
            return app_wallet(self.id, user, Environment.SANDBOX, RULES[self.mode].unit)
        return as_charged_by(f"acc_seed{number:06d}", Environment.SANDBOX, self.id, user)

    def _shapes(self, price: Price) -> Iterator[Shape]:
        drawn = random.Random(price.model)
        for number in range(SHAPES):
            prompt = drawn.randrange(50, 8_000)
            tokens = Tokens(prompt, drawn.randrange(1, 2_000), drawn.randrange(prompt // 2 + 1))
            provider = "mine" if drawn.random() < 0.3 else "demo"
            reported = cost_nanos(price, tokens) if number % 4 == 0 and self.mode is Mode.DEFAULT else None
            yield self._shape(price, tokens, provider, reported)

    def _shape(self, price: Price, tokens: Tokens, provider: str, reported: int | None) -> Shape:
        wallet, terms = self.users[0], terms_of(self.mode, provider, FEE)
        asked = Asked(id="req_0", client_request_id=None, wallet=wallet, kind=RequestKind.CHAT, model=price.model,
                      provider=provider, streamed=True, unit=RULES[self.mode].unit, price=price, terms=terms,
                      paywall_version=1)  # fmt: skip
        charge = charge_nanos(price, tokens)
        split = charge_split(wallet.account, self.id, terms, cost_nanos(price, tokens), provider)
        transfers = split(Collected(0, charge, charge, 0))
        begun = requests.begin(asked, Applied(amount=charge)).values
        metered = Metered(tokens, provider_cost_nanos=reported)
        ended = requests.finish(asked, metered, Applied(amount=charge, transfers=transfers)).values
        lines = tuple((part.credit.kind, part.credit.owner, part.amount) for part in transfers)
        hold = {"inputs_hash": "seed", "owner": "seed", "status": "settled", "amount": charge, "from_promo": 0,
                "bound": charge, "metered": 0, "asked": charge, "charged": charge}  # fmt: skip
        return Shape({TABLE: dict.fromkeys(TABLE.c.keys()) | {**begun, **ended}, _HOLDS: hold}, charge, lines)


class Rows:
    """Rows that wait to be written, as the driver takes them, and what accounts come to by them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: dict[Table, list[Sequence[Any]]] = defaultdict(list)
        self._binders: dict[Table, list[tuple[str, Any]]] = {}
        self._bound: dict[tuple[Table, Shape], list[Any]] = {}
        self._places = {table: {name: place for place, name in enumerate(table.c.keys())} for table in (TABLE, _HOLDS)}
        self.balances: dict[Account, int] = defaultdict(int)

    def bind(self, table: Table, row: Mapping[str, Any]) -> list[Any]:
        """Returns a whole row as the driver takes it."""
        if table not in self._binders:
            dialect = self._connection.dialect
            columns = [(column.name, column.type.dialect_impl(dialect)) for column in table.c]
            self._binders[table] = [(name, kind.bind_processor(dialect)) for name, kind in columns]
        binders = self._binders[table]
        return [row.get(name) if binder is None else binder(row.get(name)) for name, binder in binders]

    def add(self, table: Table, row: Mapping[str, Any]) -> None:
        """Keeps a whole row to be written."""
        self._waiting[table].append(self.bind(table, row))

    def add_like(self, table: Table, shape: "Shape", own: Mapping[str, Any]) -> None:
        """Keeps the row of a request that is as its shape but for what is its own: texts and numbers, which no driver
        asks to be bound."""
        if (table, shape) not in self._bound:
            self._bound[table, shape] = self.bind(table, shape.rows[table])
        row, places = self._bound[table, shape].copy(), self._places[table]
        for name, value in own.items():
            row[places[name]] = value
        self._waiting[table].append(row)

    def move(self, at: int, posting: str, line: int, transfer: Transfer) -> None:
        """Keeps a transfer, and moves its amount."""
        debit, credit = transfer.debit, transfer.credit
        self._waiting[_TRANSFERS].append((  # their ids are the database's, and none has details
            posting, line, debit.id, credit.id, transfer.amount, transfer.type, transfer.request_id, None, at,
        ))  # fmt: skip
        self.balances[debit] -= transfer.amount
        self.balances[credit] += transfer.amount

    def post(self, at: int, key: str, transfers: Sequence[Transfer]) -> None:
        """Keeps a posting with its transfers."""
        hashed = posting_hash(False, ((t.debit.id, t.credit.id, t.amount, t.type) for t in transfers))
        self._waiting[_POSTINGS].append((key, hashed, 0, at))
        for line, transfer in enumerate(transfers):
            self.move(at, key, line, transfer)

    def write(self) -> None:
        """Writes what waits."""
        for table in METADATA.sorted_tables:
            if rows := self._waiting.pop(table, None):
                self._write(table, rows)

    def _write(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        names = [column.name for column in table.c][table is _TRANSFERS :]
        driver = self._connection.connection.driver_connection
        into = f"{table.name} ({', '.join(names)})"
        if self._connection.dialect.name == "sqlite":
            marks = ", ".join("?" * len(names))
            driver.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)  # type: ignore[union-attr]  # noqa: S608
            return
        with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:  # type: ignore[union-attr]
            for row in rows:
                copy.write_row(row)


def seed(size: Size, chance: int = 1) -> Seeded:
    """Fills the database of the settings, which must be migrated and have no requests."""
    made = db.engine()
    models = [f"vendor{number % 5}/model-{number:02d}" for number in range(size.models)]
    with db.transaction() as session:
        desks = [_open_desk(session, mode, size, models) for mode in (Mode.DEFAULT, Mode.SHARED)]
    drawn = random.Random(chance)
    with db.turn_to_write(made), made.connect() as connection, without_checks(connection):
        rows = Rows(connection)
        start = clock.now() - size.days * clock.DAY
        for desk in desks:
            _open_wallets(rows, desk, start - clock.DAY)
        rows.write()
        _ask_all(rows, desks, size, start, drawn)
        _save_balances(rows, start)
        rows.write()
    return Seeded((desks[0].id, desks[1].id), size)


def _open_desk(session: Any, mode: Mode, size: Size, models: Sequence[str]) -> Desk:
    prices = {
        model: NewPrice(
            model, (number + 1) * 150_000_000, (number + 1) * 600_000_000, markup_basis_points=3_000,
            source=PriceSource.CATALOGUE if number % 2 else PriceSource.DEVELOPER,
        )
        for number, model in enumerate(models)
    }  # fmt: skip
    paywall_id = make_paywall(session, prices, mode=mode)
    offers = read_offers(session, paywall_id, RULES[mode].unit).priced
    return Desk(paywall_id, mode, size, {model: offers[model].price for model in models})


_BEFORE = {True: ("PRAGMA foreign_keys = OFF", "PRAGMA cache_size = -200000"),
           False: ("SET session_replication_role = replica",)}  # fmt: skip
_AFTER = {True: ("PRAGMA foreign_keys = ON",), False: ("SET session_replication_role = DEFAULT",)}


@contextmanager
def without_checks(connection: Connection) -> Iterator[None]:
    """Leaves out what costs most for each row and is made whole at the end: indices, and looks at other tables."""
    is_sqlite = connection.dialect.name == "sqlite"
    # SQLite hears this outside a transaction alone, and SQLAlchemy begins one with its first statement.
    for said in _BEFORE[is_sqlite]:
        connection.connection.driver_connection.execute(said)  # type: ignore[union-attr]
    indices: list[Index] = [index for table in (TABLE, _TRANSFERS, _HOLDS) for index in table.indexes]
    for index in indices:
        index.drop(connection)
    yield
    for index in sorted(indices, key=lambda index: str(index.name)):
        index.create(connection)
    connection.commit()
    connection.exec_driver_sql("ANALYZE")
    connection.commit()
    for said in _AFTER[is_sqlite]:
        connection.connection.driver_connection.execute(said)  # type: ignore[union-attr]
    connection.invalidate()  # what else was set for it ends with it


def _open_wallets(rows: Rows, desk: Desk, at: int) -> None:
    people = METADATA.tables["account"]
    for number, wallet in enumerate(desk.users):
        shared = {"id": wallet.account.owner, "account_id": wallet.account.id, "created_at": at}
        rows.add(table_of(EndUser), {"id": wallet.end_user_id, "paywall_id": desk.id, "external_id": wallet.user,
                                     "created_at": at})  # fmt: skip
        if RULES[desk.mode].has_app_wallets:
            of_app = {"paywall_id": desk.id, "end_user_id": wallet.end_user_id}
            rows.add(table_of(Wallet), shared | of_app)
        else:
            person = f"acc_seed{number:06d}"
            rows.add(people, {"id": person, "name": f"Person {number}", "email": f"{person}@example.org",
                              "created_at": at})  # fmt: skip
            rows.add(table_of(SharedWallet), shared | {"person_id": person, "environment": Environment.SANDBOX.value,
                                                      "unit": wallet.account.unit.value})  # fmt: skip
        world = wallet.account.beside(Kind.WORLD, "custom")
        rows.post(at, f"deposit:seed:{wallet.account.owner}", [Transfer(world, wallet.account, DEPOSIT, "deposit")])


def _ask_all(rows: Rows, desks: Sequence[Desk], size: Size, start: int, drawn: random.Random) -> None:
    step = size.days * clock.DAY // size.requests
    for number in range(size.requests):
        desk = desks[number % 2]
        begun = start + number * step + int(step * drawn.random())
        # Few users ask much, and many little.
        wallet = desk.users[int(size.users * drawn.random() ** 2)]
        shape, own = _ask(rows, desk, wallet, drawn, begun, number)
        if number % (2 * REFUND_EVERY) == 0 and shape.charge:
            _refund(rows, desk, wallet, {**shape.rows[TABLE], **own}, number)
        if number % BATCH == BATCH - 1:
            rows.write()
    rows.write()


def _ask(
    rows: Rows, desk: Desk, wallet: UserWallet, drawn: random.Random, begun: int, number: int
) -> tuple[Shape, Mapping[str, Any]]:
    """Keeps a request; returns its shape, and what it has of its own."""
    shape = desk.shapes[int(len(desk.shapes) * drawn.random())]  # `choice` takes three times as long
    ended = begun + 300_000 + int(19_700_000 * drawn.random())
    request_id = f"req_{_encode_time(begun)}{number:013d}"
    hold_id = requests.hold_id(request_id)
    key_id = desk.keys[number // 2 % len(desk.keys)]
    own = {"id": request_id, "wallet_id": wallet.id, "external_id": wallet.user, "key_id": key_id,
           "created_at": begun, "finished_at": ended}  # fmt: skip
    rows.add_like(TABLE, shape, own)
    rows.add_like(_HOLDS, shape, {"id": hold_id, "account_id": wallet.account.id, "request_id": request_id,
                                  "created_at": begun, "closed_at": ended})  # fmt: skip
    for line, (kind, owner, nanos) in enumerate(shape.lines):
        credit = wallet.account.beside(kind, owner)
        rows.move(ended, f"settle:{hold_id}", line, Transfer(wallet.account, credit, nanos, "charge", request_id))
    return shape, own


_THREES = ["".join(letters) for letters in product(ALPHABET, repeat=3)]


def _encode_time(at: int) -> str:
    """Writes microseconds as the beginning of an id does, which is asked for each request."""
    above, low = divmod(at // 1_000, len(_THREES))
    high, middle = divmod(above, len(_THREES))
    return _THREES[high] + _THREES[middle] + _THREES[low]


def _refund(rows: Rows, desk: Desk, wallet: UserWallet, charged: Mapping[str, Any], number: int) -> None:
    """Gives a third of a charge back an hour later."""
    at, nanos = charged["finished_at"] + 3_600 * clock.SECOND, charged["charge_nanos"] // 3
    refund_id = f"req_{_encode_time(at)}r{number:012d}"
    row = dict(record_refund(charged, refund_id, f"clk_{refund_id}", Back(nanos)).values) | {
        "created_at": at,
        "finished_at": at,
    }
    rows.add(TABLE, row)
    revenue = wallet.account.beside(Kind.REVENUE, desk.id)
    back = Transfer(revenue, wallet.account, nanos, "refund", request_id=refund_id)
    rows.post(at, f"charge_refund:{refund_id}", [back])


def _save_balances(rows: Rows, at: int) -> None:
    for account, nanos in rows.balances.items():
        rows.add(_ACCOUNTS, {
            "id": account.id, "environment": account.environment.value, "unit": account.unit.value,
            "kind": account.kind.value, "owner": account.owner, "posted": nanos, "held": 0, "floor": account.floor,
            "created_at": at,
        })  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--database-url")
    parser.add_argument("--requests", type=int, default=FULL.requests)
    parser.add_argument("--users", type=int, default=FULL.users)
    parser.add_argument("--models", type=int, default=FULL.models)
    parser.add_argument("--days", type=int, default=FULL.days)
    chosen = parser.parse_args()
    chosen.data.mkdir(parents=True, exist_ok=True)
    settings.configure(data=chosen.data, **({"database_url": chosen.database_url} if chosen.database_url else {}))
    db.migrate()
    begun = time.monotonic()
    size = replace(FULL, requests=chosen.requests, users=chosen.users, models=chosen.models, days=chosen.days)
    made = seed(size)
    print(f"{size.requests:,} requests in {time.monotonic() - begun:.0f} s; paywalls {' '.join(made.paywalls)}")
    db.dispose()


if __name__ == "__main__":
    main()
