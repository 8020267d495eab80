"""What is said in a turn: a question, and what each model answered, as it is sealed and opened again. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

TEXT_CHARACTERS_MAX = 200_000
"""How much of one text is kept."""
TITLE_CHARACTERS_MAX, TITLE_LOOKED_MAX = 80, 1_000
"""How long a title is, and how much of a question is looked at for one."""
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one leg of a request said. `error` is why it said no more, empty where nothing went wrong."""

    leg: int
    model: str
    text: str
    error: str = ""
    is_stopped: bool = False

    @property
    def says_something(self) -> bool:
        """Whether there is anything to keep of it."""
        return bool(self.text or self.error)


@dataclass(frozen=True, slots=True)
class Said:
    """One turn. `beside` is what the mode itself said of the answers, such as a judge's verdict.

    `again_of` names the request that an answer of a single leg repeats, and that leg's place there.
    """

    question: str
    answers: tuple[Answer, ...]
    beside: Mapping[str, Any] = field(default_factory=dict)
    again_of: tuple[str, int] | None = None

    @property
    def is_stopped(self) -> bool:
        """Whether there was more of it than whoever heard it waited for."""
        return any(one.is_stopped for one in self.answers)

    def to_json(self) -> dict[str, Any]:
        """Returns what is sealed; texts that are too long are cut."""
        return {
            "question": _cut(self.question, TEXT_CHARACTERS_MAX),
            "answers": [_kept(one) for one in self.answers],
            "beside": dict(self.beside),
            "again_of": self.again_of,
        }

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> "Said":
        """Reads what was sealed."""
        again = kept["again_of"]
        answers = tuple(Answer(**one) for one in kept["answers"])
        return Said(kept["question"], answers, kept["beside"], None if again is None else (again[0], again[1]))


def title_of(question: str) -> str:
    """Returns what a conversation is called that begins with a question: its first words."""
    return _cut(" ".join(question[:TITLE_LOOKED_MAX].split()), TITLE_CHARACTERS_MAX)


def _kept(answer: Answer) -> dict[str, Any]:
    return {**asdict(answer), **{name: _cut(getattr(answer, name), TEXT_CHARACTERS_MAX) for name in ("text", "error")}}


def _cut(text: str, characters_max: int) -> str:
    # Half of a surrogate pair, which JSON from outside may hold, has no UTF-8.
    text = text[: characters_max + 1].encode(errors="replace").decode()
    return text if len(text) <= characters_max else text[: characters_max - 1].rstrip() + _CUT
