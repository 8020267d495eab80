"""The wizard's steps: what is kept of each, what is refused beside its field, and that keys come out nowhere."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from app import db
from app.domain.drafts import drafts
from app.domain.drafts.drafts import Draft, Plan
from app.domain.errors import BadField, NotAllowed, NotFound, WrongMode
from app.domain.money import NANOS, Environment
from app.domain.paywalls.members import Creators
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import name_of
from app.domain.people.sessions import Person
from app.flows.drafts import steps
from app.flows.drafts.steps import ChosenPrices, Doors, WantedProvider
from app.flows.paywalls.provider import Unreached
from tests.emulators.upstream import RunningUpstream
from tests.support.drafting import BOX
from tests.support.managing import person
from tests.support.stripe_bank import StripeShop

pytestmark = pytest.mark.plain_sql

KEY = "sk-developer-0123456789"
NOBODY_THERE = "http://127.0.0.1:9/v1"


@pytest.fixture
def ada(database: str) -> Person:
    return person("ada@example.org")


def open_draft(who: Person) -> Draft:
    with db.transaction(writes=False) as session:
        found = drafts.find_open(session, who.account_id)
    assert found is not None
    return found


def stored() -> str:
    with db.transaction(writes=False) as session:
        return str(session.scalar(text("SELECT content FROM paywall_draft")))


async def test_the_first_step_begins_a_draft_and_changes_it(at: Doors, ada: Person) -> None:
    first = await steps.choose_mode(at, ada, "  Quill ", "default", "sandbox")
    assert first.plan == Plan("Quill", Mode.DEFAULT, Environment.SANDBOX)
    again = await steps.choose_mode(at, ada, "Quill", "shared", "live")
    assert again.paywall_id == first.paywall_id and again.plan.mode is Mode.SHARED


@pytest.mark.parametrize(
    ("name", "mode", "environment", "field"),
    [
        ("", "default", "sandbox", "app_name"), ("x" * 61, "default", "sandbox", "app_name"),
        ("a\nb", "default", "sandbox", "app_name"), ("Quill", "credits", "sandbox", "mode"),
        ("Quill", "", "sandbox", "mode"), ("Quill", "default", "prod", "environment"),
    ],
)  # fmt: skip
async def test_a_bad_first_step_is_refused_beside_its_field(
    at: Doors, ada: Person, name: str, mode: str, environment: str, field: str
) -> None:
    with pytest.raises(BadField) as refused:
        await steps.choose_mode(at, ada, name, mode, environment)
    assert refused.value.field == field


async def test_only_developers_take_steps(at: Doors, ada: Person) -> None:
    closed = replace(at, creators=Creators(False, frozenset({"op@example.org"})))
    for step in (
        lambda: steps.choose_mode(closed, ada, "Quill", "default", "sandbox"),
        lambda: steps.choose_provider(closed, ada, WantedProvider("demo")),
        lambda: steps.choose_account(closed, ada, ""),
        lambda: steps.choose_prices(closed, ada, ChosenPrices(0)),
    ):
        with pytest.raises(NotAllowed):
            await step()


async def test_a_provider_is_tried_and_kept_with_its_key_sealed(
    at: Doors, ada: Person, emulated: RunningUpstream
) -> None:
    draft = await steps.choose_mode(at, ada, "Quill", "default", "live")
    tried = await steps.choose_provider(at, ada, WantedProvider(base_url=emulated.base_url + "/", key=KEY))
    planned = open_draft(ada).plan.provider
    assert planned is not None and tried.models == len(planned.models) > 1 and not tried.problem
    setting = planned.setting
    assert setting.base_url == emulated.base_url and KEY not in stored() and KEY not in repr(open_draft(ada))
    assert setting.key_sealed and BOX.open(setting.key_sealed, setting.seal_context(draft.paywall_id)) == KEY
    # Without a key the kept one is tried again, at its own address alone.
    await steps.choose_provider(at, ada, WantedProvider(base_url=emulated.base_url))
    kept = open_draft(ada).plan.provider
    assert (
        kept
        and kept.setting.key_sealed
        and BOX.open(kept.setting.key_sealed, setting.seal_context(draft.paywall_id)) == KEY
    )
    with pytest.raises(BadField, match="never sent to another address") as refused:
        await steps.choose_provider(at, ada, WantedProvider(base_url=NOBODY_THERE))
    assert refused.value.field == "api_key"


async def test_one_that_nobody_can_reach_is_kept_only_if_that_is_wanted(at: Doors, ada: Person) -> None:
    await steps.choose_mode(at, ada, "Quill", "default", "live")
    wanted = WantedProvider(base_url=NOBODY_THERE, key=KEY)
    with pytest.raises(Unreached):
        await steps.choose_provider(at, ada, wanted)
    assert open_draft(ada).plan.provider is None
    tried = await steps.choose_provider(at, ada, wanted, is_untried_ok=True)
    planned = open_draft(ada).plan.provider
    assert tried.problem and planned is not None and planned.problem == tried.problem and not planned.models


async def test_a_refused_key_is_never_kept(at: Doors, ada: Person, emulated: RunningUpstream) -> None:
    await steps.choose_mode(at, ada, "Quill", "default", "live")
    wanted = WantedProvider(base_url=emulated.base_url.replace("/v1", "/nowhere"), key=KEY)
    with pytest.raises(BadField) as refused:
        await steps.choose_provider(at, ada, wanted, is_untried_ok=True)
    assert refused.value.field == "base_url" and open_draft(ada).plan.provider is None


@pytest.mark.parametrize("address", ["", "openai.com", "ftp://x", "https://ada:pw@api.example/v1"])
async def test_an_address_that_cannot_be_is_refused(at: Doors, ada: Person, address: str) -> None:
    await steps.choose_mode(at, ada, "Quill", "default", "live")
    with pytest.raises(BadField) as refused:
        await steps.choose_provider(at, ada, WantedProvider(base_url=address))
    assert refused.value.field == "base_url"


@pytest.mark.parametrize(
    ("mode", "environment", "name"),
    [("default", "live", "built-in"), ("shared", "sandbox", "built-in"), ("shared", "live", "demo")],
)
async def test_a_mode_allows_not_every_provider(at: Doors, ada: Person, mode: str, environment: str, name: str) -> None:
    await steps.choose_mode(at, ada, "Quill", mode, environment)
    with pytest.raises(BadField) as refused:
        await steps.choose_provider(at, ada, WantedProvider(name))
    assert refused.value.field == "provider"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://api.openai.com/v1", "openai"), ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://lexica.openai.azure.com/openai", "azure"), ("http://127.0.0.1:11434/v1", "own"),
        ("http://localhost:1234", "localhost"), ("https://demo.com", "own"), ("https://built-in.ai", "own"),
    ],
)  # fmt: skip
def test_a_provider_is_called_by_its_address(address: str, name: str) -> None:
    assert name_of(address) == name


@pytest.mark.unhurried
async def test_an_account_at_the_rail_is_tried_and_its_key_sealed(at: Doors, ada: Person, shop: StripeShop) -> None:
    draft = await steps.choose_mode(at, ada, "Quill", "default", "sandbox")
    with pytest.raises(BadField):
        await steps.choose_account(at, ada, "rk_test_unknown")
    assert not open_draft(ada).plan.has_payments
    await steps.choose_account(at, ada, shop.keys["rk_test"])
    account = open_draft(ada).plan.account
    assert account is not None and account.label == shop.id and shop.keys["rk_test"] not in stored()
    assert BOX.open(account.key_sealed, draft.key_context) == shop.keys["rk_test"]
    await steps.choose_account(at, ada, "")
    assert open_draft(ada).plan.account is None and open_draft(ada).plan.has_payments
    await steps.choose_mode(at, ada, "Quill", "shared", "sandbox")
    with pytest.raises(WrongMode):
        await steps.choose_account(at, ada, shop.keys["rk_test"])


async def test_prices_are_kept_or_refused_beside_their_field(at: Doors, ada: Person) -> None:
    await steps.choose_mode(at, ada, "Quill", "shared", "sandbox")
    await steps.choose_provider(at, ada, WantedProvider("demo"))
    await steps.choose_prices(at, ada, ChosenPrices(1_500, NANOS // 1_000, NANOS // 500))
    plan = open_draft(ada).plan
    assert (plan.markup_basis_points, plan.request_nanos, plan.minimum_nanos) == (1_500, 1_000_000, 2_000_000)
    for values, field in (
        ((-1, 0, 0), "markup_basis_points"), ((1_000_001, 0, 0), "markup_basis_points"),
        ((0, -1, 0), "request_nanos"), ((0, 0, 1_000_001 * NANOS), "minimum_nanos"),
        ((0, 0, 0), "markup_basis_points"),  # the platform's fee would leave less than nothing
    ):  # fmt: skip
        with pytest.raises(BadField) as refused:
            await steps.choose_prices(at, ada, ChosenPrices(*values))
        assert refused.value.field == field
    assert open_draft(ada).plan == plan


async def test_a_draft_that_was_started_over_is_gone(at: Doors, ada: Person) -> None:
    draft = await steps.choose_mode(at, ada, "Quill", "default", "sandbox")
    with pytest.raises(NotFound):
        await steps.start_over(person("eve@example.org"), draft.paywall_id)
    await steps.start_over(ada, draft.paywall_id)
    with pytest.raises(NotFound):
        await steps.choose_prices(at, ada, ChosenPrices(0))
    assert await steps.forget_drafts() == 0
