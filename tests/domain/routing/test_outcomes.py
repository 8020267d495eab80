"""What follows each failure of a leg."""

import pytest

from app.domain.errors import OwnKeyUnavailable, ProviderFailed
from app.domain.routing.outcomes import CONTENT_FILTER, ContentFiltered, Outcome, outcome_of, reason_of, status_of

NEXT, END = Outcome.NEXT, Outcome.END


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [((None, 404, 405, 408, 409, 410, 425, 429, 500, 502, 503, 529, 401, 402, 403), NEXT),
     ((400, 413, 414, 415, 422, 431, 451), END)],
)  # fmt: skip
def test_each_status_is_followed_or_ends_the_request(statuses: tuple[int | None, ...], outcome: Outcome) -> None:
    for status in statuses:
        assert outcome_of(ProviderFailed("It failed.", status)) is outcome, status
    assert outcome_of(ProviderFailed("Too late.", timed_out=True)) is NEXT


def test_a_users_own_key_that_is_refused_ends_the_request() -> None:
    for status in (401, 402, 403):
        assert outcome_of(ProviderFailed("No.", status), is_own_key=True) is END
    assert outcome_of(ProviderFailed("No.", 503), is_own_key=True) is NEXT
    assert outcome_of(OwnKeyUnavailable("It is gone."), is_own_key=True) is END


def test_the_status_of_an_error_that_came_with_200_stands_in_it() -> None:
    def said(code: object) -> ProviderFailed:
        return ProviderFailed("It answered with an error.", body={"message": "no", "code": code})

    assert [status_of(said(code)) for code in (400, "429", 502, "too_long", 7, None)] == [400, 429, 502, None, None,
                                                                                          None]  # fmt: skip
    assert outcome_of(said(400)) is END
    assert outcome_of(said("429")) is NEXT
    assert outcome_of(said("too_long")) is NEXT


def test_a_refusal_is_an_answer_unless_the_caller_says_otherwise() -> None:
    azure = ProviderFailed("Filtered.", 400, body={"code": "content_filter", "message": "No."})
    for refusal in (azure, ContentFiltered("It said nothing.")):
        assert outcome_of(refusal) is END
        assert outcome_of(refusal, (CONTENT_FILTER,)) is Outcome.ELSEWHERE
        assert reason_of(refusal) == CONTENT_FILTER
    assert outcome_of(ProviderFailed("Bad.", 400), (CONTENT_FILTER,)) is END


def test_a_reason_is_one_word() -> None:
    assert reason_of(ProviderFailed("Late.", timed_out=True)) == "timeout"
    assert reason_of(ProviderFailed("Nobody there.")) == "no_answer"
    assert reason_of(ProviderFailed("Busy.", 503)) == "status_503"
    assert reason_of(OwnKeyUnavailable("Gone.")) == "own_key_unavailable"
