"""Keys that sign for a chain, and signatures of people's wallets."""

from dataclasses import dataclass
from typing import Protocol


class Signer(Protocol):
    """A key that signs and is never shown: from the environment, a file, or a service that keeps it."""

    @property
    def address(self) -> str:
        """The address that the key belongs to."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """Returns the signature of 32 bytes: r and s, 32 bytes each, and v, 27 or 28."""
        ...


@dataclass(frozen=True, slots=True)
class ChainKeys:
    """The two keys of a chain: `treasury` signs transfers and needs no gas, `gas` sends them and holds no token.

    Whatever is sent goes out under numbers of `gas`, so all that send share one row of numbers for (chain, account).
    """

    treasury: Signer
    gas: Signer


class WalletSignatures(Protocol):
    """Signatures that people's wallets make, of which nothing is asked of any chain."""

    def checksummed(self, address: str) -> str:
        """Returns an address with its checksum. Raises AddressInvalid for what is none, or has a wrong one (EIP-55)."""
        ...

    def signer_of_message(self, message: str, signature: str) -> str:
        """Returns who signed a text (EIP-191, `personal_sign`). Raises AddressInvalid for what is no signature."""
        ...
