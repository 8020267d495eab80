"""Ethereum accounts of people: an address, and its signature of a text (EIP-191), as a browser's wallet makes it."""

from app.adapters.chain import abi
from app.adapters.chain.keys import LocalSigner

KEY, OTHER_KEY = "0x" + "11" * 32, "0x" + "22" * 32


def address_of(key: str = KEY) -> str:
    """Returns the address of a key."""
    return LocalSigner.of_key(key, 1).address


def sign_text(text: str, key: str = KEY) -> tuple[str, str]:
    """Returns a text as our pages post it, and its signature."""
    said = text.encode()
    digest = abi.digest(f"\x19Ethereum Signed Message:\n{len(said)}".encode() + said)
    return "0x" + said.hex(), "0x" + LocalSigner.of_key(key, 1).sign(digest).hex()
