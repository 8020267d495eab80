"""A deposit that somebody signs and we bring counts once, whoever brings it; what would be refused costs no gas."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from app import db
from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import GAS, KEYS, SWEEPER, TEST_WALLET
from app.adapters.chain.dev.wallet import DevWallet
from app.adapters.chain.keys import LocalSigner, Wallets
from app.domain import clock
from app.domain.chain_deposits import arrivals, signed_topups
from app.domain.chain_deposits.signed_topups import HOUR_MAX
from app.domain.chain_deposits.tables import SignedTopup
from app.domain.errors import BadField, LimitReached, NotFound, Refused, Unavailable
from app.domain.money import Environment
from app.domain.people.sessions import Person
from app.domain.transactions import transactions
from app.domain.transactions.tables import Purpose
from app.flows.events.mails import Desk
from app.flows.settlement.sending import Pace, Sender
from app.flows.settlement.signed.topups import SignedTopups, ToSign
from app.ports.chain.signer import ChainKeys
from app.ports.chain.values import AddressInvalid, Authorization, SignedAuthorization
from app.wiring.settlement import NoChains
from tests.support.depositing import Depositing, depositing, wallet_of
from tests.support.managing import person
from tests.support.settling import GAS_KEY, TREASURY_KEY

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SANDBOX = Environment.SANDBOX
REFUSES = "0x60006000fd"
"""A contract that refuses whatever it is asked."""
LATE_SECONDS = 3_600


class One(NoChains):
    """Chains of which there is one, with its keys."""

    def __init__(self, chain: EvmChain) -> None:
        self._chain = chain

    def of(self, environment: Environment) -> Sequence[EvmChain]:
        return [self._chain] if environment is SANDBOX else []

    def reach(self, chain_id: int) -> EvmChain:
        return self._chain

    def keys(self, chain_id: int) -> ChainKeys:
        return ChainKeys(TREASURY_KEY, GAS_KEY)


@dataclass
class Signing:
    """A person with a wallet of their own, and what they sign."""

    at: Depositing
    flow: SignedTopups
    wallet: DevWallet
    ada: Person

    @property
    def payer(self) -> str:
        return self.at.dev.node.accounts[TEST_WALLET]

    async def begin(self, amount: str = "10") -> ToSign:
        return await self.flow.begin(self.ada, SANDBOX, self.payer, amount)

    async def bring(self, asked: ToSign, signature: str = "") -> None:
        await self.flow.bring(self.ada, asked.id, signature or await self.wallet.sign(asked.typed))

    async def bring_by_stranger(self, asked: ToSign) -> None:
        """Lets somebody else bring what was signed."""
        with db.transaction(writes=False) as session:
            row = signed_topups.read_own(session, self.ada.account_id, asked.id)
        signed = self.at.chain.read_signature(_authorization(row), await self.wallet.sign(asked.typed))
        self._transact(signed)

    def _transact(self, signed: SignedAuthorization) -> None:
        node, call = self.at.dev.node, self.at.chain.relay_one(signed)
        node.transact(call.to, "0x" + call.data.hex(), node.accounts[SWEEPER])

    async def final(self) -> int:
        """Lets what was sent be mined and be final, and takes it."""
        self.at.dev.node.mine()
        return await self.at.read_final()

    @property
    def sent(self) -> int:
        """How many transactions the gas account has numbered for us, all of them of this kind."""
        with db.transaction(writes=False) as session:
            found = transactions.list_open(session, f"31337:{GAS_KEY.address}")
        assert all(one.purpose is Purpose.RELAY for one in found)
        return len(found)

    def shown(self) -> list[str]:
        """Returns what is shown of signed top-ups and arrivals."""
        with db.transaction(writes=False) as session:
            sent = signed_topups.list_sent(session, wallet_of(self.ada).owner)
            came = arrivals.list_of_wallet(session, wallet_of(self.ada).owner)
        return ["over" if one.is_over else "sent" for one in sent] + [one.kind.value for one in came]


def _authorization(row: SignedTopup) -> Authorization:
    return Authorization(row.payer, row.payee, row.units, row.valid_before, row.nonce)


@pytest.fixture
async def signing(database: str, dev_chain: DevChain) -> AsyncIterator[Signing]:
    async with depositing(dev_chain) as at:
        dev_chain.mint(dev_chain.node.accounts[TEST_WALLET], 1_000_000_000)
        flow = SignedTopups(One(at.chain), Wallets(), Desk(at.mailbox, frozenset()))
        yield Signing(at, flow, DevWallet(dev_chain.node.url, dev_chain.token), person("ada@example.org"))


@pytest.mark.unhurried
async def test_what_is_signed_comes_in_once_and_costs_its_payer_no_gas(signing: Signing) -> None:
    coins = signing.at.dev.node.ask("eth_getBalance", signing.payer, "latest")
    asked = await signing.begin("10.5")
    assert (asked.units, asked.payer, signing.shown()) == (10_500_000, signing.payer, [])
    await signing.bring(asked)
    await signing.bring(asked)  # pressed twice
    assert (signing.sent, signing.shown(), signing.at.units_of(signing.ada)) == (1, ["sent"], 0)
    assert await signing.final() == 1
    assert await signing.final() == 0
    assert (signing.shown(), signing.at.units_of(signing.ada)) == (["credited"], 10_500_000)
    assert signing.at.dev.node.ask("eth_getBalance", signing.payer, "latest") == coins
    signing.at.check_books(10_500_000)


@pytest.mark.unhurried
async def test_a_transfer_that_a_stranger_brings_first_counts_and_costs_us_nothing(signing: Signing) -> None:
    asked = await signing.begin()
    await signing.bring_by_stranger(asked)
    await signing.bring(asked)
    assert signing.sent == 0
    await signing.final()
    assert (signing.shown(), signing.at.units_of(signing.ada)) == (["credited"], 10_000_000)
    signing.at.check_books(10_000_000)


@pytest.mark.unhurried
async def test_a_transfer_that_a_stranger_brings_behind_our_back_counts_once(signing: Signing) -> None:
    """Ours fails then, which decides nothing."""
    asked, node = await signing.begin(), signing.at.dev.node
    await signing.bring(asked)
    node.ask("anvil_dropAllTransactions")
    await signing.bring_by_stranger(asked)
    sender = Sender(signing.at.chain, GAS_KEY, signing.flow.desk, Pace(again_seconds=0))
    await sender.go_on(await signing.at.chain.finalized())
    await signing.final()
    await sender.go_on(await signing.at.chain.finalized())
    assert (signing.sent, signing.shown(), signing.at.units_of(signing.ada)) == (0, ["credited"], 10_000_000)
    signing.at.check_books(10_000_000)


@pytest.mark.unhurried
async def test_what_was_stored_and_lost_on_its_way_is_sent_again(signing: Signing) -> None:
    asked, node = await signing.begin(), signing.at.dev.node
    await signing.bring(asked)
    node.ask("anvil_dropAllTransactions")  # as if the process had ended before a node had it
    await Sender(signing.at.chain, GAS_KEY, signing.flow.desk, Pace(again_seconds=0)).go_on(
        await signing.at.chain.finalized()
    )
    await signing.final()
    assert signing.at.units_of(signing.ada) == 10_000_000


@pytest.mark.unhurried
async def test_what_is_signed_too_late_is_refused(signing: Signing) -> None:
    asked, node = await signing.begin(), signing.at.dev.node
    node.ask("evm_increaseTime", hex(LATE_SECONDS))
    node.mine()
    with pytest.raises(Refused, match="within 15 minutes"):
        await signing.bring(asked)
    assert (signing.sent, signing.shown()) == (0, [])


@pytest.mark.unhurried
async def test_what_is_not_mined_in_time_moves_nothing_and_says_so(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, node = await signing.begin(), signing.at.dev.node
    await signing.bring(asked)
    node.ask("evm_increaseTime", hex(LATE_SECONDS))
    assert await signing.final() == 0
    assert signing.at.units_of(signing.ada) == 0
    now = clock.now() + LATE_SECONDS * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now)
    assert signing.shown() == ["over"]


@pytest.mark.unhurried
async def test_a_paused_token_is_said_before_and_after_signing(signing: Signing) -> None:
    asked = await signing.begin()
    signing.at.dev.call("pause()")
    for again in (signing.begin(), signing.bring(asked)):
        with pytest.raises(Refused, match="paused all transfers"):
            await again
    assert signing.sent == 0
    signing.at.dev.call("unpause()")
    await signing.bring(asked)
    await signing.final()
    assert signing.at.units_of(signing.ada) == 10_000_000


@pytest.mark.unhurried
async def test_a_blocked_payer_is_said_before_and_after_signing(signing: Signing) -> None:
    asked = await signing.begin()
    signing.at.dev.call("blacklist(address)", signing.payer)
    for again in (signing.begin(), signing.bring(asked)):
        with pytest.raises(Refused, match="issuer of USDC blocks 0x"):
            await again
    assert signing.sent == 0


@pytest.mark.unhurried
async def test_a_payer_without_the_money_is_told_what_they_have(signing: Signing) -> None:
    asked = await signing.begin("2000")
    with pytest.raises(Refused, match=r"has 1,000\.00 USDC, which is less than 2,000\.00 USDC"):
        await signing.bring(asked)
    assert signing.sent == 0


@pytest.mark.unhurried
async def test_a_cancelled_transfer_is_not_brought(signing: Signing) -> None:
    asked = await signing.begin()
    with db.transaction(writes=False) as session:
        row = signed_topups.read_own(session, signing.ada.account_id, asked.id)
    call = signing.at.chain.cancel(signing.payer, row.nonce, LocalSigner.of_key(KEYS[TEST_WALLET], 31_337))
    signing.at.dev.node.transact(call.to, "0x" + call.data.hex())
    with pytest.raises(Refused, match="You cancelled"):
        await signing.bring(asked)
    assert signing.sent == 0


@pytest.mark.unhurried
@pytest.mark.parametrize("code", [REFUSES, "delegated"])
async def test_a_contract_and_an_account_with_code_are_refused(signing: Signing, code: str) -> None:
    """An account that delegates (EIP-7702) has its own code asked for its signature, as a contract has (ERC-1271)."""
    node = signing.at.dev.node
    asked = await signing.begin()
    signature = await signing.wallet.sign(asked.typed)
    if code == "delegated":
        code = "0xef0100" + node.deploy("0x6005600c60003960056000f360006000fd")[2:].lower()
    node.ask("anvil_setCode", signing.payer, code)
    node.mine()
    for said in (signature, "0x" + "12" * 65, "0x" + "12" * 200):
        with pytest.raises(Refused, match="is a contract, or acts as one"):
            await signing.bring(asked, said)
    assert (signing.sent, signing.shown()) == (0, [])


@pytest.mark.unhurried
async def test_another_signature_and_another_person_are_refused(signing: Signing) -> None:
    asked, other = await signing.begin(), await signing.begin("11")
    for wrong in (await signing.wallet.sign(other.typed), "0x", "nonsense", "0x" + "00" * 65):
        with pytest.raises(AddressInvalid):
            await signing.bring(asked, wrong)
    right = await signing.wallet.sign(asked.typed)
    with pytest.raises(NotFound):
        await signing.flow.bring(person("eve@example.org"), asked.id, right)
    assert signing.sent == 0


async def test_amounts_addresses_and_environments_have_bounds(signing: Signing) -> None:
    for amount in ("0.99", "10000.01", "0", "-1", "many", ""):
        with pytest.raises(BadField):
            await signing.begin(amount)
    for payer in ("", "0x12", signing.payer.swapcase()):
        with pytest.raises(AddressInvalid):
            await signing.flow.begin(signing.ada, SANDBOX, payer, "10")
    with pytest.raises(Refused, match="No chain"):
        await signing.flow.begin(signing.ada, Environment.LIVE, signing.payer, "10")


@pytest.mark.unhurried
async def test_we_pay_gas_only_so_often(signing: Signing) -> None:
    for _ in range(HOUR_MAX):
        await signing.bring(await signing.begin("1"))
    last = await signing.begin("1")
    with pytest.raises(LimitReached, match="We paid the gas of 5 top-ups"):
        await signing.bring(last)
    assert signing.sent == HOUR_MAX
    await signing.final()
    assert signing.at.units_of(signing.ada) == HOUR_MAX * 1_000_000


@pytest.mark.unhurried
async def test_without_coins_for_gas_nothing_is_sent(signing: Signing) -> None:
    asked, node = await signing.begin(), signing.at.dev.node
    node.ask("anvil_setBalance", node.accounts[GAS], hex(10**15))
    node.finalize()
    with pytest.raises(Unavailable, match="cannot pay the gas"):
        await signing.bring(asked)
    assert (signing.sent, signing.shown()) == (0, [])
