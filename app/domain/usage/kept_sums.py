"""What the audit keeps of sums at its mark, so that it adds to them what came since, and no more."""

from collections.abc import Collection, Mapping

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.domain.usage.tables import AuditSum
from app.sql.columns import table_of
from app.sql.statements import Read, insert
from app.sql.statements import delete as delete_rows

_TABLE = table_of(AuditSum)
_OF = Read("SELECT subject, nanos FROM audit_sum WHERE subject IN ?")
_KEEP = insert(_TABLE, ("subject", "nanos"))
_FORGET = delete_rows(_TABLE, "subject")


def read_kept(session: Session, subjects: Collection[str]) -> Mapping[str, int]:
    """Returns what is kept of these; one of which nothing is kept is left out."""
    return {subject: int(nanos) for subject, nanos in _OF.rows(session.connection(), subjects)}


def keep(session: Session, sums: Mapping[str, int], *, are_all: bool) -> None:
    """Keeps sums in the place of what was kept of the same, or of everything where these are all that there are."""
    connection = session.connection()
    if are_all:
        session.execute(delete(_TABLE))
    else:
        _FORGET.run(connection, [(subject,) for subject in sums])
    _KEEP.run(connection, sorted(sums.items()))
