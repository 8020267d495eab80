"""A paywall is handed over to whoever shall own it (`decisions.md` 35), archived and taken out again, and duplicated
into the other environment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.errors import BadField, NotAllowed
from app.domain.ids import new_id
from app.domain.money import Environment
from app.domain.paywalls.archiving import set_archived
from app.domain.paywalls.changes import Section, note_change
from app.domain.paywalls.configuration import Configuration, read_current
from app.domain.paywalls.members import Act, Creators, Manager, check_may, read_owner, set_owner
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.paywall import Paywall, lock_paywall
from app.domain.paywalls.provider import DEMO, ProviderSetting, check_allowed, own_at
from app.domain.paywalls.versions import Edition, open_first_edition
from app.domain.people.accounts import check_email, email_identity, enter
from app.domain.people.sessions import Person
from app.domain.pricing import price_book
from app.flows.events.tell import publish_and_tell, tell_archived
from app.flows.paywalls.change import Part
from app.flows.paywalls.prices import PriceDesk, PriceRules
from app.flows.paywalls.versions import bring_back

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Given:
    """To whom a paywall was given; `is_new` if that account was made for it, and nobody has signed in to it yet."""

    account_id: str
    email: str
    is_new: bool


async def give_paywall(manager: Manager, email: str) -> Given:
    """Makes the account of an address the owner of a paywall; who owned it before does no more.

    Where no account has the address, one is made, and whoever proves that the address is theirs signs in to it.
    Keys, links and sessions go on. Giving it to its owner changes nothing. Raises BadField, NotAllowed, NotFound.
    """
    wanted = email_identity(check_email(email))

    def give(session: Session) -> Given:
        paywall = lock_paywall(session, manager.paywall_id)
        check_may(session, manager, Act.HAND_OVER)
        before = read_owner(session, paywall.id)
        account_id, is_new = enter(session, (wanted,))
        if account_id != before:
            set_owner(session, paywall.id, account_id)
            what = {"from": before, "to": account_id}
            note_change(session, paywall.id, manager.account_id, Section.OWNER, paywall.version, what)
        return Given(account_id, wanted.subject, is_new)

    given = await db.in_transaction(give, writes=True)
    log.info("paywall_given", paywall=manager.paywall_id, account=given.account_id, by=manager.account_id)
    return given


def archive() -> Part[bool, bool]:
    """Returns the part that says whether a paywall is archived; its outcome, whether that changed."""

    def edit(edition: Edition, is_archived: bool) -> bool:
        is_changed = set_archived(edition.session, edition.paywall, is_archived=is_archived)
        if is_changed and is_archived:
            tell_archived(edition.session, edition.paywall.id)
        return is_changed

    def describe(is_archived: bool, is_changed: bool) -> dict[str, bool]:
        return {"archived": is_archived} if is_changed else {}

    return Part(Section.ARCHIVE, edit, describe, Act.ARCHIVE)


@dataclass(frozen=True, slots=True)
class Duplicated:
    """The paywall that was made, and the models that it does not offer, each with the reason."""

    paywall_id: str
    left_off: Mapping[str, str]


async def duplicate(
    manager: Manager, person: Person, creators: Creators, rules: PriceRules, own_url: str = ""
) -> Duplicated:
    """Makes a paywall like this one in the other environment, which belongs to whoever duplicates it.

    It takes the configuration and the prices as they are now; never keys, secrets, headers, users, webhooks or accounts
    of payments, and so no endpoint of messages either, which would need a secret. Providers that the other environment
    does not allow stay behind with their models; where that is all of them, the demo provider serves a sandbox, and one
    of the developer's own at `own_url`, still without a key, a live paywall. Raises BadField, NotAllowed, NotFound.
    """

    def copy(session: Session) -> Duplicated:
        source = lock_paywall(session, manager.paywall_id)
        check_may(session, manager, Act.SET_UP)
        if not creators.have(person):
            raise NotAllowed("Not everybody makes paywalls here, and this sign-in may not. Ask the operator.")
        environment, before = _other(source.environment), read_current(session, source.id)[1]
        kept = _allowed_in(source.mode, environment, before)
        own = own_at(own_url) if not kept and environment is Environment.LIVE else ProviderSetting(DEMO)
        configuration = _without_secrets(replace(before, providers=kept or (own,)))
        edition = open_first_edition(session, new_id("pw"), source.mode, environment, source.unit, configuration,
                                     manager.account_id)  # fmt: skip
        offered = price_book.prices_at(session, source.id, source.version)
        along = {model: row for model, row in offered.items() if before.find_provider(row.provider) in kept}
        left_off = dict.fromkeys(offered.keys() - along, "Its provider is not there.")
        left_off |= bring_back(edition, PriceDesk.of(edition, rules), along)
        price_book.move_models(edition, {configuration.providers[0].name: None})
        publish_and_tell(edition, Section.VERSION)
        set_owner(session, edition.paywall.id, person.account_id)
        return Duplicated(edition.paywall.id, left_off)

    made = await db.in_transaction(copy, writes=True)
    log.info("paywall_duplicated", paywall=manager.paywall_id, into=made.paywall_id, by=manager.account_id)
    return made


def needs_own_provider(paywall: Paywall, configuration: Configuration) -> bool:
    """Tells whether a duplicate of a paywall in the other environment has to be told of a provider there."""
    environment = _other(paywall.environment)
    return environment is Environment.LIVE and not _allowed_in(paywall.mode, environment, configuration)


def _other(environment: Environment) -> Environment:
    return Environment.LIVE if environment is Environment.SANDBOX else Environment.SANDBOX


def _allowed_in(mode: Mode, environment: Environment, configuration: Configuration) -> tuple[ProviderSetting, ...]:
    """Returns the providers of a configuration that are possible in an environment."""

    def is_allowed(provider: ProviderSetting) -> bool:
        try:
            check_allowed(mode, environment, provider)
        except BadField:
            return False
        return True

    return tuple(filter(is_allowed, configuration.providers))


def _without_secrets(configuration: Configuration) -> Configuration:
    providers = (replace(one, key_sealed=None, headers=(), is_seal_old=False) for one in configuration.providers)
    return replace(configuration, providers=tuple(providers), responder=None)
