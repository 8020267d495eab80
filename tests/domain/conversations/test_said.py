"""What is said is read back as it was, cut where it is too long, and named by its first words."""

import orjson

from app.domain.conversations.said import TEXT_CHARACTERS_MAX, TITLE_CHARACTERS_MAX, Answer, Said, title_of


def test_a_turn_is_read_back_as_it_was() -> None:
    answers = (Answer(0, "demo-free", "€ \n🪙"), Answer(1, "demo-flaky", "", error="It failed.", is_stopped=True))
    said = Said("Why?", answers, {"verdict": {"winner": "A"}}, again_of=("req_1", 1))
    assert Said.from_json(orjson.loads(orjson.dumps(said.to_json()))) == said
    assert [one.says_something for one in (*answers, Answer(2, "x", ""))] == [True, True, False]


def test_what_is_too_long_is_cut_and_what_has_no_letters_is_kept_all_the_same() -> None:
    kept = Said("a" * 300_000, (Answer(0, "m", "\ud800" + "b" * 300_000),)).to_json()
    assert len(kept["question"]) == len(kept["answers"][0]["text"]) == TEXT_CHARACTERS_MAX
    assert kept["question"].endswith("…") and orjson.dumps(kept)


def test_a_conversation_is_called_by_the_first_words_of_its_question() -> None:
    assert title_of("  What\n is   it? ") == "What is it?"
    assert len(title_of("word " * 100)) <= TITLE_CHARACTERS_MAX and title_of("word " * 100).endswith("…")
    assert title_of(" \n") == title_of(" " * 20_000_000 + "late") == ""
