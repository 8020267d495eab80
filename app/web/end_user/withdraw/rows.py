"""What the page of withdrawals shows, ready to be read: what can go, why the rest stays, where to, how each went."""

from dataclasses import dataclass, field

from app import wiring
from app.db import Session
from app.domain.errors import Refused
from app.domain.money import Environment, Unit, format_finely
from app.domain.payouts import desk, listing
from app.domain.payouts.rules import nanos_of, units_of
from app.domain.payouts.withdrawals import Unspent, read_unspent
from app.domain.people.sessions import Person
from app.domain.wallets.shared import read_shared_balance, shared_account
from app.flows.disputes.offers import REFUND_DAYS
from app.web.components.payouts.rows import PayoutRow, row_of, usdc
from app.web.components.payouts.ways import Way, way_of
from app.web.end_user.wallet.rows import choose_environment

LISTED = 25


@dataclass(frozen=True)
class WithdrawPage:
    """Everything on the page. `can` is what can go, `stays` why the rest cannot, `refused` why no form is shown.

    `way` is where it goes; its `chain` is empty where no chain is set up.
    """

    environment: str = ""
    is_sandbox: bool = False
    has_both: bool = False
    can: str = ""
    stays: list[str] = field(default_factory=list)
    refused: str = ""
    way: Way = field(default_factory=Way)
    rows: list[PayoutRow] = field(default_factory=list)
    more: str = ""


def read_withdraw_page(session: Session, person: Person, wanted: str) -> WithdrawPage:
    """Reads what a person can withdraw in the environment that they want to see."""
    environment, has_both = choose_environment(session, person, wanted)
    account, settlement = shared_account(person.account_id, environment), wiring.get().settlement
    chains = settlement.chains.of(environment)
    unspent, trial = read_unspent(session, account), read_shared_balance(session, account).trial_nanos
    listed = listing.list_of_wallet(session, account.owner, LISTED + 1)
    explorers = {chain.rules.id: chain.rules.explorer_url for chain in chains}
    return WithdrawPage(
        environment=environment.value,
        is_sandbox=environment is Environment.SANDBOX,
        has_both=has_both,
        can=format_finely(nanos_of(units_of(unspent.nanos)), Unit.USDC),
        stays=_stays(unspent, trial),
        refused=_refused(session, chains[0].rules.id, unspent) if chains else "",
        way=way_of(session, person, environment, chains[0].rules) if chains else Way(),
        rows=[row_of(one, "Withdrawal", explorers.get(one.chain_id, "")) for one in listed[:LISTED]],
        more=f"The newest {LISTED} are listed; all are in your activity." if len(listed) > LISTED else "",
    )


def _stays(unspent: Unspent, trial_nanos: int) -> list[str]:
    """Says what of a wallet cannot be withdrawn, and where it can go instead."""

    def amount(nanos: int) -> str:
        return format_finely(nanos, Unit.USDC)

    said = []
    if unspent.is_frozen:
        said.append("Your wallet is frozen, and gives nothing back until that is settled.")
    if unspent.card_nanos:
        by_card = amount(unspent.card_nanos)
        said.append(
            f"{by_card} came by card, and is spent first. It goes back to that card alone, for {REFUND_DAYS} days after"
            " paying: “Refund” beside the top-up in your activity."
        )
    if unspent.held_nanos:
        said.append(f"{amount(unspent.held_nanos)} is held for running answers.")
    if trial_nanos:
        said.append(f"{amount(trial_nanos)} is trial money, which can be spent alone.")
    if unspent.other_nanos:
        said.append(f"{amount(unspent.other_nanos)} was given to you, and can be spent alone.")
    return said


def _refused(session: Session, chain_id: int, unspent: Unspent) -> str:
    least_units = wiring.get().settlement.rules.least_units
    if units_of(unspent.nanos) < least_units:
        return f"A withdrawal is at least {usdc(least_units)}."
    try:
        desk.check_goes_on(session, chain_id)
    except Refused as refused:
        return refused.message
    return ""
