"""Requests that ask several models of a paywall whose sums are looked at: begun, ended, lost, late and given back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from app import db
from app.domain import rows
from app.domain.earnings.charge_split import charge_split, terms_of
from app.domain.ids import new_id
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Extend, Hold, Post, Release, Settle, Transfer
from app.domain.legs.legs import LegUse, Source, charge_of, cost_of, rows_of_refund
from app.domain.legs.tables import LegStatus, RequestLeg
from app.domain.pricing.quote import Tokens
from app.domain.rollups.sums import NOTHING, Sums, plus
from app.domain.rollups.tables import PaywallRollup, RollupDay
from app.domain.usage import requests
from app.domain.usage.refunds import Back, given_by_legs, record_refund
from app.domain.usage.requests import TABLE, Asked, Metered
from app.domain.usage.tables import RequestKind, RequestMode
from app.sql.columns import table_of
from tests.support.rolled import FEE, LISTED, OWN, App, read

LEGS = table_of(RequestLeg)


@dataclass
class Several:
    """A request of several legs as the test knows it; `used` are the tokens of each, None for one that was skipped."""

    asked: Asked
    used: Sequence[Tokens | None]
    sources: Sequence[Source]
    refunded: int = 0
    charge: int = 0
    models: Sequence[str] = field(default_factory=tuple)


def begin(app: App, used: Sequence[Tokens | None], sources: Sequence[Source] = (), user: str = "ada") -> Several:
    """Begins a comparison of as many models as there are `used`, in turn listed and the developer's own."""
    provider = "demo"
    asked = Asked(
        id=new_id("req"), client_request_id=None, wallet=app.wallet(user), kind=RequestKind.CHAT, model="compare",
        provider=provider, streamed=True, unit=app.unit, price=None, terms=terms_of(app.mode, provider, FEE),
        key_id="key_1", mode=RequestMode.COMPARE,
    )  # fmt: skip
    models = [(LISTED, OWN)[number % 2] for number in range(len(used))]
    payers = [*sources, *[Source.PLATFORM] * (len(used) - len(sources))]
    several = Several(asked, used, payers, models=models)
    most = 2 * charge_of(app.unit, legs_of(app, several, used)) + 1_000
    with db.transaction() as session:
        hold = Hold(requests.hold_id(asked.id), asked.wallet.account, most, 0, most, "process:test", asked.id)
        rows.write(
            session, [requests.begin(asked, apply_one(session, hold), legs_of(app, several, [None] * len(used)))]
        )
    return several


def legs_of(app: App, several: Several, used: Sequence[Tokens | None]) -> tuple[LegUse, ...]:
    """Returns the legs as they stand once so much is used."""
    return tuple(
        LegUse(
            leg=number, model=several.models[number], provider="demo", price=app.prices[several.models[number]],
            status=LegStatus.SKIPPED if tokens is None else LegStatus.ANSWERED, tokens=tokens,
            source=several.sources[number],
        )
        for number, tokens in enumerate(used)
    )  # fmt: skip


def settle(app: App, several: Several) -> Several:
    """Ends it as it was used; late if its process was lost."""
    used = legs_of(app, several, several.used)
    account, terms = several.asked.wallet.account, several.asked.terms
    with db.transaction() as session:
        hold_id = requests.hold_id(several.asked.id)
        if all(leg.tokens is None for leg in used):
            apply_one(session, Release(hold_id))
            ended = requests.let_go(several.asked.id, "empty_answer", used)
        else:
            split = charge_split(account, app.id, terms, cost_of(used) if terms else 0, several.asked.provider)
            done = apply_one(session, Settle(hold_id, charge_of(app.unit, used), split))
            several.charge = done.amount
            ended = requests.finish(several.asked, Metered(None), done, used)
        rows.write(session, [ended, *requests.legs_of(ended)])
    return several


def lose(app: App, several: Several, ended: int) -> Several:
    """Loses its process once so many of its legs had ended."""
    so_far = [tokens if number < ended else None for number, tokens in enumerate(several.used)]
    used = legs_of(app, several, so_far)
    hold_id = requests.hold_id(several.asked.id)
    with db.transaction() as session:
        held = apply_one(session, Extend(hold_id, 0, charge_of(app.unit, used)))
        rows.write(session, [requests.checkpoint(several.asked, Metered(None), held, used)])
    with db.transaction() as session:
        detail = session.scalar(select(TABLE.c.receipt).where(TABLE.c.id == several.asked.id))
        cost, terms = requests.checkpoint_cost(detail), several.asked.terms
        split = charge_split(several.asked.wallet.account, app.id, terms, cost, several.asked.provider)
        done = apply_one(session, Settle(hold_id, charge_of(app.unit, used), split, expires=True))
        several.charge = done.amount
        change = requests.interrupt(several.asked.id, detail, done)
        rows.write(session, [change, *requests.legs_of(change)])
    return several


def give_back(app: App, several: Several, nanos: int) -> str:
    """A developer gives a part of the charge back, in default mode; returns the refund's id."""
    account, refund_id = several.asked.wallet.account, new_id("req")
    with db.transaction() as session:
        back = Transfer(account.beside(Kind.REVENUE, app.id), account, nanos, "refund", request_id=refund_id)
        apply_one(session, Post(f"charge_refund:{refund_id}", (back,)))
        row = session.execute(select(TABLE).where(TABLE.c.id == several.asked.id)).mappings().one()
        refund = record_refund(
            dict(row), refund_id, f"clk_{refund_id}", Back(nanos, before=given_by_legs(session, several.asked.id))
        )
        rows.write(session, [refund, *rows_of_refund(refund_id, refund.values["receipt"])])
    several.refunded += nanos
    return refund_id


def by_model(app: App) -> Mapping[str, Sums]:
    """What the days of a paywall say of each model."""
    found: dict[str, Sums] = {}
    with db.transaction(writes=False) as session:
        book = session.get(PaywallRollup, app.id)
        if book is None:  # nothing was ever asked
            return found
        days = read(session, RollupDay, (app.id, book.build), ("day", "model", "key_id", "source"))
    for (_day, model, _key, _source), sums in days.items():
        found[model] = plus(found.get(model, NOTHING), sums)
    return found


def charged_of_legs(app: App) -> Mapping[str, tuple[int, int, int]]:
    """What rows of legs, and requests that have none, say of each model: charged, given back, and tokens."""
    found: dict[str, tuple[int, int, int]] = {}
    model = TABLE.c.model
    with db.transaction(writes=False) as session:
        whole = select(TABLE.c.id, TABLE.c.kind, model, TABLE.c.charge_nanos, TABLE.c.tokens)
        ones = session.execute(whole.where(TABLE.c.paywall_id == app.id)).all()
        legs = session.execute(select(LEGS)).all()
    for one in ones:
        mine = [leg for leg in legs if leg.request_id == one.id] or [one]
        for part in mine:
            gross, refunds, tokens = found.get(part.model or "", (0, 0, 0))
            is_refund = one.kind is RequestKind.REFUND or one.kind == "refund"
            found[part.model or ""] = (
                gross + (0 if is_refund else part.charge_nanos), refunds + (part.charge_nanos if is_refund else 0),
                tokens + (0 if is_refund else part.tokens or 0),
            )  # fmt: skip
    return found
