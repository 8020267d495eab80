"""What the wizard shows: which step is open, what prices mean, and what came to a new paywall."""

from dataclasses import replace

import pytest

from app import db
from app.domain import clock
from app.domain.drafts import drafts
from app.domain.drafts.drafts import Asked, Draft, PlannedProvider
from app.domain.drafts.tables import PaywallDraft
from app.domain.money import Environment
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.flows.drafts.steps import ChosenPrices
from app.web.developer.wizard.finish_rows import HELP_SECONDS, FinishPage, read_finish
from app.web.developer.wizard.rows import read_prices, wizard_page
from tests.support.books import make_snapshot
from tests.support.managing import person

PLAN = drafts.Plan("Quill", Mode.DEFAULT, Environment.SANDBOX)
TRIED = replace(PLAN, provider=PlannedProvider(ProviderSetting("demo"), ("demo-mini", "nobody-knows")))


def test_each_step_opens_the_next(database: str) -> None:
    draft = Draft("pw_1", "acc_1", PLAN, 0)
    reached = [
        wizard_page(replace(draft, plan=plan)).reached for plan in (PLAN, TRIED, replace(TRIED, has_payments=True))
    ]
    assert reached == [1, 2, 3]
    page = wizard_page(replace(draft, plan=TRIED))
    assert (page.provider, page.models, page.kind) == ("demo", "2 models", "Default, sandbox, USD")
    assert not wizard_page(None).has_draft


def test_prices_are_shown_or_refused_beside_their_field(database: str) -> None:
    with db.transaction(writes=False) as session:
        found = read_prices(session, TRIED, ChosenPrices(2_000))
        refused = read_prices(session, TRIED, ChosenPrices(-1))
    assert [(row.model, row.chat) for row in found.rows] == [("demo-mini", "$0.00054")]
    assert (found.priced, found.unpriced, found.are_own) == ("1 model with a price", "1 not priced", False)
    assert refused.field == "markup_basis_points" and refused.problem and not refused.rows


def waiting(*, since: int, asked: Asked | None = None) -> FinishPage:
    """Returns the last step of a paywall that was made so many seconds ago."""
    paywall_id, now = make_snapshot().paywall_id, clock.now()
    account_id = person("ada@example.org").account_id
    made_at = now - since * clock.SECOND
    with db.transaction() as session:
        session.add(PaywallDraft(paywall_id=paywall_id, account_id=account_id, content=PLAN.to_json(),
                                 created_at=made_at, changed_at=made_at, made_at=made_at))  # fmt: skip
        session.flush()
        if asked is not None:
            drafts.note_asked(session, paywall_id, asked)
        return read_finish(session, drafts.read_own(session, account_id, paywall_id))


@pytest.mark.parametrize(("since", "is_late"), [(0, False), (HELP_SECONDS - 5, False), (HELP_SECONDS + 5, True)])
def test_help_is_offered_after_two_minutes_of_nothing(database: str, since: int, is_late: bool) -> None:
    page = waiting(since=since)
    assert page.is_late is is_late and (page.waits_seconds == 0) is is_late and not page.arrivals
    assert page.base_url.endswith("/v1") and page.base_url in page.snippets.curl


@pytest.mark.unhurried
def test_a_link_is_a_first_request(database: str) -> None:
    page = waiting(since=500, asked=Asked("ada", "insufficient_funds", "demo-mini", "req_1", clock.now()))
    assert [(row.title, row.text) for row in page.arrivals] == [
        ("First request", "ada has no funds yet, so the answer holds the top-up link. Not charged.")
    ]
    assert not page.is_late and not page.receipts
