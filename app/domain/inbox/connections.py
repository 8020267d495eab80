"""Connections: the accounts at rails that money comes in by, the operator's and developers'.

Top-ups, inbox events and the ledger's `world:<connection>` belong to one; nothing of one is ever used with another.
"""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotFound
from app.domain.ids import as_id, new_id
from app.domain.inbox.tables import ConnectionRow
from app.domain.ledger.accounts import Account, Kind
from app.domain.money import Environment, Unit
from app.domain.wallets.tables import Wallet

SANDBOX = "sandbox"
"""The id of the sandbox checkout's connection, made by a migration; its ledger account is `world:sandbox`."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One account at a rail. `paywall_id` is the paywall whose developer's it is, None for the operator's own.

    `key_sealed` is what opens it, for `seal_context`; None for a rail that needs none. One that is not `is_open` takes
    no new payments; what was begun there is still read back and given back.
    """

    id: str
    rail: str
    environment: Environment
    paywall_id: str | None = None
    account: str | None = None
    key_sealed: str | None = field(default=None, repr=False)
    is_open: bool = True

    @property
    def is_reachable(self) -> bool:
        """Whether what is there can still be read and given back: its key was not deleted."""
        return self.is_open or self.key_sealed is not None

    @property
    def seal_context(self) -> str:
        """What its key is sealed for."""
        return key_context(self.id)


def key_context(connection_id: str) -> str:
    """Returns what the key of a connection is sealed for."""
    return f"connection_key:{connection_id}"


def open_connection(
    session: Session, rail: str, environment: Environment, paywall_id: str | None = None, account: str | None = None
) -> Connection:
    """Makes a connection. Another account is always another connection, also where it replaces one."""
    made = Connection(new_id("con"), rail, environment, paywall_id, account)
    session.add(
        ConnectionRow(
            id=made.id, rail=rail, environment=environment, paywall_id=paywall_id, account=account,
            created_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()
    return made


def read_connection(session: Session, connection_id: str) -> Connection:
    """Returns a connection. Raises NotFound."""
    row = session.get(ConnectionRow, as_id(connection_id))
    if row is None:
        raise NotFound("There is no such connection.")
    return connection_of(row)


def connection_of(row: ConnectionRow) -> Connection:
    """Returns the connection of a row."""
    return Connection(
        id=row.id, rail=row.rail, environment=row.environment, paywall_id=row.paywall_id, account=row.account,
        key_sealed=row.key_sealed, is_open=row.disconnected_at is None,
    )  # fmt: skip


def share_an_account(session: Session, one_id: str, other_id: str) -> bool:
    """Tells whether two connections are known to reach one account, which then tells each of them of everything."""
    one, other = read_connection(session, one_id), read_connection(session, other_id)
    where = (one.rail, one.environment, one.account)
    return one.account is not None and where == (other.rail, other.environment, other.account)


def may_fund(session: Session, connection: Connection, wallet: Account) -> bool:
    """Tells whether money at a connection can be in a wallet.

    A developer's connection holds money of the users of that paywall alone. The operator's holds that of wallets which
    no developer owns; in the sandbox, where no money is real, that of every wallet.
    """
    if wallet.kind is not Kind.WALLET or wallet.environment is not connection.environment:
        return False
    if connection.paywall_id is not None:
        row = session.get(Wallet, wallet.owner)
        return row is not None and (row.account_id, row.paywall_id) == (wallet.id, connection.paywall_id)
    return connection.environment is Environment.SANDBOX or wallet.unit is not Unit.USD
