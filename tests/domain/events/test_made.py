"""Events and the body that is sent of them."""

import math

import orjson
import pytest
from jsonschema import Draft202012Validator

from app.domain.events.catalogue import VERSION
from app.domain.events.made import EventUnwritable, about, body_of, body_shown, encode, make
from app.domain.wallets.wallets import end_user_id
from tests.support.spec import seed_document


def test_an_event_has_one_id_for_what_happened() -> None:
    one = make("pw_1", "paywall.updated", "v2", {"changedFields": []})
    assert make("pw_1", "paywall.updated", "v2", {}).id == one.id
    others = (make("pw_2", "paywall.updated", "v2", {}), make("pw_1", "paywall.archived", "v2", {}),
              make("pw_1", "paywall.updated", "v3", {}))  # fmt: skip
    assert one.id not in {other.id for other in others}
    assert one.data == {"paywallId": "pw_1", "ownerUserId": None, "changedFields": []}


def test_the_body_is_the_seeds_bare_event() -> None:
    event = make("pw_1", "paywall.proxy.request.started", "r", {**about("pw_1", "ada"), "requestId": "req_1"}, 0)
    body = body_of(event, "pending", 3)
    document = seed_document()
    Draft202012Validator(document["components"]["schemas"]["PaywallEvent"]).validate(body)
    assert (body["createdAt"], body["version"], body["attempts"]) == ("1970-01-01T00:00:00.000Z", VERSION, 3)
    assert body["subject"] == {"type": "user", "id": end_user_id("pw_1", "ada"), "externalUserId": "ada"}
    assert body["trigger"] == {"type": "request", "id": "req_1"}
    assert "subject" not in body_of(make("pw_1", "paywall.updated", "x", {}), "pending", 1)


@pytest.mark.parametrize(("value", "why"), [(2**64, "64 bits"), ("\ud800", "surrogate"), ({"a": object()}, "JSON")])
def test_what_no_json_can_carry_is_named_and_left_out_of_the_log(value: object, why: str) -> None:
    event = make("pw_1", "paywall.updated", "x", {"fine": 1, "metadata": {"n": value}})
    with pytest.raises(EventUnwritable, match=why):
        encode(event, "pending", 1)
    if why != "JSON":
        assert body_shown(event, "error", 1)["data"] == {"paywallId": "pw_1", "ownerUserId": None, "fine": 1}


def test_what_can_be_sent_is_shown_as_it_is_sent() -> None:
    event = make("pw_1", "paywall.updated", "x", {"n": math.nan, "text": "\x00"})
    assert body_shown(event, "success", 2) == orjson.loads(encode(event, "success", 2))
