"""A question is asked once of a snapshot, and anew where something may have been written."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db
from app.sql.once import once

ADD = "INSERT INTO ledger_epoch (subject, epoch, changed_at) VALUES (:subject, 0, 0)"


def count(session: Session, asked: list[str], name: str = "epochs") -> int:
    def ask() -> int:
        asked.append(name)
        return int(session.execute(text("SELECT count(*) FROM ledger_epoch")).scalar_one())

    return once(session, name, ask)


def test_a_question_is_asked_once_of_a_snapshot_and_anew_of_the_next(database: str) -> None:
    asked: list[str] = []
    with db.transaction(writes=False) as session:
        assert [count(session, asked, name) for name in ("a", "a", "b")] == [0, 0, 0] and asked == ["a", "b"]
        with db.transaction() as writing:
            writing.execute(text(ADD), {"subject": "x"})
        assert count(session, asked, "c") == 0, "another snapshot than the answers before"
    with db.transaction(writes=False) as session:
        assert count(session, asked, "a") == 1


@pytest.mark.usefixtures("migrated_sqlite_url")
def test_what_may_write_is_told_what_it_wrote() -> None:
    with db.transaction() as session:
        assert count(session, []) == 0
        session.execute(text(ADD), {"subject": "x"})
        assert count(session, []) == 1
