"""How models did for somebody's credits: answered, how long it took, what it cost, and which one a goal prefers.

Of the newest requests only, so that a long history costs no more than a short one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import case, func, select, text
from sqlalchemy.orm import Session

from app.domain.ids import least_id
from app.domain.usage.request_list import PREFIX
from app.domain.usage.requests import TABLE
from app.domain.usage.tables import OWN_WALLETS, RequestKind, RequestStatus

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
    """What a model did: of `calls` that ended so many `answered`, in `microseconds` and for `charge_nanos` together."""

    model: str
    calls: int
    answered: int
    microseconds: int
    charge_nanos: int
    tokens: int

    @property
    def success_rate(self) -> float:
        """The share of calls that were answered."""
        return self.answered / self.calls

    @property
    def mean_microseconds(self) -> int:
        """How long an answer took from its hold to its end."""
        return self.microseconds // max(self.answered, 1)

    @property
    def mean_charge_nanos(self) -> int:
        """What an answer cost."""
        return self.charge_nanos // max(self.answered, 1)


def read_records(session: Session, wallet_id: str, since: int) -> Sequence[ModelRecord]:
    """Returns what each model did for a wallet's chats since a time (microseconds), the most called first."""
    mine = (TABLE.c.wallet_id == wallet_id, TABLE.c.id >= least_id(PREFIX, since), text(OWN_WALLETS),
            TABLE.c.kind == RequestKind.CHAT, TABLE.c.finished_at.is_not(None))  # fmt: skip
    newest = (
        select(TABLE.c.model, TABLE.c.status, TABLE.c.created_at, TABLE.c.finished_at, TABLE.c.charge_nanos,
               TABLE.c.tokens)
        .where(*mine).order_by(TABLE.c.id.desc()).limit(LOOKED_MAX).subquery().c
    )  # fmt: skip
    is_answered = newest.status == RequestStatus.SETTLED
    took = case((is_answered, newest.finished_at - newest.created_at), else_=0)
    columns = (newest.model, func.count(), func.sum(case((is_answered, 1), else_=0)), func.sum(took),
               func.sum(newest.charge_nanos), func.sum(func.coalesce(newest.tokens, 0)))  # fmt: skip
    rows = session.execute(select(*columns).group_by(newest.model).order_by(func.count().desc(), newest.model))
    return [ModelRecord(row[0] or "", *(int(value) for value in row[1:])) for row in rows]


def best_of(records: Sequence[ModelRecord], goal: Goal, calls_least: int) -> ModelRecord | None:
    """Returns the model that a goal prefers among those with enough calls that ever answered, None without one."""
    found = [record for record in records if record.calls >= calls_least and record.answered]
    if goal is Goal.BALANCED:
        places = [sorted(found, key=lambda one: _merit(one, by)) for by in Goal if by is not Goal.BALANCED]
        return min(found, key=lambda one: (sum(place.index(one) for place in places), one.model), default=None)
    return min(found, key=lambda one: (_merit(one, goal), one.model), default=None)


def _merit(record: ModelRecord, goal: Goal) -> float:
    """Returns how a model stands by a goal, the least the best."""
    merits = {Goal.LATENCY: record.mean_microseconds, Goal.COST: record.mean_charge_nanos,
              Goal.RELIABILITY: -record.success_rate}  # fmt: skip
    return merits[goal]
