"""Which error has which status."""

import pytest

from app.api.common.errors import BodyTimeout, body_of, headers_of, status_of
from app.domain import errors
from app.domain.authorizations.authorizations import TakenByAnother
from app.domain.paywalls.limits import Measure
from app.flows.callers.asked import REASONS, Action, PaywallRefusal
from app.flows.limits.limiter import Rate, RateReached


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.BadField("x", "No."), 400),
        (errors.UnknownKey("No."), 401),
        (PaywallRefusal(Action.TOPUP, "No.", "https://x"), 402),
        (errors.WrongMode("No."), 403),
        (errors.Blocked("No."), 403),
        (errors.UnknownModel("No."), 404),
        (errors.NotFound("No."), 404),
        (BodyTimeout("No."), 408),
        (errors.StillRunning("No."), 409),
        (errors.KeyReused("No."), 422),
        (errors.Unavailable("No."), 503),
        (errors.StaleDecision("No."), 503),
        (errors.ProviderFailed("No.", 400), 400),
        (errors.ProviderFailed("No.", 401), 502),
        (errors.ProviderFailed("No.", 402), 502),
        (errors.ProviderFailed("No.", 403), 502),
        (errors.ProviderFailed("No.", 404), 404),
        (errors.ProviderFailed("No.", 413), 413),
        (errors.ProviderFailed("No.", 418), 502),
        (errors.ProviderFailed("No.", 422), 422),
        (errors.ProviderFailed("No.", 429), 429),
        (errors.ProviderFailed("No.", 503), 502),
        (errors.ProviderFailed("No.", None), 502),
        (errors.ProviderFailed("No.", timed_out=True), 504),
        (errors.CoinslotError("No."), 500),
    ],
)
def test_each_error_has_its_status(error: errors.CoinslotError, status: int) -> None:
    assert status_of(error) == status
    assert set(body_of(error)["error"]) >= {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("action", "status", "code"),
    [
        (Action.AUTHORIZE, 403, "authorization_required"),
        (Action.TOPUP, 402, "insufficient_funds"),
        (Action.LIMIT, 402, "cap_reached"),
    ],
)
def test_a_refusal_says_what_for_and_where_to_go(action: Action, status: int, code: str) -> None:
    refusal = PaywallRefusal(action, "Go there.", "https://x")
    told = body_of(refusal)["error"]
    assert (status_of(refusal), told["code"], told["url"], told["message"]) == (status, code, "https://x", "Go there.")


def test_a_bad_field_is_named_as_the_parameter() -> None:
    assert body_of(errors.BadField("n", "No."))["error"]["param"] == "n"
    assert body_of(errors.NotFound("No."))["error"]["param"] is None


def test_only_what_may_be_tried_again_says_when() -> None:
    assert headers_of(errors.Unavailable("No.")) == {"Retry-After": "2"}
    for status in (408, 425, 429, 500, 502, 503, 529):
        assert headers_of(errors.ProviderFailed("No.", status, retry_after="7")) == {"Retry-After": "7"}
    for status in (400, 401, 404, 422):
        assert headers_of(errors.ProviderFailed("No.", status, retry_after="7")) == {}
    assert headers_of(errors.NotFound("No.")) == {}


def test_a_limit_says_when_to_try_again_and_tells_sdks_where_no_wait_helps() -> None:
    assert headers_of(errors.LimitReached("No.", "concurrency", 1)) == {"Retry-After": "1"}
    assert headers_of(errors.LimitReached("No.", "spend_per_day", 7_200)) == {
        "Retry-After": "7200",
        "x-should-retry": "false",
    }
    assert headers_of(errors.LimitReached("No.", "tokens_per_request", None)) == {"x-should-retry": "false"}
    rated = RateReached("No.", "requests_per_minute", 59, (Rate(Measure.REQUESTS, 5, 0, 60),))
    assert (status_of(rated), body_of(rated)["error"]["code"]) == (429, "requests_per_minute")
    assert headers_of(rated) == {
        "x-ratelimit-limit-requests": "5",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1m0s",
        "Retry-After": "59",
    }


def test_what_no_repetition_helps_tells_sdks_that_would_repeat_it() -> None:
    no_retry = {"x-should-retry": "false"}
    for refused in (
        errors.AnswerForgotten("No."),
        TakenByAnother("No."),
        *(PaywallRefusal(action, "No.", "https://x") for action in REASONS),
    ):
        assert headers_of(refused) == no_retry
    assert headers_of(errors.StillRunning("No.")) == {}, "it is over soon, and then a repetition gets its answer"
    assert headers_of(errors.KeyReused("No.")) == {}, "no SDK repeats a 422"


def test_a_providers_own_words_are_passed_on() -> None:
    body = {"error": {"message": "Bad field.", "type": "t", "param": "p", "code": "c", "internal": "x"}}
    passed = body_of(errors.ProviderFailed("No.", 400, body=dict(body)))["error"]
    assert passed == {"message": "Bad field.", "type": "t", "param": "p", "code": "c", "provider_status": 400}
