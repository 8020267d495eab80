"""Requests: the row of each, written beside its hold and finished beside its settlement."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField, NotFound
from app.domain.ids import as_id
from app.domain.ledger.accounts import CHARGED, Kind
from app.domain.ledger.operations import Applied
from app.domain.legs import legs
from app.domain.legs.legs import LegUse, Source
from app.domain.money import Unit, format_decimal, parse_exact, parse_nanos, round_exact
from app.domain.paywalls.configuration import Disconnect, UserPlace
from app.domain.pricing.quote import Price, TokenKind, Tokens, cost_nanos
from app.domain.pricing.receipts import Receipt, explain, markup_percent, token_lines
from app.domain.pricing.split import SplitTerms
from app.domain.record import record
from app.domain.rows import Row, RowInsert, RowUpdate
from app.domain.usage.tables import Request, RequestKind, RequestMode, RequestStatus
from app.domain.wallets.wallets import EXTERNAL_ID, UserWallet
from app.sql.columns import table_of

TABLE = table_of(Request)
START_DUE, END_DUE, START_TOLD = 1, 2, 0
"""`events_due`: what webhooks are still to be told of a request; None where nobody listens."""
CLIENT_GONE, EMPTY_ANSWER, INTERRUPTED = "client_gone", "empty_answer", "interrupted"
"""Why a request was not charged, beside what the provider's failures say: its process was lost, in the last one."""


@record(frozen=True, slots=True)
class Labels:
    """How an app sorts its own requests: words of its own, kept and shown, that decide nothing; and the id of the order
    that they belong to, which decides who pays."""

    session: str | None = None
    agent: str | None = None
    order: str | None = None


UNLABELLED = Labels()


def check_label(value: str | None, field: str) -> str | None:
    """Returns a label, None for none: characters and length are a user id's. Raises BadField."""
    if value is not None and not EXTERNAL_ID.fullmatch(value):
        message = f"`{field}` must have 1 to 128 printable ASCII characters without space or `/`."
        raise BadField(field, message)
    return value


@record(frozen=True, slots=True)
class Asked:
    """What is known of a request before it runs. `terms` say how its charge is split, None in default mode.

    `is_told`: a webhook is told what becomes of it; `is_told_at_once`: one is told as soon as it begins. `user_from`
    is the place of the call that named its end user, `key_id` the key of the call, `paywall_version` the version that
    it is decided on; they are None where nobody called. `mode` is how it asks several models, and then `model` is that
    mode's name, and each leg has a price of its own. `source` is who pays the provider; by an own key the price is of
    nothing, and no version of the paywall's.
    """

    id: str
    client_request_id: str | None
    wallet: UserWallet
    kind: RequestKind
    model: str | None
    provider: str | None
    streamed: bool
    unit: Unit
    price: Price | None
    claim_id: str | None = None
    terms: SplitTerms | None = None
    is_told: bool = False
    is_told_at_once: bool = False
    user_from: UserPlace | None = None
    key_id: str | None = None
    paywall_version: int | None = None
    labels: Labels = UNLABELLED
    mode: RequestMode | None = None
    source: Source = Source.PLATFORM


@record(frozen=True, slots=True)
class Metered:
    """What was used. `tokens` is None for what has none; `estimated` if we counted, not the provider.

    `disconnect` is the policy that decided the charge when the client went away; `provider_cost_nanos` what
    the provider itself said that it cost, in USD; `failure` the code of what ended the answer too early.
    """

    tokens: Tokens | None
    estimated: bool = False
    disconnect: Disconnect | None = None
    provider_cost_nanos: int | None = None
    failure: str | None = None


def hold_id(request_id: str) -> str:
    """Returns the ledger's id of a request's hold."""
    return f"hold:{request_id}"


def begin(asked: Asked, held: Applied, asked_legs: Sequence[LegUse] = ()) -> RowInsert:
    """Returns the row of a request whose hold was granted; its legs stand in it, should nothing else come of it."""
    return RowInsert(TABLE, _columns(asked) | {
        "receipt": legs.arithmetic(asked_legs) if asked_legs else None,
        "status": RequestStatus.RUNNING,
        "hold_nanos": held.amount,
        "charge_nanos": 0,
        "created_at": clock.now(),
        "events_due": START_DUE if asked.is_told_at_once else START_TOLD if asked.is_told else None,
    })  # fmt: skip


def _columns(asked: Asked) -> dict[str, Any]:
    wallet, labels = asked.wallet, asked.labels
    price = asked.price if asked.source is Source.PLATFORM else None
    return {
        "id": asked.id,
        "client_request_id": asked.client_request_id,
        "paywall_id": wallet.paywall_id,
        "wallet_id": wallet.id,
        "external_id": wallet.user,
        "user_from": asked.user_from,
        "kind": asked.kind,
        "model": asked.model,
        "provider": asked.provider,
        "billing_source": asked.source.value,
        "streamed": int(asked.streamed),
        "unit": asked.unit,
        "price_id": price and price.id,
        "price_version": price and price.version,
        "claim_id": asked.claim_id,
        "key_id": asked.key_id,
        "paywall_version": asked.paywall_version,
        "session": labels.session,
        "agent": labels.agent,
        "mode": asked.mode,
        "order_id": labels.order,
    }


def checkpoint(asked: Asked, metered: Metered, held: Applied, used: Sequence[LegUse] = ()) -> RowUpdate:
    """Returns the change that an extension makes: what is held now, and the receipt if nothing else should come."""
    return RowUpdate(TABLE, asked.id, {"hold_nanos": held.amount, "receipt": _arithmetic(asked.price, metered, used)})


def finish(asked: Asked, metered: Metered, settled: Applied, used: Sequence[LegUse] = ()) -> RowUpdate:
    """Returns the change that a settlement makes to its request: the receipt, as it will always read.

    One that came after the hold had expired leaves that receipt alone and adds the line `late`.
    """
    tokens = metered.tokens.prompt + metered.tokens.output if metered.tokens else legs.tokens_of(used)
    values = {"status": RequestStatus.SETTLED, "charge_nanos": settled.amount, "tokens": tokens,
              "provider_cost_nanos": metered.provider_cost_nanos, "finished_at": clock.now(),
              "events_due": _end_due(asked.is_told)}  # fmt: skip
    detail = _arithmetic(asked.price, metered, used)
    if used:
        detail = legs.with_charges(detail, settled.amount)
    if settled.late is not None:
        return RowUpdate(TABLE, asked.id, values | {"late": _with_split(detail, settled)})
    if used:
        values["billing_source"] = legs.source_of(used).value
    held, receipt = settled.amount + settled.released, _with_split(detail, settled)
    return RowUpdate(TABLE, asked.id, values | {"hold_nanos": held, "receipt": receipt})


def let_go(
    request_id: str, failure: str | None = None, used: Sequence[LegUse] = (), *, is_told: bool = False
) -> RowUpdate:
    """Returns the change of a request that was not charged; `failure` is the code of why."""
    receipt = None if failure is None else {"failure": failure}
    if used:
        receipt = {**legs.with_charges(legs.arithmetic(used), 0), **(receipt or {})}
    return RowUpdate(TABLE, request_id, {
        "status": RequestStatus.RELEASED,
        "receipt": receipt,
        "finished_at": clock.now(),
        "events_due": _end_due(is_told),
    })  # fmt: skip


def interrupt(
    request_id: str,
    arithmetic: Mapping[str, Any] | None,
    charged: Applied,
    *,
    is_told: bool = False,
) -> RowUpdate:
    """Returns the change of a request whose process was lost: charged by its last checkpoint's `arithmetic`."""
    detail = {"estimated": True, **(arithmetic or {})}
    if "legs" in detail:
        detail = legs.with_charges(detail, charged.amount)
    return RowUpdate(TABLE, request_id, {
        "status": RequestStatus.INTERRUPTED,
        "charge_nanos": charged.amount,
        "tokens": _tokens_in(detail),
        "receipt": _with_split(detail, charged),
        "finished_at": clock.now(),
        "events_due": _end_due(is_told),
    })  # fmt: skip


def _tokens_in(detail: Mapping[str, Any]) -> int | None:
    """Returns how many tokens a receipt is of, None where it says nothing of any."""
    of_legs = [leg["tokens"] for leg in detail.get("legs", ()) if leg["tokens"]]
    found = of_legs + [line["tokens"] for line in detail.get("lines", ()) if line["kind"] not in _NO_TOKENS]
    return sum(found) if found else None


_NO_TOKENS = (TokenKind.IMAGE, "request")
"""What stands in a receipt's lines and is counted one by one."""


def legs_of(ended: RowUpdate) -> list[Row]:
    """Returns the rows of the legs of a request that ended with this change: none where it asked one model."""
    late = ended.values.get("late")
    return legs.rows_of(ended.id, late or ended.values["receipt"] or {}, are_there=late is not None)


def record_manual(asked: Asked, charged: Applied, details: dict[str, Any] | None) -> RowInsert:
    """Returns the whole row of a manual charge."""
    now = clock.now()
    return RowInsert(TABLE, _columns(asked) | {
        "status": RequestStatus.SETTLED,
        "hold_nanos": charged.amount,
        "charge_nanos": charged.amount,
        "tokens": None,
        "receipt": _with_split({"details": details}, charged),
        "created_at": now,
        "finished_at": now,
        "events_due": _end_due(asked.is_told),
    })  # fmt: skip


def _end_due(is_told: bool) -> int | None:
    return END_DUE if is_told else None


def _arithmetic(price: Price | None, metered: Metered, used: Sequence[LegUse] = ()) -> dict[str, Any]:
    """Returns what a charge is worked out from."""
    detail: dict[str, Any] = {"estimated": metered.estimated, "disconnect": metered.disconnect}
    if used:
        detail |= legs.arithmetic(used)
    if metered.failure is not None:
        detail["failure"] = metered.failure
    if price is not None and metered.tokens is not None:
        detail["lines"] = token_lines(price, metered.tokens)
        detail["minimum"] = format_decimal(price.minimum_nanos)
        detail["markup_percent"] = markup_percent(price)
        if price.tiers and (tier_from := price.tier_from(metered.tokens.prompt)) is not None:
            detail["tier_from_tokens"] = tier_from
        if price.cost is not None:
            detail["cost"] = format_decimal(cost_nanos(price, metered.tokens))
    return detail


def checkpoint_cost(arithmetic: Mapping[str, Any] | None) -> int:
    """Returns what the provider is owed by a checkpoint, in nanos: by its lines where it does not say."""
    said = (arithmetic or {}).get("cost")
    if said is not None:
        return parse_nanos(said)
    of_legs = sum(parse_nanos(leg["cost"]) for leg in (arithmetic or {}).get("legs", ()))
    exact = sum(parse_exact(line["amount"]) for line in (arithmetic or {}).get("lines", ()))
    return of_legs + round_exact(exact)


_PARTS = {
    Kind.PROVIDER_PAYABLE: "provider",
    Kind.PLATFORM_FEES: "platform",
    Kind.EARNINGS_PENDING: "developer",
    Kind.REVENUE: "developer",
    Kind.GRANTS: "trial",
}
"""What a receipt calls the accounts that a charge goes to."""


def _with_split(detail: dict[str, Any], done: Applied) -> dict[str, Any]:
    """Adds who got what the ledger has posted now, and what nobody could pay."""
    parts = {"provider": 0, "platform": 0, "developer": 0}
    for transfer in done.transfers:
        if transfer.debit.kind in CHARGED:
            name = _PARTS[transfer.credit.kind]
            parts[name] = parts.get(name, 0) + transfer.amount
    detail["split"] = {name: format_decimal(nanos) for name, nanos in parts.items()}
    if done.short:
        detail["shortfall"] = format_decimal(done.short)
    return detail


def read_receipt(session: Session, paywall_id: str, request_id: str, user: str | None = None) -> Receipt:
    """Returns the receipt of a paywall's request, of one user if given. Raises NotFound for any other."""
    row = session.execute(select(TABLE).where(TABLE.c.id == as_id(request_id))).mappings().first()
    if row is None or row["paywall_id"] != paywall_id or user not in (None, row["external_id"]):
        raise NotFound(f"There is no request {request_id}.")
    return explain(dict(row), row["external_id"])
