"""The deposit factory on a real chain, with Circle's real token."""

from collections.abc import Sequence

import pytest

from app.adapters.chain import abi
from app.adapters.chain.contracts import forwarders
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import TEST_WALLET, TREASURY
from app.domain.errors import Unavailable
from tests.adapters.chain.contracts import compile as compiling
from tests.emulators import anvil

ADDRESSES = 50
OTHER_CHAIN = 31_338
STRANGER = 7


def salt_of(number: int) -> str:
    return abi.hash_of(f"wallet {number}".encode())


def salts(count: int, since: int = 0) -> Sequence[str]:
    return [salt_of(number) for number in range(since, since + count)]


def address_of(chain: DevChain, salt: str) -> str:
    return forwarders.forwarder_of(chain.factory, salt)


def sweep(chain: DevChain, swept: Sequence[str], token: str = "") -> int:
    """Sweeps as somebody who has nothing to do with us, and returns the gas that it took."""
    data = forwarders.sweep_data(swept, token or chain.token)
    receipt = chain.node.transact(chain.factory, data, chain.node.accounts[STRANGER])
    return int(receipt["gasUsed"], 16)


@pytest.mark.unhurried
def test_the_artifact_is_what_vyper_makes_of_the_source() -> None:
    assert compiling.ARTIFACT.read_text() == compiling.compiled(), "python -m tests.adapters.chain.contracts.compile"


@pytest.mark.unhurried
def test_addresses_are_the_same_on_every_chain(dev_chain: DevChain) -> None:
    with anvil.running(OTHER_CHAIN) as other:
        assert other.factory == dev_chain.factory
        for chain in (dev_chain, other):
            assert (
                chain.node.read(chain.factory, "TREASURY()", "address").lower() == chain.node.accounts[TREASURY].lower()
            )
            for salt in salts(ADDRESSES):
                found = chain.node.read(chain.factory, "address_of(bytes32)", "address", abi.bytes_of(salt))
                assert abi.checksummed(found) == address_of(chain, salt)


@pytest.mark.unhurried
def test_a_sweep_by_a_stranger_moves_all_but_what_is_blocked(
    dev_chain: DevChain, capsys: pytest.CaptureFixture[str]
) -> None:
    treasury = dev_chain.node.accounts[TREASURY]
    for salt in salts(30):
        dev_chain.mint(address_of(dev_chain, salt), 1)
    first = sweep(dev_chain, salts(30))
    assert dev_chain.node.has_code(address_of(dev_chain, salt_of(29)))

    for number, salt in enumerate(salts(100)):
        dev_chain.mint(address_of(dev_chain, salt), 1_000_000 + number)
    blocked = address_of(dev_chain, salt_of(64))
    dev_chain.call("blacklist(address)", blocked)
    before = dev_chain.balance(treasury)
    mixed = sweep(dev_chain, salts(100))
    moved = sum(1_000_000 + number for number in range(100)) - 1_000_064
    assert dev_chain.balance(treasury) - before == moved
    assert dev_chain.balance(blocked) == 1_000_064
    assert all(dev_chain.balance(address_of(dev_chain, salt)) == 0 for salt in salts(100) if salt != salt_of(64))
    assert dev_chain.balance(dev_chain.node.accounts[STRANGER]) == 0

    dev_chain.call("unBlacklist(address)", blocked)
    sweep(dev_chain, [salt_of(64)])
    assert dev_chain.balance(treasury) - before == moved + 1_000_064
    for salt in salts(30):
        dev_chain.mint(address_of(dev_chain, salt), 1)
    again = sweep(dev_chain, salts(30))
    assert max(first // 30, mixed // 100) < forwarders.GAS_OF_FORWARDER
    with capsys.disabled():
        print(
            f"\ngas of a sweep of 30 new forwarders {first:,}, of 30 that are there {again:,}, of 100 mixed {mixed:,}"
        )


def test_a_sweep_makes_nothing_where_nothing_is(dev_chain: DevChain) -> None:
    dev_chain.mint(address_of(dev_chain, salt_of(1)), 5)
    sweep(dev_chain, [salt_of(0), salt_of(1), salt_of(1)])
    assert not dev_chain.node.has_code(address_of(dev_chain, salt_of(0)))
    assert dev_chain.balance(dev_chain.node.accounts[TREASURY]) == 5


def test_any_token_can_be_fetched(dev_chain: DevChain) -> None:
    address = address_of(dev_chain, salt_of(0))
    dev_chain.mint(address, 10_000_000, token=dev_chain.bridged_token)
    sweep(dev_chain, [salt_of(0)], dev_chain.bridged_token)
    assert dev_chain.balance(dev_chain.node.accounts[TREASURY], dev_chain.bridged_token) == 10_000_000


def test_a_token_that_is_paused_stays_until_it_is_not(dev_chain: DevChain) -> None:
    dev_chain.mint(address_of(dev_chain, salt_of(0)), 5)
    dev_chain.call("pause()")
    sweep(dev_chain, [salt_of(0)])  # succeeds, and moves nothing
    assert dev_chain.balance(address_of(dev_chain, salt_of(0))) == 5
    dev_chain.call("unpause()")
    sweep(dev_chain, [salt_of(0)])
    assert dev_chain.balance(dev_chain.node.accounts[TREASURY]) == 5


@pytest.mark.unhurried
def test_a_forwarder_does_nothing_but_forward(dev_chain: DevChain) -> None:
    node, address = dev_chain.node, address_of(dev_chain, salt_of(0))
    dev_chain.mint(address, 5)
    sweep(dev_chain, [salt_of(0)])
    dev_chain.mint(address, 7)
    stranger, holder = node.accounts[STRANGER], node.accounts[TEST_WALLET]
    for call in ("transfer(address,uint256)", "approve(address,uint256)", "initialize(address,uint256)"):
        with pytest.raises(Unavailable, match="undid"):
            node.transact(address, abi.call_data(call, stranger, 7), stranger)
    with pytest.raises(Unavailable, match="undid"):
        node.transact(address, "0x", stranger, value=1)  # the chain's own coin is not taken
    assert dev_chain.balance(address) == 7
    assert node.read(dev_chain.token, "allowance(address,address)", "uint256", address, holder) == 0
    node.transact(address, abi.call_data("flush(address)", dev_chain.token), stranger)
    assert dev_chain.balance(node.accounts[TREASURY]) == 12
    # A forwarder is asked to sweep as if it were the factory: whatever it makes can only send to the treasury too.
    node.transact(address, forwarders.sweep_data([salt_of(0)], dev_chain.token), stranger)
    assert dev_chain.balance(stranger) == 0


def test_more_than_a_hundred_are_refused(dev_chain: DevChain) -> None:
    with pytest.raises(Unavailable, match="undid"):
        sweep(dev_chain, salts(101))


def test_a_factory_needs_a_treasury(dev_chain: DevChain) -> None:
    with pytest.raises(Unavailable, match="undid"):
        dev_chain.node.transact(forwarders.DEPLOYER, forwarders.deployment("0x" + "0" * 40))
