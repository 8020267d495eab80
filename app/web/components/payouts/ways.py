"""Where somebody is paid out, as their page shows it: the address that counts, and the one that is being confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass

from app import wiring
from app.db import Session
from app.domain import clock
from app.domain.money import Environment
from app.domain.payouts import addresses, schedules
from app.domain.payouts.addresses import AddressView
from app.domain.payouts.tables import Payout, PayoutStatus
from app.domain.people.sessions import Person
from app.ports.chain.values import ChainRules
from app.web.components.payouts.rows import usdc
from app.web.frame.format import utc


@dataclass(frozen=True)
class Way:
    """Where payouts of an environment go. `text` is what the key of a pending address is to sign.

    `test` says how far the test payout of the pending address is: nothing, `sent`, `arrived` or `back`.
    """

    environment: str = ""
    title: str = ""
    is_sandbox: bool = False
    chain: str = ""
    least: str = ""
    limits: str = ""
    address: str = ""
    address_url: str = ""
    next_address: str = ""
    pending_id: str = ""
    pending: str = ""
    text: str = ""
    test: str = ""
    every: str = ""
    schedule: str = ""
    schedule_least: str = ""


def way_of(session: Session, person: Person, environment: Environment, rules: ChainRules) -> Way:
    """Reads where a person is paid out in an environment, by a chain."""
    account, now, settlement = person.account_id, clock.now(), wiring.get().settlement
    proved = addresses.list_proved(session, account, environment)
    counting = next((one for one in proved if one.counts(now)), None)
    pending = addresses.find_pending(session, account, environment)
    schedule = schedules.find_schedule(session, account, environment)
    limits = settlement.rules
    return Way(
        environment=environment.value,
        title=f"Payouts on {rules.name}",
        is_sandbox=environment is Environment.SANDBOX,
        chain=rules.name,
        least=f"{limits.least_units / 10**6:g}",
        limits="It arrives when the chain has made it final, usually within minutes."
        f" Above {usdc(limits.payout_units_max)}, or {usdc(limits.day_units_max)} in a day on this chain, the"
        " operator looks first.",
        address=counting.address if counting else "",
        address_url=f"{rules.explorer_url.rstrip('/')}/address/{counting.address}"
        if counting and rules.explorer_url
        else "",
        next_address=_next(proved, now),
        pending_id=pending.id if pending else "",
        pending=pending.address if pending else "",
        text=addresses.text_to_sign(pending, environment, settlement.addresses.host) if pending else "",
        test=_test_of(session, pending),
        every=schedule.every.value if schedule else "",
        schedule=f"Next on {utc(schedule.next_at)} UTC, of each paywall with {usdc(schedule.least_units)} or more."
        if schedule
        else "",
        schedule_least=f"{schedule.least_units / 10**6:g}" if schedule else f"{limits.least_units / 10**6:g}",
    )


def _next(proved: Sequence[AddressView], now: int) -> str:
    newest = proved[0] if proved else None
    if newest is None or newest.counts(now) or newest.counts_from is None:
        return ""
    return f"{newest.address} counts from {utc(newest.counts_from)} UTC on, so that you can object."


def _test_of(session: Session, pending: AddressView | None) -> str:
    payout = session.get(Payout, pending.test_payout_id) if pending and pending.test_payout_id else None
    if payout is None:
        return ""
    said = {PayoutStatus.PAID: "arrived", PayoutStatus.RETURNED: "back"}
    return said.get(payout.status, "sent")
