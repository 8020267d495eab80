"""What the wizard needs of this process."""

from app.flows.drafts.making import Maker
from app.flows.drafts.steps import Doors
from app.wiring.process import Wiring
from app.wiring.rules import creators_of


def doors_of(wired: Wiring) -> Doors:
    """Returns what its steps need."""
    accounts = wired.stripe.endpoints.accounts
    return Doors(creators_of(wired.settings), wired.providers, accounts, wired.box, wired.parts.rules)


def maker_of(wired: Wiring) -> Maker:
    """Returns what making a paywall needs."""
    return Maker(creators_of(wired.settings), wired.parts.rules, wired.stripe.endpoints)
