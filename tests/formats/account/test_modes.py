"""What the clients ask of several models is taken as it is, or refused by the name of the field."""

from typing import Any

import pytest

from app.domain.errors import BadField
from app.domain.usage.tables import RequestMode
from app.formats.account.modes import Strategy, read_blend, read_compare, read_judge

SAID = [{"role": "user", "content": "Hello"}]


def test_all_that_the_clients_send_is_read() -> None:
    asking = read_compare({"models": ["a", "b"], "messages": SAID, "stream": False, "temperature": 0.5,
                           "max_tokens": 9, "semantic_memory": True, "semantic_top_k": 3,
                           "semantic_min_score": 0.1, "conversation_id": None})  # fmt: skip
    assert (asking.mode, asking.models, asking.is_stream) == (RequestMode.COMPARE, ["a", "b"], False)
    assert asking.options == {"temperature": 0.5, "max_tokens": 9}


def test_an_absent_stream_means_true() -> None:
    assert read_compare({"models": ["a", "b"], "messages": SAID}).is_stream


def test_who_writes_is_the_first_model_where_nobody_is_named() -> None:
    asking = read_blend({"models": ["a", "b"], "messages": SAID})
    assert (asking.writer, asking.strategy) == ("a", Strategy.CONSENSUS)
    named = read_blend({"models": ["a", "b"], "messages": SAID, "strategy": "best_of", "synthesizer": "c"})
    assert (named.writer, named.strategy) == ("c", Strategy.BEST_OF)
    assert read_blend({"models": ["a", "b"], "messages": SAID, "strategy": "chain"}).writer is None


def test_a_judge_has_criteria() -> None:
    asking = read_judge({"contestants": ["a", "b"], "judge": "c", "messages": SAID, "criteria": ["truth"]})
    assert (asking.writer, asking.criteria) == ("c", ["truth"])


@pytest.mark.parametrize(
    ("read", "changed", "field", "code"),
    [
        (read_compare, {"models": ["a"]}, "models", "invalid_value"),
        (read_compare, {"models": [f"m{n}" for n in range(10)]}, "models", "invalid_value"),
        (read_compare, {"models": ["a", "a"]}, "models", "invalid_value"),
        (read_compare, {"models": "a,b"}, "models", "invalid_value"),
        (read_compare, {"models": ["a", 3]}, "models", "invalid_value"),
        (read_compare, {"tools": []}, "tools", "unsupported_field"),
        (read_compare, {"own_messages": {"other": [{"role": "user"}]}}, "own_messages", "invalid_value"),
        (read_compare, {"own_messages": {"a": []}}, "own_messages", "invalid_value"),
        (read_compare, {"n": 2}, "n", "unsupported_field"),
        (read_compare, {"stream": "yes"}, "stream", "invalid_value"),
        (read_compare, {"messages": []}, "messages", "invalid_value"),
        (read_blend, {"strategy": "moa"}, "strategy", "unsupported_field"),
        (read_blend, {"strategy": "self_moa"}, "strategy", "unsupported_field"),
        (read_blend, {"layers": 2}, "layers", "unsupported_field"),
        (read_blend, {"strategy": "chain", "synthesizer": "a"}, "synthesizer", "invalid_value"),
        (read_judge, {"contestants": ["a", "b"]}, "judge", "invalid_value"),
        (read_judge, {"contestants": ["a", "b"], "judge": "b"}, "judge", "invalid_value"),
        (read_judge, {"contestants": list("abcde"), "judge": "j"}, "contestants", "invalid_value"),
        (read_judge, {"contestants": ["a", "b"], "judge": "j", "criteria": [""]}, "criteria", "invalid_value"),
        (read_judge, {"contestants": ["a", "b"], "judge": "j", "criteria": ["\ud800"]}, "criteria", "invalid_value"),
        (read_judge, {"contestants": ["a", "b"], "judge": "\ud800"}, "judge", "invalid_value"),
        (read_blend, {"synthesizer": "\ud800"}, "synthesizer", "invalid_value"),
        (read_compare, {"models": ["a", "\ud800"]}, "models", "invalid_value"),
    ],
)  # fmt: skip
def test_what_is_not_offered_is_named(read: Any, changed: dict[str, Any], field: str, code: str) -> None:
    body = {"messages": SAID, **({} if read is read_judge else {"models": ["a", "b"]}), **changed}
    with pytest.raises(BadField) as refused:
        read(body)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_each_model_hears_its_own_past_answers_where_it_has_some() -> None:
    said, own = [{"role": "user", "content": "Hi"}], [{"role": "user", "content": "Mine"}]
    asking = read_compare({"models": ["a", "b"], "messages": said, "own_messages": {"b": own}, "conversation_id": "c"})
    assert (asking.messages, asking.own_messages) == (said, {"b": own})
