"""The page of limits calls a key as its owner does, also once it is revoked."""

import pytest

from app import db
from app.domain.money import Environment
from app.domain.paywalls.keys import add_key, new_key, revoke_key
from app.domain.paywalls.limit_overrides import set_override
from app.domain.paywalls.limits import Limits, Scope
from app.web.developer.limits.rows import read_page
from tests.support.books import make_paywall
from tests.support.managing import owner_of

pytestmark = pytest.mark.usefixtures("migrated_sqlite_url")


def test_a_key_with_limits_keeps_its_name_when_it_is_revoked() -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        keys = [
            add_key(session, paywall_id, new_key(Environment.SANDBOX), name) for name in ("Old server", "Server", "")
        ]
        for key in keys:
            set_override(session, paywall_id, Scope.KEY, key.id, Limits(requests_per_minute=5))
        revoke_key(session, paywall_id, keys[0].id)
    owner, unnamed = owner_of(paywall_id), f"Key …{keys[2].last_four}"
    with db.transaction(writes=False) as session:
        page = read_page(session, owner, (), "", 1)
        searched = read_page(session, owner, (), "old serv", 1)
    assert [row.name for row in page.overrides] == sorted(["Old server, revoked", "Server", unnamed], key=str.lower)
    assert {key.name for key in page.own_keys} == {"Server", unnamed}
    assert [row.name for row in searched.overrides] == ["Old server, revoked"]
