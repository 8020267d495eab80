"""Starting, stopping and being killed, as a process."""

import json
import os
import signal
import stat
import threading
import time
from fractions import Fraction
from pathlib import Path

import httpx
import pytest

from app.api.serving.server import write_instance
from tests.emulators import upstream
from tests.support.ports import free_port
from tests.support.server import QUESTION, Demo, command, running


@pytest.mark.unhurried
def test_the_instance_file_is_whole_private_and_gone_after_a_clean_stop(tmp_path: Path) -> None:
    with running(tmp_path / "data") as demo:
        path = demo.data / "instance.json"
        content = json.loads(path.read_text())
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert content["pid"] == demo.process.pid
        assert content["api_base"] == f"{content['base_url']}/v1"
        assert content["database_url"] == f"sqlite:///{demo.data / 'coinslot.db'}"
        assert stat.S_IMODE((demo.data / "secret.key").stat().st_mode) == 0o600
        first = demo.key
        demo.stop()
        assert not path.exists()
    with running(tmp_path / "data") as again:
        assert again.key == first


def test_an_instance_file_is_replaced_at_once(tmp_path: Path) -> None:
    path = tmp_path / "instance.json"
    write_instance(path, {"base_url": "one"})
    write_instance(path, {"base_url": "two"})
    assert json.loads(path.read_text()) == {"base_url": "two", "pid": os.getpid()}
    assert [file.name for file in tmp_path.iterdir()] == ["instance.json"]


@pytest.mark.unhurried
def test_sigterm_lets_a_running_stream_end_and_charges_it(tmp_path: Path) -> None:
    with upstream.running() as emulated, running(tmp_path / "data", "--upstream", emulated.base_url) as demo:
        user, text = demo.new_user(), []
        with demo.client() as client:
            stream = client.chat.completions.create(model="ok:40:5", user=user, messages=QUESTION, stream=True)
            for number, chunk in enumerate(stream):
                text.append(chunk)
                if number == 3:
                    demo.process.send_signal(signal.SIGTERM)
        assert len(text) > 40
        assert demo.process.wait(20) == 0
        assert demo.audit() == "The books balance."


@pytest.mark.slow
def test_what_is_cut_at_the_end_of_the_drain_time_is_settled(tmp_path: Path) -> None:
    """Only a drain that takes its whole time cuts a stream."""
    options = ("--upstream",)
    with upstream.running() as emulated:
        with running(tmp_path / "data", *options, emulated.base_url, DRAIN_SECONDS_MAX="1") as demo:
            demo.chat("no-usage", demo.new_user())  # reads the vocabulary, which takes a busy machine long
            user = demo.new_user()
            reading = threading.Thread(target=_read_until_cut, args=(demo, user))
            reading.start()
            while demo.held(user) == 0:
                time.sleep(0.02)
            time.sleep(0.5)
            demo.stop()
            reading.join()
        with running(tmp_path / "data", *options, emulated.base_url) as demo:
            assert demo.held(user) == 0
            assert 0 < Fraction(5) - demo.spendable(user) < Fraction(1, 100)
            assert demo.audit() == "The books balance."


def _read_until_cut(demo: Demo, user: str) -> None:
    try:
        demo.chat("ok:400:20", user, stream=True)
    except httpx.TransportError:
        return


@pytest.mark.slow
def test_killed_in_the_middle_of_a_stream_nothing_stays_held(tmp_path: Path) -> None:
    """Only a process that is killed leaves a hold to its successor."""
    with upstream.running() as emulated:
        with running(tmp_path / "data", "--upstream", emulated.base_url) as demo:
            user = demo.new_user()
            with (
                demo.client() as client,
                client.chat.completions.create(model="ok:400:20", user=user, messages=QUESTION, stream=True) as stream,
            ):
                next(iter(stream))
                request_id = stream.response.headers["x-request-id"]
                assert demo.held(user) > 0
                demo.kill()
        with running(tmp_path / "data", "--upstream", emulated.base_url) as demo:
            assert demo.held(user) == 0
            receipt = demo.receipt(request_id)
            assert receipt["status"] == "interrupted"
            assert Fraction(5) - demo.spendable(user) == Fraction(receipt["charge"])
            assert demo.audit() == "The books balance."


@pytest.mark.unhurried
def test_a_second_process_on_the_same_file_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "data") as demo:
        done = command("demo", "--no-web", "--data", str(demo.data), "--port", "1")
        assert done.returncode != 0 and "is serving" in done.stderr
        assert demo.get("/models").status_code == 200


@pytest.mark.parametrize(
    "arguments",
    [("serve",), ("serve", "--workers", "2", "--api-only"), ("serve", "--no-jobs", "--api-only")],
)
def test_serve_says_what_it_misses_in_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    environment = {"PUBLIC_URL": "http://127.0.0.1"} if len(arguments) > 1 else {}
    done = command(*arguments, "--data", str(tmp_path / "data"), **environment)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1 and done.stderr.startswith("coinslot: ")


@pytest.mark.unhurried
def test_a_server_that_cannot_say_where_it_is_stops_with_the_reason(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "instance.json" / "in-the-way").mkdir(parents=True)
    done = command("demo", "--no-web", "--data", str(data), "--port", str(free_port()))
    assert done.returncode != 0 and "instance" in done.stderr
