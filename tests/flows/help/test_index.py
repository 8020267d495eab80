"""The index finds sections by their words, and says what share of a question they have."""

from app.flows.help.asked.phrasings import Asked
from app.flows.help.index import Index, with_headings
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


def test_evidence_has_the_best_passage_and_how_well_it_fits() -> None:
    evidence = INDEX.find("does a zebra refund a top-up by card", 3)
    best = evidence.found[0]
    assert best.section is REFUND and best.passage == REFUND.text
    assert evidence.fit > INDEX.find("zebra by card", 3).fit > 0


def test_nothing_asked_is_nothing_found() -> None:
    assert INDEX.find("", 3).found == ()


def test_a_section_is_found_by_how_people_ask_for_it() -> None:
    asked = Index([REFUND, LIMITS, CODE], Asked({"limits": ("curb a greedy client",)}, ("how do i boil an egg",)))
    evidence = asked.find("curb greedy clients", 3)
    assert [one.section.id for one in evidence.found] == ["limits"] and evidence.nearest > 0.7
    assert asked.find("how do I boil eggs?", 3).elsewhere > 0.6 and found("curb greedy clients") == []


def test_a_heading_is_a_phrasing_of_its_section() -> None:
    headed = with_headings(Asked({"limits": ("curb a client",)}), [REFUND, LIMITS, CODE])
    assert headed.of_section == {"limits": ("curb a client", "Limits"), "money#back": ("Refunds",)}


def test_what_a_question_names_in_full_is_found_first() -> None:
    event = Section("events", "paywall.updated", "Webhook events", "paywall.updated", "Comes when settings changed.")
    call = Section("operations", "get/v1/ledger", "Operations", "GET /v1/ledger", "Lists what was charged.")
    named = Index([REFUND, event, call], Asked({"money#back": ("what was charged, updated or listed in a paywall",)}))
    assert named.find("what was paywall.updated", 3).found[0].section is event
    assert named.find("what was charged by GET /v1/ledger in a paywall", 3).found[0].section is call
    assert named.find("is updated, what was it", 3).found[0].section is REFUND


def test_an_event_is_named_without_what_all_begin_with_as_well() -> None:
    event = Section("events", "paywall.auto.topup.failed", "Webhook events", "paywall.auto.topup.failed", "No money.")
    named = Index([REFUND, event], Asked({"money#back": ("auto topup failed",)}))
    assert named.find("what is auto.topup.failed", 3).found[0].section is event


def test_what_is_known_to_be_asked_is_found_before_what_has_its_words_more_often() -> None:
    asked = Asked({"money#back": ("a cap again",), "limits": ("cap the cap of a cap", "cap caps by a cap again")})
    assert Index([REFUND, LIMITS], asked).find("a cap again", 3).found[0].section is REFUND
