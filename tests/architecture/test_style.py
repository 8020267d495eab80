"""What style.md forbids: catching everything, unfinished work, stubs, and words that should be an enum."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.architecture import rooms
from tests.architecture.source import Source, app, report, sources

EVERYTHING = ("Exception", "BaseException", "builtins.Exception", "builtins.BaseException")
OPENERS = ("openai.OpenAI", "openai.AsyncOpenAI", "httpx.Client", "httpx.AsyncClient", "http.client.HTTPConnection",
           "aiohttp.ClientSession", "socket.create_connection", "urllib.request.urlopen")  # fmt: skip
CLOSERS = ("contextlib.closing", "enter_context", "enter_async_context")
KEEPS_NONE = "NO_KEEPING"
"""What a client keeps that closes each connection behind its answer."""
LOG_METHODS = ("debug", "info", "warning", "error", "exception", "critical", "log")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def test_everything_is_caught_in_three_places_only_and_logged() -> None:
    report(found for source in app() for found in broad_excepts(source))


def test_nothing_is_left_unfinished() -> None:
    report(found for source in (*app(), *sources("rxconfig.py", "alembic")) for found in unfinished(source))


def test_nothing_is_left_unfinished_in_tests_either() -> None:
    report(found for source in sources("tests") for found in _marks(source))


def test_a_choice_of_words_is_an_enum() -> None:
    report(found for source in app() if source.room in ("domain", "flows", "ports") for found in chosen_words(source))


def chosen_words(source: Source) -> Iterator[str]:
    """Types that list words, such as `Literal["day", "month"]`, whose members could not explain themselves."""
    for node in source.nodes:
        if isinstance(node, ast.Subscript) and source.full_name(node.value).endswith("typing.Literal"):
            if any(isinstance(word, ast.Constant) and isinstance(word.value, str) for word in ast.walk(node.slice)):
                yield source.says(node.lineno, "lists words as a type; make them a StrEnum that explains each.")


def test_members_of_an_enum_explain_themselves() -> None:
    report(found for source in app() for found in unexplained_members(source))


def unexplained_members(source: Source) -> Iterator[str]:
    """Members of a StrEnum without a docstring beneath them."""
    for node in source.nodes:
        if isinstance(node, ast.ClassDef) and any(source.full_name(base) == "enum.StrEnum" for base in node.bases):
            for member, behind in zip(node.body, [*node.body[1:], None], strict=True):
                is_told = isinstance(behind, ast.Expr) and isinstance(behind.value, ast.Constant)
                if isinstance(member, ast.Assign) and not is_told:
                    yield source.says(member.lineno, f"{ast.unparse(member)} does not say what it means.")


def test_what_is_slow_says_what_only_it_can_find() -> None:
    report(found for source in sources("tests") for found in unexplained(source))


def unexplained(source: Source) -> Iterator[str]:
    """Tests marked slow or long without a docstring, their own or, where all of a file's are, the file's."""
    for node in source.functions:
        marks = {source.full_name(one.func if isinstance(one, ast.Call) else one) for one in node.decorator_list}
        if marks & {"pytest.mark.slow", "pytest.mark.long"} and not ast.get_docstring(node):
            yield source.says(node.lineno, f"{node.name} is slow; its docstring says what only it can find.")
    for statement in source.tree.body:
        is_mark = isinstance(statement, ast.Assign) and "mark.slow" in ast.unparse(statement)
        if is_mark and not ast.get_docstring(source.tree):
            yield source.says(statement.lineno, "all is slow here; the file's docstring says what only it can find.")


def test_what_a_test_opens_is_closed_behind_it() -> None:
    report(found for source in sources("tests") if "/bench/" not in source.path for found in left_open(source))


def left_open(source: Source) -> Iterator[str]:
    """Connections that are opened where no `with` closes them.

    Python finds them in the middle of some other test, by chance, and that one fails.
    """
    closed = {id(item.context_expr) for node in source.nodes if isinstance(node, ast.With | ast.AsyncWith)
              for item in node.items}  # fmt: skip
    for call in source.calls:
        name = source.full_name(call.func)
        if name in CLOSERS or name.rpartition(".")[2] in CLOSERS:
            closed.update(id(argument) for argument in call.args)
    for call in source.calls:
        keeps_none = any(ast.unparse(keyword.value) == KEEPS_NONE for keyword in call.keywords)
        if source.full_name(call.func) in OPENERS and id(call) not in closed and not keeps_none:
            yield source.says(call.lineno, "opens a connection that no `with` closes.")


def broad_excepts(source: Source) -> Iterator[str]:
    """Handlers of Exception, BaseException or nothing at all, where they may not be, twice, or silent."""
    seen = 0
    for node in source.nodes:
        if isinstance(node, ast.Call) and source.full_name(node.func) == "contextlib.suppress":
            if any(source.full_name(argument) in EVERYTHING for argument in node.args):
                yield source.says(node.lineno, "suppresses every error; name those that are expected.")
        if not isinstance(node, ast.ExceptHandler) or not _is_broad(source, node):
            continue
        seen += 1
        if source.path not in rooms.BROAD_EXCEPTS:
            yield source.says(node.lineno, "catches everything; name the errors that are expected.")
        elif seen > 1:
            yield source.says(node.lineno, "catches everything a second time in this file.")
        if not _logs(source, node):
            yield source.says(node.lineno, "catches everything without logging it.")


def _is_broad(source: Source, handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or source.full_name(kind) in EVERYTHING for kind in caught)


def _logs(source: Source, handler: ast.ExceptHandler) -> bool:
    """Tells whether a handler calls a logger: `log.exception(…)`, `self._log.error(…)`."""
    calls = [node for node in ast.walk(handler) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    names = [source.full_name(call.func).split(".") for call in calls]
    return any(parts[-1] in LOG_METHODS and "log" in "".join(parts[:-1]) for parts in names)


def unfinished(source: Source) -> Iterator[str]:
    """Marks of work that is still to be done in comments, and functions of nothing but `pass` or `...`.

    A function that has nothing to do, such as closing what was never opened, says so in its docstring alone.
    """
    yield from _marks(source)
    for node in source.nodes:
        if isinstance(node, ast.Name) and node.id == "NotImplementedError":
            yield source.says(node.lineno, "NotImplementedError: build it, or leave it out.")
    declared = {id(node) for parent in source.classes if _declares(source, parent) for node in ast.walk(parent)}
    for function in source.functions:
        if id(function) not in declared and _is_empty(function.body[-1]):
            if not any(
                "overload" in ast.dump(part) or "abstract" in ast.dump(part) for part in function.decorator_list
            ):
                yield source.says(function.lineno, f"{function.name} has no body: build it, or leave it out.")


def _marks(source: Source) -> Iterator[str]:
    if not UNFINISHED.search(source.text):  # reading a file's tokens takes a hundred times as long
        return
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT and UNFINISHED.search(token.string):
            yield source.says(token.start[0], f"says {token.string!r}: do it, or write an issue.")


def _declares(source: Source, node: ast.ClassDef) -> bool:
    """Tells whether a class only declares shapes."""
    return any(source.full_name(base) == "typing.Protocol" for base in node.bases)


def _is_empty(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and getattr(statement.value, "value", None) is ...
    )


CATCHING = "try:\n    f()\nexcept {kind}:\n    {body}\n"


@pytest.mark.parametrize("kind", ["Exception", "BaseException", "(ValueError, Exception)", "Exception as error"])
def test_catching_everything_elsewhere_is_seen(kind: str) -> None:
    text = CATCHING.format(kind=kind, body="log.exception('x')")
    assert list(broad_excepts(Source("app/flows/chat/hold.py", text)))
    assert not list(broad_excepts(Source("app/api/v1/answering.py", text)))


def test_a_bare_except_is_seen() -> None:
    assert list(broad_excepts(Source("app/flows/chat/hold.py", "try:\n    f()\nexcept:\n    raise")))


@pytest.mark.parametrize("body", ["pass", "return None", "catalogue.find('x')", "dialog_error('x')"])
def test_catching_everything_in_silence_is_seen(body: str) -> None:
    assert list(broad_excepts(Source("app/api/v1/answering.py", CATCHING.format(kind="Exception", body=body))))


def test_catching_everything_twice_is_seen() -> None:
    text = CATCHING.format(kind="Exception", body="log.exception('x')") * 2
    assert list(broad_excepts(Source("app/jobs/leased.py", text)))


def test_suppressing_everything_is_seen() -> None:
    text = "import contextlib\nwith contextlib.suppress(Exception): f()"
    assert list(broad_excepts(Source("app/api/v1/answering.py", text)))


def test_catching_named_errors_is_allowed() -> None:
    assert not list(broad_excepts(Source("app/db.py", CATCHING.format(kind="(ValueError, KeyError)", body="pass"))))


@pytest.mark.parametrize(
    "text",
    [
        "x = 1  # TO" + "DO: more",
        "# FIX" + "ME",
        "raise NotImplementedError",
        "raise NotImplementedError('later')",
        "def f(): ...",
        "def f():\n    pass",
        "class A:\n    async def f(self):\n        '''Does it.'''\n        ...",
    ],
)
def test_unfinished_work_is_seen(text: str) -> None:
    assert list(unfinished(Source("app/db.py", text)))


def test_a_port_declares_without_a_body() -> None:
    text = "from typing import Protocol\nclass Chain(Protocol):\n    def f(self) -> int: ..."
    assert not list(unfinished(Source("app/ports/mail.py", text)))


def test_a_function_with_nothing_to_do_says_so() -> None:
    assert not list(
        unfinished(Source("app/adapters/demo/provider.py", "def close():\n    '''There is nothing open.'''"))
    )


@pytest.mark.parametrize(
    ("text", "is_seen"),
    [
        ("from enum import StrEnum\nclass Side(StrEnum):\n    LEFT = 'left'", True),
        (
            "from enum import StrEnum\nclass Side(StrEnum):\n    LEFT = 'left'\n    '''Ours.'''\n    RIGHT = 'right'",
            True,
        ),
        ("import enum\nclass Side(enum.StrEnum):\n    LEFT = 'left'\n    '''Ours.'''", False),
        ("class Side:\n    LEFT = 'left'", False),
    ],
)
def test_a_member_that_says_nothing_is_seen(text: str, is_seen: bool) -> None:
    assert bool(list(unexplained_members(Source("app/domain/x.py", text)))) is is_seen


@pytest.mark.parametrize(
    ("text", "is_seen"),
    [
        ("from typing import Literal\nPeriod = Literal['day', 'month']", True),
        ("import typing\ndef f(side: typing.Literal['in'] | None) -> None: ...", True),
        ("from typing import Literal as L\nclass A:\n    kind: L['event']", True),
        ("from typing import Literal\nOne = Literal[1]", False),
    ],
)
def test_a_list_of_words_as_a_type_is_seen(text: str, is_seen: bool) -> None:
    assert bool(list(chosen_words(Source("app/domain/x.py", text)))) is is_seen


@pytest.mark.parametrize(
    "text",
    [
        "import pytest\n@pytest.mark.slow\ndef test_x(): pass",
        "import pytest\n@pytest.mark.long\nasync def test_x(): pass",
        "import pytest\npytestmark = [pytest.mark.browser, pytest.mark.slow]",
    ],
)
def test_slowness_without_a_reason_is_seen(text: str) -> None:
    assert list(unexplained(Source("tests/test_x.py", text)))


def test_slowness_with_a_reason_may_be() -> None:
    text = 'import pytest\n@pytest.mark.slow\ndef test_x():\n    """Only waiting shows it."""'
    assert not list(unexplained(Source("tests/test_x.py", text)))


@pytest.mark.parametrize(
    ("text", "is_seen"),
    [
        ("import openai\nclient = openai.OpenAI()", True),
        ("from openai import OpenAI\ndef client():\n    return OpenAI()", True),
        ("import httpx\nfor one in httpx.Client().get('/'): pass", True),
        ("import httpx\nmade = httpx.Client(limits=SOME)", True),
        ("import httpx\nmade = httpx.Client(limits=NO_KEEPING)", False),
        ("import openai\nwith openai.OpenAI() as client: pass", False),
        ("import httpx\nasync def f():\n    async with a as b, httpx.AsyncClient() as c: pass", False),
        ("import socket\nopened = [stack.enter_context(socket.create_connection(('h', 1)))]", False),
        (
            "import http.client\nfrom contextlib import closing\nwith closing(http.client.HTTPConnection('h')): pass",
            False,
        ),
    ],
)
def test_a_connection_that_nobody_closes_is_seen(text: str, is_seen: bool) -> None:
    assert bool(list(left_open(Source("tests/test_x.py", text)))) is is_seen
