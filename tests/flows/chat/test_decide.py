"""The one decision, as a table."""

import json
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadField, Blocked, UnknownModel
from app.domain.money import Environment, Unit
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import Price, Tokens, charge_nanos
from app.flows.callers.asked import Action, Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import standing_of
from app.flows.callers.user import Standing
from app.flows.chat.decide import FREE_ONLY, Go, bound_of, decide, find_offer
from app.formats.openai_request import OPENAI_FIELDS, read_chat_request
from tests.support.deciding import IMAGE, MINIMAL, OFFER, PRICE
from tests.support.spec import SCHEMAS

SNAPSHOT = Snapshot(
    "pw_1", "key_1", Mode.DEFAULT, Environment.SANDBOX, Unit.USD, 1,
    Configuration("Lexica", (ProviderSetting("demo"),)),
    {"m": OFFER}, frozenset({"old"}), (),
)  # fmt: skip


@pytest.mark.parametrize(
    ("model", "code"), [("old", "model_not_priced"), ("other", "model_not_found"), ("M", "model_not_found")]
)
def test_a_model_without_a_price_is_never_free(model: str, code: str) -> None:
    with pytest.raises(UnknownModel) as refused:
        find_offer(SNAPSHOT, model)
    assert refused.value.code == code
    assert find_offer(SNAPSHOT, "m") is OFFER


@pytest.mark.parametrize(
    ("changed", "offered", "output", "least"),
    [
        ({}, OFFER, 4_096, 16),
        ({}, replace(OFFER, output_tokens_max=None), 16_384, 16),
        ({"max_tokens": 100}, OFFER, 100, 16),
        ({"max_completion_tokens": 5}, OFFER, 5, 5),
        ({"max_tokens": 50_000}, OFFER, 50_000, 16),
        ({"model": "o3-mini"}, OFFER, 4_096, 1_024),
        ({"model": "o3-mini", "max_tokens": 200}, OFFER, 200, 200),
    ],
)
def test_the_output_is_bounded(changed: dict[str, Any], offered: Offer, output: int, least: int) -> None:
    request = read_chat_request(MINIMAL | changed)
    bound = bound_of(request, offered)
    assert (bound.output_tokens, bound.output_tokens_least, bound.prompt_tokens) == (
        output,
        least,
        request.prompt_bytes,
    )


def test_every_choice_is_bounded() -> None:
    once, thrice = (bound_of(read_chat_request(MINIMAL | {"n": n, "max_tokens": 10}), OFFER) for n in (1, 3))
    price = PRICE.output_nanos * 10 // 10**6
    assert thrice.nanos(OFFER, 10) - thrice.nanos(OFFER, 0) == 3 * price
    assert once.nanos(OFFER, 10) - once.nanos(OFFER, 0) == price


def test_an_image_costs_what_its_model_says_or_is_refused() -> None:
    request = read_chat_request(MINIMAL | {"messages": IMAGE})
    assert bound_of(request, OFFER).prompt_tokens == request.prompt_bytes + 1_000
    with pytest.raises(BadField) as refused:
        bound_of(request, replace(OFFER, part_tokens_max=None))
    assert (refused.value.field, refused.value.code) == ("messages", "unsupported_field")


@given(st.integers(0, 10**8), st.integers(1, 4))
def test_a_grant_clamps_the_output_to_what_it_pays_for(nanos: int, choices: int) -> None:
    bound = bound_of(read_chat_request(MINIMAL | {"n": choices}), OFFER)
    fitting = bound.fitting_output_tokens(OFFER, nanos)
    assert bound.output_tokens_least <= fitting <= bound.output_tokens
    if fitting > bound.output_tokens_least:
        assert bound.nanos(OFFER, fitting) <= nanos


@given(
    st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**9),
    st.integers(0, 10**9), st.integers(0, 20_000), st.data(),
)  # fmt: skip
def test_nothing_within_the_bound_costs_more_than_it(
    plain: int, cached: int, output: int, fee: int, least: int, markup: int, data: st.DataObject
) -> None:
    price = Price("prc_1", "m", 1, Unit.USD, plain, cached, output, fee, least, markup)
    bound = bound_of(read_chat_request(MINIMAL | {"n": 2, "max_tokens": 100}), replace(OFFER, price=price))
    prompt = data.draw(st.integers(0, bound.prompt_tokens))
    used = Tokens(prompt, data.draw(st.integers(0, 200)), data.draw(st.integers(0, prompt)))
    assert charge_nanos(price, used) <= bound.nanos(replace(OFFER, price=price), 100)


def test_a_grant_of_the_whole_bound_clamps_nothing_and_one_of_nothing_leaves_the_least() -> None:
    bound = bound_of(read_chat_request(MINIMAL | {"n": 3, "max_tokens": 100}), OFFER)
    assert bound.fitting_output_tokens(OFFER, bound.nanos(OFFER, 100)) == 100
    assert bound.fitting_output_tokens(OFFER, bound.nanos(OFFER, 100) - 1) == 99
    assert bound.fitting_output_tokens(OFFER, bound.nanos(OFFER, 57)) == 57
    assert bound.fitting_output_tokens(OFFER, 0) == 16
    free = replace(OFFER, price=replace(PRICE, input_nanos=0, cached_input_nanos=0, output_nanos=0))
    assert (bound.nanos(free, 100), bound.fitting_output_tokens(free, 0)) == (0, 100)


def test_every_media_part_costs_the_models_largest_price_for_one() -> None:
    content = IMAGE[0]["content"] * 3
    request = read_chat_request(MINIMAL | {"messages": [{"role": "user", "content": content}]})
    assert bound_of(request, OFFER).prompt_tokens == request.prompt_bytes + 3_000
    assert bound_of(request, replace(OFFER, part_tokens_max=0)).prompt_tokens == request.prompt_bytes


@pytest.mark.parametrize("kind", ["input_audio", "file", "video_url", "a-kind-of-tomorrow"])
@pytest.mark.parametrize(
    ("model", "part", "context", "tokens"),
    [
        ("m", 2_000, 128_000, 2_000),  # the developer's own figure holds for every kind
        ("gpt-4o", 1_445, 128_000, 128_000),  # the maker's is of images alone
        ("gpt-4o", 1_445, None, None),
        ("m", None, 128_000, 128_000),
        ("m", None, None, None),
    ],
)
def test_a_sound_or_file_costs_what_its_model_can_read_unless_somebody_knows_better(
    kind: str, model: str, part: int | None, context: int | None, tokens: int | None
) -> None:
    content = [{"type": kind, kind: {"url": "https://x/y"}}]
    request = read_chat_request(MINIMAL | {"model": model, "messages": [{"role": "user", "content": content}]})
    offer = replace(OFFER, part_tokens_max=part, context_tokens_max=context)
    if tokens is None:
        with pytest.raises(BadField, match="audio or file"):
            bound_of(request, offer)
        return
    assert bound_of(request, offer).prompt_tokens == request.prompt_bytes + tokens


@pytest.mark.parametrize("kind", ["text", "refusal", "thinking", "tool_result"])
def test_a_part_of_text_costs_its_bytes(kind: str) -> None:
    request = read_chat_request(MINIMAL | {"messages": [{"role": "user", "content": [{"type": kind, kind: "Hi"}]}]})
    assert bound_of(request, replace(OFFER, part_tokens_max=None)).prompt_tokens == request.prompt_bytes


@pytest.mark.parametrize(
    ("changed", "is_metered"),
    [
        ({"reasoning_effort": "high"}, False),
        ({"reasoning_effort": "none"}, True),
        ({"reasoning": {"max_tokens": 9_000}}, False),
        ({"thinking": {"type": "enabled", "budget_tokens": 9_000}}, False),
        ({"modalities": ["text", "audio"], "audio": {"voice": "x", "format": "wav"}}, False),
        ({"modalities": ["image", "text"]}, False),
        ({"modalities": ["text"], "reasoning": None}, True),
    ],
)
def test_a_stream_that_cannot_be_counted_as_it_comes_holds_all(changed: dict[str, Any], is_metered: bool) -> None:
    bound = bound_of(read_chat_request(MINIMAL | {"stream": True} | changed), OFFER)
    assert bound.first == (1_024 if is_metered else 4_096)


@pytest.mark.parametrize(
    ("standing", "changed", "outcome"),
    [
        (Standing(), {}, "go"),
        (Standing(), {"model": "other"}, UnknownModel),
        (Standing(is_blocked=True), {"model": "other"}, UnknownModel),
        (Standing(is_blocked=True), {}, Blocked),
        (Standing(is_frozen=True), {}, Blocked),
        (Standing(is_blocked=True, is_authorized=False), {}, Blocked),
        (Standing(is_authorized=False, may_use_priced=False), {}, "authorize"),
        (Standing(may_use_priced=False), {}, "topup"),
        (Standing(may_use_priced=False), {"model": "free"}, "go"),
        (Standing(is_authorized=False), {"model": "free"}, "authorize"),
        (Standing(), {"messages": IMAGE, "model": "free"}, BadField),
        (Standing(is_blocked=True), {"messages": IMAGE, "model": "free"}, BadField),
        (Standing(), {"max_tokens": 10_000_000, "n": 128, "model": "dear"}, BadField),
    ],
)
def test_a_request_is_decided_in_this_order(
    standing: Standing, changed: dict[str, Any], outcome: str | type[Exception]
) -> None:
    free = replace(
        OFFER, price=replace(PRICE, input_nanos=0, cached_input_nanos=0, output_nanos=0), part_tokens_max=None
    )
    dear = replace(OFFER, price=replace(PRICE, output_nanos=10**15))
    snapshot, request = replace(SNAPSHOT, offers={"m": OFFER, "free": free, "dear": dear}), MINIMAL | changed
    if isinstance(outcome, type):
        with pytest.raises(outcome):
            decide(snapshot, standing, read_chat_request(request))
        return
    decided = decide(snapshot, standing, read_chat_request(request))
    assert isinstance(decided, Go) if outcome == "go" else isinstance(decided, Ask) and decided.action == outcome


def test_who_may_use_free_models_alone_is_told_what_the_least_answer_costs() -> None:
    request = read_chat_request(MINIMAL)
    least = bound_of(request, OFFER).nanos(OFFER, 16)
    assert decide(SNAPSHOT, Standing(may_use_priced=False), request) == Ask(
        Action.TOPUP, least, beside=FREE_ONLY, is_locked=True
    )


@pytest.mark.parametrize(
    ("is_stream", "model", "first"), [(True, "m", 1_024), (False, "m", 4_096), (True, "o3", 4_096)]
)
def test_only_a_stream_that_can_be_metered_holds_less_than_all(is_stream: bool, model: str, first: int) -> None:
    request = read_chat_request(MINIMAL | {"stream": is_stream, "model": model})
    assert bound_of(request, OFFER).first == first
    assert bound_of(read_chat_request(MINIMAL | {"stream": True, "max_tokens": 9}), OFFER).first == 9


def test_who_is_blocked_or_frozen_stands_in_the_snapshot() -> None:
    snapshot = replace(SNAPSHOT, blocked=frozenset({"eve"}), frozen=frozenset({"bob"}))
    assert [standing_of(snapshot, user) for user in ("eve", "bob", "ada")] == [
        Standing(is_blocked=True, wallet=snapshot.wallet("eve")),
        Standing(is_frozen=True, wallet=snapshot.wallet("bob")),
        Standing(wallet=snapshot.wallet("ada")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"service_tier": "priority"}, "service_tier"),
        ({"service_tier": "flex"}, "service_tier"),
        ({"service_tier": "default"}, None),
        ({"service_tier": "auto"}, None),
        ({"web_search_options": {}}, "web_search_options"),
        ({"models": ["a"]}, "models"),
        ({"plugins": [{"id": "web"}]}, "plugins"),
        ({"provider": {"sort": "throughput"}}, "provider"),
        ({"route": "fallback"}, "route"),
        ({"transforms": ["middle-out"]}, "transforms"),
        ({"model": "m:online"}, "model"),
        ({"model": "m:free"}, None),
        ({"tools": [{"type": "openrouter:web_search"}]}, "tools"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}, {"name": "web_search"}]}, "tools"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}, {"type": "custom"}]}, None),
        ({"plugins": None, "temperature": 1}, None),
    ],
)
def test_with_the_operators_key_nothing_may_change_the_price(changed: dict[str, Any], field: str | None) -> None:
    built_in = replace(SNAPSHOT.configuration, providers=(ProviderSetting("built-in"),))
    request = read_chat_request(MINIMAL | changed)
    own = replace(SNAPSHOT, offers={"m": OFFER, "m:online": OFFER, "m:free": OFFER})
    assert isinstance(decide(own, Standing(), request), Go)
    operators = replace(own, configuration=built_in)
    if field is None:
        assert isinstance(decide(operators, Standing(), request), Go)
        return
    with pytest.raises(BadField) as refused:
        decide(operators, Standing(), request)
    assert (refused.value.field, refused.value.code) == (field, "unsupported_field")


def test_with_the_operators_key_only_what_openai_knows_goes_along() -> None:
    request = read_chat_request(MINIMAL | {"temperature": 1, "top_k": 5, "user": "ada"})
    sent = orjson.loads(request.upstream_body(10, "max_tokens", is_operators_key=True))
    assert set(sent) == {"model", "messages", "temperature", "user", "max_tokens"}
    assert orjson.loads(request.upstream_body(10, "max_tokens"))["top_k"] == 5


def test_what_passes_is_what_openais_own_schema_names() -> None:
    schemas = json.loads(SCHEMAS.read_text())["components"]["schemas"]

    def named(schema: dict[str, Any]) -> set[str]:
        found = set(schema.get("properties", {}))
        for part in schema.get("allOf", ()):
            found |= named(schemas[part["$ref"].rpartition("/")[2]] if "$ref" in part else part)
        return found

    assert named(schemas["CreateChatCompletionRequest"]) - OPENAI_FIELDS == {"service_tier", "web_search_options"}
