"""Keys of this process, each of which signs and shows its address alone; and whose signature something is.

The one file that imports eth-account. Its import lets Python recurse 100,000 deep, at which deeply nested JSON ends the
process instead of one request, so the limit is put back at once. Keys that Anvil prints belong to everybody: they are
refused off the dev chain.
"""

import json
import re
import sys
from functools import cache
from typing import Any, NoReturn

_recursion_limit = sys.getrecursionlimit()
from eth_account import Account  # noqa: E402 - the limit that it raises is read before it, and put back behind it
from eth_account.messages import encode_defunct  # noqa: E402
from eth_keys.exceptions import BadSignature, ValidationError  # type: ignore[attr-defined]  # noqa: E402

sys.setrecursionlimit(_recursion_limit)

from app.adapters.chain import abi  # noqa: E402
from app.ports.chain.values import AddressInvalid, ChainMismatch  # noqa: E402

DEV_CHAIN_ID = 31_337
SIGNATURE_BYTES = 65
_FILE_VERSION = 3
_ANVIL_WORDS = "test test test test test test test test test test test junk"
_ANVIL_KEYS = 10
_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}")
_HALF_ORDER = 0x7FFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_5D576E73_57A4501D_DFE92F46_681B20A0
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
        return cls._checked(account, chain_id)

    @classmethod
    def of_file(cls, text: str, password: str, chain_id: int) -> "LocalSigner":
        """Makes a signer of an encrypted key file (Web3 Secret Storage, version 3).

        Raises ChainMismatch where the password does not open it, it is none, or the key is Anvil's off 31337.
        """
        try:
            said = json.loads(text)
            if said["version"] != _FILE_VERSION:
                raise ValueError(said["version"])
            account = Account.from_key(Account.decrypt(said, password))
        except (ValueError, KeyError, TypeError):
            _refuse("The chain's key file is none, or its password is another one.")
        return cls._checked(account, chain_id)

    @classmethod
    def _checked(cls, account: Any, chain_id: int) -> "LocalSigner":
        if chain_id != DEV_CHAIN_ID and account.address in _anvil_addresses():
            _refuse(f"{account.address} is a key that Anvil prints; everybody has it, so chain {chain_id} refuses it.")
        return cls(account)

    def sign(self, digest: bytes) -> bytes:
        """Returns the signature of 32 bytes: r, s and v."""
        return bytes(self._account.unsafe_sign_hash(digest).signature)

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A key does not leave its process.")


def signature_said(text: str) -> bytes:
    """Returns a wallet's signature as r, s and v of 27 or 28. Raises AddressInvalid for what is none.

    Wallets of hardware write v as 0 or 1, which is the same; a second form of the same signature (a high s) is refused,
    as the token refuses it.
    """
    try:
        signature = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        signature = b""
    if len(signature) != SIGNATURE_BYTES:
        raise AddressInvalid("A wallet's signature is 65 bytes, written as 0x and 130 digits.")
    v = signature[64] + 27 if signature[64] < 27 else signature[64]
    if v not in (27, 28) or int.from_bytes(signature[32:64]) > _HALF_ORDER:
        raise AddressInvalid("This is no signature that a wallet makes.")
    return signature[:64] + bytes([v])


def signer_of(digest: bytes, signature: bytes) -> str:
    """Returns whose signature of a digest it is. Raises AddressInvalid for what is none."""
    try:
        return str(Account._recover_hash(digest, signature=signature))
    except (BadSignature, ValidationError, ValueError) as error:
        raise AddressInvalid(f"This is nobody's signature: {type(error).__name__}.") from None


class Wallets:
    """Signatures of people's wallets (a WalletSignatures)."""

    def checksummed(self, address: str) -> str:
        """Returns an address with its checksum. Raises AddressInvalid for what is none, or has a wrong one (EIP-55)."""
        try:
            return abi.checksummed(address)
        except ValueError as error:
            raise AddressInvalid(str(error)) from None

    def signer_of_message(self, message: str, signature: str) -> str:
        """Returns who signed a text (EIP-191, `personal_sign`). Raises AddressInvalid for what is no signature."""
        said = signature_said(signature)
        try:
            return str(Account.recover_message(encode_defunct(text=message), signature=said))
        except (BadSignature, ValidationError, ValueError) as error:
            raise AddressInvalid(f"This is nobody's signature: {type(error).__name__}.") from None


def _refuse(message: str) -> NoReturn:
    raise ChainMismatch(message) from None


@cache
def _anvil_addresses() -> frozenset[str]:
    Account.enable_unaudited_hdwallet_features()
    paths = (f"m/44'/60'/0'/0/{number}" for number in range(_ANVIL_KEYS))
    return frozenset(str(Account.from_mnemonic(_ANVIL_WORDS, account_path=path).address) for path in paths)
