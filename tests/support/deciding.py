"""An offer, and the least that a request for it can be."""

from typing import Any

from app.domain.money import NANOS, Unit
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import Price

PRICE = Price("prc_1", "m", 1, Unit.USD, NANOS, NANOS // 2, 2 * NANOS)
OFFER = Offer(PRICE, "M", "", 128_000, 4_096, 1_000, 0)
MINIMAL: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
IMAGE: list[dict[str, Any]] = [
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}
]
