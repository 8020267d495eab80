"""Who may do what with a paywall: its owner, an operator of the instance, and nobody else (`decisions.md` 35).

A paywall without an owner is the operators', who then stand in the owner's place as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotAllowed, NotFound
from app.domain.ids import as_id
from app.domain.paywalls.tables import PaywallMember, PaywallRow
from app.domain.people.sessions import Person
from app.sql.columns import table_of

_MEMBERS, _PAYWALLS = table_of(PaywallMember), table_of(PaywallRow)


class Role(StrEnum):
    """What somebody is to a paywall; who is nothing to it does not learn that it exists."""

    OWNER = "owner"
    """Whose paywall it is."""
    OPERATOR = "operator"
    """Who runs the instance, by the address that this very sign-in has proven."""


class Act(StrEnum):
    """What is done with a paywall by hand."""

    READ = "read"
    """See its settings, prices, versions, users, requests and ledger, without secrets and the words of messages."""
    READ_MESSAGES = "read_messages"
    """See the words that it says to its users."""
    SET_UP = "set_up"
    """Change any section of its settings, roll it back, make and revoke its keys, limit and block single users."""
    FREEZE = "freeze"
    """Freeze a user's wallet in it, and thaw it."""
    GRANT = "grant"
    """Give a user money without payment: the developer's own word in app wallets, their earnings in shared ones."""
    REFUND = "refund"
    """Give a user's payment or charge back."""
    PAY_OUT = "pay_out"
    """Have its earnings paid out, and take such a payout back."""
    ARCHIVE = "archive"
    """Archive it, and take it out again."""
    HAND_OVER = "hand_over"
    """Say whose it is."""


# Made once: it is asked at every event of a page, and composing it costs more than its answer.
_STANDING = (
    select(_PAYWALLS.c.id, _MEMBERS.c.account_id)
    .outerjoin(_MEMBERS, (_MEMBERS.c.paywall_id == _PAYWALLS.c.id) & (_MEMBERS.c.role == Role.OWNER.value))
    .where(_PAYWALLS.c.id == bindparam("id"))
)

_OWNER, _OPERATOR, _BOTH = frozenset({Role.OWNER}), frozenset({Role.OPERATOR}), frozenset(Role)

POLICY: Mapping[Act, frozenset[Role]] = {
    Act.READ: _BOTH,
    Act.READ_MESSAGES: _OWNER,
    Act.SET_UP: _OWNER,
    Act.FREEZE: _OPERATOR,
    Act.GRANT: _OWNER,
    Act.REFUND: _OWNER,
    Act.PAY_OUT: _OWNER,
    Act.ARCHIVE: _BOTH,
    Act.HAND_OVER: _OPERATOR,
}
"""Which role may do what. End users and strangers have none, and so may nothing."""


@dataclass(frozen=True, slots=True)
class Manager:
    """Somebody with a role in a paywall, made by `find_manager` alone; `account_id` is None for a command.

    `roles` are what they were when it was made: for what is shown. What is changed asks again, with `check_may`.
    """

    paywall_id: str
    account_id: str | None
    is_operator: bool
    roles: frozenset[Role]

    def may(self, act: Act) -> bool:
        """Tells whether one of their roles allows it."""
        return bool(POLICY[act] & self.roles)


@dataclass(frozen=True, slots=True)
class Creators:
    """Who may create paywalls (`decisions.md` 35): anyone, or who has proven one of these addresses."""

    is_anyone: bool
    addresses: frozenset[str]

    def have(self, person: Person) -> bool:
        """Tells whether a person may create paywalls, in this very sign-in."""
        return self.is_anyone or person.has_proven(self.addresses)


def check_creates(creators: Creators, person: Person) -> None:
    """Raises NotAllowed for whoever may create no paywall."""
    if not creators.have(person):
        raise NotAllowed("Not everybody makes paywalls here, and this sign-in may not. Ask the operator.")


def is_owner(session: Session, account_id: str) -> bool:
    """Tells whether an account owns a paywall."""
    return session.scalar(select(_MEMBERS.c.paywall_id).where(_MEMBERS.c.account_id == account_id).limit(1)) is not None


def find_manager(session: Session, person: Person, operators: frozenset[str], paywall_id: str) -> Manager:
    """Returns what a person is to a paywall; `operators` are the operators' addresses.

    Raises NotFound where they are nothing to it, as where it does not exist.
    """
    return _manager(session, as_id(paywall_id), person.account_id, is_operator=person.has_proven(operators))


def manager_of_account(session: Session, account_id: str, paywall_id: str) -> Manager:
    """Returns an account as the owner of a paywall, whatever else it is. Raises NotFound where it is not."""
    return _manager(session, as_id(paywall_id), account_id, is_operator=False)


def command_manager(session: Session, paywall_id: str) -> Manager:
    """Returns whoever gives a command on the machine itself, which makes them an operator. Raises NotFound."""
    return _manager(session, as_id(paywall_id), None, is_operator=True)


def may_now(session: Session, manager: Manager, act: Act) -> bool:
    """Tells whether their roles, read anew, allow it. Raises NotFound where they have none any more."""
    return _manager(session, manager.paywall_id, manager.account_id, is_operator=manager.is_operator).may(act)


def check_may(session: Session, manager: Manager, act: Act) -> None:
    """Raises NotAllowed for what their roles, read anew, do not allow, NotFound where they have none any more.

    What locked the paywall before is sure that this stays so until its transaction ends.
    """
    if not may_now(session, manager, act):
        needed = " or ".join(sorted(POLICY[act]))
        raise NotAllowed(f"Only the {needed} of {manager.paywall_id} may do this ({act.value}).")


def read_owner(session: Session, paywall_id: str) -> str | None:
    """Returns the account that a paywall belongs to, None where it is the operators'."""
    is_owner = (_MEMBERS.c.paywall_id == paywall_id) & (_MEMBERS.c.role == Role.OWNER.value)
    return session.scalar(select(_MEMBERS.c.account_id).where(is_owner))


def set_owner(session: Session, paywall_id: str, account_id: str) -> None:
    """Makes an account the one owner of a paywall, which must be locked; who was it before is it no more."""
    session.execute(delete(_MEMBERS).where(_MEMBERS.c.paywall_id == paywall_id, _MEMBERS.c.role == Role.OWNER.value))
    session.add(PaywallMember(paywall_id=paywall_id, account_id=account_id, role=Role.OWNER.value,
                              created_at=clock.now()))  # fmt: skip
    session.flush()


def _manager(session: Session, paywall_id: str, account_id: str | None, *, is_operator: bool) -> Manager:
    row = session.execute(_STANDING, {"id": paywall_id}).first()
    owner = None if row is None else row.account_id
    is_owner = owner == account_id if owner is not None else is_operator
    found = {role for role, has in ((Role.OWNER, is_owner), (Role.OPERATOR, is_operator)) if has}
    if row is None or not found:
        raise NotFound(f"There is no paywall {paywall_id}.")
    return Manager(paywall_id, account_id, is_operator, frozenset(found))
