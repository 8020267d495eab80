"""A person makes and revokes their keys of the Management API, and whoever calls with one is what their account is."""

from app import db
from app.domain.errors import NotAllowed, UnknownKey
from app.domain.paywalls.members import Manager, manager_of_account
from app.domain.people import developer_keys
from app.domain.people.developer_keys import DeveloperKeyView
from app.domain.people.sessions import Person


async def make_developer_key(person: Person, name: str, *, may_write: bool) -> str:
    """Makes a key and returns it in clear, this once. Raises BadField, Refused for an eleventh."""
    return await db.in_transaction(
        lambda session: developer_keys.make_developer_key(session, person.account_id, name.strip(),
                                                          may_write=may_write), writes=True
    )  # fmt: skip


async def revoke_developer_key(person: Person, key_id: str) -> None:
    """Revokes a key of theirs, from the next call on. Raises NotFound for anybody else's."""
    await db.in_transaction(
        lambda session: developer_keys.revoke_developer_key(session, person.account_id, key_id), writes=True
    )


async def find_developer(key: str, *, may_change: bool) -> DeveloperKeyView:
    """Returns what a key stands for. Raises UnknownKey, NotAllowed for one that only reads."""
    if not developer_keys.is_developer_key(key):
        raise UnknownKey("This is no developer's key. Make one on your settings page; it begins with sk-coinslot-dev-.")
    found = await db.in_transaction(lambda session: developer_keys.find_developer_key(session, key))
    if found is None:
        raise UnknownKey("This developer's key is not known, or was revoked.")
    if may_change and not found.may_write:
        raise NotAllowed(f"The key ending in {found.last_four} may only read.")
    return found


async def manager_by_key(found: DeveloperKeyView, paywall_id: str) -> Manager:
    """Returns a key's account as the owner of a paywall. Raises NotFound for anybody else's paywall."""
    return await db.in_transaction(lambda session: manager_of_account(session, found.account_id, paywall_id))
