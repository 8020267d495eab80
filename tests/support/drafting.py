"""A developer at the wizard: who they are, and what its steps need."""

from pathlib import Path

from app import db, settings
from app.adapters.secret_box import SecretBox
from app.domain.drafts import drafts
from app.domain.money import Environment
from app.domain.paywalls.members import Creators
from app.domain.paywalls.modes import Mode
from app.domain.people.sessions import Person, find_person
from app.flows.drafts.making import Maker
from app.flows.drafts.steps import Doors, WantedProvider, choose_account, choose_mode, choose_provider
from app.flows.payments.endpoints import Endpoints
from app.flows.paywalls.prices import PriceRules
from app.ports.accounts import Accounts
from app.ports.prices import CataloguePrice, ListPrice
from app.ports.providers import Providers

BOX = SecretBox([b"a secret of tests"])
FEE_BASIS_POINTS = 100


class Knows:
    """A catalogue that knows some models: 2 and 8 dollars per million tokens."""

    def find(self, model: str) -> CataloguePrice | None:
        known = ListPrice(2_000_000_000, 8_000_000_000)
        return CataloguePrice(known, 128_000) if model in ("ok", "tools", "known") else None


RULES = PriceRules(Knows(), FEE_BASIS_POINTS)
_PLAN = drafts.Plan("Quill", Mode.DEFAULT, Environment.SANDBOX)
ANYBODY = Creators(True, frozenset())


def doors(providers: Providers, accounts: Accounts) -> Doors:
    """Returns what the steps need, open to anybody."""
    return Doors(ANYBODY, providers, accounts, BOX, RULES)


def maker(accounts: Accounts) -> Maker:
    """Returns what making needs; this instance has no address that anybody could send to."""
    return Maker(ANYBODY, RULES, Endpoints(accounts, BOX, "http://127.0.0.1"))


async def whole(at: Doors, person: Person, mode: str = "default", name: str = "Quill") -> str:
    """Takes every step but the prices with what the sandbox offers, and returns the draft's id."""
    draft = await choose_mode(at, person, name, mode, "sandbox")
    await choose_provider(at, person, WantedProvider("demo"))
    await choose_account(at, person, "")
    return draft.paywall_id


def open_draft_of(data: Path, session_token: str) -> str:
    """Begins a draft for whoever a session's cookie stands for at a server with this data, and returns its id."""
    url = f"sqlite:///{data / 'coinslot.db'}"
    settings.configure(data=data, database_url=url)
    db.dispose()
    try:
        with db.transaction() as session:
            person = find_person(session, session_token)
            assert person is not None
            return drafts.begin(session, person.account_id, _PLAN).paywall_id
    finally:
        db.dispose()
        settings.configure()
