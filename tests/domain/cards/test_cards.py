"""A card is of one person at one account; removing it stops whatever charges it, at once."""

import pytest

from app import db
from app.domain.cards import cards
from app.domain.cards.tables import Card, Customer, OffReason, Switch
from app.domain.errors import NotFound
from app.domain.inbox.connections import open_connection
from app.domain.ledger.apply import apply_all
from app.domain.money import Environment
from tests.support.saved_cards import card_row, facts_of, make_person, save_card, switch, switch_on


def default_of(card: Card) -> str | None:
    with db.transaction(writes=False) as session:
        return session.get_one(Customer, card.customer_id).default_card_id


def test_a_customer_is_one_however_often_and_keeps_its_first_name(database: str) -> None:
    person = make_person()
    with db.transaction() as session:
        one = cards.open_customer(session, "sandbox", person.account_id)
        assert cards.open_customer(session, "sandbox", person.account_id).id == one.id
        assert [cards.note_customer_ref(session, one.id, ref) for ref in ("cus_1", "cus_2")] == ["cus_1", "cus_1"]
        found = cards.find_customer(session, "sandbox", "cus_1")
        assert found is not None and found.person_id == person.account_id
        assert cards.find_customer(session, "other", "cus_1") is None


@pytest.mark.unhurried
def test_the_first_card_is_the_default_until_another_is(database: str) -> None:
    person = make_person()
    first, second = save_card("sandbox", person), save_card("sandbox", person, "1111")
    assert default_of(first) == first.id
    with db.transaction() as session:
        cards.make_default(session, person.account_id, second.id)
    assert default_of(first) == second.id
    with db.transaction() as session:
        card, customer = cards.read_own(session, person.account_id, second.id)
        cards.remove(session, card, customer)
        assert [c.id for c in cards.list_of_person(session, person.account_id, "sandbox")] == [first.id]
    assert default_of(first) == first.id


def test_removing_a_card_switches_off_what_charges_it_in_that_transaction(database: str) -> None:
    person = make_person()
    card = save_card("sandbox", person)
    wallet = switch_on(person, card)
    with db.transaction() as session:
        apply_all(session, cards.remove(session, *cards.read_own(session, person.account_id, card.id)))
    assert switch(wallet) == (Switch.OFF, OffReason.CARD_REMOVED)
    with db.transaction(writes=False) as session, pytest.raises(NotFound):
        cards.read_own(session, person.account_id, card.id)


def test_nobody_sees_or_changes_another_ones_card(database: str) -> None:
    card, stranger = save_card("sandbox", make_person()), make_person("bob@example.org")
    with db.transaction() as session:
        for act in (cards.read_own, cards.make_default):
            with pytest.raises(NotFound):
                act(session, stranger.account_id, card.id)
        with pytest.raises(NotFound):
            cards.read_own(session, stranger.account_id, "crd_none\x00")
        assert cards.list_of_person(session, stranger.account_id, "sandbox") == []


def test_a_card_that_was_tried_in_vain_is_no_other_when_it_is_saved_again(database: str) -> None:
    person = make_person()
    card = save_card("sandbox", person)
    with db.transaction() as session:
        stored = session.get_one(Card, card.id)
        stored.attempts, stored.attempts_since = 3, 77
        customer = session.get_one(Customer, card.customer_id)
        again = cards.save(session, customer, facts_of("4242", ref="pm_again"))
        assert (again.attempts, again.attempts_since, again.id == card.id) == (3, 77, False)
        other = cards.save(session, customer, facts_of("1111"))
        assert other.attempts == 0


def test_what_a_bank_changed_is_kept_and_a_removed_card_stays_removed(database: str) -> None:
    person = make_person()
    card = save_card("sandbox", person)
    with db.transaction() as session:
        cards.remove(session, *cards.read_own(session, person.account_id, card.id))
    save_card("sandbox", person, "4242", last_four="9999", expiry_year=2033)
    found = card_row(card)
    assert (found.last_four, found.expiry_year, found.removed_at is None) == ("9999", 2033, False)
    assert default_of(card) is None


def test_an_account_names_its_cards_for_itself(database: str) -> None:
    card = save_card("sandbox", make_person())
    with db.transaction() as session:
        other = open_connection(session, "emulated", Environment.SANDBOX)
        found = cards.find_by_ref(session, "sandbox", card.ref)
        assert found is not None and found[0].id == card.id
        assert cards.find_by_ref(session, other.id, card.ref) is None


def test_a_fingerprint_that_somebody_else_saved_is_known(database: str) -> None:
    ada, bob = make_person(), make_person("bob@example.org")
    save_card("sandbox", ada)
    with db.transaction(writes=False) as session:
        assert cards.list_others(session, "4242", bob.account_id) == [ada.account_id]
        assert cards.list_others(session, "4242", ada.account_id) == []
        assert cards.list_others(session, "1111", bob.account_id) == []
