"""What is done by hand says by whom: gifts, charges given back, blocks, keys."""

import pytest
from structlog.testing import capture_logs

from app import db, settings
from app.adapters.secret_box import SecretBox
from app.domain.money import CENT_NANOS, Unit
from app.domain.paywalls.changes import Section, note_change
from app.flows.paywalls.change import change
from app.flows.paywalls.keys import NewKey, RevokedKey
from app.flows.paywalls.parts import Parts
from app.flows.paywalls.users import Block
from app.flows.wallets.grant import Gift, grant
from app.flows.wallets.refund import refund_charge
from app.web.developer.keys.rows import read_keys_page
from app.web.developer.user.acts import read_acts
from tests.support.books import give, make_snapshot
from tests.support.managing import owner_of
from tests.support.priced import RULES
from tests.support.taking_back import charge

pytestmark = [pytest.mark.plain_sql, pytest.mark.unhurried]


def parts() -> Parts:
    return Parts(SecretBox(settings.get().secrets), RULES)


async def test_what_was_done_to_a_user_says_by_whom(database: str) -> None:
    app = make_snapshot()
    owner = owner_of(app.paywall_id, "nora@example.org")
    await give(app, "ada", 1_000 * CENT_NANOS)
    request_id = charge(app, app.wallet("ada"), 600, is_split=False)
    with capture_logs():
        await grant(owner, Gift("ada", 250 * CENT_NANOS, "a bug of ours"), "g1")
        for _ in range(2):
            await refund_charge(owner, request_id, "c1", 200 * CENT_NANOS)
        await change(owner, parts().blocks, Block("ada", is_blocked=True))
        await change(owner, parts().blocks, Block("bob", is_blocked=True))
        await change(owner, parts().blocks, Block("ada", is_blocked=False))
    with db.transaction() as session:
        note_change(session, app.paywall_id, None, Section.USERS, 1, {"user": "ada", "written_off": "1"})
        acts = read_acts(session, app.paywall_id, "ada", Unit.USD)
    assert [(act.what, act.about, act.by) for act in acts] == [
        ("written off 1", "", "a command"),
        ("Let in again", "", "nora"),
        ("Blocked", "", "nora"),
        ("Given back $2.00", request_id, "nora"),
        ("Granted $2.50", "a bug of ours", "nora"),
    ]


async def test_a_key_says_who_made_it_and_who_revoked_it(database: str) -> None:
    app = make_snapshot()
    with capture_logs():
        made = await change(owner_of(app.paywall_id, "nora@example.org"), parts().keys, NewKey("server"))
        assert made.outcome is not None
        key_id = made.outcome.view.id
        with db.transaction(writes=False) as session:
            assert read_keys_page(session, app.paywall_id).working[0].made == "made just now by nora"
        await change(owner_of(app.paywall_id, "olga@example.org"), parts().keys, RevokedKey(key_id))
    with db.transaction(writes=False) as session:
        page = read_keys_page(session, app.paywall_id)
    assert [row.ended for row in page.revoked if row.id == key_id] == ["revoked just now by olga"]
