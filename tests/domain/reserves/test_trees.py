"""Trees as they are kept: every account finds its leaves, whatever chunk they are in, and the roots are a chain."""

import pytest
from sqlalchemy import select

from app import db
from app.domain import clock
from app.domain.errors import Unavailable
from app.domain.ids import least_id
from app.domain.money import Environment, Unit
from app.domain.reserves import tree, trees
from app.domain.reserves.tables import LiabilityChunk, LiabilityTree
from app.domain.reserves.tree import Node

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SANDBOX = Environment.SANDBOX


def plant(owed: dict[str, int]) -> LiabilityTree:
    grown = trees.grow(SANDBOX, Unit.USDC, owed)
    for chunk in grown.chunks:
        with db.transaction() as session:
            trees.keep_chunk(session, chunk)
    with db.transaction() as session:
        trees.keep(session, grown.row)
    return grown.row


def wallet(number: int) -> str:
    return f"sandbox:USDC:wallet:wal_{number}"


def ways_lead(row: LiabilityTree, account_id: str) -> int:
    """Returns what an account finds in a tree; fails unless each of its leaves leads to the root and its sum."""
    with db.transaction(writes=False) as session:
        found = list(trees.find_ways(session, row, account_id))
    for way in found:
        assert tree.climb(way.leaf.node, way.steps) == Node(row.root, row.total_nanos)
    return sum(way.leaf.nanos for way in found)


@pytest.mark.parametrize("size", [1, 2, 7, 1_024])
def test_every_account_finds_all_that_it_is_owed_in_chunks_of_any_size(
    database: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "CHUNK_LEAVES", size)
    owed = {wallet(number): 10**9 + number for number in range(1, 12)}
    row = plant({**owed, wallet(99): -5, "sandbox:CREDIT:wallet:wal_1": 7})
    assert (row.total_nanos, row.below_nanos, row.leaves) == (sum(owed.values()), 5, 22)
    assert {name: ways_lead(row, name) for name in owed} == owed
    assert ways_lead(row, wallet(99)) == ways_lead(row, "sandbox:USDC:wallet:wal_1x") == 0


def test_each_root_names_the_one_before_and_the_newest_two_keep_their_leaves(database: str) -> None:
    rows = [plant({wallet(1): 5 + number}) for number in range(3)]
    assert [row.previous for row in rows] == [None, rows[0].root, rows[1].root]
    assert len({row.root for row in rows}) == 3
    assert [ways_lead(row, wallet(1)) for row in rows] == [0, 6, 7]
    with db.transaction(writes=False) as session:
        newest = trees.find_newest(session, SANDBOX, Unit.USDC)
        assert newest is not None and newest.id == rows[2].id
        assert trees.find_newest(session, Environment.LIVE, Unit.USDC) is None


def test_a_tree_whose_making_was_cut_leaves_nothing_behind(database: str) -> None:
    grown = [trees.grow(SANDBOX, Unit.USDC, {wallet(1): 5}).chunks[0] for _ in range(2)]
    grown[0].tree_id = least_id("lbt", clock.now() - 3_601 * clock.SECOND)
    for chunk in grown:
        with db.transaction() as session:
            trees.keep_chunk(session, chunk)
    kept = plant({wallet(1): 6})
    with db.transaction(writes=False) as session:
        left = {chunk.tree_id for chunk in session.scalars(select(LiabilityChunk))}
    assert left == {grown[1].tree_id, kept.id}  # the other may be in the making


def test_another_is_made_after_a_while_and_later_the_more_leaves_there_are(database: str) -> None:
    with db.transaction(writes=False) as session:
        assert trees.is_due(session, SANDBOX)
    row = plant({wallet(1): 5})
    with db.transaction() as session:
        assert not trees.is_due(session, SANDBOX)
        kept = session.get_one(LiabilityTree, row.id)
        kept.made_at = clock.now() - 601 * clock.SECOND
        session.flush()
        assert trees.is_due(session, SANDBOX)
        kept.leaves = 1_000_000
        session.flush()
        assert not trees.is_due(session, SANDBOX)


def test_a_branch_that_was_changed_leads_nowhere(database: str) -> None:
    row = plant({wallet(number): 10**9 for number in range(4)})
    with db.transaction() as session:
        chunk = session.get_one(LiabilityChunk, (row.id, 0))
        chunk.leaves = chunk.leaves[:40] + bytes([chunk.leaves[40] ^ 1]) + chunk.leaves[41:]
    with db.transaction(writes=False) as session, pytest.raises(Unavailable, match="does not lead to the root"):
        for number in range(4):
            list(trees.find_ways(session, row, wallet(number)))
