"""Each setting says what it is now, and whether the environment or an operator says so."""

import pytest

from app import db
from app.domain.instance import choices
from app.domain.instance.choices import CHOICES, Value
from app.settings import Settings
from app.web.operator.settings.rows import read_settings_page
from tests.support.crowd import sign_in

SAID: dict[str, Value] = {name: Settings.model_fields[name].default for name in CHOICES}


@pytest.mark.usefixtures("migrated_sqlite_url")
async def test_a_setting_says_whose_it_is_and_what_it_would_be() -> None:
    person, _ = await sign_in("ops@example.org")
    with db.transaction() as session:
        choices.keep(session, "fee_basis_points", 150, person.account_id)
    with db.transaction(writes=False) as session:
        rows = {row.name: row for row in read_settings_page(session, SAID).rows}
    assert list(rows) == list(CHOICES)
    fee, days = rows["fee_basis_points"], rows["earnings_pending_days"]
    assert (fee.shown, fee.written, fee.unit, fee.is_chosen) == ("1.5 %", "1.5", "%", True)
    assert "The environment says 1 %." in fee.source and "50 %" in fee.bounds
    assert (days.shown, days.is_chosen, days.source) == ("30 days", False, "As the environment says.")
