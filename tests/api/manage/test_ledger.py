"""A book as a file: whole, without formulas, for whoever may read it."""

import csv
import io
from collections.abc import Iterator

import pytest

from tests.support.owning import Owned, owned


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_book_is_one_file_of_all_that_fits(site: Owned) -> None:
    for user, amount in (("ada", "5"), ("=HYPERLINK(1)", "7"), ("ada", "2")):
        body = {"user": user, "amount": amount, "metadata": {"note": "@SUM(A1)"}}
        assert site.demo.post("/user/balance/deposit", body).status_code == 200
    answer = site.owner.get(f"{site.base}/ledger.csv")
    assert (
        answer.headers["content-type"].startswith("text/csv") and "attachment" in answer.headers["content-disposition"]
    )
    found = rows(answer.text)
    assert [(row["type"], row["user"], row["amount"]) for row in found] == [
        ("deposit", "ada", "2"), ("deposit", "'=HYPERLINK(1)", "7"), ("deposit", "ada", "5"),
    ]  # fmt: skip
    of_ada = rows(site.owner.get(f"{site.base}/ledger.csv?user=ada").text)
    assert [row["amount"] for row in of_ada] == ["2", "5"]
    assert rows(site.owner.get(f"{site.base}/ledger.csv?account=revenue").text) == []
    assert rows(site.owner.get(f"{site.base}/ledger.csv?to=2020-01-01").text) == []
    for bad in ("account=world", "user=a%20b", "from=x"):
        assert site.owner.get(f"{site.base}/ledger.csv?{bad}").status_code == 400
