"""What a user is asked for when what they pay from, or one of their budgets, is short."""

import pytest

from app.domain.errors import Blocked
from app.flows.callers.user import Standing


@pytest.mark.parametrize(
    ("short_of", "asked"), [("cap:1", "limit"), ("limit:1", "none"), ("wallet", "topup"), (None, "topup")]
)
def test_who_is_short_of_their_own_cap_is_asked_to_raise_it_and_nobody_by_a_developers_limit(
    short_of: str | None, asked: str
) -> None:
    assert Standing(budgets=("cap:1",)).asked_for(short_of, ("cap:1", "limit:1")) == asked


def test_who_has_authorized_nothing_has_nothing_to_pay_from() -> None:
    with pytest.raises(Blocked) as refused:
        _ = Standing().payer
    assert refused.value.code == "authorization_required"
