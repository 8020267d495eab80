"""Pays in by a signature: somebody signs a transfer to their own deposit address, we bring it and pay the gas.

Whether our transaction succeeds decides nothing: the transfer is credited as any deposit is, whoever brought it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.chain_deposits import signed_topups
from app.domain.chain_deposits.signed_topups import LEFT_SECONDS_LEAST, Asked, check_amount, check_pace
from app.domain.chain_deposits.tables import SignedTopup
from app.domain.errors import Refused, Unavailable
from app.domain.money import Environment, Unit, format_for_people, parse_amount
from app.domain.payouts.rules import nanos_of, units_of
from app.domain.people.sessions import Person
from app.domain.transactions.tables import Purpose
from app.domain.transactions.transactions import NewTransaction, NumberTaken
from app.domain.wallets.shared import shared_account
from app.flows.cards.pace import Pace
from app.flows.events.mails import Desk
from app.flows.settlement.addresses import open_address
from app.flows.settlement.looking import least_coins
from app.flows.settlement.sending import Sender
from app.ports.chain.chain import Chain, Chains
from app.ports.chain.signer import WalletSignatures
from app.ports.chain.values import AddressInvalid, Authorization, ChainRefused, Fate, SignedAuthorization

log = structlog.get_logger()

SENDS_MAX = 5
"""How often a number is asked for while others take them."""
NOTHING_MOVED = "Nothing has moved."


@dataclass(frozen=True, slots=True)
class ToSign:
    """A top-up that waits for its signature: what a wallet is to sign (`eth_signTypedData_v4`), on which chain."""

    id: str
    payer: str
    chain_id: int
    chain_name: str
    units: int
    typed: Mapping[str, object]


class _SignedBefore(Refused):
    """The same top-up was signed and brought a moment ago."""


@dataclass(frozen=True, slots=True)
class SignedTopups:
    """What people do to pay in by a signature; operators are told from the desk what is stuck."""

    chains: Chains
    signatures: WalletSignatures
    desk: Desk
    pace: Pace = field(default_factory=Pace)

    async def begin(self, person: Person, environment: Environment, payer: str, amount: str) -> ToSign:
        """Returns what somebody is to sign, so that an amount goes from an address of theirs to their wallet.

        Raises BadField, AddressInvalid, LimitReached; Refused where no transfer of theirs could be made now.
        """
        self.pace.take(person)
        units = units_of(parse_amount(amount.strip()))
        check_amount(units)
        written = self.signatures.checksummed(payer.strip())
        found = self.chains.of(environment)
        if not found:
            raise Refused("No chain is set up here.")
        chain, place = found[0], await open_address(found[0], person)
        head = await chain.head()
        if await chain.is_paused(head):
            raise Refused(f"The issuer of USDC has paused all transfers. {NOTHING_MOVED} Try again later.")
        if await chain.is_blocked(written, head):
            raise Refused(f"The issuer of USDC blocks {written}, so nothing can be paid from it. {NOTHING_MOVED}")
        final = await chain.finalized()
        wallet = shared_account(person.account_id, environment)
        asked = Asked(person.account_id, wallet.owner, place.chain_id, written, place.address, units, final.number)
        row = await db.in_transaction(partial(signed_topups.begin, asked=asked), writes=True)
        typed = chain.typed_authorization(_authorization(row))
        return ToSign(row.id, written, place.chain_id, place.chain_name, units, typed)

    async def bring(self, person: Person, topup_id: str, signature: str) -> None:
        """Brings a signed top-up to the token; a second time it does nothing. The signature is stored before.

        Raises NotFound, LimitReached; AddressInvalid for another's signature; Refused, with nothing sent, where the
        token would not take it now; Unavailable where we cannot pay the gas.
        """
        row = await db.in_transaction(partial(signed_topups.read_own, account_id=person.account_id, topup_id=topup_id))
        if row.signature is not None:
            return
        self.pace.take(person)
        chain = self.chains.reach(row.chain_id)
        keys = self.chains.keys(row.chain_id)
        signed = await self._read(chain, row, signature)
        await db.in_transaction(partial(check_pace, account_id=person.account_id), writes=True)
        try:
            await chain.simulate(chain.relay_one(signed), keys.gas.address)
        except ChainRefused as error:
            await self._explain(chain, row, signed, error)
            return
        if row.valid_before < clock.now() // clock.SECOND + LEFT_SECONDS_LEAST:
            raise _late()
        if await chain.coins(keys.gas.address, await chain.finalized()) < least_coins(chain):
            raise Unavailable("We cannot pay the gas right now. Send USDC to the address instead.")
        await self._send(Sender(chain, keys.gas, self.desk), person, row, signed)

    async def _read(self, chain: Chain, row: SignedTopup, signature: str) -> SignedAuthorization:
        try:
            return chain.read_signature(_authorization(row), signature.strip())
        except AddressInvalid:
            if await chain.has_code(row.payer, await chain.head()):
                raise _contract(row.payer) from None
            raise

    async def _send(self, sender: Sender, person: Person, row: SignedTopup, signed: SignedAuthorization) -> None:
        call = sender.chain.relay_one(signed)
        new = NewTransaction(Purpose.RELAY, row.id, call.to, call.data, call.gas)

        def beside(session: Session, transaction_id: str) -> None:
            check_pace(session, person.account_id)
            if not signed_topups.note_signed(session, row.id, signed.signature, transaction_id):
                raise _SignedBefore("This was signed already.")

        for left in reversed(range(SENDS_MAX)):
            try:
                await sender.send(call, new, beside)
            except NumberTaken:
                if not left:
                    raise
            except _SignedBefore:
                return
            else:
                log.info("signed_topup", topup=row.id, account=person.account_id, units=row.units, step="brought")
                return

    async def _explain(self, chain: Chain, row: SignedTopup, signed: SignedAuthorization, said: ChainRefused) -> None:
        """Says why the token would not take a transfer; nothing where it has taken it already, whoever brought it."""
        head = await chain.head()
        outcome = (await chain.outcomes(row.payer, [row.nonce], row.since_block, head))[row.nonce]
        if outcome.fate is Fate.USED:
            keep = partial(signed_topups.note_signed, topup_id=row.id, signature=signed.signature, transaction_id=None)
            await db.in_transaction(keep, writes=True)
            log.info("signed_topup", topup=row.id, account=row.account_id, units=row.units, step="was_brought")
            return
        if outcome.fate is Fate.CANCELED:
            raise Refused(f"You cancelled this transfer. {NOTHING_MOVED}")
        if row.valid_before <= max(head.at, clock.now() // clock.SECOND):
            raise _late()
        if await chain.is_paused(head):
            raise Refused(f"The issuer of USDC has paused all transfers. {NOTHING_MOVED} Try again later.")
        if await chain.is_blocked(row.payer, head):
            raise Refused(f"The issuer of USDC blocks {row.payer}, so nothing can be paid from it. {NOTHING_MOVED}")
        if (held := (await chain.balances([row.payer], head))[row.payer]) < row.units:
            has, needs = (format_for_people(nanos_of(units), Unit.USDC) for units in (held, row.units))
            raise Refused(f"{row.payer} has {has}, which is less than {needs}. {NOTHING_MOVED}")
        if await chain.has_code(row.payer, head):
            raise _contract(row.payer)
        raise Refused(f"The token refuses this transfer: {said.message} {NOTHING_MOVED}")


def _authorization(row: SignedTopup) -> Authorization:
    return Authorization(row.payer, row.payee, row.units, row.valid_before, row.nonce)


def _late() -> Refused:
    return Refused(f"This was to be signed within 15 minutes. {NOTHING_MOVED} Begin again.")


def _contract(payer: str) -> Refused:
    return Refused(
        f"{payer} is a contract, or acts as one (EIP-7702), whose signatures are not taken here yet. {NOTHING_MOVED}"
        " Send USDC to the address instead."
    )
