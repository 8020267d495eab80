"""What the page of reserves shows, ready to be read: it is the published report in words, computed nowhere else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain import clock
from app.domain.money import NANOS, Environment, Unit, format_finely
from app.domain.reserves.tables import ReserveReport
from app.web.frame.format import utc

NAMES = {
    "wallets": ("Wallets", "paid in and not spent"), "trial_money": ("Trial money", "given, and not spent"),
    "earnings": ("Earnings", "of developers, due or not yet"),
    "on_the_way": ("On the way", "payouts, withdrawals and refunds"),
    "providers": ("Providers", "for requests that were served"),
}  # fmt: skip


@dataclass(frozen=True)
class LineRow:
    """An amount, what it is, and what there is to say of it."""

    name: str = ""
    value: str = ""
    detail: str = ""


@dataclass(frozen=True)
class HeldRow:
    """What a chain holds at a final block; `tone` and `says` compare it with the books."""

    name: str = ""
    says: str = ""
    tone: str = "ok"
    figures: list[LineRow] = field(default_factory=list)
    block: str = ""
    hash: str = ""
    block_url: str = ""
    treasury: str = ""
    treasury_url: str = ""
    held: list[LineRow] = field(default_factory=list)


@dataclass(frozen=True)
class OwedRow:
    """What is owed of one unit, and what stands against it; `root` and `tree` are empty before the first tree of it."""

    unit: str = ""
    root: str = ""
    tree: str = ""
    owed: list[LineRow] = field(default_factory=list)
    against: list[LineRow] = field(default_factory=list)


@dataclass(frozen=True)
class ReportRow:
    """The reserves of an environment."""

    is_sandbox: bool = False
    at: str = ""
    chains: list[HeldRow] = field(default_factory=list)
    units: list[OwedRow] = field(default_factory=list)


def rows_of(reports: Sequence[ReserveReport]) -> list[ReportRow]:
    """Returns reports as they are shown, real money first."""
    ordered = sorted(reports, key=lambda one: one.environment is Environment.SANDBOX)
    return [
        ReportRow(
            is_sandbox=one.environment is Environment.SANDBOX, at=f"{utc(one.made_at)} UTC",
            chains=[_chain(chain) for chain in one.document["chains"]],
            units=[
                _owed(Unit(unit), held, _tree(one.document, unit))
                for unit, held in one.document["units"].items()
                if _is_used(held)
            ],
        )
        for one in ordered
    ]  # fmt: skip


def _chain(chain: Mapping[str, Any]) -> HeldRow:
    difference, block = nanos_of(chain["difference"]), chain["block"]
    says, tone = "Agrees with the books", "ok"
    if difference:
        says, tone = ("More than the books say", "wait") if difference > 0 else ("Less than the books say", "bad")
    count, treasury = chain["deposit_addresses"], chain["treasury"]
    explorer = chain["explorer_url"].rstrip("/")
    at_addresses = nanos_of(chain["held"]) - nanos_of(treasury["held"])
    return HeldRow(
        name=f"{chain['name']} ({chain['id']})", says=says, tone=tone,
        figures=[
            LineRow("Held on chain", _usdc(chain["held"]), "read from the chain"),
            LineRow("By the books", _usdc(chain["booked"]), f"{_usdc(chain['came_in'])} came in"),
            LineRow("Difference", _usdc(chain["difference"]), "held, less what the books say"),
        ],
        block=f"{block['number']:,}", hash=block["hash"],
        block_url=f"{explorer}/block/{block['number']}" if explorer else "",
        treasury=treasury["address"], treasury_url=f"{explorer}/address/{treasury['address']}" if explorer else "",
        held=[
            LineRow("Treasury", _usdc(treasury["held"])),
            LineRow("1 deposit address" if count == 1 else f"{count:,} deposit addresses",
                    format_finely(at_addresses, Unit.USDC), "one for each wallet that asked for one"),
        ],
    )  # fmt: skip


def _tree(document: Mapping[str, Any], unit: str) -> Mapping[str, Any] | None:
    """Returns what is published of the newest tree over what is owed of a unit."""
    return next((one for one in document.get("liabilities", ()) if one["unit"] == unit), None)


def _owed(unit: Unit, held: Mapping[str, Any], tree: Mapping[str, Any] | None) -> OwedRow:
    owed = [
        LineRow(NAMES[name][0], format_finely(nanos_of(amount), unit), NAMES[name][1])
        for name, amount in held["owed"].items()
    ]
    on_chain = [LineRow("On chains, by the books", format_finely(nanos_of(held["on_chain"]), unit))]
    return OwedRow(
        unit="Credits" if unit is Unit.CREDIT else unit.value,
        root=tree["root"] if tree else "",
        tree=f"{format_finely(nanos_of(tree['total']), unit)} in {tree['leaves']:,} leaves,"
        f" made {utc(tree['at'] * clock.SECOND)} UTC"
        if tree
        else "",
        owed=[*owed, LineRow("Owed in all", format_finely(nanos_of(held["owed_in_all"]), unit))],
        against=[
            *(on_chain if unit is Unit.USDC else []),
            LineRow("At card rails", format_finely(nanos_of(held["stated_by_us"]), unit),
                    "stated by us: nobody else can read it"),
            LineRow("The operator's own", format_finely(nanos_of(held["operator"]), unit),
                    "what is there beyond what is owed; below zero the operator still has to put it in"),
        ],
    )  # fmt: skip


def _is_used(held: Mapping[str, Any]) -> bool:
    amounts = (held["owed_in_all"], held["on_chain"], held["stated_by_us"])
    return any(nanos_of(amount) for amount in amounts)


def nanos_of(amount: str) -> int:
    """Reads a published amount back, exactly; it may be below zero."""
    whole, _, rest = amount.removeprefix("-").partition(".")
    nanos = int(whole) * NANOS + int(rest.ljust(9, "0"))
    return -nanos if amount.startswith("-") else nanos


def _usdc(amount: str) -> str:
    return format_finely(nanos_of(amount), Unit.USDC)
