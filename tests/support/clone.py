"""A fresh clone of this repository, as somebody has it who has just found it: its files and the locked packages."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import costs

ROOT = Path(__file__).parent.parent.parent
SECONDS_MAX = 120
KEPT = ("HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME", "SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy", "NO_PROXY")
"""What a command gets of our environment, beside what is named UV_* and the PATH without our own packages."""


def uv() -> str | None:
    """Returns the path of uv: that which runs us, or the machine's."""
    return os.environ.get("UV") or shutil.which("uv")


@dataclass(frozen=True)
class Clone:
    """A folder with a clone in it."""

    folder: Path

    def environment(self, **more: str) -> dict[str, str]:
        """Returns an environment that knows nothing of ours."""
        own = Path(sys.prefix).resolve()
        paths = [path for path in os.environ["PATH"].split(os.pathsep) if Path(path).resolve().parent != own]
        kept = {name: value for name, value in costs.environment().items() if name in KEPT or name.startswith("UV_")}
        here = {"UV_PYTHON": f"{sys.version_info.major}.{sys.version_info.minor}", "UV_PYTHON_DOWNLOADS": "never"}
        return {**kept, **here, "PATH": os.pathsep.join([str(Path(uv() or "uv").parent), *paths]), **more}

    def run(self, script: str, **environment: str) -> str:
        """Runs lines of a shell to their end, and returns what they print. Fails where one of them does."""
        done = subprocess.run(
            shell(script), cwd=self.folder, env=self.environment(**environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}"
        return done.stdout

    @contextmanager
    def started(self, script: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Starts a server, and stops it by Ctrl+C, which goes to all that it started."""
        with subprocess.Popen(
            shell(script), cwd=self.folder, env=self.environment(**environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                os.killpg(process.pid, signal.SIGINT)
                process.wait(SECONDS_MAX)


def shell(script: str) -> Sequence[str]:
    return ("bash", "-euo", "pipefail", "-c", script)


def clone_into(folder: Path) -> Clone:
    """Clones what is here, with what is changed and not committed yet, and installs what the lock file names."""
    clone = Clone(folder)
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        here, there = ROOT / name, folder / name
        if here.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(here, there)
        else:
            there.unlink(missing_ok=True)
    clone.run("uv sync --quiet --frozen")
    return clone
