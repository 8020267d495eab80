"""What nodes say, and what is made of nonsense."""

import pytest

from app.adapters.chain import abi
from app.adapters.chain.said import answers_of_many, block_said, bytes_said, values_said, whole
from app.ports.chain.values import Block, ChainUnavailable


def test_numbers_bytes_and_blocks_are_read() -> None:
    assert whole("0x1f") == 31
    assert bytes_said("0x0102") == b"\1\2"
    assert block_said({"number": "0x2", "hash": "0xab", "timestamp": "0x5"}, "2") == Block(2, "0xab", 5)
    answers = "0x" + abi.encoded(["(bool,bytes)[]"], [(True, b"\1"), (False, b"")]).hex()
    assert answers_of_many(answers, 2) == [b"\1", None]


@pytest.mark.parametrize("said", [None, "", "0x", "zz", 7, [], {"a": 1}])
def test_what_is_no_number_concludes_nothing(said: object) -> None:
    with pytest.raises(ChainUnavailable, match="no number"):
        whole(said)


@pytest.mark.parametrize("said", [None, 7, "0xzz", "0x1", []])
def test_what_are_no_bytes_conclude_nothing(said: object) -> None:
    with pytest.raises(ChainUnavailable, match="no bytes"):
        bytes_said(said)


@pytest.mark.parametrize("said", [None, {}, [], {"number": None, "hash": "0x", "timestamp": "0x1"}])
def test_a_block_that_is_not_known_concludes_nothing(said: object) -> None:
    with pytest.raises(ChainUnavailable):
        block_said(said, "latest")


def test_an_answer_of_the_wrong_shape_concludes_nothing() -> None:
    for said in ("0x", "0x" + "0" * 7, None, "0x" + "ff" * 64):
        with pytest.raises(ChainUnavailable):
            values_said(["uint256", "uint256", "string"], said)
    with pytest.raises(ChainUnavailable, match="1 of 2 calls"):
        answers_of_many("0x" + abi.encoded(["(bool,bytes)[]"], [(True, b"")]).hex(), 2)
