"""Clients that ask for a stream and do not read it: what they may cost in memory, in money, and others in time."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.domain.ids import new_id
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import BumpEpoch
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls import configuration, keys
from app.domain.paywalls.configuration import Configuration, Disconnect
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.price_book import NewPrice
from tests.emulators.upstream import RunningUpstream
from tests.support import books
from tests.support.heard import closed
from tests.support.raw_http import read_to_end
from tests.support.server import QUESTION, Demo, arithmetic, running

EVENT_BYTES_MIN, EVENT_TOKENS = 8_192, 12
FLOOD = "flood:11000"
"""A stream of some 94 MB: no kernel's buffers hold as much, and neither does what is recorded of an answer."""
SHORT_FLOOD = "flood:3000"
READERS = 4
GROWTH_BYTES_MAX = 120_000_000
"""Four such streams come to three times as much."""
CLIENT_BUFFER_BYTES = 16_384
SECONDS_MAX = 120


def app_of(demo: Demo, emulated: RunningUpstream, disconnect: Disconnect) -> Demo:
    """Makes a paywall of its own on the server, and returns the server as its app sees it."""
    paywall_id, key = new_id("pw"), keys.new_key(Environment.SANDBOX)
    setting = ProviderSetting("upstream", emulated.base_url)
    engine = create_engine(f"sqlite:///{demo.data / 'coinslot.db'}")
    with Session(engine) as session, session.begin():
        books.create_paywall(
            session, paywall_id, Mode.DEFAULT, Environment.SANDBOX, Unit.USD,
            Configuration("Slow", (setting,), "https://slow.example", disconnect=disconnect),
        )  # fmt: skip
        apply_one(session, BumpEpoch(configuration.epoch_subject(paywall_id)))
        for model in ("ok", "no-usage", FLOOD, SHORT_FLOOD):
            books.set_price(session, paywall_id, NewPrice(model, NANOS, 2 * NANOS))
        keys.add_key(session, paywall_id, key)
    engine.dispose()
    return replace(demo, key=key)


@dataclass
class Reader:
    """A client that has read the beginning of its stream, and reads no more."""

    user: str
    request_id: str
    read: bytes
    connection: socket.socket


@pytest.fixture(scope="module")
def patient(emulated: RunningUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server that waits for whoever does not read longer than a test takes."""
    with running(tmp_path_factory.mktemp("patient"), "--upstream", emulated.base_url) as started:
        yield started
        assert started.audit() == "The books balance."


@pytest.fixture
def readers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def open_stream(app: Demo, model: str, stack: ExitStack, **headers: str) -> Reader:
    address, user = urlsplit(app.base_url), app.new_user("500")
    body = {"model": model, "user": user, "messages": QUESTION, "stream": True, "max_tokens": 1_000_000}
    content = json.dumps(body).encode()
    lines = [f"{name}: {value}" for name, value in app.headers(Host="x", **headers).items()]
    head = "\r\n".join(["POST /v1/chat/completions HTTP/1.1", *lines, f"Content-Length: {len(content)}", "", ""])
    connection = stack.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CLIENT_BUFFER_BYTES)
    connection.settimeout(SECONDS_MAX)
    connection.connect((address.hostname, address.port))
    connection.sendall(head.encode() + content)
    read = b""
    while read.count(b"data: ") < 2:
        piece = connection.recv(4_096)
        assert piece, read
        read += piece
    assert b" 200 OK" in read.splitlines()[0], read
    return Reader(user, read.split(b"x-request-id: ")[1].split(b"\r\n")[0].decode(), read, connection)


def memory_of(demo: Demo) -> int:
    """Returns the bytes that the server has in memory."""
    pages = int(Path(f"/proc/{demo.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def wait_until_still(emulated: RunningUpstream) -> list[int]:
    """Waits until nothing more has been taken from the upstream for two seconds; returns what was, by request."""
    taken, since = _taken(emulated), time.monotonic()
    end = since + SECONDS_MAX
    while time.monotonic() - since < 2:
        assert time.monotonic() < end, "the upstream is still being read"
        time.sleep(0.1)
        if (now := _taken(emulated)) != taken:
            taken, since = now, time.monotonic()
    return taken


def _taken(emulated: RunningUpstream) -> list[int]:
    return [seen["bytes_out"] for seen in emulated.seen() if seen["model"] == FLOOD]


def outcomes(emulated: RunningUpstream, model: str) -> set[str]:
    return {seen["outcome"] for seen in emulated.seen() if seen["model"] == model}


def wait_for_outcome(emulated: RunningUpstream, model: str, outcome: str) -> None:
    end = time.monotonic() + SECONDS_MAX
    while outcomes(emulated, model) != {outcome}:
        assert time.monotonic() < end, outcomes(emulated, model)
        time.sleep(0.1)


def check_paid_once(app: Demo, reader: Reader, charge: Fraction) -> None:
    closed(app, reader.user)
    assert (app.spendable(reader.user), app.held(reader.user)) == (500 - charge, 0)


@pytest.mark.slow
@pytest.mark.parametrize("policy", [Disconnect.CANCEL, Disconnect.FREE])
def test_who_does_not_read_holds_the_upstream_up_and_nobody_else(
    patient: Demo, emulated: RunningUpstream, readers: ExitStack, policy: Disconnect
) -> None:
    """Only real sockets, full on both sides, show who is held up by whom."""
    app = app_of(patient, emulated, policy)
    assert app.chat("no-usage", app.new_user()).status_code == 200  # the vocabulary is in memory from here on
    emulated.reset()
    before = memory_of(patient)
    stuck = [open_stream(app, FLOOD, readers) for _ in range(READERS)]
    taken = wait_until_still(emulated)
    assert outcomes(emulated, FLOOD) == {"running"} and max(taken) < 11_000 * EVENT_BYTES_MIN / 2
    assert memory_of(patient) - before < GROWTH_BYTES_MAX
    assert all(app.held(reader.user) > 0 for reader in stuck)
    assert app.chat("ok", app.new_user()).status_code == 200
    assert app.chat("ok", app.new_user(), stream=True).text.endswith("data: [DONE]\n\n")
    for reader in stuck:
        reader.connection.close()
    wait_for_outcome(emulated, FLOOD, "disconnected")
    for reader in stuck:
        closed(app, reader.user)
        receipt = app.receipt(reader.request_id)
        tokens = next(line["tokens"] for line in receipt["lines"] if line["kind"] == "output")
        assert (receipt["status"], receipt["disconnect"], receipt["estimated"]) == ("settled", policy, True)
        assert (
            EVENT_TOKENS * (reader.read.count(b"data: ") - 1)
            <= tokens
            < 2 * EVENT_TOKENS * max(taken) / EVENT_BYTES_MIN
        )
        charge = Fraction(receipt["charge"])
        assert charge == (arithmetic(receipt) if policy is Disconnect.CANCEL else 0)
        check_paid_once(app, reader, charge)


@pytest.mark.slow
@pytest.mark.parametrize("policy", list(Disconnect))
def test_who_does_not_read_for_as_long_as_a_silence_may_be_is_a_client_gone(
    demo: Demo, emulated: RunningUpstream, readers: ExitStack, policy: Disconnect
) -> None:
    """Nothing is closed here: the server ends it, as the paywall says, and the money is free again.

    Only waiting shows it.
    """
    app = app_of(demo, emulated, policy)
    emulated.reset()
    model = SHORT_FLOOD if policy is Disconnect.DRAIN else FLOOD
    stuck = [open_stream(app, model, readers) for _ in range(2)]
    wait_for_outcome(emulated, model, "answered" if policy is Disconnect.DRAIN else "disconnected")
    for reader in stuck:
        closed(app, reader.user)
        receipt = app.receipt(reader.request_id)
        tokens = next(line["tokens"] for line in receipt["lines"] if line["kind"] == "output")
        assert tokens == 3_000 * EVENT_TOKENS if policy is Disconnect.DRAIN else 0 < tokens < 11_000 * EVENT_TOKENS / 2
        charge = Fraction(receipt["charge"])
        assert charge == (0 if policy is Disconnect.FREE else arithmetic(receipt))
        check_paid_once(app, reader, charge)
        if policy is not Disconnect.DRAIN:  # whose answer is recorded whole before its reader is given up
            with pytest.raises(ConnectionResetError):
                read_to_end(reader.connection)


@pytest.mark.slow
@pytest.mark.parametrize("is_kept", [False, True])
def test_who_does_not_read_what_is_carried_to_its_end_pays_for_all_of_it(
    demo: Demo, emulated: RunningUpstream, readers: ExitStack, is_kept: bool
) -> None:
    """Only a real socket that is not read shows that the answer is carried on without it."""
    app = app_of(demo, emulated, Disconnect.CANCEL if is_kept else Disconnect.DRAIN)
    emulated.reset()
    reader = open_stream(app, SHORT_FLOOD, readers, **({"Idempotency_Key": "k"} if is_kept else {}))
    wait_for_outcome(emulated, SHORT_FLOOD, "answered")
    assert app.chat("ok", app.new_user()).status_code == 200
    reader.connection.close()
    closed(app, reader.user)
    receipt = app.receipt(reader.request_id)
    tokens = next(line["tokens"] for line in receipt["lines"] if line["kind"] == "output")
    assert (receipt["status"], receipt["estimated"], tokens) == ("settled", False, 3_000 * EVENT_TOKENS)
    assert receipt["disconnect"] in (None, "drain")
    assert Fraction(receipt["charge"]) == arithmetic(receipt)
    check_paid_once(app, reader, Fraction(receipt["charge"]))


@pytest.mark.slow
def test_what_is_recorded_for_who_does_not_read_has_an_end(
    demo: Demo, emulated: RunningUpstream, readers: ExitStack
) -> None:
    """Only a real socket that is not read shows where a process would keep what it cannot send."""
    app = app_of(demo, emulated, Disconnect.DRAIN)
    emulated.reset()
    before = memory_of(demo)
    reader = open_stream(app, FLOOD, readers)
    wait_for_outcome(emulated, FLOOD, "disconnected")
    assert memory_of(demo) - before < GROWTH_BYTES_MAX
    closed(app, reader.user)
    receipt = app.receipt(reader.request_id)
    assert receipt["status"] == "settled" and 0 < Fraction(receipt["charge"]) == arithmetic(receipt)
    check_paid_once(app, reader, Fraction(receipt["charge"]))
