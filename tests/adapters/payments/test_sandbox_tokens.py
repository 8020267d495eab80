"""Names hold what they are of, and have one spelling."""

from app.adapters.payments.sandbox_tokens import Tokens, marks_of, written
from app.ports.payments import Marks, TopupKind

TOKENS = Tokens(b"a secret")


def test_values_come_back_under_their_own_prefix_only() -> None:
    name = TOKENS.sign("a_", ["x", 1])
    assert TOKENS.read("a_", name) == ["x", 1]
    assert TOKENS.read("b_", name.replace("a_", "b_")) is None and TOKENS.read("a_", name + "=") is None
    assert Tokens(b"another").read("a_", name) is None and TOKENS.read("a_", "a_é") is None


def test_marks_of_both_forms_come_back() -> None:
    plain = Marks("i", "top_1", "acc", 500, 5)
    assert marks_of(written(plain)) == plain and len(written(plain)) == 6
    counted = Marks("i", "top_1", "acc", 500, 5, TopupKind.AUTO, "2026-11", 3)
    assert marks_of([*written(counted), "USD", "paid"]) == counted
