"""What several models said is written with whole credits, dollars, and the names that the judge never read."""

from app.api.account.written import event_of, last_events, sums_of, whole_of
from app.domain.ledger.operations import Applied
from app.domain.legs.tables import LegStatus
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import Price, Tokens
from app.domain.usage.requests import Asked, Metered
from app.domain.usage.tables import RequestKind, RequestMode
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.user import Standing
from app.flows.chat.call import Call
from app.flows.chat.decide import Basis
from app.flows.chat.hold import Held
from app.flows.modes.carrying import Result
from app.flows.modes.feed import Ended, Said
from app.flows.modes.members import Member, Panel
from app.flows.modes.plan import TOO_LONG, Plan, plan
from app.flows.modes.stories import Outcome
from app.flows.modes.verdict import Score, Verdict
from app.flows.providers.attempt import Attempts
from app.flows.providers.breakers import Breakers
from app.formats.account.modes import Asking, Strategy

PAYWALL = {"request_id": "req_1", "charge": "3", "balance": "17000000"}
SAID = [{"role": "user", "content": "Which colour?"}]
OFFERS = {
    model: Offer(Price(f"prc_{model}", model, 1, Unit.CREDIT, NANOS, NANOS, NANOS), model, "", None, 1_000, None, 0)
    for model in ("a", "b", "c", "w")
}
HERE = Snapshot("pw_1", "key_1", Mode.CREDITS, Environment.SANDBOX, Unit.CREDIT, 1,
                Configuration("Credits", (ProviderSetting("demo"),)), OFFERS, frozenset(), (),
                account_id="acc_1")  # fmt: skip


def answered(member: Member | None, text: str) -> None:
    assert member is not None
    member.text = text if member.marks is None else member.marks.feed(text) + member.marks.end()
    member.end(LegStatus.ANSWERED, None, Metered(Tokens(10, 20)))


def panel_of(kind: RequestMode, written: str = "Both.") -> Panel:
    """Returns a panel of `a` and `b`, which have answered, and of `w`, which has too; `c` was left out."""
    asking = Asking(kind, ["a", "b", "c"], SAID, is_stream=True, writer=None if kind is RequestMode.COMPARE else "w",
                    strategy=Strategy.COUNCIL if kind is RequestMode.BLEND else None)  # fmt: skip
    planned = plan(Basis(HERE, Standing()), asking, {"c": TOO_LONG})
    assert isinstance(planned, Plan)
    for member in planned.answering:
        answered(member, "Blue.")
    if planned.writer is not None:
        answered(planned.writer, written)
    asked = Asked("req_1", None, HERE.wallet("acc_1"), RequestKind.CHAT, kind.value, "demo", True, Unit.CREDIT, None)
    call = Call(HERE, "acc_1", None, planned.legs[0].request, "req_1")
    held = Held(HERE, asked, Standing())
    return Panel(call, asking, held, Attempts(Breakers()), planned.answering, planned.writer, planned.dropped)


def test_every_event_says_whose_it_is() -> None:
    _, one = panel_of(RequestMode.COMPARE).answering
    assert event_of(Said(one, "Bl")) == {"model": "b", "leg": 1, "delta": "Bl", "done": False}
    shown, ended = event_of(Ended(one, shows_text=True)), event_of(Ended(one))
    assert (shown["event"], shown["content"], ended["event"]) == ("source", "Blue.", "leg") and "content" not in ended
    assert (ended["leg"], ended["status"], ended["billing_source"]) == (1, "answered", "platform")


def test_sums_are_numbers_and_of_all_legs() -> None:
    sums = sums_of(Result(panel_of(RequestMode.JUDGE), Outcome(), Applied()), PAYWALL)
    assert (sums["credits_charged"], sums["credits_remaining"], sums["cost"]) == (3, 17, 0.03)
    assert (sums["prompt_tokens"], sums["completion_tokens"]) == (30, 60)


def test_a_verdict_has_names_again_best_first() -> None:
    panel = panel_of(RequestMode.JUDGE)
    a, b = panel.answering
    verdict = Verdict(0, [Score(0, 9, "Right."), Score(1, 9.5, "Better.")], "So.")
    told = whole_of(Result(panel, Outcome(verdict=verdict, read=[b, a]), Applied()), {"id": "req_1"})
    assert told["verdict"]["winner"] == "b"
    assert [(one["model"], one["score"], one["shown_as"]) for one in told["verdict"]["scores"]] == [
        ("a", 9.5, "B"), ("b", 9, "A")
    ]  # fmt: skip
    assert told["winner_response"] == {"model": "b", "leg": 1, "content": "Blue."}
    assert [one["model"] for one in told["contestants"]] == ["a", "b"] and "content" not in told["contestants"][0]
    assert told["judge"]["model"] == "w" and told["dropped"] == [{"model": "c", "reason": "too_long"}]


def test_where_nobody_won_no_answer_is_the_winners() -> None:
    panel = panel_of(RequestMode.JUDGE)
    tied = Outcome(verdict=Verdict(None, [Score(0, 9, "Same."), Score(1, 9, "Same.")], "So."), read=panel.answering)
    for outcome in (tied, Outcome(reason="funds")):
        assert whole_of(Result(panel, outcome, Applied()), {"id": "req_1"})["winner_response"] is None


def test_a_summary_says_who_was_quick_and_who_said_most() -> None:
    panel = panel_of(RequestMode.COMPARE)
    a, b = panel.answering
    a.milliseconds, b.milliseconds, b.text = 20, 10, "Blue, and so on."
    whole = whole_of(Result(panel, Outcome(), Applied()), {"id": "req_1"})
    assert whole["summary"] == {
        "fastest": "b", "longest": "b",
        "models": {"a": {"latency_ms": 20, "tokens": 20}, "b": {"latency_ms": 10, "tokens": 20}},
    }  # fmt: skip
    summary, _done = last_events(Result(panel, Outcome(), Applied()), {"id": "req_1"})
    assert (summary["fastest"], summary["models"]) == ("b", whole["summary"]["models"])


def test_the_charge_is_shared_among_those_who_are_paid_for_in_dollars() -> None:
    panel = panel_of(RequestMode.COMPARE)
    panel.note()
    told = whole_of(Result(panel, Outcome(), Applied(amount=3 * NANOS)), {"id": "req_1"})
    assert [one["cost"] for one in told["responses"]] == [0.015, 0.015]


def test_without_a_verdict_there_is_the_reason() -> None:
    last = last_events(Result(panel_of(RequestMode.JUDGE), Outcome(reason="funds"), Applied()), {"id": "req_1"})
    assert [one["event"] for one in last] == ["verdict", "summary", "done"]
    assert (last[0]["verdict"], last[0]["reason"], last[2]["reason"]) == (None, "funds", "funds")


def test_one_answer_of_several_stands_beside_those_that_it_is_made_of() -> None:
    panel = panel_of(RequestMode.BLEND, "Both. [A, B]\n\nOne. [B]")
    outcome = Outcome(final=panel.writer, read=panel.answering)
    told = whole_of(Result(panel, outcome, Applied()), {"id": "req_1"})
    assert (told["content"], told["strategy"], len(told["responses"])) == ("Both.\n\nOne.", "council", 2)
    assert told["parts"] == [[0, 1], [1]]
    assert (told["source_models"], told["synthesizer"], told["synthesis"]["leg"]) == (["a", "b"], "w", 2)
    alone = whole_of(Result(panel, Outcome(reason="funds"), Applied()), {"id": "req_1"})
    assert (alone["content"], alone["reason"]) == ("", "funds") and "parts" not in alone
