"""Where payouts go: somebody names an address, proves it by a signature or a test payout, and is mailed of it."""

from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.alerts import kept
from app.domain.chain_deposits import addresses as deposit_addresses
from app.domain.errors import BadField, Refused
from app.domain.money import Environment, parse_amount
from app.domain.payouts import addresses, requests, withdrawals
from app.domain.payouts.addresses import AddressView
from app.domain.payouts.requests import Asked
from app.domain.payouts.rules import PayoutRules, nanos_of, units_of
from app.domain.payouts.tables import Payout, PayoutAddress, PayoutKind, ProvedBy
from app.domain.payouts.withdrawals import Withdrawal
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.people.sessions import Person
from app.flows.cards.pace import Pace
from app.flows.events.mails import Desk
from app.flows.settlement.told import tell_requested
from app.ports.chain.chain import Chain, Chains
from app.ports.chain.signer import WalletSignatures

log = structlog.get_logger()

ZERO = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class PayoutAddresses:
    """What people do about the addresses of their payouts. `host` is what this instance is called in what they sign.

    Each step takes of a person's `pace`: to name an address asks every node of a chain.
    """

    chains: Chains
    signatures: WalletSignatures
    rules: PayoutRules
    desk: Desk
    host: str
    pace: Pace = field(default_factory=Pace)

    def chain_of(self, environment: Environment) -> Chain:
        """Returns the chain that an environment's payouts go by. Raises Refused where there is none."""
        found = self.chains.of(environment)
        if not found:
            raise Refused(f"No chain is configured for {environment.value} payouts here. Ask the operator.")
        return found[0]

    async def begin(self, person: Person, environment: Environment, address: str) -> AddressView:
        """Names an address that is then to be proved. Raises AddressInvalid, BadField for one that nobody can own.

        Raises LimitReached where that was often, Refused where the person signed in long ago.
        """
        self.pace.take(person)
        person.check_fresh("name an address")
        chain = self.chain_of(environment)
        written = await self._check(chain, address)

        def write(session: Session) -> AddressView:
            if deposit_addresses.is_ours(session, chain.rules.id, written):
                raise BadField("address", "This address pays into a wallet here; name one of your own.")
            return addresses.begin(session, person.account_id, environment, written)

        return await db.in_transaction(write, writes=True)

    async def _check(self, chain: Chain, address: str) -> str:
        """Returns an address with its checksum, if money may go there at all."""
        written = self.signatures.checksummed(address.strip())
        rules, keys = chain.rules, self.chains.keys(chain.rules.id)
        ours = (keys.treasury.address, keys.gas.address, rules.factory)
        contracts = (
            rules.token,
            rules.bridged_token or "",
            rules.multicall,
            ZERO,
            *(name for name, _ in rules.code_hashes),
        )
        taken = {one.lower() for one in (*ours, *contracts)}
        if written.lower() in taken:
            raise BadField("address", "This address is a contract's or ours; what goes there would be lost to you.")
        if await chain.is_blocked(written, await chain.finalized()):
            raise BadField("address", "The issuer of USDC blocks this address, so that nothing can be paid to it.")
        return written

    async def prove_by_signature(self, person: Person, address_id: str, signature: str) -> AddressView:
        """Takes the signature of an address's key. Raises AddressInvalid, LimitReached, BadField for another key's."""
        self.pace.take(person)
        shown, environment = await db.in_transaction(
            partial(addresses.read_own, account_id=person.account_id, address_id=address_id)
        )
        text = addresses.text_to_sign(shown, environment, self.host)
        if self.signatures.signer_of_message(text, signature.strip()) != shown.address:
            raise BadField("signature", f"This text was signed by another key than that of {shown.address}.")

        def write(session: Session) -> AddressView:
            row = addresses.lock(session, person.account_id, address_id)
            addresses.check_fresh(row)
            return _prove(session, row, person, ProvedBy.SIGNATURE)

        return await self._proved(person, await db.in_transaction(write, writes=True))

    async def send_test(self, person: Person, manager: Manager, address_id: str, click: str) -> Payout:
        """Sends a small amount of a paywall's earnings to an address whose key cannot sign, such as an exchange's.

        Raises NotAllowed, NotFound, Refused, LimitReached, BadField where so little is not available. The same click
        sends one, until that came back: then it sends another.
        """
        self.pace.take(person)
        _, environment = await db.in_transaction(
            partial(addresses.read_own, account_id=person.account_id, address_id=address_id)
        )
        chain_id, units = self.chain_of(environment).rules.id, addresses.new_test_units()

        def write(session: Session) -> Payout:
            check_may(session, manager, Act.PAY_OUT)
            row: PayoutAddress = addresses.lock(session, person.account_id, address_id)
            own_click = f"{click}:{addresses.count_returned(session, row)}"
            asked = Asked(manager.paywall_id, chain_id, row.address, person.account_id, own_click, units,
                          PayoutKind.TEST)  # fmt: skip
            payout, is_new = requests.request(session, self.rules, asked)
            if payout.environment is not environment:
                raise Refused(f"This address is for {environment.value} payouts.")
            if is_new:
                _note_test(session, row, payout)
                tell_requested(session, payout)
            return payout

        return await db.in_transaction(write, writes=True)

    async def send_test_of_wallet(self, person: Person, address_id: str, click: str) -> Payout:
        """Sends a small amount of a person's own unspent USDC to an address whose key cannot sign.

        Raises NotFound, Refused where the wallet is frozen, LimitReached, BadField where so little cannot be withdrawn.
        The same click sends one, until that came back: then it sends another.
        """
        self.pace.take(person)
        _, environment = await db.in_transaction(
            partial(addresses.read_own, account_id=person.account_id, address_id=address_id)
        )
        chain_id, units = self.chain_of(environment).rules.id, addresses.new_test_units()

        def write(session: Session) -> Payout:
            row = addresses.lock(session, person.account_id, address_id)
            own_click = f"{click}:{addresses.count_returned(session, row)}"
            asked = Withdrawal(person.account_id, environment, chain_id, row.address, own_click, units, PayoutKind.TEST)
            payout, is_new = withdrawals.request(session, self.rules, asked)
            if is_new:
                _note_test(session, row, payout)
            return payout

        return await db.in_transaction(write, writes=True)

    async def confirm_test(self, person: Person, address_id: str, amount: str) -> AddressView:
        """Takes the amount that arrived. Raises BadField for another, Refused before it has or after too many."""
        units = units_of(parse_amount(amount.strip()))

        def write(session: Session) -> AddressView | None:
            row = addresses.lock(session, person.account_id, address_id)
            is_right = addresses.is_what_arrived(session, row, units)
            return _prove(session, row, person, ProvedBy.TEST_PAYOUT) if is_right else None

        proved = await db.in_transaction(write, writes=True)
        if proved is None:
            raise BadField("amount", f"{nanos_of(units) / 10**9:.6f} USDC is not what arrived there.")
        return await self._proved(person, proved)

    async def _proved(self, person: Person, shown: AddressView) -> AddressView:
        log.info("payout_address", account=person.account_id, address=shown.address, step="proved")
        await self.desk.send_kept()
        return shown


def _prove(session: Session, row: PayoutAddress, person: Person, by: ProvedBy) -> AddressView:
    """Notes that an address is a person's, and stores the mail that tells them."""
    shown = addresses.prove(session, row, by)
    waits = not shown.counts(clock.now())
    when = f"from {clock.to_iso(shown.counts_from or 0)} on" if waits else "from now on"
    if person.email is not None:
        kept.keep(
            session,
            [person.email],
            "You are paid out at another address" if waits else "You are paid out at an address",
            f"Your payouts and withdrawals ({row.environment.value}) go to {shown.address} {when}.\n\nIf you did not do"
            " this, sign in, end your other sessions, name and confirm your own address, so that this one never counts,"
            " and tell the operator.",
        )
    return shown


def _note_test(session: Session, row: PayoutAddress, payout: Payout) -> None:
    row.test_payout_id, row.tries = payout.id, 0
    session.flush()
