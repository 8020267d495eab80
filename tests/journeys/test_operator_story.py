"""An operator looks after an instance by clicking: finds what is wrong, acts, and sees that it acted."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app import db
from app.domain import clock
from app.domain.disputes.tables import FraudWarning, WarningAct
from app.domain.events.tables import WebhookSubscription
from app.domain.ids import new_id
from app.domain.leases import job_runs
from app.domain.ledger.apply import apply_all
from app.domain.operators.operators import read_changes
from app.domain.wallets import freezes
from app.domain.wallets.tables import FreezeReason
from app.flows.people.demo_people import OPERATOR
from tests.journeys.looking import assert_accessible
from tests.journeys.site import Site
from tests.journeys.strangers import sign_in
from tests.support.books import make_snapshot
from tests.support.crowd import top_up
from tests.support.taking_back import begin_shared, open_taking_bank, someone
from tests.support.webhooks import listening

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

PAGES = ("health", "accounts", "paywalls", "wallets", "treasury", "connections", "catalogue", "jobs", "settings")
FAILING = "read-movements"


@pytest.fixture
async def operator(site: Site, at_home: None) -> str:
    _, cookie = await sign_in(site, OPERATOR)
    return cookie


@pytest.fixture
def desk(site: Site, operator: str, phone: BrowserContext) -> Page:
    phone.add_cookies([{"name": "coinslot_session", "value": operator, "url": site.base_url}])
    return phone.new_page()


@pytest.fixture
async def frozen_id(site: Site, at_home: None) -> str:
    """A job that fails, a webhook that takes nothing, and a fraud warning that waits; the wallet that it froze."""
    _, account = someone(f"{new_id('x')}@example.org")
    await listening(make_snapshot())
    bank, now = open_taking_bank(), clock.now()
    marks = begin_shared(account, bank.connection_id, 9_000)
    with db.transaction() as session:
        job_runs.note(session, FAILING, 86_400, now - 7_200 * clock.SECOND, None)
        job_runs.note(session, FAILING, 86_400, now, "The rail is away.")
        for endpoint in session.query(WebhookSubscription).all():
            endpoint.consecutive_failures, endpoint.failing_since = 5, now - 3_600 * clock.SECOND
        session.add(FraudWarning(connection_id=bank.connection_id, id="issfr_1", topup_id=marks.topup_id,
                                 payment_id="pi_1", act=WarningAct.FROZEN, created_at=now))  # fmt: skip
        source = f"{bank.connection_id}:issfr_1"
        apply_all(session, freezes.freeze(session, account.owner, FreezeReason.WARNING, source))
    return account.owner


def show(page: Page, site: Site, name: str) -> None:
    page.goto(f"{site.base_url}/operator/{name}/")
    page.get_by_role("navigation", name="This instance").wait_for()


def is_frozen(wallet_id: str) -> bool:
    with db.transaction(writes=False) as session:
        return bool(freezes.list_freezes(session, wallet_id))


def test_what_is_wrong_is_said_and_mended_by_clicking(site: Site, frozen_id: str, desk: Page) -> None:
    show(desk, site, "health")
    needs = desk.get_by_role("region", name="Needs you")
    expect(needs.get_by_text(f"The job {FAILING} fails")).to_be_visible()
    expect(needs.get_by_text(re.compile("It says: The rail is away. It succeeded last"))).to_be_visible()
    expect(needs.get_by_text(re.compile("A webhook fails"))).not_to_have_count(0)
    expect(needs.get_by_text("Fraud warnings wait for you: 1")).to_be_visible()
    for name in PAGES:
        show(desk, site, name)
        here = desk.get_by_role("navigation", name="This instance").locator("[aria-current=page]")
        expect(here).to_be_in_viewport(ratio=1)
        assert_accessible(desk, name)
    show(desk, site, "wallets")
    desk.get_by_role("button", name="Let it be").click()
    desk.get_by_role("button", name="Do it").click()
    expect(desk.get_by_text("Fraud warnings to decide")).to_have_count(0)
    assert not is_frozen(frozen_id)


def test_a_wallet_is_frozen_thawed_explained_and_given_to(site: Site, desk: Page) -> None:
    person, account = someone(f"{new_id('x')}@example.org")
    top_up(person, 3_000_000_000, new_id("t"))
    desk.goto(f"{site.base_url}/operator/wallets/?wallet={account.owner}")
    desk.get_by_role("button", name="Freeze").focus()
    desk.keyboard.press("Enter")
    desk.get_by_role("button", name="Do it").click()
    desk.get_by_text("Frozen: operator (by hand)").wait_for()
    assert is_frozen(account.owner)
    desk.get_by_role("button", name="Thaw").click()
    desk.get_by_role("button", name="Do it").click()
    desk.get_by_role("button", name="Freeze").wait_for()
    assert not is_frozen(account.owner)
    desk.get_by_role("button", name="Give for goodwill").click()
    desk.get_by_label("Amount").fill("2.50")
    desk.get_by_label("Why").fill("An outage")
    desk.get_by_role("button", name="Give it").click()
    desk.get_by_text("It was given, and its owner can spend it at once.").wait_for()
    expect(desk.get_by_text(re.compile("Grant from grants, goodwill:"))).to_be_visible()
    with db.transaction(writes=False) as session:
        whats = [one.what for one in read_changes(session, 3)]
    assert whats == [
        {"given": "2.50 USDC", "reason": "An outage"}, {"frozen": False, "was": ["operator (by hand)"]},
        {"frozen": True},
    ]  # fmt: skip


def test_a_job_runs_when_it_is_asked_for(site: Site, desk: Page) -> None:
    def began() -> int:
        with db.transaction(writes=False) as session:
            return max(job.started_at for job in job_runs.read_all(session) if job.name == "report-drift")

    with db.transaction() as session:
        job_runs.note(session, "report-drift", 3_600, 1, "The disk is full.")
    show(desk, site, "jobs")
    desk.get_by_text("It says: The disk is full.").wait_for()
    desk.get_by_role("button", name="Run report-drift now").click()
    expect(desk.get_by_text("It says: The disk is full.")).to_have_count(0)
    assert began() > 1


def test_a_setting_that_is_changed_acts(site: Site, desk: Page) -> None:
    show(desk, site, "settings")
    desk.get_by_role("button", name="Change Least top-up").click()
    desk.get_by_label("Least top-up", exact=True).fill("12000")
    desk.get_by_role("button", name="Save").click()
    desk.get_by_text(re.compile("Least top-up is from")).first.wait_for()
    desk.get_by_label("Least top-up", exact=True).fill("7")
    desk.get_by_role("button", name="Save").click()
    desk.get_by_text("$7.00").wait_for()
    link = site.call("GET", "/user/balance/topup?user=grace&amount=5", mode="default")
    assert link.status_code == 400 and "Choose an amount from $7.00" in link.text
    desk.get_by_role("button", name="Change Least top-up").click()
    desk.get_by_role("button", name="Use the environment's").click()
    expect(desk.get_by_role("button", name="Use the environment's")).to_have_count(0)
    desk.get_by_text("$3.00").wait_for()
    assert site.call("GET", "/user/balance/topup?user=grace&amount=5", mode="default").status_code == 200
    with db.transaction(writes=False) as session:
        whats = [one.what for one in read_changes(session, 2)]
    assert whats == [{"was": "$7.00", "is": "$3.00"}, {"was": "$3.00", "is": "$7.00"}]
