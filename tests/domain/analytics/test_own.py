"""What wallets of somebody's own paid for adds up, however it is told apart, and is nobody else's."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app import db
from app.domain import clock
from app.domain.analytics.own import LINES_MAX, By, OwnUsage, Sum, Use, UsePart, add_up, month_ago, read_usage
from app.domain.ids import new_id
from app.domain.legs.legs import Source
from app.domain.legs.sharing import share
from app.domain.money import NANOS, Unit
from app.domain.paywalls.modes import Mode
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Labels, Metered
from app.domain.wallets.shared import shared_account
from app.flows.chat.call import Run
from tests.support.books import make_snapshot, running_queue
from tests.support.credits import credits_account, open_credits, someone_with_key
from tests.support.crowd import SANDBOX, connect, top_up
from tests.support.rolled import LISTED, OWN, App
from tests.support.rolled_legs import begin, settle
from tests.support.scripted import Scripted, flows, request


def with_legs(use: Use) -> st.SearchStrategy[Use]:
    """The use itself, or as one that asked several models, some of them twice, by whatever key."""
    models = st.sampled_from(["m0", "m1", "m2"])
    legs = st.lists(st.tuples(models, st.sampled_from(["platform", "byok"])), max_size=4)

    def shared(asked: list[tuple[str, str]]) -> Use:
        weights, sign = list(range(len(asked))), -1 if use.charged < 0 else 1
        parts = zip(asked, share(use.tokens, weights), share(abs(use.charged), weights), strict=True)
        return replace(use, legs=[UsePart(*named, tokens, sign * nanos) for named, tokens, nanos in parts])

    return legs.map(shared)


USES = st.lists(
    st.builds(
        Use, id=st.text("abc", min_size=1), at=st.integers(0, 9), paywall_id=st.sampled_from(["a", "b"]),
        model=st.sampled_from([*(f"m{number}" for number in range(14)), None]), order=st.none(), session=st.just("s"),
        source=st.sampled_from(["platform", "byok"]), unit=st.sampled_from([Unit.USDC, Unit.CREDIT]),
        is_running=st.booleans(), is_refund=st.booleans(), tokens=st.integers(0, 99), reserved=st.integers(0, 9),
        charged=st.integers(-9, 99),
    ).flatmap(with_legs)
)  # fmt: skip


def whole(lines: Sequence[Sum]) -> tuple[int, int]:
    return sum(one.tokens for one in lines), sum(one.charged for one in lines)


@given(USES)
def test_whatever_it_is_told_apart_by_the_sums_are_the_same(uses: list[Use]) -> None:
    straight = (sum(use.tokens for use in uses), sum(use.charged for use in uses))
    usage = OwnUsage(uses, None)
    for lines in (usage.totals(), usage.by(By.MODEL), usage.by(By.APP), usage.by(By.SESSION)):
        assert whole(lines) == straight
        assert len({(line.name, line.unit, line.source, line.others) for line in lines}) == len(lines)
    for line in add_up(uses, lambda _use, part: part.model):
        asked = [use for use in uses if not use.is_refund and use.unit is line.unit
                 and any((part.model, part.source) == (line.name, line.source) for part in use.parts)]  # fmt: skip
        assert line.requests == len(asked), "a request counts once in each line that it has a part in"
    assert usage.by(By.ORDER) == [] and add_up(uses, lambda _use, _part: None) == []


def a_use(model: str, charged: int, source: str = "platform") -> Use:
    return Use(model, 0, "a", model, None, None, source, Unit.USDC, False, False, 10, charged, charged)


def test_lines_behind_the_last_shown_are_one_for_each_unit_and_source() -> None:
    dear = [a_use(f"m{number}", 100 - number) for number in range(LINES_MAX)]
    few = [a_use("few-1", 3), a_use("few-2", 2), a_use("own", 1, "byok")]
    lines = OwnUsage(dear + few, None).by(By.MODEL)
    assert [line.name for line in lines[:LINES_MAX]] == [use.model for use in dear]
    assert lines[LINES_MAX:] == [
        Sum("", Unit.USDC, "platform", 2, 20, 5, others=2),
        Sum("own", Unit.USDC, "byok", 1, 10, 1),
    ], "one alone keeps its name"
    assert not any(line.others for line in OwnUsage(dear + few[:1], None).by(By.MODEL))


async def test_both_wallets_are_read_and_nobody_elses(database: str) -> None:
    await open_credits()
    (ada, own), (bob, other) = await someone_with_key(), await someone_with_key("bob@example.org")
    app = make_snapshot(mode=Mode.SHARED)
    for person, user in ((ada, "u1"), (bob, "u2")):
        await connect(app, person, user)
        top_up(person, NANOS)
    ids: list[str] = []
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        for number, (snapshot, user, model) in enumerate((
            (own, ada.account_id, "demo-free"), (other, bob.account_id, "demo-free"), (app, "u1", "demo-mini"),
            (app, "u2", "demo-mini"),
        )):  # fmt: skip
            asked = request(model=model, max_tokens=40)
            ids.append(new_id("req"))
            run = await chat.begin(snapshot, user, asked, ids[number], None, labels=Labels("s1", None))
            assert isinstance(run, Run)
            await chat.settle(run, Metered(Tokens(10, 20)))
    wallets = (shared_account(ada.account_id, SANDBOX).owner, credits_account(ada).owner)
    with db.transaction(writes=False) as session:
        found = read_usage(session, wallets, month_ago())
        rows = session.execute(text("SELECT id, charge_nanos FROM request")).all()
        newest = read_usage(session, wallets, month_ago(), most=1)
        assert read_usage(session, wallets, clock.now() + clock.DAY).uses == []
    charged = {row[0]: row[1] for row in rows}
    assert {use.id: use.charged for use in found.uses} == {ids[place]: charged[ids[place]] for place in (0, 2)}
    assert newest.looked_until is not None and len(newest.uses) == 2, "one of each wallet"
    assert {line.unit: line.requests for line in found.totals()} == {Unit.CREDIT: 1, Unit.USDC: 1}
    assert [line.name for line in found.by(By.SESSION)] == ["s1", "s1"] and found.looked_until is None
    assert all(use.reserved >= use.charged > 0 and use.tokens == 30 for use in found.uses)


async def test_credits_reserve_by_the_mode_whatever_was_held(database: str) -> None:
    await open_credits()
    ada, own = await someone_with_key()
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(own, ada.account_id, request(model="demo-free"), new_id("req"), None)
        assert isinstance(run, Run)
        await chat.settle(run, Metered(Tokens(10, 20)))
    wallet = credits_account(ada).owner
    for mode, reserved in ((None, 1), ("judge", 5)):
        with db.transaction() as session:
            session.execute(text("UPDATE request SET hold_nanos = :held, mode = :mode"),
                            {"held": 17 * NANOS, "mode": mode})  # fmt: skip
            (use,) = read_usage(session, [wallet], month_ago()).uses
            assert use.reserved == reserved * NANOS
            session.rollback()


async def test_a_comparison_stands_with_its_models_and_is_one_request(database: str) -> None:
    app = App(Mode.SHARED)
    app.fund()
    several = settle(app, begin(app, [Tokens(1_000, 500), Tokens(100, 50), None], [Source.PLATFORM, Source.OWN]))
    running = begin(app, [Tokens(1, 1), Tokens(1, 1)])
    with db.transaction(writes=False) as session:
        found = read_usage(session, [several.asked.wallet.id], month_ago())
    assert {use.id: use.charged for use in found.uses} == {several.asked.id: several.charge, running.asked.id: 0}
    assert {(line.name, line.source): (line.requests, line.tokens, line.charged) for line in found.by(By.MODEL)} == {
        (LISTED, "platform"): (1, 1_500, several.charge), (OWN, "byok"): (1, 150, 0),
        ("Compare", "platform"): (1, 0, 0),
    }  # fmt: skip
    assert {line.source: (line.requests, line.charged) for line in found.totals()} == {
        "platform": (2, several.charge), "byok": (1, 0),
    }  # fmt: skip
