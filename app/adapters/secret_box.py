"""Secrets at rest: AES-256-GCM, bound to what they are for, under keys that can be rotated."""

import base64
import binascii
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.domain.errors import CoinslotError

VERSION = "v1."
_NONCE_BYTES = 12
_PURPOSE = b"coinslot secret box v1"


class SealBroken(CoinslotError):
    """A sealed text that none of our secrets opens in this context: tampered with, moved, or of another instance."""

    code = "seal_broken"


class SecretBox:
    """Seals short texts. The first secret seals, all of them open."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("a secret box needs at least one secret, and none may be empty")
        self._ciphers = [AESGCM(_derive_key(secret)) for secret in secrets]

    def seal(self, text: str, context: str) -> str:
        """Returns `text` sealed for `context` (say `provider_key:pw_…`), ASCII, different each time."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[0].encrypt(nonce, text.encode(), context.encode())
        return VERSION + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, context: str) -> str:
        """Returns the text that was sealed for the same context. Raises SealBroken."""
        try:
            raw = base64.b64decode(sealed.removeprefix(VERSION).encode("ascii"), b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            raw = b""
        if sealed.startswith(VERSION) and len(raw) > _NONCE_BYTES:
            for cipher in self._ciphers:
                try:
                    return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode()).decode()
                except InvalidTag:
                    continue
        raise SealBroken(f"The secret stored for {context} cannot be opened with this instance's keys.")


def _derive_key(secret: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret)
