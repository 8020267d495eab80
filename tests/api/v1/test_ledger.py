"""GET /v1/ledger: pages that fit together, and a CSV of any length in little memory."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from app.domain import clock
from app.domain.ids import new_id
from app.flows.paywalls.demo import PAYWALL_ID
from tests.support.server import Demo, running

USERS = 1_000
CSV = {"Accept": "text/csv"}


def read_csv(answer: httpx.Response) -> list[dict[str, str]]:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8"), answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_an_entry_says_what_moved_and_leads_to_its_receipt(demo: Demo) -> None:
    user = demo.new_user(None)
    demo.post("/user/balance/deposit", {"user": user, "amount": "5", "metadata": {"order": "7"}}).raise_for_status()
    answered = demo.chat("ok", user)
    demo.post("/user/charge", {"user": user, "amount": "0.25"}).raise_for_status()
    page = demo.get(f"/ledger?user={user}").json()
    manual, charge, deposit = page["data"]
    assert (page["object"], page["has_more"], page["next_cursor"]) == ("list", False, None)
    assert [entry["type"] for entry in page["data"]] == ["manual_charge", "charge", "deposit"]
    assert (deposit["amount"], deposit["metadata"], deposit["model"]) == ("5", {"order": "7"}, None)
    assert charge["amount"] == f"-{answered.json()['paywall']['charge']}" and charge["model"] == "ok"
    assert demo.receipt(charge["request_id"])["created_at"] == charge["created_at"]
    assert (manual["amount"], manual["unit"], manual["user"]) == ("-0.25", "USD", user)
    assert set(charge) == {"id", "type", "created_at", "user", "amount", "unit", "model", "tokens", "request_id",
                           "metadata"}  # fmt: skip


@pytest.mark.unhurried
def test_pages_fit_together_and_their_cursor_fits_nothing_else(demo: Demo) -> None:
    user = demo.new_user("1")
    for _ in range(4):
        demo.post("/user/charge", {"user": user, "amount": "0.1"}).raise_for_status()
    whole = demo.get(f"/ledger?user={user}").json()["data"]
    found, query = [], f"user={user}&limit=2"
    page = demo.get(f"/ledger?{query}").json()
    first_cursor = page["next_cursor"]
    while True:
        found += page["data"]
        if not page["has_more"]:
            break
        page = demo.get(f"/ledger?{query}&cursor={page['next_cursor']}").json()
    assert found == whole and len(whole) == 5
    assert demo.get(f"/{user}/ledger?limit=100").json()["data"] == whole
    for other in ("type=charge", "user=ada", f"user={user}&type=charge", f"user={user}&from=2026-01-01"):
        error = demo.get(f"/ledger?{other}&cursor={first_cursor}").json()["error"]
        assert (error["param"], error["code"]) == ("cursor", "invalid_cursor")
    assert demo.get(f"/requests?user={user}&cursor={first_cursor}").status_code == 400
    assert demo.shared.get(f"/ledger?user={user}&cursor={first_cursor}").status_code == 400
    assert demo.shared.get(f"/ledger?user={user}").json()["data"] == []


def test_a_wrong_type_is_named(demo: Demo) -> None:
    error = demo.get("/ledger?type=hold").json()["error"]
    assert error["param"] == "type" and "manual_charge" in error["message"]


@pytest.mark.unhurried
def test_no_cell_is_a_formula_and_amounts_are_numbers(demo: Demo) -> None:
    for user in ("=cmd|'!A1", "+1", "-1", "@sum", 'a"b,c'):
        strange = f"{user}{demo.new_user(None)}"
        deposit = {"user": strange, "amount": "1", "metadata": {"n": 2**53 - 1, "t": "é\u2028"}}
        demo.post("/user/balance/deposit", content=json.dumps(deposit).encode()).raise_for_status()
        demo.post("/user/charge", {"user": strange, "amount": "0.5"}).raise_for_status()
        rows = read_csv(demo.get("/ledger", X_Paywall_User=strange, **CSV))
        assert [row["amount"] for row in rows] == ["-0.5", "1"]
        assert {row["user"] for row in rows} == {strange if user == 'a"b,c' else f"'{strange}"}
        assert [row["type"] for row in rows] == ["manual_charge", "deposit"]
        assert json.loads(rows[1]["metadata"]) == deposit["metadata"]
        assert demo.get("/ledger", X_Paywall_User=strange).json()["data"][1]["metadata"] == deposit["metadata"]


@pytest.fixture(scope="module")
def rows(amount: Callable[[str], int]) -> int:
    """How often the paywall of `full` has charged."""
    return amount("csv-rows")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, rows: int) -> Iterator[Demo]:
    """A server whose default-mode paywall has charged very often."""
    data = tmp_path_factory.mktemp("ledger")
    with running(data) as started:
        now = clock.now()
        made = [(new_id("req"), PAYWALL_ID, f"u{number % USERS}", now - number) for number in range(rows)]
        with sqlite3.connect(data / "coinslot.db", timeout=30) as connection:
            connection.executemany(
                "INSERT INTO request (id, paywall_id, wallet_id, external_id, kind, status, billing_source, streamed,"
                " unit, hold_nanos, charge_nanos, created_at) VALUES (?, ?, 'w', ?, 'manual', 'settled', 'platform', 0,"
                " 'USD', 1, 1, ?)",
                made,
            )
        yield started


def memory(demo: Demo, name: str) -> int:
    """Returns a figure of the server's memory in KiB, as Linux says it."""
    status = Path(f"/proc/{demo.process.pid}/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0])


def grown_by_reading_all(demo: Demo, rows: int) -> int:
    """Reads the whole ledger as CSV, and returns by how many KiB the server's memory grew at most."""
    Path(f"/proc/{demo.process.pid}/clear_refs").write_text("5")  # the peak counts from here
    before, lines = memory(demo, "VmRSS"), 0
    with httpx.stream("GET", f"{demo.api_base}/ledger", headers=demo.headers(**CSV), timeout=90) as answer:
        for piece in answer.iter_bytes():
            lines += piece.count(b"\n")  # a piece may end between the two characters of a line end
    assert lines == rows + 1
    return memory(demo, "VmHWM") - before


@pytest.mark.slow
def test_very_many_rows_need_no_more_memory_than_a_few(full: Demo, rows: int) -> None:
    """Only very many rows show that none are kept while they are written out."""
    assert len(read_csv(full.get("/ledger?user=u7", **CSV))) == rows / USERS
    first, second = grown_by_reading_all(full, rows), grown_by_reading_all(full, rows)
    # The first reading also fills caches; whatever held all rows at once would need far more than they do.
    assert first < 60_000 and second < 20_000, f"grown by {first} and then {second} KiB"


@pytest.mark.slow
def test_a_page_in_the_middle_of_many_rows_is_read_at_once(full: Demo) -> None:
    """Only many rows tell a page that is found from one that is counted to."""
    page = full.get("/ledger?limit=100").json()
    assert len(page["data"]) == 100 and page["has_more"]
    following = full.get(f"/ledger?limit=100&cursor={page['next_cursor']}").json()["data"]
    ids = [entry["id"] for entry in (*page["data"], *following)]
    assert len(set(ids)) == 200 and ids == sorted(ids, reverse=True)
