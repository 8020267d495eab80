"""People for tests: who sign in with real codes, allow apps, and have money in their shared wallets."""

from app import db
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import NANOS, Environment
from app.domain.people.sessions import Person
from app.domain.wallets.shared import SharedBalance, open_shared_wallet, read_shared_balance, shared_account
from app.flows.callers.snapshot import Snapshot
from app.flows.people.sign_in import Visit, find_person
from tests.support.handed import approve, enter_with_code, mint_connect, send_code

MAILBOX = KeptMailer(clock.now)
SANDBOX = Environment.SANDBOX


def newest_code() -> str:
    """Returns the code in the newest mail."""
    return MAILBOX.kept()[0].mail.subject.split()[0]


async def sign_in(
    email: str, address: str = "10.0.0.1", session_token: str | None = None, *, is_adding: bool = False
) -> tuple[Person, str]:
    """Signs somebody in by a code, and returns them with their cookie's value."""
    visit = Visit("Firefox/1 Linux", address, session_token, is_adding)
    browser_token = await send_code(MAILBOX, email, visit)
    token = await enter_with_code(browser_token, newest_code(), visit)
    person = await find_person(token)
    assert person is not None
    return person, token


async def connect(snapshot: Snapshot, person: Person, user: str = "u1", cap_nanos: int = 20 * NANOS) -> None:
    """Lets a paywall charge a person."""
    await approve(MAILBOX, mint_connect(snapshot.paywall_id, user), person, cap_nanos)


def top_up(person: Person, nanos: int, name: str = "1") -> None:
    """Puts money into a person's sandbox wallet."""
    with db.transaction() as session:
        account = open_shared_wallet(session, person.account_id, SANDBOX)
        transfer = Transfer(account.beside(Kind.WORLD, "x"), account, nanos, "topup")
        apply_one(session, Post(f"topup:{person.account_id}:{name}", (transfer,)))


def purse(person: Person) -> SharedBalance:
    """Returns what a person's sandbox wallet has."""
    with db.transaction(writes=False) as session:
        return read_shared_balance(session, shared_account(person.account_id, SANDBOX))
