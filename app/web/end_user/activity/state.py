"""What the activity page remembers: the filters, and how much is shown."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db
from app.domain.money import Environment, Unit
from app.domain.paywalls.names import read_names
from app.domain.people.sessions import Person
from app.domain.usage.activity import Side, looked_until, read_wallet_movements
from app.domain.usage.spending import read_spending
from app.domain.wallets.shared import shared_account
from app.flows.callers.marks import Subject, purse_subjects
from app.web.components.activity_rows import MovementRow, to_row
from app.web.components.refunds.state import RefundsPart
from app.web.end_user.wallet.rows import choose_environment, read_beside
from app.web.frame.format import utc
from app.web.frame.session_state import Read, for_a_person

ROWS_A_PAGE = 25
ROWS_MAX = 500
APP_DAYS = 365


@dataclass(frozen=True)
class AppChoice:
    """An app to filter by."""

    paywall_id: str = ""
    name: str = ""


class ActivityState(RefundsPart, rx.State):
    """One open activity page."""

    movements: list[MovementRow] = []
    apps: list[AppChoice] = []
    has_more: bool = False
    has_both: bool = False
    environment: str = ""
    side: str = Side.ALL.value
    app_id: str = ""
    is_filtered: bool = False
    looked: str = ""
    """How far it was looked for what one app charged, where that is not all."""
    _wanted: str = ""
    _shown: int = ROWS_A_PAGE

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the newest movements, and new ones as they land."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    def _reader(self, person: Person) -> Read:
        wanted, side, app_id, shown = self._wanted, self.side, self.app_id, self._shown

        def read(session: db.Session) -> dict[str, Any]:
            environment, has_both = choose_environment(session, person, wanted)
            account = shared_account(person.account_id, environment)
            found = read_wallet_movements(session, account, limit=shown + 1, side=Side(side), paywall_id=app_id or None)
            until = looked_until(session, account) if app_id else None
            spent = read_spending(session, account, APP_DAYS)
            names = read_names(session, [*(line.paywall_id for line in spent), *(row.paywall_id for row in found)])
            beside = read_beside(session, account, found[:shown])
            return {
                "movements": [to_row(movement, Unit.USDC, names, beside) for movement in found[:shown]],
                "apps": [AppChoice(paywall_id, name) for paywall_id, name in sorted(names.items(), key=_by_name)],
                "has_more": len(found) > shown and shown < ROWS_MAX,
                "looked": "" if until is None else f"Looked at what moved since {utc(until)} UTC.",
                "is_filtered": side != Side.ALL or app_id != "",
                "has_both": has_both,
                "environment": environment.value,
            }

        return read

    @rx.event
    async def filter_side(self, side: str) -> EventSpec | None:
        """Shows everything, what was charged, or what came in."""
        return await self._filter(side=side if side in list(Side) else Side.ALL.value, app_id=self.app_id)

    @rx.event
    async def filter_app(self, app_id: str) -> EventSpec | None:
        """Shows what one app charged, or all."""
        return await self._filter(side=self.side, app_id=app_id[:64])

    async def _filter(self, side: str, app_id: str) -> EventSpec | None:
        person = await self._signed_in()
        if person is None and (away := self._leave()) is not None:
            return away
        self.side, self.app_id, self._shown = side, app_id, ROWS_A_PAGE
        if person is not None:
            self._put(await db.in_transaction(self._reader(person)))
        self._look_again()  # what the page's loop reads meanwhile, for the first time too, has the filter of before
        return None

    @rx.event
    async def show_environment(self, environment: str) -> EventSpec | None:
        """Shows the live or the sandbox wallet's movements."""
        self._wanted = environment[:10]
        return await self._filter(side=self.side, app_id="")

    @rx.event
    async def show_more(self) -> EventSpec | None:
        """Shows more."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        self._shown = min(self._shown + ROWS_A_PAGE, ROWS_MAX)
        self._put(await db.in_transaction(self._reader(person)))
        return None


def _subjects(person: Person | None, _values: Mapping[str, Any]) -> list[Subject]:
    """The wallet in both environments."""
    accounts = [] if person is None else [shared_account(person.account_id, environment) for environment in Environment]
    return [subject for account in accounts for subject in purse_subjects(account)]


def _by_name(item: tuple[str, str]) -> str:
    return item[1].lower()
