"""All that is owed is made a tree, with a report and at the same moment, now and then.

[read, one snapshot] the cut and what each account is owed; then the tree, branch by branch; its root comes last.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.errors import Unavailable
from app.domain.money import Environment, format_decimal
from app.domain.reserves import trees
from app.domain.reserves.cut import UNITS, Cut
from app.domain.reserves.tables import LiabilityTree

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Owed:
    """What each account is owed at a cut, and the blocks that it was cut at, as they are published."""

    environment: Environment
    accounts: Mapping[str, int]
    places: Sequence[Mapping[str, Any]]


async def plant(owed: Owed, cut: Cut) -> None:
    """Makes the tree of each unit, and keeps it. Raises Unavailable where it is not what is owed."""
    for unit in UNITS:
        grown = await asyncio.to_thread(trees.grow, owed.environment, unit, owed.accounts)
        counted = grown.row.total_nanos - grown.row.below_nanos
        if counted != sum(cut.units[unit].owed.values()):
            raise Unavailable(
                f"{owed.environment} {unit}: {counted} nanos in the tree; {cut.units[unit].owed} are owed."
            )
        if not grown.row.leaves:
            continue
        grown.row.places = [dict(place) for place in owed.places]
        for chunk in grown.chunks:
            await db.in_transaction(partial(trees.keep_chunk, chunk=chunk), writes=True)
        await db.in_transaction(partial(trees.keep, row=grown.row), writes=True)
        log.info("liabilities", environment=owed.environment, unit=unit, root=grown.row.root, leaves=grown.row.leaves)


def read_published(session: Session, environment: Environment) -> list[dict[str, Any]]:
    """Returns what is published of an environment's newest trees."""
    found = (trees.find_newest(session, environment, unit) for unit in UNITS)
    return [published(row) for row in found if row is not None]


def published(row: LiabilityTree) -> dict[str, Any]:
    """Returns what is published of a tree: amounts as decimal strings of the unit."""
    return {
        "unit": row.unit.value, "root": row.root, "total": format_decimal(row.total_nanos),
        "below_zero": format_decimal(row.below_nanos), "leaves": row.leaves, "previous": row.previous,
        "at": row.made_at // clock.SECOND, "blocks": row.places,
    }  # fmt: skip
