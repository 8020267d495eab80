"""The text by which an Ethereum account signs in (EIP-4361), written and read strictly. Pure.

Only the form that we write is read: every field once and in its place, an end, and none of the optional fields that we
never ask for. What a person saw in their wallet is then what was read, to the letter.
"""

import re
from dataclasses import dataclass

from app.domain.errors import Refused

BYTES_MAX = 2_000
_TEXT = re.compile(
    r"(?P<domain>[A-Za-z0-9.\-\[\]:]{1,255}) wants you to sign in with your Ethereum account:\n"
    r"(?P<address>0x[0-9a-fA-F]{40})\n"
    r"\n"
    r"(?P<statement>[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;= ]{1,200})\n"
    r"\n"
    r"URI: (?P<uri>[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]{1,300})\n"
    r"Version: 1\n"
    r"Chain ID: (?P<chain_id>[1-9][0-9]{0,17})\n"
    r"Nonce: (?P<nonce>[A-Za-z0-9]{8,64})\n"
    r"Issued At: (?P<issued_at>[0-9TZ:.\-]{20,30})\n"
    r"Expiration Time: (?P<expires_at>[0-9TZ:.\-]{20,30})"
)


class TextInvalid(Refused):
    """What was signed is no text that we could have asked for."""

    code = "text_invalid"


@dataclass(frozen=True, slots=True)
class SignInText:
    """What an account signs: for which site, by which address, on which chain, under which nonce, from when to when."""

    domain: str
    address: str
    statement: str
    uri: str
    chain_id: int
    nonce: str
    issued_at: str
    expires_at: str

    def write(self) -> str:
        """Returns the text that a wallet shows and signs."""
        return (
            f"{self.domain} wants you to sign in with your Ethereum account:\n{self.address}\n\n{self.statement}\n\n"
            f"URI: {self.uri}\nVersion: 1\nChain ID: {self.chain_id}\nNonce: {self.nonce}\n"
            f"Issued At: {self.issued_at}\nExpiration Time: {self.expires_at}"
        )


def read(text: str) -> SignInText:
    """Returns what a text says. Raises TextInvalid for any other form."""
    found = _TEXT.fullmatch(text) if text.isascii() and len(text) <= BYTES_MAX else None
    if found is None:
        raise TextInvalid("This is no text that we ask anybody to sign.")
    said = found.groupdict()
    return SignInText(
        said["domain"], said["address"], said["statement"], said["uri"], int(said["chain_id"]), said["nonce"],
        said["issued_at"], said["expires_at"],
    )  # fmt: skip


def read_hex(said: str) -> str:
    """Returns the text of bytes written as `0x…`, as wallets take them. Raises TextInvalid."""
    try:
        return bytes.fromhex(said.removeprefix("0x")[: 2 * BYTES_MAX + 2]).decode("ascii")
    except ValueError:
        raise TextInvalid("This is no text that we ask anybody to sign.") from None
