"""The official SDK for JavaScript, base URL and key changed and nothing else.

Slow, because npm fetches it: only the SDK itself, in Node, shows that nothing more has to be changed.
"""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.upstream import RunningUpstream
from tests.support.server import Demo

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def seen(demo: Demo, behind: Demo, emulated: RunningUpstream, node_folder: Path) -> dict[str, Any]:
    """What the SDK saw on one walk through everything."""
    demo.post("/user/balance/deposit", {"user": "js", "amount": "5"}).raise_for_status()
    behind.post("/user/balance/deposit", {"user": "js", "amount": "5"}).raise_for_status()
    emulated.reset()
    arguments = [demo.api_base, demo.key, "js", "js-poor", "demo-mini", behind.api_base, behind.key]
    done = subprocess.run(
        [BIN / "node", "walk.mjs", *arguments], cwd=node_folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer | {"upstream": [request["model"] for request in emulated.seen()]}


def test_an_answer_comes_whole_and_is_charged(seen: dict[str, Any]) -> None:
    whole = seen["whole"]
    assert whole["text"] and whole["total"] > 0 and whole["action"] == "none"
    assert Fraction(whole["paywall"]["charge"]) > 0 and whole["requestId"].startswith("req_")


def test_an_answer_comes_as_a_stream_with_its_usage(seen: dict[str, Any]) -> None:
    assert seen["streamed"]["text"] == seen["whole"]["text"] == seen["runner"]
    assert seen["streamed"]["chunks"] > 5 and seen["streamed"]["usage"]["total_tokens"] == seen["whole"]["total"]


def test_tools_are_called_whole_and_streamed(seen: dict[str, Any]) -> None:
    assert seen["tool"] == {"name": "find_city", "keys": ["city"]} and seen["toolStreamed"] == "find_city"


def test_structured_outputs_are_parsed(seen: dict[str, Any]) -> None:
    assert seen["parsed"] == {"keys": ["name", "people"], "isCity": True} and seen["parsedStreamed"]


def test_its_own_retry_is_charged_once(seen: dict[str, Any], behind: Demo) -> None:
    assert seen["upstream"][:2] == ["flaky", "flaky"] and Fraction(seen["retried"]) > 0
    assert 5 - behind.spendable("js") == Fraction(seen["retried"]) + Fraction(seen["parallelCharge"])


def test_parallel_tool_calls_are_put_together(seen: dict[str, Any]) -> None:
    arguments = '{"city": "Zürich", "days": 3}'
    assert seen["parallel"] == [["get_weather", arguments], ["get_time", arguments]]


def test_several_choices_and_the_models_are_there(seen: dict[str, Any]) -> None:
    assert seen["choices"] == 3 and set(seen["models"]) == {"demo-mini", "demo-large"}
    assert set(seen["model"]) >= {"prompt", "completion", "request"}


def test_a_user_without_money_reads_an_ordinary_message_with_the_link(seen: dict[str, Any]) -> None:
    assert "/topup/" in seen["link"]["text"] and (seen["link"]["total"], seen["link"]["action"]) == (0, "topup")


@pytest.mark.parametrize(
    ("name", "kind", "status", "code", "param"),
    [
        ("key", "AuthenticationError", 401, "invalid_api_key", None),
        ("model", "NotFoundError", 404, "model_not_found", None),
        ("field", "BadRequestError", 400, "invalid_value", "n"),
        ("user", "BadRequestError", 400, "invalid_user", "user"),
        ("strict", "APIError", 402, "insufficient_funds", None),
    ],
)
def test_errors_are_the_sdks_own(
    seen: dict[str, Any], name: str, kind: str, status: int, code: str, param: str | None
) -> None:
    assert seen["failures"][name] == {"kind": kind, "status": status, "code": code, "param": param}


def test_a_key_gets_the_same_answer_again(seen: dict[str, Any]) -> None:
    assert seen["replay"] == {"same": True, "header": "true"}
