"""Watches a treasury and its gas account: what left them that we did not make pauses payouts, whoever made it.

All is read at a final block. After a restored backup the same finds what was paid since, and payouts wait until every
transfer is booked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.payouts import desk
from app.domain.payouts.desk import Outgoing, Seen, TokenNews
from app.domain.payouts.tables import PayoutDesk
from app.flows.events.mails import Desk
from app.flows.settlement.looking import COIN_WEI, enough_coins
from app.flows.settlement.sending import Sender
from app.ports.chain.chain import Chain
from app.ports.chain.values import Block

log = structlog.get_logger()

LOOKED_EVERY = 3_600 * clock.SECOND
"""How often the token is looked at as long as it lets payouts out; once it does not, with each tick."""


@dataclass(frozen=True, slots=True)
class Treasury:
    """A chain's treasury at `address`, whose payouts `sender` sends; operators are told from the desk."""

    chain: Chain
    address: str
    sender: Sender
    desk: Desk

    async def read(self, final: Block, head: Block) -> bool:
        """Reads what left the treasury up to a final block, and pauses payouts where it must; tells whether they go on.

        Nothing goes on either while the newest block is old, or before what was read: that ends by itself.
        """
        rules = self.chain.rules
        opening = partial(desk.open_desk, chain_id=rules.id, block=final.number, hash_=final.hash)
        known = await db.in_transaction(opening, writes=True)
        if await self._is_another_chain(known, head):
            await self.pause("The chain is not the one that was read before: it lacks a block that was final.")
            return False
        if final.number < known.cursor_block:
            return False
        foreign = await self.sender.count_foreign(final)
        unbooked = await self._read_transfers(known, final, head)
        if foreign:
            await self.pause(f"Transactions of the gas account that are not ours, or are forgotten: {foreign}.")
        if unbooked:
            await self.pause(f"Transfers out of the treasury that are not ours, or are forgotten: {unbooked}.")
        if head.at < clock.now() // clock.SECOND - rules.head_seconds_max:
            log.warning("payouts", chain=rules.id, step="old_head", head=head.number)
            return False
        now = await db.in_transaction(partial(desk.find_desk, chain_id=rules.id))
        return now is not None and now.paused_because is None

    async def _is_another_chain(self, known: PayoutDesk, head: Block) -> bool:
        if head.number < known.cursor_block:
            return self.chain.rules.nodes_min == 1  # of several that must agree one lags, which ends by itself
        return (await self.chain.block(known.cursor_block)).hash != known.cursor_hash

    async def _read_transfers(self, known: PayoutDesk, final: Block, head: Block) -> int:
        """Keeps what left the treasury since the last look; returns how many transfers are not booked."""
        chain = self.chain
        blocks = range(known.cursor_block + 1, final.number + 1)
        found = await chain.transfers(blocks, [chain.rules.token], payer=self.address) if blocks else ()
        balances = await chain.balances([self.address], final)
        coins = await chain.coins(self.sender.signer.address, final)
        seen = Seen(final.number, final.hash, head.at, balances[self.address], coins)
        outgoing = [
            Outgoing(one.transaction, one.position, one.block, one.payee, one.units, one.nonce) for one in found
        ]
        unbooked, is_news = await db.in_transaction(partial(self._note_read, seen=seen, outgoing=outgoing), writes=True)
        if is_news:
            await self.desk.send_kept()
        return unbooked

    def _note_read(self, session: Session, seen: Seen, outgoing: Sequence[Outgoing]) -> tuple[int, bool]:
        rules, least = self.chain.rules, enough_coins(self.chain)
        unbooked = desk.note_read(session, rules.id, seen, outgoing)
        is_news = desk.note_gas(session, rules.id, is_low=seen.gas_wei < least)
        if is_news:
            has, needs = (f"{wei / COIN_WEI:.3f}" for wei in (seen.gas_wei, least))
            self.desk.keep_alert(
                session, f"The gas account on {rules.name} is low",
                f"{self.sender.signer.address} has {has} of the chain's coin, and should have {needs}. Deposits are"
                " not swept to the treasury until then; payouts, and deposits that people sign, wait when it is empty.",
            )  # fmt: skip
        return unbooked, is_news

    async def token_lets(self, final: Block) -> bool:
        """Tells whether the token lets payouts out. Operators are told when it does not, and when its code changed.

        Other code pauses payouts: what it does with an authorization is for somebody to read first. A paused token and
        a treasury that its issuer blocks keep them waiting, which ends by itself.
        """
        chain, now = self.chain, clock.now()
        known = await db.in_transaction(partial(desk.find_desk, chain_id=chain.rules.id))
        is_paused = await chain.is_paused(final)
        is_fresh = known is not None and known.looked_at is not None and known.looked_at > now - LOOKED_EVERY
        if known is not None and is_fresh and not is_paused and known.halted_because is None:
            return True
        implementation = await chain.implementation(final)
        because = "The issuer of USDC has paused all transfers." if is_paused else None
        if await chain.is_blocked(self.address, final):
            because = f"The issuer of USDC blocks the treasury {self.address}, so nothing can leave it or come to it."
        note = partial(self._note_token, implementation=implementation, because=because)
        news = await db.in_transaction(note, writes=True)
        if news.was is not None or news.is_halt_news:
            await self.desk.send_kept()
        return because is None and news.was is None

    def _note_token(self, session: Session, implementation: str, because: str | None) -> TokenNews:
        rules = self.chain.rules
        news = desk.note_token(session, rules.id, implementation, because)
        if news.was is not None:
            changed = f"The code of USDC on {rules.name} was {news.was}, and is {implementation} now."
            if not self._pause(session, changed):
                self.desk.keep_alert(session, f"USDC on {rules.name} has other code", changed)
        if news.is_halt_news:
            log.error("payouts", chain=rules.id, step="halted", because=because)
            self.desk.keep_alert(
                session, f"Payouts on {rules.name} wait for the issuer of USDC",
                f"{because} Nothing is lost: what was requested waits, and goes on by itself when that ends.",
            )  # fmt: skip
        return news

    async def pause(self, because: str) -> None:
        """Pauses the chain's payouts and tells the operators, once."""
        if await db.in_transaction(partial(self._pause, because=because), writes=True):
            await self.desk.send_kept()

    def _pause(self, session: Session, because: str) -> bool:
        rules = self.chain.rules
        is_news = desk.pause(session, rules.id, because)
        if is_news:
            log.error("payouts", chain=rules.id, step="paused", because=because)
            self.desk.keep_alert(
                session, f"Payouts on {rules.name} are paused",
                f"{because} Nothing is signed or sent until an operator resumes them on the treasury page.",
            )  # fmt: skip
        return is_news

    async def resume(self, beside: Callable[[Session], None]) -> None:
        """Lets payouts go on, and numbers of the gas account with what the chain counts; `beside` is written with it.

        Raises Refused while a transfer out of the treasury up to the newest final block is not booked.
        """
        chain = self.chain
        final, head = await chain.finalized(), await chain.head()
        opening = partial(desk.open_desk, chain_id=chain.rules.id, block=final.number, hash_=final.hash)
        known = await db.in_transaction(opening, writes=True)
        if final.number >= known.cursor_block:
            await self._read_transfers(known, final, head)
        count = await chain.transaction_count(self.sender.signer.address, final)

        def write(session: Session) -> None:
            desk.resume(session, chain.rules.id)
            self.sender.skip_to(session, count)
            beside(session)

        await db.in_transaction(write, writes=True)
        log.info("payouts", chain=chain.rules.id, step="resumed")
