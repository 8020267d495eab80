"""What the page of earnings shows of payouts: where they go, in which environment, and how each went."""

from dataclasses import dataclass, field

from app import wiring
from app.db import Session
from app.domain.money import Environment
from app.domain.payouts import listing
from app.domain.people.sessions import Person
from app.web.components.payouts.rows import PayoutRow, row_of
from app.web.components.payouts.ways import Way, way_of

PAYOUTS_LISTED = 50


@dataclass(frozen=True)
class PayoutsPart:
    """Everything of payouts on the page."""

    ways: list[Way] = field(default_factory=list)
    rows: list[PayoutRow] = field(default_factory=list)
    more: str = ""


def read_payouts_part(session: Session, person: Person, names: dict[str, tuple[str, Environment]]) -> PayoutsPart:
    """Reads the payouts of somebody's paywalls; `names` are those in shared mode, each with its environment."""
    settlement = wiring.get().settlement
    here = {environment for _, environment in names.values()}
    found = [(environment, chains[0].rules) for environment in (Environment.LIVE, Environment.SANDBOX)
             if environment in here and (chains := settlement.chains.of(environment))]  # fmt: skip
    explorers = {rules.id: rules.explorer_url for _, rules in found}
    listed = listing.list_of_paywalls(session, list(names), PAYOUTS_LISTED + 1)
    return PayoutsPart(
        ways=[way_of(session, person, environment, rules) for environment, rules in found],
        rows=[
            row_of(one, names[one.paywall_id or ""][0], explorers.get(one.chain_id, ""))
            for one in listed[:PAYOUTS_LISTED]
        ],
        more=f"The newest {PAYOUTS_LISTED} are listed." if len(listed) > PAYOUTS_LISTED else "",
    )
