"""What a person changes about their own account: what it is called, its usual cap, its API key."""

from collections.abc import Mapping
from typing import Any

from app import db
from app.domain.money import Environment
from app.domain.people import account_keys, accounts
from app.domain.people.preferences import Preference, keep_preference, read_preference
from app.domain.people.sessions import Person


async def change_profile(person: Person, name: str, default_cap_nanos: int) -> None:
    """Changes name and default cap. Raises BadField."""
    await db.in_transaction(
        lambda session: accounts.change_profile(session, person.account_id, name, default_cap_nanos), writes=True
    )


async def make_account_key(person: Person, environment: Environment) -> str:
    """Makes a new API key for credits of an environment and returns it in clear, this once.

    The one before stops working.
    """
    return await db.in_transaction(
        lambda session: account_keys.make_account_key(session, person.account_id, environment), writes=True
    )


async def revoke_account_key(person: Person) -> None:
    """Revokes the API key, if there is one."""
    await db.in_transaction(lambda session: account_keys.revoke_account_key(session, person.account_id), writes=True)


async def change_preference(person: Person, name: Preference, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Changes what is kept of a person's choices under a name, and returns all of it; what is not named stays."""

    def change(session: db.Session) -> Mapping[str, Any]:
        value = {**read_preference(session, person.account_id, name), **changes}
        keep_preference(session, person.account_id, name, value)
        return value

    return await db.in_transaction(change, writes=True)
