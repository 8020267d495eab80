"""Routes of our own pages about a paywall know who calls, and what they are to it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.owning import Owned, owned


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


def test_nobody_who_is_nothing_to_a_paywall_learns_that_it_exists(site: Owned) -> None:
    url = site.demo.base_url
    for path in ("/webhooks", "/webhooks/whs_x/rotate", "/users/usr_x/topup-link"):
        assert httpx.post(url + site.base + path).status_code == 401
        assert site.stranger.post(site.base + path).status_code == 404
        assert site.owner.post(site.base + path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert site.owner.post(f"/manage/paywalls/pw_none{path}").status_code == 404
    assert httpx.get(f"{url}{site.base}/ledger.csv").status_code == 401
    assert site.stranger.get(f"{site.base}/ledger.csv").status_code == 404
