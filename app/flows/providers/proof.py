"""What proves a provider's key: an answer of one of its models. Many lists of models are public, and prove nothing."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.domain.catalogue.models import is_reasoning, output_tokens_least
from app.domain.errors import ProviderFailed
from app.domain.paywalls.provider import ProviderSetting
from app.domain.providers.refusals import WORDS_CHARACTERS_MAX
from app.formats.openai_usage import usage_of
from app.ports.providers import ChatProvider, ProviderTarget

ANSWER_BYTES_MAX = 262_144
ASKED_MAX = 3
"""How many of a provider's models are asked, as long as the ones before are none that chat."""
PROOF_SECONDS_MAX = 20
_NO_CHAT = re.compile(
    r"embed|whisper|tts|dall-e|moderation|image|audio|realtime|transcri|rerank|sora|search|speech|video|guard|ocr|bge",
    re.IGNORECASE,
)
_CHEAP = re.compile(r"mini|nano|flash|haiku|small|lite|instant|(^|[^0-9])[1-9]b\b", re.IGNORECASE)
_OF_KEY = (401, 403)
_OF_MODEL = (400, 403, 404, 405, 422)


@dataclass(frozen=True, slots=True)
class Proof:
    """Which model answered by a key; where none did, `doubt` says why that is not known of the key."""

    model: str = ""
    doubt: str = ""


async def ask_shortly(provider: ChatProvider, target: ProviderTarget, setting: ProviderSetting, model: str) -> (
    int | None
):  # fmt: skip
    """Asks a model for a word; returns how many tokens that used, None where it was not said. Raises ProviderFailed."""
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


async def prove_key(
    provider: ChatProvider, target: ProviderTarget, setting: ProviderSetting, models: Sequence[str]
) -> Proof:
    """Asks some of the models that a provider lists for a word, which may cost its owner a fraction of a cent.

    Raises ProviderFailed (401, 403) if it refuses the key; whatever else goes wrong is a doubt.
    """
    asked = likely(models)
    refused: ProviderFailed | None = None
    try:
        async with asyncio.timeout(PROOF_SECONDS_MAX):
            for model in asked:
                try:
                    await ask_shortly(provider, target, setting, model)
                    return Proof(model)
                except ProviderFailed as failure:
                    if failure.status == 401:
                        raise
                    if failure.status not in _OF_MODEL:
                        return Proof(doubt=f"{model}: {words_of(failure)}")
                    refused = failure
    except TimeoutError:
        return Proof(doubt=f"None of its models answered within {PROOF_SECONDS_MAX} seconds.")
    if refused is None:
        return Proof(doubt="None of the models that it lists looks like one that chats.")
    if refused.status in _OF_KEY:
        raise refused
    return Proof(doubt=f"{', '.join(asked)} did not answer. The last said: {words_of(refused)}")


def likely(models: Sequence[str]) -> tuple[str, ...]:
    """Returns the models that are asked: by their names such as chat, and small ones that do not think first."""
    chatting = [model for model in models if not _NO_CHAT.search(model)]
    cheap = sorted(chatting, key=lambda model: (is_reasoning(model), not _CHEAP.search(model)))
    return tuple(cheap[:ASKED_MAX])


def words_of(failure: ProviderFailed) -> str:
    """Returns what a provider says of a failure, else what we say."""
    said = failure.said.get("message")
    return (said if isinstance(said, str) else failure.message)[:WORDS_CHARACTERS_MAX]
