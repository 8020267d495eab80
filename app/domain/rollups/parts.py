"""What a finished request adds to the sums, and when: as of its settlement, and as of a late one. Pure.

Money is what the ledger posted, dated by the posting; tokens, and a cost that the ledger does not have, are what the
receipt says (`decisions.md` 36). What asked several models is shared among them as its charge was, to the last nano.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.domain.earnings.charge_split import terms_of
from app.domain.ledger.accounts import CHARGED, Kind
from app.domain.legs.legs import Source
from app.domain.legs.sharing import share
from app.domain.legs.tables import LegStatus
from app.domain.money import CREDITS_PER_DOLLAR, Unit, parse_nanos
from app.domain.paywalls.modes import Mode
from app.domain.pricing.quote import TokenKind
from app.domain.pricing.tables import PriceSource
from app.domain.record import record
from app.domain.rollups.sums import NOTHING, Sums, minus, plus
from app.domain.usage.requests import checkpoint_cost
from app.domain.usage.tables import RequestKind

_INPUT, _CACHED, _OUTPUT, _REASONING = range(4)
_COLUMN_OF = {
    TokenKind.INPUT: _INPUT, TokenKind.CACHE_WRITE: _INPUT, TokenKind.IMAGE_INPUT: _INPUT,
    TokenKind.AUDIO_INPUT: _INPUT, TokenKind.CACHED_INPUT: _CACHED, TokenKind.OUTPUT: _OUTPUT,
    TokenKind.AUDIO_OUTPUT: _OUTPUT, TokenKind.IMAGE_OUTPUT: _OUTPUT, TokenKind.REASONING: _REASONING,
}  # fmt: skip
"""Which of the last four sums a kind of token is in; images that are counted one by one are no tokens."""
_TOKEN_NAMES = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")
_TOKEN_COLUMNS: Mapping[str, int] = {kind.value: column for kind, column in _COLUMN_OF.items()}


@record(frozen=True, slots=True)
class Line:
    """A transfer of a request: from which kind of account to which, and when it was posted."""

    debit: str
    credit: str
    nanos: int
    at: int


@record(frozen=True, slots=True)
class Row:
    """A finished request, as far as it is counted. `source_of_price` is None where it had none.

    `receipt`, `late` and `given_back` (a refund's own receipt) are the JSON as it is stored. A refund's `provider`,
    `key_id`, `source_of_price`, `receipt` and `reported_nanos` are those of the request that it gives back.
    """

    id: str
    paywall_id: str
    mode: Mode
    unit: Unit
    kind: RequestKind
    external_id: str
    model: str
    key_id: str
    source: str
    provider: str | None
    source_of_price: str | None
    charge_nanos: int
    reported_nanos: int | None
    receipt: str | None
    late: str | None
    given_back: str | None
    finished_at: int
    counted_nanos: int | None
    is_late_counted: bool

    @property
    def is_counted(self) -> bool:
        """Whether its settlement was counted."""
        return self.counted_nanos is not None

    @property
    def is_late(self) -> bool:
        """Whether a late settlement added to it."""
        return self.late is not None

    @property
    def is_refund(self) -> bool:
        """Whether it gives another's charge back."""
        return self.kind is RequestKind.REFUND


Place = tuple[str, str]
"""What sums of a request are told apart by: the model that answered, and who paid its provider."""
Told = Mapping[Place, Sums]


@record(frozen=True, slots=True)
class Part:
    """What is added at a time, in microseconds, told apart; `is_counted` tells whether it has been."""

    at: int
    told: Told
    is_counted: bool

    @property
    def sums(self) -> Sums:
        """All of it together."""
        first, *others = self.told.values()
        for other in others:
            first = plus(first, other)
        return first


def parts_of(row: Row, first: Sequence[Line], late: Sequence[Line]) -> list[Part]:
    """Returns what a request adds: at its settlement, whose transfers are `first`, and at a late one.

    A late settlement adds what it changed, at its own time, and no request. Where nothing was posted, a request is
    dated by its end: that of its late settlement, if that has come.
    """
    posted = [line.at for line in first]
    as_settled = _tell(row, first, row.receipt, None if row.is_late else row.reported_nanos)
    parts = [Part(posted[0] if posted else row.finished_at, as_settled, row.is_counted)]
    if row.is_late:
        in_the_end = _tell(row, (*first, *late), row.late, row.reported_nanos)
        at = late[0].at if late else row.finished_at
        parts.append(Part(at, _changes(in_the_end, as_settled), row.is_late_counted))
    return parts


def _changes(after: Told, before: Told) -> Told:
    """Returns what each place has more than before; of several, those alone that have any."""
    found = {place: minus(after.get(place, NOTHING), before.get(place, NOTHING)) for place in {**after, **before}}
    changed = {place: sums for place, sums in found.items() if sums != NOTHING}
    return changed or dict.fromkeys(list(found)[:1], NOTHING)


def _tell(row: Row, lines: Sequence[Line], receipt: str | None, reported: int | None) -> Told:
    is_manual = row.kind is RequestKind.MANUAL
    detail: Mapping[str, Any] = orjson.loads(receipt) if receipt and not is_manual else {}
    if row.is_refund:
        whole, own = _refund(row, lines, detail), orjson.loads(row.given_back) if row.given_back else {}
        legs = own.get("given_back") or detail.get("legs")
    else:
        whole, legs = _sums(row, lines, detail, reported), detail.get("legs")
    return (
        _by_leg(whole, legs, _costs(row, legs) if whole.cost_nanos else ())
        if legs
        else {(row.model, row.source): whole}
    )


def _sums(row: Row, lines: Sequence[Line], detail: Mapping[str, Any], reported: int | None) -> Sums:
    gross = trial = fee = owed = 0
    for line in lines:
        if line.debit in CHARGED:
            if line.credit == Kind.GRANTS:
                trial += line.nanos
            else:
                gross += line.nanos
        if line.credit == Kind.PLATFORM_FEES:
            fee += line.nanos
        elif line.credit == Kind.PROVIDER_PAYABLE:
            owed += line.nanos
    if row.kind is RequestKind.MANUAL:
        return Sums(1, gross, 0, trial, owed, fee)
    tokens = _tokens(detail)
    cost = owed if _is_owed(row) else _cost(row, detail, reported)
    if cost is None:
        return Sums(1, gross, 0, trial, 0, fee, gross, fee, *tokens)
    return Sums(1, gross, 0, trial, cost, fee, 0, 0, *tokens)


def _refund(row: Row, lines: Sequence[Line], detail: Mapping[str, Any]) -> Sums:
    """The fee is given back in proportion; the cost stays the developer's."""
    nanos = sum(line.nanos for line in lines if line.credit == Kind.WALLET)
    fee = -sum(line.nanos for line in lines if line.debit == Kind.PLATFORM_FEES)
    if _is_owed(row) or _cost(row, detail, row.reported_nanos) is not None:
        return Sums(refunds_nanos=nanos, fee_nanos=fee)
    return Sums(refunds_nanos=nanos, fee_nanos=fee, unknown_net_nanos=-nanos, unknown_fee_nanos=fee)


def _by_leg(whole: Sums, legs: Sequence[Mapping[str, Any]], costs: Sequence[int]) -> Told:
    """Shares what a request came to among its legs: money by what each was charged, the cost by `costs`.

    The request is counted with the first that was asked, and with each further model once.
    """
    charges = _weights(legs, "charge")
    of_each = {
        name: _share(value, costs if name == "cost_nanos" else charges)
        for name, value in whole._asdict().items()
        if name.endswith("_nanos") and value
    }
    found: dict[Place, Sums] = {}
    for at, leg in enumerate(legs):
        tokens = dict(zip(_TOKEN_NAMES, _tokens(leg), strict=True)) if whole.requests else {}
        sums = Sums(**{name: parts[at] for name, parts in of_each.items()}, **tokens)
        place = (leg["model"], leg["billing_source"])
        found[place] = plus(found.get(place, NOTHING), sums)
    if whole.requests:
        asked = [leg for leg in legs if leg["status"] != LegStatus.SKIPPED] or legs[:1]
        for number, place in enumerate({(leg["model"], leg["billing_source"]): None for leg in asked}):
            found[place] = plus(found[place], Sums(also_asked=1) if number else Sums(whole.requests))
    return found


def _costs(row: Row, legs: Sequence[Mapping[str, Any]]) -> Sequence[int]:
    """Returns what each leg cost: as its provider said where that is what counts for all of them."""
    if _is_owed(row) or _reported(_of_ours(legs)) is None:
        return _weights(legs, "cost")
    ours = _of_ours(legs)
    return [parse_nanos(str(leg["provider_cost"])) if leg in ours else 0 for leg in legs]


def _of_ours(legs: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Returns the legs that used something by a key that is not the user's own."""
    return [leg for leg in legs if leg["tokens"] and leg["billing_source"] != Source.OWN]


def _weights(legs: Sequence[Mapping[str, Any]], name: str) -> Sequence[int]:
    """Returns an amount of each leg; where that is nothing for all, their tokens."""
    amounts = [parse_nanos(leg[name]) for leg in legs]
    return amounts if any(amounts) else [leg["tokens"] or 0 for leg in legs]


def _share(nanos: int, weights: Sequence[int]) -> Sequence[int]:
    return share(nanos, weights) if nanos >= 0 else [-part for part in share(-nanos, weights)]


def _is_owed(row: Row) -> bool:
    """Tells whether the ledger has the cost: where a charge is split, and the operator's key answered it."""
    terms = terms_of(row.mode, row.provider, 0)
    return terms is not None and terms.pays_provider


def _cost(row: Row, detail: Mapping[str, Any], reported: int | None) -> int | None:
    """Returns what the provider says that it cost, else what it asks where that is on record, because the price follows
    its list or the receipt names it. None for neither; what used nothing cost nothing, nor what a user's own key paid.
    """
    if row.source == Source.OWN:
        return 0
    legs = _of_ours(detail.get("legs", ()))
    if detail.get("legs"):
        reported = _reported(legs)
    if reported is not None:
        return reported * CREDITS_PER_DOLLAR if row.unit is Unit.CREDIT else reported
    if not detail.get("lines") and not legs:
        return 0
    is_priced = row.source_of_price == PriceSource.CATALOGUE or "cost" in detail
    return checkpoint_cost(detail) if is_priced else None


def _reported(legs: Sequence[Mapping[str, Any]]) -> int | None:
    """Returns what providers said that legs cost, None where one of them said nothing."""
    said = [leg.get("provider_cost") for leg in legs]
    return None if not said or None in said else sum(parse_nanos(str(amount)) for amount in said)


def _tokens(detail: Mapping[str, Any]) -> Sequence[int]:
    found = [0, 0, 0, 0]
    of_legs = (line for leg in detail.get("legs", ()) for line in leg["lines"])
    for line in (*detail.get("lines", ()), *of_legs):
        if (column := _TOKEN_COLUMNS.get(line["kind"])) is not None:
            found[column] += line["tokens"]
    return found
