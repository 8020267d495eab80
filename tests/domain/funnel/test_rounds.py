"""A round begins with the first link, is paid once by whatever money comes, and ends with the first charge after it."""

from sqlalchemy import select

from app import db
from app.domain import clock
from app.domain.authorizations.authorizations import Consent, approve
from app.domain.funnel.rounds import Shown, Used, note_paid, note_shown, note_used
from app.domain.funnel.tables import FunnelRound
from app.domain.money import Environment
from app.domain.paywalls.modes import Mode
from app.domain.rollups import counting
from app.domain.wallets.shared import open_shared_wallet
from app.domain.wallets.wallets import open_wallet
from app.sql.columns import table_of
from tests.support.managing import person
from tests.support.rolled import App, count_all, hands

ROUNDS = table_of(FunnelRound)
Times = tuple[int, int | None, int | None]


def rounds(paywall_id: str, user: str = "ada") -> list[Times]:
    of_user = (ROUNDS.c.paywall_id == paywall_id, ROUNDS.c.external_id == user)
    with db.transaction(writes=False) as session:
        found = select(ROUNDS.c.shown_at, ROUNDS.c.paid_at, ROUNDS.c.used_at).where(*of_user)
        return [(row[0], row[1], row[2]) for row in session.execute(found.order_by(ROUNDS.c.shown_at))]


def test_links_belong_to_one_round_until_money_comes(database: str) -> None:
    with db.transaction() as session:
        note_shown(session, [Shown("pw_1", 10, "ada"), Shown("pw_1", 10, "bob"), Shown("pw_2", 10, "ada")])
        note_shown(session, [Shown("pw_1", 11, "ada"), Shown("pw_1", 10, "ada")])
    assert rounds("pw_1") == [(10, None, None)] and rounds("pw_2") == [(10, None, None)]
    with hands(20), db.transaction() as session:
        note_paid(session, "wal_none", "pw_1", "ada")
        note_shown(session, [Shown("pw_1", 21, "ada")])
    assert rounds("pw_1") == [(10, 20, None), (21, None, None)]
    assert rounds("pw_1", "bob") == [(10, None, None)] and rounds("pw_2") == [(10, None, None)]


def test_only_a_charge_after_the_money_ends_a_round_and_only_once(database: str) -> None:
    with hands(20) as at, db.transaction() as session:
        note_shown(session, [Shown("pw_1", 10, "ada")])
        note_used(session, [Used("pw_1", "ada", 15)])
        note_paid(session, "wal_none", "pw_1", "ada")
        note_used(session, [Used("pw_1", "ada", 19), Used("pw_1", "bob", 30), Used("pw_2", "ada", 30)])
        at.at = 25
        note_paid(session, "wal_none", "pw_1", "ada")
    assert rounds("pw_1") == [(10, 20, None)]
    with db.transaction() as session:
        note_used(session, [Used("pw_1", "ada", 40), Used("pw_1", "ada", 30)])
        note_used(session, [Used("pw_1", "ada", 50)])
    assert rounds("pw_1") == [(10, 20, 30)]


def test_money_in_an_app_wallet_is_its_users_and_in_a_persons_all_the_apps_they_allowed(database: str) -> None:
    app, shared, other = App(), App(Mode.SHARED), App(Mode.SHARED)
    ada = person("ada@example.org")
    with db.transaction() as session:
        wallet = app.wallet("ada")
        open_wallet(session, wallet)
        account = open_shared_wallet(session, ada.account_id, Environment.SANDBOX)
        approve(session, Consent(ada.account_id, shared.id, "u1", account, 10**9))
        live = open_shared_wallet(session, ada.account_id, Environment.LIVE)
        note_shown(session, [Shown(app.id, 1, "ada"), Shown(shared.id, 1, "u1"), Shown(other.id, 1, "u1")])
    with hands(5) as at, db.transaction() as session:
        note_paid(session, live.owner)
        assert not any(one[1] for id_ in (app.id, shared.id) for one in rounds(id_, "u1"))
        note_paid(session, wallet.id)
        at.at = 6
        note_paid(session, account.owner)
    assert rounds(app.id) == [(1, 5, None)] and rounds(shared.id, "u1") == [(1, 6, None)]
    assert rounds(other.id, "u1") == [(1, None, None)]


def test_money_that_came_while_a_link_was_still_to_be_written_down_pays_its_round(database: str) -> None:
    with hands() as at:
        app = App()
        shown = Shown(app.id, at.at, "ada")
        with db.transaction() as session:
            open_wallet(session, app.wallet("ada"))
        app.fund()
        at.go_on(1)
        with db.transaction() as session:
            note_shown(session, [shown, Shown(app.id, at.at, "bob")])
            note_shown(session, [Shown(app.id, at.at + 1, "ada")])
        assert rounds(app.id) == [(shown.at, shown.at, None), (at.at + 1, None, None)]
        assert rounds(app.id, "bob") == [(at.at, None, None)]


def test_counting_ends_rounds_by_what_was_paid_and_not_by_what_was_free(database: str) -> None:
    with hands() as at:
        app = App()
        with db.transaction() as session:
            note_shown(session, [Shown(app.id, clock.now(), "ada")])
        shown_at = at.at
        at.go_on(10)
        with db.transaction() as session:
            note_paid(session, "wal_none", app.id, "ada")
        app.fund()
        at.go_on(10)
        app.charge("ada", 5)
        charged_at = at.at
        at.go_on(10)
        app.charge("ada", 5)
        count_all()
        assert rounds(app.id) == [(shown_at, shown_at + 10 * clock.SECOND, charged_at)]
        with db.transaction() as session:
            assert counting.count_requests(session, 100) == 0
