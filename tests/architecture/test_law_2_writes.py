"""Law 2: every write is a flow, and every public function has a caller.

Whoever calls, looks or ticks may only read, through `db.in_transaction`.
"""

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture import rooms
from tests.architecture.source import FunctionNode, Source, app, receiver, report

READERS = ("api", "web", "app", "cli", "wiring", "adapters")
"""Rooms that never write; jobs take their lease themselves."""

SESSION_WRITES = frozenset(
    {"add", "add_all", "delete", "merge", "flush", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"}
)
STATEMENT_WRITES = frozenset({"insert", "update", "delete"})
WRITING_SQL = ("insert into ", "update ", "delete from ", "replace into ")


def test_pages_and_routes_only_read() -> None:
    report(found for source in app() for found in writes(source))


def test_every_public_function_has_a_caller() -> None:
    report(uncalled(app()))


def test_every_function_without_a_door_is_still_without_one() -> None:
    without = {found.split(":")[0] + ":" + found.split(" ")[1] for found in uncalled(app(), allowed=())}
    report(
        f"tests/architecture/rooms.py:1: {name} has a caller now, or is gone; take its line out."
        for name in sorted(set(rooms.UNCALLED) - without)
    )


def uncalled(files: Iterable[Source], allowed: Iterable[str] | None = None) -> Iterator[str]:
    """Public functions whose name nobody in `app` says; what carries a decorator is called by a framework."""
    known, files = set(rooms.UNCALLED if allowed is None else allowed), list(files)
    said = {word for source in files for word in _words_said(source)}
    for source in files:
        for node in source.tree.body:
            if not isinstance(node, FunctionNode) or node.name.startswith("_") or node.decorator_list:
                continue
            if node.name not in said and f"{source.path}:{node.name}" not in known:
                yield source.says(node.lineno, f"{node.name} has no caller; give it a door, or take it out.")


def _words_said(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def writes(source: Source) -> Iterator[str]:
    """Places that write, or ask for a transaction that can."""
    if source.room not in READERS:
        return
    for call in source.calls:
        name = source.full_name(call.func)
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if method in SESSION_WRITES and receiver(call.func).endswith(("session", "connection")):
            yield source.says(call.lineno, f"session.{method}() writes; put it into a flow.")
        if name.startswith(("sqlalchemy.", "sqlmodel.")) and name.rsplit(".", 1)[1] in STATEMENT_WRITES:
            yield source.says(call.lineno, f"{name}() writes; put it into a flow.")
        if method in STATEMENT_WRITES and receiver(call.func) == "__table__":
            yield source.says(call.lineno, f"__table__.{method}() writes; put it into a flow.")
        if name == "app.db.transaction":
            yield source.says(call.lineno, "opens a transaction; read through db.in_transaction, write in a flow.")
        for keyword in call.keywords:
            if keyword.arg == "writes" and not (
                isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            ):
                yield source.says(call.lineno, "asks for a transaction that writes; put it into a flow.")
        for argument in call.args if method in ("execute", "exec", "exec_driver_sql") or name.endswith("text") else ():
            if isinstance(argument, ast.Constant) and str(argument.value).lstrip().lower().startswith(WRITING_SQL):
                yield source.says(call.lineno, "sends SQL that writes; put it into a flow.")


@pytest.mark.parametrize(
    "text",
    [
        "def f(session):\n    session.add(row)",
        "self.session.delete(row)",
        "from sqlalchemy import insert\nsession.execute(insert(Wallet))",
        "import sqlalchemy as sa\nsession.execute(sa.update(Wallet))",
        "session.execute(Wallet.__table__.insert())",
        "from app import db\nawait db.in_transaction(change, writes=True)",
        "from app.db import in_transaction\nawait in_transaction(change, writes=flag)",
        "from app import db\nwith db.transaction() as session: pass",
        "from sqlalchemy import text\nsession.execute(text('UPDATE wallet SET x = 1'))",
    ],
)
@pytest.mark.parametrize("path", ["app/api/v1/user.py", "app/web/end_user/topup/state.py"])
def test_a_write_outside_a_flow_is_seen(path: str, text: str) -> None:
    assert list(writes(Source(path, text)))


def test_a_function_without_a_caller_is_seen() -> None:
    files = [
        Source("app/db.py", "def used(): pass\ndef lost(): pass"),
        Source("app/cli.py", "from app import db\ndb.used()"),
    ]
    assert len(list(uncalled(files, allowed=()))) == 1
    assert not list(uncalled(files, allowed=("app/db.py:lost",)))
    assert not list(uncalled([Source("app/cli.py", "@app.command()\ndef demo(): pass")], allowed=()))


def test_reads_and_sets_are_no_writes() -> None:
    text = "from app import db\nseen.add(1)\nawait db.in_transaction(read)\nawait db.in_transaction(read, writes=False)"
    assert not list(writes(Source("app/api/v1/user.py", text)))
