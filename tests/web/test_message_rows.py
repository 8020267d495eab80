"""What the page of messages shows of words as they are typed: errors, pieces as they stream, what would change."""

from pathlib import Path

from app import settings
from app.domain.paywalls.messages import PLACEHOLDERS
from app.domain.paywalls.modes import Mode
from app.web.developer.messages.rows import MessageRow, Words, message_rows

PUBLISHED = {"topup": "Pay here: {{ url }}\nThen ask again."}
WORDS = Words("Lexica", Mode.DEFAULT, PUBLISHED)


def row(event: str, **typed: str) -> MessageRow:
    return next(row for row in message_rows(WORDS, typed) if row.event == event)


def test_every_event_has_a_title_and_our_words_where_nobody_wrote_others(data_dir: Path) -> None:
    settings.configure(data=data_dir, public_url="https://pay.acme.example")
    rows = message_rows(WORDS, PUBLISHED)
    assert [found.event for found in rows] == list(PLACEHOLDERS) and all(found.title for found in rows)
    assert {found.event for found in rows if not found.is_ours} == {"topup"}
    assert not any(found.is_changed or found.problem for found in rows)
    shown = "".join(piece.text for piece in rows[0].pieces)
    assert "Lexica may not use your wallet yet" in shown
    link = next(piece.text for piece in rows[0].pieces if piece.look == "link")
    assert link.startswith("https://pay.acme.example/")


def test_what_cannot_be_published_is_said_and_seen_in_the_preview(data_dir: Path) -> None:
    settings.configure(data=data_dir)
    found = row("topup", topup="You are {{ shortfall }} short, {{ user }}: {{ url }}")
    assert found.problem.startswith("This knows no placeholder {{ user }}") and found.is_changed
    assert [piece.text for piece in found.pieces if piece.look == "bad"] == ["{{ user }}"]
    assert "$0.14" in "".join(piece.text for piece in found.pieces)
    assert row("topup", topup="No link").problem and row("topup", topup=" ").problem
    assert row("topup", topup="x" * 2_001 + "{{ url }}").problem


def test_pieces_arrive_one_after_the_other_and_lose_nothing(data_dir: Path) -> None:
    settings.configure(data=data_dir)
    found = row("topup", topup="One  two\n\nthree {{ url }}\nfour")
    text = "".join(piece.text for piece in found.pieces)
    assert text.startswith("One  two\n\nthree http") and text.endswith("\nfour")
    delays = [float(piece.delay.removesuffix("s")) for piece in found.pieces]
    assert delays == sorted(delays) and len(set(delays)) == len(delays)


def test_what_would_change_stands_line_by_line(data_dir: Path) -> None:
    settings.configure(data=data_dir)
    found = row("topup", topup="Pay there: {{ url }}\nThen ask again.")
    assert [(line.sign, line.text) for line in found.diff] == [
        ("-", "Pay here: {{ url }}"), ("+", "Pay there: {{ url }}"), ("", "Then ask again."),
    ]  # fmt: skip
    assert row("topup", **PUBLISHED).diff == []
