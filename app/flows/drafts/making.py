"""A paywall is made of its draft: all of it in one transaction, once, however often its button was pressed.

Its key is shown to whoever made it, and never again. What is outside, the developer's account at the rail, is connected
behind it; where that fails the paywall is there all the same, and its page of payments says so.
"""

from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.drafts import drafts
from app.domain.drafts.drafts import Draft, Plan, PlannedProvider
from app.domain.errors import BadField, CoinslotError
from app.domain.paywalls import keys
from app.domain.paywalls.changes import Section, note_change
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.members import Creators, check_creates, find_manager, set_owner
from app.domain.paywalls.versions import Edition, open_first_edition
from app.domain.people.sessions import Person
from app.domain.pricing import price_book
from app.flows.drafts.planned import plan_prices
from app.flows.drafts.steps import ChosenPrices, priced
from app.flows.events.tell import publish_and_tell
from app.flows.payments.endpoints import Endpoints
from app.flows.paywalls.payments import connect
from app.flows.paywalls.prices import PriceRules

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Maker:
    """What it takes to make a paywall: who may, what prices leave room for, and the way to the rail's accounts."""

    creators: Creators
    rules: PriceRules
    endpoints: Endpoints


@dataclass(frozen=True, slots=True)
class Made:
    """A paywall that is there now. `key` is in clear, and only with whoever made it; `problem` is of its payments."""

    paywall_id: str
    key: str | None = field(default=None, repr=False)
    problem: str = ""


async def make_paywall(maker: Maker, person: Person, paywall_id: str, prices: ChosenPrices) -> Made:
    """Makes the paywall of a person's draft, which has its id; made before, it is only said that it is there.

    Raises BadField, which names the price that cannot be or the step that is missing, NotAllowed, NotFound for anybody
    else's draft.
    """
    check_creates(maker.creators, person)

    def make(session: Session) -> tuple[Draft, str | None]:
        draft = drafts.read_own(session, person.account_id, paywall_id, is_locked=True)
        if draft.is_made:
            return draft, None
        whole = replace(draft, plan=priced(draft.plan, prices))
        return whole, _write(session, maker.rules, whole)

    draft, key = await db.in_transaction(make, writes=True)
    if key is None:
        return Made(draft.paywall_id)
    log.info("paywall_made", paywall=draft.paywall_id, mode=draft.plan.mode, environment=draft.plan.environment,
             by=person.account_id)  # fmt: skip
    return Made(draft.paywall_id, key, await _connect(maker.endpoints, person, draft))


def _write(session: Session, rules: PriceRules, draft: Draft) -> str:
    """Writes the paywall with its owner, its first version and its first key, and returns that."""
    plan, provider = draft.plan, check_whole(draft.plan)
    first = Configuration(plan.app_name, (provider.setting,), markup_basis_points=plan.markup_basis_points)
    edition = open_first_edition(session, draft.paywall_id, plan.mode, plan.environment, plan.rules.unit, first,
                                 draft.account_id)  # fmt: skip
    _set_prices(edition, rules, plan)
    version = publish_and_tell(edition, Section.VERSION)
    set_owner(session, draft.paywall_id, draft.account_id)
    key = keys.new_key(plan.environment)
    made = keys.add_key(session, draft.paywall_id, key)
    what = {"made": made.id, "last_four": made.last_four}
    note_change(session, draft.paywall_id, draft.account_id, Section.KEYS, version, what)
    drafts.note_made(session, draft)
    return key


def check_whole(plan: Plan) -> PlannedProvider:
    """Returns the provider of a plan that a paywall can be made of. Raises BadField, which names what is missing."""
    if plan.provider is None:
        raise BadField("provider", "Choose a provider first.")
    if not plan.has_payments:
        raise BadField("payments", "Say first how its users pay.")
    return plan.provider


def _set_prices(edition: Edition, rules: PriceRules, plan: Plan) -> None:
    planned = plan_prices(edition.session, rules, plan)
    price_book.set_prices(edition, [one.price for one in planned.priced])
    for model in planned.unpriced:
        price_book.note_unpriced(edition, model)


async def _connect(endpoints: Endpoints, person: Person, draft: Draft) -> str:
    """Connects the account that was tried in the wizard; returns why that did not work, if so."""
    account = draft.plan.account
    if account is None:
        return ""
    nobody: frozenset[str] = frozenset()
    try:
        manager = await db.in_transaction(lambda session: find_manager(session, person, nobody, draft.paywall_id))
        await connect(endpoints, manager, endpoints.box.open(account.key_sealed, draft.key_context))
    except CoinslotError as error:
        log.warning("paywall_made", paywall=draft.paywall_id, step="payments", error=error.message)
        return error.message
    return ""
