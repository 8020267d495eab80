"""A top-up link for a user is made by the paywall's owner alone, and opens that user's wallet."""

from collections.abc import Iterator

import pytest

from app.domain.wallets.wallets import end_user_id
from tests.support.owning import PAYWALL, Owned, owned


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


def test_a_link_is_made_for_a_user_who_is_there(site: Owned) -> None:
    path = f"{site.base}/users/{end_user_id(PAYWALL, 'ada')}/topup-link"
    assert site.owner.post(path).status_code == 404
    paid = site.demo.post("/user/balance/deposit", {"user": "ada", "amount": "5"})
    assert paid.status_code == 200
    answer = site.owner.post(path)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    assert answer.json()["link"].startswith(f"{site.demo.base_url}/topup/")
    assert site.owner.post("/manage/paywalls/pw_demo_shared/users/usr_x/topup-link").status_code == 403
