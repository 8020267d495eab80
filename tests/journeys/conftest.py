"""The whole product with pages, a real mail server beside it, and a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect, sync_playwright
from sqlalchemy import delete

from app import db, settings
from app.domain.people.tables import SignInCode
from app.sql.columns import table_of
from tests.emulators import mail
from tests.journeys.pages import demo_with_pages, serving_browser
from tests.journeys.site import METRICS_TOKEN, Site
from tests.support.stripe_bank import StripeBank

_BEGUN: set[str] = set()

expect.set_options(timeout=30_000)  # its own five seconds pass while four browsers and their servers share two cores


@pytest.fixture(scope="package")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, stripe_process: StripeBank
) -> Iterator[Site]:
    """One for all journeys, on SQLite; on PostgreSQL with --journeys-on-postgres. Stripe is the emulator."""
    data = tmp_path_factory.mktemp("site")
    chosen = {"TRIALS_OF_ADDRESS_MAX": "1000", "METRICS_TOKEN": METRICS_TOKEN, "STRIPE_API_BASE": stripe_process.url}
    if request.config.getoption("--journeys-on-postgres"):
        chosen["DATABASE_URL"] = request.getfixturevalue("session_postgres_url")
    with mail.running() as inbox, demo_with_pages(data, SMTP_URL=inbox.url, **chosen) as instance:
        keys = {mode: paywall["key"] for mode, paywall in instance["paywalls"].items()}
        yield Site(instance["base_url"], keys, data, inbox, data / "demo.log", instance["database_url"])


@pytest.fixture(scope="package")
def browser_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the one browser is that the journeys of this process share, each with what it keeps of its own."""
    with serving_browser(tmp_path_factory.mktemp("browser")) as url:
        yield url


@pytest.fixture
def phone(browser_url: str) -> Iterator[BrowserContext]:
    """A browser with a phone-sized screen whose owner likes nothing to move: what breathes is drawn all the time."""
    with sync_playwright() as driver:
        browser = driver.chromium.connect(browser_url)
        yield browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, reduced_motion="reduce")
        browser.close()


@contextmanager
def in_house(site: Site) -> Iterator[None]:
    """Lets this process read and write the site's database."""
    settings.configure(data=site.data, public_url=site.base_url, database_url=site.database_url)
    yield
    db.dispose()
    settings.configure()


@pytest.fixture
def at_home(site: Site) -> Iterator[None]:
    """Lets this process read and write the site's database."""
    with in_house(site):
        yield


@pytest.fixture(autouse=True)
def an_hour_later(request: pytest.FixtureRequest) -> None:
    """Forgets, once a file, which codes were asked for: all journeys come from one address, which gets 30 an hour."""
    name = request.module.__name__
    if "site" not in request.fixturenames or name in _BEGUN:
        return
    _BEGUN.add(name)
    with in_house(request.getfixturevalue("site")), db.transaction() as session:
        session.execute(delete(table_of(SignInCode)))


@pytest.fixture
async def victim(site: Site, at_home: None) -> Any:
    """Somebody with something to lose."""
    from tests.journeys.strangers import make_victim

    return await make_victim(site)
