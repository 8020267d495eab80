"""Payouts on a chain, step by step (`decisions.md` 14): decided at final blocks by the token alone, whatever was sent.

requested → batched → signed → sent → paid, or canceling → returned. Each tick reads what is stored and asks the chain;
it may be cut at any question. The token takes each payout's nonce once, so nothing is ever paid twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.money import Unit, format_finely
from app.domain.payouts import batches, desk, requests
from app.domain.payouts.batches import Opened, OpenPayout
from app.domain.payouts.rules import VALID_SECONDS, PayoutRules, nanos_of
from app.domain.payouts.tables import Payout, PayoutStatus
from app.domain.transactions.tables import Purpose
from app.domain.transactions.transactions import NewTransaction
from app.flows.events.mails import Desk
from app.flows.settlement.sending import USUAL, Pace, Sender
from app.flows.settlement.told import keep_withdrawal_mail, tell_paid, tell_returned
from app.flows.settlement.treasury import Treasury
from app.ports.chain.chain import Chain
from app.ports.chain.signer import ChainKeys
from app.ports.chain.values import (
    BATCH_MAX,
    Authorization,
    Block,
    Call,
    ChainMismatch,
    ChainRefused,
    Fate,
    Outcome,
    SignedAuthorization,
)

log = structlog.get_logger()

BLOCKED = "recipient_blocked"
"""Why a payout comes back that the token's issuer lets nobody have."""
SIGNED_ANEW_SECONDS = 60 * 60
"""How long before a signature ends the payout is signed anew, with the same nonce."""
ASKED_AT_ONCE = 8
SINCE_BLOCKS = 1_000
"""How far a payout's first possible block may lie behind what is known, before it is moved: logs are read from it."""


@dataclass
class ChainPayouts:
    """A PayoutRail by a chain, which is compared with its configuration first; operators are told from the desk.

    `rules` are asked anew at each look: an operator may change them.
    """

    chain: Chain
    keys: ChainKeys
    desk: Desk
    pace: Pace = USUAL
    rules: Callable[[], PayoutRules] = PayoutRules
    is_checked: bool = False

    @property
    def name(self) -> str:
        """The chain's name."""
        return self.chain.rules.name

    @property
    def sender(self) -> Sender:
        """Sends from the gas account."""
        return Sender(self.chain, self.keys.gas, self.desk, self.pace)

    @property
    def treasury(self) -> Treasury:
        """Watches the treasury."""
        return Treasury(self.chain, self.keys.treasury.address, self.sender, self.desk)

    async def go_on(self) -> int:
        """Decides what the chain has decided, and goes on with the rest; returns how many payouts ended.

        Raises ChainUnavailable where too few nodes answer, ChainMismatch where the chain is another; what was stored
        until then counts.
        """
        final, head = await self.chain.finalized(), await self.chain.head()
        if not self.is_checked:
            await self._check(final)
            self.is_checked = True
        goes_on = await self.treasury.read(final, head)
        await self.sender.go_on(final)
        ended = await self._decide(final)
        if await self.treasury.token_lets(final) and goes_on:
            await self._open_batches(final)
            await self._cancel()
            await self._pay(final)
        return ended

    async def _check(self, final: Block) -> None:
        await self.chain.check()
        treasury = self.keys.treasury.address
        if await self.chain.has_code(treasury, final):
            # The token then asks that code whether a signature is right, and not our key.
            raise ChainMismatch(f"{treasury} has code on {self.name}; a treasury must be the account of a key alone.")

    async def _list_open(self) -> Sequence[OpenPayout]:
        return await db.in_transaction(partial(batches.list_open, chain_id=self.chain.rules.id))

    async def _decide(self, final: Block) -> int:
        """Ends each payout of which the token says that it was paid, or can never be."""
        found = await self._list_open()
        if not found:
            return 0
        since = max(min(payout.since_block for payout in found), self.chain.rules.first_block)
        outcomes = await self.chain.outcomes(self.keys.treasury.address, [one.nonce for one in found], since, final)
        ended = 0
        for payout in found:
            ended += await self._note(payout, outcomes[payout.nonce])
        if ended:
            await self.desk.send_kept()
        still = [one.id for one in found if outcomes[one.nonce].fate is Fate.OPEN
                 and one.since_block < final.number - SINCE_BLOCKS]  # fmt: skip
        if still:
            await db.in_transaction(partial(batches.note_open, payout_ids=still, block=final.number), writes=True)
        return ended

    async def _note(self, payout: OpenPayout, outcome: Outcome) -> int:
        if outcome.fate is Fate.OPEN:
            return 0
        if outcome.fate is Fate.USED and (outcome.payee, outcome.units) != (payout.address, payout.units):
            await self.treasury.pause(
                f"{payout.id} was paid otherwise than it is stored: {outcome.units} units to {outcome.payee}."
            )
            return 0
        transaction, block = outcome.transaction or "", outcome.block or 0

        def write(session: Session) -> Payout | None:
            if outcome.fate is Fate.USED:
                done = batches.note_paid(session, payout.id, transaction, block)
                tell = tell_paid
            else:
                done, tell = batches.note_returned(session, payout.id, transaction, block), tell_returned
            if done is not None:
                tell(session, done)
                keep_withdrawal_mail(session, done)
            return done

        done = await db.in_transaction(write, writes=True)
        if done is None:
            return 0
        log.info("payout", payout=payout.id, step=outcome.fate, transaction=transaction)
        return 1

    async def _open_batches(self, final: Block) -> None:
        """Opens batches for what the treasury holds; operators are told when it lacks something, once a day."""
        treasury = self.keys.treasury.address
        held = (await self.chain.balances([treasury], final))[treasury]
        opening = partial(self._open_batch, rules=self.rules(), held_units=held, block=final.number)
        opened = await db.in_transaction(opening, writes=True)
        while opened.batch_id is not None:
            log.info("payout_batch", batch=opened.batch_id, step="waits" if opened.waiting_units else "opened")
            if opened.waiting_units:
                await self.desk.send_kept()
            opened = await db.in_transaction(opening, writes=True)
        if await db.in_transaction(partial(self._note_lacking, units=opened.lacking_units), writes=True):
            await self.desk.send_kept()

    def _note_lacking(self, session: Session, units: int) -> bool:
        is_news = desk.note_lacking(session, self.chain.rules.id, units)
        if is_news:
            self.desk.keep_alert(
                session, f"Payouts on {self.name} wait for money",
                f"The treasury {self.keys.treasury.address} lacks {format_finely(nanos_of(units), Unit.USDC)} for what"
                " was requested. Send it there; card money is still at Stripe. The payouts go on by themselves.",
            )  # fmt: skip
        return is_news

    def _open_batch(self, session: Session, rules: PayoutRules, held_units: int, block: int) -> Opened:
        opened = batches.open_batch(session, rules, self.chain.rules.id, held_units, block)
        if opened.waiting_units:
            amount, most = (format_finely(nanos_of(one), Unit.USDC)
                            for one in (opened.waiting_units, rules.batch_units_max))  # fmt: skip
            self.desk.keep_alert(
                session, f"A batch of payouts on {self.name} waits for you",
                f"It comes to {amount}, and more than {most} of it was let through by nobody. Look at its payouts on"
                " the treasury page, take back what is wrong, and let the rest through.",
            )  # fmt: skip
        return opened

    async def _cancel(self) -> None:
        """Asks the chain never to pay what was taken back."""
        canceling = [one for one in await self._list_open() if one.status is PayoutStatus.CANCELING]
        waiting = [one for one in canceling if not one.is_carried]
        for start in range(0, len(waiting), BATCH_MAX):
            part = waiting[start : start + BATCH_MAX]
            nonces = [one.nonce for one in part]
            call = self.chain.cancel_many(self.keys.treasury.address, nonces, self.keys.treasury)
            await self._send(call, Purpose.CANCEL, part)

    async def _pay(self, final: Block) -> None:
        """Signs and sends what is in a batch and in no transaction: for the first time, or once more."""
        groups: dict[str, list[OpenPayout]] = {}
        for payout in await self._list_open():
            if payout.is_payable and not payout.is_carried:
                groups.setdefault(payout.batch_id or "", []).append(payout)
        for part in groups.values():
            payable = await self._without_blocked(part, final)
            signed = [await self._signed(payout, final) for payout in payable]
            ready = [one for one in zip(payable, signed, strict=True) if one[1] is not None]
            taken = await self._without_refused([(payout, given) for payout, given in ready if given is not None])
            if taken:
                call = self.chain.relay([given for _, given in taken])
                await self._send(call, Purpose.PAYOUTS, [payout for payout, _ in taken])

    async def _without_blocked(self, payouts: Sequence[OpenPayout], final: Block) -> Sequence[OpenPayout]:
        """Takes back what goes to an address that the token's issuer blocks; returns the rest."""
        asking = asyncio.Semaphore(ASKED_AT_ONCE)

        async def ask(payout: OpenPayout) -> bool:
            async with asking:
                return await self.chain.is_blocked(payout.address, final)

        blocked = await asyncio.gather(*map(ask, payouts))
        for payout, is_blocked in zip(payouts, blocked, strict=True):
            if is_blocked:
                take_back = partial(requests.withdraw, payout_id=payout.id, code=BLOCKED)
                await db.in_transaction(take_back, writes=True)
                log.warning("payout", payout=payout.id, step=BLOCKED)
        return [payout for payout, is_blocked in zip(payouts, blocked, strict=True) if not is_blocked]

    async def _signed(self, payout: OpenPayout, final: Block) -> SignedAuthorization | None:
        """Returns a payout's signature, stored before anybody gets it; None for one that was taken back meanwhile."""
        treasury, valid_before = self.keys.treasury, payout.valid_before
        if payout.signature is not None and valid_before and valid_before > final.at + SIGNED_ANEW_SECONDS:
            asked = Authorization(treasury.address, payout.address, payout.units, valid_before, payout.nonce)
            return SignedAuthorization(asked, payout.signature)
        until = final.at + VALID_SECONDS
        asked = Authorization(treasury.address, payout.address, payout.units, until, payout.nonce)
        given = self.chain.authorize(asked, treasury)
        keep = partial(batches.note_signed, payout_id=payout.id, signature=given.signature, valid_before=until)
        return given if await db.in_transaction(keep, writes=True) else None

    async def _without_refused(
        self, payouts: Sequence[tuple[OpenPayout, SignedAuthorization]]
    ) -> Sequence[tuple[OpenPayout, SignedAuthorization]]:
        """Leaves out what the token would refuse now; it is tried again, and taken back only for its own reason."""
        asking = asyncio.Semaphore(ASKED_AT_ONCE)

        async def is_taken(payout: OpenPayout, given: SignedAuthorization) -> bool:
            async with asking:
                try:
                    await self.chain.simulate(self.chain.relay_one(given), self.keys.gas.address)
                except ChainRefused as refused:
                    log.warning("payout", payout=payout.id, step="refused", said=refused.message)
                    return False
                return True

        taken = await asyncio.gather(*(is_taken(payout, given) for payout, given in payouts))
        return [one for one, is_good in zip(payouts, taken, strict=True) if is_good]

    async def _send(self, call: Call, purpose: Purpose, payouts: Sequence[OpenPayout]) -> None:
        ids = [payout.id for payout in payouts]
        new = NewTransaction(purpose, payouts[0].batch_id or payouts[0].id, call.to, call.data, call.gas)
        await self.sender.send(call, new, lambda session, sent: batches.note_carried(session, ids, sent))
