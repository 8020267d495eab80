"""The page of credits says what the automatic top-up does."""

from typing import Any

import pytest

from app.domain.cards.tables import AutoTopup, Switch
from app.domain.credits.history import Entry, EntryKind
from app.domain.money import NANOS
from app.web.end_user.credits.rows import auto_words, entry_row


@pytest.mark.parametrize(
    ("switch", "said"),
    [
        (Switch.ON, " is on: $20.00 whenever you have less than 500 credits."),
        (Switch.CLICK, " waits: look what it needs."),
        (Switch.PAUSED, " is paused: your card was declined."),
        (Switch.OFF, ""),
    ],
)
def test_what_the_automatic_top_up_does_is_said_in_words(switch: Switch, said: str) -> None:
    terms: dict[str, Any] = {"threshold_nanos": 500 * NANOS, "amount_cents": 2_000, "cap_cents": 10_000, "fee_cents": 0}
    rule = AutoTopup(switch=switch, **terms)
    assert auto_words(rule) == said
    assert auto_words(None) == ""


@pytest.mark.parametrize("kind", [EntryKind.RESERVE, EntryKind.SETTLE])
def test_each_line_of_a_request_names_the_id_that_its_receipt_is_looked_up_by(kind: EntryKind) -> None:
    row = entry_row(Entry(f"req_1:{kind}", kind, -NANOS, 0, "demo-free"), {})
    assert (row.id, row.cursor) == ("req_1", f"req_1:{kind}")
