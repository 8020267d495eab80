"""A provider is tried as the next request would use it: its saved key, its address, one of its models, a short answer.

Nothing is charged or counted here; the provider itself may charge its few tokens.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.catalogue.models import is_reasoning, output_tokens_least
from app.domain.errors import CoinslotError, ProviderFailed
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.price_book import read_offers
from app.formats.openai_usage import usage_of
from app.ports.providers import ChatProvider, Providers, ProviderTarget

ANSWER_BYTES_MAX = 262_144
WORDS_CHARACTERS_MAX = 300


class Verdict(StrEnum):
    """How a trial went."""

    ANSWERED = "answered"
    """It answered as a request would be answered."""
    LISTED = "listed"
    """It lists models, and serves none of the paywall's with a price yet."""
    REFUSED = "refused"
    """It was reached and said no, in its own words."""
    UNREACHABLE = "unreachable"
    """Nobody answered there, or not in time."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a trial: which model, after how long, how many tokens it says it used, or its words."""

    verdict: Verdict
    model: str = ""
    milliseconds: int = 0
    tokens: int | None = None
    words: str = ""


async def try_answer(providers: Providers, manager: Manager, name: str) -> Trial:
    """Asks a paywall's provider for the shortest answer of the first model that it serves.

    Raises BadField for a provider that the paywall does not have, NotAllowed, NotFound.
    """

    def read(session: Session) -> tuple[ProviderSetting, str]:
        check_may(session, manager, Act.SET_UP)
        paywall, current = read_current(session, manager.paywall_id)
        setting, stored = current.provider_of(name), current.as_stored(name)
        offers = read_offers(session, paywall.id, paywall.unit).priced
        served = sorted(offer.upstream_model or model for model, offer in offers.items() if offer.provider == stored)
        return setting, served[0] if served else ""

    setting, model = await db.in_transaction(read)
    begun = clock.monotonic_seconds()
    try:
        provider, target = providers.find(manager.paywall_id, setting)
        if not model:
            listed = await provider.list_models(target)
            return Trial(Verdict.LISTED, listed[0] if listed else "", _since(begun))
        tokens = await _answer(provider, target, setting, model)
    except ProviderFailed as failure:
        verdict = Verdict.UNREACHABLE if failure.status is None else Verdict.REFUSED
        said = failure.said.get("message")
        words = said if isinstance(said, str) else failure.message
        return Trial(verdict, model, _since(begun), words=words[:WORDS_CHARACTERS_MAX])
    except CoinslotError as error:  # its key cannot be opened any more
        return Trial(Verdict.REFUSED, model, _since(begun), words=error.message)
    return Trial(Verdict.ANSWERED, model, _since(begun), tokens)


async def _answer(provider: ChatProvider, target: ProviderTarget, setting: ProviderSetting, model: str) -> int | None:
    """Returns how many tokens a short answer used, None where that was not said. Raises ProviderFailed."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Say ok."}],
        setting.limit_field_of(is_reasoning(model)): output_tokens_least(model),
    }
    answer = await provider.send(target, orjson.dumps(body))
    read = bytearray()
    try:
        while len(read) < ANSWER_BYTES_MAX and (chunk := await answer.read()):
            read += chunk
    finally:
        await answer.close()
    try:
        content: Any = orjson.loads(read)
    except orjson.JSONDecodeError:
        raise ProviderFailed("It answered with something that is no JSON.", 200) from None
    usage = usage_of(content) if isinstance(content, dict) else None
    if usage is None or usage.prompt is None:
        return None
    return usage.prompt + (usage.output or 0)


def _since(begun: float) -> int:
    return round((clock.monotonic_seconds() - begun) * 1_000)
