"""A paywall of somebody's own beside the demo's, with a price and a key, in the database of a running site."""

from dataclasses import dataclass, replace

from app import db, settings
from app.domain.ids import new_id
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls import keys
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import set_owner
from app.domain.paywalls.modes import Mode
from app.domain.people.accounts import email_identity, enter
from app.domain.pricing.price_book import NewPrice
from app.flows.paywalls.demo import PAYWALL_ID
from tests.support import books


@dataclass(frozen=True)
class Owned:
    """A paywall, its first key, and the address of its owner."""

    id: str
    key: str
    key_id: str
    name: str
    owner: str


def make_owned(name: str, owner: str) -> Owned:
    """Makes a sandbox paywall in default mode like the demo's, which belongs to whoever has this address."""
    paywall_id = new_id("pw")
    key = keys.derive_key(Environment.SANDBOX, settings.get().secrets[0], paywall_id)
    with db.transaction() as session:
        _, copied = read_current(session, PAYWALL_ID)
        configuration = replace(copied, app_name=name)
        books.create_paywall(session, paywall_id, Mode.DEFAULT, Environment.SANDBOX, Unit.USD, configuration)
        books.set_price(session, paywall_id, NewPrice("demo-mini", NANOS, 2 * NANOS))
        view = keys.add_key(session, paywall_id, key)
        account_id, _ = enter(session, (email_identity(owner),))
        set_owner(session, paywall_id, account_id)
    return Owned(paywall_id, key, view.id, name, owner)
