"""Shares an amount among several by their weights, so that the parts come to all of it. Pure."""

from collections.abc import Sequence


def share(amount: int, weights: Sequence[int]) -> list[int]:
    """Returns an amount's parts by weights, none below zero: rounded down, and what is left goes one each to those with
    the largest remainder, of equal ones to the first. Where nothing weighs anything, all weigh the same.
    """
    if not weights:
        return []
    total = sum(weights)
    if not total:
        weights, total = [1] * len(weights), len(weights)
    parts = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(amount * weights[at] % total), at))
    for at in by_remainder[: amount - sum(parts)]:
        parts[at] += 1
    return parts


def in_whole(amounts: Sequence[int], unit: int) -> list[int]:
    """Returns amounts in whole units, rounded so that they come to what all of them together are in whole units."""
    parts = [amount // unit for amount in amounts]
    by_remainder = sorted(range(len(amounts)), key=lambda at: (-(amounts[at] % unit), at))
    for at in by_remainder[: sum(amounts) // unit - sum(parts)]:
        parts[at] += 1
    return parts
