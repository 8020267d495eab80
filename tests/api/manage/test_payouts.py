"""Payouts that nobody has signed are a file for operators alone."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.owning import Owned, owned


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


def test_nobody_but_an_operator_has_the_file(site: Owned) -> None:
    path = "/manage/operator/payouts/31337.csv"
    assert httpx.get(site.demo.base_url + path).status_code == 401
    assert site.owner.get(path).status_code == 404 and site.stranger.get(path).status_code == 404
    answer = site.operator.get(path)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv")
    assert answer.text.strip() == "payout,paywall,wallet,status,chain,address,amount,unit,requested"


@pytest.mark.parametrize("chain", ["0", "-1", str(2**63), "9" * 400])
def test_what_is_no_id_of_a_chain_is_not_found(site: Owned, chain: str) -> None:
    assert site.operator.get(f"/manage/operator/payouts/{chain}.csv").status_code in (404, 422)
