"""Who is asked is decided before anybody is, and what cannot be is named."""

import threading
from typing import Any

import pytest

from app.domain.errors import BadField, UnknownModel
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import Price
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.user import Standing
from app.flows.chat.decide import Basis
from app.flows.chat.leg import LONG_BYTES
from app.flows.modes import plan as planning
from app.flows.modes.plan import JUDGE_OUTPUT_TOKENS, Plan, order_of, plan
from app.formats.account.modes import Asking, read_blend, read_compare, read_judge
from app.formats.openai_request import ChatRequest, read_chat_request
from tests.support.books import running_queue
from tests.support.panels import Models, Panels, credits_a_thousand, paying, saying

RICH = Standing()
SAID = [{"role": "user", "content": "Which colour?"}]
PICTURE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]}]


def offer(model: str, nanos: int = NANOS, output_tokens_max: int = 5_000, part_tokens_max: int | None = None) -> Offer:
    price = Price(f"prc_{model}", model, 1, Unit.CREDIT, nanos, nanos, nanos)
    return Offer(price, model, "", None, output_tokens_max, part_tokens_max, 0)


OFFERS = {
    "a": offer("a", output_tokens_max=1_000, part_tokens_max=500),
    "b": offer("b"),
    "free": offer("free", 0),
    "j": offer("j", output_tokens_max=50_000, part_tokens_max=500),
}
HERE = Snapshot("pw_1", "key_1", Mode.CREDITS, Environment.SANDBOX, Unit.CREDIT, 1,
                Configuration("Credits", (ProviderSetting("demo"),)), OFFERS, frozenset({"dark"}), ())  # fmt: skip


def planned(asking: Asking, standing: Standing = RICH) -> Plan:
    found = plan(Basis(HERE, standing), asking)
    assert isinstance(found, Plan)
    return found


def comparing(*models: str, **more: Any) -> Asking:
    return read_compare({"models": list(models), "messages": SAID, **more})


def test_what_has_no_price_refuses_all_of_it() -> None:
    for names in (["a", "dark"], ["nothing", "b"]):
        with pytest.raises(UnknownModel):
            plan(Basis(HERE, RICH), comparing(*names))
    with pytest.raises(UnknownModel):
        plan(Basis(HERE, RICH), read_judge({"contestants": ["a", "b"], "judge": "dark", "messages": SAID}))


def test_one_model_that_is_not_open_to_who_has_not_paid_refuses_all_of_it() -> None:
    assert isinstance(plan(Basis(HERE, Standing(may_use_priced=False)), comparing("free", "a")), Ask)


def test_a_longer_limit_than_a_model_has_is_its_own() -> None:
    found = planned(comparing("a", "b", max_tokens=3_000))
    assert [member.leg.bound.output_tokens for member in found.answering] == [1_000, 3_000]


def test_who_cannot_see_a_picture_is_left_out_and_named() -> None:
    found = planned(comparing("a", "b", messages=PICTURE))
    assert [member.model for member in found.answering] == ["a"]
    assert [(one.model, one.reason) for one in found.dropped] == [("b", "cannot_take")]
    with pytest.raises(BadField, match="1 can take this request, and 2 must: `b` cannot read what it holds"):
        plan(Basis(HERE, RICH), read_blend({"models": ["a", "b"], "synthesizer": "a", "messages": PICTURE}))


def test_who_reads_others_is_held_by_their_output_limits() -> None:
    alone = planned(comparing("a", "j", max_tokens=700)).answering[1].leg.bound
    judge = planned(read_judge({"contestants": ["a", "b"], "judge": "j", "messages": SAID, "max_tokens": 700})).writer
    assert judge is not None and judge.reads == (0, 1) and judge.seed is not None
    assert judge.leg.bound.prompt_tokens > alone.prompt_tokens + 1_400
    assert judge.leg.bound.output_tokens == JUDGE_OUTPUT_TOKENS, "a verdict is no answer, whose limit is 700"


def test_each_of_a_chain_reads_the_one_before() -> None:
    found = planned(read_blend({"models": ["a", "b", "j"], "strategy": "chain", "messages": SAID}))
    assert [member.reads for member in found.answering] == [(), (0,), (1,)] and found.writer is None


def test_of_two_and_of_four_each_is_read_first_about_as_often_as_any_other() -> None:
    for count in (2, 4):
        firsts = [order_of(seed, count)[0] for seed in range(2_000)]
        shares = [firsts.count(place) / 2_000 for place in range(count)]
        assert all(0.8 / count <= share <= 1.2 / count for share in shares), shares


def test_the_same_seed_is_the_same_order_of_all() -> None:
    assert order_of(7, 4) == order_of(7, 4) and sorted(order_of(7, 4)) == [0, 1, 2, 3]


def test_what_all_hear_is_read_once_however_many_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A conversation may have 20 MB, and each reading of it is time that is everybody's."""
    read = list[str]()

    def reading(body: dict[str, Any]) -> ChatRequest:
        read.append(body["model"])
        return read_chat_request(body)

    own = {"b": [{"role": "user", "content": "Which colour did you say?"}]}
    monkeypatch.setattr(planning, "read_chat_request", reading)
    members = planned(comparing("a", "b", "j", own_messages=own)).answering
    assert read == ["a", "b"] and [one.leg.request.model for one in members] == ["a", "b", "j"]
    assert [one.leg.request.body["messages"] for one in members] == [SAID, own["b"], SAID]
    assert members[0].leg.request.body["model"] == "a" and members[2].leg.request.body["model"] == "j"


@pytest.mark.parametrize("size", [10, 300_000])
async def test_a_long_conversation_is_planned_where_it_holds_nobody_up(
    database: str, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    _, snapshot = await paying([credits_a_thousand("a", "0.001"), credits_a_thousand("b", "0.001")])
    names, compose = list[str](), planning._request

    def noting(*arguments: Any) -> ChatRequest:
        names.append(threading.current_thread().name)
        return compose(*arguments)

    monkeypatch.setattr(planning, "_request", noting)
    asking = read_blend({"models": ["a", "b"], "messages": [{"role": "user", "content": "x" * size}], "max_tokens": 99})
    async with running_queue() as queue:
        result, _ = await Panels(queue, Models({"a": saying("Blue."), "b": saying("Green.")})).ask(snapshot, asking)
    assert {one.status.value for one in result.panel.answering} == {"answered"}
    is_elsewhere = {name.startswith("parse") for name in names}
    assert is_elsewhere == {size > LONG_BYTES} and len(names) >= 3, "the plan, and what the writer reads"
