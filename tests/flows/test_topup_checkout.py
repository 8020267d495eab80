"""From a link to a checkout, and back to the app."""

import pytest

from app.adapters.rail_sandbox import SandboxRail
from app.domain.errors import BadField, LinkInvalid, NotFound
from app.domain.money import NANOS
from app.flows.links import TopupLink, mint_topup
from app.flows.topup_checkout import begin_topup, check_amount, open_sandbox_checkout, read_topup, return_address
from tests.flows.books import make_snapshot

RAIL = SandboxRail(b"secret")


@pytest.mark.parametrize(("text", "nanos"), [("3", 3 * NANOS), (" $12.50 ", 12_500_000_000), ("10000", 10_000 * NANOS)])
def test_an_amount_that_a_card_can_pay(text: str, nanos: int) -> None:
    assert check_amount(text) == nanos


@pytest.mark.parametrize(
    ("text", "words"),
    [("2.99", r"from \$3.00 to \$10,000.00"), ("10000.01", r"from \$3.00"), ("", "such as"), ("ten", "such as"),
     ("-5", "such as"), ("1e2", "such as"), ("5.001", "whole cents"), ("٥", "such as")],
)  # fmt: skip
def test_an_amount_that_it_cannot_is_refused_in_words_for_people(text: str, words: str) -> None:
    with pytest.raises(BadField, match=words) as refused:
        check_amount(text)
    assert refused.value.field == "amount"


async def test_a_link_leads_to_a_checkout_that_leads_back(database: str) -> None:
    token = mint_topup(make_snapshot().paywall_id, "ada")
    url = await begin_topup(RAIL, token, "5")
    checkout = await open_sandbox_checkout(RAIL, url.split("/")[3])
    assert (checkout.app_name, checkout.amount_nanos, checkout.status) == ("Lexica", 5 * NANOS, "created")
    assert checkout.return_url == f"/topup/{token}/?topup={checkout.topup_id}"
    assert (await read_topup(token, checkout.topup_id)).status == "created"


async def test_another_users_link_does_not_show_a_top_up(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    url = await begin_topup(RAIL, mint_topup(paywall_id, "ada"), "5")
    checkout = await open_sandbox_checkout(RAIL, url.split("/")[3])
    with pytest.raises(NotFound):
        await read_topup(mint_topup(paywall_id, "bob"), checkout.topup_id)
    with pytest.raises(LinkInvalid):
        await begin_topup(RAIL, "forged", "5")
    with pytest.raises(LinkInvalid):
        await open_sandbox_checkout(RAIL, "forged")


@pytest.mark.parametrize(
    ("url", "state", "expected"),
    [
        (None, "s", None),
        ("https://x/", None, "https://x/"),
        ("https://x/", "a b&c", "https://x/?state=a+b%26c"),
        ("https://x/p?q=1&state=old#f", "new", "https://x/p?q=1&state=new#f"),
    ],
)
def test_the_way_back_carries_the_apps_state(url: str | None, state: str | None, expected: str | None) -> None:
    assert return_address(TopupLink("pw_1", "ada", url, state, None, 0)) == expected
