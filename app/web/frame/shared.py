"""Readings that are shared: whoever asks for the same a moment later is shown what was read, and costs chat little.

Whether they may see it is asked anew each time, in the same snapshot as whether anything of it was changed by hand;
what changes with every chat alone is as old as on a page that is open anyway.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakValueDictionary

from app.db import Session
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Marks, Subject, read_marks

SHARED_SECONDS = 5.0
"""How old a reading is at most that another is shown: numbers are counted no more often."""
READINGS_MAX = 100

Subjects = Callable[[Mapping[str, Any]], Iterable[Subject]]
"""Says what of what was read may change."""

BY_CHAT = frozenset({About.NUMBERS})
"""What changes by itself as an app is used; everything else was done by somebody, who looks for it."""


@dataclass(frozen=True)
class Shareable:
    """Reads what a page shows, for one person; called, it is read anew.

    `question` is all that it depends on beside who asks. `check` says anew what they are to it, of which it depends as
    well, and raises NotFound where it is none of theirs.
    """

    person: Person
    question: Hashable
    check: Callable[[Session], Hashable]
    read: Callable[[Session], Mapping[str, Any]]

    def __call__(self, session: Session) -> Mapping[str, Any]:
        return self.read(session)

    @property
    def asked(self) -> Hashable:
        """The question, and whose it is: by which account, with which address proven."""
        return (self.question, self.person.account_id, self.person.proven_email)


@dataclass(frozen=True)
class Look:
    """A page that is about to be read: `own` are its subjects beside those of what it shows, `since` is from when on
    what it wants to know was there, `begun` a time before the snapshot that is read in.
    """

    own: frozenset[Subject]
    since: float
    begun: float


@dataclass(frozen=True)
class Reading:
    """What was read, of which subjects, with which marks in the same snapshot, and a time before that."""

    values: Mapping[str, Any]
    subjects: frozenset[Subject]
    marks: Marks
    at: float


@dataclass
class Readings:
    """The readings of this process that may be shared, the oldest first."""

    most: int = READINGS_MAX
    _kept: OrderedDict[Hashable, Reading] = field(default_factory=OrderedDict)
    _turns: WeakValueDictionary[Hashable, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self._kept)

    def turn(self, asked: Hashable) -> AbstractAsyncContextManager[None]:
        """To be held by whoever reads: of many who ask for the same at once, one reads, and the others wait for it.

        Whoever asks for None waits for nobody.
        """
        if asked is None:
            return nullcontext()
        if (found := self._turns.get(asked)) is None:
            found = self._turns[asked] = asyncio.Lock()
        return found

    def read(self, session: Session, what: Shareable, subjects: Subjects, look: Look) -> Reading:
        """Returns what was read since then, and not long ago, of the same by the same; else reads it.

        Raises NotFound for what they may not see, whoever read it before.
        """
        key, oldest = (what.asked, what.check(session)), look.begun - SHARED_SECONDS
        with self._lock:
            found = self._kept.get(key)
        if found is not None and found.at >= max(look.since, oldest):
            by_hand = {subject for subject in found.subjects if subject.about not in BY_CHAT}
            marks = read_marks(session, by_hand | look.own)
            if all(marks.get(subject) == found.marks.get(subject) for subject in by_hand):
                return replace(found, subjects=found.subjects | look.own, marks={**found.marks, **marks})
        values = what.read(session)
        watched = frozenset(subjects(values))
        made = Reading(values, watched, read_marks(session, watched | look.own), look.begun)
        with self._lock:
            self._kept[key] = made
            self._kept.move_to_end(key)
            while len(self._kept) > self.most or next(iter(self._kept.values())).at < oldest:
                self._kept.popitem(last=False)
        return replace(made, subjects=watched | look.own)
