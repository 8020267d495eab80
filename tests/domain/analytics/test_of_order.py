"""What an order came to is what its requests came to, however they are told apart, and nobody else's."""

from sqlalchemy import update

from app import db
from app.domain.analytics.of_order import By, OrderUsage, read_order_usage
from app.domain.legs.legs import Source
from app.domain.money import NANOS
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import TABLE, Labels, Metered
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Run
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.ordered import order_of
from tests.support.rolled import LISTED, OWN, App, ledger_gross
from tests.support.rolled_legs import begin, give_back, settle
from tests.support.scripted import Scripted, flows, request


def read(snapshot: Snapshot, order_id: str) -> OrderUsage:
    with db.transaction(writes=False) as session:
        return read_order_usage(session, snapshot.paywall_id, order_id)


async def test_sums_by_session_agent_and_model_are_of_the_orders_own_requests(database: str) -> None:
    snapshot, other = make_snapshot(), make_snapshot()
    await give(snapshot, "ada", 100 * NANOS)
    order, another = (order_of(snapshot, "ada", Source.PLATFORM) for _ in range(2))
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        charged: list[int] = []
        for number, (labels, tokens) in enumerate((
            (Labels("s1", "writer", order.id), Tokens(1_000, 2_000)), (Labels("s1", None, order.id), Tokens(500, 5)),
            (Labels("s2", "writer", order.id), Tokens(10, 10)), (Labels("s1", "writer", another.id), Tokens(9, 9)),
            (Labels("s1", "writer", None), Tokens(7, 7)),
        )):  # fmt: skip
            run = await chat.begin(snapshot, "ada", request(), f"req_{number}", None, labels=labels)
            assert isinstance(run, Run)
            charged.append((await chat.settle(run, Metered(tokens))).amount)
    usage = read(snapshot, order.id)
    assert [(one.source, one.requests, one.tokens, one.charged) for one in usage.totals] == [
        ("platform", 3, 3_525, sum(charged[:3]))
    ]
    assert {(one.name, one.requests, one.charged) for one in usage.tables[By.SESSION]} == {
        ("s1", 2, charged[0] + charged[1]), ("s2", 1, charged[2]),
    }  # fmt: skip
    assert {(one.name, one.requests) for one in usage.tables[By.AGENT]} == {("writer", 2), ("", 1)}
    assert [(one.name, one.requests) for one in usage.tables[By.MODEL]] == [("demo-mini", 3)]
    assert read(other, order.id) == OrderUsage([], {by: [] for by in By}) == read(snapshot, "ord_none")
    assert_books_balance()


async def test_what_asked_several_models_is_told_apart_by_them_and_given_back_by_them(database: str) -> None:
    app = App()
    app.fund()
    several = begin(app, [Tokens(10, 20), Tokens(30, 40), Tokens(5, 6), None])
    settle(app, several)
    running = begin(app, [Tokens(1, 1), Tokens(1, 1)])
    own = settle(app, begin(app, [Tokens(7, 8), Tokens(9, 9)], [Source.OWN, Source.PLATFORM]))
    with db.transaction() as session:
        session.execute(update(TABLE).values(order_id="ord_1"))
    before = read_of(app, "ord_1")
    charged = before[By.MODEL]
    assert {names: line[:2] for names, line in charged.items()} == {
        (LISTED, "platform"): (1, 41), (OWN, "platform"): (2, 88), (LISTED, "byok"): (1, 15),
        ("Compare", "platform"): (1, 0),
    }  # fmt: skip
    assert sum(line[2] for line in charged.values()) == several.charge + own.charge == ledger_gross(app.id)
    assert charged[LISTED, "byok"][2] == 0 and running.charge == 0
    give_back(app, several, several.charge)
    with db.transaction() as session:
        session.execute(update(TABLE).values(order_id="ord_1"))
    after = read_of(app, "ord_1")[By.MODEL]
    assert after[LISTED, "platform"] == (1, 41, 0) and sum(line[2] for line in after.values()) == own.charge


def read_of(app: App, order_id: str) -> dict[By, dict[tuple[str, str], tuple[int, int, int]]]:
    """Requests, tokens and charges of each table of an order, by name and source; each table comes to the totals."""
    with db.transaction(writes=False) as session:
        found = read_order_usage(session, app.id, order_id)
    tables = {
        by: {(one.name, one.source): (one.requests, one.tokens, one.charged) for one in lines}
        for by, lines in found.tables.items()
    }
    for lines in tables.values():
        for place in (1, 2):
            whole = sum((one.tokens, one.charged)[place - 1] for one in found.totals)
            assert sum(line[place] for line in lines.values()) == whole
    assert {one.source: one.requests for one in found.totals} == {"platform": 3, "byok": 1}
    return tables
