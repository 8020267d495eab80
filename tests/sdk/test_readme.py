"""What the README shows app developers does what it says: its own lines are run, with address and key put in."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.pages import free_port
from tests.support.server import Demo, running

README = Path(__file__).parents[2] / "README.md"
BIN = Path(sys.executable).parent
SECONDS = 60


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo as the README starts it for webhooks, with money for the user that the README names."""
    with running(tmp_path_factory.mktemp("readme"), ALLOW_PRIVATE_ADDRESSES="true") as started:
        started.post("/user/balance/deposit", {"user": "ada", "amount": "5"}).raise_for_status()
        yield started
        assert started.audit() == "The books balance."


def block(section: str, language: str, number: int = 0) -> str:
    """Returns a block of code of a section of the README."""
    text = README.read_text().split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    found = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert len(found) > number, f"{section} has no block {number} of {language}"
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


def test_the_first_request_with_curl(own: Demo, tmp_path: Path) -> None:
    answer = json.loads(curl(own, tmp_path, block("First request", "sh")))
    assert answer["choices"][0]["message"]["content"] and answer["paywall"]["action"] == "none"


def test_the_first_request_with_python(own: Demo, tmp_path: Path) -> None:
    code = f"COINSLOT_KEY = {own.key!r}\n{at(own, block('First request', 'python'))}"
    assert run(sys.executable, "-c", code, cwd=tmp_path).strip()


def test_the_first_request_with_javascript(own: Demo, node_folder: Path) -> None:
    script = node_folder / "readme.mjs"
    script.write_text(at(own, block("First request", "js")).replace("COINSLOT_KEY", f'"{own.key}"'))
    assert run(BIN / "node", script, cwd=node_folder).strip()


def test_a_webhook_is_received_and_verified(own: Demo, tmp_path: Path) -> None:
    port = str(free_port())
    subscribe = block("Webhooks", "sh").split("\n", 1)[1].replace("9000", port)
    answered = curl(own, tmp_path, subscribe)
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", answered)
    assert secret is not None, answered
    receiver = tmp_path / "receiver.py"
    receiver.write_text(block("Webhooks", "python").replace("9000", port))
    command = (sys.executable, "-u", receiver, secret[0])
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        try:
            curl(own, tmp_path, block("First request", "sh"))
            assert started.stdout is not None
            assert started.stdout.readline().startswith("paywall."), "what it prints is an event that it verified"
        finally:
            started.kill()
