"""A person reads sentences of what stopped their requests, for every code that a request can be stopped with."""

from app.domain.errors import ProviderFailed
from app.domain.safety.log import of_failure
from app.domain.safety.tables import SafetyKind
from app.flows.callers.asked import REASONS, Action
from app.flows.limits.limiter import CODES
from app.web.end_user.usage.stopped_words import words_of


def written(code: str, kind: SafetyKind) -> str:
    """Returns what a code says, and fails where it says no more than its kind."""
    words = words_of(kind, code)
    assert words != words_of(kind, "something else") and words.endswith("."), code
    return words


def test_every_limit_of_a_request_is_told_in_words_of_its_own() -> None:
    said = {written(code, SafetyKind.LIMIT) for code in (*CODES.values(), "spend_per_day", "spend_per_month",
                                                         "requests_per_hour", REASONS[Action.LIMIT])}  # fmt: skip
    assert len(said) == len(CODES) + 4


def test_every_rule_that_blocks_is_told_in_words_of_its_own() -> None:
    for code in ("user_blocked", "wallet_frozen", REASONS[Action.AUTHORIZE], REASONS[Action.OWN_KEY]):
        written(code, SafetyKind.BLOCKED)


def test_what_a_provider_answers_is_a_sentence_whatever_it_is() -> None:
    for status in (400, 401, 402, 403, 404, 408, 413, 422, 429):
        (stopped,) = of_failure(ProviderFailed("", status))
        written(stopped.code, stopped.kind)
    (odd,) = of_failure(ProviderFailed("", 418))
    assert words_of(odd.kind, odd.code) == "The provider would not answer this request."
    (filtered,) = of_failure(ProviderFailed("", 400, body={"code": "content_policy_violation"}))
    assert "content filter" in words_of(filtered.kind, filtered.code)
