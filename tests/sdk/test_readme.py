"""What README and guide show app developers does what it says: their own lines are run, with address and key put in."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.server import Demo, running

ROOT = Path(__file__).parents[2]
README, CHAT, WEBHOOKS = (ROOT / name for name in ("README.md", "app/guide/use/chat.md", "app/guide/use/webhooks.md"))
FIRST_REQUEST = 1
"""Which of the README's blocks of `sh` that is, behind the two commands."""
BIN = Path(sys.executable).parent
SECONDS = 60


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo as the guide starts it for webhooks, with money for the user that README and guide name."""
    with running(tmp_path_factory.mktemp("readme"), ALLOW_PRIVATE_ADDRESSES="true") as started:
        started.post("/user/balance/deposit", {"user": "ada", "amount": "5"}).raise_for_status()
        yield started
        assert started.audit() == "The books balance."


def block(page: Path, language: str, number: int = 0) -> str:
    """Returns a block of code of a page, counted among those in its language."""
    found = re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)
    assert len(found) > number, f"{page.name} has no block {number} of {language}"
    return str(found[number])


def at(demo: Demo, code: str) -> str:
    return code.replace("http://127.0.0.1:8000", demo.base_url)


def run(*command: str | Path, cwd: Path, key: str = "") -> str:
    environment = {**os.environ, "COINSLOT_KEY": key}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def curl(demo: Demo, folder: Path, code: str) -> str:
    if shutil.which("curl") is None:
        pytest.skip("this machine has no curl")
    return run("bash", "-c", at(demo, code), cwd=folder, key=demo.key)


@pytest.mark.unhurried
def test_the_first_request_with_curl(own: Demo, tmp_path: Path) -> None:
    answer = json.loads(curl(own, tmp_path, block(README, "sh", FIRST_REQUEST)))
    assert answer["choices"][0]["message"]["content"] and answer["paywall"]["action"] == "none"


@pytest.mark.unhurried
def test_the_first_request_with_python(own: Demo, tmp_path: Path) -> None:
    code = f"COINSLOT_KEY = {own.key!r}\n{at(own, block(README, 'python'))}"
    assert run(sys.executable, "-c", code, cwd=tmp_path).strip()


@pytest.mark.unhurried
def test_what_the_guide_shows_of_a_chat(own: Demo, tmp_path: Path) -> None:
    code = f"COINSLOT_KEY = {own.key!r}\n{at(own, block(CHAT, 'python'))}\nprint(answer.paywall['request_id'])"
    request_id = run(sys.executable, "-c", code, cwd=tmp_path).strip()
    said = curl(own, tmp_path, block(CHAT, "sh").replace("$REQUEST_ID", request_id))
    balance, end = json.JSONDecoder().raw_decode(said)
    assert balance["unit"] == "USD" and json.loads(said[end:])["id"] == request_id


@pytest.mark.slow
def test_the_first_request_with_javascript(own: Demo, node_folder: Path) -> None:
    """Only Node, with the package that npm installs, shows that the README's words run there."""
    script = node_folder / "readme.mjs"
    script.write_text(at(own, block(README, "js")).replace("COINSLOT_KEY", f'"{own.key}"'))
    assert run(BIN / "node", script, cwd=node_folder).strip()


def test_a_webhook_is_received_and_verified(own: Demo, tmp_path: Path) -> None:
    port = str(free_port())
    subscribe = block(WEBHOOKS, "sh").split("\n", 1)[1].replace("9000", port)
    answered = curl(own, tmp_path, subscribe)
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", answered)
    assert secret is not None, answered
    receiver = tmp_path / "receiver.py"
    receiver.write_text(block(WEBHOOKS, "python").replace("9000", port))
    command = (sys.executable, "-u", receiver, secret[0])
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        try:
            curl(own, tmp_path, block(README, "sh", FIRST_REQUEST))
            assert started.stdout is not None
            assert started.stdout.readline().startswith("paywall."), "what it prints is an event that it verified"
        finally:
            started.kill()
