"""What the page of one user remembers: what is asked, and what came of it. Each form brings the id of its own click."""

from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import BadField, CoinslotError
from app.domain.ids import new_id
from app.domain.money import CENT_NANOS, Unit, format_for_people, parse_amount
from app.domain.paywalls.members import Manager
from app.domain.refunds.tables import RefundStatus
from app.flows.callers.marks import About, Subject
from app.flows.disputes.give_back import refund_payment
from app.flows.paywalls.change import change
from app.flows.paywalls.users import Block, blocks
from app.flows.wallets.grant import Gift, grant
from app.flows.wallets.refund import refund_charge
from app.web.developer.frame.state import PaywallState, Work
from app.web.developer.user.rows import CHARGE, PAYMENT, UserPage, read_accounts, read_user_page
from app.web.frame.format import plainly
from app.web.frame.routes import user_of

CLICK_CHARACTERS_MAX = 64


class UserState(PaywallState, rx.State):
    """One open page of a user. `click` is the id of the form that is asked, so that pressing it twice acts once."""

    page: UserPage = UserPage()
    asking: str = ""
    click: str = ""
    error: str = ""
    said: str = ""
    _older: str = ""
    _accounts: tuple[str, ...] = ()

    def _work(self) -> Work:
        own_id, older = user_of(self.router.url.path), self._older

        def read(session: db.Session, manager: Manager) -> dict[str, Any]:
            page = read_user_page(session, manager, own_id, older)
            return {"page": page, "_accounts": read_accounts(session, manager.paywall_id, page.user)}

        return read

    def _watched(self, values: Mapping[str, Any]) -> Iterable[Subject]:
        return [Subject(About.ACCOUNT, account_id) for account_id in values["_accounts"]]

    @rx.event
    async def ask(self, what: str) -> EventSpec | None:
        """Opens a form, or the question that a step asks once; without a name it closes what is open."""
        if await self._managing() is None:
            return self._leave()
        self.asking, self.click, self.error, self.said = what[:200], new_id("clk"), "", ""
        return None

    @rx.event
    async def give(self, form: dict[str, Any]) -> EventSpec | None:
        """Gives the user money."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        await self._do(self._give(manager, form))
        return None

    @rx.event
    async def refund(self, form: dict[str, Any]) -> EventSpec | None:
        """Gives a charge or a payment back, or a part of it."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        await self._do(self._refund(manager, form))
        return None

    @rx.event
    async def block(self, is_blocked: bool) -> EventSpec | None:
        """Blocks the user, or lets them in again."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        await self._do(self._block(manager, is_blocked))
        return None

    @rx.event
    async def show_older(self) -> EventSpec | None:
        """Shows the next page of the history."""
        if await self._managing() is None:
            return self._leave()
        if self.page.older:
            self._older = self.page.older
            await self._show_again()
        return None

    @rx.event
    async def show_newest(self) -> EventSpec | None:
        """Shows the newest page of the history again."""
        if await self._managing() is None:
            return self._leave()
        self._older = ""
        await self._show_again()
        return None

    async def _do(self, step: Coroutine[Any, Any, str]) -> None:
        """Takes a step, and shows what it said; where it was refused, what was typed stays as it is."""
        try:
            said = await step
        except CoinslotError as error:
            self.error = plainly(error)
            return
        self.asking, self.error, self.said = "", "", said
        await self._show_again()

    async def _give(self, manager: Manager, form: Mapping[str, Any]) -> str:
        amount_nanos = _amount(form)
        gift = Gift(self.page.user, amount_nanos, str(form.get("reason", "")).strip())
        await grant(manager, gift, _click(form))
        return f"{format_for_people(amount_nanos, Unit(self.paywall.unit))} was given."

    async def _refund(self, manager: Manager, form: Mapping[str, Any]) -> str:
        kind, _, id_ = str(form.get("what", "")).partition(":")
        is_all = not str(form.get("amount", "")).strip()
        nanos = None if is_all else _amount(form)
        if kind == CHARGE:
            await refund_charge(manager, id_, _click(form), nanos)
            return "The charge was given back." if is_all else "A part of the charge was given back."
        if kind != PAYMENT:
            raise BadField("what", "There is nothing to give back.")
        if nanos is not None and nanos % CENT_NANOS:
            raise BadField("amount", "A payment is given back in whole cents.")
        cents = None if nanos is None else nanos // CENT_NANOS
        given = await refund_payment(wiring.get().refunds, manager, id_, _click(form), cents)
        dollars = format_for_people(given.paid_cents * CENT_NANOS, Unit.USD)
        return f"{dollars} is on its way back to the payer." if given.status is not RefundStatus.FAILED else (
            f"{dollars} could not be given back; the money is in the wallet again.")  # fmt: skip

    async def _block(self, manager: Manager, is_blocked: bool) -> str:
        await change(manager, blocks(), Block(self.page.user, is_blocked))
        return "The user is blocked." if is_blocked else "The user is let in again."


def _amount(form: Mapping[str, Any]) -> int:
    try:
        return parse_amount(str(form.get("amount", "")).strip())
    except BadField as error:
        raise BadField("amount", "Enter an amount above zero, such as 0.50.") from error


def _click(form: Mapping[str, Any]) -> str:
    """Returns the id of the form that was shown. Raises BadField without one."""
    click = str(form.get("click", ""))[:CLICK_CHARACTERS_MAX]
    if not click:
        raise BadField("click", "Open the form again.")
    return click
