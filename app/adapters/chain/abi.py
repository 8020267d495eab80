"""How calls of contracts and what they answer are written (ABI), and hashes and addresses (keccak, EIP-55). Pure."""

from collections.abc import Sequence

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import is_hex_address, to_checksum_address
from eth_utils.crypto import keccak

WORD_BYTES = 32


def hash_of(data: bytes) -> str:
    """Returns the keccak hash of bytes, as `0x` and 64 lower-case digits."""
    return "0x" + keccak(data).hex()


def digest(data: bytes) -> bytes:
    """Returns the keccak hash of bytes, as 32 bytes."""
    return bytes(keccak(data))


def encoded(kinds: Sequence[str], *values: object) -> bytes:
    """Returns values of these types as a contract writes them."""
    return bytes(encode(list(kinds), values))


def bytes_of(text: str) -> bytes:
    """Returns the bytes that `0x…` writes. Raises ValueError for what writes none."""
    return bytes.fromhex(text.removeprefix("0x"))


def checksummed(address: str) -> str:
    """Returns an address with its checksum. Raises ValueError for what is none, or has a wrong one (EIP-55)."""
    written = str(to_checksum_address(address)) if is_hex_address(address) and address.startswith("0x") else ""
    digits = address[2:]
    if not written or (digits not in (digits.lower(), digits.upper()) and address != written):
        raise ValueError(f"{address[:80]!r} is no address of an EVM chain, or its checksum is wrong.")
    return written


def selector(signature: str) -> bytes:
    """Returns the four bytes by which a function, named as `name(type,type)`, is called."""
    return keccak(text=signature)[:4]


def call_data(signature: str, *values: object) -> str:
    """Returns a call of a function with its arguments, as `0x…`."""
    return "0x" + (selector(signature) + encode(kinds_of(signature), values)).hex()


def kinds_of(signature: str) -> list[str]:
    """Returns the types of a function's arguments."""
    inside = signature[signature.index("(") + 1 : -1]
    kinds, depth, kind = [], 0, ""
    for letter in inside:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and not depth:
            kinds.append(kind)
            kind = ""
        else:
            kind += letter
    return [*kinds, kind] if kind else kinds


def answered(kinds: Sequence[str], data: str) -> tuple[object, ...]:
    """Returns the values of an answer of these types. Raises ValueError for what is none."""
    try:
        return tuple(decode(list(kinds), bytes_of(data)))
    except (DecodingError, OverflowError) as error:
        raise ValueError(f"These {len(data)} letters are no {kinds}: {error}") from error


def word(value: str) -> str:
    """Returns an address or 32 bytes as a topic of a log, or an argument of a constructor: 32 bytes, zeros before."""
    return "0x" + bytes_of(value).rjust(WORD_BYTES, b"\0").hex()


def address_in(topic: str) -> str:
    """Returns the address that a topic holds."""
    return checksummed("0x" + topic[-40:].lower())


def created(deployer: str, salt: str, init_code_hash: str) -> str:
    """Returns where a deployer puts a contract of such an init code by CREATE2 (EIP-1014)."""
    inside = b"\xff" + bytes_of(deployer) + bytes_of(salt) + bytes_of(init_code_hash)
    return checksummed("0x" + keccak(inside)[-20:].hex())
