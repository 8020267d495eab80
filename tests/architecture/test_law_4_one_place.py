"""Law 4: ledger rows, status codes, the environment, the time and what differs by mode each have one place."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture import rooms
from tests.architecture.source import Source, app, report, sources, words_of

LEDGER = "app/domain/ledger/"
MODES = "app/domain/paywalls/modes.py"
MODE = "app.domain.paywalls.modes.Mode."
REQUEST_MODE = "app.domain.usage.tables.RequestMode."
"""How a request asks is no mode of a paywall's, and is compared by its name where that is said."""
LEDGER_TABLES = "app.domain.ledger.tables."
SQL_WRITES_LEDGER = re.compile(r"\b(insert\s+(or\s+\w+\s+)?into|update|delete\s+from)\s+\"?ledger_", re.IGNORECASE)
READS_TIME = re.compile(
    r"time\.(time|monotonic|perf_counter|process_time|thread_time)(_ns)?|time\.(localtime|gmtime|ctime)"
    r"|datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today|uuid\.uuid[167]"
    r"|sqlalchemy\.(sql\.)?func\.(now|current_timestamp|clock_timestamp)|sqlmodel\.func\.(now|current_timestamp)"
)
SQL_READS_TIME = re.compile(r"\b(current_timestamp|clock_timestamp\(|now\(\)|datetime\('now)", re.IGNORECASE)
ENVIRONMENT = re.compile(r"os\.(environb?|getenvb?|putenv|unsetenv)(\..*)?")


def test_only_the_ledger_writes_ledger_rows() -> None:
    report(found for source in app() for found in ledger_writes(source))


def test_only_api_errors_knows_status_codes() -> None:
    report(found for source in app() for found in status_codes(source))


def test_only_settings_reads_the_environment() -> None:
    report(found for source in (*app(), *sources("rxconfig.py", "alembic")) for found in environment_reads(source))


def test_only_the_clock_reads_the_time() -> None:
    report(found for source in app() for found in time_reads(source))


def test_only_the_table_of_modes_compares_a_mode() -> None:
    report(found for source in app() for found in mode_comparisons(source))


def mode_comparisons(source: Source) -> Iterator[str]:
    """Questions about a mode that its row in the table of modes should answer."""
    if source.path == MODES:
        return
    for node in source.nodes:
        compared: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            compared = [node.left, *node.comparators]
        elif isinstance(node, ast.Match):
            compared = [node.subject]
        named = [part for operand in compared for part in _parts(operand) if isinstance(part, ast.Name | ast.Attribute)]
        names = {source.full_name(part) for part in named}
        if any(name.startswith(REQUEST_MODE) for name in names):
            continue
        if named and any(f"{name}.".startswith(MODE) or name.split(".")[-1] == "mode" for name in names):
            yield source.says(named[0].lineno, "compares a mode; ask its rules in domain/paywalls/modes.py.")


def ledger_writes(source: Source) -> Iterator[str]:
    """Ledger rows made, changed or deleted outside the ledger; reading them is allowed."""
    if source.path.startswith(LEDGER):
        return
    for call in source.calls:
        name = source.full_name(call.func)
        if name.startswith(LEDGER_TABLES) and name.removeprefix(LEDGER_TABLES).count(".") == 0:
            yield source.says(call.lineno, f"makes a {name.removeprefix(LEDGER_TABLES)}; only the ledger does.")
        if name.rsplit(".", 1)[-1] in ("insert", "update", "delete"):
            touched = [call.func, *call.args]
            if any(source.full_name(node).startswith(LEDGER_TABLES) for part in touched for node in _parts(part)):
                yield source.says(call.lineno, "writes a ledger table; only the ledger does.")
    for line, words in words_of(source.tree):
        if SQL_WRITES_LEDGER.search(words):
            yield source.says(line, "writes a ledger table in SQL; only the ledger does.")


def _parts(expression: ast.expr) -> Iterator[ast.expr]:
    return (node for node in ast.walk(expression) if isinstance(node, ast.expr))


def status_codes(source: Source) -> Iterator[str]:
    """Numbers and names of error statuses in `api`, outside `errors.py`."""
    if source.room != "api" or source.path == "app/api/common/errors.py":
        return
    for node in source.nodes:
        if isinstance(node, ast.Constant) and type(node.value) is int and 400 <= node.value <= 599:
            yield source.says(node.lineno, f"knows the status {node.value}; only api/errors.py does.")
        if isinstance(node, ast.Attribute):
            name = source.full_name(node)
            if re.search(r"\.HTTP_[45]\d\d_", name) or name.startswith("http.HTTPStatus."):
                yield source.says(node.lineno, f"knows the status {name}; only api/errors.py does.")


def environment_reads(source: Source) -> Iterator[str]:
    """Looks at the environment, and settings classes of pydantic, outside the files that may."""
    if source.path in rooms.ENVIRONMENT_READERS:
        return
    for node in source.nodes:
        name = source.full_name(node) if isinstance(node, ast.Attribute | ast.Name) else ""
        if ENVIRONMENT.fullmatch(name) and name.count(".") == 1:
            yield source.says(getattr(node, "lineno", 1), f"{name}: only app/settings looks at the environment.")


def time_reads(source: Source) -> Iterator[str]:
    """Reads of any clock: Python's, the event loop's, the database's."""
    if source.path in rooms.TIME_READERS:
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute | ast.Name):
            name = source.full_name(node)
            if READS_TIME.fullmatch(name):
                yield source.says(node.lineno, f"{name} reads the time; ask app.domain.clock.")
            if isinstance(node, ast.Attribute) and node.attr == "time" and _is_loop(source, node.value):
                yield source.says(node.lineno, "the event loop's clock is a clock; ask app.domain.clock.")
    for line, words in words_of(source.tree):
        if SQL_READS_TIME.search(words):
            yield source.says(line, "the database's clock is a clock; ask app.domain.clock.")


def _is_loop(source: Source, node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return source.full_name(node.func) in ("asyncio.get_running_loop", "asyncio.get_event_loop")
    return source.full_name(node).rsplit(".", 1)[-1] in ("loop", "_loop")


@pytest.mark.parametrize(
    "text",
    [
        "from app.domain.ledger.tables import LedgerTransfer\nLedgerTransfer(amount=1)",
        "from app.domain.ledger import tables\ntables.LedgerTransfer(amount=1)",
        "from app.domain.ledger.tables import LedgerAccount as A\nfrom sqlalchemy import update\nupdate(A).values(x=0)",
        "from app.domain.ledger.tables import LedgerHold\nfrom sqlmodel import delete\ndelete(LedgerHold.__table__)",
        "from app.domain.ledger.tables import LedgerAccount\nLedgerAccount.__table__.insert()",
        "text('UPDATE ledger_account SET posted = 0')",
        "text(f'insert into ledger_delta values ({x})')",
        "sql = '''\n  DELETE FROM\n ledger_hold'''",
    ],
)
@pytest.mark.parametrize("path", ["app/flows/chat/hold.py", "app/domain/topups/topups.py", "app/commit_queue.py"])
def test_a_ledger_row_written_elsewhere_is_seen(path: str, text: str) -> None:
    assert list(ledger_writes(Source(path, text)))
    assert not list(ledger_writes(Source("app/domain/ledger/apply.py", text)))


@pytest.mark.parametrize(
    "text",
    [
        "if snapshot.mode is Mode.DEFAULT: pass",
        "from app.domain.paywalls.modes import Mode\nis_shared = found == Mode.SHARED.value",
        "from app.domain.paywalls import modes\nis_shared = found in (modes.Mode.SHARED, modes.Mode.CREDITS)",
        "where(paywalls.c.mode == 'shared')",
        "match snapshot.mode:\n    case 'shared': pass",
        "def f(mode): return 1 if mode != 'default' else 2",
    ],
)
def test_a_comparison_of_a_mode_is_seen(text: str) -> None:
    assert list(mode_comparisons(Source("app/flows/chat/decide.py", text)))
    assert not list(mode_comparisons(Source(MODES, text)))


def test_asking_a_modes_rules_is_allowed() -> None:
    text = "if snapshot.rules.needs_consent and RULES[mode].is_split: pass"
    assert not list(mode_comparisons(Source("app/flows/chat/decide.py", text)))


def test_how_a_request_asks_is_compared_by_its_name_alone() -> None:
    text = "from app.domain.usage.tables import RequestMode\nis_blend = asking.mode is RequestMode.BLEND"
    assert not list(mode_comparisons(Source("app/flows/modes/plan.py", text)))
    assert list(mode_comparisons(Source("app/flows/modes/plan.py", "is_blend = asking.mode == 'blend'")))


def test_reading_the_ledger_is_allowed() -> None:
    text = "from app.domain.ledger.tables import LedgerAccount\nselect(LedgerAccount).where(LedgerAccount.id == 'x')"
    assert not list(ledger_writes(Source("app/domain/wallets/statement.py", text)))


@pytest.mark.parametrize(
    "text",
    [
        "return Response(status_code=404)",
        "if answer.status >= 500: pass",
        "from http import HTTPStatus\nreturn HTTPStatus.NOT_FOUND",
        "from starlette import status\nreturn status.HTTP_404_NOT_FOUND",
    ],
)
def test_a_status_code_elsewhere_in_api_is_seen(text: str) -> None:
    assert list(status_codes(Source("app/api/v1/user.py", text)))
    assert not list(status_codes(Source("app/api/common/errors.py", text)))


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.environ['X']",
        "import os\nos.environ.get('X')",
        "import os\nos.getenv('X')",
        "from os import environ\nenviron['X'] = '1'",
        "from os import environ as env\nf(dict(env))",
    ],
)
@pytest.mark.parametrize("path", ["app/db.py", "app/adapters/rail_stripe.py", "app/web/pages.py"])
def test_a_look_at_the_environment_is_seen(path: str, text: str) -> None:
    assert list(environment_reads(Source(path, text)))
    assert not list(environment_reads(Source("app/settings/settings.py", text)))


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.time()",
        "import time as t\nt.monotonic_ns()",
        "from time import perf_counter\nperf_counter()",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime as dt, UTC\ndt.now(UTC)",
        "from datetime import date\ndate.today()",
        "field(default_factory=time.time)\nimport time",
        "import asyncio\nasyncio.get_running_loop().time()",
        "self._loop.time()",
        "from sqlalchemy import func\nfunc.now()",
        "text('SELECT * FROM lease WHERE expires_at < CURRENT_TIMESTAMP')",
    ],
)
@pytest.mark.parametrize("path", ["app/jobs/leased.py", "app/adapters/rail_stripe.py", "app/domain/ids.py"])
def test_a_read_of_the_time_is_seen(path: str, text: str) -> None:
    assert list(time_reads(Source(path, text)))
    assert not list(time_reads(Source("app/domain/clock.py", text)))


def test_sleeping_and_writing_down_a_time_is_allowed() -> None:
    text = "import time\nfrom datetime import UTC, datetime\ntime.sleep(1)\ndatetime.fromtimestamp(0, UTC)"
    assert not list(time_reads(Source("app/jobs/leased.py", text)))


def test_every_named_place_still_needs_its_permission() -> None:
    existing = {source.path: source for source in (*app(), *sources("rxconfig.py"))}
    checks = ((rooms.ENVIRONMENT_READERS, environment_reads), (rooms.TIME_READERS, time_reads))
    for table, check in checks:
        for path in (path for path in table if path in existing and path != "app/settings/settings.py"):
            assert list(check(Source("app/elsewhere.py", existing[path].text))), f"{path} no longer needs it."
