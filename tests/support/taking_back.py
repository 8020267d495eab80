"""Accounts at a rail where payments are given back, disputed and warned of, and what takes that in."""

from dataclasses import dataclass
from typing import Any

from app import db
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.disputes.found import FoundDispute, FoundRefund, FoundWarning, PaymentTakebacks
from app.domain.disputes.tables import DisputeState, Funds
from app.domain.earnings.charge_split import charge_split
from app.domain.errors import NotFound
from app.domain.ids import new_id
from app.domain.inbox import connections
from app.domain.inbox.connections import Connection
from app.domain.inbox.inbox import ObjectKind
from app.domain.instance import instance
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.folding import read_balance
from app.domain.ledger.operations import Charge
from app.domain.money import CENT_NANOS, Environment, Unit, nanos_of_cents
from app.domain.people.accounts import email_identity, enter
from app.domain.people.sessions import Person
from app.domain.pricing.split import SplitTerms
from app.domain.refunds.tables import RefundStatus
from app.domain.rows import write
from app.domain.topups import topups
from app.domain.topups.topups import NewTopup
from app.domain.usage import requests
from app.domain.usage.requests import Asked
from app.domain.usage.tables import RequestKind
from app.domain.wallets.shared import as_charged_by, open_shared_wallet
from app.domain.wallets.wallets import UserWallet
from app.flows.callers.snapshot import Snapshot
from app.flows.disputes.desk import DisputeDesk
from app.flows.disputes.takebacks import TakebackTaker
from app.flows.payments.received import PaymentDoor
from app.flows.payments.refund import Refunds
from app.ports.payments import Marks
from app.ports.takebacks import Origin
from app.wiring.adapters import RailsByConnection
from tests.support.handed import desk
from tests.support.paying import RAIL, Bank

WARNING_CENTS_MAX = 2_000
KINDS = (ObjectKind.REFUND, ObjectKind.DISPUTE, ObjectKind.WARNING)


class TakingBank(Bank):
    """An account whose payments are also given back by its owner, disputed, and warned of."""

    def __init__(self, connection_id: str, *, is_live: bool = False) -> None:
        super().__init__(connection_id, is_live=is_live)
        self.elsewhere: dict[str, tuple[str, FoundRefund]] = {}
        self.disputes: dict[str, tuple[str, FoundDispute]] = {}
        self.warnings: dict[str, tuple[str, FoundWarning]] = {}
        self.own_states: dict[str, RefundStatus] = {}
        self.reads = 0

    def give_back(self, id_: str, payment_id: str, cents: int, status: RefundStatus = RefundStatus.SUCCEEDED) -> str:
        """Lets the account's owner give a payment back, or changes how that stands."""
        self.elsewhere[id_] = (payment_id, FoundRefund(id_, None, cents, status))
        return id_

    def dispute(self, id_: str, payment_id: str, cents: int, state: DisputeState, funds: Funds) -> str:
        """Lets the payer's bank dispute a payment, or changes how that stands."""
        self.disputes[id_] = (payment_id, FoundDispute(id_, cents, state, funds, is_refundable=funds is Funds.KEPT))
        return id_

    def warn(self, id_: str, payment_id: str) -> str:
        """Lets the payer's bank warn of a payment."""
        self.warnings[id_] = (payment_id, FoundWarning(id_, is_actionable=True))
        return id_

    async def find_origin(self, kind: ObjectKind, object_id: str) -> Origin | None:
        await self._call()
        places: dict[ObjectKind, dict[str, tuple[str, Any]]] = {
            ObjectKind.REFUND: {**self.elsewhere, **{f"re_{own}": found for own, found in self.refunds.items()}},
            ObjectKind.DISPUTE: self.disputes, ObjectKind.WARNING: self.warnings,
        }  # fmt: skip
        if object_id not in places[kind]:
            raise NotFound(f"There is no {kind} {object_id}.")
        payment_id = places[kind][object_id][0]
        return Origin(payment_id, self.payments[payment_id].marks)

    async def read(self, payment_id: str) -> PaymentTakebacks:
        self.reads += 1
        found = PaymentTakebacks(
            payment_id=payment_id,
            paid_cents=self.payments[payment_id].paid_cents,
            currency="USD",
            refunds=(*self._own(payment_id), *(one for at, one in self.elsewhere.values() if at == payment_id)),
            disputes=tuple(one for at, one in self.disputes.values() if at == payment_id),
            warnings=tuple(one for at, one in self.warnings.values() if at == payment_id),
        )
        await self._call()  # what was read is on its way while the account goes on
        return found

    def _own(self, payment_id: str) -> list[FoundRefund]:
        state = RefundStatus(self.refund_state.value)
        return [
            FoundRefund(f"re_{own_id}", own_id, cents, self.own_states.get(own_id, state))
            for own_id, (at, cents) in self.refunds.items()
            if at == payment_id
        ]

    @property
    def cents(self) -> int:
        """What the account has: paid in, less what was given back and what disputes have withdrawn."""
        sent = {RefundStatus.PENDING, RefundStatus.SUCCEEDED}
        back = sum(one.cents for _, one in self.elsewhere.values() if one.status in sent)
        own = sum(cents for id_, (_, cents) in self.refunds.items()
                  if self.own_states.get(id_) is not RefundStatus.FAILED)  # fmt: skip
        out = sum(one.cents for _, one in self.disputes.values() if one.funds is Funds.OUT)
        return sum(payment.paid_cents for payment in self.payments.values()) - back - own - out


class Readers:
    """Finds the accounts of connections."""

    def __init__(self, *banks: TakingBank) -> None:
        self._banks = {bank.connection_id: bank for bank in banks}

    def reach(self, connection: Connection) -> TakingBank:
        return self._banks[connection.id]


@dataclass
class House:
    """A process that reaches these accounts, and its mails."""

    door: PaymentDoor
    refunds: Refunds
    mailer: KeptMailer

    def subjects(self) -> list[str]:
        """The subjects of its mails, in the order in which they were written."""
        return [kept.mail.subject for kept in reversed(self.mailer.kept())]


def house_of(*banks: TakingBank) -> House:
    """Returns a process that reaches these accounts."""
    mailer = KeptMailer(clock.now)
    rails, operators = RailsByConnection(*banks), desk(mailer)
    refunds = Refunds(rails, operators)
    taker = TakebackTaker(Readers(*banks), refunds, DisputeDesk(operators), lambda: WARNING_CENTS_MAX)
    return House(PaymentDoor(rails, refunds, operators, dict.fromkeys(KINDS, taker)), refunds, mailer)


def open_taking_bank(paywall_id: str | None = None) -> TakingBank:
    """Opens a connection with an account behind it: the operator's, or a developer's of a paywall."""
    with db.transaction() as session:
        made = connections.open_connection(session, RAIL, Environment.SANDBOX, paywall_id, new_id("acct"))
    return TakingBank(made.id)


def someone(email: str = "ada@example.org") -> tuple[Person, Account]:
    """Returns a person and their shared wallet in the sandbox, opened."""
    with db.transaction() as session:
        account_id, _ = enter(session, (email_identity(email),))
        account = open_shared_wallet(session, account_id, Environment.SANDBOX)
    ada = Person(account_id, f"ses_{account_id}", "Ada", email, email, "10.0.0.1", signed_in_at=clock.now())
    return ada, account


def begin_shared(account: Account, connection_id: str, cents: int) -> Marks:
    """Begins a top-up of a shared wallet, and returns what its payment is marked with."""
    with db.transaction() as session:
        credited = nanos_of_cents(cents, account.unit)
        new = NewTopup(wallet=account, connection_id=connection_id, currency="USD", paid_cents=cents,
                       credited_nanos=credited)  # fmt: skip
        topup_id = topups.create(session, new)
        return Marks(instance.read_id(session), topup_id, account.id, cents, credited)


def charge(app: Snapshot, wallet: UserWallet, cents: int, cost_cents: int = 0, *, is_split: bool = True) -> str:
    """Charges a wallet for an app, and returns the request's id; the fee is 1 %."""
    request_id = new_id("req")
    terms = SplitTerms(100, pays_provider=True) if is_split else None
    asked = Asked(id=request_id, client_request_id=None, wallet=wallet, kind=RequestKind.MANUAL, model=None,
                  provider=None, streamed=False, unit=wallet.account.unit, price=None, terms=terms)  # fmt: skip
    split = charge_split(wallet.account, app.paywall_id, terms, cost_cents * CENT_NANOS)
    with db.transaction() as session:
        done = apply_one(session, Charge(f"chg:{request_id}", wallet.account, cents * CENT_NANOS, split, request_id))
        write(session, [requests.record_manual(asked, done, None)])
    return request_id


def spends(app: Snapshot, person: Person, user: str = "ada") -> UserWallet:
    """Returns a person's shared wallet as what an app's user pays from."""
    return as_charged_by(person.account_id, Environment.SANDBOX, app.paywall_id, user)


def cents_of(account: Account) -> int:
    """Returns a balance in cents, with what is not folded yet."""
    with db.transaction(writes=False) as session:
        return read_balance(session, account) // CENT_NANOS


def of_paywall(app: Snapshot, kind: Kind, unit: Unit = Unit.USDC) -> Account:
    """Returns an account of a paywall in the sandbox."""
    return Account(Environment.SANDBOX, unit, kind, app.paywall_id)
