"""The writer's own connection: whole or not at all, in a pipeline or not, and replaced when it breaks."""

import threading
from collections.abc import Iterator
from functools import partial

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import db, settings
from app.db_writer import Writer
from app.domain.errors import Unavailable
from app.domain.leases.tables import Lease
from app.sql.columns import table_of
from app.sql.statements import Link, Read, insert, update
from tests.domain.ledger.money import count

ADD = insert(table_of(Lease), ("name", "owner", "expires_at"))
CHANGE = update(table_of(Lease), ("owner",), key="name")
READ = Read("SELECT name, owner FROM lease WHERE name IN ? ORDER BY name")

pipelined = pytest.mark.parametrize("pipelined", [True, False])


@pytest.fixture
def writer(database: str) -> Iterator[Writer]:
    made = Writer()
    yield made
    made.close()


def add(*names: str) -> list[tuple[str, str, int]]:
    return [(name, "o", 1) for name in names]


@pipelined
def test_what_was_written_is_read_in_the_same_transaction_and_there_afterwards(writer: Writer, pipelined: bool) -> None:
    def work(link: Link) -> list[tuple[str, str]]:
        ADD.run(link, add("a", "b"))
        CHANGE.run(link, [("new", "b")])
        first, second = READ.ask(link, ["a", "b"]), READ.ask(link, ["b"])
        assert [tuple(row) for row in second()] == [("b", "new")]
        return [tuple(row) for row in first()]

    assert writer.run(work, pipelined=pipelined) == [("a", "o"), ("b", "new")]
    assert count("lease") == 2


@pipelined
def test_what_fails_writes_nothing_and_the_next_transaction_is_whole(writer: Writer, pipelined: bool) -> None:
    def twice(link: Link) -> None:
        ADD.run(link, add("n"))
        ADD.run(link, add("n"))
        READ.rows(link, ["n"])

    def broken(link: Link) -> None:
        ADD.run(link, add("z"))
        raise ZeroDivisionError

    def once(link: Link) -> int:
        assert list(READ.rows(link, ["n"])) == []
        ADD.run(link, add("n"))
        return 1

    for _ in range(3):
        with pytest.raises((IntegrityError, db.Repeatable)):
            writer.run(twice, pipelined=pipelined)
    with pytest.raises(ZeroDivisionError):
        writer.run(broken, pipelined=pipelined)
    assert writer.run(once, pipelined=pipelined) == 1
    assert (count("lease"), count("lease", "name = 'n'")) == (1, 1)


def test_a_failure_without_a_pipeline_says_what_it_was(writer: Writer) -> None:
    writer.run(lambda link: ADD.run(link, add("n")), pipelined=True)
    with pytest.raises(IntegrityError):
        writer.run(lambda link: ADD.run(link, add("n")), pipelined=False)


def test_what_waits_for_the_commit_is_told_after_it_and_never_without_it(writer: Writer) -> None:
    told: list[int] = []

    def work(link: Link) -> None:
        ADD.run(link, add("n"))
        link.after_commit.append(lambda: told.append(count("lease")))

    writer.run(work, pipelined=True)
    with pytest.raises((IntegrityError, db.Repeatable)):
        writer.run(work, pipelined=True)
    assert told == [1]


@pytest.mark.postgres
def test_a_connection_that_was_cut_is_replaced(migrated_postgres_url: str) -> None:
    settings.configure(database_url=migrated_postgres_url)
    db.dispose()
    writer = Writer()
    writer.run(lambda link: ADD.run(link, add("a")), pipelined=True)
    with psycopg.connect(migrated_postgres_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(Unavailable):
        writer.run(lambda link: ADD.run(link, add("b")), pipelined=True)
    writer.run(lambda link: ADD.run(link, add("c")), pipelined=True)
    writer.close()
    assert count("lease") == 2
    db.dispose()
    settings.configure()


def test_a_writer_may_take_a_connection_that_only_read_before(writer: Writer) -> None:
    with db.transaction(writes=False) as session:
        session.execute(text("SELECT 1"))
    writer.run(lambda link: ADD.run(link, add("a")), pipelined=True)
    assert count("lease") == 1


def test_two_writers_take_turns(writer: Writer) -> None:
    def run(number: int) -> None:
        own = Writer()
        for turn in range(20):
            own.run(partial(ADD.run, rows=add(f"{number}:{turn}")), pipelined=True)
        own.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count("lease") == 60
