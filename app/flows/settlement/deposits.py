"""What comes in on a chain, read block by block: credited when it is final, shown before, never credited twice.

A look may be cut anywhere: each transfer is taken in a transaction of its own, and the cursor moves behind them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.chain_deposits import addresses, arrivals, cursor
from app.domain.chain_deposits.arrivals import Arrived, Book
from app.domain.chain_deposits.tables import ArrivalKind, ChainCursor
from app.domain.disputes.settling import lift
from app.domain.funnel.rounds import note_paid
from app.domain.ledger.apply import apply_all
from app.domain.money import Unit, environment_of_chain, format_finely
from app.domain.payouts.rules import UNITS_OF_ONE, nanos_of
from app.each_alone import Failed, each_alone
from app.flows.events.mails import Desk
from app.flows.settlement.addresses import check_addresses
from app.ports.chain.chain import Chain, Chains
from app.ports.chain.values import Block, ChainMismatch, ChainUnavailable, Transfer

log = structlog.get_logger()

BLOCKS_A_STEP = 10_000
"""How many blocks are read between two places where the cursor may stand."""
FRESH_MAX = 200
"""Of how many addresses at a time it is asked what came before they were known here."""
TOLD_FROM_UNITS = UNITS_OF_ONE
"""Operators are mailed of the wrong token from so much on: of dust anybody can send any number."""
OPENING = "opening"
"""In the place of a transaction: what a treasury held before its chain was read."""
DEV_CHAIN_ID = 31_337


@dataclass(frozen=True, slots=True)
class ChainDeposits:
    """Reads what comes to the deposit addresses of a chain and to its treasury; operators are told from the desk."""

    chain: Chain
    treasury: str
    desk: Desk

    async def read(self) -> int:
        """Takes what became final since the last look, and shows what is on its way; returns how much was taken.

        Raises ChainUnavailable where too few nodes answer, or they disagree; what was taken until then counts.
        ChainMismatch where addresses that were given out lead to another treasury.
        """
        await check_addresses(self.chain)
        final, head = await self.chain.finalized(), await self.chain.head()
        known = await self._begin(final)
        if await self._is_another_chain(known, head):
            await self._stop(self._another)
            return 0
        book = await self._book()  # who gets an address meanwhile is looked back at
        taken = await self._read_final(book, known, final)
        taken += await self._look_back(book, known, final)
        if taken:
            await self.desk.send_kept()
        await self._show(book, final, head)
        note = partial(cursor.note_head, chain_id=self.chain.rules.id, head=head.number, at=head.at)
        await db.in_transaction(note, writes=True)
        return taken

    async def _begin(self, final: Block) -> ChainCursor:
        """Returns the cursor; where the chain is new, with what its treasury already holds as the operator's money."""
        rules = self.chain.rules
        known = await db.in_transaction(partial(cursor.find, chain_id=rules.id))
        if known is not None:
            return known
        first = await self.chain.block(rules.first_block - 1) if rules.first_block else final
        held = (await self.chain.balances([self.treasury], first))[self.treasury]
        book = await self._book()

        def write(session: Session) -> ChainCursor:
            opened = cursor.begin(session, rules.id, first.number, first.hash)
            if held:
                _take(session, book, Arrived(rules.token, "", self.treasury, held, first.number, OPENING, 0))
            return opened

        return await db.in_transaction(write, writes=True)

    async def _is_another_chain(self, known: ChainCursor, head: Block) -> bool:
        if head.number < known.block:
            return self.chain.rules.nodes_min == 1  # of several that must agree one lags, which ends by itself
        return (await self.chain.block(known.block)).hash != known.block_hash

    @property
    def _another(self) -> str:
        rules = self.chain.rules
        because = f"{rules.name} is not the chain that was read before: it lacks a block that was final."
        return because + " Start the demo with --fresh." if rules.id == DEV_CHAIN_ID else because

    async def check(self) -> None:
        """Raises ChainMismatch where the chain lacks a block that was final."""
        known = await db.in_transaction(partial(cursor.find, chain_id=self.chain.rules.id))
        if known is not None and await self._is_another_chain(known, await self.chain.head()):
            raise ChainMismatch(self._another)

    async def _stop(self, because: str) -> None:
        rules = self.chain.rules

        def write(session: Session) -> bool:
            is_news = cursor.stop(session, rules.id, because)
            if is_news:
                self.desk.keep_alert(session, f"Deposits on {rules.name} have stopped", because)
            return is_news

        if await db.in_transaction(write, writes=True):
            log.error("deposits", chain=rules.id, step="stopped")
            await self.desk.send_kept()

    async def _look_back(self, book: Book, known: ChainCursor, final: Block) -> int:
        """Takes what came to addresses before they were known here, as to those that a restored backup had forgotten.

        An address follows from its wallet, so whoever opens it again has the same. What it holds now beyond what is
        known of it must be in the blocks up to the cursor; returns how much was taken. Nodes are asked of a block that
        they still have: of one that is minutes old many know the logs alone.
        """
        rules = self.chain.rules
        listed = await db.in_transaction(partial(addresses.list_fresh, chain_id=rules.id, limit=FRESH_MAX))
        fresh = [address for address in listed if address in book.wallets]
        if not fresh:
            return 0
        held = await self.chain.balances(fresh, final)
        here = await db.in_transaction(partial(arrivals.sum_at, chain_id=rules.id, addresses=fresh))
        missing = {address: units - here[address] for address, units in held.items() if units > here[address]}
        taken, stop = 0, known.block + 1
        while missing and stop > rules.first_block:
            start = max(stop - BLOCKS_A_STEP, rules.first_block)
            for transfer in await self.chain.transfers(range(start, stop), self._tokens, payees=sorted(missing)):
                taken += await self._take_one(book, _arrived(transfer))
                missing[transfer.payee] -= transfer.units if transfer.token == rules.token else 0
            missing, stop = {address: units for address, units in missing.items() if units > 0}, start
        if await db.in_transaction(partial(self._note_looked_back, fresh=fresh, taken=taken), writes=True):
            await self.desk.send_kept()
        return taken

    def _note_looked_back(self, session: Session, fresh: Sequence[str], taken: int) -> bool:
        """Tells whether the operators were told something."""
        rules = self.chain.rules
        addresses.note_looked_back(session, rules.id, arrivals.sum_at(session, rules.id, fresh))
        if taken:
            self.desk.keep_alert(
                session, f"Deposits on {rules.name} from before their addresses were known",
                f"{taken} transfers came to addresses that this database did not know then, as after a restored backup."
                " They were taken now; nothing is to be done.",
            )  # fmt: skip
        if swept := arrivals.sum_funding_from(session, rules.id, fresh):
            self.desk.keep_alert(
                session, f"Deposits on {rules.name} were booked as your own money",
                f"{format_finely(nanos_of(swept), Unit.USDC)} went from {', '.join(fresh)} to the treasury before this"
                " database knew whose those addresses are, as after a restored backup. It counts as your own. Give it"
                " to them by hand.",
            )  # fmt: skip
        return bool(taken or swept)

    async def _read_final(self, book: Book, known: ChainCursor, final: Block) -> int:
        taken, start = 0, known.block + 1
        while start <= final.number:
            last = min(start + BLOCKS_A_STEP - 1, final.number)
            end = final if last == final.number else await self.chain.block(last)
            for transfer in await self._transfers(book, range(start, last + 1)):
                taken += await self._take_one(book, _arrived(transfer))
            advance = partial(cursor.advance, chain_id=book.chain_id, block=end.number, hash_=end.hash)
            await db.in_transaction(advance, writes=True)
            start = last + 1
        return taken

    async def _take_one(self, book: Book, arrived: Arrived) -> int:
        def write(session: Session) -> ArrivalKind | None:
            kind = _take(session, book, arrived)
            if kind is ArrivalKind.BRIDGED and arrived.units >= TOLD_FROM_UNITS:
                self.desk.keep_alert(
                    session, f"The wrong token came in on {self.chain.rules.name}",
                    f"{arrived.units} units of {arrived.token}, which only looks like USDC, are at {arrived.payee}."
                    f" Nothing was credited. They can be swept and returned by hand. Transaction:"
                    f" {arrived.transaction}.",
                )  # fmt: skip
            return kind

        kind = await db.in_transaction(write, writes=True)
        if kind is None:
            return 0
        log.info("deposit", chain=book.chain_id, transaction=arrived.transaction, position=arrived.position,
                 units=arrived.units, step=kind)  # fmt: skip
        return 1

    async def _show(self, book: Book, final: Block, head: Block) -> None:
        """Shows what is in blocks that are not final; nodes that are behind say nothing of it, which harms nobody."""
        blocks = range(final.number + 1, head.number + 1)
        try:
            found = await self._transfers(book, blocks) if blocks and book.wallets else ()
        except ChainUnavailable as error:
            log.info("deposits", chain=book.chain_id, step="not_shown", said=error.message)
            return
        shown = [_arrived(transfer) for transfer in found]
        await db.in_transaction(lambda session: arrivals.show(session, book, shown), writes=True)

    async def _transfers(self, book: Book, blocks: range) -> Sequence[Transfer]:
        return await self.chain.transfers(blocks, self._tokens, payees=[self.treasury, *book.wallets])

    @property
    def _tokens(self) -> Sequence[str]:
        rules = self.chain.rules
        return [rules.token, *([rules.bridged_token] if rules.bridged_token else [])]

    async def _book(self) -> Book:
        rules = self.chain.rules
        wallets = await db.in_transaction(partial(addresses.wallets_by_address, chain_id=rules.id))
        return Book(rules.id, environment_of_chain(rules.id), rules.token, self.treasury, wallets)


@dataclass(frozen=True, slots=True)
class Deposits:
    """Reads every chain of this process."""

    chains: Chains
    desk: Desk

    async def read_all(self) -> int:
        """Reads each chain, none of which keeps another waiting for good; returns how much was taken.

        Raises the first error, when all have had their turn: a chain that is not read is a job that fails.
        """
        came = await each_alone("deposits", self.chains.all(), self._read, lambda chain: chain.rules.name)
        for _, taken in came:
            if isinstance(taken, Failed):
                raise taken.error
        return sum(taken for _, taken in came if not isinstance(taken, Failed))

    async def check_all(self) -> None:
        """Raises ChainMismatch where a chain lacks a block that was final."""
        for chain in self.chains.all():
            await self._of(chain).check()

    async def _read(self, chain: Chain) -> int:
        return await self._of(chain).read()

    def _of(self, chain: Chain) -> ChainDeposits:
        return ChainDeposits(chain, self.chains.keys(chain.rules.id).treasury.address, self.desk)


def _take(session: Session, book: Book, arrived: Arrived) -> ArrivalKind | None:
    taken = arrivals.take(session, book, arrived)
    if taken is None:
        return None
    kind, posting = taken
    if posting is not None:
        wallet = book.wallets.get(arrived.payee)
        lifted = [] if wallet is None else lift(session, wallet, posting.transfers[0].amount)
        apply_all(session, [posting, *lifted])
        if wallet is not None:
            note_paid(session, wallet.owner)
    return kind


def _arrived(transfer: Transfer) -> Arrived:
    return Arrived(transfer.token, transfer.payer, transfer.payee, transfer.units, transfer.block,
                   transfer.transaction, transfer.position, transfer.nonce)  # fmt: skip
