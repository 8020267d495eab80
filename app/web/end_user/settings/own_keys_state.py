"""What the settings remember of own keys: what is asked and tried. No key comes here: the browser posts it itself.

Every handler looks up who is signed in; whose a key is, the flows ask.
"""

from collections.abc import AsyncIterator
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import CoinslotError
from app.domain.people.sessions import Person
from app.flows.vault import saving
from app.web.end_user.settings.own_keys_rows import OTHER, OwnKeysPage, label_of, read_own_keys
from app.web.frame.format import counted, plainly
from app.web.frame.session_state import Read, VisitorState

ID_CHARACTERS_MAX = 64
SAID_CHARACTERS_MAX = 80


class OwnKeysPart(VisitorState, mixin=True):
    """The own keys of an open settings page."""

    own_keys: OwnKeysPage = OwnKeysPage()
    own_form: bool = False
    own_host: str = "openai"
    own_kind: str = "key"
    asking_own: str = ""
    trying_own: str = ""
    own_trial: str = ""
    """Of which key `own_trial_text` says how its test went."""
    own_trial_text: str = ""
    own_trial_tone: str = ""
    own_said: str = ""
    own_error: str = ""

    @rx.event
    async def open_own_form(self, is_open: bool) -> EventSpec | None:
        """Shows or hides the form."""
        if await self._signed_in() is None:
            return self._leave()
        self.own_form, self.own_said, self.own_error, self.asking_own = bool(is_open), "", "", ""
        return None

    @rx.event
    async def choose_own_host(self, name: str) -> EventSpec | None:
        """Takes whose key is typed."""
        if await self._signed_in() is None:
            return self._leave()
        self.own_host = name if name in {row.name for row in self.own_keys.hosts} else OTHER
        return None

    @rx.event
    async def choose_own_kind(self, kind: str) -> EventSpec | None:
        """Takes whether a key or a sign-in is typed."""
        if await self._signed_in() is None:
            return self._leave()
        self.own_kind = "profile" if kind == "profile" else "key"
        return None

    @rx.event
    async def own_key_saved(self, said: str) -> EventSpec | None:
        """Shows the key that the browser has posted; `said` is its name and how many models its host lists."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        name, _, models = said[:SAID_CHARACTERS_MAX].partition(" ")
        is_listed = models.isdecimal() and models != "0"
        self.own_form = False
        listed = f" Its host lists {counted(int(models), 'model')}." if is_listed else ""
        self.own_said = f"{label_of(name)} is saved.{listed}"
        await self._read_own_again(person)
        return None

    @rx.event
    async def ask_own(self, key_id: str) -> EventSpec | None:
        """Asks once whether a key shall be removed; without an id it no longer asks."""
        if await self._signed_in() is None:
            return self._leave()
        self.asking_own, self.own_error, self.own_said = key_id[:ID_CHARACTERS_MAX], "", ""
        return None

    @rx.event
    async def remove_own(self, key_id: str) -> EventSpec | None:
        """Removes a key, from the next request on."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        self.asking_own, self.own_error = "", ""
        try:
            await saving.remove_own_key(person.account_id, key_id)
        except CoinslotError as error:
            self.own_error = plainly(error)
        await self._read_own_again(person)
        return None

    @rx.event(background=True)
    async def try_own(self, key_id: str) -> AsyncIterator[EventSpec | None]:
        """Asks a key's host for its models and a word, as a request would."""
        async with self:
            person = await self._signed_in()
            if person is None or self.trying_own:
                leave = self._leave() if person is None else None
                yield leave
                return
            self.trying_own, self.own_trial, self.own_error = key_id[:ID_CHARACTERS_MAX], "", ""
        try:
            looked = await saving.try_own_key(wiring.get().vault, person.account_id, key_id)
            text, tone = looked.warning or f"It answered, and lists {len(looked.models):,} models.", "wait"
            tone = tone if looked.warning else ""
        except CoinslotError as error:
            text, tone = plainly(error), "bad"
        page = await db.in_transaction(self._own_reader(person))
        async with self:
            self.trying_own, self.own_trial = "", key_id[:ID_CHARACTERS_MAX]
            self.own_trial_text, self.own_trial_tone = text, tone
            self._put(page)

    async def _read_own_again(self, person: Person) -> None:
        self._put(await db.in_transaction(self._own_reader(person)))

    def _own_reader(self, person: Person) -> Read:
        """Returns what reads this part."""

        def read(session: db.Session) -> dict[str, Any]:
            return {"own_keys": read_own_keys(session, person)}

        return read
