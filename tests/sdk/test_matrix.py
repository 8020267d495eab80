"""Clients that others write their apps with do what they do with OpenAI, and show the link where there is no money."""

from pathlib import Path

import pytest

from tests.sdk.matrix import CASES, CLIENTS, try_client
from tests.support.server import running

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_does_it_all(name: str, tmp_path: Path) -> None:
    with running(tmp_path / "data") as demo:
        assert try_client(demo, name) == dict.fromkeys(CASES, True)
