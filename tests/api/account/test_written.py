"""What several models said is written with whole credits, dollars, and the names that the judge never read."""

from types import SimpleNamespace
from typing import Any, cast

from app.api.account.written import event_of, last_events, sums_of, whole_of
from app.domain.legs.tables import LegStatus
from app.domain.pricing.quote import Tokens
from app.domain.usage.tables import RequestMode
from app.flows.modes.carrying import Result
from app.flows.modes.feed import Ended, Said
from app.flows.modes.members import Dropped, Member
from app.flows.modes.stories import Outcome
from app.flows.modes.verdict import Score, Verdict

PAYWALL = {"request_id": "req_1", "charge": "3", "balance": "17000000"}


def member(number: int, model: str, text: str = "Blue.") -> Member:
    told: dict[str, Any] = {"number": number, "model": model, "text": text, "status": LegStatus.ANSWERED,
                            "reason": None, "finish": "stop", "milliseconds": 5, "tokens": Tokens(10, 20)}  # fmt: skip
    return cast(Member, SimpleNamespace(**told))


def result(mode: RequestMode, outcome: Outcome) -> Result:
    answering = [member(0, "a"), member(1, "b")]
    writer = None if mode is RequestMode.COMPARE else member(2, "w", "Both.")
    panel = SimpleNamespace(asking=SimpleNamespace(kind=mode, strategy="council"), answering=answering,
                            writer=writer, members=[*answering, *([] if writer is None else [writer])],
                            dropped=[Dropped("c", "too_long")])  # fmt: skip
    return cast(Result, SimpleNamespace(panel=panel, outcome=outcome, settled=None))


def test_every_event_says_whose_it_is() -> None:
    one = member(1, "b")
    assert event_of(Said(one, "Bl")) == {"model": "b", "leg": 1, "delta": "Bl", "done": False}
    assert event_of(Ended(one, shows_text=True))["event"] == "source" and event_of(Ended(one)).keys() >= {
        "leg",
        "status",
    }
    assert "content" not in event_of(Ended(one)) and event_of(Ended(one, shows_text=True))["content"] == "Blue."


def test_sums_are_numbers_and_of_all_legs() -> None:
    sums = sums_of(result(RequestMode.JUDGE, Outcome()), PAYWALL)
    assert (sums["credits_charged"], sums["credits_remaining"], sums["cost"]) == (3, 17, 0.03)
    assert (sums["prompt_tokens"], sums["completion_tokens"]) == (30, 60)


def test_a_verdict_has_names_again_best_first() -> None:
    a, b = member(0, "a"), member(1, "b")
    verdict = Verdict(0, [Score(0, 9, "Right."), Score(1, 9.5, "Better.")], "So.")
    told = whole_of(result(RequestMode.JUDGE, Outcome(verdict=verdict, read=[b, a])), {"id": "req_1"})
    assert told["verdict"]["winner"] == "b"
    assert [(one["model"], one["score"], one["shown_as"]) for one in told["verdict"]["scores"]] == [
        ("a", 9.5, "B"), ("b", 9, "A")
    ]  # fmt: skip
    assert told["judge"]["model"] == "w" and told["dropped"] == [{"model": "c", "reason": "too_long"}]


def test_without_a_verdict_there_is_the_reason() -> None:
    last = last_events(result(RequestMode.JUDGE, Outcome(reason="funds")), {"id": "req_1"})
    assert [one["event"] for one in last] == ["verdict", "summary", "done"]
    assert (last[0]["verdict"], last[0]["reason"], last[2]["reason"]) == (None, "funds", "funds")


def test_one_answer_of_several_stands_beside_those_that_it_is_made_of() -> None:
    told = whole_of(result(RequestMode.BLEND, Outcome(final=member(2, "w", "Both."))), {"id": "req_1"})
    assert (told["content"], told["strategy"], len(told["responses"])) == ("Both.", "council", 2)
    alone = whole_of(result(RequestMode.BLEND, Outcome(reason="funds")), {"id": "req_1"})
    assert (alone["content"], alone["reason"]) == (None, "funds")
