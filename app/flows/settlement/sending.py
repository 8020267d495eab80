"""Sends transactions of one account: number and bytes stored before any node has them, replaced at the same number.

Whether a transaction succeeds decides nothing; it is over when its number is used up at a final block. One process at a
time sends for an account; the rows guard money, the lease only speed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.transactions import transactions
from app.domain.transactions.transactions import Form, NewTransaction, OpenTransaction
from app.flows.events.mails import Desk
from app.ports.chain.chain import Chain
from app.ports.chain.signer import Signer
from app.ports.chain.values import Block, Call, Fees, SignedTransaction

log = structlog.get_logger()

Beside = Callable[[Session, str], None]
"""What is written beside a transaction's row, given its id."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long nobody has to have seen a transaction before its bytes are sent again, or before it offers more."""

    again_seconds: float = 30
    replace_seconds: float = 60


USUAL = Pace()


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends for an account of a chain; operators are told from the desk of what is stuck at the highest fee."""

    chain: Chain
    signer: Signer
    desk: Desk
    pace: Pace = USUAL

    @property
    def account(self) -> str:
        """The id of the account whose numbers are used."""
        return transactions.account_id(self.chain.rules.id, self.signer.address)

    async def count_foreign(self, final: Block) -> int:
        """Returns how many transactions the account has sent at a final block that no row of ours allotted."""
        count = await self.chain.transaction_count(self.signer.address, final)
        own = await db.in_transaction(self._open_account(count), writes=True)
        return max(count - own, 0)

    def _open_account(self, number: int) -> Callable[[Session], int]:
        rules = self.chain.rules
        return partial(transactions.open_account, chain_id=rules.id, address=self.signer.address, number=number)

    def skip_to(self, session: Session, count: int) -> None:
        """Goes on with the number that the chain counts, where rows of ours are behind, as after a restored backup."""
        self._open_account(count)(session)
        transactions.skip_to(session, self.chain.rules.id, self.signer.address, count)

    async def send(self, call: Call, new: NewTransaction, beside: Beside) -> str:
        """Stores a transaction with the next number and what stands beside it, then gives it to the nodes.

        Returns its id. Raises ChainUnavailable before anything is stored where nobody says what fees are; NumberTaken
        where another process was first.
        """
        fees = await self.chain.fees()
        rules = self.chain.rules
        find = partial(transactions.find_next_number, chain_id=rules.id, address=self.signer.address)
        number = await db.in_transaction(find)
        if number is None:
            final = await self.chain.finalized()
            count = await self.chain.transaction_count(self.signer.address, final)
            number = await db.in_transaction(self._open_account(count), writes=True)
        form = _form(self.chain.sign(call, number, fees, self.signer), fees)

        def write(session: Session) -> str:
            id_ = transactions.allot(session, self.account, number, new, form)
            beside(session, id_)
            return id_

        id_ = await db.in_transaction(write, writes=True)
        log.info("chain_transaction", transaction=id_, number=number, purpose=new.purpose, step="stored")
        for sent in await self._list_open():
            if sent.id == id_:
                await self._give(sent)
        return id_

    async def go_on(self, final: Block) -> None:
        """Ends what is final, and goes on with the rest, the lowest first: sent again, replaced when stuck."""
        count = await self.chain.transaction_count(self.signer.address, final)
        end = partial(transactions.note_final, account=self.account, count=count)
        await db.in_transaction(end, writes=True)
        now = clock.now()
        for number, waiting in enumerate(await self._list_open()):
            is_lowest = number == 0
            if is_lowest and waiting.sent_at and waiting.attempt_at < now - self.pace.replace_seconds * clock.SECOND:
                await self._offer_more(waiting)
            elif waiting.sent_at is None or waiting.sent_at < now - self.pace.again_seconds * clock.SECOND:
                await self._give(waiting)

    async def _list_open(self) -> list[OpenTransaction]:
        return list(await db.in_transaction(partial(transactions.list_open, account=self.account)))

    async def _offer_more(self, stuck: OpenTransaction) -> None:
        """Replaces a transaction at its number with one that offers 15 % more, or what is usual now if that is more."""
        chain = self.chain
        most = chain.rules.fee_wei_max
        raised = Fees(stuck.form.fee_wei, stuck.form.tip_wei).raised(most)
        if raised is None:
            if not stuck.is_alarmed:
                await db.in_transaction(partial(self._note_alarmed, stuck=stuck), writes=True)
                await self.desk.send_kept()
            await self._give(stuck)
            return
        usual = await chain.fees()
        fees = Fees(max(raised.fee_wei, usual.fee_wei), max(raised.tip_wei, usual.tip_wei))
        call = Call(stuck.to_address, stuck.data, stuck.gas)
        form = _form(chain.sign(call, stuck.number, fees, self.signer), fees)
        await db.in_transaction(partial(transactions.replace, transaction_id=stuck.id, form=form), writes=True)
        log.info("chain_transaction", transaction=stuck.id, number=stuck.number, fee_wei=fees.fee_wei, step="replaced")
        for replaced in await self._list_open():
            if replaced.id == stuck.id:
                await self._give(replaced)

    def _note_alarmed(self, session: Session, stuck: OpenTransaction) -> None:
        rules = self.chain.rules
        transactions.note_alarmed(session, stuck.id)
        self.desk.keep_alert(
            session, f"A transaction on {rules.name} is stuck",
            f"Number {stuck.number} of {self.signer.address} is not mined, and offers as much as it may"
            f" ({rules.fee_wei_max} wei for each gas). It is sent again until it is.",
        )  # fmt: skip

    async def _give(self, transaction: OpenTransaction) -> None:
        await self.chain.send(SignedTransaction(transaction.form.raw, transaction.form.hash))
        note = partial(transactions.note_sent, attempt_id=transaction.attempt_id)
        await db.in_transaction(note, writes=True)


def _form(signed: SignedTransaction, fees: Fees) -> Form:
    return Form(signed.raw, signed.hash, fees.fee_wei, fees.tip_wei)
