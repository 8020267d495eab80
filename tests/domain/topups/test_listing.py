"""Which top-ups a paywall sees, page by page."""

from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from app import db
from app.domain.ledger.apply import apply_one
from app.domain.money import NANOS, Environment, Unit
from app.domain.topups import topups
from app.domain.topups.listing import PaidFilter, list_paid, page_statement
from app.domain.topups.tables import Topup
from app.domain.topups.topups import NewTopup
from app.domain.wallets.wallets import app_wallet
from tests.support.books import make_paywall


def begin(session: db.Session, paywall_id: str, user: str) -> str:
    account = app_wallet(paywall_id, user, Environment.SANDBOX, Unit.USD).account
    return topups.create(session, NewTopup(account, "sandbox", "USD", 500, 5 * NANOS, None, paywall_id, user))


def paid(session: db.Session, paywall_id: str, user: str, payment: str) -> str:
    topup_id = begin(session, paywall_id, user)
    apply_one(session, topups.pay(session, topups.lock(session, "sandbox", topup_id), payment))
    return topup_id


def test_a_paywall_lists_the_paid_top_ups_that_its_links_began(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        made = [paid(session, paywall_id, user, f"pay_{user}") for user in ("ada", "bob", "cem")]
        paid(session, other, "ada", "pay_other")
        begin(session, paywall_id, "ada")
        found: list[Topup] = []
        while page := list_paid(session, paywall_id, PaidFilter(), (found[-1].finished_at or 0, found[-1].id)
                                if found else None, 2):  # fmt: skip
            found += page
        assert sorted(topup.id for topup in found) == sorted(made)
        assert [topup.finished_at for topup in found] == sorted((t.finished_at or 0 for t in found), reverse=True)
        at = found[0].finished_at or 0
        assert [topup.external_id for topup in list_paid(session, paywall_id, PaidFilter("bob"), None, 9)] == ["bob"]
        assert list_paid(session, paywall_id, PaidFilter(since=at + 1), None, 9) == []
        assert found[0] in list_paid(session, paywall_id, PaidFilter(since=at, until=at + 1), None, 9)


def test_the_list_of_top_ups_scans_nothing(database: str) -> None:
    with db.transaction() as session:
        dialect = sqlite.dialect() if db.is_sqlite() else postgresql.dialect()  # type: ignore[no-untyped-call]
        statement = page_statement("pw_1", PaidFilter("ada", 1, 2), (3, "top_1"), 20)
        written = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if db.is_sqlite() else "EXPLAIN "
        plan = "\n".join(str(row[-1]) for row in session.execute(text(explain + written)))
    assert "ix_topup_paywall" in plan and "SORT" not in plan.upper(), plan
