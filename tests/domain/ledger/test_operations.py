"""What tells a repeated operation from another one under the same key."""

import pytest

from app.domain.ledger.operations import Charge, Epoch, Hold, Post, Transfer, inputs_hash, posting_hash
from tests.domain.ledger.money import OTHER_WALLET, WALLET, WORLD, to_revenue

HOLD = Hold("hold:1", WALLET, most=2, least=1, bound=3, owner="process", budgets=("cap:1",))
CHARGE = Charge("hold:1", WALLET, 2, to_revenue())
POST = Post("d:1", (Transfer(WORLD, WALLET, 5, "deposit"),))


@pytest.mark.parametrize(
    ("operation", "other"),
    [
        (HOLD, Hold("hold:1", OTHER_WALLET, 2, 1, 3, "process", budgets=("cap:1",))),
        (HOLD, Hold("hold:1", WALLET, 2, 1, 4, "process", budgets=("cap:1",))),
        (HOLD, Hold("hold:1", WALLET, 2, 1, 3, "process")),
        (HOLD, CHARGE),
        (CHARGE, Charge("hold:1", WALLET, 3, to_revenue())),
        (POST, Post("d:1", (Transfer(WORLD, WALLET, 6, "deposit"),))),
        (POST, Post("d:1", (Transfer(WORLD, WALLET, 5, "gift"),))),
        (POST, Post("d:1", (*POST.transfers, *POST.transfers))),
        (POST, Post("d:1", POST.transfers, is_chargeback=True)),
    ],
)
def test_other_inputs_have_another_hash(operation: Hold | Charge | Post, other: Hold | Charge | Post) -> None:
    assert inputs_hash(operation) != inputs_hash(other)


def test_what_a_retry_may_change_is_not_part_of_the_hash() -> None:
    """The process that asks and what it decided on may be another; the money is the same."""
    again = Hold("hold:1", WALLET, 2, 1, 3, "other", budgets=("cap:1",), epochs=(Epoch("key:1", 4),))
    assert inputs_hash(again) == inputs_hash(HOLD)
    assert inputs_hash(Charge("hold:1", WALLET, 2, to_revenue(OTHER_WALLET))) == inputs_hash(CHARGE)


def test_a_posting_has_the_hash_that_its_stored_transfers_give() -> None:
    assert inputs_hash(POST) == posting_hash(False, [(WORLD.id, WALLET.id, 5, "deposit")])
