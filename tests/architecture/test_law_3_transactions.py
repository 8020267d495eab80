"""Law 3: no outside call inside a transaction; commits happen in `db.py` and `commit_queue.py` only."""

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture import rooms
from tests.architecture.source import FunctionNode, Source, app, report, sources

TRANSACTIONS = ("app.db.transaction", "db.transaction", "transaction")
IN_TRANSACTIONS = ("app.db.in_transaction", "db.in_transaction", "in_transaction")
COMMITS = ("commit", "begin", "begin_nested")


def test_commits_happen_in_two_places() -> None:
    report(found for source in app() for found in commits(source))


def test_nothing_outside_is_called_in_a_transaction() -> None:
    names = ports(sources("app/ports"))
    report(found for source in app() for found in outside_calls(source, names))


def commits(source: Source) -> Iterator[str]:
    """Commits elsewhere. The queue's own `commit(operation)` takes arguments and a session's takes none."""
    if source.path in rooms.COMMITTERS:
        return
    for call in source.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in COMMITS and not call.args:
            yield source.says(call.lineno, f".{call.func.attr}() outside db.py and commit_queue.py.")


def ports(files: Iterable[Source]) -> frozenset[str]:
    """Returns the names of the protocols that are the outside."""
    return frozenset(
        node.name
        for source in files
        for node in source.classes
        if any(source.full_name(base) == "typing.Protocol" for base in node.bases)
    )


def outside_calls(source: Source, port_names: frozenset[str]) -> Iterator[str]:
    """Awaits and calls of ports in the bodies that run inside a transaction."""
    outside = _port_variables(source, port_names)
    for body in _transaction_bodies(source):
        for node in (inner for statement in body for inner in ast.walk(statement)):
            if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
                yield source.says(node.lineno, "awaits inside a transaction; it would stay open meanwhile.")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                called = owner.func if isinstance(owner, ast.Call) else owner
                last_word = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                if last_word in outside or source.full_name(called).startswith("app.wiring."):
                    yield source.says(node.lineno, f"calls {last_word}.{node.func.attr}() inside a transaction.")


def _transaction_bodies(source: Source) -> Iterator[list[ast.stmt]]:
    """Yields what runs in a transaction: `with transaction()` blocks and functions given to in_transaction."""
    functions = {node.name: node for node in source.functions}
    for node in source.nodes:
        if isinstance(node, ast.With | ast.AsyncWith) and any(_opens(source, item) for item in node.items):
            yield node.body
        if isinstance(node, ast.Call) and source.full_name(node.func) in IN_TRANSACTIONS and node.args:
            given = node.args[0]
            if isinstance(given, ast.Lambda):
                yield [ast.Expr(given.body)]
            elif isinstance(given, ast.Name) and given.id in functions:
                yield functions[given.id].body


def _opens(source: Source, item: ast.withitem) -> bool:
    return isinstance(item.context_expr, ast.Call) and source.full_name(item.context_expr.func) in TRANSACTIONS


def _port_variables(source: Source, port_names: frozenset[str]) -> frozenset[str]:
    """Returns the names of parameters, variables and fields that are declared to be a port."""
    names = set()
    for node in source.nodes:
        if isinstance(node, ast.AnnAssign) and _is_port(node.annotation, port_names):
            names.add(node.target.attr if isinstance(node.target, ast.Attribute) else getattr(node.target, "id", ""))
        if isinstance(node, FunctionNode):
            given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            names |= {
                argument.arg for argument in given if argument.annotation and _is_port(argument.annotation, port_names)
            }
    return frozenset(names)


def _is_port(annotation: ast.expr, port_names: frozenset[str]) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id in port_names)
        or (isinstance(node, ast.Attribute) and node.attr in port_names)
        for node in ast.walk(annotation)
    )


@pytest.mark.parametrize(
    "text", ["session.commit()", "with engine.begin() as connection: pass", "self.session.commit()"]
)
def test_a_commit_elsewhere_is_seen(text: str) -> None:
    assert list(commits(Source("app/flows/chat/hold.py", text)))
    assert not list(commits(Source("app/db.py", text)))


def test_the_commit_queue_may_be_asked_to_commit_an_operation() -> None:
    assert not list(commits(Source("app/flows/chat/hold.py", "await queue.commit(operation)")))


@pytest.mark.parametrize(
    "text",
    [
        "async def f():\n    with db.transaction() as session:\n        await rail.read_payment(1)",
        "from app.db import transaction as opened\nasync def f():\n    with opened() as s:\n        await g()",
        "from app.db import transaction\nasync def f():\n    with lock, transaction() as s:\n"
        "        async for x in y: pass",
        "from app import db, wiring\nwith db.transaction() as session:\n    wiring.catalogue().find('x')",
        "from app import db\ndef f(prices: PriceCatalogue):\n    with db.transaction():\n        prices.find('x')",
        "from app import db\ndef f(prices: PriceCatalogue | None):\n"
        "    return db.in_transaction(lambda s: prices.find('x'))",
        "from app import db\ndef f(self):\n    self.prices: PriceCatalogue = p\n    with db.transaction():\n"
        "        self.prices.find('x')",
        "from app import db, wiring\ndef read(session):\n    return wiring.rail.read_payment('x')\n"
        "async def f():\n    await db.in_transaction(read)",
    ],
)
def test_an_outside_call_in_a_transaction_is_seen(text: str) -> None:
    assert list(outside_calls(Source("app/flows/chat/hold.py", text), frozenset({"PriceCatalogue"})))


def test_an_outside_call_after_a_transaction_is_allowed() -> None:
    text = (
        "async def f(rail: PaymentRail):\n    with db.transaction() as s:\n        read(s)\n"
        "    await rail.read_payment('x')"
    )
    assert not list(outside_calls(Source("app/flows/chat/hold.py", text), frozenset({"PaymentRail"})))


def test_the_ports_are_found() -> None:
    assert "PaymentRail" in ports(sources("app/ports"))
