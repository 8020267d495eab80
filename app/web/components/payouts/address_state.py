"""What pages have in common on which somebody names the address they are paid out at, and shows that it is theirs.

Every handler looks up who is signed in; each form brings the id of its own click.
"""

from collections.abc import Coroutine, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import BadField, CoinslotError
from app.domain.ids import new_id
from app.domain.money import Environment
from app.domain.people.sessions import Person
from app.web.frame.format import plainly
from app.web.frame.session_state import VisitorState

WORD_CHARACTERS_MAX = 300


class AddressPart(VisitorState, mixin=True):
    """What is asked for on the page (`asking`: `withdraw:pw_…`, `address:sandbox`), and what came of it."""

    asking: str = ""
    click: str = ""
    error: str = ""
    said: str = ""

    @rx.event
    async def ask(self, what: str) -> EventSpec | None:
        """Opens a form; without a name it closes what is open."""
        if await self._signed_in() is None:
            return self._leave()
        self.asking, self.click, self.error, self.said = what[:WORD_CHARACTERS_MAX], new_id("clk"), "", ""
        return None

    @rx.event
    async def begin_address(self, form: dict[str, Any]) -> EventSpec | None:
        """Names an address, which is then to be confirmed."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._begin_address(person, form))
        return None

    @rx.event
    async def sign_address(self, form: dict[str, Any]) -> EventSpec | None:
        """Confirms an address by the signature of its key."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._sign_address(person, form))
        return None

    @rx.event
    async def send_test(self, form: dict[str, Any]) -> EventSpec | None:
        """Sends a test payout to an address whose key cannot sign."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._tested(person, form))
        return None

    @rx.event
    async def confirm_test(self, form: dict[str, Any]) -> EventSpec | None:
        """Confirms an address by the amount that arrived there."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._confirm_test(person, form))
        return None

    async def _do(self, step: Coroutine[Any, Any, str]) -> None:
        """Takes a step, and shows what it said; where it was refused, what was typed stays as it is."""
        try:
            said = await step
        except CoinslotError as error:
            self.error = plainly(error)
            return
        self.asking, self.error, self.said = "", "", said
        person = await self._signed_in()
        if person is not None:
            await self._show_again(person)

    async def _show_again(self, person: Person) -> None:
        """Shows at once what a step changed; whoever can read it at once does so first."""
        self._look_again()

    async def _send_test(self, person: Person, form: Mapping[str, Any]) -> None:
        """Sends the test payout out of a person's own unspent money; a page of earnings takes those."""
        await wiring.get().settlement.addresses.send_test_of_wallet(person, word(form, "id"), word(form, "click"))

    async def _begin_address(self, person: Person, form: Mapping[str, Any]) -> str:
        begun = await wiring.get().settlement.addresses.begin(person, environment_in(form), word(form, "address"))
        return f"Now show that {begun.address} is yours."

    async def _sign_address(self, person: Person, form: Mapping[str, Any]) -> str:
        settlement = wiring.get().settlement
        proved = await settlement.addresses.prove_by_signature(person, word(form, "id"), word(form, "signature"))
        return f"{proved.address} is confirmed."

    async def _tested(self, person: Person, form: Mapping[str, Any]) -> str:
        await self._send_test(person, form)
        return "About 1 USDC is on its way. Say here how much arrived, to the last digit."

    async def _confirm_test(self, person: Person, form: Mapping[str, Any]) -> str:
        settlement = wiring.get().settlement
        proved = await settlement.addresses.confirm_test(person, word(form, "id"), word(form, "amount"))
        return f"{proved.address} is confirmed."


def word(form: Mapping[str, Any], name: str) -> str:
    """Returns what a field of a form says, cut; nothing for a field that is not there."""
    return str(form.get(name, "")).strip()[:WORD_CHARACTERS_MAX]


def environment_in(form: Mapping[str, Any]) -> Environment:
    """Returns the environment that a form is of. Raises BadField for another word."""
    said = word(form, "environment")
    if said not in set(Environment):
        raise BadField("environment", "There is no such environment.")
    return Environment(said)
