"""Wallets that fill themselves: looked at when a settlement left too little or a hold was refused, and by the sweep.

Whoever looks only asks; whether a card is charged is decided by one transaction under the wallet's own row
(`app/domain/cards/claims.py`), whichever process was first. The card is charged behind it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.cards import auto_topup, charges, claims, notices
from app.domain.cards.claims import Looked
from app.domain.cards.rules import Answer
from app.domain.cards.sums import Use
from app.domain.ledger.apply import apply_all
from app.each_alone import alone, each_alone
from app.flows.cards.charging import Charging
from app.flows.cards.mails import CardMails
from app.keeper import Keeper

log = structlog.get_logger()

BATCH = 100
LOOK_SECONDS = 1.0
"""A wallet that settles many requests is looked at once in so long; the last settlement always is."""
SAID_SECONDS = 1.0
SAID_MAX = 10_000
ON_ITS_WAY = "A top-up is on its way: send your message again in a moment."


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said of a wallet, and until when (seconds of the monotonic clock) it is said again."""

    words: str
    until: float


class AutoTopups:
    """Looks after wallets for one process. `base_url` is what our own addresses begin with."""

    def __init__(self, charging: Charging, mails: CardMails, keeper: Keeper, base_url: str) -> None:
        self._charging, self._mails, self._keeper, self._base_url = charging, mails, keeper, base_url
        self._looking: dict[str, Use | None] = {}
        self._again: set[str] = set()
        self._said: dict[str, _Said] = {}

    def settled(self, wallet_id: str, use: Use) -> None:
        """Looks at a wallet behind a settlement that left it below its threshold. Costs the caller nothing."""
        if wallet_id in self._looking:
            self._looking[wallet_id] = use
            self._again.add(wallet_id)
            return
        self._looking[wallet_id] = use
        self._keeper.keep(self._look_until_quiet(wallet_id))

    async def refused(self, wallet_id: str, use: Use) -> str:
        """Looks at a wallet whose money did not suffice for a hold, and returns what its owner reads beside the link.

        "" where nothing comes by itself.
        """
        now = clock.monotonic_seconds()
        said = self._said.get(wallet_id)
        if said is not None and said.until > now:
            return said.words
        looked = await self.look(wallet_id, use)
        if looked.answer is Answer.CHARGE and looked.charge_id is not None:
            self._keeper.keep(self._carry_out(looked.charge_id))
        if len(self._said) >= SAID_MAX:
            self._said.clear()
        words = self._words(looked)
        self._said[wallet_id] = _Said(words, now + SAID_SECONDS)
        return words

    async def look(self, wallet_id: str, use: Use | None = None, *, is_clicked: bool = False) -> Looked:
        """Looks at a wallet once, and claims the charge that is due; the caller lets it be carried out."""

        def decide(session: Session) -> Looked:
            looked = claims.look(session, wallet_id, use=use, is_clicked=is_clicked, surcharge=self._charging.costs())
            apply_all(session, looked.bumps)
            return looked

        looked = await db.in_transaction(decide, writes=True)
        log.info("auto_topup", wallet=wallet_id, step=looked.answer, charge=looked.charge_id)
        return looked

    async def fill(self, wallet_id: str, use: Use | None = None, *, is_clicked: bool = False) -> Looked:
        """Looks at a wallet, and carries out the charge that is due."""
        looked = await self.look(wallet_id, use, is_clicked=is_clicked)
        if looked.answer is Answer.CHARGE and looked.charge_id is not None:
            await self._carry_out(looked.charge_id)
        return looked

    async def has_due(self) -> bool:
        """Tells whether a charge, a retry or a mail is to be gone on with now."""
        return await db.in_transaction(_has_due)

    async def sweep(self) -> int:
        """Goes on with charges that are not known yet or wait, tries again what may be, and mails what is to be told.

        It begins no first charge: that is for a settlement or a refused hold. Returns how much there was to do.
        """
        due = await db.in_transaction(lambda session: charges.list_due(session, BATCH))
        await asyncio.gather(*(self._go_on_of(due, slot) for slot in range(WIDTH)))
        retries = await db.in_transaction(lambda session: auto_topup.list_due(session, BATCH))
        await each_alone("auto_topup", retries, self.fill)
        return len(due) + len(retries) + await self._mails.send_due()

    async def _go_on_of(self, due: Sequence[str], slot: int) -> None:
        """Goes on with every so-many-th charge, so that a slow answer keeps few others waiting."""
        await each_alone("card_charge", due[slot::WIDTH], partial(self._charging.go_on, is_due=True))

    async def _look_until_quiet(self, wallet_id: str) -> None:
        """Looks, and once more if another settlement came meanwhile, until there is none."""
        while True:
            self._again.discard(wallet_id)
            await alone("auto_topup", wallet_id, partial(self.fill, wallet_id, self._looking.get(wallet_id)))
            await asyncio.sleep(LOOK_SECONDS)
            if wallet_id not in self._again:
                del self._looking[wallet_id]
                return

    async def _carry_out(self, charge_id: str) -> None:
        await alone("card_charge", charge_id, partial(self._charging.go_on, charge_id))
        await alone("card_notice", charge_id, self._mails.send_due)

    def _words(self, looked: Looked) -> str:
        match looked.answer:
            case Answer.CHARGE | Answer.IN_FLIGHT:
                return ON_ITS_WAY
            case Answer.NEEDS_BANK:
                return f"Your bank wants you to confirm a top-up: {self._base_url}/confirm/{looked.charge_id}/"
            case Answer.NEEDS_CLICK:
                return f"Automatic top-up waits for you to let it go on: {self._base_url}/settings/"
            case _:
                return ""


WIDTH = 8
"""How many charges a sweep goes on with beside each other; the rail's own pace bounds them as well."""


def _has_due(session: Session) -> bool:
    return bool(charges.list_due(session, 1)) or bool(auto_topup.list_due(session, 1)) or notices.has_due(session)
