"""Each command that the README or the guide shows is run in a fresh clone, as who reads it does.

A command that the table does not know fails: give it a line there, or a reason why it is not run.
"""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from _pytest.mark.structures import ParameterSet

from tests.architecture.source import ROOT
from tests.journeys.pages import demo_with_pages
from tests.support.clone import Clone, clone_into, uv
from tests.support.ports import free_port
from tests.support.server import Demo, running
from tests.support.shown import commands_of, shown_commands

SHOWN = shown_commands()
CURL = 'curl() { command curl --silent --show-error --fail-with-body "$@"; }\n'


@dataclass(frozen=True)
class Way:
    """How a command is run: what stands before and after it, and whether it serves until it is stopped."""

    before: str = ""
    after: str = ""
    serves: str = ""
    """Where a server answers once it is up."""
    has_pages: bool = False
    """Whether it looks at pages in a browser."""
    takes_long: bool = False
    """Whether even the least of it is done by --long only."""


WAYS: dict[str, Way] = {
    "curl": Way(CURL),
    "uv run coinslot demo": Way(after=" --no-web --port $PORT --data $DATA", serves="/healthz"),
    "uv run coinslot serve": Way(after=" --api-only --port $PORT", serves="/healthz"),
    "uv run coinslot audit": Way(after=" --data $DEMO"),
    # It says 1 of what only an operator can set, such as where mails go.
    "uv run coinslot doctor": Way(after=" --data $DEMO || [ $? = 1 ]"),
    "uv run coinslot job": Way(after=" --data $DEMO"),
    "uv run coinslot paywall give": Way(after=" --data $DEMO"),
    "COINSLOT_": Way("set -a\n", "\nuv run python -c 'from app import settings; settings.get()'"),
    "uv run ruff": Way(),
    "uv run pytest": Way(after=" --collect-only -q"),
    "uv run pytest tests/flows": Way(after=" --collect-only -q", takes_long=True),
    "uv run python -m tests.architecture.house_map": Way(),
    "uv run python -m tests.bench.cpu": Way(after=" --against HEAD --rounds 1 --requests 32", takes_long=True),
    "uv run python -m tests.bench.gateway": Way(
        after=" --skip-postgres --concurrency 1 --rate --only json --rounds 1 --seconds 0.2 --warmup 0", takes_long=True
    ),
    "uv run python -m tests.bench.ledger": Way(after=" --share 0.002", takes_long=True),
    "uv run python -m tests.bench.pages": Way(after=" --instance $PAGES --rounds 1", has_pages=True, takes_long=True),
    "uv run python -m tests.bench.parts": Way(after=" own --collect-only", has_pages=True, takes_long=True),
    "uv run python -m tests.bench.prices": Way(after=" --models 20 --rounds 1", takes_long=True),
}
"""By how a command begins; the settings before it do not count, unless there is nothing else. What is set is a port,
a folder and how much is done: never what the command is."""

NOT_RUN: dict[str, tuple[str, str]] = {
    "pip install uv": ("it brings the uv that runs this test", "tests/run"),
    "tests/run": ("it runs this test", ".ci/run"),
    "uv run mypy": ("takes minutes without a cache; a step of the whole run", "tests/run"),
    "uv run python -m tests.bench.seed": (
        "takes minutes at the size that is shown",
        "tests/domain/rollups/test_seeded.py",
    ),
    "uv run python -m tests.bench.scripts": ("reads the pages that a demo built", "tests/journeys/test_scripts.py"),
    "uv run python -m tests.bench.money": ("takes minutes at the size that is shown", "tests/bench/money.py"),
    "uv run python -m tests.bench.beside": ("takes minutes at the size that is shown", "tests/bench/beside.py"),
    "uv run python -m tests.bench.dashboard": ("reads what the seeder made", "tests/bench/dashboard.py"),
    "export URL=": ("it is where the calls behind it go", "tests/sdk/test_manage_guide.py"),
    'curl "$URL': ("needs a developer's key, which its own test makes", "tests/sdk/test_manage_guide.py"),
    "uv run python -m tests.sdk.matrix": ("installs others' clients of today, with --long", "tests/sdk/test_matrix.py"),
}
"""By how a command begins, why it is not run here, and the file that does run it."""


def bare(command: str) -> str:
    """Returns a command without the settings before it; settings alone stay as they are."""
    words = command.split(" ")
    while len(words) > 1 and words[0].startswith("COINSLOT_") and "'" not in words[0]:
        words = words[1:]
    return " ".join(words)


def way_of(command: str) -> Way | None:
    """Returns how a command is run; None where the table does not know it."""
    fitting = [begin for begin in WAYS if bare(command).startswith(begin)]
    return WAYS[max(fitting, key=len)] if fitting else None


def reason_of(command: str) -> str:
    """Returns why a command is not run, "" where it is."""
    return next((reason for begin, (reason, _file) in NOT_RUN.items() if bare(command).startswith(begin)), "")


def is_repeated(command: str) -> bool:
    """Tells whether a page shows the same command without the settings before it."""
    return command != bare(command) and bare(command) in SHOWN


def chosen(has_pages: bool) -> list[ParameterSet]:
    """Returns the commands that are run here; for --long only, those that take long, or are another's with settings."""
    ways = {command: way for command in SHOWN if (way := way_of(command)) is not None and not reason_of(command)}
    return [
        pytest.param(command, marks=[pytest.mark.long] if way.takes_long or is_repeated(command) else [])
        for command, way in ways.items()
        if way.has_pages is has_pages
    ]


def test_the_table_knows_every_command_that_is_shown() -> None:
    unknown = [f"{page}: {command}" for command, page in SHOWN.items()
               if way_of(command) is None and not reason_of(command)]  # fmt: skip
    assert not unknown, "\n".join(unknown)
    assert len(chosen(has_pages=False)) >= 20, "the commands are not found any more"


def test_no_line_of_the_table_is_left_over_and_each_names_a_file_that_is_there() -> None:
    begins = [*WAYS, *NOT_RUN]
    left = [begin for begin in begins if not any(bare(command).startswith(begin) for command in SHOWN)]
    assert not left, f"no page shows {left} any more"
    assert not [file for _reason, file in NOT_RUN.values() if not (ROOT / file).exists()]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A fresh clone with nothing but the locked packages of `uv sync`."""
    if uv() is None:
        pytest.skip("this machine has no uv")
    return clone_into(tmp_path_factory.mktemp("clone") / "coinslot")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo that a reader has running, with money for the user whom the pages name."""
    with running(tmp_path_factory.mktemp("shown"), ALLOW_PRIVATE_ADDRESSES="true") as started:
        started.post("/user/balance/deposit", {"user": "ada", "amount": "5"}).raise_for_status()
        yield started


@pytest.fixture(scope="module")
def environment(demo: Demo) -> dict[str, str]:
    """What a reader has put into variables by what the demo printed and answered."""
    request_id = demo.chat("demo-mini", "ada").raise_for_status().headers["x-request-id"]
    return {"BASE": demo.base_url, "COINSLOT_KEY": demo.key, "COINSLOT_SHARED_KEY": demo.shared_key,
            "REQUEST_ID": request_id, "DEMO": str(demo.data)}  # fmt: skip


def script_of(command: str, demo: Demo) -> str:
    way = way_of(command)
    assert way is not None
    return f"{way.before}{command.replace('http://127.0.0.1:8000', demo.base_url)}{way.after}"


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("command", chosen(has_pages=False))
def test_a_command_does_its_work_in_a_fresh_clone(
    command: str, clone: Clone, demo: Demo, environment: dict[str, str], tmp_path: Path
) -> None:
    """Only a clone without our packages, settings and folders finds what a command needs and the repository lacks."""
    way, script = way_of(command), script_of(command, demo)
    if way is not None and way.serves:
        port = free_port()
        own = {"PORT": str(port), "DATA": str(tmp_path), "COINSLOT_DATA": str(tmp_path)}
        with clone.started(script, **own) as process:
            wait_until_up(f"http://127.0.0.1:{port}{way.serves}", process)
        assert process.returncode in (0, 130, -2)
    else:
        clone.run(script, **environment)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(240)
@pytest.mark.parametrize("command", chosen(has_pages=True))
def test_a_command_looks_at_pages_from_a_fresh_clone(command: str, clone: Clone, demo: Demo, tmp_path: Path) -> None:
    """Only a clone finds what the command needs and the repository lacks."""
    with demo_with_pages(tmp_path):
        assert "JavaScript" in clone.run(script_of(command, demo), PAGES=str(tmp_path / "instance.json"))


def wait_until_up(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Waits until a server answers. Fails if it ends before."""
    for _ in range(600):
        try:
            httpx.get(url).raise_for_status()
            return
        except httpx.TransportError:
            assert process.poll() is None, "the server ended before it was ready"
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")


def test_commands_are_found_as_a_shell_reads_them() -> None:
    text = (
        "```sh\npip install uv && uv run coinslot demo   # both\ncurl x \\\n  -d '{\"a\": 1}'\n"
        'COINSLOT_OIDC=\'[{\n  "a": "b"}]\'   # a list\n```\n```python\nuv run nothing\n```\n'
    )
    assert list(commands_of(text)) == [
        "pip install uv", "uv run coinslot demo", "curl x \\\n  -d '{\"a\": 1}'",
        "COINSLOT_OIDC='[{\n  \"a\": \"b\"}]'",
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["uv run coinslot nothing", "uv run python -m tests.bench.nothing", "rm -rf ."])
def test_a_command_that_nobody_knows_is_seen(command: str) -> None:
    assert way_of(command) is None and not reason_of(command)


def test_settings_before_a_command_do_not_hide_it() -> None:
    assert way_of("COINSLOT_PROXIES=1 uv run coinslot serve") == WAYS["uv run coinslot serve"]
    assert way_of("COINSLOT_OIDC='[{\"a\": 1}]'") == WAYS["COINSLOT_"]
