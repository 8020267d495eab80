"""The index finds sections by their words, and says what share of a question they have."""

from app.flows.help.index import Index
from app.flows.help.sections import Section

REFUND = Section("money", "back", "Money", "Refunds", "What is unspent of a top-up goes back to the card.")
LIMITS = Section("limits", "", "Limits", "", "Requests a minute, tokens a minute, spending a day of one user.")
CODE = Section("codes", "spend_per_day", "Error codes", "spend_per_day", "The day's spending limit is reached.")
INDEX = Index([REFUND, LIMITS, CODE])


def found(question: str) -> list[str]:
    return [one.section.id for one in INDEX.find(question, 3).found]


def test_a_section_is_found_by_title_heading_text_and_other_forms_of_a_word() -> None:
    assert found("refunded?") == found("how do I get my money back") == ["money#back"]
    assert found("limit")[0] == "limits" and found("minutes") == ["limits"]
    assert found("spend_per_day") == ["codes#spend_per_day"] and found("zebra") == []


def test_evidence_says_which_words_are_ours_and_which_nobody_knows() -> None:
    evidence = INDEX.find("does a zebra refund a top-up by card", 3)
    best = evidence.found[0]
    assert best.section is REFUND and best.having == {"refund", "topup", "card"}
    assert (evidence.unknown, evidence.subjects) == ({"zebra"}, {"refund", "topup", "card"})
    assert 0 < best.share < 1 and best.passage == REFUND.text


def test_nothing_asked_is_nothing_found() -> None:
    assert INDEX.find("", 3).found == ()
