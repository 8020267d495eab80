"""People who look after paywalls: owners, operators, and those who are nothing to one."""

from app import db
from app.domain import clock
from app.domain.paywalls.members import Manager, find_manager, set_owner
from app.domain.people.accounts import email_identity, enter
from app.domain.people.sessions import Person

OPERATOR = "op@example.org"


def person(email: str, *, is_proven: bool = True) -> Person:
    """Returns somebody who signed in with this address; another way than by it, if it is not proven."""
    with db.transaction() as session:
        account_id, _ = enter(session, (email_identity(email),))
    proven = email if is_proven else None
    return Person(account_id, f"ses_{account_id}", email.split("@")[0], email, proven, "10.0.0.1",
                  signed_in_at=clock.now())  # fmt: skip


def own(paywall_id: str, owner: Person) -> None:
    """Makes somebody the owner of a paywall."""
    with db.transaction() as session:
        set_owner(session, paywall_id, owner.account_id)


def manager(paywall_id: str, who: Person) -> Manager:
    """Returns what somebody is to a paywall. Raises NotFound."""
    with db.transaction(writes=False) as session:
        return find_manager(session, who, frozenset({OPERATOR}), paywall_id)


def owner_of(paywall_id: str, email: str = "ada@example.org") -> Manager:
    """Makes somebody the owner of a paywall, and returns them as its manager."""
    owner = person(email)
    own(paywall_id, owner)
    return manager(paywall_id, owner)
