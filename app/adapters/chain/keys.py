"""Keys of this process: each signs, and shows its address alone.

A key comes as 64 hexadecimal digits. The keys that Anvil prints belong to everybody, so they are refused off the dev
chain.
"""

import re
from typing import Any, NoReturn

from eth_account import Account

from app.ports.chain.values import ChainMismatch

DEV_CHAIN_ID = 31_337
_ANVIL_WORDS = "test test test test test test test test test test test junk"
_ANVIL_KEYS = 10
_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}")
_NO_KEY = "A chain's key must be 64 hexadecimal digits, and not zero."


class LocalSigner:
    """A Signer whose key is in memory. Neither its text nor an error shows the key."""

    def __init__(self, account: Any) -> None:
        self._account = account
        self.address = str(account.address)

    @classmethod
    def of_key(cls, key: str, chain_id: int) -> "LocalSigner":
        """Makes a signer of a key for a chain. Raises ChainMismatch for what is no key, or is Anvil's off 31337."""
        if not _KEY.fullmatch(key):
            _refuse(_NO_KEY)
        try:
            account = Account.from_key(key)
        except ValueError:
            _refuse(_NO_KEY)
        if chain_id != DEV_CHAIN_ID and account.address in _anvil_addresses():
            _refuse(f"{account.address} is a key that Anvil prints; everybody has it, so chain {chain_id} refuses it.")
        return cls(account)

    def sign(self, digest: bytes) -> bytes:
        """Returns the signature of 32 bytes: r, s and v."""
        return bytes(self._account.unsafe_sign_hash(digest).signature)

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"


def signer_of(digest: bytes, signature: bytes) -> str:
    """Returns whose signature of a digest it is. Raises ValueError for what is none."""
    return str(Account._recover_hash(digest, signature=signature))


def _refuse(message: str) -> NoReturn:
    raise ChainMismatch(message) from None


def _anvil_addresses() -> frozenset[str]:
    Account.enable_unaudited_hdwallet_features()
    paths = (f"m/44'/60'/0'/0/{number}" for number in range(_ANVIL_KEYS))
    return frozenset(str(Account.from_mnemonic(_ANVIL_WORDS, account_path=path).address) for path in paths)
