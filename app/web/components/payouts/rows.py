"""How payouts are written: their amounts, where they stand, and where their transactions can be looked at."""

from dataclasses import dataclass

from app.domain.money import Unit, format_finely
from app.domain.payouts.rules import nanos_of
from app.domain.payouts.tables import Payout, PayoutKind, PayoutStatus
from app.web.frame.format import utc

WORDS: dict[PayoutStatus, tuple[str, str]] = {
    PayoutStatus.WAITING: ("Waits for the operator", "wait"),
    PayoutStatus.REQUESTED: ("Requested", "wait"),
    PayoutStatus.BATCHED: ("In a batch", "wait"),
    PayoutStatus.SIGNED: ("Signed", "wait"),
    PayoutStatus.SENT: ("Sent", "wait"),
    PayoutStatus.CANCELING: ("Being taken back", "wait"),
    PayoutStatus.PAID: ("Paid", "ok"),
    PayoutStatus.RETURNED: ("Came back", "bad"),
}
_WHY = {
    "recipient_blocked": "The issuer of USDC blocks this address; the money is available again.",
    "withdrawn": "The operator took it back; the money is available again.",
}


@dataclass(frozen=True)
class PayoutRow:
    """A payout; `url` is where its transaction can be looked at, empty where there is none."""

    id: str = ""
    app: str = ""
    amount: str = ""
    status: str = ""
    tone: str = ""
    when: str = ""
    address: str = ""
    note: str = ""
    url: str = ""
    is_waiting: bool = False
    is_withdrawable: bool = False
    is_sent: bool = False


def usdc(units: int) -> str:
    """Writes units for people."""
    return format_finely(nanos_of(units), Unit.USDC)


def short(address: str) -> str:
    """Writes an address so that it can be recognised, and not be copied."""
    return address if len(address) <= 14 else f"{address[:8]}…{address[-4:]}"


def transaction_url(explorer: str, transaction: str | None) -> str:
    """Returns where a transaction can be looked at, empty where nobody shows it."""
    return f"{explorer.rstrip('/')}/tx/{transaction}" if explorer and transaction else ""


def row_of(payout: Payout, app: str, explorer: str) -> PayoutRow:
    """Returns a payout as it is shown."""
    said, tone = WORDS[payout.status]
    note = "A test payout, to confirm an address." if payout.kind is PayoutKind.TEST else ""
    if payout.status is PayoutStatus.RETURNED:
        note = _WHY.get(payout.error_code or "", "It could not be paid; the money is available again.")
    is_decided = payout.finished_at is not None
    return PayoutRow(
        id=payout.id, app=app, amount=_amount(payout), status=said, tone=tone,
        when=f"{utc(payout.finished_at or payout.created_at)} UTC", address=short(payout.address), note=note,
        url=transaction_url(explorer, payout.paid_by), is_waiting=payout.status is PayoutStatus.WAITING,
        is_withdrawable=not is_decided and payout.status is not PayoutStatus.CANCELING,
        is_sent=payout.status in (PayoutStatus.SENT, PayoutStatus.CANCELING),
    )  # fmt: skip


@dataclass(frozen=True)
class FactRow:
    """A fact of a payout: its name, and where it can be looked at, empty where nowhere."""

    name: str = ""
    value: str = ""
    url: str = ""


def facts_of(payout: Payout, explorer: str) -> list[FactRow]:
    """Returns what a person is told of their withdrawal, to the last digit."""
    ended = payout.finished_at
    decided = "Block" if payout.status is PayoutStatus.PAID else "Cancelled in block"
    facts = [
        FactRow("Amount", _amount(payout)),
        FactRow("Fee", "none"),
        FactRow("To", payout.address),
        FactRow("How far", WORDS[payout.status][0]),
        FactRow("Asked for", f"{utc(payout.created_at)} UTC"),
        FactRow("Ended", f"{utc(ended)} UTC" if ended else ""),
        FactRow("Transaction", payout.paid_by or "", transaction_url(explorer, payout.paid_by)),
        FactRow(decided, f"{payout.paid_block:,}" if payout.paid_block else ""),
    ]
    return [fact for fact in facts if fact.value]


def _amount(payout: Payout) -> str:
    """Writes what it is; of a test payout its recipient is to say that."""
    is_secret = payout.kind is PayoutKind.TEST
    return "about 1 USDC" if is_secret else usdc(payout.units)
