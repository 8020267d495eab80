"""Law 6: public methods of states are event handlers and say so; what a page computes does no I/O."""

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import FunctionNode, Source, app, report

STATES = ("reflex.State", "reflex.state.State", "reflex.ComponentState")
HANDLER = ("reflex.event",)
COMPUTED = ("reflex.var", "reflex.cached_var")
INPUT_AND_OUTPUT = (
    "app.db",
    "app.wiring",
    "app.flows",
    "app.commit_queue",
    "socket",
    "subprocess",
    "urllib",
    "httpx",
    "aiohttp",
)


def test_every_public_method_of_a_state_is_an_event_handler() -> None:
    report(unmarked(app()))


def test_computed_variables_do_no_input_or_output() -> None:
    report(found for source in app() if source.room in ("web", "app") for found in computed_with_io(source))


def state_classes(files: Iterable[Source]) -> list[tuple[Source, ast.ClassDef]]:
    """Returns every class that is a state, descends from one, or is mixed into one."""
    classes = {
        f"{source.module}.{node.name}": (source, node)
        for source in files
        if source.room in ("web", "app")
        for node in source.classes
    }
    bases = {name: [_base(source, base) for base in node.bases] for name, (source, node) in classes.items()}
    found: set[str] = set()
    while True:
        descend = {name for name in classes if found.intersection(bases[name]) or set(STATES).intersection(bases[name])}
        mixed_in = {base for name in found | descend for base in bases[name] if base in classes}
        if descend | mixed_in <= found:
            return [classes[name] for name in sorted(found)]
        found |= descend | mixed_in


def _base(source: Source, base: ast.expr) -> str:
    """Returns the full name of a base class; a class of the same file has its module's name before it."""
    name = source.full_name(base.value if isinstance(base, ast.Subscript) else base)
    return name if "." in name else f"{source.module}.{name}"


def _decorators(source: Source, node: FunctionNode) -> list[str]:
    return [source.full_name(part.func if isinstance(part, ast.Call) else part) for part in node.decorator_list]


def unmarked(files: Iterable[Source]) -> Iterator[str]:
    """Public methods of states without `@rx.event` or `@rx.var`, and functions assigned to public names.

    Reflex makes an endpoint of each of them, which any browser can call with any arguments.
    """
    for source, state in state_classes(list(files)):
        functions = {node.name for node in source.tree.body if isinstance(node, FunctionNode)}
        for node in state.body:
            if isinstance(node, FunctionNode) and not node.name.startswith("_"):
                if not set(_decorators(source, node)) & {*HANDLER, *COMPUTED}:
                    says = f"{state.name}.{node.name} is public without @rx.event; any browser can call it."
                    yield source.says(node.lineno, says)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                is_function = isinstance(node.value, ast.Lambda) or getattr(node.value, "id", "") in functions
                for target in targets if is_function else ():
                    if isinstance(target, ast.Name) and not target.id.startswith("_"):
                        yield source.says(node.lineno, f"{state.name}.{target.id} is a function under a public name.")


def computed_with_io(source: Source) -> Iterator[str]:
    """I/O inside `@rx.var`: it runs at every change of state, on the event loop."""
    for function in source.functions:
        if not set(_decorators(source, function)) & set(COMPUTED):
            continue
        if isinstance(function, ast.AsyncFunctionDef):
            yield source.says(function.lineno, f"{function.name} is computed and waits; compute it in a handler.")
        for node in ast.walk(function):
            name = source.full_name(node) if isinstance(node, ast.Name | ast.Attribute) else ""
            opens = name in ("open", "pathlib.Path") or name.endswith((".read_text", ".read_bytes", ".open"))
            if opens or any(name == module or name.startswith(f"{module}.") for module in INPUT_AND_OUTPUT):
                yield source.says(
                    getattr(node, "lineno", function.lineno), f"{function.name} is computed and uses {name}."
                )


STATE = "import reflex as rx\nclass Page(rx.State):\n"


@pytest.mark.parametrize(
    "text",
    [
        STATE + "    def pay(self): ...",
        STATE + "    async def pay(self): ...",
        STATE + "    @staticmethod\n    def pay(row): ...",
        STATE + "    pay = lambda self: 1",
        "import reflex as rx\ndef pay(self): ...\nclass Page(rx.State):\n    go = pay",
        "from reflex import State\nclass Page(State):\n    def pay(self): ...",
        "import reflex as rx\nclass Base(rx.State): ...\nclass Page(Base):\n    def pay(self): ...",
        "import reflex as rx\nclass Mixin:\n    def pay(self): ...\nclass Page(Mixin, rx.State): ...",
        "import reflex as rx\nclass Row(rx.ComponentState):\n    def pay(self): ...",
    ],
)
def test_a_public_method_without_its_mark_is_seen(text: str) -> None:
    assert list(unmarked([Source("app/web/end_user/topup/state.py", text)]))


def test_a_state_of_another_file_is_a_state_too() -> None:
    base = Source("app/web/frame/session_state.py", "import reflex as rx\nclass SessionState(rx.State): ...")
    text = "from app.web.frame.session_state import SessionState\nclass Page(SessionState):\n    def pay(self): ..."
    assert list(unmarked([base, Source("app/web/end_user/topup/state.py", text)]))


def test_marked_and_private_methods_are_allowed() -> None:
    text = STATE + (
        "    rows: list[str] = []\n    @rx.event\n    def pay(self): ...\n    @rx.event(background=True)\n"
        "    async def watch(self): ...\n    @rx.var\n    def total(self) -> str: return ''\n    def _read(self): ...\n"
    )
    assert not list(unmarked([Source("app/web/end_user/topup/state.py", text)]))
    assert not list(unmarked([Source("app/web/frame/format.py", "class Rows:\n    def pay(self): ...")]))


@pytest.mark.parametrize(
    "body",
    [
        "    @rx.var\n    async def total(self): return 1",
        "    @rx.var(cache=True)\n    def total(self): return db.in_transaction(read)",
        "    @rx.var\n    def total(self):\n        with open('x') as file: return file.read()",
        "    @rx.var\n    def total(self): return wiring.catalogue()",
    ],
)
def test_input_and_output_in_a_computed_variable_is_seen(body: str) -> None:
    assert list(
        computed_with_io(Source("app/web/end_user/topup/state.py", "from app import db, wiring\n" + STATE + body))
    )


def test_input_and_output_in_a_handler_is_allowed() -> None:
    text = "from app import db\n" + STATE + "    @rx.event\n    async def load(self): await db.in_transaction(read)"
    assert not list(computed_with_io(Source("app/web/end_user/topup/state.py", text)))
