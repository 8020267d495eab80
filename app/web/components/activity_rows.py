"""What the statement shows of a movement: words and figures, ready to be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain import clock
from app.domain.money import Unit, format_decimal, format_for_people, parse_nanos
from app.domain.payouts.tables import Payout, PayoutKind
from app.domain.paywalls.configuration import Disconnect
from app.domain.pricing.receipts import Receipt, ReceiptLeg
from app.domain.usage.activity import Movement
from app.flows.disputes.offers import RefundOffer
from app.web.components.payouts.rows import FactRow, facts_of
from app.web.components.refunds.rows import RefundRow, to_refund_row
from app.web.frame.format import ago, model_name

_TITLES = {
    "topup": "Top-up",
    "deposit": "Deposit by the app",
    "grant": "Trial money",
    "refund": "Refund",
    "manual_charge": "One-off charge",
    "withdrawal": "Withdrawal",
    "withdrawal_returned": "Withdrawal that came back",
}
_OF_PAYMENTS = {
    ("refund", False): "Refund to your card",
    ("refund", True): "Refund that came back",
    ("chargeback", False): "Taken back by your bank",
    ("chargeback", True): "Given back by your bank",
}
"""What is said of a payment that went back, or came back after all, by kind and whether it is money in."""
_KINDS = {
    "input": "Input",
    "cached_input": "Cached input",
    "cache_write": "Written to the cache",
    "image_input": "Image input",
    "audio_input": "Audio input",
    "output": "Output",
    "reasoning": "Reasoning",
    "audio_output": "Audio output",
    "request": "Request fee",
}
_NOTES = {"interrupted": "The answer was interrupted; what had been delivered was charged."}
_LEFT_NOTES = {
    Disconnect.CANCEL: "It was stopped early; what had been delivered was charged.",
    Disconnect.DRAIN: "It was stopped early; the answer was finished and kept for whoever asked.",
    Disconnect.FREE: "It was stopped early; this was not charged.",
}


@dataclass(frozen=True)
class LineRow:
    """One line of a receipt; a unit that is a word stands in the heads of its columns, which a phone has room for."""

    kind: str = ""
    tokens: str = ""
    price: str = ""
    amount: str = ""


@dataclass(frozen=True)
class MovementRow:
    """One movement; the receipt's parts are empty where there is nothing to say."""

    cursor: str = ""
    id: str = ""
    refund: RefundRow = field(default_factory=RefundRow)
    title: str = ""
    detail: str = ""
    when: str = ""
    at: str = ""
    amount: str = ""
    is_in: bool = False
    has_receipt: bool = False
    price_head: str = ""
    amount_head: str = ""
    lines: list[LineRow] = field(default_factory=list)
    markup: str = ""
    minimum: str = ""
    charge: str = ""
    hold: str = ""
    released: str = ""
    note: str = ""
    facts: list[FactRow] = field(default_factory=list)


@dataclass(frozen=True)
class Beside:
    """What is known of movements beside the ledger: what of top-ups can be had back, and how withdrawals stand."""

    offers: Mapping[str, RefundOffer] = field(default_factory=dict)
    payouts: Mapping[str, Payout] = field(default_factory=dict)
    explorers: Mapping[int, str] = field(default_factory=dict)


NOTHING = Beside()


def to_row(
    movement: Movement, unit: Unit, app_names: Mapping[str, str] | None = None, beside: Beside = NOTHING
) -> MovementRow:
    """Returns a movement as its owner reads it; with `app_names`, by paywall id, it says which app charged.

    By what is known beside it, it says what went back of a top-up and what can, and how a withdrawal stands.
    """
    receipt = movement.receipt
    app_name = (app_names or {}).get(movement.paywall_id or "")
    title = _title(movement, unit)
    offer, payout = beside.offers.get(movement.topup_id or ""), beside.payouts.get(movement.payout_id or "")
    details = [title] if app_name else []
    if movement.tokens is not None:
        details.append(f"{movement.tokens:,} tokens")
    return MovementRow(
        cursor=movement.cursor,
        id=movement.id,
        refund=RefundRow() if offer is None else to_refund_row(movement.topup_id or "", offer),
        title=app_name or title,
        detail="".join(f"{detail} · " for detail in details),
        when=ago(movement.at),
        at=clock.to_iso(movement.at),
        amount=_amount(movement, unit, payout),
        is_in=movement.amount_nanos > 0,
        facts=[] if payout is None else facts_of(payout, beside.explorers.get(payout.chain_id, "")),
        **(receipt_parts(receipt) if receipt is not None else {}),
    )


def _amount(movement: Movement, unit: Unit, payout: Payout | None) -> str:
    """Writes what moved; of a test payout its recipient is to say that."""
    sign = "+" if movement.amount_nanos > 0 else "−"
    if payout is not None and payout.kind is PayoutKind.TEST:
        return f"{sign}1 USDC"
    return sign + format_for_people(abs(movement.amount_nanos), unit)


def _title(movement: Movement, unit: Unit) -> str:
    if movement.kind == "deposit" and unit is Unit.USDC:
        return "USDC deposit"  # apps put nothing into a shared wallet
    if movement.kind == "grant" and unit is Unit.CREDIT:
        return "Free credits"
    if movement.is_of_payment:
        return _OF_PAYMENTS[movement.kind, movement.amount_nanos > 0]
    return _TITLES.get(movement.kind) or model_name(movement.model) or "Charge"


def _exact(amount: str) -> str:
    whole, _, decimals = amount.partition(".")
    return f"{whole}.{decimals:0<2}"


def exact_money(amount: str, unit: str) -> str:
    """Returns a decimal string as an amount of a unit, with every digit that it has."""
    if unit == Unit.CREDIT:
        return f"{amount} {'credit' if amount in ('1', '-1') else 'credits'}"
    return f"${_exact(amount)}" if unit == Unit.USD else f"{_exact(amount)} {unit}"


def receipt_parts(receipt: Receipt) -> dict[str, Any]:
    """Returns what a row shows of a receipt: the values of its fields, by name."""

    def money(amount: str) -> str:
        return exact_money(amount, receipt.unit)

    is_sign = receipt.unit == Unit.USD
    is_credits = receipt.unit == Unit.CREDIT
    in_line = money if is_sign else str if is_credits else _exact
    unit = "Credits" if is_credits else receipt.unit
    has_prices = any(line.kind != "request" for line in receipt.lines)
    price_head = "Per million" if is_sign else f"{unit} per million"

    return {
        "has_receipt": True,
        "price_head": price_head if has_prices else "",
        "amount_head": "Amount" if is_sign else unit,
        "lines": [
            LineRow(_KINDS.get(line.kind, line.kind), f"{line.tokens:,}",
                    "" if line.kind == "request" else in_line(line.price_per_million), in_line(line.amount))
            for line in receipt.lines
        ] + _leg_lines(receipt, in_line) + _late_lines(receipt, in_line),
        "markup": f"{receipt.markup_percent} %" if receipt.markup_percent != "0" else "",
        "minimum": money(receipt.minimum) if receipt.minimum != "0" else "",
        "charge": money(receipt.charge),
        "hold": money(receipt.hold),
        "released": money(receipt.released) if receipt.released != "0" else "",
        "note": _note(receipt),
    }  # fmt: skip


def _leg_lines(receipt: Receipt, in_line: Callable[[str], str]) -> list[LineRow]:
    """Returns a line for each model of several: what it came to before the total was rounded."""
    return [
        LineRow(_leg_name(leg), "" if leg.tokens is None else f"{leg.tokens:,}", "", in_line(leg.amount))
        for leg in receipt.legs
    ]  # fmt: skip


def _leg_name(leg: ReceiptLeg) -> str:
    """Returns the model of a leg, and that no wallet paid for it, or that it did not answer."""
    said = [leg.model]
    if leg.billing_source == "byok":
        said.append("by own key")
    if leg.status != "answered":
        said.append(leg.status)
    return ", ".join(said)


def _late_lines(receipt: Receipt, in_line: Callable[[str], str]) -> list[LineRow]:
    """Returns the line of what was added when an interrupted answer ended after all."""
    if receipt.late is None:
        return []
    added = sum(parse_nanos(part) for part in receipt.late["split"].values())
    tokens = sum(int(line["tokens"]) for line in receipt.late.get("lines", ()) if line["kind"] != "request")
    return [LineRow("In the end", f"{tokens:,}", "", f"+{in_line(format_decimal(added))}")]


def _note(receipt: Receipt) -> str:
    if receipt.status in _NOTES:
        return _NOTES[receipt.status]
    if receipt.late is not None:
        return "The answer was interrupted and charged so far; it ended later, and the rest was added."
    if receipt.disconnect is not None:
        return _LEFT_NOTES[receipt.disconnect]
    return "The provider reported no usage, so the tokens were counted here." if receipt.estimated else ""
