"""What journeys share: a browser's flags, a server that has come up."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support import costs, forked
from tests.support.chromium import find_chromium
from tests.support.forked import Started
from tests.support.ports import free_port

ADDRESS_BAR = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup")
"""What Chromium draws below the address bar of each window, seen or not, as two pages of their own: half of what it
takes to open one."""
PLAYWRIGHTS_OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin", "OptimizationHints",
    "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
)  # fmt: skip
"""What Playwright turns off by itself: of two lists of features, Chromium obeys the last alone."""
CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    f"--disable-features={','.join((*PLAYWRIGHTS_OFF, *ADDRESS_BAR))}",
]  # fmt: skip
START_SECONDS_MAX = 180
STOP_SECONDS_MAX = 40
ROOT = Path(__file__).parent.parent.parent


@contextmanager
def serving_browser(folder: Path) -> Iterator[str]:
    """Runs a browser that Playwright connects to, and yields its address: it starts once, which takes a second."""
    options = {"executablePath": find_chromium(), "args": CHROMIUM_ARGUMENTS, "headless": True}
    (folder / "options.json").write_text(json.dumps(options))
    command = [sys.executable, "-m", "playwright", "launch-server", "--browser", "chromium", "--config",
               str(folder / "options.json")]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(STOP_SECONDS_MAX)


def wait_for_instance(path: Path, process: Started) -> dict[str, Any]:
    """Returns what a starting server writes once it can be used. Fails if it ends or takes too long."""
    for _ in range(START_SECONDS_MAX * 10):
        if path.exists():
            content: dict[str, Any] = json.loads(path.read_text())
            return content
        assert process.poll() is None, "the server ended before it was ready"
        time.sleep(0.1)
    raise AssertionError(f"{path} was not written within {START_SECONDS_MAX} seconds")


def for_apps(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns these settings as variables, for a demo without credits: where they are offered they are what people get
    to try, and most tests are about apps, whose users begin with USDC. One that is empty is left to its default.
    """
    return {f"COINSLOT_{name}": value for name, value in {"CREDITS": "false", **environment}.items() if value}


def _shared_pages() -> Path:
    """Returns the folder that the pages are built in, once for all tests of this machine."""
    pages = Path(os.environ.get("TESTS_PAGES", ROOT / ".coinslot")) / "web"
    pages.mkdir(parents=True, exist_ok=True)
    return pages


def build_beforehand() -> None:
    """Builds the pages unless they are there; whoever needs them waits for this."""
    from app.web.build import build_pages  # Reflex takes a second, and whoever starts a server imports this module

    data = _shared_pages().parent
    with (data / "pages.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build_pages(data, lambda _step, _share: None)


@contextmanager
def demo_with_pages(data: Path, *options: str, **environment: str) -> Iterator[dict[str, Any]]:
    """Runs the whole demo, and yields what it says of itself; `environment` are COINSLOT_* without the prefix, as
    `for_apps` reads it.

    What it prints goes to `demo.log` in `data`.
    The pages are built once for all tests of this machine, by whoever comes first; two builds would spoil each other.
    """
    pages = _shared_pages()
    (data / "web").symlink_to(pages)
    arguments = ["demo", "--data", str(data), "--port", str(free_port()), *options]
    chosen = {**costs.environment(), **for_apps(environment)}
    with (data / "demo.log").open("wb") as written, (pages.parent / "pages.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = forked.start(arguments, chosen, written.fileno(), written.fileno())
        try:
            instance = wait_for_instance(data / "instance.json", process)
            fcntl.flock(lock, fcntl.LOCK_UN)
            yield instance
        finally:
            process.terminate()
            process.wait(STOP_SECONDS_MAX)


if __name__ == "__main__":
    build_beforehand()
