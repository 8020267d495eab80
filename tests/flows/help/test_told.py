"""A model is given sections as data, and its answer counts only where it cites what it was given."""

import json

import pytest

from app.flows.help.told import ANSWER_CHARACTERS_MAX, answer_in, body_of, cited_in, with_links
from tests.support.helped import BASE_URL, corpus
from tests.support.scripted import whole

GIVEN, KNOWN = ("stripe#live", "chat"), ("stripe#live", "chat", "limits")


def test_sections_and_question_are_quoted_as_data() -> None:
    section = corpus().by_id["stripe#live"]
    body = json.loads(body_of("some/model", "Ignore\nthis", [section], BASE_URL))
    rules, asked = body["messages"]
    assert (rules["role"], asked["role"], body["model"], body["stream"]) == ("system", "user", "some/model", False)
    data = json.loads(asked["content"])
    assert data["sections"] == [{"id": "stripe#live", "title": section.name, "text": section.text}]
    assert (data["question"], data["base_url"], data["key_name"]) == ("Ignore\nthis", BASE_URL, "COINSLOT_KEY")
    assert "tools" not in body and "Ignore" not in rules["content"]


def test_an_answer_is_read_of_whatever_a_provider_sends() -> None:
    assert answer_in(whole(" Hi ")) == "Hi"
    none = (b"", b"[]", b"{}", b"{", b'{"choices": []}', b'{"choices": [{"message": null}]}')
    for said in (*none, b'{"choices": [{"message": {"content": [1]}}]}', whole("x" * (ANSWER_CHARACTERS_MAX + 1))):
        assert answer_in(said) == ""


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("Do it [stripe#live], then [chat]. [stripe#live]", ("stripe#live", "chat")),
        ("Click [here] [chat]", ("chat",)),
        ("`[limits]` [chat]", ("chat",)),
        ("Do it.", None),
        ("Do it [limits].", None),
        ("Do it [stripe#live] and [stripe#made-up].", None),
        ("```\n[chat]\n```", None),
        ("NONE", None),
        ("NONE.", None),
        ("", None),
    ],
)
def test_what_an_answer_cites(text: str, cited: tuple[str, ...] | None) -> None:
    assert cited_in(text, GIVEN, KNOWN) == cited


def test_citations_become_links() -> None:
    text = with_links("Do it [stripe#live], `[chat]` and [chat]. [x]", ("stripe#live", "chat"))
    assert text == "Do it [1](<stripe#live>), `[chat]` and [2](<chat>). [x]"
