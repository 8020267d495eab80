"""The catalogue against the seed's own document, and what patterns mean."""

import pytest

from app.domain.errors import BadField
from app.domain.events.catalogue import EVENTS, check_patterns, matches
from tests.support.spec import seed_document


def test_every_event_of_the_seed_is_there_with_its_fields() -> None:
    for name, hook in seed_document()["webhooks"].items():
        content = hook["post"]["requestBody"]["content"]["application/json"]
        sample = content["examples"]["example"]["value"]["data"]
        event = EVENTS[name]
        assert event.is_of_seed
        assert set(sample) == {"paywallId", "ownerUserId", *event.fields}, name


def test_the_seed_has_27_and_ours_stand_beside_them() -> None:
    assert len([event for event in EVENTS.values() if event.is_of_seed]) == 27
    assert not any(set(event.fields) & set(event.ours) for event in EVENTS.values())


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("*", True),
        ("paywall.proxy.request.started", True),
        ("proxy.*", True),
        ("paywall.proxy.*", True),
        ("paywall.*", True),
        ("proxy.request.started", False),
        ("paywall.proxy.request.start", False),
        ("balance.*", False),
    ],
)
def test_a_pattern_is_a_name_a_prefix_or_everything(pattern: str, told: bool) -> None:
    assert matches([pattern], "paywall.proxy.request.started") is told
    assert matches(["paywall.updated", pattern], "paywall.proxy.request.started") is told


def test_a_prefix_ends_at_a_dot() -> None:
    assert not matches(["paywall.proxy.request.s.*"], "paywall.proxy.request.started")


def test_patterns_are_kept_once_in_their_order() -> None:
    assert check_patterns(["proxy.*", "paywall.updated", "proxy.*"]) == ["proxy.*", "paywall.updated"]


@pytest.mark.parametrize(
    "value", [None, "*", [], [1], [None], ["nothing"], ["nothing.*"], ["**"], ["prox*"], ["*"] * 51]
)
def test_what_names_no_event_is_refused_by_its_field(value: object) -> None:
    with pytest.raises(BadField) as refused:
        check_patterns(value)
    assert refused.value.field == "events"
