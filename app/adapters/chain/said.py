"""What nodes say in JSON, as numbers, bytes and blocks. What is none raises ChainUnavailable. Pure."""

from collections.abc import Sequence
from typing import Any

from app.adapters.chain import abi
from app.ports.chain.values import Block, ChainUnavailable

_LETTERS_MAX = 80


def whole(said: object) -> int:
    """Returns a number that was written as `0x…`."""
    try:
        if isinstance(said, str):
            return int(said, 16)
    except ValueError:
        pass
    raise ChainUnavailable(f"A node answered {str(said)[:_LETTERS_MAX]!r}, which is no number.")


def bytes_said(said: object) -> bytes:
    """Returns bytes that were written as `0x…`."""
    try:
        if isinstance(said, str):
            return abi.bytes_of(said)
    except ValueError:
        pass
    raise ChainUnavailable(f"A node answered {str(said)[:_LETTERS_MAX]!r}, which are no bytes.")


def block_said(said: Any, which: str) -> Block:
    """Returns a block; a node that does not know it says null."""
    try:
        return Block(whole(said["number"]), str(said["hash"]), whole(said["timestamp"]))
    except (KeyError, TypeError):
        raise ChainUnavailable(f"A node does not know the block {which}.") from None


def values_said(kinds: Sequence[str], said: object) -> tuple[Any, ...]:
    """Returns the values that a contract answered."""
    try:
        return abi.answered(kinds, str(said))
    except ValueError as error:
        raise ChainUnavailable(f"A node's answer is none: {error}") from error


def answers_of_many(said: object, count: int) -> Sequence[bytes | None]:
    """Returns what each of so many calls of Multicall3 answered, None for one that failed."""
    (found,) = values_said(["(bool,bytes)[]"], said)
    if len(found) != count:
        raise ChainUnavailable(f"A node answered {len(found)} of {count} calls.")
    return [answer if succeeded else None for succeeded, answer in found]
