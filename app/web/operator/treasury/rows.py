"""What the page of the treasury shows, ready to be read: each chain as it was last seen, what waits for somebody."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app import wiring
from app.db import Session
from app.domain import clock
from app.domain.chain_deposits import arrivals
from app.domain.chain_deposits.tables import ChainArrival
from app.domain.payouts import desk, listing, requests
from app.domain.payouts.tables import Payout, PayoutDesk, PayoutStatus, TreasuryTransfer
from app.domain.paywalls.names import read_names
from app.flows.settlement.deposits import TOLD_FROM_UNITS
from app.flows.settlement.looking import enough_coins
from app.ports.chain.chain import Chain
from app.web.components.payouts.rows import PayoutRow, row_of, transaction_url, usdc
from app.web.frame.format import utc

LISTED_MAX = 50
WRONG_TOKENS_FOR = 30 * clock.DAY
NEVER_READ = "It was never read: does a worker run, and do its RPCs answer?"


@dataclass(frozen=True)
class UnbookedRow:
    """A transfer out of the treasury of which nobody has said what it was."""

    id: str = ""
    amount: str = ""
    payee: str = ""
    detail: str = ""
    url: str = ""


@dataclass(frozen=True)
class BatchRow:
    """A batch that waits for an operator."""

    id: str = ""
    amount: str = ""
    detail: str = ""


@dataclass(frozen=True)
class WrongTokenRow:
    """What came of a token that only looks like USDC."""

    id: str = ""
    amount: str = ""
    detail: str = ""
    url: str = ""


@dataclass(frozen=True)
class FigureRow:
    """What a chain holds, or how far it is."""

    name: str = ""
    value: str = ""
    detail: str = ""


@dataclass(frozen=True)
class ChainRow:
    """A chain as it was last seen."""

    id: str = ""
    name: str = ""
    is_sandbox: bool = False
    is_read: bool = False
    treasury: str = ""
    gas_account: str = ""
    figures: list[FigureRow] = field(default_factory=list)
    flows: list[FigureRow] = field(default_factory=list)
    paused: str = ""
    wrong: list[str] = field(default_factory=list)
    batches: list[BatchRow] = field(default_factory=list)
    payouts: list[PayoutRow] = field(default_factory=list)
    unbooked: list[UnbookedRow] = field(default_factory=list)
    wrong_tokens: list[WrongTokenRow] = field(default_factory=list)
    csv: str = ""


@dataclass(frozen=True)
class TreasuryPage:
    """Everything on the page."""

    chains: list[ChainRow] = field(default_factory=list)


def read_treasury_page(session: Session) -> TreasuryPage:
    """Reads what is known of each chain; no chain is asked."""
    return TreasuryPage([_chain(session, chain) for chain in wiring.get().settlement.chains.all()])


def _chain(session: Session, chain: Chain) -> ChainRow:
    rules, keys = chain.rules, wiring.get().settlement.chains.keys(chain.rules.id)
    known = desk.find_desk(session, rules.id)
    payouts = listing.list_under_way(session, rules.id, LISTED_MAX)
    names = read_names(session, [one.paywall_id for one in payouts if one.paywall_id is not None])
    return ChainRow(
        id=str(rules.id), name=f"{rules.name} ({rules.id})", is_sandbox=rules.is_test, is_read=known is not None,
        treasury=keys.treasury.address, gas_account=keys.gas.address,
        figures=_figures(known) if known else [],
        flows=_flows(session, rules.id) if known else [],
        paused=known.paused_because or "" if known else "",
        wrong=[*_wrong(known, chain), *_used_up(session, rules.id)] if known else [NEVER_READ],
        batches=[
            BatchRow(one.id, usdc(one.units), f"{_payouts(one.payouts)}, since {utc(one.created_at)} UTC")
            for one in listing.list_waiting_batches(session, rules.id)
        ],
        payouts=[row_of(one, _whose(one, names), rules.explorer_url) for one in payouts],
        unbooked=[_unbooked(one, rules.explorer_url) for one in listing.list_unbooked(session, rules.id, LISTED_MAX)],
        wrong_tokens=[
            _wrong_token(one, rules.explorer_url)
            for one in arrivals.list_bridged(session, rules.id, TOLD_FROM_UNITS, clock.now() - WRONG_TOKENS_FOR)
        ],
        csv=f"/manage/operator/payouts/{rules.id}.csv",
    )  # fmt: skip


def _whose(payout: Payout, names: Mapping[str, str]) -> str:
    """Returns the app whose earnings it pays, or whose wallet it comes out of."""
    if payout.paywall_id is None:
        return f"Withdrawal from {payout.wallet_id}"
    return names.get(payout.paywall_id, payout.paywall_id)


def _figures(known: PayoutDesk) -> list[FigureRow]:
    age = max(clock.now() // clock.SECOND - known.head_at, 0)
    return [
        FigureRow("Treasury", usdc(known.balance_units), f"at final block {known.cursor_block:,}"),
        FigureRow("Gas", f"{int(known.gas_wei) / 10**18:,.4f}", "of the chain's coin"),
        FigureRow("Newest block", f"{age:,} s old", f"read {utc(known.read_at)} UTC"),
    ]


def _flows(session: Session, chain_id: int) -> list[FigureRow]:
    counts = listing.count_by_status(session, chain_id)
    waiting = counts.get(PayoutStatus.WAITING, (0, 0))
    under_way = [count for status, count in counts.items() if status is not PayoutStatus.WAITING]
    released = requests.released_units(session, chain_id, clock.now() - clock.DAY)
    return [
        FigureRow("Under way", usdc(sum(units for _, units in under_way)), _payouts(sum(n for n, _ in under_way))),
        FigureRow("Waits for you", usdc(waiting[1]), _payouts(waiting[0])),
        FigureRow("Last 24 hours", usdc(released), f"let through, of {usdc(_day_most())} that need nobody"),
    ]


def _day_most() -> int:
    """Returns what goes without an operator in 24 hours, in units."""
    return wiring.get().settlement.rules.day_units_max


def _used_up(session: Session, chain_id: int) -> list[str]:
    """Says that whoever asks now waits for an operator, and by whom that is."""
    rules, since = wiring.get().settlement.rules, clock.now() - clock.DAY
    if requests.released_units(session, chain_id, since) + rules.least_units <= rules.day_units_max:
        return []
    largest = listing.find_largest(session, chain_id, since)
    if largest is None:
        return []
    payout, units = largest
    names = read_names(session, [payout.paywall_id] if payout.paywall_id is not None else [])
    return [f"What goes without you in 24 hours is used up: whoever asks now waits for you below, and nobody is"
            f" refused. Most of it went to one: {usdc(units)}, {_whose(payout, names)}."]  # fmt: skip


def _payouts(count: int) -> str:
    return "1 payout" if count == 1 else f"{count:,} payouts"


def _wrong(known: PayoutDesk, chain: Chain) -> list[str]:
    """Says what keeps payouts from going out, or soon will."""
    found = []
    if known.halted_because is not None:
        found.append(f"{known.halted_because} Payouts wait, and go on by themselves when that ends.")
    if known.head_at < clock.now() // clock.SECOND - chain.rules.head_seconds_max:
        found.append("The newest block is old: nothing is signed until the chain goes on, or its RPCs answer again.")
    if known.lacking_units:
        found.append(f"The treasury lacks {usdc(known.lacking_units)} for what was requested. Send it there.")
    if int(known.gas_wei) < enough_coins(chain):
        needs = f"{enough_coins(chain) / 10**18:.2f}"
        found.append(f"The gas account is low: below {needs} of the chain's coin deposits are not swept. Send it some.")
    return found


def _wrong_token(row: ChainArrival, explorer: str) -> WrongTokenRow:
    return WrongTokenRow(
        id=row.id, amount=f"{usdc(row.units)}.e", url=transaction_url(explorer, row.transaction_hash),
        detail=f"At {row.payee}, seen {utc(row.seen_at)} UTC",
    )  # fmt: skip


def _unbooked(row: TreasuryTransfer, explorer: str) -> UnbookedRow:
    return UnbookedRow(
        id=row.id, amount=usdc(row.units), payee=row.payee, detail=f"Block {row.block:,}, seen {utc(row.seen_at)} UTC",
        url=transaction_url(explorer, row.transaction_hash),
    )  # fmt: skip
