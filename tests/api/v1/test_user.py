"""Balance, top-up link, deposit and charge over real HTTP."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import pytest

from tests.support.handed import open_topup
from tests.support.server import Demo

BAD_AMOUNTS: list[Any] = [
    "-1", "+1", "0", "0.0", "1e3", " 1", "1.", ".5", "1,5", "", "abc", "\u0661", "1.0000000001", "1000000.000000001",
    1000001, 1.5, 0.1, True, [], {}, -3, 0,
]  # fmt: skip


def test_a_new_user_has_nothing(demo: Demo) -> None:
    assert demo.get(f"/user/balance?user={demo.new_user(None)}").json() == {
        "balance": "0", "balanceFormatted": "$0.00", "unit": "USD", "held": "0", "spendable": "0",
    }  # fmt: skip


def test_a_deposit_is_in_the_balance(demo: Demo) -> None:
    user = demo.new_user(None)
    assert (
        demo.post("/user/balance/deposit", {"user": user, "amount": "1.000000001"}).json()["balanceFormatted"]
        == "$1.00"
    )
    assert demo.post("/user/balance/deposit", {"user": user, "amount": 2}).json()["balanceFormatted"] == "$3.00"
    balance = demo.get(f"/user/balance?user={user}").json()
    assert (balance["balance"], balance["spendable"]) == ("3000000", "3.000000001")


@pytest.mark.unhurried
@pytest.mark.parametrize("path", ["/user/balance/deposit", "/user/charge"])
@pytest.mark.parametrize("amount", BAD_AMOUNTS, ids=repr)
def test_an_amount_that_cannot_be_is_refused_and_nothing_written(demo: Demo, path: str, amount: Any) -> None:
    user = demo.new_user()
    before = demo.rows()
    answer = demo.post(path, {"user": user, "amount": amount})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "amount")
    assert demo.rows() == before


@pytest.mark.parametrize("body", [{}, {"amount": None}])
def test_a_missing_amount_is_named(demo: Demo, body: dict[str, Any]) -> None:
    error = demo.post("/user/charge", {"user": "ada", **body}).json()["error"]
    assert (error["param"], error["code"]) == ("amount", "missing_required_parameter")


def test_metadata_must_be_an_object(demo: Demo) -> None:
    answer = demo.post("/user/charge", {"user": "ada", "amount": "1", "metadata": ["x"]})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "metadata")


def test_a_charge_takes_money_and_has_a_receipt(demo: Demo) -> None:
    user = demo.new_user()
    answer = demo.post("/user/charge", {"user": user, "amount": "1.25", "metadata": {"why": "a book"}}).json()
    assert answer["success"] and answer["message"] == "$1.25 was charged for Lexica."
    assert demo.spendable(user) == Fraction("3.75")
    receipt = demo.receipt(answer["id"])
    assert (receipt["kind"], receipt["charge"], receipt["status"]) == ("manual", "1.25", "settled")


@pytest.mark.unhurried
def test_a_charge_that_cannot_be_paid_is_no_error_and_writes_nothing(demo: Demo) -> None:
    user = demo.new_user()
    before = demo.rows()
    answer = demo.post("/user/charge", {"user": user, "amount": "5.000000001"})
    assert (answer.status_code, answer.json()["success"], answer.json()["id"]) == (200, False, None)
    assert demo.rows() == before


@pytest.mark.parametrize(("is_shared", "action"), [(False, "topup"), (True, "authorize")])
@pytest.mark.parametrize("key", ["", "k1"])
def test_what_a_user_is_told_of_it_holds_the_link(demo: Demo, is_shared: bool, action: str, key: str) -> None:
    server = demo.shared if is_shared else demo
    headers: dict[str, Any] = {"Idempotency_Key": key} if key else {}
    headers["X_Paywall_State"] = "s7"
    answer = server.post("/user/charge", {"user": demo.new_user(None), "amount": "5"}, content=None, **headers).json()
    assert set(answer) == {"success", "message", "id", "action", "url"}
    assert (answer["success"], answer["action"]) == (False, action) and answer["url"] in answer["message"]
    assert answer["url"].startswith(f"{demo.base_url}/{action}/")
    assert json.loads(unsigned(answer["url"]))[4] == "s7"


def unsigned(url: str) -> bytes:
    """Returns what a link says, without asking who signed it."""
    body = url.strip("/").rsplit("/", 1)[1].partition(".")[0]
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


def test_a_charge_that_cannot_be_made_leads_back_to_the_apps_own_origin_only(demo: Demo) -> None:
    body = {"user": demo.new_user(None), "amount": "5"}
    answer = demo.post("/user/charge", body, X_Paywall_Return_Url="https://evil.example/")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "return_url")


@pytest.mark.parametrize("path", ["/user/balance/deposit", "/user/charge"])
def test_the_same_key_and_body_get_the_first_answer_again(demo: Demo, path: str) -> None:
    user = demo.new_user()
    body = {"user": user, "amount": "1"}
    first, second = (demo.post(path, body, Idempotency_Key="k1") for _ in range(2))
    assert first.json() == second.json()
    assert "idempotent-replayed" not in first.headers and second.headers["idempotent-replayed"] == "true"
    if path == "/user/charge":
        assert second.headers.get_list("x-request-id") == [first.json()["id"]] == [first.headers["x-request-id"]]
        assert demo.receipt(second.headers["x-request-id"])["kind"] == "manual"
    assert demo.spendable(user) == (6 if path.endswith("deposit") else 4)
    other = demo.post(path, {**body, "amount": "2"}, Idempotency_Key="k1")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")


@pytest.mark.unhurried
@pytest.mark.parametrize("path", ["/user/balance/deposit", "/user/charge"])
def test_twenty_at_once_with_one_key_move_money_once(demo: Demo, path: str) -> None:
    user = demo.new_user()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(
            lambda _: demo.post(path, {"user": user, "amount": "1"}, Idempotency_Key="many"), range(20)
        ))  # fmt: skip
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert demo.spendable(user) == (6 if path.endswith("deposit") else 4)


def test_keys_of_other_users_and_routes_are_other_keys(demo: Demo) -> None:
    one, two = demo.new_user(), demo.new_user()
    demo.post("/user/charge", {"user": one, "amount": "1"}, Idempotency_Key="same")
    demo.post("/user/charge", {"user": two, "amount": "1"}, Idempotency_Key="same")
    demo.post("/user/balance/deposit", {"user": one, "amount": "1"}, Idempotency_Key="same")
    assert (demo.spendable(one), demo.spendable(two)) == (5, 4)


def test_a_refused_charge_keeps_no_answer_so_that_a_retry_runs(demo: Demo) -> None:
    user = demo.new_user(None)
    body = {"user": user, "amount": "1"}
    assert not demo.post("/user/charge", body, Idempotency_Key="later").json()["success"]
    demo.post("/user/balance/deposit", {"user": user, "amount": "2"})
    assert demo.post("/user/charge", body, Idempotency_Key="later").json()["success"]
    assert demo.spendable(user) == 1


def test_an_idempotency_key_that_is_none_is_refused(demo: Demo) -> None:
    answer = demo.post("/user/charge", {"user": "ada", "amount": "1"}, Idempotency_Key="x" * 256)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "Idempotency-Key")


def test_the_topup_link_leads_back_to_the_apps_own_origin_only(demo: Demo) -> None:
    url = demo.get("/user/balance/topup?user=ada&amount=12.50&return_url=https://lexica.example/chat&state=s").json()[
        "url"
    ]
    assert url.startswith(f"{demo.base_url}/topup/")
    for bad in ("https://evil.example/", "https://lexica.example.evil.com/", "javascript:alert(1)", "//evil.example"):
        answer = demo.get(f"/user/balance/topup?user=ada&return_url={bad}")
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "return_url")
    assert demo.get("/user/balance/topup?user=ada&amount=2").json()["error"]["param"] == "amount"


def test_a_link_of_this_server_is_no_link_of_another(demo: Demo) -> None:
    token = demo.get("/user/balance/topup?user=ada").json()["url"].split("/topup/")[1].strip("/")
    with pytest.raises(Exception, match="not one of ours"):
        open_topup(token)


HARD_JSON = {
    "large": '{"n": 18446744073709551616}', "small": '{"n": -9223372036854775809}', "long": f'{{"n": 1{"0" * 4_000}}}',
    "inside": '{"a": [{"b": 99999999999999999999}]}', "text": r'{"a": "\ud800"}', "name": r'{"\udfff": 1}',
    "cut": r'{"a": "\ud83d x"}', "nul": r'{"a": "\u0000"}', "nul-name": r'{"a\u0000b": 1}', "nan": '{"n": NaN}',
    "infinite": '{"n": -Infinity}', "overflow": '{"n": 1e999}', "deep": '{"a":' * 40 + "1" + "}" * 40,
    "abyss": '{"a":' * 8_000 + "1" + "}" * 8_000, "huge": '{"a": "%s"}' % ("x" * 20_000),
}  # fmt: skip


@pytest.mark.unhurried
@pytest.mark.parametrize("path", ["/user/balance/deposit", "/user/charge"])
@pytest.mark.parametrize("metadata", HARD_JSON.values(), ids=HARD_JSON)
def test_metadata_that_readers_of_json_refuse_is_refused_before_any_money_moves(
    demo: Demo, path: str, metadata: str
) -> None:
    user = demo.new_user()
    before = demo.rows()
    answer = demo.post(path, content=f'{{"user": "{user}", "amount": "1", "metadata": {metadata}}}'.encode())
    assert answer.status_code == 400 and answer.json()["error"]["param"] in ("metadata", None)
    assert demo.rows() == before and demo.spendable(user) == 5


def test_metadata_that_everybody_reads_is_kept_as_it_was(demo: Demo) -> None:
    user = demo.new_user()
    metadata = {"n": 18446744073709551615, "m": -(2**63), "ü": ["\U0001f600", 1.5, None, {"a": {"b": [True]}}]}
    for path in ("/user/charge", "/user/balance/deposit"):
        demo.post(path, {"user": user, "amount": "1", "metadata": metadata}).raise_for_status()
    entries = demo.get(f"/ledger?user={user}").json()["data"]
    assert [entry["metadata"] for entry in entries[:2]] == [metadata] * 2
