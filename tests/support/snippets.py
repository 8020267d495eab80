"""The snippets of the wizard, as an app's developer runs them: with an SDK of its own, the key in the environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from app.web.developer.wizard.snippets import Snippets, snippets_for

SECONDS = 60


def run_python(code: str, key: str, folder: Path) -> str:
    """Runs the Python snippet with the official SDK, and returns what it printed."""
    return _run([sys.executable, "-c", code], key, folder)


def run_javascript(code: str, key: str, folder: Path) -> str:
    """Runs the JavaScript snippet in a folder with the official SDK, and returns what it printed."""
    script = folder / "snippet.mjs"
    script.write_text(code)
    return _run([str(Path(sys.executable).parent / "node"), str(script)], key, folder)


def run_curl(code: str, key: str, folder: Path) -> str:
    """Runs the curl snippet, and returns the answer."""
    return _run(["bash", "-c", code], key, folder)


def has_curl() -> bool:
    """Tells whether this machine has curl."""
    return shutil.which("curl") is not None


def snippets(base_url: str, model: str = "demo-mini") -> Snippets:
    """Returns the snippets of a server; `base_url` without /v1."""
    return snippets_for(f"{base_url}/v1", model)


def _run(command: list[str], key: str, folder: Path) -> str:
    environment = {**os.environ, "COINSLOT_KEY": key}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
