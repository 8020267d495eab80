"""Keys as text: a prefix that says whose, 32 random bytes in base62, and a checksum so that scanners can recognise one.

Only a SHA-256 of a key is ever stored. A signing secret, which both sides must have, has a form of its own.
"""

import base64
import hashlib
import secrets
import zlib

from app.domain.ids import BASE62, encode

_BODY_LENGTH, _CHECKSUM_LENGTH = 43, 6


def make_key(prefix: str, random: bytes | None = None) -> str:
    """Returns a new key in clear; `random` (32 bytes) is given only to derive one that is always the same."""
    body = encode(int.from_bytes(random or secrets.token_bytes(32)), BASE62, _BODY_LENGTH)
    return f"{prefix}{body}{_checksum(body)}"


def is_key(key: str, *prefixes: str) -> bool:
    """Tells whether a text could be a key with one of these prefixes, without asking the database."""
    for prefix in prefixes:
        if key.startswith(prefix) and len(key) == len(prefix) + _BODY_LENGTH + _CHECKSUM_LENGTH:
            body, checksum = key[len(prefix) : -_CHECKSUM_LENGTH], key[-_CHECKSUM_LENGTH:]
            return _checksum(body) == checksum
    return False


def make_signing_secret() -> str:
    """Returns a new secret in clear, as Standard Webhooks writes one: `whsec_` and the base64 of 32 random bytes."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def hash_key(key: str) -> str:
    """Returns what is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _checksum(body: str) -> str:
    return encode(zlib.crc32(body.encode()), BASE62, _CHECKSUM_LENGTH)
