"""A key is made by whoever owns the paywall, from our own page; the answer has it, and nothing else ever."""

import pytest

from app import db
from app.domain.key_text import hash_key
from app.domain.paywalls.changes import read_changes
from app.domain.paywalls.keys import KEYS_MAX, list_keys
from app.domain.paywalls.tables import PaywallKey
from app.sql.columns import table_of
from tests.support.books import make_paywall
from tests.support.managing import own, person
from tests.support.own_pages import at_our_page


def paywall() -> str:
    with db.transaction() as session:
        return make_paywall(session, {})


@pytest.mark.unhurried
async def test_its_owner_is_shown_a_new_key_once(database: str) -> None:
    paywall_id, ada = paywall(), person("ada@example.org")
    own(paywall_id, ada)
    async with at_our_page(ada) as page:
        answer = await page.post(f"/manage/paywalls/{paywall_id}/keys", data={"name": "Production"})
        key = answer.json()["key"]
        assert answer.headers["cache-control"] == "no-store" and key.startswith("sk-coinslot-test-")
        for _ in range(KEYS_MAX - 1):
            assert (await page.post(f"/manage/paywalls/{paywall_id}/keys")).status_code == 200
        sixth = await page.post(f"/manage/paywalls/{paywall_id}/keys")
        assert sixth.status_code == 409 and "revoke one first" in sixth.json()["error"]["message"]
        long = await page.post(f"/manage/paywalls/{paywall_id}/keys", data={"name": "x" * 500})
        assert long.status_code == 400
    with db.transaction(writes=False) as session:
        assert {one.name for one in list_keys(session, paywall_id)} == {"Production", ""}
        stored = session.query(PaywallKey).filter(table_of(PaywallKey).c.hash == hash_key(key)).one()
        noted = repr([one.what for one in read_changes(session, paywall_id, 9)])
    assert stored.last_four == key[-4:] and key not in noted and stored.id in noted


@pytest.mark.parametrize("email", ["bob@example.org", None])
async def test_nobody_else_is_given_one(database: str, email: str | None) -> None:
    paywall_id = paywall()
    own(paywall_id, person("ada@example.org"))
    async with at_our_page(None if email is None else person(email)) as page:
        answer = await page.post(f"/manage/paywalls/{paywall_id}/keys", data={"name": "x"})
        assert answer.status_code == (401 if email is None else 404)
        cross = await page.post(f"/manage/paywalls/{paywall_id}/keys", headers={"Sec-Fetch-Site": "cross-site"})
        assert cross.status_code == 403
    with db.transaction(writes=False) as session:
        assert list_keys(session, paywall_id) == []
