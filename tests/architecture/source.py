"""The tree of our own source, parsed once, and what the laws ask of it: imports, full names, places."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tests.support import costs

ROOT = Path(__file__).parent.parent.parent

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """One imported module or name, with its full dotted path, as `app.domain.money.Unit`."""

    name: str
    line: int


@dataclass(frozen=True)
class Source:
    """A file of ours. `path` is relative to the root of the repository, with slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        with costs.keeping():
            return ast.parse(self.text, self.path)

    @cached_property
    def module(self) -> str:
        """The dotted name, as `app.domain.money`; a package's `__init__.py` has the package's name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def room(self) -> str:
        """The folder of `app` that the file is in, or the name of a single file, as `db`."""
        parts = self.module.split(".")
        return parts[1] if parts[0] == "app" and len(parts) > 1 else ""

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        with costs.keeping():
            return tuple(ast.walk(self.tree))

    @cached_property
    def functions(self) -> tuple[FunctionNode, ...]:
        return tuple(node for node in self.nodes if isinstance(node, FunctionNode))

    @cached_property
    def classes(self) -> tuple[ast.ClassDef, ...]:
        return tuple(node for node in self.nodes if isinstance(node, ast.ClassDef))

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        return tuple(node for node in self.nodes if isinstance(node, ast.Call))

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import, wherever it stands, also those by `importlib.import_module("…")`."""
        return tuple(_imports(self))

    @cached_property
    def _aliases(self) -> dict[str, str]:
        aliases: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    aliases[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    aliases[alias.asname or alias.name] = f"{_base(self, node)}.{alias.name}"
        return aliases

    def full_name(self, node: ast.expr) -> str:
        """Returns the dotted name of an expression with import aliases resolved, or "" for anything else."""
        if isinstance(node, ast.Name):
            return self._aliases.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            owner = self.full_name(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        return ""

    def says(self, line: int, sentence: str) -> str:
        """Returns a violation as every law reports it: `file:line: sentence`."""
        return f"{self.path}:{line}: {sentence}"


def _base(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = source.module.split(".")
    depth = node.level - 1 if source.path.endswith("/__init__.py") else node.level
    return ".".join([*parts[: len(parts) - depth], *([node.module] if node.module else [])])


def _imports(source: Source) -> Iterator[Import]:
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(source, node)
            yield from (Import(f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and source.full_name(node.func) in ("importlib.import_module", "__import__"):
            named = node.args[0] if node.args else None
            is_plain = isinstance(named, ast.Constant) and isinstance(named.value, str)
            yield Import(ast.literal_eval(named) if is_plain and named else "a computed name", node.lineno)


def receiver(node: ast.expr) -> str:
    """Returns the last word of what a method is called on: `session` for `self.session.add`."""
    if isinstance(node, ast.Attribute):
        inner = node.value
        return inner.attr if isinstance(inner, ast.Attribute) else inner.id if isinstance(inner, ast.Name) else ""
    return ""


def words_of(node: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields the line and text of every string that is not a docstring, parts of f-strings included."""
    docstrings = {
        id(inner.body[0].value)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Module | ast.ClassDef | FunctionNode) and inner.body
        if isinstance(inner.body[0], ast.Expr)
    }
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and id(inner) not in docstrings:
            yield inner.lineno, inner.value


@cache
def sources(*tops: str) -> tuple[Source, ...]:
    """Returns all Python files below the named files and folders of the repository, parsed once."""
    return tuple(_read(path) for top in tops for path in sorted(_below(ROOT / top)))


def _below(top: Path) -> Iterable[Path]:
    return top.rglob("*.py") if top.is_dir() else [top] if top.exists() else []


@cache
def _read(path: Path) -> Source:
    return Source(path.relative_to(ROOT).as_posix(), path.read_text())


def app() -> tuple[Source, ...]:
    """Returns the product: `app/`."""
    return sources("app")


def report(violations: Iterable[str]) -> None:
    """Fails with every violation on a line of its own."""
    __tracebackhide__ = True
    found = list(violations)
    assert not found, f"{len(found)} to mend:\n" + "\n".join(found)
