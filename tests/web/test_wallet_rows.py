"""The bar of a cap shows what was used of it, and a bank that wants to be asked is shown with the way there."""

from pathlib import Path

import pytest

from app import db, settings
from app.domain.cards import charges
from app.web.end_user.wallet.rows import _share, read_purse
from tests.support.saved_cards import claim, make_person, save_card, switch_on


@pytest.mark.parametrize(
    ("used", "cap", "width"),
    [(0, 20, "0%"), (1, 20_000, "max(0.0%, 6px)"), (5, 20, "max(25.0%, 6px)"), (30, 20, "max(100.0%, 6px)"),
     (1, 0, "100%")],
)  # fmt: skip
def test_however_little_was_used_can_be_seen(used: int, cap: int, width: str) -> None:
    assert _share(used, cap) == width


@pytest.mark.unhurried
def test_a_bank_that_wants_to_be_asked_is_shown_until_it_was(data_dir: Path, sqlite_url: str) -> None:
    settings.configure(data=data_dir, database_url=sqlite_url)
    db.migrate()
    person = make_person()
    card = save_card("sandbox", person)
    charge_id = claim(switch_on(person, card), card)

    def shown() -> tuple[str, str]:
        with db.transaction(writes=False) as session:
            purse = read_purse(session, person, "sandbox").purse
            return purse.to_confirm, purse.confirm_url

    assert shown() == ("", "")
    with db.transaction() as session:
        charges.needs_owner(session, charge_id, "pi_1")
    assert shown() == ("$20.00 from Visa ···4242", f"/confirm/{charge_id}/")
    with db.transaction() as session:
        charges.cancel(session, charge_id)
    assert shown() == ("", "")
