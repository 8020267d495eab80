"""An address counts once it is proved, a changed one a day later, and none that nobody can own."""

import asyncio
from dataclasses import replace

import pytest

from app import db
from app.domain import clock
from app.domain.errors import BadField, LimitReached, NotFound, Refused
from app.domain.money import Environment
from app.domain.payouts import addresses
from app.domain.payouts.addresses import AddressView
from app.domain.payouts.tables import PayoutAddress, PayoutStatus, ProvedBy
from app.domain.people.sessions import Person
from app.flows.events.mails import Desk
from app.flows.settlement.addresses import open_address
from app.flows.settlement.payout_addresses import ZERO, PayoutAddresses
from app.ports.chain.values import AddressInvalid
from tests.support.managing import manager, own, person
from tests.support.paying_out import (
    ONE,
    RULES,
    Dies,
    Mails,
    earned,
    find,
    kept_mails,
    make_earner,
    make_saver,
    rail_of,
    run,
    unspent,
)
from tests.support.scripted_chain import GAS, TOKEN, TREASURY, Cut, ToyChain
from tests.support.scripted_chain import RULES as RULES_OF_CHAIN
from tests.support.toy_wallets import ToyChains, ToySignatures, signed

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SANDBOX = Environment.SANDBOX


def desk_of(chain: ToyChain | None = None, mails: Mails | None = None) -> PayoutAddresses:
    made = Desk(mails or Mails(), frozenset())
    return PayoutAddresses(ToyChains(chain or ToyChain()), ToySignatures(), RULES, made, "pay.example")


def begin(desk: PayoutAddresses, who: Person, address: str) -> AddressView:
    return asyncio.run(desk.begin(who, SANDBOX, address))


def sign(desk: PayoutAddresses, who: Person, begun: AddressView, by: str | None = None) -> AddressView:
    text = addresses.text_to_sign(begun, SANDBOX, "pay.example")
    return asyncio.run(desk.prove_by_signature(who, begun.id, signed(by or begun.address, text)))


def counting(who: Person) -> str | None:
    with db.transaction(writes=False) as session:
        found = addresses.find_counting(session, who.account_id, SANDBOX)
        return None if found is None else found.address


def test_a_signature_proves_an_address_and_a_changed_one_waits_a_day(database: str) -> None:
    mails, who = Mails(), person("ada@example.org")
    desk = desk_of(mails=mails)
    assert sign(desk, who, begin(desk, who, "0xAda")).proved_by is ProvedBy.SIGNATURE
    assert counting(who) == "0xAda"
    other = sign(desk, who, begin(desk, who, "0xBob"))
    assert counting(who) == "0xAda" and other.counts_from is not None and other.counts_from > clock.now()
    assert [mail.subject for mail in mails.sent] == [
        "You are paid out at an address", "You are paid out at another address",
    ]  # fmt: skip
    assert "0xBob" in mails.sent[1].text
    with db.transaction() as session:
        session.get_one(PayoutAddress, other.id).counts_from = clock.now()
    assert counting(who) == "0xBob"


@pytest.mark.parametrize("address", [TOKEN, TOKEN.lower(), TREASURY, GAS, ZERO, "0xMulticall", "0xBlocked"])
def test_an_address_that_nobody_can_own_is_refused(database: str, address: str) -> None:
    chain, who = ToyChain(), person("ada@example.org")
    chain.blocked.add("0xBlocked")
    with pytest.raises(BadField) as refused:
        begin(desk_of(chain), who, address)
    assert refused.value.field == "address" and counting(who) is None


def test_who_signed_in_long_ago_names_no_address(database: str) -> None:
    """A first address counts at once: who only got into a session must not have all that is in the wallet."""
    chain, who = ToyChain(), person("ada@example.org")
    desk, old = desk_of(chain), replace(who, signed_in_at=clock.now() - 3_601 * clock.SECOND)
    with pytest.raises(Refused, match="Sign out and in again"):
        begin(desk, old, "0xEve")
    assert chain.asked == 0
    begun = begin(desk, who, "0xAda")
    assert sign(desk, old, begun).address == "0xAda"  # what its owner has named may be proved at leisure


def test_the_mail_of_an_address_is_lost_by_no_crash(database: str) -> None:
    who = person("ada@example.org")
    desk = desk_of(mails=Dies())
    with pytest.raises(Cut):
        sign(desk, who, begin(desk, who, "0xAda"))
    assert counting(who) == "0xAda" and kept_mails() == [("ada@example.org", "You are paid out at an address")]


def test_a_deposit_address_of_ours_is_no_payout_address(database: str) -> None:
    chain, who = ToyChain(rules=replace(RULES_OF_CHAIN, factory="0xFactory")), person("ada@example.org")
    own_wallet = asyncio.run(open_address(chain, who)).address
    with pytest.raises(BadField, match="pays into a wallet here"):
        begin(desk_of(chain), who, own_wallet)


def test_what_is_no_address_is_refused(database: str) -> None:
    with pytest.raises(AddressInvalid):
        begin(desk_of(), person("ada@example.org"), "ada.eth")


def test_nodes_are_asked_for_nobody_without_end(database: str) -> None:
    """Each address that somebody names is asked of every node, whose calls the operator pays for."""
    chain, who = ToyChain(), person("ada@example.org")
    desk = desk_of(chain)
    for n in range(20):
        begin(desk, who, f"0xAda{n}")
    asked = chain.asked
    with pytest.raises(LimitReached, match="Wait half a minute"):
        begin(desk, who, "0xAda20")
    with pytest.raises(LimitReached):
        asyncio.run(desk.prove_by_signature(who, "adr_1", "0x"))
    assert chain.asked == asked
    assert begin(desk, person("bob@example.org"), "0xBob").address == "0xBob"


def test_a_test_payout_that_came_back_can_be_sent_again(database: str) -> None:
    chain, who, paywall = ToyChain(), person("ada@example.org"), make_earner(9 * ONE)
    chain.mint(TREASURY, 10 * ONE)
    chain.mine(3)
    own(paywall, who)
    desk = desk_of(chain)
    begun = begin(desk, who, "0xExchange")
    first = asyncio.run(desk.send_test(who, manager(paywall, who), begun.id, begun.id))
    chain.blocked.add("0xExchange")
    run(rail_of(chain), chain, 4)
    assert find(first.id).status is PayoutStatus.RETURNED
    chain.blocked.clear()
    again, same = (asyncio.run(desk.send_test(who, manager(paywall, who), begun.id, begun.id)) for _ in range(2))
    assert again.id == same.id != first.id
    run(rail_of(chain), chain, 3)
    (arrived,) = chain.paid("0xExchange")
    assert asyncio.run(desk.confirm_test(who, begun.id, f"{arrived / ONE:.6f}")).proved_by is ProvedBy.TEST_PAYOUT


def test_there_is_no_chain_of_live_money(database: str) -> None:
    with pytest.raises(Refused, match="No chain is configured for live payouts"):
        asyncio.run(desk_of().begin(person("ada@example.org"), Environment.LIVE, "0xAda"))


def test_another_key_another_text_and_another_person_prove_nothing(database: str) -> None:
    desk, who = desk_of(), person("ada@example.org")
    begun = begin(desk, who, "0xAda")
    with pytest.raises(BadField, match="another key"):
        sign(desk, who, begun, "0xEve")
    text = addresses.text_to_sign(begun, SANDBOX, "pay.example")
    other = begin(desk, who, "0xAda")
    with pytest.raises(BadField, match="another key"):
        asyncio.run(desk.prove_by_signature(who, other.id, signed("0xAda", text)))
    with pytest.raises(NotFound):
        sign(desk, person("eve@example.org"), other)
    with db.transaction() as session:
        session.get_one(PayoutAddress, other.id).created_at -= 2 * 3_600 * clock.SECOND
        old = addresses.read_own(session, who.account_id, other.id)[0]
    with pytest.raises(Refused, match="older than an hour"):
        sign(desk, who, old)
    assert counting(who) is None


@pytest.mark.unhurried
def test_a_test_payout_proves_an_address_by_its_amount(database: str) -> None:
    chain, who, paywall = ToyChain(), person("ada@example.org"), make_earner(3 * ONE)
    chain.mint(TREASURY, 10 * ONE)
    chain.mine(3)
    own(paywall, who)
    desk = desk_of(chain)
    begun = begin(desk, who, "0xExchange")
    with pytest.raises(Refused, match="No test payout"):
        asyncio.run(desk.confirm_test(who, begun.id, "1.005"))
    sent, again = (asyncio.run(desk.send_test(who, manager(paywall, who), begun.id, "c1")) for _ in range(2))
    assert sent.id == again.id and 1_000_001 <= sent.units <= 1_009_999
    with pytest.raises(Refused, match="under way"):
        asyncio.run(desk.confirm_test(who, begun.id, "1.005"))
    run(rail_of(chain), chain, 3)
    (arrived,) = chain.paid("0xExchange")
    with pytest.raises(BadField):
        asyncio.run(desk.confirm_test(who, begun.id, "1.0"))
    proved = asyncio.run(desk.confirm_test(who, begun.id, f"{arrived / ONE:.6f}"))
    assert proved.proved_by is ProvedBy.TEST_PAYOUT and counting(who) == "0xExchange"
    assert earned(paywall).available_nanos == (3 * ONE - arrived) * 1_000 and find(sent.id).finished_at is not None


@pytest.mark.unhurried
def test_a_test_payout_of_unspent_usdc_proves_an_address_too(database: str) -> None:
    chain, (who, wallet) = ToyChain(), make_saver(3 * ONE)
    chain.mint(TREASURY, 3 * ONE)
    chain.mine(3)
    desk = desk_of(chain)
    begun = begin(desk, who, "0xExchange")
    with pytest.raises(NotFound):
        asyncio.run(desk.send_test_of_wallet(person("eve@example.org"), begun.id, "c1"))
    sent, again = (asyncio.run(desk.send_test_of_wallet(who, begun.id, "c1")) for _ in range(2))
    assert sent.id == again.id and unspent(wallet) == 3 * ONE - sent.units
    run(rail_of(chain), chain, 3)
    (arrived,) = chain.paid("0xExchange")
    proved = asyncio.run(desk.confirm_test(who, begun.id, f"{arrived / ONE:.6f}"))
    assert proved.proved_by is ProvedBy.TEST_PAYOUT and counting(who) == "0xExchange"


@pytest.mark.unhurried
def test_an_amount_can_be_guessed_a_few_times_only(database: str) -> None:
    chain, who, paywall = ToyChain(), person("ada@example.org"), make_earner(3 * ONE)
    chain.mint(TREASURY, 10 * ONE)
    chain.mine(3)
    own(paywall, who)
    desk = desk_of(chain)
    begun = begin(desk, who, "0xExchange")
    sent = asyncio.run(desk.send_test(who, manager(paywall, who), begun.id, "c1"))
    run(rail_of(chain), chain, 3)
    for _ in range(addresses.TRIES_MAX):
        with pytest.raises(BadField):
            asyncio.run(desk.confirm_test(who, begun.id, "1"))
    with pytest.raises(Refused, match="too often"):
        asyncio.run(desk.confirm_test(who, begun.id, f"{sent.units / ONE:.6f}"))
    assert counting(who) is None
