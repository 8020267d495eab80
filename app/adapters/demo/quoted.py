"""What the demo provider says of others' answers: one answer made of several, or a judge's verdict.

A prompt quotes answers between `<answer name="A">` marks, as `app/flows/modes/prompts.py` writes it. All of it comes
from the answers alone: their order changes nothing but the letters.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.adapters.demo.text import CLOSINGS, OPENINGS, POINTS, THIS, seeded, topic_of

_ANSWER = re.compile(r'<answer name="(\w{1,8})">\n(.*?)\n</answer>', re.S)
_ITEM = re.compile(r"^(?:\d+\.|[-*]) +")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z*])")
_POINTS_MAX = 3
_SAID_ANYWAY = frozenset((*OPENINGS, *CLOSINGS))
_LONG = 500
"""Characters from which on an answer is a long one."""

Answers = Mapping[str, str]


def quoted_in(text: str) -> Answers:
    """Returns the answers that a prompt quotes, by their letters; none in any other prompt."""
    return dict(_ANSWER.findall(text))


def blend(task: str, question: str, answers: Answers) -> str:
    """Returns one answer in Markdown: what they share first, else what the best says, made more by the others.

    `task` is the prompt, whose last sentences say in which way.
    """
    asked = task.rsplit("</answer>", 1)[-1].lower()
    write = next((write for word, write in _WAYS.items() if word in asked), _better)
    return write(topic_of(question), answers)


def judge(question: str, schema: Mapping[str, Any], answers: Answers) -> dict[str, Any] | None:
    """Returns a verdict with a score and a reason for each answer; None for a schema that asks for something else."""
    if not {"winner", "scores", "reason"} <= set(schema.get("properties", ())):
        return None
    scores = {letter: _score(text) for letter, text in answers.items()}
    best = max(scores.values())
    winners = [letter for letter, score in scores.items() if score == best]
    return {
        "winner": winners[0] if len(winners) == 1 else "tie",
        "scores": {letter: {"score": scores[letter], "reason": _reason(text)} for letter, text in answers.items()},
        "reason": _why(topic_of(question), winners, scores),
    }


def _consensus(topic: str, answers: Answers) -> str:
    shared, single = _shared(answers)
    if not shared and not single:
        return _longest(answers)
    if shared:
        beside = f"\n\nBeside that: {single[0]}" if single else ""
        return f"They agree on this{_about(topic)}:\n\n{_listed(shared)}{beside}"
    return f"None of them contradicts another. Together they say{_about(topic)}:\n\n{_listed(single)}"


def _council(topic: str, answers: Answers) -> str:
    shared, single = _shared(answers)
    agreed = _listed(shared) if shared else f"All of them take what was asked{_about(topic)} in the same sense."
    differ = _listed(single) if single else "Nowhere: they say the same."
    return (
        f"**What they agree on**\n\n{agreed}\n\n**Where they differ**\n\n{differ}\n\n"
        "**What follows**\n\nBegin where they agree, and choose among the rest what is cheapest to try."
    )


def _better(topic: str, answers: Answers) -> str:
    """Returns the answer that says most, with what another one, or whoever goes on from it, knows beside."""
    letter = max(answers, key=lambda one: (_score(answers[one]), answers[one]))
    others = {name: text for name, text in answers.items() if name != letter}
    known = set(_points(answers[letter]))
    more = [point for text in others.values() for point in _points(text) if point not in known]
    if not others and known:
        points = [point.format(topic=topic) for point in POINTS]
        more = [point for point in points if point not in known][:1]
    return f"{_body(answers[letter])}\n\nAnd one thing more: {more[0]}" if more else _body(answers[letter])


_WAYS: Mapping[str, Callable[[str, Answers], str]] = {
    "agree on, where": _council,
    "agree on": _consensus,
    "best of these": _better,
}


def _shared(answers: Answers) -> tuple[Sequence[str], Sequence[str]]:
    """Returns what more than one says, and what only one does: a few of each, taken from one after the other."""
    of_each = [list(dict.fromkeys(_points(text))) for text in answers.values()]
    turns = [points[at] for at in range(max(map(len, of_each), default=0)) for points in of_each if at < len(points)]
    counts = {point: turns.count(point) for point in turns}
    return (
        [point for point, count in counts.items() if count > 1][:_POINTS_MAX],
        [point for point, count in counts.items() if count == 1][:_POINTS_MAX],
    )


def _points(text: str) -> list[str]:
    """Returns what an answer says, sentence by sentence, without what it says to be polite; of code nothing."""
    if "```" in text:
        return []
    lines = [_ITEM.sub("", line.strip()) for line in text.splitlines()]
    said = [[line] if line.startswith("**") else _SENTENCE.split(line) for line in lines if line]
    return [one for part in said for one in part if one not in _SAID_ANYWAY and not one.endswith(("?", ":"))]


def _body(text: str) -> str:
    """Returns an answer without the offer at its end."""
    return "\n\n".join(part for part in text.split("\n\n") if part not in CLOSINGS)


def _about(topic: str) -> str:
    return "" if topic == THIS else f" about {topic}"


def _listed(points: Sequence[str]) -> str:
    return "\n".join(f"- {point}" for point in points)


def _longest(answers: Answers) -> str:
    return max(answers.values(), key=lambda text: (len(text), text))


def _score(text: str) -> float:
    """Returns what an answer gets, in halves: more for what can be used at once, the same wherever it stands."""
    can_be_used = 1.0 if _is_in_steps(text) or "```" in text else 0.0
    chance = seeded("verdict", text).randrange(3) / 2
    return 5.5 + min(len(text) / _LONG, 2.0) // 0.5 / 2 + can_be_used + chance - (0.5 if text.endswith("?") else 0.0)


def _is_in_steps(text: str) -> bool:
    return any(_ITEM.match(line) for line in text.splitlines())


def _reason(text: str) -> str:
    if "```" in text:
        said = "Gives code that can be tried at once"
    elif _is_in_steps(text):
        steps = sum(bool(_ITEM.match(line)) for line in text.splitlines())
        said = f"Goes through it in {steps} steps, each of which can be done"
    elif len(text) >= _LONG:
        said = "Shows more than one side of it"
    else:
        said = "Says the main thing in few words"
    return f"{said}, but asks back where it could have decided." if text.endswith("?") else f"{said}."


def _why(topic: str, winners: Sequence[str], scores: Mapping[str, float]) -> str:
    """Returns why it is so, without letters: whoever reads it may see the answers in another order."""
    if len(winners) > 1:
        return f"The best say as much as each other{_about(topic)}, in other words."
    next_best = max(score for letter, score in scores.items() if letter != winners[0]) if len(scores) > 1 else 0.0
    much = "Clearly" if scores[winners[0]] - next_best > 1 else "By a little"
    return f"{much}: it says more{_about(topic)} that somebody can act on."
