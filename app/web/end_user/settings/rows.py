"""What the settings page shows, ready to be read."""

from dataclasses import dataclass, field

from app import wiring
from app.db import Session
from app.domain.money import format_decimal
from app.domain.paywalls.names import list_of_account
from app.domain.paywalls.paywall import find_credits
from app.domain.people.account_keys import read_account_key
from app.domain.people.accounts import EMAIL, list_identities, read_account
from app.domain.people.developer_keys import list_developer_keys
from app.domain.people.sessions import Person, list_sessions
from app.domain.people.sign_in_texts import ETHEREUM
from app.flows.conversations.privacy import see_privacy
from app.flows.people.sign_in import is_operator
from app.web.frame.format import ago, browser, counted
from app.wiring.rules import credits_environment_of


@dataclass(frozen=True)
class MethodRow:
    """A sign-in method."""

    id: str = ""
    label: str = ""
    detail: str = ""


@dataclass(frozen=True)
class SessionRow:
    """A browser that is signed in."""

    id: str = ""
    title: str = ""
    detail: str = ""
    is_this: bool = False


@dataclass(frozen=True)
class ProviderRow:
    """A provider that can be added."""

    label: str = ""
    url: str = ""


@dataclass(frozen=True)
class DeveloperKeyRow:
    """A key of the Management API, by its end."""

    id: str = ""
    name: str = ""
    detail: str = ""


@dataclass(frozen=True)
class AccountPage:
    """Everything on the settings page; `key` is empty where there is none.

    Privacy is about conversations, which are there where credits are; `kept` says how many there are, if any.
    """

    name: str = ""
    email: str = ""
    cap: str = ""
    role: str = ""
    methods: list[MethodRow] = field(default_factory=list)
    sessions: list[SessionRow] = field(default_factory=list)
    providers: list[ProviderRow] = field(default_factory=list)
    has_ethereum: bool = False
    key: str = ""
    key_detail: str = ""
    is_developer: bool = False
    developer_keys: list[DeveloperKeyRow] = field(default_factory=list)
    has_conversations: bool = False
    keeps_nothing: bool = False
    kept: str = ""


def read_account_page(session: Session, person: Person) -> AccountPage:
    """Reads a person's own account."""
    account = read_account(session, person.account_id)
    key = read_account_key(session, person.account_id)
    developer_keys = list_developer_keys(session, person.account_id)
    privacy = see_privacy(session, person.account_id)
    has_credits = find_credits(session, credits_environment_of(wiring.get().settings)) is not None
    labels = {
        EMAIL: "E-mail code",
        ETHEREUM: "Ethereum account",
        **{issuer.issuer: issuer.label for issuer in wiring.get().settings.oidc},
    }
    return AccountPage(
        name=account.name,
        email=account.email or "",
        cap=format_decimal(account.default_cap_nanos),
        role="Operator" if is_operator(wiring.get().sign_in_rules, person) else "",
        methods=[
            MethodRow(method.id, method.label,
                      f"{labels.get(method.kind, method.kind)} · added {ago(method.created_at)}")
            for method in list_identities(session, person.account_id)
        ],
        sessions=[
            SessionRow(found.id, browser(found.browser), f"{found.address} · seen {ago(found.seen_at)}",
                       found.id == person.session_id)
            for found in list_sessions(session, person.account_id)
        ],
        providers=[
            ProviderRow(issuer.label, f"/auth/oidc/{issuer.name}")
            for issuer in wiring.get().settings.oidc
        ],
        has_ethereum=bool(wiring.get().settings.chains),
        key=f"sk-coinslot-user-…{key.last_four}" if key else "",
        key_detail=f"Made {ago(key.created_at)}" if key else "",
        is_developer=bool(developer_keys) or bool(list_of_account(session, person.account_id, 1)),
        developer_keys=[
            DeveloperKeyRow(one.id, one.name, f"sk-coinslot-dev-…{one.last_four} · "
                            f"{'reads and changes' if one.may_write else 'reads'} · made {ago(one.created_at)}")
            for one in developer_keys
        ],
        has_conversations=has_credits or privacy.conversations > 0,
        keeps_nothing=privacy.zero_retention,
        kept=counted(privacy.conversations, "conversation") if privacy.conversations else "",
    )  # fmt: skip
