"""What an order came to is what its requests came to, however they are told apart, and nobody else's."""

from app import db
from app.domain.legs.legs import Source
from app.domain.money import NANOS
from app.domain.orders.usage import By, OrderUsage, read_order_usage
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Labels, Metered
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Run
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.ordered import order_of
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
