"""Circle's own token, as compiled, on a chain of ours."""

import pytest

from app.adapters.chain import abi
from app.adapters.chain.dev import contracts
from app.adapters.chain.dev.chain import DevChain
from app.domain.errors import Unavailable

DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


def test_the_token_is_circles_in_version_2_2(dev_chain: DevChain) -> None:
    node, token = dev_chain.node, dev_chain.token
    assert node.read(token, "name()", "string") == contracts.TOKEN_NAME
    assert node.read(token, "symbol()", "string") == "USDC"
    assert node.read(token, "version()", "string") == "2"
    assert node.read(token, "decimals()", "uint8") == contracts.DECIMALS
    names = [
        abi.hash_of(DOMAIN.encode()),
        abi.hash_of(b"USD Coin"),
        abi.hash_of(b"2"),
        hex(31_337)[2:].zfill(64),
        token,
    ]
    separator = abi.hash_of(b"".join(abi.bytes_of(abi.word(name)) for name in names))
    assert "0x" + node.read(token, "DOMAIN_SEPARATOR()", "bytes32").hex() == separator


def test_its_issuer_may_block_and_pause(dev_chain: DevChain) -> None:
    blocked, other = dev_chain.node.accounts[5:7]
    dev_chain.mint(blocked, 5)
    dev_chain.call("blacklist(address)", blocked)
    with pytest.raises(Unavailable, match="undid"):
        dev_chain.call("transfer(address,uint256)", other, 5, sender=blocked)
    dev_chain.call("unBlacklist(address)", blocked)
    dev_chain.call("pause()")
    with pytest.raises(Unavailable, match="undid"):
        dev_chain.call("transfer(address,uint256)", other, 5, sender=blocked)
    dev_chain.call("unpause()")
    dev_chain.call("transfer(address,uint256)", other, 5, sender=blocked)
    assert dev_chain.balance(other) == 5


def test_many_calls_are_answered_by_one(dev_chain: DevChain) -> None:
    calls = [(dev_chain.token, True, abi.bytes_of(abi.call_data("symbol()"))), (dev_chain.token, True, b"none")]
    signature, kind = "aggregate3((address,bool,bytes)[])", "(bool,bytes)[]"
    answers = dev_chain.node.read(contracts.MULTICALL, signature, kind, calls)
    assert [succeeded for succeeded, _ in answers] == [True, False]
    assert abi.answered(["string"], answers[0][1].hex()) == ("USDC",)
