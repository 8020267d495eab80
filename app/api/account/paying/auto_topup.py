"""GET and PUT /api/v1/credits/auto-topup: what an account's credits fill themselves by.

A key can lower it or switch it off. Whatever allows more is a choice of the person's own, who reads first what they
agree to (`decisions.md` 16): that is done in the settings, and nothing else switches it on.
"""

from typing import Any

from fastapi import APIRouter

from app import db, wiring
from app.api.account.fields import named
from app.api.account.owner import Own, OwnBody, Owner
from app.api.common.links import base_url
from app.domain.cards.rules import State, Terms, check_terms
from app.domain.errors import BadField, NotAllowed, NotFound
from app.domain.money import NANOS
from app.flows.cards.settings import AutoTopupView, change_terms, read_settings, switch_off
from app.flows.payments.offered import list_own_offered
from app.wiring.rules import surcharge_of

router = APIRouter(prefix="/api/v1/credits", tags=["account"])
CENTS = 100
CREDITS_MAX, DOLLARS_MAX = 1_000_000, 100_000
USUAL = Terms(300 * NANOS, 10 * CENTS, 200 * CENTS)
"""What the clients ask for where nobody says more."""


@router.get("/auto-topup")
async def get_auto_topup(own: Own) -> dict[str, Any]:
    """Returns whether it is on, and its terms; a threshold is in credits, the rest in dollars."""
    return await _read(own)


@router.put("/auto-topup")
async def put_auto_topup(own: Own, body: OwnBody) -> dict[str, Any]:
    """Switches it off, or changes it to terms that allow no more than those which its person agreed to."""
    enabled = body.get("enabled")
    if not isinstance(enabled, bool):
        raise BadField("enabled", "`enabled` must be true or false.")
    environment, unit = own.snapshot.environment, own.snapshot.unit
    if not enabled:
        await switch_off(own.person, environment, unit)
        return await _read(own)
    terms = _terms(body, await _agreed(own))
    with named(amount="amount_usd", threshold="threshold_credits", cap="monthly_cap_usd"):
        check_terms(terms, unit)
    try:
        has_changed = await change_terms(own.person, environment, terms, unit)
    except NotFound:
        has_changed = False
    if not has_changed:
        raise ConsentWanted(f"Only its owner can allow more: auto top-up is switched on, and raised, by its owner, who "
                            f"reads what they agree to, at {base_url()}/settings/#auto-top-up")  # fmt: skip
    return await _read(own)


class ConsentWanted(NotAllowed):
    """What only a person can agree to, who reads it on our page."""

    code = "consent_required"


async def _agreed(own: Owner) -> Terms:
    """Returns what its owner agreed to, the clients' own terms where that is nothing."""
    view = await _view(own)
    return USUAL if view is None or view.terms is None else view.terms


def _terms(body: dict[str, Any], agreed: Terms) -> Terms:
    """Returns what a body asks for; what it leaves away stays, and so does what a charge may cost beside, so that an
    old consent does not stand against a change that lowers the rest. Raises BadField."""
    threshold = _number(body, "threshold_credits", CREDITS_MAX)
    amount, cap = _number(body, "amount_usd", DOLLARS_MAX), _number(body, "monthly_cap_usd", DOLLARS_MAX)
    return Terms(
        agreed.threshold_nanos if threshold is None else threshold * NANOS,
        agreed.amount_cents if amount is None else amount * CENTS,
        agreed.cap_cents if cap is None else cap * CENTS,
        agreed.fee_cents,
    )


async def _view(own: Owner) -> AutoTopupView | None:
    """Returns the automatic top-up as its owner sees it, None where no card can be saved at all."""

    def read(session: db.Session) -> AutoTopupView | None:
        environment = own.snapshot.environment
        ways = list_own_offered(session, environment)
        if not ways:
            return None
        surcharge = surcharge_of(wiring.get().settings)
        return read_settings(session, own.person, environment, ways[0].id, surcharge, own.snapshot.unit).auto

    return await db.in_transaction(read)


async def _read(own: Owner) -> dict[str, Any]:
    view = await _view(own)
    terms = None if view is None else view.terms
    card = None if view is None else view.card
    return {
        "enabled": view is not None and view.state not in (State.OFF, State.OFF_BY_OWNER),
        "state": "off" if view is None else view.state.value,
        "threshold_credits": None if terms is None else terms.threshold_nanos // NANOS,
        "amount_usd": None if terms is None else terms.amount_cents / CENTS,
        "monthly_cap_usd": None if terms is None else terms.cap_cents / CENTS,
        "month_charged_usd": 0 if view is None else view.month_cents / CENTS,
        "card": None if card is None else {"brand": card.brand, "last_four": card.last_four},
    }


def _number(body: dict[str, Any], name: str, most: int) -> int | None:
    """Returns a whole number of a body, None where it has none. Raises BadField."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise BadField(name, f"`{name}` must be a whole number from 1 to {most}.")
    return value
