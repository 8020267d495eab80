"""What is posted, and what comes of it."""

import pytest

from app.domain.errors import Unavailable
from app.domain.events.deliveries import Claimed, Outcome
from app.domain.events.made import EventUnwritable, Made
from app.domain.events.subscriptions import Endpoint, context
from app.each_alone import Failed
from app.flows.events.message import OUR_FAULT, message_of, outcome_of
from app.ports.webhooks import Posted
from tests.support.webhooks import BOX

ENDPOINT = Endpoint("whs_1", "pw_1", "https://app.example/", [BOX.seal("whsec_x", context("whs_1"))], None)


def claimed(event: Made) -> Claimed:
    return Claimed("whd_1", "whs_1", 2, 0, event)


def test_a_message_says_which_attempt_it_is() -> None:
    message = message_of(BOX, claimed(Made("evt_1", "pw_1", "paywall.updated", {"a": 1}, 0)), ENDPOINT)
    assert (message.id, message.url, message.secrets) == ("evt_1", "https://app.example/", ["whsec_x"])
    assert b'"attempts":3' in message.body and message.headers["X-Paywall-Event"].startswith("paywall.updated@")


def test_an_event_with_a_flaw_is_no_message() -> None:
    with pytest.raises(EventUnwritable, match="is torn"):
        message_of(BOX, claimed(Made("evt_1", "pw_1", "paywall.updated", {}, 0, flaw="its data is torn")), ENDPOINT)


@pytest.mark.parametrize(
    ("posted", "outcome"),
    [
        (Posted(200), Outcome(200, 7)),
        (Posted(503, "Busy.", "90", "<html>"), Outcome(503, 7, "Busy.", 90, said="<html>")),
        (Posted(None, "Late."), Outcome(None, 7, "Late.")),
        (Failed(EventUnwritable("No JSON.")), Outcome(None, 7, "No JSON.", is_ours=True, is_final=True)),
        (Failed(Unavailable("Away.")), Outcome(None, 7, "Away.")),
        (Failed(KeyError("secret")), Outcome(None, 7, OUR_FAULT, is_ours=True)),
    ],
)
def test_what_came_of_it_is_the_attempts_outcome(posted: Posted | Failed, outcome: Outcome) -> None:
    assert outcome_of(posted, 7) == outcome
