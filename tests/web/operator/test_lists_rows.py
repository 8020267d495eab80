"""Accounts and paywalls are said in one line each, and lead on."""

import pytest

from app import db
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
