"""Builds the pages with Reflex, Node and npm from PyPI alone, and only when something that they are made of changed.

The build runs in a process of its own: what it imports and sets never reaches the server.
"""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reflex.plugins import Plugin

ROOT = Path(__file__).parent.parent.parent
STAMP = "coinslot.stamp"
LOG_LINES_SHOWN = 30

_INPUTS = ("app/web", "app/app.py", "rxconfig.py", "assets", "reflex.lock")
_STEPS = (
    ("Compiling", 0.05, "Compiling the pages"),
    ("Installing", 0.25, "Installing what the pages need"),
    ("Creating Production Build", 0.6, "Building the pages"),
    ("Prerender", 0.9, "Finishing the pages"),
)

Report = Callable[[str, float], None]


class BuildFailed(Exception):
    """The pages could not be built; the message ends with the last lines of the build."""


class SameOriginPlugin(Plugin):
    """Makes the built pages talk to whatever address they were loaded from."""

    def post_build(self, **context: Any) -> None:
        """Replaces the address that Reflex bakes into its one small chunk by the browser's own."""
        baked = list(Path(context["static_dir"]).glob("assets/reflex-env-*.js"))
        if len(baked) != 1:
            raise BuildFailed(f"Reflex wrote {len(baked)} reflex-env chunks, so its address cannot be replaced.")
        text = baked[0].read_text()
        same_origin = text
        for scheme in ("http", "ws"):
            same_origin = _replace_origin(same_origin, scheme)
        if same_origin == text:
            raise BuildFailed("Reflex's address was not found in its chunk, so it cannot be replaced.")
        baked[0].write_text(same_origin)


def _replace_origin(text: str, scheme: str) -> str:
    """Turns `"http://localhost:8000/x"`, in any quotes, into an expression of the page's own origin."""

    origin = 'location.origin.replace(/^http/,"ws")' if scheme == "ws" else "location.origin"
    return re.sub(rf"([\"'`]){scheme}://(?:localhost|127\.0\.0\.1|0\.0\.0\.0):\d+", rf"{origin}+\1", text)


def build_pages(data: Path, report: Report) -> None:
    """Builds the pages into DATA/web unless they are there already. Raises BuildFailed.

    `report` hears of each step and the share of the work behind it.
    """
    stamp = data / "web" / STAMP
    fingerprint = _fingerprint()
    if stamp.exists() and stamp.read_text() == fingerprint:
        return
    stamp.unlink(missing_ok=True)
    report("Preparing the pages (first start only)", 0.01)
    command = [sys.executable, "-m", "app.web.build", str(data)]
    environment = {**os.environ, **_building_environment(data)}
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            for word, share, step in _STEPS:
                if word in line:
                    report(step, share)
    if process.returncode != 0:
        raise BuildFailed("The pages could not be built.\n" + "\n".join(lines[-LOG_LINES_SHOWN:]))
    stamp.write_text(_fingerprint())  # the first build ever writes reflex.lock itself
    report("Pages are ready", 1)


def _fingerprint() -> str:
    """Returns a hash of everything that the pages are made of."""
    digest = hashlib.sha256(version("reflex").encode())
    for path in _input_files():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _input_files() -> Iterator[Path]:
    for name in _INPUTS:
        path = ROOT / name
        found = path.rglob("*") if path.is_dir() else [path]
        yield from sorted(file for file in found if file.is_file() and "__pycache__" not in file.parts)


def _environment(data: Path) -> Mapping[str, str]:
    """Returns what Reflex must always be told: where to write, and to ask nobody."""
    node = Path(sys.executable).parent
    return {
        "PATH": f"{node}{os.pathsep}{os.environ['PATH']}",
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_USE_NPM": "1",
        "REFLEX_CHECK_LATEST_VERSION": "0",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_WEB_WORKDIR": str(data / "web"),
        "REFLEX_STATES_WORKDIR": str(data / "states"),  # nothing is ever written there
        "REFLEX_DIR": str(data / "reflex"),
    }


def _building_environment(data: Path) -> Mapping[str, str]:
    return {**_environment(data), "npm_config_audit": "false", "npm_config_fund": "false"}


def prepare_serving(data: Path, public_url: str) -> None:
    """Points this process at the built pages; call it before Reflex is imported to serve them."""
    os.environ.update({
        **_environment(data),
        "REFLEX_CORS_ALLOWED_ORIGINS": public_url,
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
    })  # fmt: skip
    os.chdir(ROOT)


def _build() -> None:
    """Builds in this process, whose environment says where."""
    from reflex.utils import build, prerequisites

    sys.stdout.write("Compiling\n")
    sys.stdout.flush()
    if prerequisites.needs_reinit():
        prerequisites.initialize_frontend_dependencies()  # type: ignore[no-untyped-call]
    prerequisites.get_compiled_app(prerender_routes=True, trigger="export")
    build.setup_frontend(ROOT)
    build.build()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    _build()
