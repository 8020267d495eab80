"""Where a wallet gets USDC, and what came there, ready to be read."""

from collections.abc import Sequence
from dataclasses import dataclass

import segno

from app.db import Session
from app.domain.chain_deposits.arrivals import ArrivalView, list_of_wallet
from app.domain.chain_deposits.cursor import find
from app.domain.chain_deposits.signed_topups import SentTopup, list_sent
from app.domain.chain_deposits.tables import ArrivalKind
from app.domain.money import MICRO_NANOS, Unit, format_for_people
from app.flows.settlement.addresses import DepositAt
from app.flows.settlement.paying_in import Hindrance

USDC = "usdc"
"""The way to pay that has no connection: an address on a chain."""
SHORT = 10


@dataclass(frozen=True)
class PlaceRow:
    """An address on a chain, as text and as a picture."""

    chain_id: int = 0
    chain: str = ""
    address: str = ""
    picture: str = ""
    hindrance: str = ""


@dataclass(frozen=True)
class ArrivalRow:
    """A transfer that came: how much, how far it is, and by which transaction."""

    key: str = ""
    amount: str = ""
    status: str = ""
    detail: str = ""


_HINDERED = {
    Hindrance.PAUSED: "The issuer of USDC has paused it: nothing can be sent now, here or anywhere. It goes on by"
    " itself once that ends.",
    Hindrance.BLOCKED: "The issuer of USDC blocks this address: what you send is refused and stays with you. Pay by"
    " another way, and tell the operator.",
}


def place_of(at: DepositAt, hindrance: Hindrance | None = None) -> PlaceRow:
    """Returns an address with its picture, black on white, which every camera reads, and what keeps money from it."""
    picture = segno.make(at.address, error="m").svg_data_uri(scale=4, border=3, light="#fff", dark="#000")
    return PlaceRow(at.chain_id, at.chain_name, at.address, picture, _HINDERED[hindrance] if hindrance else "")


def stopped_of(session: Session, chain_ids: Sequence[int]) -> str:
    """Returns why deposits on any of some chains are not read now, empty while they are."""
    found = (find(session, chain_id) for chain_id in chain_ids)
    is_stopped = any(cursor is not None and cursor.stopped_because for cursor in found)
    return "Deposits have stopped, and the operator was told. What you send now counts later." if is_stopped else ""


def read_arrivals(session: Session, wallet_id: str) -> list[ArrivalRow]:
    """Returns what was signed for a wallet and not seen yet, and what came to its addresses, each the newest first."""
    sent = [_sent(one) for one in list_sent(session, wallet_id)]
    return sent + [_row(one) for one in list_of_wallet(session, wallet_id)]


def _sent(one: SentTopup) -> ArrivalRow:
    amount = format_for_people(one.units * MICRO_NANOS, Unit.USDC)
    if one.is_over:
        return ArrivalRow(one.id, amount, "Did not arrive", "It was not made in time, and can be made no more.")
    return ArrivalRow(one.id, amount, "Sent", "You signed it. It counts once it is in a final block.")


def _row(one: ArrivalView) -> ArrivalRow:
    amount = format_for_people(one.units * MICRO_NANOS, Unit.USDC)
    key = f"{one.transaction}:{one.units}:{one.kind}"
    sent = f"{one.transaction[:SHORT]}… in block {one.block}"
    if one.kind is ArrivalKind.SEEN:
        return ArrivalRow(key, amount, "On its way", f"It counts once it is final. {sent}")
    if one.kind is ArrivalKind.CREDITED:
        return ArrivalRow(key, amount, "In your wallet", sent)
    return ArrivalRow(key, f"{amount}.e", "Wrong token",
                      f"This is bridged USDC.e, not USDC. The operator can send it back. {sent}")  # fmt: skip
