"""A developer's key is in the answer that made it, for whoever is signed in."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.owning import Owned, owned

URL = "/auth/developer-key"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


def test_a_key_is_made_with_a_name_for_reading_unless_more_is_asked_for(site: Owned) -> None:
    answer = site.owner.post(URL, name="CI")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    headers = {"Authorization": f"Bearer {answer.json()['key']}"}
    listed = httpx.get(f"{site.demo.base_url}/v1/manage/paywalls", headers=headers)
    assert {one["id"] for one in listed.json()["data"]} == {"pw_demo_default", "pw_demo_shared"}
    made = httpx.post(f"{site.demo.base_url}/v1/manage/paywalls/pw_demo_default/keys", headers=headers)
    assert made.status_code == 403 and "only read" in made.json()["error"]["message"]
    assert site.owner.post(URL, name="").status_code == 400
    assert site.owner.post(URL, headers={"Sec-Fetch-Site": "cross-site"}, name="x").status_code == 403
    assert httpx.post(site.demo.base_url + URL, data={"name": "x"}).status_code == 401
