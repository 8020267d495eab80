"""A tree of sums: leaves of what is owed, each parent the hash of both children and of both their sums. Pure.

Whoever knows a leaf and the sums beside its way up can tell that it is counted in the root's total, and in no other
place; of the others they learn the sums of branches. No sum is below zero, so that none hides another. What an account
is owed stands in `PARTS` leaves, divided at random, so that the sum of a neighbour's leaf is nobody's balance.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

PARTS = 2


@dataclass(frozen=True, slots=True)
class Node:
    """A hash, in hexadecimal digits, and the nanos below it."""

    hash: str
    nanos: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part of what an account is owed, under a salt that nobody else knows; leaves stand in the salts' order."""

    salt: str
    account_id: str
    part: int
    nanos: int

    @property
    def node(self) -> Node:
        """What stands in the tree of it."""
        return Node(_hash(f"leaf:{self.salt}:{self.part}:{self.account_id}:{self.nanos}"), self.nanos)


@dataclass(frozen=True, slots=True)
class Step:
    """The node beside a way up; `is_left` where it comes first in their parent."""

    node: Node
    is_left: bool


NONE = Node(sha256(b"none").hexdigest(), 0)
"""What stands where there is no leaf, so that every level has an even number."""


def leaves_of(secret: bytes, account_id: str, nanos: int) -> list[Leaf]:
    """Returns the leaves of what an account is owed, not below zero; the secret makes salts and how it is divided."""
    first = int(_keyed(secret, f"divide:{account_id}"), 16) % (nanos + 1)
    parts = (first, nanos - first)
    return [Leaf(salt_of(secret, account_id, part), account_id, part, each) for part, each in enumerate(parts)]


def salt_of(secret: bytes, account_id: str, part: int) -> str:
    """Returns the salt of a leaf, by which it is found."""
    return _keyed(secret, f"salt:{part}:{account_id}")


def join(left: Node, right: Node) -> Node:
    """Returns the parent of two nodes."""
    whole = left.nanos + right.nanos
    return Node(_hash(f"node:{left.hash}:{left.nanos}:{right.hash}:{right.nanos}"), whole)


def root_of(nodes: Sequence[Node]) -> Node:
    """Returns the root above nodes."""
    level = list(nodes) or [NONE]
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def way_up(nodes: Sequence[Node], position: int) -> list[Step]:
    """Returns what stands beside the way from a node to the root, the lowest first."""
    level, steps = list(nodes), []
    while len(level) > 1:
        level += [NONE] * (len(level) % 2)
        is_left = position % 2 == 1
        steps.append(Step(level[position - 1 if is_left else position + 1], is_left))
        level, position = _parents(level), position // 2
    return steps


def climb(node: Node, steps: Sequence[Step]) -> Node:
    """Returns the root that a node and what stands beside its way lead to."""
    for step in steps:
        node = join(step.node, node) if step.is_left else join(node, step.node)
    return node


def _parents(level: Sequence[Node]) -> list[Node]:
    even = [*level, NONE] if len(level) % 2 else level
    return [join(even[place], even[place + 1]) for place in range(0, len(even), 2)]


def _hash(said: str) -> str:
    return sha256(said.encode()).hexdigest()


def _keyed(secret: bytes, said: str) -> str:
    return hmac.digest(secret, said.encode(), "sha256").hex()
