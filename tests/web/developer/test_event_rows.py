"""An endpoint's state is a word or two beside its address; why it is so stands beneath, where there is room."""

import pytest

from app.domain.events.subscriptions import SubscriptionView
from app.domain.events.tables import EndedBy
from app.web.developer.events.rows import subscription_row


def view(*, ended_by: EndedBy | None, failures: int = 0) -> SubscriptionView:
    return SubscriptionView(
        id="sub_1", paywall_id="pw_1", url="https://app.example/hook", events=("*",), is_active=ended_by is None,
        description=None, header_names=(), created_at=0, updated_at=0, created_by=None, consecutive_failures=failures,
        last_delivered_at=None, secret_suffix="oMu24=", ended_by=ended_by, previous_until=None,
    )  # fmt: skip


@pytest.mark.parametrize("ended_by", EndedBy)
def test_a_paused_endpoint_says_who_paused_it_beneath(ended_by: EndedBy) -> None:
    row = subscription_row(view(ended_by=ended_by), "pw_1")
    assert (row.state, row.tone) == ("Paused", "wait")
    assert bool(row.why) is (ended_by is not EndedBy.DEVELOPER)


def test_one_that_takes_nothing_counts_and_one_that_works_is_active() -> None:
    failing = subscription_row(view(ended_by=None, failures=4), "pw_1")
    assert (failing.state, failing.why) == ("4 failed in a row", "")
    assert subscription_row(view(ended_by=None), "pw_1").state == "Active"
