"""Limits of single users and keys, which stand in place of the paywall's defaults, all six at once.

Setting one counts for the next charged request of every process, as a new version of the paywall does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import Refused
from app.domain.ids import derived_id
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import BumpEpoch
from app.domain.paywalls.configuration import epoch_subject
from app.domain.paywalls.limits import Limits, Scope, check_limits
from app.domain.paywalls.paywall import lock_paywall
from app.domain.paywalls.tables import LimitOverride
from app.sql.columns import table_of

OVERRIDES_MAX = 10_000
"""How many a paywall may have; every process keeps all of them in memory."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What was set in a paywall, by end user and by key id."""

    users: Mapping[str, Limits] = field(default_factory=dict)
    keys: Mapping[str, Limits] = field(default_factory=dict)


def set_override(session: Session, paywall_id: str, scope: Scope, subject: str, limits: Limits | None) -> None:
    """Sets the limits of a user or key from the next charged request on; None goes back to the defaults.

    Raises BadField, Refused where the paywall has too many, NotFound.
    """
    if scope is Scope.PAYWALL:
        raise Refused("The limits of the whole paywall are published with its configuration.")
    if limits is not None:
        check_limits(limits, "limits")
    lock_paywall(session, paywall_id)
    override_id = derived_id("lim", paywall_id, scope.value, subject)
    stored = session.get(LimitOverride, override_id)
    if limits is None:
        if stored is None:
            return
        session.delete(stored)
    elif stored is not None:
        stored.limits, stored.changed_at = limits.to_json(), clock.now()
    else:
        _check_count(session, paywall_id)
        session.add(LimitOverride(id=override_id, paywall_id=paywall_id, scope=scope.value, subject=subject,
                                  limits=limits.to_json(), changed_at=clock.now()))  # fmt: skip
    session.flush()
    apply_one(session, BumpEpoch(epoch_subject(paywall_id)))


def read_overrides(session: Session, paywall_id: str) -> Overrides:
    """Returns everything that was set in a paywall."""
    table = table_of(LimitOverride)
    rows = session.execute(
        select(table.c.scope, table.c.subject, table.c.limits).where(table.c.paywall_id == paywall_id)
    )
    found: dict[str, dict[str, Limits]] = {scope.value: {} for scope in Scope}
    for row in rows:
        found[row.scope][row.subject] = Limits(**row.limits)
    return Overrides(found[Scope.USER], found[Scope.KEY])


def _check_count(session: Session, paywall_id: str) -> None:
    table = table_of(LimitOverride)
    count = session.scalar(select(func.count()).select_from(table).where(table.c.paywall_id == paywall_id)) or 0
    if count >= OVERRIDES_MAX:
        raise Refused(f"{paywall_id} has limits of its own for {OVERRIDES_MAX} users and keys, which is the most.")
