"""The examples of the Management API's page do what the page says: its own lines are run, with a developer's key."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.managing_api import ManagingApi, managing
from tests.support.owning import Owned, owned

PAGE = Path(__file__).parents[2] / "app/guide/use/manage-api.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def api(site: Owned) -> ManagingApi:
    return managing(site)


def shown(language: str, api: ManagingApi) -> str:
    """Returns the page's block in a language, for a running server."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1].replace("http://127.0.0.1:8000", api.base_url)


def run(api: ManagingApi, *command: str) -> str:
    environment = {**os.environ, "DEVELOPER_KEY": api.key}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_calls_with_curl_list_give_and_give_once(site: Owned, api: ManagingApi) -> None:
    if shutil.which("curl") is None:
        pytest.skip("this machine has no curl")
    for _ in range(2):
        said, answers, at = run(api, "bash", "-c", shown("sh", api)), [], 0
        while at < len(said):
            answer, at = json.JSONDecoder().raw_decode(said, at)
            answers.append(answer)
        assert [one["id"] for one in answers[0]["data"]] and answers[1]["user"]["spendable"] == "2.5"
        assert answers[2]["data"]
    assert site.demo.spendable("ada") * 2 == 5


@pytest.mark.unhurried
def test_prices_are_changed_by_the_version_that_was_read(api: ManagingApi) -> None:
    before, version = demo_mini(api)
    assert run(api, sys.executable, "-c", shown("python", api)) == f"{version + 1}\n"
    price, _ = demo_mini(api)
    assert before["markup_percent"] == "20" != price["markup_percent"]
    # What the example says is so, what it clears is nothing, and what it leaves out is as it was.
    assert price == before | {"input": "1.5", "output": "6", "markup_percent": "0"}


def demo_mini(api: ManagingApi) -> tuple[dict[str, Any], int]:
    """Returns a model's price, and the version of the paywall that it is of."""
    prices = api.call("GET", "/prices").json()
    return next(one for one in prices["data"] if one["model"] == "demo-mini"), prices["version"]
