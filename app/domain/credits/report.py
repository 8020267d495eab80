"""How models did for somebody's credits: answered, how long it took, what it cost, and which one a goal prefers.

Of the newest requests only, so that a long history costs no more than a short one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, text
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from app.domain.ids import least_id
from app.domain.legs.tables import LegStatus, RequestLeg
from app.domain.usage.request_list import PREFIX
from app.domain.usage.requests import TABLE
from app.domain.usage.tables import OWN_WALLETS, RequestKind, RequestStatus
from app.sql.columns import table_of

_LEGS = table_of(RequestLeg)
LOOKED_MAX = 20_000
"""How many requests are looked at, the newest."""


class Goal(StrEnum):
    """What a model is preferred for."""

    BALANCED = "balanced"
    """Its places by the three others together."""
    LATENCY = "latency"
    """Its answers come soon."""
    COST = "cost"
    """Its answers cost little."""
    RELIABILITY = "reliability"
    """It answers."""


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """What a model did: of `calls` that ended so many `answered`, for `charge_nanos` together.

    Of those `timed` are known to have taken `microseconds`: where several models were asked, how long one of them took
    is not written down.
    """

    model: str
    calls: int
    answered: int
    timed: int
    microseconds: int
    charge_nanos: int
    tokens: int

    @property
    def success_rate(self) -> float:
        """The share of calls that were answered."""
        return self.answered / self.calls

    @property
    def mean_microseconds(self) -> int | None:
        """How long an answer took from its hold to its end, None where nobody knows."""
        return self.microseconds // self.timed if self.timed else None

    @property
    def mean_charge_nanos(self) -> int:
        """What an answer cost."""
        return self.charge_nanos // max(self.answered, 1)


def read_records(session: Session, wallet_id: str, since: int) -> Sequence[ModelRecord]:
    """Returns what each model did for a wallet since a time (microseconds), the most called first.

    A request that asked several models counts for each that was asked, with its part of the charge.
    """
    mine = (TABLE.c.wallet_id == wallet_id, TABLE.c.id >= least_id(PREFIX, since), text(OWN_WALLETS),
            TABLE.c.kind == RequestKind.CHAT, TABLE.c.finished_at.is_not(None))  # fmt: skip
    newest = select(TABLE).where(*mine).order_by(TABLE.c.id.desc()).limit(LOOKED_MAX).subquery()
    asked = and_(_LEGS.c.request_id == newest.c.id, _LEGS.c.status != LegStatus.SKIPPED)
    found = select(*_call_of(newest.c)).select_from(newest.outerjoin(_LEGS, asked))
    calls = found.where(or_(newest.c.mode.is_(None), _LEGS.c.id.is_not(None))).subquery().c
    is_timed = case((calls.took.is_not(None), 1), else_=0)
    sums = (calls.answered, is_timed, func.coalesce(calls.took, 0), calls.charge_nanos, calls.tokens)
    columns = (calls.model, func.count(), *map(func.sum, sums))
    rows = session.execute(select(*columns).group_by(calls.model).order_by(func.count().desc(), calls.model))
    return [ModelRecord(row[0] or "", *(int(value) for value in row[1:])) for row in rows]


def _call_of(request: ReadOnlyColumnCollection[str, Any]) -> Sequence[ColumnElement[Any]]:
    """Returns the columns of one call of a model: a leg of a request, or a request that asked one model."""
    leg = _LEGS.c
    is_leg = leg.id.is_not(None)
    is_settled = request.status == RequestStatus.SETTLED
    is_said = or_(leg.status == LegStatus.ANSWERED, and_(leg.status == LegStatus.CUT, leg.tokens.is_not(None)))
    return (
        case((is_leg, leg.model), else_=request.model).label("model"),
        case((and_(is_leg, is_said), 1), (is_leg, 0), (is_settled, 1), else_=0).label("answered"),
        case((is_leg, None), (is_settled, request.finished_at - request.created_at)).label("took"),
        func.coalesce(leg.charge_nanos, request.charge_nanos).label("charge_nanos"),
        case((is_leg, func.coalesce(leg.tokens, 0)), else_=func.coalesce(request.tokens, 0)).label("tokens"),
    )


def best_of(records: Sequence[ModelRecord], goal: Goal, calls_least: int) -> ModelRecord | None:
    """Returns the model that a goal prefers among those with enough calls that ever answered, None without one."""
    found = [record for record in records if record.calls >= calls_least and record.answered]
    if goal is Goal.LATENCY:
        found = [record for record in found if record.timed]
    if goal is Goal.BALANCED:
        places = [sorted(found, key=lambda one: _merit(one, by)) for by in Goal if by is not Goal.BALANCED]
        return min(found, key=lambda one: (sum(place.index(one) for place in places), one.model), default=None)
    return min(found, key=lambda one: (_merit(one, goal), one.model), default=None)


def _merit(record: ModelRecord, goal: Goal) -> float:
    """Returns how a model stands by a goal, the least the best; last where nobody knows."""
    took = record.mean_microseconds
    merits = {Goal.LATENCY: math.inf if took is None else took, Goal.COST: record.mean_charge_nanos,
              Goal.RELIABILITY: -record.success_rate}  # fmt: skip
    return merits[goal]
