"""What several models said, as JSON for the published clients: events of a stream, or a whole answer.

Credits are whole numbers, `cost` is in dollars. Every event says its `model`, and `leg` which of them that is.
"""

from collections.abc import Mapping
from typing import Any

from app.domain.legs.legs import Source, arithmetic, with_charges
from app.domain.money import CREDITS_PER_DOLLAR
from app.domain.usage.tables import RequestMode
from app.flows.modes.carrying import Result
from app.flows.modes.feed import Piece, Said
from app.flows.modes.members import Member, Panel
from app.flows.modes.prompts import letter_of
from app.formats.account.modes import Strategy

COST_DECIMALS = 9


def event_of(piece: Piece) -> dict[str, Any]:
    """Returns the event of a piece: a `delta`, or that a leg has ended."""
    member = piece.member
    if isinstance(piece, Said):
        return {"model": member.model, "leg": member.number, "delta": piece.text, "done": False}
    shown = {"content": member.text} if piece.shows_text else {}
    return {"event": "source" if piece.shows_text else "leg", "done": False, **_leg(member), **shown}


def last_events(result: Result, sums: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns what a stream ends with: the verdict where there is one, what all legs came to, and what was charged."""
    panel = result.panel
    verdict = {"event": "verdict", "done": False, **_verdict(result)}
    summary = {"event": "summary", "done": False, "mode": panel.asking.mode.value, **_summary(panel), **_legs(result),
               **_parts(result)}  # fmt: skip
    done = {"event": "done", "done": True, "mode": panel.asking.mode.value, **_reason(result), **sums}
    return [*([verdict] if panel.asking.mode is RequestMode.JUDGE else ()), summary, done]


def whole_of(result: Result, sums: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a whole answer."""
    panel = result.panel
    legs = _legs(result, has_texts=True)
    if panel.asking.mode is RequestMode.JUDGE:
        own = {**_verdict(result), "winner_response": _winner(result),
               "contestants": [_leg(member) for member in panel.answering]}  # fmt: skip
    elif panel.asking.mode is RequestMode.BLEND:
        own = _blended(result)
        if (writer := legs.pop("synthesizer", None)) is not None:
            own |= {"synthesizer": writer["model"], "synthesis": writer}
    else:
        own = {"summary": _summary(panel)}
    return {"mode": panel.asking.mode.value, **own, **legs, **sums}


def _blended(result: Result) -> dict[str, Any]:
    final = result.outcome.final
    return {
        "content": "" if final is None else final.text,
        "strategy": result.panel.asking.strategy,
        "source_models": [member.model for member in result.panel.answering if member.is_usable],
        **_reason(result),
        **_parts(result),
    }


def sums_of(result: Result, paywall: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a request used and cost."""
    panel, charged = result.panel, int(paywall["charge"])
    used = [member.tokens for member in panel.members]
    took = [member.milliseconds for member in panel.answering]
    together = sum(took) if panel.asking.strategy is Strategy.CHAIN else max(took, default=0)
    return {
        "id": paywall["request_id"],
        "latency_ms": together + (0 if panel.writer is None else panel.writer.milliseconds),
        "byok": panel.source is Source.OWN,
        "prompt_tokens": sum(tokens.prompt for tokens in used),
        "completion_tokens": sum(tokens.output for tokens in used),
        "credits_charged": charged,
        "credits_remaining": int(paywall["balance"]) // 1_000_000,
        "cost": charged / CREDITS_PER_DOLLAR,
        "semantic_memory_used": False,
        "semantic_memory_hits": 0,
    }


def _legs(result: Result, *, has_texts: bool = False) -> dict[str, Any]:
    panel, writer = result.panel, result.panel.writer
    paid = with_charges(arithmetic(panel.held.legs), result.settled.amount)["legs"]
    costs = {line["leg"]: {"cost": round(float(line["charge"]) / CREDITS_PER_DOLLAR, COST_DECIMALS)} for line in paid}
    legs = [
        {**_leg(member), **costs.get(member.number, {}), **({"content": member.text} if has_texts else {})}
        for member in panel.answering
    ]
    dropped = [{"model": one.model, "reason": one.reason} for one in panel.dropped]
    found: dict[str, Any] = {"responses": legs, "dropped": dropped}
    if writer is not None:
        found["judge" if panel.asking.mode is RequestMode.JUDGE else "synthesizer"] = {
            **_leg(writer),
            **costs.get(writer.number, {}),
        }
    return found


def _summary(panel: Panel) -> dict[str, Any]:
    """Returns which model answered first and which at most length, and how long and how much each one did."""
    answered = [member for member in panel.answering if member.is_usable]
    fastest = min(answered, key=lambda member: member.milliseconds, default=None)
    longest = max(answered, key=lambda member: len(member.text), default=None)
    return {
        "fastest": None if fastest is None else fastest.model,
        "longest": None if longest is None else longest.model,
        "models": {
            member.model: {"latency_ms": member.milliseconds, "tokens": member.tokens.output} for member in answered
        },
    }


def _winner(result: Result) -> dict[str, Any] | None:
    """Returns what the winner of a verdict said; None without one, as where the best are equal."""
    outcome = result.outcome
    if outcome.verdict is None or outcome.verdict.winner is None:
        return None
    won = outcome.read[outcome.verdict.winner]
    return {"model": won.model, "leg": won.number, "content": won.text}


def _leg(member: Member) -> dict[str, Any]:
    tokens = member.tokens
    return {
        "model": member.model,
        "leg": member.number,
        "status": member.status.value,
        "billing_source": member.use.source.value,
        "reason": member.reason,
        "finish_reason": member.finish,
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.output,
        "latency_ms": member.milliseconds,
    }


def _reason(result: Result) -> dict[str, Any]:
    return {} if result.outcome.reason is None else {"reason": result.outcome.reason}


def _parts(result: Result) -> dict[str, Any]:
    """Returns of which legs each paragraph of a blend is made, where the model that wrote it named any."""
    final, read = result.outcome.final, result.outcome.read
    found = () if final is None or final.marks is None else final.marks.parts()
    parts = [[read[place].number for place in places if place < len(read)] for places in found]
    return {"parts": parts} if any(parts) else {}


def _verdict(result: Result) -> dict[str, Any]:
    """Returns a verdict with the models' names again, best first; null and the reason where there is none."""
    outcome = result.outcome
    if outcome.verdict is None:
        return {"verdict": None, "reason": outcome.reason}
    named = outcome.read
    scores = [
        {"model": named[score.place].model, "leg": named[score.place].number, "score": score.score,
         "reason": score.reason, "shown_as": letter_of(score.place)}
        for score in sorted(outcome.verdict.scores, key=lambda score: -score.score)
    ]  # fmt: skip
    winner = None if outcome.verdict.winner is None else named[outcome.verdict.winner].model
    return {"verdict": {"winner": winner, "scores": scores, "reason": outcome.verdict.reason}, "reason": None}
