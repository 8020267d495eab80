"""A person's part of all that is owed is a file for that person alone."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.owning import Owned, owned


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


def test_whoever_is_signed_in_has_their_own_part_and_nobody_elses(site: Owned) -> None:
    path = "/manage/liabilities.json"
    assert httpx.get(site.demo.base_url + path).status_code == 401
    answer = site.owner.get(path)
    assert answer.status_code == 200 and answer.json() == {"liabilities": []}  # no chain, no tree
    assert answer.headers["cache-control"] == "no-store" and "attachment" in answer.headers["content-disposition"]
    assert site.owner.get(f"{path}?account=sandbox:USDC:wallet:wal_eve").status_code == 404
