"""What each mode does with several models, what that costs, and what of it is a line of the receipt."""

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from app import db
from app.api.account.written import last_events
from app.domain.credits.history import read_history
from app.domain.errors import ProviderFailed
from app.domain.money import NANOS
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.receipts import Receipt
from app.domain.usage.requests import read_receipt
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.modes.feed import Piece
from app.flows.modes.members import Panel
from app.flows.modes.stories import NotEnough
from app.formats.account.modes import Asking, read_blend, read_compare, read_judge
from tests.support.books import assert_books_balance, running_queue
from tests.support.credits import credits_of
from tests.support.panels import SAID, Models, Panels, Said, credits_a_thousand, owed_for, paying, saying, spoken

pytestmark = pytest.mark.plain_sql


def comparing(*models: str, **more: object) -> Asking:
    return read_compare({"models": list(models), "messages": SAID, "max_tokens": 200, **more})


def receipt_of(snapshot: Snapshot, request_id: str) -> Receipt:
    with db.transaction(writes=False) as session:
        return read_receipt(session, snapshot.paywall_id, request_id)


async def test_nine_legs_of_two_hundredths_of_a_credit_cost_one_credit(database: str) -> None:
    names = [f"m{number}" for number in range(9)]
    ada, snapshot = await paying([credits_a_thousand(name, "0.1") for name in names])
    models = Models({name: saying("Blue.") for name in names})
    async with running_queue() as queue:
        result, pieces = await Panels(queue, models).ask(snapshot, comparing(*names))
    assert result.settled.amount == NANOS and credits_of(ada).posted_nanos == 319 * NANOS
    told = receipt_of(snapshot, result.panel.held.asked.id)
    assert [leg.amount for leg in told.legs] == ["0.02"] * 9 and {leg.status for leg in told.legs} == {"answered"}
    with db.transaction(writes=False) as session:
        account = result.panel.held.asked.wallet.account
        found = read_history(session, account, 2)
    assert [entry.nanos for entry in found] == [NANOS, -2 * NANOS]
    assert_books_balance()
    assert len(pieces) == 9 * 4


async def test_a_leg_that_fails_is_named_at_nothing_and_the_others_are_rounded_once(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand("a", "6"), credits_a_thousand("b", "4.5"), credits_a_thousand("c")])
    models = Models({"a": saying("Blue."), "b": saying("Green."), "c": ProviderFailed("It fell over.", 500)})
    async with running_queue() as queue:
        result, _ = await Panels(queue, models).ask(snapshot, comparing("a", "b", "c"))
    assert result.settled.amount == 3 * NANOS
    told = receipt_of(snapshot, result.panel.held.asked.id)
    assert [(leg.model, leg.amount, leg.status, leg.reason) for leg in told.legs] == [
        ("a", "1.2", "answered", None),
        ("b", "0.9", "answered", None),
        ("c", "0", "failed", "provider_error"),
    ]
    assert_books_balance()


FELL_OVER = ProviderFailed("It fell over.", 500)


def judging(*contestants: str, judge: str = "j", **more: Any) -> Asking:
    return read_judge({"contestants": list(contestants), "judge": judge, "messages": SAID, "max_tokens": 100, **more})


def blending(*models: str, **more: Any) -> Asking:
    return read_blend({"models": list(models), "messages": SAID, "max_tokens": 100, **more})


def verdict(winner: str = "A", letters: str = "AB") -> str:
    scores = {letter: {"score": 9 if letter == winner else 4, "reason": "So it is."} for letter in letters}
    return json.dumps({"winner": winner, "scores": scores, "reason": "It is right."})


async def test_of_only_failures_nobody_pays_anything_and_each_is_named(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand("a"), credits_a_thousand("b")])
    models = Models({"a": FELL_OVER, "b": saying("   ")})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, comparing("a", "b"), "req_1")
        with pytest.raises(NotEnough, match="0 of 2 models answered"):
            await panels.carrier.whole(panel)  # type: ignore[arg-type]
    told = receipt_of(snapshot, "req_1")
    assert (told.status, told.charge) == ("released", "0") and credits_of(ada).posted_nanos == 320 * NANOS
    assert [(leg.status, leg.reason) for leg in told.legs] == [
        ("failed", "provider_error"),
        ("failed", "empty_answer"),
    ]
    assert_books_balance()


async def test_an_answer_that_breaks_off_is_charged_as_far_as_it_came(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand("a"), credits_a_thousand("b")])
    broken: list[Any] = [spoken("The sea is "), spoken("blue."), FELL_OVER]
    models = Models({"a": broken, "b": saying("Green.")})
    async with running_queue() as queue:
        result, _ = await Panels(queue, models).ask(snapshot, comparing("a", "b"))
    first = receipt_of(snapshot, result.panel.held.asked.id).legs[0]
    assert (first.status, first.reason, first.estimated) == ("cut", "provider_error", True)
    assert first.tokens and first.charge != "0"
    assert_books_balance()


async def test_several_answers_become_one_and_the_writer_reads_them_without_names(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand(name) for name in ("a", "b", "c")])
    models = Models({"a": saying("Blue."), "b": saying("Green."), "c": saying("Blue or green.")})
    async with running_queue() as queue:
        result, pieces = await Panels(queue, models).ask(snapshot, blending("a", "b", synthesizer="c"))
    assert result.outcome.final is not None and result.outcome.final.text == "Blue or green."
    said = models.sent["c"][0]["messages"][-1]["content"]
    assert "Blue." in said and "Green." in said and '<answer name="A">' in said
    # Of whose answers are read nobody hears anything before they have ended.
    shown = [piece.text for piece in pieces if piece.member.model != "c"]
    assert sorted(shown) == ["Blue.", "Green."]
    assert [leg.status for leg in receipt_of(snapshot, result.panel.held.asked.id).legs] == ["answered"] * 3
    assert_books_balance()


@pytest.mark.parametrize("strategy", ["consensus", "council", "best_of"])
async def test_each_strategy_asks_its_writer_for_something_else(database: str, strategy: str) -> None:
    _, snapshot = await paying([credits_a_thousand(name) for name in ("a", "b")])
    models = Models({"a": lambda _: saying("Blue."), "b": saying("Green.")})
    async with running_queue() as queue:
        result, _ = await Panels(queue, models).ask(snapshot, blending("a", "b", strategy=strategy))
    assert [body["messages"] == SAID for body in models.sent["a"]] == [True, False], "without one the first writes"
    assert {"consensus": "agree on. Leave out", "council": "three parts", "best_of": "Take the best"}[strategy] in (
        models.sent["a"][1]["messages"][-1]["content"]
    )
    assert result.outcome.final is result.panel.writer
    assert_books_balance()


async def test_a_chain_goes_on_from_the_last_answer_that_there_was(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand(name) for name in ("a", "b", "c")])
    models = Models({"a": saying("Blue."), "b": FELL_OVER, "c": saying("Blue, by day.")})
    async with running_queue() as queue:
        result, _ = await Panels(queue, models).ask(snapshot, blending("a", "b", "c", strategy="chain"))
    assert result.outcome.final is not None and result.outcome.final.text == "Blue, by day."
    assert "Blue." in models.sent["c"][0]["messages"][-1]["content"]
    assert [leg.status for leg in receipt_of(snapshot, result.panel.held.asked.id).legs] == [
        "answered", "failed", "answered"
    ]  # fmt: skip
    assert_books_balance()


async def test_a_blend_of_one_answer_is_none_and_costs_nothing(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand("a"), credits_a_thousand("b")])
    async with running_queue() as queue:
        panels = Panels(queue, Models({"a": saying("Blue."), "b": FELL_OVER}))
        panel = await panels.begin(snapshot, blending("a", "b"), "req_1")
        assert isinstance(panel, Panel)
        with pytest.raises(NotEnough):
            await panels.carrier.whole(panel)
    assert receipt_of(snapshot, "req_1").status == "released"
    assert owed_for("req_1") == (2 * NANOS, 2 * NANOS), "what the one used is the house's to pay"
    assert credits_of(ada).posted_nanos == 320 * NANOS == credits_of(ada).posted_nanos - credits_of(ada).held_nanos
    assert_books_balance()


@pytest.mark.parametrize("strategy", ["consensus", "chain"])
async def test_of_a_blend_that_comes_to_nothing_nobody_is_shown_an_answer(database: str, strategy: str) -> None:
    """Who brings a key of their own decides when its model fails: what was shown by then would be theirs for free."""
    ada, snapshot = await paying([credits_a_thousand("a"), credits_a_thousand("b")])
    async with running_queue() as queue:
        panels = Panels(queue, Models({"a": saying("Blue."), "b": FELL_OVER}))
        panel, shown = await panels.begin(snapshot, blending("a", "b", strategy=strategy)), list[Piece]()

        async def show(piece: Piece) -> None:
            shown.append(piece)

        with pytest.raises(NotEnough):
            await panels.carrier.stream(panel, show)  # type: ignore[arg-type]
    assert [(piece.member.model, piece.text) for piece in shown] == [("b", "")]
    assert credits_of(ada).posted_nanos == 320 * NANOS
    assert_books_balance()


async def test_a_chain_ends_before_all_of_it_takes_too_long_and_is_charged(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in "abc"])
    passed = [0.0]
    monkeypatch.setattr("app.flows.modes.stories.clock", SimpleNamespace(monotonic_seconds=lambda: passed[0]))

    def long(_sent: dict[str, Any]) -> Sequence[Said]:
        passed[0] += 300
        return saying("Blue.")

    async with running_queue() as queue:
        panels = Panels(queue, Models(dict.fromkeys("abc", long)))
        result, pieces = await panels.ask(snapshot, blending("a", "b", "c", strategy="chain"))
    assert [piece.text for piece in pieces] == ["Blue."] * 2 and result.outcome.final is result.panel.answering[1]
    told = receipt_of(snapshot, result.panel.id).legs
    assert [(leg.status, leg.reason) for leg in told] == [("answered", None)] * 2 + [("skipped", "too_slow")]
    assert 0 < result.settled.amount == 320 * NANOS - credits_of(ada).posted_nanos
    assert_books_balance()


async def test_a_verdict_is_read_by_letters_and_told_by_names(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand(name) for name in ("a", "b", "j")])
    models = Models({"a": saying("Blue."), "b": saying("Green."), "j": saying(verdict("B"))})
    async with running_queue() as queue:
        result, _ = await Panels(queue, models).ask(snapshot, judging("a", "b", criteria=["brevity"]))
    outcome, sent = result.outcome, json.dumps(models.sent["j"])
    assert outcome.verdict is not None and outcome.verdict.winner == 1
    told = receipt_of(snapshot, result.panel.held.asked.id).legs[2]
    assert told.status == "answered" and told.seed == result.panel.writer.seed  # type: ignore[union-attr]
    read = [member.text for member in outcome.read]
    assert sent.index(read[0]) < sent.index(read[1]) and "brevity" in sent
    assert_books_balance()


@pytest.mark.parametrize("text", ["Blue wins.", "{}", f"{verdict()} {verdict()}", verdict("C"), verdict()[:-5]])
async def test_a_judge_without_one_verdict_is_free_and_the_answers_stand(database: str, text: str) -> None:
    _, snapshot = await paying([credits_a_thousand(name) for name in ("a", "b", "j")])
    models = Models({"a": saying("Blue."), "b": saying("Green."), "j": saying(text)})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        for _ in range(2):
            result, _ = await panels.ask(snapshot, judging("a", "b"))
            assert (result.outcome.verdict, result.outcome.reason) == (None, "no_verdict")
            legs = receipt_of(snapshot, result.panel.held.asked.id).legs
            assert [(leg.status, leg.charge) for leg in legs] == [("answered", "2"), ("answered", "2"), ("failed", "0")]
            assert owed_for(result.panel.id) == (6 * NANOS, 2 * NANOS), "its provider is owed for it all the same"
    assert_books_balance()


async def test_who_cannot_pay_the_first_hold_is_refused_before_anybody_is_asked(database: str) -> None:
    """The judge's estimate is in the hold: both answers alone would have cost a credit."""
    prices = [credits_a_thousand("a", "0.1"), credits_a_thousand("b", "0.1"), credits_a_thousand("j", "1000")]
    _, snapshot = await paying(prices)
    models = Models({})
    async with running_queue() as queue:
        asked = await Panels(queue, models).begin(snapshot, judging("a", "b"))
    assert isinstance(asked, Ask) and models.sent == {}
    assert_books_balance()


async def test_where_only_the_judges_exact_bound_does_not_fit_the_answers_come_without_it(database: str) -> None:
    judge = NewPrice("gpt-4", 70 * 10 * NANOS, NANOS)
    ada, snapshot = await paying([credits_a_thousand("a", "0.01"), credits_a_thousand("b", "0.01"), judge])
    # Three times as many tokens to the judge's tokenizer as to theirs: by their limits it would have fitted.
    long = saying("नमस्ते दुनिया, यह समुद्र नीला है। " * 150, output=1_803, pieces=40)
    models = Models({"a": long, "b": long, "gpt-4": saying(verdict())})
    async with running_queue() as queue:
        result, _ = await Panels(queue, models).ask(snapshot, judging("a", "b", judge="gpt-4", max_tokens=2_000))
    assert (result.outcome.verdict, result.outcome.reason) == (None, "funds")
    assert "gpt-4" not in models.sent
    legs = receipt_of(snapshot, result.panel.held.asked.id).legs
    assert [(leg.status, leg.reason) for leg in legs] == [("answered", None), ("answered", None), ("skipped", "funds")]
    assert credits_of(ada).posted_nanos == 320 * NANOS - result.settled.amount
    assert_books_balance()


async def test_a_blend_says_of_which_answers_each_paragraph_is_made_where_its_writer_does(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand(name) for name in ("a", "b", "c", "w")])
    written = "It is blue [A].\n\nIt is deep. [A, B]\n\nAnd wide [C]"
    models = Models({"a": FELL_OVER, "b": saying("Blue."), "c": saying("Deep."), "w": saying(written, pieces=9)})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        result, pieces = await panels.ask(snapshot, blending("a", "b", "c", synthesizer="w"))
    asked = models.sent["w"][0]["messages"][-1]["content"]
    assert '<answer name="A">\nBlue.' in asked and "End each paragraph with the names" in asked
    said = "".join(piece.text for piece in pieces if piece.member.model == "w")
    assert said == "It is blue [A].\n\nIt is deep.\n\nAnd wide" == result.outcome.final.text  # type: ignore[union-attr]
    summary = last_events(result, {})[0]
    assert summary["parts"] == [[], [1, 2], []], "the second and third of those that were asked; nobody is called C"
    assert_books_balance()
