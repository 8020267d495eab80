"""Accounts and paywalls are said in one line each, and lead on."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from app import db
from app.domain import clock
from app.domain.paywalls.tables import PaywallRow
from app.domain.people.tables import PersonAccount
from app.sql.columns import table_of
from app.web.operator.accounts.rows import read_accounts_page
from app.web.operator.paywalls.rows import read_paywalls_page
from tests.support.books import make_snapshot
from tests.support.managing import own, person

pytestmark = pytest.mark.usefixtures("migrated_sqlite_url")


def test_a_line_says_whose_it_is_and_leads_on() -> None:
    paywall_id = make_snapshot().paywall_id
    own(paywall_id, person("ada@example.org"))
    with db.transaction(writes=False) as session:
        (account,) = read_accounts_page(session, "").rows
        (paywall,) = read_paywalls_page(session, "").rows
    assert (account.title, account.badge) == ("ada@example.org", "1 paywall")
    assert account.href == "/operator/wallets/?find=ada@example.org" and "not signed in now" in account.detail
    assert (paywall.title, paywall.href) == ("Lexica", f"/paywalls/{paywall_id}/overview/")
    assert paywall.detail.startswith("ada@example.org · ") and paywall.is_sandbox


def test_a_day_of_two_digits_keeps_its_year() -> None:
    """It was cut to so many letters, as if every day had one digit: 30 Aug 202."""
    at = int(datetime(2026, 8, 30, tzinfo=UTC).timestamp()) * clock.SECOND
    paywall_id = make_snapshot().paywall_id
    own(paywall_id, person("ada@example.org"))
    with db.transaction() as session:
        session.execute(update(table_of(PersonAccount)).values(created_at=at))
        session.execute(update(table_of(PaywallRow)).values(archived_at=at))
    with db.transaction(writes=False) as session:
        (account,) = read_accounts_page(session, "").rows
        (paywall,) = read_paywalls_page(session, "").rows
    assert "since 30 Aug 2026 · " in account.detail and paywall.detail.endswith("archived 30 Aug 2026")
