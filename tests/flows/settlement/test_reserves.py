"""What stands on a chain against the books: equal as a rule, more shows, less pauses payouts and tells operators."""

import asyncio
from dataclasses import replace

import pytest

from app import db
from app.domain import clock
from app.domain.chain_deposits import addresses, cursor
from app.domain.chain_deposits.addresses import AddressOf
from app.domain.errors import Unavailable
from app.domain.money import Environment
from app.domain.payouts import desk
from app.domain.reserves import reports
from app.domain.reserves.tables import ReserveReport
from app.domain.wallets.shared import open_shared_wallet
from app.flows.events.mails import Desk
from app.flows.settlement import reserves
from app.flows.settlement.deposits import ChainDeposits
from app.flows.settlement.payouts import ChainPayouts
from app.flows.settlement.reserves import Reserves
from tests.support.managing import person
from tests.support.paying_out import CHAIN, ONE, Mails, rail_of, tick
from tests.support.scripted_chain import TREASURY, ToyChain

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SANDBOX = Environment.SANDBOX
OPERATORS = frozenset({"operator@example.com"})


class Instance:
    """A chain, its rail, its deposits and its reserves, looked at as the jobs do."""

    def __init__(self) -> None:
        self.chain, self.mails = ToyChain(), Mails()
        self.chain.mint(TREASURY, 100 * ONE)
        self.chain.mine(3)
        self.rail: ChainPayouts = rail_of(self.chain, self.mails)
        self.deposits = ChainDeposits(self.chain, TREASURY, Desk(self.mails, OPERATORS))

    def compare(self) -> int:
        """Reads what came and went, then compares."""
        asyncio.run(self.deposits.read())
        tick(self.rail)
        return self.compare_alone()

    def compare_alone(self) -> int:
        return asyncio.run(Reserves([self.rail], Desk(self.mails, OPERATORS)).compare_all())

    @property
    def report(self) -> ReserveReport:
        with db.transaction(writes=False) as session:
            (found,) = reports.read_all(session)
            return found

    @property
    def paused(self) -> str | None:
        with db.transaction(writes=False) as session:
            found = desk.find_desk(session, CHAIN)
            assert found is not None
            return found.paused_because


def test_before_a_chain_was_read_nothing_is_said(database: str) -> None:
    instance = Instance()
    assert instance.compare_alone() == 0
    with db.transaction(writes=False) as session:
        assert list(reports.read_all(session)) == []


@pytest.mark.unhurried
def test_the_more_addresses_nodes_are_asked_of_the_seldomer_that_is(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance, ada = Instance(), person("ada@example.org")
    compared = Reserves([instance.rail], Desk(instance.mails, OPERATORS))
    assert asyncio.run(compared.has_due()) and not asyncio.run(Reserves([], compared.desk).has_due())
    instance.compare()
    assert asyncio.run(compared.has_due())
    with db.transaction() as session:
        place = AddressOf(open_shared_wallet(session, ada.account_id, SANDBOX), "0xA", "0xF", "0x5", "0xH")
        addresses.keep(session, CHAIN, place)
    monkeypatch.setattr(reserves, "PAUSE_ADDRESS_MICROSECONDS", 60 * clock.SECOND)
    assert not asyncio.run(compared.has_due())
    with db.transaction() as session:
        session.get_one(ReserveReport, SANDBOX).made_at -= 60 * clock.SECOND
    assert asyncio.run(compared.has_due())


def test_what_agrees_says_block_and_hash_and_what_is_owed(database: str) -> None:
    instance = Instance()
    assert instance.compare() == 1
    (chain,) = instance.report.document["chains"]
    assert chain["block"]["number"] == instance.chain.height - 2
    assert chain["block"]["hash"] == instance.chain._hash(instance.chain.height - 2)
    assert (chain["held"], chain["booked"], chain["difference"], chain["deposit_addresses"]) == ("100", "100", "0", 0)
    assert chain["treasury"] == {"address": TREASURY, "held": "100"} and chain["deposits"] == []
    usdc = instance.report.document["units"]["USDC"]
    assert (usdc["owed_in_all"], usdc["on_chain"], usdc["stated_by_us"], usdc["operator"]) == ("0", "100", "0", "100")
    assert instance.report.environment is Environment.SANDBOX
    assert (instance.paused, instance.mails.sent) == (None, [])


@pytest.mark.unhurried
def test_too_much_shows_and_pauses_nothing(database: str) -> None:
    instance = Instance()
    instance.compare()
    mint_otherwise(instance.chain, 101 * ONE)
    assert instance.compare() == 1
    assert instance.report.document["chains"][0]["difference"] == "1"
    assert (instance.paused, instance.mails.sent, instance.report.lacking_nanos) == (None, [], 0)


@pytest.mark.unhurried
def test_too_little_pauses_payouts_and_tells_once(database: str) -> None:
    instance = Instance()
    instance.compare()
    mint_otherwise(instance.chain, 99 * ONE - 1)
    assert instance.compare() == 0
    assert instance.paused is not None and instance.paused.startswith("1.000001 USDC too little on Toy at block ")
    assert [mail.subject for mail in instance.mails.sent] == ["Payouts on Toy are paused"]
    assert instance.report.document["chains"][0]["difference"] == "-1.000001"
    assert instance.compare() == 0
    assert len(instance.mails.sent) == 1


def test_a_transfer_by_somebody_else_is_short_until_it_is_booked(database: str) -> None:
    instance = Instance()
    instance.compare()
    instance.chain.send_foreign("0xEve", ONE)
    instance.chain.mine(3)
    assert instance.compare() == 0
    assert [mail.subject for mail in instance.mails.sent] == ["Payouts on Toy are paused", "Reserves on Toy are short"]
    assert instance.report.document["chains"][0]["difference"] == "-1"


def test_a_chain_that_was_replaced_makes_no_report(database: str) -> None:
    instance = Instance()
    instance.compare()
    made_at = instance.report.made_at
    with db.transaction() as session:
        found = cursor.find(session, CHAIN)
        assert found is not None
        found.block_hash = "0xanother"
    with pytest.raises(Unavailable, match="lacks block"):
        instance.compare_alone()
    assert instance.report.made_at == made_at


def mint_otherwise(chain: ToyChain, units: int) -> None:
    """Lets the treasury hold another sum than was read, though no transfer says why."""
    chain.moved[0] = replace(chain.moved[0], units=units)
