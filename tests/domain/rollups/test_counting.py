"""Whatever happens to requests, sums are what they come to: counted once, dated by the posting, whoever is cut."""

import subprocess
import sys
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app import db
from app import settings as configured
from app.domain import clock
from app.domain.money import Environment, Unit
from app.domain.paywalls.modes import Mode
from app.domain.pricing.quote import Tokens
from app.domain.rollups import audit, building, counting
from app.domain.rollups.tables import PaywallRollup, RollupDay, RollupQuarter
from app.domain.usage.requests import TABLE
from app.domain.wallets.users import list_users
from app.domain.wallets.wallets import app_wallet, open_wallet
from tests.support import rolled_legs
from tests.support.rolled import (
    LISTED,
    MINE,
    OWN,
    START,
    App,
    Chat,
    build,
    build_all,
    count,
    count_all,
    hands,
    ledger_gross,
    read,
)
from tests.support.rolled_legs import Several, by_model, charged_of_legs
from tests.support.waiting import wait_until

ZONES = ("UTC", "Asia/Kathmandu", "America/New_York", "Asia/Kolkata")


class Cut(Exception):
    """The process dies here."""


tokens = st.builds(
    lambda prompt, output, cached: Tokens(prompt, output, min(cached, prompt)),
    st.integers(1, 5_000), st.integers(0, 5_000), st.integers(0, 500),
)  # fmt: skip
chats = st.builds(
    Chat,
    user=st.sampled_from(["ada", "bob", "eve"]),
    model=st.sampled_from([LISTED, OWN]),
    provider=st.sampled_from(["demo", MINE]),
    key_id=st.sampled_from([None, "key_1", "key_2"]),
    tokens=tokens,
    reported_nanos=st.one_of(st.none(), st.integers(0, 10**8)),
)
steps = st.one_of(
    st.tuples(st.just("chat"), chats),
    st.tuples(st.just("lose"), chats, st.integers(0, 100)),
    st.tuples(st.just("late"), st.integers(0, 9)),
    st.tuples(st.just("let go"), chats),
    st.tuples(st.just("charge"), st.integers(1, 10**9)),
    st.tuples(st.just("give back"), st.integers(0, 9), st.integers(1, 100)),
    st.tuples(st.just("count"), st.integers(1, 4)),
    st.tuples(st.just("cut"), st.integers(1, 4)),
    st.tuples(st.just("zone"), st.sampled_from(ZONES)),
    st.tuples(st.just("build"), st.integers(1, 3)),
    st.tuples(st.just("begin")),
    st.tuples(st.just("wait"), st.integers(1, 60 * 60 * 30)),
)


@pytest.mark.unhurried
@pytest.mark.parametrize("mode", [Mode.DEFAULT, Mode.SHARED])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(steps, min_size=3, max_size=25))
def test_sums_are_what_requests_come_to(database: str, mode: Mode, story: list[tuple[object, ...]]) -> None:
    with hands() as at:
        count_all()
        app = App(mode)
        for user in ("ada", "bob", "eve"):
            app.fund(user)
        for what, *how in story:
            at.go_on(61)
            if what == "wait":
                at.go_on(how[0])  # type: ignore[arg-type]
            else:
                act(app, str(what), *how)
        count_all()
        build_all(3)
        if app.expected:
            app.assert_adds_up()
        with db.transaction(writes=False) as session:
            of_paywall = TABLE.c.paywall_id == app.id
            rows = session.execute(select(TABLE.c.charge_nanos, TABLE.c.counted_nanos).where(of_paywall)).all()
        assert all(charge == counted for charge, counted in rows)
        assert ledger_gross(app.id) == sum(sums.gross_nanos for *_, sums in app.expected)


def act(app: App, what: str, *how: object) -> None:
    match what, how:
        case "chat", (Chat() as chat,):
            app.settle(app.begin(chat))
        case "lose", (Chat() as chat, int(share)):
            used = Tokens(chat.tokens.prompt, chat.tokens.output * share // 100, chat.tokens.cached)
            app.lose(chat, used)
        case "late", (int(number),) if app.lost:
            app.settle(app.lost[number % len(app.lost)])
        case "let go", (Chat() as chat,):
            app.let_go(chat)
        case "charge", (int(nanos),):
            app.charge("ada", nanos)
        case "give back", (int(number), int(share)) if app.told and app.mode is Mode.DEFAULT:
            told = app.told[number % len(app.told)]
            if told not in app.lost and (nanos := (told.charge - told.refunded) * share // 100):
                app.give_back(told, nanos)
        case "count", (int(limit),):
            count(limit)
        case "cut", (int(limit),):
            with pytest.raises(Cut), db.transaction() as session:
                counting.count_requests(session, limit)
                session.flush()
                raise Cut
        case "zone", (str(zone),):
            with db.transaction() as session:
                session.execute(PaywallRollup.__table__.update().values(asked_at=None))  # type: ignore[attr-defined]
                building.choose_zone(session, app.id, zone)
        case "build", (int(limit),):
            build(app.id, limit)
        case "begin", ():
            with db.transaction() as session:
                building.begin_build(session, app.id)


def test_a_late_settlement_adds_at_its_own_time_and_no_request(database: str) -> None:
    with hands() as at:
        app = App()
        app.fund()
        lost = app.lose(Chat(tokens=Tokens(1_000, 900)), Tokens(1_000, 100))
        count_all()
        first = app.expected_days("UTC")
        at.go_on(3 * 86_400)
        app.settle(lost)
        assert count() == 1
        app.assert_adds_up()
        days = app.expected_days("UTC")
        assert len(days) == 2 and first.items() <= days.items()
        later = days[max(days)]
        assert (later.requests, later.output_tokens) == (0, 800) and later.gross_nanos > 0


def test_a_late_settlement_that_could_take_nothing_still_adds_its_tokens(database: str) -> None:
    with hands() as at:
        app = App()
        lost = app.lose(Chat(tokens=Tokens(1_000, 900)), Tokens(0, 0))
        assert lost.charge == 0
        count_all()
        at.go_on(60)
        app.settle(lost)
        assert lost.charge == 0 and count() == 1 and count() == 0
        app.assert_adds_up()


def test_trial_money_that_went_back_is_nobodys_revenue(database: str) -> None:
    with hands():
        app = App(Mode.SHARED)
        app.give_trial("ada", 10**12)
        told = app.begin(Chat())
        app.settle(told)
        count_all()
        with db.transaction(writes=False) as session:
            (sums,) = read(session, RollupDay, (app.id, 1), ("day",)).values()
        assert sums.cost_nanos > 0 and sums.gross_nanos == sums.cost_nanos
        assert sums.gross_nanos + sums.trial_nanos == told.charge
        assert (sums.fee_nanos, sums.margin_nanos) == (0, 0)


@pytest.mark.unhurried
def test_two_who_count_at_once_count_each_request_once(database: str) -> None:
    with hands():
        app = App()
        app.fund()
        for _ in range(40):
            app.chat()
        barrier = threading.Barrier(4)

        def work() -> None:
            barrier.wait()
            for _ in range(15):
                count(3)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        count_all()
        app.assert_adds_up()


COUNTS_AND_STOPS = """
import sys, time
from app import db, settings
from app.domain.rollups import counting

class Mark:
    def run(self, connection, rows):
        print(len(rows), flush=True)
        time.sleep(600)

settings.configure(data=sys.argv[1], database_url=sys.argv[2])
counting._MARK = Mark()
with db.transaction() as session:
    counting.count_requests(session, 100)
"""


@pytest.mark.unhurried
def test_a_process_that_is_killed_while_it_counts_has_counted_nothing(database: str) -> None:
    with hands():
        app = App()
        app.fund()
        for _ in range(5):
            app.chat()
        command = [sys.executable, "-c", COUNTS_AND_STOPS, str(configured.get().data), database]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None and process.stdout.readline() == "5\n"
            process.kill()

        def is_counted() -> bool:
            count()
            with db.transaction(writes=False) as session:
                return not counting.has_due(session)

        wait_until(is_counted)  # the database lets go of what the dead one held
        app.assert_adds_up()


def test_what_is_counted_elsewhere_at_the_moment_is_left_to_the_next_run(database: str) -> None:
    if db.is_sqlite():
        return  # one writes at a time there
    with hands():
        app = App()
        app.fund()
        told = [app.chat(), app.chat()]
        with db.engine().begin() as other:
            other.execute(select(TABLE.c.id).where(TABLE.c.id == told[0].asked.id).with_for_update())
            assert count() == 1
        count_all()
        app.assert_adds_up()


def test_quarters_older_than_five_weeks_are_not_kept(database: str) -> None:
    with hands(START - 40 * clock.DAY) as at:
        app = App()
        app.fund()
        app.chat()
        at.at = START
        count_all()
        with db.transaction(writes=False) as session:
            assert read(session, RollupQuarter, (app.id, 1), ("start",)) == {}
            assert len(read(session, RollupDay, (app.id, 1), ("day",))) == 1


@pytest.mark.unhurried
@pytest.mark.parametrize(("mode", "listed"), [(Mode.DEFAULT, ["free", "paid"]), (Mode.SHARED, [])])
def test_a_user_who_never_paid_anything_is_listed_with_the_others(database: str, mode: Mode, listed: list[str]) -> None:
    with hands():
        app = App(mode)
        for user in ("free", "paid"):
            app.fund(user)
        app.let_go(Chat(user="free"))
        app.let_go(Chat(user="free"))
        app.chat(user="paid")
        if mode is Mode.DEFAULT:
            with db.transaction() as session:
                assert open_wallet(session, app_wallet(app.id, "paid", Environment.SANDBOX, Unit.USD))
        count_all()
    with db.transaction() as session:
        assert sorted(user.id for user in list_users(session, app.id).users) == listed
        if mode is Mode.DEFAULT:  # whoever is told of new wallets is told of theirs too
            assert open_wallet(session, app_wallet(app.id, "free", Environment.SANDBOX, Unit.USD))


used = st.lists(
    st.one_of(st.none(), st.builds(Tokens, st.integers(1, 3_000), st.integers(1, 3_000))), min_size=2, max_size=4
)
steps_of_legs = st.one_of(
    st.tuples(st.just("compare"), used),
    st.tuples(st.just("lose"), used, st.integers(0, 3)),
    st.tuples(st.just("late"), st.integers(0, 9)),
    st.tuples(st.just("give back"), st.integers(0, 9), st.integers(1, 100)),
    st.tuples(st.just("chat")),
    st.tuples(st.just("count"), st.integers(1, 4)),
    st.tuples(st.just("build"), st.integers(1, 3)),
    st.tuples(st.just("begin")),
    st.tuples(st.just("wait"), st.integers(1, 60 * 60 * 30)),
)


@pytest.mark.unhurried
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(steps_of_legs, min_size=3, max_size=20))
def test_sums_by_model_are_what_legs_were_charged_and_together_what_the_ledger_says(
    database: str, story: list[tuple[object, ...]]
) -> None:
    with hands() as at:
        count_all()
        app = App()
        app.fund()
        lost: list[Several] = []
        ended: list[Several] = []
        for what, *how in story:
            at.go_on(61)
            if what == "wait":
                at.go_on(how[0])  # type: ignore[arg-type]
            else:
                act_on_legs(app, lost, ended, str(what), *how)
        count_all()
        build_all(3)
        found = {name: (sums.gross_nanos, sums.refunds_nanos, sums.tokens) for name, sums in by_model(app).items()}
        expected = charged_of_legs(app)
        some = {name for name, sums in {**expected, **found}.items() if any(sums)}
        assert {name: found.get(name) for name in some} == {name: expected.get(name) for name in some}
        assert "compare" not in some
        assert sum(gross for gross, *_ in found.values()) == ledger_gross(app.id)
        with db.transaction(writes=False) as session:
            assert list(audit.check_all(session, lambda _name, _share: None)) == []


def act_on_legs(app: App, lost: list[Several], ended: list[Several], what: str, *how: object) -> None:
    match what, how:
        case "compare", (list(tokens),):
            ended.append(rolled_legs.settle(app, rolled_legs.begin(app, tokens)))
        case "lose", (list(tokens), int(number)):
            lost.append(rolled_legs.lose(app, rolled_legs.begin(app, tokens), number))
            ended.append(lost[-1])
        case "late", (int(number),) if lost:
            several = lost.pop(number % len(lost))
            if any(several.used):
                rolled_legs.settle(app, several)
        case "give back", (int(number), int(share)) if ended:
            several = ended[number % len(ended)]
            if nanos := (several.charge - several.refunded) * share // 100:
                rolled_legs.give_back(app, several, nanos)
        case "chat", ():
            app.chat()
        case _:
            act(app, what, *how)
