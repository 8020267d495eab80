"""The wizard's steps: each is kept as soon as it is taken, so that a browser that was closed loses nothing.

Keys are sealed here, and come out nowhere: not in an answer, not in an error, not in a log.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.drafts import drafts
from app.domain.drafts.drafts import Draft, Plan, PlannedAccount, PlannedProvider
from app.domain.errors import BadField, NotFound, WrongMode
from app.domain.money import AMOUNT_UNITS_MAX, NANOS, Environment
from app.domain.paywalls.members import Creators, check_creates
from app.domain.paywalls.modes import RULES
from app.domain.paywalls.provider import ProviderSetting, check_allowed, check_providers, origin_of, own_at
from app.domain.people.sessions import Person
from app.domain.pricing.price_book import MARKUP_BASIS_POINTS_MAX
from app.flows.drafts.planned import plan_prices
from app.flows.payments.connect import try_key
from app.flows.paywalls.prices import PriceRules
from app.flows.paywalls.provider import Connected, Unreached, try_connection
from app.flows.providers.proof import Proof
from app.ports.accounts import Accounts
from app.ports.providers import Providers
from app.ports.seal import Sealer

NAME_CHARACTERS_MAX = 60
_OFFERED = {mode.value: mode for mode, rules in RULES.items() if rules.has_app_wallets or rules.needs_consent}
"""The modes that a developer may choose, by their names: the others are the operator's own."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What the steps need of the outside, and whom they let in."""

    creators: Creators
    providers: Providers
    accounts: Accounts
    sealer: Sealer
    rules: PriceRules


@dataclass(frozen=True, slots=True)
class WantedProvider:
    """Who shall serve: `demo`, `built-in`, or one of the developer's own at `base_url`, with a key if it needs one."""

    name: str = ""
    base_url: str = ""
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a trial of a provider found: how many models it offers, within which time; `problem` if nobody answered."""

    models: int
    milliseconds: int
    problem: str = ""


async def choose_mode(doors: Doors, person: Person, app_name: str, mode: str, environment: str) -> Draft:
    """Keeps name, mode and environment, in the draft that is open or in a new one. Raises BadField, NotAllowed."""
    check_creates(doors.creators, person)
    name = app_name.strip()
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise BadField("app_name", f"Enter a name of 1 to {NAME_CHARACTERS_MAX} characters.")
    offered = _OFFERED.get(mode)
    if offered is None:
        raise BadField("mode", "Choose a mode.")
    if environment not in tuple(Environment):
        raise BadField("environment", "Choose sandbox or live.")
    chosen = Plan(name, offered, Environment(environment))

    def keep(session: Session) -> Draft:
        found = drafts.find_open(session, person.account_id, is_locked=True)
        if found is None:
            return drafts.begin(session, person.account_id, chosen)
        plan = found.plan.as_chosen(chosen.app_name, chosen.mode, chosen.environment)
        return drafts.change(session, found, plan)

    try:
        return await db.in_transaction(keep, writes=True)
    except IntegrityError:  # another window of theirs has just begun one
        return await db.in_transaction(keep, writes=True)


async def choose_provider(
    doors: Doors, person: Person, wanted: WantedProvider, *, is_untried_ok: bool = False
) -> Tried:
    """Tries a provider, and keeps it with its key sealed; one that nobody can reach only if `is_untried_ok`.

    Without a key the one that was kept for the same address stays. Raises BadField, Unreached, NotAllowed, NotFound.
    """
    check_creates(doors.creators, person)
    draft = await db.in_transaction(lambda session: _read_open(session, person))
    plan = draft.plan
    setting = _setting_of(wanted)
    check_allowed(plan.mode, plan.environment, setting)
    check_providers((setting,))
    setting, key = _with_key(doors.sealer, draft, setting, wanted.key)
    begun, problem = clock.monotonic_seconds(), ""
    try:
        found = await try_connection(doors.providers, setting, key)
    except Unreached as error:
        if not is_untried_ok:
            raise
        found, problem = Connected((), Proof()), error.message
    taken = round((clock.monotonic_seconds() - begun) * 1_000)
    planned = PlannedProvider(setting, found.models, problem, found.proof.model, found.proof.doubt)
    await _change(person, draft, lambda now: replace(now, provider=planned))
    return Tried(len(found.models), taken, problem)


def _setting_of(wanted: WantedProvider) -> ProviderSetting:
    return ProviderSetting(wanted.name) if wanted.name else own_at(wanted.base_url)


def _with_key(sealer: Sealer, draft: Draft, setting: ProviderSetting, typed: str) -> tuple[ProviderSetting, str | None]:
    """Returns a setting with its key sealed for the paywall to come, and that key in clear to be tried."""
    context = setting.seal_context(draft.paywall_id)
    if not setting.has_own_key:
        return setting, None
    if key := typed.strip():
        return replace(setting, key_sealed=sealer.seal(key, context)), key
    before = draft.plan.provider
    if before is None or before.setting.key_sealed is None:
        return setting, None
    if origin_of(before.setting.base_url) != origin_of(setting.base_url):
        raise BadField("api_key", "Enter the key again: a kept key is never sent to another address.")
    key = sealer.open(before.setting.key_sealed, before.setting.seal_context(draft.paywall_id))
    return replace(setting, key_sealed=sealer.seal(key, context)), key


async def choose_account(doors: Doors, person: Person, key: str) -> None:
    """Tries a restricted key of an account at the rail, and keeps it until the paywall is there; later without a key.

    Raises BadField (`key`), PermissionsMissing, WrongMode, NotAllowed, NotFound, Unavailable.
    """
    check_creates(doors.creators, person)
    draft = await db.in_transaction(lambda session: _read_open(session, person))
    planned = None
    if key.strip():
        if not draft.plan.rules.has_app_wallets:
            raise WrongMode("Card payments of this mode go to the operator's account.")
        tried = await try_key(doors.accounts, draft.plan.environment, key, ())
        sealed = doors.sealer.seal(tried.key, draft.key_context)
        planned = PlannedAccount(sealed, tried.account or "Your Stripe account")
    await _change(person, draft, lambda now: replace(now, has_payments=True, account=planned))


@dataclass(frozen=True, slots=True)
class ChosenPrices:
    """Markup, fee per request and minimum, the amounts in the unit of the mode."""

    markup_basis_points: int
    request_nanos: int = 0
    minimum_nanos: int = 0


async def choose_prices(doors: Doors, person: Person, chosen: ChosenPrices) -> None:
    """Keeps markup, fee per request and minimum. Raises BadField for what no price may be, NotAllowed, NotFound."""
    check_creates(doors.creators, person)

    def keep(session: Session) -> None:
        draft = _read_open(session, person)
        plan = priced(draft.plan, chosen)
        plan_prices(session, doors.rules, plan)
        drafts.change(session, draft, plan)

    await db.in_transaction(keep, writes=True)


def priced(plan: Plan, chosen: ChosenPrices) -> Plan:
    """Returns a plan with these prices. Raises BadField for amounts that are out of range."""
    if not 0 <= chosen.markup_basis_points <= MARKUP_BASIS_POINTS_MAX:
        raise BadField("markup_basis_points", "The markup must be between 0 and 10,000 %.")
    for name in ("request_nanos", "minimum_nanos"):
        if not 0 <= getattr(chosen, name) <= AMOUNT_UNITS_MAX * NANOS:
            raise BadField(name, f"This must be between 0 and {AMOUNT_UNITS_MAX:,}.")
    return replace(plan, **asdict(chosen))


async def start_over(person: Person, paywall_id: str) -> None:
    """Forgets a draft with all that was chosen, or stops waiting for the first request. Raises NotFound."""
    await db.in_transaction(lambda session: drafts.drop(session, person.account_id, paywall_id), writes=True)


async def forget_drafts() -> int:
    """Forgets what nobody has gone on with for long; returns how many drafts that were."""
    return await db.in_transaction(drafts.forget_old, writes=True)


def _read_open(session: Session, person: Person) -> Draft:
    found = drafts.find_open(session, person.account_id)
    if found is None:
        raise NotFound("This draft is not there any more. Begin again with the first step.")
    return found


async def _change(person: Person, seen: Draft, change: Callable[[Plan], Plan]) -> None:
    """Changes the draft that was seen, as it is now, unless its first step was chosen anew meanwhile."""

    def keep(session: Session) -> None:
        now = drafts.read_own(session, person.account_id, seen.paywall_id, is_locked=True)
        if now.is_made or not now.plan.is_for(seen.plan.mode, seen.plan.environment):
            raise NotFound("This draft was changed in another window. Load the page again.")
        drafts.change(session, now, change(now.plan))

    await db.in_transaction(keep, writes=True)
