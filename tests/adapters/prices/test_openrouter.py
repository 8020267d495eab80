"""OpenRouter's list, over a real socket, and what is made of everything that may stand in it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.adapters.prices.openrouter import OpenRouterCatalogue, read_list
from app.domain.errors import ProviderFailed
from app.ports.prices import ListedModel, ListPrice, ModelCatalogue
from tests.emulators import openrouter
from tests.emulators.openrouter import RunningOpenRouter, model


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningOpenRouter]:
    with openrouter.running() as started:
        yield started


def source(emulator: RunningOpenRouter) -> ModelCatalogue:
    return OpenRouterCatalogue(emulator.base_url, seconds_max=1, bytes_max=1_000_000)


def listed(*rows: Any) -> dict[str, ListedModel]:
    """Reads a list as its bytes."""
    return {found.model: found for found in read_list(json.dumps({"data": rows}).encode()).models}


async def test_the_list_is_read_with_all_that_it_says(emulator: RunningOpenRouter) -> None:
    emulator.offer(model("maker/small", "0.00000015", "0.0000006"), model("maker/free:free", "0", "0"))
    small, free = (await source(emulator).read()).models
    assert small == ListedModel(
        "maker/small", "Small", "What maker/small is good at.", 1_750_000_000_000_000,
        ListPrice(150_000_000, 600_000_000), 131_072, 8_192, None, ("text",), ("max_tokens", "tools"),
    )  # fmt: skip
    assert free.price == ListPrice(0, 0) and free.part_tokens_max == 131_072


@pytest.mark.unhurried
@pytest.mark.parametrize("mode", [mode for mode in openrouter.MODES if mode != "fine"])
async def test_a_list_that_cannot_be_had_whole_is_none(emulator: RunningOpenRouter, mode: str) -> None:
    emulator.offer(model("maker/small"))
    emulator.behave(mode)
    with pytest.raises(ProviderFailed):
        await source(emulator).read()


async def test_where_nobody_listens_there_is_no_list() -> None:
    for address in ("http://127.0.0.1:1", "http://"):
        with pytest.raises(ProviderFailed):
            await OpenRouterCatalogue(address).read()


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"null", b'{"data": {}}', b'{"data": []}', b'{"data": [1, null, {}]}', b'{"models": []}', b"\xff",
     b'{"data": [{"id": "a", "pricing": {"prompt": NaN, "completion": "0"}}]}', b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_list_of_models_is_refused(raw: bytes) -> None:
    with pytest.raises(ProviderFailed):
        read_list(raw)


@pytest.mark.parametrize(
    "bad",
    [{"pricing": None}, {"pricing": {}}, {"pricing": {"prompt": "0.1"}},
     {"pricing": {"prompt": "x", "completion": "1"}},
     {"pricing": {"prompt": True, "completion": "1"}}, {"pricing": {"prompt": "1e9999999", "completion": "1"}},
     {"pricing": {"prompt": "", "completion": "1"}}, {"pricing": {"prompt": "0", "completion": "0", "overrides": [1]}}],
)  # fmt: skip
def test_one_bad_model_does_not_stop_the_others(bad: dict[str, Any]) -> None:
    found = read_list(json.dumps({"data": [model("a/good"), {**model("a/bad"), **bad}, model("a/other")]}).encode())
    assert [one.model for one in found.models] == ["a/good", "a/other"]
    assert found.unreadable == {"a/bad"}


def test_a_name_that_is_none_is_passed_over_and_the_first_of_two_counts() -> None:
    names = ["", "a b", "a\u00e9", "x" * 201, "a/one"]
    found = listed(*(model(name) for name in names), model("a/one", "0.5"), {"id": 7}, {})
    assert set(found) == {"a/one"} and found["a/one"].price == ListPrice(10**9, 2 * 10**9)


def test_what_is_said_of_a_model_may_be_missing_or_nonsense() -> None:
    row = model(
        "a/odd", name="N\u0000a\ud800me", description=["x"], created="soon", context_length=-1, architecture=None,
        top_provider=[], per_request_limits={"completion_tokens": "4096"}, supported_parameters="all",
    )  # fmt: skip
    found = listed(row)["a/odd"]
    assert (found.display_name, found.description, found.released_at) == ("Name", "", 0)
    assert (found.context_tokens_max, found.output_tokens_max) == (None, 4_096)
    assert (found.modalities, found.parameters) == ((), ())
