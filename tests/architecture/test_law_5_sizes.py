"""Law 5: small functions, files and folders, a promise at each module's head, its test beside it, alone."""

import ast
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest

from tests.architecture import rooms
from tests.architecture.source import ROOT, FunctionNode, Source, app, report, sources

FUNCTION_LINES_MAX = 60
FUNCTION_LINES_MEDIAN = 12
FUNCTION_LINES_P90 = 35
FILE_LINES_MAX = 300
LONG_FILE_LINES_MAX = 400
"""For files that `rooms.LONG_FILES` gives a reason for."""
TEST_FILE_LINES_MAX = 500
FOLDER_MODULES_MAX = 14
MIRRORED = ("domain", "formats", "flows", "adapters", "api", "jobs")
OTHER_CODE = ("rxconfig.py", "alembic")


def test_functions_and_files_are_small() -> None:
    report(found for source in (*app(), *sources("tests", "rxconfig.py")) for found in sizes(source))


def test_folders_are_small() -> None:
    report(crowded(source.path for source in app()))


def test_most_functions_are_very_small() -> None:
    report(distribution(app()))


def test_every_module_says_its_promise() -> None:
    report(found for source in (*app(), *sources(*OTHER_CODE)) for found in promises(source))


def test_every_module_has_its_test() -> None:
    tested = {source.path for source in sources("tests") if has_tests(source)}
    report(found for source in app() for found in mirrors(source, tested))


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {Path(source.path).parent for source in sources("tests")}
    report(
        f"{folder}/__init__.py:1: is missing."
        for folder in sorted(folders)
        if not (ROOT / folder / "__init__.py").exists()
    )


def test_no_test_imports_another() -> None:
    report(found for source in sources("tests") for found in borrowed(source))


def lines_of(node: FunctionNode) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def sizes(source: Source) -> Iterator[str]:
    """Files and functions above the limits; decorators do not count."""
    lines, most = len(source.text.splitlines()), _lines_max(source.path)
    if lines > most:
        yield source.says(1, f"has {lines} lines; it may have {most}.")
    for node in source.functions:
        if lines_of(node) > FUNCTION_LINES_MAX:
            yield source.says(node.lineno, f"{node.name} has {lines_of(node)} lines; at most {FUNCTION_LINES_MAX}.")


def _lines_max(path: str) -> int:
    if path.startswith("tests/"):
        return TEST_FILE_LINES_MAX
    return LONG_FILE_LINES_MAX if path in rooms.LONG_FILES else FILE_LINES_MAX


def crowded(paths: Iterable[str]) -> Iterator[str]:
    """Folders with more modules than anybody reads at a glance; `__init__.py` does not count."""
    counts = Counter(str(Path(path).parent) for path in paths if Path(path).name != "__init__.py")
    for folder, count in sorted(counts.items()):
        if count > FOLDER_MODULES_MAX:
            yield f"{folder}/:1: has {count} modules; a folder has at most {FOLDER_MODULES_MAX}."


def distribution(files: Iterable[Source]) -> Iterator[str]:
    """The house's functions taken together: half of them within 12 lines, nine of ten within 35."""
    lengths = [lines_of(node) for source in files for node in source.functions]
    middle, tenth = median(lengths), quantiles(lengths, n=10)[-1]
    if middle > FUNCTION_LINES_MEDIAN:
        yield f"app/:1: half the functions have {middle:.0f} lines or more; the aim is {FUNCTION_LINES_MEDIAN}."
    if tenth > FUNCTION_LINES_P90:
        yield f"app/:1: a tenth of all functions have {tenth:.0f} lines or more; the aim is {FUNCTION_LINES_P90}."


def promises(source: Source) -> Iterator[str]:
    """Modules without a docstring that is at least one finished sentence."""
    docstring = ast.get_docstring(source.tree)
    if docstring is None:
        yield source.says(1, "has no docstring; say its room's promise.")
    elif len(docstring.split()) < 4 or not docstring.split("\n\n")[0].endswith((".", ":", "?")):
        yield source.says(1, "has a docstring that is no finished sentence.")


def has_tests(source: Source) -> bool:
    """Tells whether a file runs any test: functions or state machines."""
    return any(node.name.startswith("test_") for node in source.functions) or "TestCase" in source.text


def mirrors(source: Source, tested: Collection[str]) -> Iterator[str]:
    """`app/x/y.py` without `tests/x/test_y.py`; a file without any function has nothing to run."""
    path = Path(source.path)
    if source.room not in MIRRORED or not source.functions or source.path in rooms.UNTESTED_BY_NAME:
        return
    if path.name in ("__init__.py", "tables.py"):
        return
    mirror = Path("tests", *path.parts[1:-1], f"test_{path.name}").as_posix()
    if mirror not in tested:
        yield source.says(1, f"has no {mirror} with a test in it.")


def borrowed(source: Source) -> Iterator[str]:
    """Imports of test modules and conftests: what tests share lives in `tests/support`, under a name that says what."""
    for found in source.imports:
        top, *below = found.name.split(".")
        if top == "tests" and any(part == "conftest" or part.startswith("test_") for part in below):
            yield source.says(found.line, f"imports {found.name}; what tests share lives in tests/support.")


def test_a_long_function_is_seen() -> None:
    body = "    x = 1\n" * FUNCTION_LINES_MAX
    assert list(sizes(Source("app/db.py", f"def f():\n{body}")))
    assert list(sizes(Source("app/db.py", f"class A:\n    async def f(self):\n{body.replace('    ', '        ')}")))
    assert not list(sizes(Source("app/db.py", f"@cache\ndef f():\n{body.removesuffix('    x = 1' + chr(10))}")))


def test_a_long_file_is_seen() -> None:
    assert list(sizes(Source("app/db.py", "x = 1\n" * (FILE_LINES_MAX + 1))))
    assert not list(sizes(Source("app/db.py", "x = 1\n" * FILE_LINES_MAX)))


def test_a_test_file_may_be_longer() -> None:
    assert not list(sizes(Source("tests/test_db.py", "x = 1\n" * (FILE_LINES_MAX + 1))))
    assert list(sizes(Source("tests/test_db.py", "x = 1\n" * (TEST_FILE_LINES_MAX + 1))))


def test_a_crowded_folder_is_seen() -> None:
    assert not list(crowded(f"app/flows/chat/m{number}.py" for number in range(FOLDER_MODULES_MAX)))
    assert list(crowded(f"app/flows/chat/m{number}.py" for number in range(FOLDER_MODULES_MAX + 1)))


@pytest.mark.parametrize(("lines", "violations"), [(2, 0), (20, 1), (50, 2)])
def test_too_many_middling_functions_are_seen(lines: int, violations: int) -> None:
    text = "".join(f"def f{number}():\n" + "    x = 1\n" * (lines - 1) for number in range(10))
    assert len(list(distribution([Source("app/db.py", text)]))) == violations


@pytest.mark.parametrize("text", ["", "x = 1", '""" """', '"""Database."""', "# a comment\nimport os"])
def test_a_module_without_a_promise_is_seen(text: str) -> None:
    assert list(promises(Source("app/db.py", text)))


def test_a_promise_is_enough() -> None:
    assert not list(promises(Source("app/db.py", '"""The database: an engine made on first use."""')))


@pytest.mark.parametrize("room", MIRRORED)
def test_a_module_without_a_test_is_seen(room: str) -> None:
    source = Source(f"app/{room}/pricing/quote.py", "def quote(): pass")
    assert list(mirrors(source, {f"tests/{room}/test_quote.py"}))
    assert not list(mirrors(source, {f"tests/{room}/pricing/test_quote.py"}))


def test_an_empty_test_file_is_no_test() -> None:
    assert not has_tests(Source("tests/domain/test_money.py", '"""Nothing yet."""\ndef helper(): pass'))
    assert has_tests(Source("tests/domain/test_money.py", "def test_x(): pass"))


@pytest.mark.parametrize(
    "line",
    [
        "from tests.test_db import anything",
        "from tests import test_db",
        "from tests import conftest",
        "import tests.test_db",
        "import tests.api.conftest as shared",
        "def f():\n    from tests.api.conftest import demo",
        "from .test_y import helper",
        "import importlib\nimportlib.import_module('tests.test_db')",
    ],
)
def test_a_borrowed_test_is_seen(line: str) -> None:
    assert list(borrowed(Source("tests/api/test_x.py", line)))


@pytest.mark.parametrize("line", ["from tests.support.server import Demo", "from tests.emulators import upstream"])
def test_what_is_there_to_be_shared_is_no_loan(line: str) -> None:
    assert not list(borrowed(Source("tests/api/test_x.py", line)))
