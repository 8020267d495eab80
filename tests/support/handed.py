"""Flows with the rules of a test's own settings handed in, as wiring does it for a process."""

from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from app import db, settings
from app.adapters.secret_box import SecretBox
from app.commit_queue import CommitQueue
from app.domain.money import CREDITS_PER_DOLLAR, NANOS, Environment
from app.domain.paywalls.changes import CATALOGUE
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import command_manager
from app.domain.people.accounts import ProvenIdentity
from app.domain.people.sessions import Person
from app.domain.pricing import price_book
from app.domain.pricing.price_book import NewPrice
from app.domain.wallets.trial import Outcome, TrialRules
from app.flows.callers.links import AppLink, Links, OrderLink, TopupLink
from app.flows.callers.standing import Standings
from app.flows.catalogue import follow, sync
from app.flows.catalogue.defaults import Filled
from app.flows.catalogue.follow import FollowRules, SwitchedOff
from app.flows.events.mails import Desk
from app.flows.limits.spending import SpendLimits
from app.flows.payments import checkout
from app.flows.payments.checkout import EndedTopup, Wanted
from app.flows.paywalls import demo, prices
from app.flows.paywalls.change import Changed, Part, change
from app.flows.paywalls.parts import Parts
from app.flows.paywalls.provider import try_provider
from app.flows.people import consent
from app.flows.people import sign_in as signing_in
from app.flows.people.consent import Approval
from app.flows.people.sign_in import NeedsEmail, SignInRules, Visit
from app.flows.upkeep import earnings, holds
from app.flows.wallets import trial
from app.flows.wallets.charge import ChargeAnswer, Charges
from app.ports.login import Login
from app.ports.mail import Mailer
from app.ports.payments import PaymentRail
from app.ports.prices import ModelCatalogue, PriceCatalogue
from app.ports.providers import ChatProvider, Providers, ProviderTarget
from app.ports.seal import Sealer
from tests.support import books

V = TypeVar("V")
R = TypeVar("R")


def links() -> Links:
    """Returns what mints and opens this instance's links."""
    return Links(settings.get().secrets)


def fee() -> int:
    """Returns the platform's share in basis points."""
    return settings.get().fee_basis_points


def trial_rules() -> TrialRules:
    """Returns what people are given to try."""
    chosen = settings.get()
    return TrialRules(chosen.trial_credits * NANOS // CREDITS_PER_DOLLAR, chosen.trials_of_address_max)


def sign_in_rules() -> SignInRules:
    """Returns what a sign-in goes by."""
    return SignInRules(settings.get().secrets, settings.get().operators, trial_rules())


def desk(mailer: Mailer) -> Desk:
    """Returns the operators' desk, with this mailer."""
    return Desk(mailer, settings.get().operators)


def mint_topup(paywall_id: str, user: str, **more: Any) -> str:
    return links().mint_topup(paywall_id, user, **more)


def mint_connect(paywall_id: str, user: str, return_url: str | None = None, state: str | None = None) -> str:
    return links().mint_connect(paywall_id, user, return_url, state)


def mint_menu(paywall_id: str, user: str, return_url: str | None = None, state: str | None = None) -> str:
    return links().mint_menu(paywall_id, user, return_url, state)


def mint_order(paywall_id: str, user: str, order_id: str, return_url: str | None = None) -> str:
    return links().mint_order(paywall_id, user, order_id, return_url)


def open_order(token: str) -> OrderLink:
    return links().open_order(token)


def open_topup(token: str) -> TopupLink:
    return links().open_topup(token)


def open_connect(token: str) -> AppLink:
    return links().open_connect(token)


def open_menu(token: str) -> AppLink:
    return links().open_menu(token)


async def begin_topup(rail: PaymentRail, token: str, amount: str, person: Person | None = None, **wanted: Any) -> str:
    return await checkout.begin_topup(rail, open_topup(token), Wanted(amount, **wanted), person)


def read_topup(session: Session, token: str, topup_id: str, person: Person | None = None) -> EndedTopup:
    return checkout.read_topup(session, open_topup(token), topup_id, person)


async def approve(
    mailer: Mailer, token: str, person: Person, cap_nanos: int, own_keys_per_day: int | None = None
) -> Approval:
    return await consent.approve(mailer, trial_rules(), open_connect(token), person, cap_nanos, own_keys_per_day)


async def decline(token: str) -> str | None:
    return await consent.decline(open_connect(token))


async def send_code(mailer: Mailer, email: str, visit: Visit, identity: ProvenIdentity | None = None) -> str:
    return await signing_in.send_code(mailer, sign_in_rules(), email, visit, identity)


async def enter_with_code(browser_token: str, code: str, visit: Visit) -> str:
    return await signing_in.enter_with_code(sign_in_rules(), browser_token, code, visit)


async def enter_with_login(login: Login, label: str, is_trusted: bool, visit: Visit) -> str | NeedsEmail:
    return await signing_in.enter_with_login(sign_in_rules(), login, label, is_trusted, visit)


async def remember_browser(session_token: str, kept: str | None) -> str | None:
    return await signing_in.remember_browser(sign_in_rules(), session_token, kept)


def is_operator(person: Person) -> bool:
    return signing_in.is_operator(sign_in_rules(), person)


def give_trials(session: Session, account_id: str, address: str) -> dict[Environment, Outcome]:
    return trial.give_trials(session, trial_rules(), account_id, address)


async def charge(
    queue: CommitQueue, standings: Standings, spending: SpendLimits, *asked: Any, **more: Any
) -> ChargeAnswer:
    return await Charges(queue, standings, spending, fee()).charge(*asked, **more)


async def reap_holds(queue: CommitQueue) -> int:
    return await holds.reap_holds(queue, fee())


async def mature_earnings() -> int:
    return await earnings.mature_earnings(settings.get().earnings_pending_days)


def follow_catalogue(session: Session, paywall_id: str, list_host: str) -> tuple[int, list[SwitchedOff]]:
    with books.editing(session, paywall_id, CATALOGUE) as edition:
        return follow.follow_catalogue(edition, FollowRules(list_host, fee()))


async def sync_catalogue(source: ModelCatalogue, mailer: Mailer) -> int:
    host = urlsplit(settings.get().openrouter_base).hostname or ""
    return await sync.sync_catalogue(source, FollowRules(host, fee()), desk(mailer))


def parts(catalogue: PriceCatalogue) -> Parts:
    """Returns what can be changed of a paywall."""
    return Parts(SecretBox(settings.get().secrets), prices.PriceRules(catalogue, fee()))


async def change_newest(paywall_id: str, part: Part[V, R], values: V) -> Changed[R]:
    """Changes a part of the newest version, by a command. Raises what `change` does."""
    paywall, _ = await db.in_transaction(lambda session: read_current(session, paywall_id))
    manager = await db.in_transaction(lambda session: command_manager(session, paywall_id))
    return await change(manager, part, values, paywall.version)


async def save_provider(
    providers: Providers, sealer: Sealer, catalogue: PriceCatalogue, paywall_id: str, *wanted: Any, **more: Any
) -> Filled:
    manager = await db.in_transaction(lambda session: command_manager(session, paywall_id))
    tried = replace(await try_provider(providers, sealer, manager, *wanted), **more)
    return (await change_newest(paywall_id, parts(catalogue).provider, tried)).outcome


async def set_own_price(catalogue: PriceCatalogue, paywall_id: str, wanted: NewPrice) -> int:
    """Sets one price, and returns its version."""
    await change_newest(paywall_id, parts(catalogue).prices, prices.Prices(own=[wanted]))
    return _version_of(paywall_id, wanted.model)


async def follow_list_price(catalogue: PriceCatalogue, paywall_id: str, model: str) -> int:
    """Lets one price follow the list, and returns its version."""
    await change_newest(paywall_id, parts(catalogue).prices, prices.Prices(follow=[prices.Place(model)]))
    return _version_of(paywall_id, model)


def _version_of(paywall_id: str, model: str) -> int:
    with db.transaction(writes=False) as session:
        row = price_book.current(session, paywall_id, model)
    assert row is not None
    return row.version


async def prepare(chat: ChatProvider, target: ProviderTarget, catalogue: PriceCatalogue) -> Any:
    return await demo.prepare(chat, target, catalogue, settings.get().secrets[0])
