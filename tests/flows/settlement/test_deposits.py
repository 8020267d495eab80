"""Deposits on a real chain: credited once, when they are final, whatever happens to blocks before."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from app import db
from app.adapters.chain import abi
from app.adapters.chain.contracts import forwarders
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import TEST_WALLET, TREASURY
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.authorizations.authorizations import Consent, approve
from app.domain.chain_deposits import addresses, arrivals, cursor
from app.domain.chain_deposits.arrivals import ArrivalView
from app.domain.chain_deposits.tables import ArrivalKind, DepositAddress
from app.domain.funnel.rounds import Shown, note_shown
from app.domain.funnel.tables import FunnelRound
from app.domain.ledger.accounts import Kind
from app.domain.ledger.folding import read_balance
from app.domain.money import MICRO_NANOS
from app.domain.paywalls.modes import Mode
from app.domain.wallets.trial import INSTANCE
from app.flows.events.mails import Desk
from app.flows.settlement.deposits import Deposits
from app.ports.chain.values import ChainUnavailable
from tests.support.depositing import Depositing, depositing, wallet_of
from tests.support.managing import person
from tests.support.restored import keep, restore
from tests.support.rolled import App
from tests.support.scripted_chain import ToyChain
from tests.support.settling import answers, through
from tests.support.toy_wallets import ToyChains

TRANSFER = "transfer(address,uint256)"
DAYS = 400
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
async def at(database: str, dev_chain: DevChain) -> AsyncIterator[Depositing]:
    async with depositing(dev_chain) as made:
        dev_chain.mint(dev_chain.node.accounts[TEST_WALLET], 1_000_000_000)
        yield made


def arrived(at: Depositing, email: str = "ada@example.org") -> Sequence[ArrivalView]:
    with db.transaction(writes=False) as session:
        return arrivals.list_of_wallet(session, wallet_of(person(email)).owner)


def pay(at: Depositing, address: str, units: int) -> str:
    payer = at.dev.node.accounts[TEST_WALLET]
    return str(at.dev.call(TRANSFER, address, units, sender=payer)["transactionHash"])


@pytest.mark.unhurried
async def test_a_deposit_is_shown_at_once_and_credited_when_it_is_final(at: Depositing) -> None:
    ada = person("ada@example.org")
    address = await at.address_of(ada)
    assert await at.address_of(ada) == address  # for ever
    hash_ = pay(at, address, 25_000_000)
    assert await at.flow.read() == 0
    (seen,) = arrived(at)
    assert (seen.kind, seen.units, seen.transaction) == (ArrivalKind.SEEN, 25_000_000, hash_)
    assert at.units_of(ada) == 0
    assert await at.read_final() == 1
    (credited,) = arrived(at)
    assert (credited.kind, credited.seen_at >= seen.seen_at) == (ArrivalKind.CREDITED, True)
    assert at.units_of(ada) == 25_000_000
    assert await at.read_final() == 0
    assert at.units_of(ada) == 25_000_000
    at.check_books(25_000_000)


@pytest.mark.unhurried
async def test_a_reorg_never_credits_twice(at: Depositing) -> None:
    """The same transfer is mined again behind another one, so that its log has another index in its block."""
    ada, node = person("ada@example.org"), at.dev.node
    address = await at.address_of(ada)
    hash_ = pay(at, address, 25_000_000)
    raw = node.ask("eth_getRawTransactionByHash", hash_)
    await at.flow.read()
    assert [one.kind for one in arrived(at)] == [ArrivalKind.SEEN]
    node.ask("anvil_reorg", 1, [])
    node.ask("anvil_dropAllTransactions")
    await at.flow.read()
    assert (list(arrived(at)), at.units_of(ada)) == ([], 0)
    mint = abi.call_data("mint(address,uint256)", node.accounts[9], 1)
    fees = {"maxFeePerGas": hex(10**12), "maxPriorityFeePerGas": hex(10**11)}
    node.ask("eth_sendTransaction", {"from": node.accounts[0], "to": at.dev.token, "data": mint, **fees})
    assert node.ask("eth_sendRawTransaction", raw) == hash_
    logs = node.receipt(hash_)["logs"]
    assert int(logs[0]["logIndex"], 16) > 0
    assert await at.read_final() == 1
    assert await at.read_final() == 0
    assert at.units_of(ada) == 25_000_000
    at.check_books(25_000_000)


@pytest.mark.unhurried
async def test_only_the_token_itself_counts_to_its_last_digit(at: Depositing) -> None:
    ada, dev = person("ada@example.org"), at.dev
    address = await at.address_of(ada)
    dev.mint(address, 10_000_000, token=dev.bridged_token)  # it only looks like USDC
    payer = dev.node.accounts[TEST_WALLET]
    dev.call(TRANSFER, address, 0, sender=payer)
    fake = dev.node.deploy(_emitting(payer, address))
    dev.node.transact(fake, "0x")  # the same event, of a contract that anybody wrote
    pay(at, address, 1)
    assert await at.read_final() == 2
    assert at.units_of(ada) == 1
    assert sorted((one.kind, one.units) for one in arrived(at)) == [
        (ArrivalKind.BRIDGED, 10_000_000), (ArrivalKind.CREDITED, 1),
    ]  # fmt: skip
    (mail,) = (kept.mail for kept in at.mailbox.kept())
    assert mail.subject == "The wrong token came in on Dev chain"
    assert "10000000 units" in mail.text and address in mail.text
    at.check_books(1)


def _emitting(payer: str, payee: str) -> str:
    """Returns what deploys a contract that says, whenever it is called, that it has moved a token."""
    topic = abi.hash_of(b"Transfer(address,address,uint256)")
    said = [abi.word(hex(77)[2:].zfill(2)), abi.word(payee), abi.word(payer), topic]
    body = f"7f{said[0][2:]}6000527f{said[1][2:]}7f{said[2][2:]}7f{said[3][2:]}60206000a3"
    length = len(body) // 2
    return f"0x61{length:04x}80600c6000396000f3{body}"


async def test_money_that_comes_late_is_credited(at: Depositing) -> None:
    ada = person("ada@example.org")
    address = await at.address_of(ada)
    at.dev.node.ask("evm_increaseTime", hex(DAYS * 24 * 3_600))
    pay(at, address, 2)
    await at.read_final()
    assert at.units_of(ada) == 2


async def test_what_comes_to_the_treasury_is_the_operators(at: Depositing) -> None:
    treasury = at.dev.node.accounts[TREASURY]
    pay(at, treasury, 7_000_000)
    assert await at.read_final() == 1
    with db.transaction(writes=False) as session:
        capital = wallet_of(person("ada@example.org")).beside(Kind.OPERATOR_CAPITAL, INSTANCE)
        assert read_balance(session, capital) == 7_000_000 * MICRO_NANOS
    at.check_books(7_000_000)


async def test_what_came_to_an_address_that_a_restored_backup_forgot_is_credited_when_it_is_opened(
    database: str, at: Depositing
) -> None:
    """The cursor has passed it by: the database did not know whose it was."""
    ada, bob = person("ada@example.org"), person("bob@example.org")
    kept = keep(database)
    address = await at.address_of(ada)
    pay(at, address, 5_000_000)
    await at.read_final()
    pay(at, address, 7)
    restore(database, kept)
    assert await at.read_final() == 0 and at.units_of(ada) == 0
    await at.address_of(bob)
    assert await at.flow.read() == 0 and at.mailbox.kept() == []
    assert await at.address_of(ada) == address
    assert await at.flow.read() == 2 and at.units_of(ada) == 5_000_007
    assert await at.flow.read() == 0
    pay(at, address, 1)
    assert await at.read_final() == 1
    assert [one.mail.subject for one in at.mailbox.kept()] == [
        "Deposits on Dev chain from before their addresses were known"
    ]
    at.check_books(5_000_008)


async def test_nodes_that_forget_old_states_stop_no_deposits_after_an_outage(database: str, at: Depositing) -> None:
    """Most nodes keep the states of some minutes: whoever opened an address meanwhile must not stop everything."""
    ada, bob, dev = person("ada@example.org"), person("bob@example.org"), at.dev
    address = await at.address_of(ada)
    await at.flow.read()
    kept = keep(database)
    theirs = await at.address_of(bob)
    for payee in (address, theirs):
        pay(at, payee, 5_000_000)
    await at.read_final()
    with db.transaction(writes=False) as session:
        listed = addresses.list_unswept(session, at.chain.rules.id, 1, 0, 10)
    restore(database, kept)
    await at.read_final()
    pay(at, theirs, 7)
    salts = [one.salt for one in listed if one.address == theirs]
    dev.node.transact(dev.factory, forwarders.sweep_data(salts, dev.token))
    await at.address_of(bob)  # whose money came and went while nobody read
    dev.node.finalize()
    newest = await at.chain.finalized()

    def pruned(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        block = asked["params"][1] if asked["method"] == "eth_call" else None
        if isinstance(block, dict) and block["blockHash"] != newest.hash:
            return {"jsonrpc": "2.0", "id": said["id"], "error": {"code": -32_000, "message": "missing trie node"}}
        return said

    async with through(dev, one=pruned, two=pruned) as chain:
        chain.rules = replace(chain.rules, factory=at.chain.rules.factory)
        await replace(at.flow, chain=chain).read()
    assert (at.units_of(ada), at.units_of(bob)) == (5_000_000, 5_000_007)
    with db.transaction(writes=False) as session:
        left = addresses.list_unswept(session, at.chain.rules.id, 1, 0, 10)
    assert [one.address for one in left] == [address]  # nothing is at the other, and nothing is swept for nothing
    at.check_books(10_000_007)


async def test_a_deposit_that_all_nodes_hid_when_its_block_was_read_is_found_within_a_day(
    database: str, at: Depositing
) -> None:
    """Logs may be missing at first, and there later (filecoin-project/lotus#13758): what stands there is compared."""
    ada = person("ada@example.org")
    address = await at.address_of(ada)
    await at.flow.read()
    pay(at, address, 5_000_000)
    at.dev.node.finalize()
    final = await at.chain.finalized()
    with db.transaction() as session:
        cursor.advance(session, at.chain.rules.id, final.number, final.hash)  # its logs were not shown
    assert await at.flow.read() == 0 and at.units_of(ada) == 0
    held = await at.chain.balances([address], final)
    for age_days, found in ((0, 0), (2, 1), (2, 0)):
        with db.transaction() as session:
            session.execute(update(DepositAddress).values(looked_back_at=clock.now() - age_days * clock.DAY))
            addresses.look_again(session, at.chain.rules.id, held)
        assert await at.flow.read() == found
    assert at.units_of(ada) == 5_000_000
    at.check_books(5_000_000)


async def test_what_was_swept_from_an_address_that_a_restored_backup_forgot_is_told(
    database: str, at: Depositing
) -> None:
    ada = person("ada@example.org")
    kept = keep(database)
    address = await at.address_of(ada)
    pay(at, address, 5_000_000)
    await at.read_final()
    with db.transaction(writes=False) as session:
        (known,) = addresses.list_unswept(session, at.chain.rules.id, 1, 0, 10)
    restore(database, kept)
    at.dev.node.transact(at.dev.factory, forwarders.sweep_data([known.salt], at.dev.token))
    await at.read_final()
    await at.address_of(ada)
    await at.flow.read()
    (told,) = at.mailbox.kept()
    assert told.mail.subject == "Deposits on Dev chain were booked as your own money"
    assert f"5.00 USDC went from {address}" in told.mail.text
    at.check_books(5_000_000)


@pytest.mark.unhurried
async def test_a_sweep_moves_nothing_in_the_books(at: Depositing) -> None:
    ada = person("ada@example.org")
    address = await at.address_of(ada)
    pay(at, address, 5_000_000)
    await at.read_final()
    with db.transaction(writes=False) as session:
        (kept,) = addresses.list_unswept(session, at.chain.rules.id, 1, 0, 10)
    at.dev.node.transact(at.dev.factory, forwarders.sweep_data([kept.salt], at.dev.token))
    assert await at.read_final() == 1
    assert at.dev.balance(at.dev.node.accounts[TREASURY]) == 5_000_000
    assert at.units_of(ada) == 5_000_000
    with db.transaction(writes=False) as session:
        assert addresses.list_unswept(session, at.chain.rules.id, 1, 2**62, 10) == []
    at.check_books(5_000_000)


@pytest.mark.unhurried
async def test_what_the_treasury_held_before_is_the_operators(database: str, dev_chain: DevChain) -> None:
    dev_chain.mint(dev_chain.node.accounts[TREASURY], 3_000_000)
    dev_chain.node.finalize()
    async with depositing(dev_chain) as at:
        await at.read_final()
        at.check_books(3_000_000)


@pytest.mark.unhurried
async def test_another_chain_stops_the_reading_and_says_so(at: Depositing) -> None:
    ada = person("ada@example.org")
    address = await at.address_of(ada)
    node = at.dev.node
    before = node.ask("evm_snapshot")
    pay(at, address, 5)
    await at.read_final()
    node.ask("evm_revert", before)  # as if the chain's state had been lost, and the database not
    pay(at, address, 900)
    node.mine(30)
    assert await at.flow.read() == 0
    assert await at.flow.read() == 0
    with db.transaction(writes=False) as session:
        found = cursor.find(session, at.chain.rules.id)
    assert found is not None and found.stopped_because is not None and "--fresh" in found.stopped_because
    assert [kept.mail.subject for kept in at.mailbox.kept()] == ["Deposits on Dev chain have stopped"]
    assert at.units_of(ada) == 5
    at.check_books(5)


@pytest.mark.unhurried
async def test_a_node_that_lags_stops_nothing(at: Depositing) -> None:
    at.dev.node.mine(5)
    await at.read_final()
    old = at.dev.node.ask("eth_getBlockByNumber", "0x1", False)
    async with through(at.dev, one=None, two=answers("eth_getBlockByNumber", old, "latest")) as behind:
        assert await replace(at.flow, chain=behind).read() == 0
    with db.transaction(writes=False) as session:
        found = cursor.find(session, at.chain.rules.id)
    assert found is not None and found.stopped_because is None and at.mailbox.kept() == []
    pay(at, at.dev.node.accounts[TREASURY], 5)
    assert await at.read_final() == 1


@pytest.mark.unhurried
async def test_dust_of_the_wrong_token_is_shown_and_mails_nobody(at: Depositing) -> None:
    """Else a stranger with a dollar's worth of gas floods the operators, and holds up everybody's deposits."""
    ada, dev = person("ada@example.org"), at.dev
    address = await at.address_of(ada)
    for units in (1, 999_999):
        dev.mint(address, units, token=dev.bridged_token)
    assert await at.read_final() == 2
    assert [one.kind for one in arrived(at)] == [ArrivalKind.BRIDGED] * 2
    assert at.mailbox.kept() == []


async def test_a_chain_that_is_not_read_is_a_job_that_fails(database: str) -> None:
    """Its page says so: deposits that nobody takes, as with another treasury's key, must not look well."""
    chain = ToyChain()
    deposits = Deposits(ToyChains(chain), Desk(KeptMailer(clock.now), frozenset()))
    assert await deposits.read_all() == 0
    chain.cut_next(1, by=ChainUnavailable)
    with pytest.raises(ChainUnavailable):
        await deposits.read_all()


@pytest.mark.unhurried
async def test_a_deposit_pays_the_rounds_of_the_apps_that_its_person_allowed(at: Depositing) -> None:
    ada, app = person("ada@example.org"), App(Mode.SHARED)
    address = await at.address_of(ada)
    with db.transaction() as session:
        approve(session, Consent(ada.account_id, app.id, "u1", wallet_of(ada), 10**9))
        note_shown(session, [Shown(app.id, 1, "u1")])
    pay(at, address, 5)
    await at.read_final()
    with db.transaction(writes=False) as session:
        assert session.get_one(FunnelRound, (app.id, 1, "u1")).paid_at is not None
