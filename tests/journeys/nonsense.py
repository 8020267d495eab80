"""Nonsense, made by chance and the same for the same seed: values, texts, bodies, headers that nobody should send."""

import json
import random
import string
from typing import Any

TEXTS = (
    "", " ", "\x00", "null", "NaN", "-1", "1e999", "9" * 400, "../../etc/passwd", "%00", "%ff%fe", "{{ url }}",
    "'; DROP TABLE account; --", "<script>alert(1)</script>", "\ud800", "😀" * 50, "a" * 5_000, "é@x.org", "a@b@c",
    "ada", "*", "[token]", "http://127.0.0.1:1/", "javascript:alert(1)", "\r\nX-Injected: 1", "\u202e\u0000abc", "0x10",
)  # fmt: skip
NUMBERS = (0, -1, 1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**30, 0.1, -0.0, 1e308, float("nan"), float("inf"))
HEADERS = ("Idempotency-Key", "X-Paywall-User", "X-Paywall-Errors", "X-Paywall-Billing", "X-Paywall-Return-Url",
           "X-Paywall-State", "X-Request-Id", "Accept", "Content-Type", "Content-Encoding", "Origin", "Sec-Fetch-Site",
           "X-Forwarded-For", "Cookie", "If-None-Match", "Range", "Expect", "Host", "X-Method-Override")  # fmt: skip
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW")


class Nonsense:
    """A source of nonsense."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def text(self) -> str:
        """Returns a text: one that is known to hurt, or anything."""
        if self.chance.random() < 0.7:
            return self.chance.choice(TEXTS)
        return "".join(self.chance.choices(string.printable, k=self.chance.randrange(60)))

    def value(self, depth: int = 3) -> Any:
        """Returns any JSON value, and some that JSON has not."""
        kind = self.chance.randrange(8 if depth else 5)
        if kind == 0:
            return self.chance.choice((None, True, False))
        if kind == 1:
            return self.chance.choice(NUMBERS)
        if kind in (2, 3, 4):
            return self.text()
        if kind == 5:
            return [self.value(depth - 1) for _ in range(self.chance.randrange(4))]
        return {self.text(): self.value(depth - 1) for _ in range(self.chance.randrange(4))}

    def object(self, names: list[str]) -> dict[str, Any]:
        """Returns an object with some of the names that are meant, and now and then another."""
        made = {name: self.value() for name in names if self.chance.random() < 0.7}
        if self.chance.random() < 0.2:
            made[self.text()] = self.value()
        return made

    def body(self, names: list[str]) -> bytes:
        """Returns a body: JSON with the names that are meant, JSON of anything, a form, or bytes."""
        kind = self.chance.randrange(6)
        if kind < 3:
            return json.dumps(self.object(names)).encode()
        if kind == 3:
            return json.dumps(self.value()).encode()
        if kind == 4:
            return "&".join(f"{name}={self.text()}" for name in names).encode(errors="replace")
        return self.chance.randbytes(self.chance.randrange(200))

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Returns a few headers; their values can be written, but mean nothing."""
        chosen = self.chance.sample(HEADERS, self.chance.randrange(4))
        return [(name.encode(), _written(self.text())) for name in chosen]

    def method(self) -> str:
        """Returns a method, seldom one that is meant."""
        return self.chance.choice(METHODS)


def _written(text: str) -> bytes:
    return text.encode("utf-8", "replace").translate(None, b"\r\n\x00")[:4_000].strip()
