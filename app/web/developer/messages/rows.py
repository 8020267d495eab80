"""What the page of messages shows: each event with its words, how an app shows them, and what would change."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import count

from app import wiring
from app.db import Session
from app.domain.errors import BadField
from app.domain.money import Unit, format_for_people
from app.domain.paywalls.changes import read_changes_since
from app.domain.paywalls.configuration import Configuration, read_current
from app.domain.paywalls.members import Act, Manager
from app.domain.paywalls.messages import PLACEHOLDERS, TEMPLATE_CHARACTERS_MAX, check_messages, render
from app.domain.paywalls.modes import RULES, Mode
from app.flows.callers.asked import Action
from app.web.developer.publishing.rows import CHANGES_MAX, MESSAGES, listed, words_of
from app.wiring.process import DEFAULT_BASE

SHORTFALL_NANOS = 140_000_000
"""What is missing in the preview."""
_TITLES = {
    "authorize": ("Authorization missing", "once per user", "Summarise the lease in three points."),
    "topup": ("Funds missing", "the wallet cannot pay for this message", "And the notice period?"),
    "limit": ("Cap reached", "the user’s own cap for this app", "Draft a letter to my landlord."),
    "order": ("Order not chosen", "who pays for it was left to the user", "Go on with the translation."),
    "own_key": ("Own key missing", "an own key was to answer, and none serves", "Answer by my own key."),
    "stopped": ("Funds end in an answer", "said behind what was answered so far", "Write the whole contract."),
    "stopped_limit": ("Cap ends an answer", "said behind what was answered so far", "Translate all of it."),
}
_ACTIONS = {"stopped": Action.TOPUP, "stopped_limit": Action.LIMIT}
_PATHS = {
    "authorize": "authorize",
    "limit": "authorize",
    "stopped_limit": "authorize",
    "order": "order",
    "own_key": "authorize",
}
_PLACEHOLDER = re.compile(r"(\{\{\s*\w+\s*\}\})")


@dataclass(frozen=True)
class Piece:
    """A piece of what an app shows: `look` is `link`, `bad` or nothing; `delay` is when it arrives."""

    key: str = ""
    text: str = ""
    look: str = ""
    delay: str = "0s"


@dataclass(frozen=True)
class DiffLine:
    """A line of what would change: `sign` is `+`, `-` or nothing."""

    key: str = ""
    sign: str = ""
    text: str = ""


@dataclass(frozen=True)
class MessageRow:
    """An event: its words as they are typed, what is wrong with them, and their preview."""

    event: str = ""
    title: str = ""
    when: str = ""
    text: str = ""
    is_ours: bool = True
    is_changed: bool = False
    count: str = ""
    placeholders: list[str] = field(default_factory=list)
    problem: str = ""
    question: str = ""
    pieces: list[Piece] = field(default_factory=list)
    sent: str = ""
    diff: list[DiffLine] = field(default_factory=list)


@dataclass(frozen=True)
class Words:
    """What is published and what we would say, by event."""

    app_name: str
    mode: Mode
    published: Mapping[str, str]

    def of(self, event: str) -> str:
        """Returns what is said of an event now."""
        return self.published.get(event) or self.ours(event)

    def ours(self, event: str) -> str:
        """Returns our own words of an event."""
        return RULES[self.mode].words[event].lstrip()


@dataclass(frozen=True)
class EndpointPart:
    """The developer's endpoint: where it is, and where it is saved; no secret."""

    url: str = ""
    save_url: str = ""


def read_words(session: Session, manager: Manager) -> tuple[Words, EndpointPart, bool]:
    """Reads what a paywall says; only for its owner, False for anybody else who may see the rest."""
    paywall, configuration = read_current(session, manager.paywall_id)
    may_read = manager.may(Act.READ_MESSAGES)
    words = Words(configuration.app_name, paywall.mode, configuration.messages if may_read else {})
    return words, _endpoint(paywall.id, configuration), may_read


def changed_since(session: Session, paywall_id: str, version: int, base: Mapping[str, str], words: Words) -> str:
    """Says in a sentence what was published after a version whose words are `base`; empty where nothing was."""
    changes = read_changes_since(session, paywall_id, version, CHANGES_MAX)
    found = dict.fromkeys(word for change in changes for word in words_of(change.what))
    if MESSAGES in found:
        titles = [_TITLES[event][0] for event in PLACEHOLDERS if base.get(event) != words.published.get(event)]
        found = dict.fromkeys(
            f"the words of {listed(titles)}" if word == MESSAGES and titles else word for word in found
        )
    return f"It changes {listed(list(found))}." if found else ""


def _endpoint(paywall_id: str, configuration: Configuration) -> EndpointPart:
    url = "" if configuration.responder is None else configuration.responder.url
    return EndpointPart(url, f"/manage/paywalls/{paywall_id}/responder")


def message_rows(words: Words, typed: Mapping[str, str]) -> list[MessageRow]:
    """Returns every event; `typed` has the words of those that are not ours."""
    return [_row(words, event, typed.get(event)) for event in PLACEHOLDERS]


def _row(words: Words, event: str, typed: str | None) -> MessageRow:
    title, when, question = _TITLES[event]
    text, allowed = words.ours(event) if typed is None else typed, PLACEHOLDERS[event]
    values = sample_values(words, event)
    shown = render(text, values)
    is_changed = text.strip() != words.of(event).strip()
    return MessageRow(
        event=event, title=title, when=when, text=text, is_ours=typed is None, is_changed=is_changed,
        count=f"{len(text):,} of {TEMPLATE_CHARACTERS_MAX:,}", placeholders=[f"{{{{ {name} }}}}" for name in allowed],
        problem="" if typed is None else problem_of(event, typed), question=question,
        pieces=[*_pieces(shown, values["url"])], sent=_sent(event, shown, values["url"]),
        diff=[*_diff(words.of(event), text)] if is_changed else [],
    )  # fmt: skip


def problem_of(event: str, text: str) -> str:
    """Returns what is wrong with a template, empty where nothing is."""
    try:
        check_messages({event: text})
    except BadField as error:
        return error.message.replace(f"`messages.{event}`", "This")
    return ""


def sample_values(words: Words, event: str) -> Mapping[str, str]:
    """Returns what stands for the placeholders in a preview."""
    unit: Unit = RULES[words.mode].unit
    base = wiring.get().settings.public_url or DEFAULT_BASE
    path = _PATHS.get(event, "topup")
    return {"url": f"{base}/{path}/9fK2…", "name": words.app_name,
            "shortfall": format_for_people(SHORTFALL_NANOS, unit)}  # fmt: skip


def _pieces(shown: str, url: str) -> Iterator[Piece]:
    """Yields a text in the pieces in which it arrives, word by word, as an app sees them stream."""
    number = 0
    for part in re.split(rf"({re.escape(url)}|\{{\{{\s*\w+\s*\}}\}})", shown):
        look = "link" if part == url else "bad" if _PLACEHOLDER.fullmatch(part) else ""
        for word in [part] if look else re.findall(r"\s*\S+\s*", part) or ([part] if part else []):
            yield Piece(str(number), word, look, f"{number * 0.045:.3f}s")
            number += 1


def _sent(event: str, shown: str, url: str) -> str:
    message = {"role": "assistant", "content": shown}
    said = {"choices": [{"message": message}], "paywall": {"action": _ACTIONS.get(event, event), "url": url}}
    return json.dumps(said, indent=2, ensure_ascii=False)


def _diff(before: str, after: str) -> Iterator[DiffLine]:
    old, new, number = before.splitlines(), after.splitlines(), count()
    for tag, *(from_, to, new_from, new_to) in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        is_same = tag == "equal"
        for line in old[from_:to]:
            yield DiffLine(str(next(number)), "" if is_same else "-", line)
        for line in () if is_same else new[new_from:new_to]:
            yield DiffLine(str(next(number)), "+", line)
