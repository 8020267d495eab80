"""What the demo provider says: believable text that reacts to the question, the same for the same question."""

import hashlib
import random
import re
from collections.abc import Callable

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
THIS = "this"
"""What a question is about that names nothing."""
_SUM = re.compile(r"(?<![\w.])(\d{1,9})\s*([-+*x×])\s*(\d{1,9})(?![\w.])")
_COMMON = frozenset(
    _WORD.findall("""
    a about an and answer any are as ask at be best between can code could create describe difference do does
    explain explained explains few find five for four from function generate get give good have hello help hey
    hi how i idea ideas in into is it its javascript just know let like list made make makes me mean means most
    my need needs new of on one or our out please poem point program python question really say script sentence
    short should show simple some sort sorts sql step steps story suggest sum summarise summarize summary tell
    than thank thanks that the their them then there these they thing things this three tip tips to today two
    typescript use using want was way ways we what when where which who why will with word words work working
    works would write you your
    """)
)
_LANGUAGES = {
    "javascript": "export function {name}(items) {{\n  return items.filter(Boolean).map((item) => item.trim());\n}}",
    "typescript": "export const {name} = (items: string[]): string[] =>\n  items.map((item) => item.trim());",
    "sql": "SELECT id, name, count(*) AS uses\nFROM {name}\nGROUP BY id, name\nORDER BY uses DESC\nLIMIT 10;",
    "python": 'def {name}(items: list[str]) -> list[str]:\n    """Returns the items that matter, tidied."""\n'
    "    return [item.strip() for item in items if item.strip()]",
}
_ADVICE = (
    "**Start small.** Pick one part of {topic} that you can finish today, and finish it.",
    "**Write down the goal.** One sentence about what {topic} should change is worth a page of notes.",
    "**Ask somebody who has done it.** Most surprises with {topic} are old news to someone.",
    "**Measure first.** Note where you are now, so that you can tell whether {topic} got better.",
    "**Leave room.** Plan for two thirds of the time that you have; {topic} will find the rest.",
    "**Look at the edges.** The unusual cases are where {topic} goes wrong first.",
    "**Repeat what worked.** A small habit around {topic} beats a large effort once.",
    "**Drop one thing.** Taking something away often helps {topic} more than adding to it.",
)
POINTS = (
    "At its heart, {topic} is about a few parts that depend on each other: change one, and the others follow.",
    "People usually meet {topic} through an example, and only later see the rule behind it.",
    "A common mistake is to treat {topic} as one decision, although it is a series of small ones.",
    "The trade-off is nearly always between effort now and freedom later.",
    "In practice, the first version of {topic} that works tells you more than any plan for it.",
    "It helps to separate what is fixed about {topic} from what is merely usual.",
    "Where opinions about {topic} differ, they mostly differ about what matters, seldom about the facts.",
    "Costs deserve a look too: the visible ones are rarely the largest.",
)
OPENINGS = ("Good question.", "Happy to help.", "Here is how I would look at it.", "Let's take it step by step.")
CLOSINGS = (
    "If you tell me a little more about your situation, I can be more precise.",
    "Would you like an example to go with this?",
    "Shall I go deeper into one of these points?",
    "That should be enough to begin with; ask me when you get stuck.",
)


def seeded(*parts: str) -> random.Random:
    """Returns randomness that is the same for the same parts, in every process."""
    return random.Random(hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).digest())


def topic_of(question: str) -> str:
    """Returns the few words that a question is about, or `this`."""
    words = [word for word in _WORD.findall(question[:2_000]) if word.lower() not in _COMMON and len(word) > 2]
    return " ".join(dict.fromkeys(words[:3])) or THIS


def write_answer(question: str, tool_result: str | None, is_long: bool, dice: random.Random) -> str:
    """Returns an answer in Markdown. `tool_result` is what a tool said to an earlier call of ours, if it did."""
    if tool_result is not None:
        return f"I looked it up. The result was: {tool_result.strip()[:400]}\n\n{dice.choice(CLOSINGS)}"
    words = {word.lower() for word in _WORD.findall(question[:20_000])}
    for triggers, write in _KINDS:
        if words & triggers:
            return write(question, topic_of(question), is_long, dice)
    found = _SUM.search(question[:20_000])
    return _sum(found) if found else _explanation(question, topic_of(question), is_long, dice)


def _sum(found: re.Match[str]) -> str:
    left, right = int(found[1]), int(found[3])
    result = {"+": left + right, "-": left - right}.get(found[2], left * right)
    return f"{found[0].strip()} = **{result}**."


def _greeting(question: str, topic: str, is_long: bool, dice: random.Random) -> str:
    about = "" if topic == THIS else f" You mentioned {topic}; shall we begin there?"
    return f"Hello! I am Coinslot's demo model: nothing that I say is real, but every token is counted.{about}"


def _code(question: str, topic: str, is_long: bool, dice: random.Random) -> str:
    language = next((name for name in _LANGUAGES if name in question.lower()), "python")
    name = "_".join(re.findall(r"[a-z]+", topic.lower())) or "tidy"
    code = _LANGUAGES[language].format(name=name)
    text = f"Here is a small start for {topic}:\n\n```{language}\n{code}\n```\n\nIt does one thing, and that is all."
    return f"{text} {dice.choice(POINTS).format(topic=topic)}\n\n{dice.choice(CLOSINGS)}" if is_long else text


def _list(question: str, topic: str, is_long: bool, dice: random.Random) -> str:
    advice = dice.sample(_ADVICE, 6 if is_long else 3)
    lines = [f"{number}. {line.format(topic=topic)}" for number, line in enumerate(advice, 1)]
    return f"{dice.choice(OPENINGS)} Some thoughts on {topic}:\n\n" + "\n".join(lines) + f"\n\n{dice.choice(CLOSINGS)}"


def _poem(question: str, topic: str, is_long: bool, dice: random.Random) -> str:
    verses = [
        f"A coin is dropped, a light comes on,\nand {topic} hums until the dawn;",
        "it asks for little, gives a line,\na word of yours, a word of mine.",
        f"And when the last small coin is spent,\n{topic} keeps what the moment lent.",
    ]
    return "\n".join(verses if is_long else verses[:2])


def _explanation(question: str, topic: str, is_long: bool, dice: random.Random) -> str:
    points = [line.format(topic=topic) for line in dice.sample(POINTS, 6 if is_long else 3)]
    body = " ".join(points[:3]) + ("\n\n" + " ".join(points[3:]) if is_long else "")
    return f"{dice.choice(OPENINGS)} {body}\n\n{dice.choice(CLOSINGS)}"


_KINDS: tuple[tuple[frozenset[str], Callable[[str, str, bool, random.Random], str]], ...] = (
    (frozenset({"code", "function", "python", "javascript", "typescript", "sql", "script", "program", "regex"}), _code),
    (frozenset({"list", "ideas", "tips", "steps", "ways", "plan", "suggest", "recommend", "checklist"}), _list),
    (frozenset({"poem", "poetry", "verse", "rhyme", "song", "haiku"}), _poem),
    (frozenset({"hello", "hi", "hey"}), _greeting),
)
