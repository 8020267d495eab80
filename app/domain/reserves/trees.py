"""Trees over what is owed as they are kept: each root for good, the leaves of the newest two, in chunks.

A chunk is a branch: its leaves lead to its top, and the tops of all chunks to the root.
"""

import secrets
import struct
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import Unavailable
from app.domain.ids import least_id, new_id
from app.domain.ledger.accounts import parse
from app.domain.money import Environment, Unit
from app.domain.reserves import tree
from app.domain.reserves.tables import LiabilityChunk, LiabilityTree
from app.domain.reserves.tree import PARTS, Leaf, Node, Step
from app.sql.columns import table_of

CHUNK_LEAVES = 1_024
PAUSE_SECONDS, PAUSE_LEAF_MICROSECONDS = 600, 10_000
"""How long a tree stands before there is another: so long, and more where it has very many leaves."""
CUT_SECONDS = 3_600
"""How long ago a tree was begun that is kept by nobody any more."""
_SECRET_BYTES, _PREFIX = 32, "lbt"
_PACKED = struct.Struct(">32s32sq")
_TREES, _CHUNKS = table_of(LiabilityTree), table_of(LiabilityChunk)


@dataclass(frozen=True, slots=True)
class Grown:
    """A tree that is not kept yet: its row, and its chunks, each with the nodes of its leaves in the salts' order."""

    row: LiabilityTree
    chunks: Sequence[LiabilityChunk]


@dataclass(frozen=True, slots=True)
class Way:
    """A leaf of somebody's, and what stands beside its way to the root."""

    leaf: Leaf
    steps: Sequence[Step]


def is_due(session: Session, environment: Environment) -> bool:
    """Tells whether another tree is to be made."""
    newest = [one for unit in Unit if (one := find_newest(session, environment, unit)) is not None]
    if not newest:
        return True
    leaves = sum(one.leaves for one in newest)
    pause = PAUSE_SECONDS * clock.SECOND + leaves * PAUSE_LEAF_MICROSECONDS
    return max(one.made_at for one in newest) <= clock.now() - pause


def grow(environment: Environment, unit: Unit, owed: Mapping[str, int]) -> Grown:
    """Makes a tree over what the accounts of a unit are owed, under a secret of its own. Pure but for the secret.

    Accounts that owe are no leaves: what they owe lessens nobody's sum, and is published apart.
    """
    secret, id_ = secrets.token_bytes(_SECRET_BYTES), new_id(_PREFIX)
    mine = {account_id: nanos for account_id, nanos in owed.items() if parse(account_id).unit is unit}
    leaves = sorted(
        (leaf for account_id, nanos in mine.items() if nanos > 0 for leaf in tree.leaves_of(secret, account_id, nanos)),
        key=lambda leaf: leaf.salt,
    )
    chunks = [_chunk(id_, start // CHUNK_LEAVES, leaves[start : start + CHUNK_LEAVES])
              for start in range(0, len(leaves), CHUNK_LEAVES)]  # fmt: skip
    root = tree.root_of([_top(chunk) for chunk in chunks])
    below = -sum(nanos for nanos in mine.values() if nanos < 0)
    row = LiabilityTree(id=id_, environment=environment, unit=unit, secret=secret, root=root.hash,
                        total_nanos=root.nanos, below_nanos=below, leaves=len(leaves), places=[],
                        made_at=clock.now())  # fmt: skip
    return Grown(row, chunks)


def _chunk(tree_id: str, number: int, leaves: Sequence[Leaf]) -> LiabilityChunk:
    nodes = [leaf.node for leaf in leaves]
    packed = (
        _PACKED.pack(bytes.fromhex(leaf.salt), bytes.fromhex(node.hash), node.nanos)
        for leaf, node in zip(leaves, nodes, strict=True)
    )
    top = tree.root_of(nodes)
    return LiabilityChunk(tree_id=tree_id, number=number, first_salt=leaves[0].salt, top=top.hash,
                          top_nanos=top.nanos, leaves=b"".join(packed))  # fmt: skip


def _top(chunk: LiabilityChunk) -> Node:
    return Node(chunk.top, chunk.top_nanos)


def keep_chunk(session: Session, chunk: LiabilityChunk) -> None:
    """Keeps a branch of a tree that is not the newest yet."""
    session.add(chunk)
    session.flush()


def keep(session: Session, row: LiabilityTree) -> None:
    """Makes a tree, whose chunks are kept, the newest; forgets the leaves of all but two."""
    before = find_newest(session, row.environment, row.unit)
    row.previous = None if before is None else before.root
    session.add(row)
    session.flush()
    of_unit = select(_TREES.c.id).where(_TREES.c.environment == row.environment, _TREES.c.unit == row.unit)
    old = of_unit.order_by(_TREES.c.made_at.desc(), _TREES.c.id.desc()).offset(2).limit(1_000)
    session.execute(delete(LiabilityChunk).where(_CHUNKS.c.tree_id.in_(session.scalars(old).all())))
    _forget_cut(session)


def _forget_cut(session: Session) -> None:
    """Forgets the leaves of trees whose making was cut long ago: nothing else ever would."""
    before = least_id(_PREFIX, clock.now() - CUT_SECONDS * clock.SECOND)
    is_kept = select(_TREES.c.id).where(_TREES.c.id == _CHUNKS.c.tree_id).exists()
    session.execute(delete(LiabilityChunk).where(_CHUNKS.c.tree_id < before, ~is_kept))


def find_newest(session: Session, environment: Environment, unit: Unit) -> LiabilityTree | None:
    """Returns the newest tree of an environment and unit, None before the first."""
    own = (_TREES.c.environment == environment, _TREES.c.unit == unit)
    newest = select(LiabilityTree).where(*own).order_by(_TREES.c.made_at.desc(), _TREES.c.id.desc())
    return session.scalars(newest.limit(1)).first()


def find_ways(session: Session, row: LiabilityTree, account_id: str) -> Iterator[Way]:
    """Yields an account's leaves in a tree, each with its way up; nothing where it was owed nothing.

    Raises Unavailable where what is kept was changed, so that a way leads elsewhere.
    """
    for part in range(PARTS):
        salt = tree.salt_of(row.secret, account_id, part)
        of_tree = (_CHUNKS.c.tree_id == row.id, _CHUNKS.c.first_salt <= salt)
        chunk = session.scalars(
            select(LiabilityChunk).where(*of_tree).order_by(_CHUNKS.c.number.desc()).limit(1)
        ).first()
        if chunk is None:
            continue
        packed = list(_PACKED.iter_unpack(chunk.leaves))
        position = bisect_left(packed, (bytes.fromhex(salt),))
        if position == len(packed) or packed[position][0].hex() != salt:
            continue
        nodes = [Node(hash_.hex(), nanos) for _, hash_, nanos in packed]
        tops = select(_CHUNKS.c.top, _CHUNKS.c.top_nanos).where(_CHUNKS.c.tree_id == row.id).order_by(_CHUNKS.c.number)
        above = [Node(top, int(nanos)) for top, nanos in session.execute(tops)]
        steps = [*tree.way_up(nodes, position), *tree.way_up(above, chunk.number)]
        leaf = Leaf(salt, account_id, part, packed[position][2])
        if tree.climb(leaf.node, steps) != Node(row.root, row.total_nanos):
            raise Unavailable(f"Part {part} of {account_id} does not lead to the root of {row.id}; tell the operator.")
        yield Way(leaf, steps)
