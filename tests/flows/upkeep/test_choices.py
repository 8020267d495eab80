"""What an operator chooses is kept once, within bounds, and logged with what was before."""

import asyncio

import pytest

from app import db
from app.domain.errors import BadField, NotFound
from app.domain.instance.choices import CHOICES, Value
from app.domain.operators.operators import Operator, find_operator, read_changes
from app.flows.upkeep.choices import choose, read
from app.settings import Settings
from tests.support.managing import OPERATOR, person

SAID: dict[str, Value] = {name: Settings.model_fields[name].default for name in CHOICES}

pytestmark = pytest.mark.usefixtures("database")


def operator() -> Operator:
    return find_operator(person(OPERATOR), frozenset({OPERATOR}))


def logged() -> list[tuple[str, object]]:
    with db.transaction(writes=False) as session:
        return [(one.about, one.what) for one in reversed(read_changes(session, 9))]


async def test_each_change_is_logged_with_what_was_before_and_what_is() -> None:
    who = operator()
    assert await read() == {}
    assert await choose(who, "fee_basis_points", "1.5", SAID)
    assert not await choose(who, "fee_basis_points", "1.50 %", SAID)
    assert await choose(who, "fee_basis_points", "2", SAID)
    assert await read() == {"fee_basis_points": 200}
    assert await choose(who, "fee_basis_points", None, SAID)
    assert not await choose(who, "fee_basis_points", None, SAID)
    assert await read() == {}
    assert logged() == [
        ("Platform fee", {"was": "1 %", "is": "1.5 %"}), ("Platform fee", {"was": "1.5 %", "is": "2 %"}),
        ("Platform fee", {"was": "2 %", "is": "1 %"}),
    ]  # fmt: skip


async def test_what_cannot_be_is_neither_kept_nor_logged() -> None:
    who = operator()
    with pytest.raises(BadField):
        await choose(who, "fee_basis_points", "51", SAID)
    with pytest.raises(NotFound):
        await choose(who, "secret_key", "x", SAID)
    await choose(who, "topup_cents_most", "20", SAID)
    with pytest.raises(BadField, match=r"Least top-up \(\$30.00\) would be more than largest top-up"):
        await choose(who, "topup_cents_least", "30", SAID)
    assert await read() == {"topup_cents_most": 2_000} and len(logged()) == 1


async def test_of_two_that_exclude_each_other_one_is_kept() -> None:
    who = operator()
    chosen = [choose(who, "topup_cents_least", "50", SAID), choose(who, "topup_cents_most", "40", SAID)]
    done = await asyncio.gather(*chosen, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["BadField", "bool"]
    assert len(await read()) == len(logged()) == 1
