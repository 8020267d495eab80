"""How calls are written, against known ones."""

import pytest

from app.adapters.chain import abi

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
"""An address of EIP-55's own examples."""


def test_a_call_is_its_selector_and_its_arguments() -> None:
    said = abi.call_data("transfer(address,uint256)", ADDRESS, 25_000_000)
    assert said[:10] == "0xa9059cbb"  # as every ERC-20 answers to
    assert said[10:] == ADDRESS[2:].lower().rjust(64, "0") + f"{25_000_000:064x}"


@pytest.mark.parametrize(
    ("signature", "kinds"),
    [
        ("f()", []),
        ("f(uint256)", ["uint256"]),
        ("f((address,bool,bytes)[],bytes32[100],address)", ["(address,bool,bytes)[]", "bytes32[100]", "address"]),
    ],
)
def test_types_of_arguments_are_found_in_a_signature(signature: str, kinds: list[str]) -> None:
    assert abi.kinds_of(signature) == kinds


def test_a_checksum_that_is_wrong_is_refused() -> None:
    assert abi.checksummed(ADDRESS.lower()) == ADDRESS == abi.checksummed("0x" + ADDRESS[2:].upper())
    for wrong in (ADDRESS.replace("5aA", "5aa"), ADDRESS[:-1], ADDRESS[2:], "", "ada.eth"):
        with pytest.raises(ValueError, match="is no address"):
            abi.checksummed(wrong)


def test_an_address_is_found_in_a_topic() -> None:
    assert abi.address_in(abi.word(ADDRESS)) == ADDRESS


def test_answers_are_read() -> None:
    assert abi.answered(["bool", "bytes"], "0x" + "1".zfill(64) + "40".zfill(64) + "0" * 64) == (True, b"")


def test_an_address_of_create2_is_that_of_the_standards_example() -> None:
    found = abi.created("0xdeadbeef" + "0" * 32, "0x" + "0" * 64, abi.hash_of(b"\0"))
    assert found == "0xB928f69Bb1D91Cd65274e3c79d8986362984fDA3"
