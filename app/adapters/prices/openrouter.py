"""OpenRouter's public list of models (https://openrouter.ai/docs/models), read exactly: no price is ever a float.

A price is a decimal string of dollars per token. What cannot be told by the token, or costs less than nothing
(`-1` means that it varies), is not priced; a fraction of a nano is rounded up.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, NoReturn

import httpx

from app.adapters.outbound.unreachable import why_unreachable
from app.adapters.prices.openrouter_prices import ReadPrice, read_price
from app.domain.errors import ProviderFailed
from app.ports.prices import ListedModel, ModelList

LIST_BYTES_MAX = 32_000_000
LIST_SECONDS_MAX = 60
SECOND = 1_000_000
NAME_CHARACTERS_MAX, DESCRIPTION_CHARACTERS_MAX = 200, 4_000
COUNT_MAX = 2**40


class OpenRouterCatalogue:
    """A ModelCatalogue over `{base_url}/models`, which asks for no key."""

    def __init__(self, base_url: str, seconds_max: float = LIST_SECONDS_MAX, bytes_max: int = LIST_BYTES_MAX) -> None:
        self._url = f"{base_url}/models"
        self._seconds_max = seconds_max
        self._bytes_max = bytes_max

    async def read(self) -> ModelList:
        """Returns the list. Raises ProviderFailed where it cannot be had whole, in time, or understood."""
        try:
            async with asyncio.timeout(self._seconds_max):
                return read_list(await self._fetch())
        except TimeoutError:
            raise ProviderFailed("The list of models did not come in time.", timed_out=True) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderFailed(why_unreachable(error, "The list of models")) from None

    async def _fetch(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        async with (
            httpx.AsyncClient(timeout=self._seconds_max, follow_redirects=False) as client,
            client.stream("GET", self._url) as answer,
        ):
            if answer.status_code != 200:
                raise ProviderFailed(f"The list of models answered {answer.status_code}.", answer.status_code)
            async for piece in answer.aiter_bytes():
                pieces.append(piece)
                size += len(piece)
                if size > self._bytes_max:
                    raise ProviderFailed(f"The list of models is longer than {self._bytes_max} bytes.")
        return b"".join(pieces)


def read_list(raw: bytes) -> ModelList:
    """Returns what a list says; a model that cannot be understood stops none of the others.

    Raises ProviderFailed for what is no list of models, or an empty one.
    """
    try:
        # Numbers stay as they are written; a price that is one is read from its text.
        content = json.loads(raw, parse_float=str, parse_constant=_refuse)
        rows = content["data"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ProviderFailed("The list of models is none.") from None
    models: dict[str, ListedModel] = {}
    unreadable = set()
    for row in rows if isinstance(rows, list) else ():
        name = row.get("id") if isinstance(row, dict) else None
        if not isinstance(name, str) or not _is_name(name) or name in models:
            continue
        try:
            models[name] = _read_model(name, row)
        except ValueError:
            unreadable.add(name)
    if not models:
        raise ProviderFailed("The list of models holds none that can be read.")
    return ModelList(tuple(models.values()), frozenset(unreadable - set(models)))


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON.")


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= NAME_CHARACTERS_MAX and text.isascii() and text.isprintable() and " " not in text


def _read_model(name: str, row: Mapping[str, Any]) -> ListedModel:
    """Raises ValueError for a model whose price is nonsense."""
    architecture, top = _holder(row, "architecture"), _holder(row, "top_provider")
    limits = _holder(row, "per_request_limits")
    outputs = [limit for holder, key in ((top, "max_completion_tokens"), (limits, "completion_tokens"))
               if (limit := _count(holder.get(key)))]  # fmt: skip
    price = read_price(name, row.get("pricing"), _words(architecture, "output_modalities"))
    context = _count(row.get("context_length"))
    return ListedModel(
        model=name,
        display_name=_text(row.get("name"), NAME_CHARACTERS_MAX) or name,
        description=_text(row.get("description"), DESCRIPTION_CHARACTERS_MAX),
        released_at=(_count(row.get("created")) or 0) * SECOND,
        price=price.list_price if price is not None else None,
        context_tokens_max=context,
        output_tokens_max=min(outputs, default=None),
        part_tokens_max=_part_tokens_max(price, context),
        modalities=_words(architecture, "input_modalities"),
        parameters=_words(row, "supported_parameters"),
    )


def _part_tokens_max(price: ReadPrice | None, context: int | None) -> int | None:
    """Returns the most tokens of an image; what costs nothing needs no bound but the model's own."""
    if price is None:
        return None
    return context if price.is_free else price.part_tokens_max


def _holder(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = row.get(key)
    return found if isinstance(found, dict) else {}


def _count(value: Any) -> int | None:
    """Returns a number of tokens or seconds, None for what is none; limits of a request are written as strings."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < COUNT_MAX else None


def _text(value: Any, characters_max: int) -> str:
    """Returns a text without what no database or page can carry: control characters and halves of surrogate pairs."""
    found = value if isinstance(value, str) else ""
    return "".join(letter for letter in found if letter.isprintable() or letter == "\n")[:characters_max].strip()


def _words(holder: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = holder.get(key)
    return tuple(_text(word, 100) for word in found if isinstance(word, str)) if isinstance(found, list) else ()
