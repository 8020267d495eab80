"""What lies on disk is its owner's alone, whatever the umask."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.private_files import keep_private, make_private, open_private, tighten
from tests.support.server import command, running


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Runs a test where everybody may do everything with new files."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """Returns what others than its owner may do anything with, the folder itself included."""
    found = [folder, *folder.rglob("*")]
    return [str(path) for path in found if not path.is_symlink() and path.stat().st_mode & 0o077]


@pytest.mark.unhurried
def test_a_whole_instance_is_its_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    with running(data, from_nothing=True) as demo:
        demo.chat("demo-mini", demo.new_user())
        names = {path.name for path in data.iterdir()}
        assert {"coinslot.db", "coinslot.db-wal", "coinslot.db-shm", "coinslot.db.lock", "coinslot.db.serving",
                "secret.key", "instance.json"} <= names  # fmt: skip
        assert not open_to_others(data)
    assert not open_to_others(data)


@pytest.mark.unhurried
def test_what_an_earlier_version_left_open_is_closed_at_the_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as demo:
        demo.stop()
    (data / "web" / "deep").mkdir(parents=True)
    (data / "web" / "deep" / "page.html").touch()
    (data / "old.log").touch()
    for path in (data, *data.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    assert command("audit", "--data", str(data)).returncode == 0
    assert not open_to_others(data)
    data.chmod(0o755)
    with running(data):
        assert not open_to_others(data)


@pytest.mark.unhurried
def test_a_database_beside_the_data_is_made_private_and_its_folder_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "shared"
    elsewhere.mkdir(mode=0o755)
    with running(tmp_path / "data", DATABASE_URL=f"sqlite:///{elsewhere / 'books.db'}") as demo:
        demo.new_user()
        assert len(list(elsewhere.iterdir())) >= 3
        assert open_to_others(elsewhere) == [str(elsewhere)]


def test_owners_keep_what_they_may_and_links_lead_nowhere(tmp_path: Path) -> None:
    outside, home = tmp_path / "outside", tmp_path / "home"
    outside.mkdir(mode=0o755)
    (outside / "theirs").touch(mode=0o644)
    home.mkdir()
    (home / "linked").symlink_to(outside)
    (home / "link.txt").symlink_to(outside / "theirs")
    (home / "program").touch(mode=0o755)
    keep_private(home)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (home, home / "program", outside, outside / "theirs")}
    assert modes == {"home": 0o700, "program": 0o700, "outside": 0o755, "theirs": 0o644}
    (home / "later").touch()
    assert (home / "later").stat().st_mode & 0o077 == 0
    tighten(home / "never was")


def test_a_new_file_is_private_from_its_first_moment(tmp_path: Path) -> None:
    make_private(tmp_path / "new" / "books.db")
    with open_private(tmp_path / "new" / "notes", "a") as file:
        file.write("kept")
    assert not open_to_others(tmp_path / "new")
    make_private(tmp_path / "new" / "notes")
    assert (tmp_path / "new" / "notes").read_text() == "kept"
