"""What the settings page remembers: what is asked. A new key never comes here: the browser fetches it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db
from app.domain.errors import BadField, CoinslotError
from app.domain.money import Environment, parse_amount
from app.domain.people.sessions import Person
from app.domain.wallets.shared import OWN_UNITS, shared_account
from app.flows.callers.marks import About, Subject, purse_subjects
from app.flows.people import account, developer_keys, sign_in
from app.web.end_user.settings.cards_state import CardsPart
from app.web.end_user.settings.own_keys_rows import own_keys_subject
from app.web.end_user.settings.own_keys_state import OwnKeysPart
from app.web.end_user.settings.privacy_state import PrivacyPart
from app.web.end_user.settings.rows import AccountPage, read_account_page
from app.web.frame.format import plainly
from app.web.frame.session_state import Read, for_a_person


class SettingsState(PrivacyPart, CardsPart, OwnKeysPart, rx.State):
    """One open settings page."""

    page: AccountPage = AccountPage()
    error: str = ""
    method_error: str = ""
    key_error: str = ""
    saves: int = 0

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the account, and what changes in another window."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    def _reader(self, person: Person) -> Read:
        cards, own_keys = super()._reader(person), self._own_reader(person)

        def read(session: db.Session) -> dict[str, Any]:
            return {"page": read_account_page(session, person), **cards(session), **own_keys(session)}

        return read

    @rx.event
    async def save_profile(self, form: dict[str, Any]) -> EventSpec | None:
        """Saves the name and the usual cap."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        try:
            cap_nanos = parse_amount(str(form.get("cap", "")).strip())
        except BadField:
            self.error = "Enter an amount of USDC for the cap, such as 20 or 7.50."
            return None
        try:
            await account.change_profile(person, str(form.get("name", "")), cap_nanos)
        except CoinslotError as error:
            self.error = plainly(error)
            return None
        self.error = ""
        self.saves += 1
        await self._read_again(person)
        return None

    @rx.event
    async def ask(self, what: str) -> EventSpec | None:
        """Asks once before something is taken away; without a name it no longer asks."""
        if await self._signed_in() is None:
            return self._leave()
        self.asking, self.method_error, self.key_error = what[:64], "", ""
        return None

    @rx.event
    async def remove_method(self, identity_id: str) -> EventSpec | None:
        """Removes a sign-in method; the last one stays."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        self.asking = ""
        try:
            await sign_in.remove_identity(person, identity_id)
        except CoinslotError as error:
            self.method_error = plainly(error)
        await self._read_again(person)
        return None

    @rx.event
    async def end_session(self, session_id: str) -> EventSpec | None:
        """Signs another browser out."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        try:
            await sign_in.end_session(person, session_id)
        except CoinslotError as error:
            self.problem = plainly(error)
        if session_id == person.session_id:
            return self._leave()
        await self._read_again(person)
        return None

    @rx.event
    async def revoke_key(self) -> EventSpec | None:
        """Revokes the API key."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        self.asking = ""
        await account.revoke_account_key(person)
        await self._read_again(person)
        return None

    @rx.event
    async def revoke_developer_key(self, key_id: str) -> EventSpec | None:
        """Revokes a key of the Management API."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        self.asking = ""
        try:
            await developer_keys.revoke_developer_key(person, key_id)
        except CoinslotError as error:
            self.key_error = plainly(error)
        await self._read_again(person)
        return None


def _subjects(person: Person | None, _values: Mapping[str, Any]) -> list[Subject]:
    """What the person has, and what their wallets are filled with."""
    if person is None:
        return []
    own = (shared_account(person.account_id, environment, unit) for environment in Environment for unit in OWN_UNITS)
    purses = map(purse_subjects, own)
    about = (Subject(About.PERSON, person.account_id), own_keys_subject(person.account_id))
    return [*about, *(subject for purse in purses for subject in purse)]
