"""The secret of an endpoint is in the answer that made it, and in no other."""

from collections.abc import Iterator

import pytest

from tests.support.owning import Owned, owned


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


def test_an_endpoint_is_added_and_its_secret_changed(site: Owned) -> None:
    made = site.owner.post(f"{site.base}/webhooks", url="https://hooks.example/x", events="proxy.*, paywall.refund.*")
    assert made.status_code == 200 and made.headers["cache-control"] == "no-store"
    assert made.json().keys() == {"secret"} and made.json()["secret"].startswith("whsec_")
    [listed] = site.demo.get("/webhooks/subscriptions").json()["subscriptions"]
    assert listed["events"] == ["proxy.*", "paywall.refund.*"] and listed["createdBy"].startswith("acc_")
    again = site.owner.post(f"{site.base}/webhooks/{listed['id']}/rotate")
    assert again.json()["secret"] not in ("", made.json()["secret"])
    refused = site.owner.post(f"{site.base}/webhooks", url="ftp://x")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "url")
