"""The whole product with pages, a real mail server beside it, and a browser."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from app import db, settings
from tests.conftest import find_chromium
from tests.emulators import mail
from tests.emulators.mail import Inbox
from tests.journeys.pages import CHROMIUM_ARGUMENTS, ROOT, demo_with_pages

METRICS_TOKEN = "metrics-of-the-site"


@dataclass(frozen=True)
class Site:
    """A running product with pages; mails go to `inbox`."""

    base_url: str
    keys: dict[str, str]
    data: Path
    inbox: Inbox
    log: Path

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, mode: str = "shared") -> httpx.Response:
        """Calls the API as one of the two apps does."""
        headers = {"Authorization": f"Bearer {self.keys[mode]}"}
        return httpx.request(method, f"{self.base_url}/v1{path}", json=body, headers=headers, timeout=60)

    def chat(self, user: str, model: str = "demo-mini") -> httpx.Response:
        """Sends a message of the shared app's user."""
        messages = [{"role": "user", "content": "What is a coin slot?"}]
        return self.call("POST", "/chat/completions", {"model": model, "user": user, "messages": messages})

    def audit(self) -> str:
        """Returns what `coinslot audit` says of the books."""
        command = [sys.executable, "-m", "app.cli", "audit", "--data", str(self.data)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).strip()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("site")
    with (
        mail.running() as inbox,
        demo_with_pages(
            data, SMTP_URL=inbox.url, TRIALS_OF_ADDRESS_MAX="1000", METRICS_TOKEN=METRICS_TOKEN
        ) as instance,
    ):
        keys = {mode: paywall["key"] for mode, paywall in instance["paywalls"].items()}
        yield Site(instance["base_url"], keys, data, inbox, data / "demo.log")


@pytest.fixture
def phone() -> Iterator[BrowserContext]:
    """A browser with a phone-sized screen."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
        browser.close()


@pytest.fixture
def at_home(site: Site) -> Iterator[None]:
    """Lets this process read and write the site's database."""
    settings.configure(data=site.data, public_url=site.base_url)
    yield
    db.dispose()
    settings.configure()


@pytest.fixture
async def victim(site: Site, at_home: None) -> Any:
    """Somebody with something to lose."""
    from tests.journeys.strangers import make_victim

    return await make_victim(site)
