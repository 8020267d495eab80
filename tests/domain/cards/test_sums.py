"""What a wallet's charges come to: pending and unknown ones count, declined ones do not."""

from app import db
from app.domain import clock
from app.domain.authorizations.caps import month_of
from app.domain.cards import charges, sums
from app.domain.cards.rules import Cents
from app.domain.cards.sums import Use
from app.domain.cards.tables import Card
from app.domain.topups.tables import TopupKind
from tests.support.saved_cards import claim, decline, make_person, save_card, switch_on


def test_a_month_counts_what_is_pending_and_not_what_was_declined(database: str) -> None:
    person = make_person()
    card = save_card("sandbox", person)
    wallet, month = switch_on(person, card), month_of(clock.now())
    decline(claim(wallet, card))
    claim(wallet, card, 700)
    with db.transaction(writes=False) as session:
        assert sums.month_cents(session, wallet.owner, month) == 700
        assert sums.month_cents(session, wallet.owner, "2020-01") == 0
        assert sums.count_since(session, wallet.owner, 0) == 1
        assert sums.count_since(session, wallet.owner, clock.now()) == 0
        found = sums.find_in_flight(session, wallet.owner)
        assert found is not None and sums.find_in_flight(session, "wal_none") is None


def test_a_charge_by_hand_is_in_flight_and_in_no_month(database: str) -> None:
    person = make_person()
    card = save_card("sandbox", person)
    wallet = switch_on(person, card)
    claim(wallet, card, 700, TopupKind.CARD)
    with db.transaction(writes=False) as session:
        assert sums.find_in_flight(session, wallet.owner) is not None
        assert sums.month_cents(session, wallet.owner, month_of(clock.now())) == 0
        assert sums.count_since(session, wallet.owner, 0) == 0


def test_an_app_is_told_of_what_its_users_use_made(database: str) -> None:
    person = make_person()
    card = save_card("sandbox", person)
    wallet = switch_on(person, card)
    with db.transaction() as session:
        stored = session.get_one(Card, card.id)
        made = charges.claim(session, wallet, stored, Cents(500), TopupKind.AUTO, use=Use("pw_1", "u1"))
        told = sums.read_told(session, made)
        assert told is not None and (told.use, told.kind, told.cents) == (Use("pw_1", "u1"), TopupKind.AUTO, 500)
        assert sums.last_use(session, wallet.owner) == Use("pw_1", "u1")
        assert sums.read_told(session, "top_none") is None and sums.last_use(session, "wal_none") is None
