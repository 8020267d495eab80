"""Every leaf leads to the root and to its whole sum, and nothing else does."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.domain.reserves import tree
from app.domain.reserves.tree import PARTS, Node, Step

SECRET = b"s" * 32
OWED = st.dictionaries(st.text("abc:", min_size=1, max_size=6), st.integers(1, 10**18), min_size=1, max_size=9)


def nodes_of(owed: dict[str, int]) -> list[Node]:
    leaves = [leaf for name, nanos in owed.items() for leaf in tree.leaves_of(SECRET, name, nanos)]
    return [leaf.node for leaf in sorted(leaves, key=lambda leaf: leaf.salt)]


@given(OWED)
def test_the_root_is_the_sum_and_each_leaf_leads_to_it(owed: dict[str, int]) -> None:
    nodes = nodes_of(owed)
    root = tree.root_of(nodes)
    assert root.nanos == sum(owed.values()) and len(nodes) == PARTS * len(owed)
    for position, node in enumerate(nodes):
        steps = tree.way_up(nodes, position)
        assert tree.climb(node, steps) == root
        assert all(step.node.nanos >= 0 for step in steps)


@given(OWED, st.data())
def test_a_changed_leaf_sum_or_way_leads_elsewhere(owed: dict[str, int], data: st.DataObject) -> None:
    nodes = nodes_of(owed)
    root, position = tree.root_of(nodes), data.draw(st.integers(0, len(nodes) - 1))
    node, steps = nodes[position], tree.way_up(nodes, position)
    assert tree.climb(replace(node, nanos=node.nanos + 1), steps) != root
    at = data.draw(st.integers(0, len(steps) - 1))
    beside = steps[at].node
    for wrong in (replace(beside, nanos=beside.nanos + 1), replace(beside, hash=node.hash[::-1])):
        tampered = [*steps[:at], Step(wrong, steps[at].is_left), *steps[at + 1 :]]
        assert tree.climb(node, tampered) != root
    assert tree.root_of(nodes[:position] + nodes[position + 1 :]) != root  # a leaf that is left out is missed


def test_two_parts_come_to_the_whole_and_say_nothing_without_the_secret() -> None:
    first, again, other = (tree.leaves_of(secret, "a", 10**9) for secret in (SECRET, SECRET, b"t" * 32))
    assert first == again and sum(leaf.nanos for leaf in first) == 10**9
    assert {leaf.node.hash for leaf in first}.isdisjoint(leaf.node.hash for leaf in other)
    assert [leaf.nanos for leaf in first] != [leaf.nanos for leaf in other]


def test_nothing_has_a_root_of_nothing() -> None:
    assert tree.root_of([]) == tree.NONE and tree.NONE.nanos == 0
