"""The commands, as processes."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from app import cli, settings
from tests.support.ports import free_port
from tests.support.server import ROOT, command, running


@pytest.mark.unhurried
def test_audit_names_the_broken_row_and_fails(tmp_path: Path) -> None:
    with running(tmp_path / "data") as demo:
        demo.new_user("5")
        demo.stop()
        assert demo.audit() == "The books balance."
        engine = create_engine(f"sqlite:///{demo.data / 'coinslot.db'}")
        with engine.begin() as connection:
            connection.execute(text("UPDATE ledger_account SET posted = posted + 1 WHERE kind = 'wallet'"))
        engine.dispose()
        done = command("audit", "--data", str(demo.data))
    assert done.returncode == 1
    assert ":wallet:wal_" in done.stderr and "do not balance" in done.stderr


@pytest.mark.unhurried
def test_a_job_runs_once_and_an_unknown_one_is_one_line(tmp_path: Path) -> None:
    with running(tmp_path / "data") as demo:
        demo.stop()
    done = command("job", "reap-holds", "--data", str(tmp_path / "data"))
    assert (done.returncode, done.stdout.strip()) == (0, "reap-holds: 0")
    unknown = command("job", "dance", "--data", str(tmp_path / "data"))
    assert unknown.returncode == 1 and len(unknown.stderr.strip().splitlines()) == 1


@pytest.mark.unhurried
def test_doctor_names_what_needs_the_operator_one_line_each(tmp_path: Path) -> None:
    with running(tmp_path / "data") as demo:
        demo.stop()
    done = command("doctor", "--data", str(tmp_path / "data"), PUBLIC_URL="https://coinslot.example")
    lines = done.stdout.strip().splitlines()
    assert done.returncode == 1
    assert lines[:4] == [
        "ok  database: sqlite answers.", "ok  migrations: All are there.",
        "ok  help: SQLite's FTS5 is there.",
        "ok  public URL: https://coinslot.example can be sent webhooks.",
    ]  # fmt: skip
    wrong = [line for line in lines if line.startswith("!!")]
    assert wrong[0] == "!!  mail: COINSLOT_SMTP_URL is not set: nobody gets a sign-in code."
    assert any(line.startswith("ok  job reap-holds: It succeeded") for line in lines)
    assert lines[-1] == f"{len(wrong)} of these need you."


@pytest.mark.unhurried
def test_fresh_deletes_an_instance_and_nothing_else(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as demo:
        demo.new_user("5")
        first = demo.key
    with running(data, "--fresh") as demo:
        assert demo.key != first and demo.rows()["wallet"] == 0
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work")
    done = command("demo", "--no-web", "--fresh", "--data", str(foreign))
    assert done.returncode == 1 and "--fresh" in done.stderr
    assert (foreign / "thesis.txt").read_text() == "years of work"


def test_a_wrong_setting_stops_the_start_with_one_line(tmp_path: Path) -> None:
    done = command("demo", "--no-web", "--data", str(tmp_path / "data"), LEASE_SECONDS="never")
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("coinslot: COINSLOT_LEASE_SECONDS: ") and "'never'" in lines[0]


@pytest.mark.unhurried
def test_an_upstream_that_is_not_there_stops_the_demo_with_one_line(tmp_path: Path) -> None:
    done = command("demo", "--no-web", "--data", str(tmp_path / "data"), "--upstream", "http://127.0.0.1:1/v1")
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_without_pages_reflex_is_never_imported(tmp_path: Path) -> None:
    """Only a process of its own has imported nothing before."""
    code = (
        "import sys; from app import cli, wiring; from app.api.serving import asgi, server, workers;"
        "from app.jobs import scheduler;"
        "asgi.api_only((wiring.running, scheduler.running)); sys.exit('reflex' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("environment", "data"),
    [
        ({"LOG_LEVEL": "loud"}, "data"),
        ({"SECRET_KEY": " , "}, "data"),
        ({"DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:1/x"}, "data"),
        ({}, "file/data"),
        ({}, "garbage"),
    ],
)
def test_what_the_operator_can_mend_is_one_line_and_no_trace(
    tmp_path: Path, environment: dict[str, str], data: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "garbage").mkdir()
    (tmp_path / "garbage" / "coinslot.db").write_text("This is no database.")
    done = command("demo", "--no-web", "--data", str(tmp_path / data), **environment)
    said = done.stderr.strip().splitlines()
    assert done.returncode == 1 and len(said) == 1 and said[0].startswith("coinslot: ")
    assert "secret" not in said[0].lower() or "SECRET_KEY" in said[0]


@pytest.mark.unhurried
@pytest.mark.parametrize(
    "options",
    [
        ("demo", "--no-web", "--fresh"),
        pytest.param(("demo", "--no-web"), marks=pytest.mark.slow),
        pytest.param(("serve", "--api-only"), marks=pytest.mark.slow),
    ],
)
def test_a_second_server_on_the_same_database_is_one_line_and_changes_nothing(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    with running(tmp_path / "data") as demo:
        user = demo.new_user("5")
        before = demo.rows()
        done = command(*options, "--data", str(demo.data), "--port", str(free_port()), PUBLIC_URL="http://127.0.0.1:1")
        said = done.stderr.strip().splitlines()
        assert (done.returncode, len(said)) == (1, 1), done.stderr
        assert said[0].startswith("coinslot: Another process is serving ") and "Traceback" not in done.stderr
        assert demo.rows() == before and demo.spendable(user) == 5


def test_nobody_makes_a_served_instance_a_demo_by_the_environment(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A demo shows everybody's sign-in codes on a page."""
    monkeypatch.setenv("COINSLOT_IS_DEMO", "true")
    with pytest.raises(settings.SettingsError, match="COINSLOT_PUBLIC_URL"):
        cli.serve(data=data_dir)
    assert not settings.get().is_demo
