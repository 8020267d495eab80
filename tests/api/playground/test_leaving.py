"""A visitor who stops an answer is a client that left: what had arrived is charged, and their next message runs."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app import db, settings
from app.domain.usage.requests import read_receipt
from app.flows.callers.links import Links
from app.flows.paywalls.demo import PAYWALL_ID
from tests.emulators.upstream import RunningUpstream
from tests.support.playing import open_playground
from tests.support.server import UPSTREAM_KEY, Demo, running
from tests.support.waiting import wait_until

LONG_ANSWER = "ok:400:20"
"""Eight seconds of words: whoever leaves behind the first second leaves in the middle, however slow the machine is."""
LONG = {"model": LONG_ANSWER, "messages": [{"role": "user", "content": "Write a long essay about coins and slots."}]}


@pytest.fixture
def own(data_dir: Path, emulated: RunningUpstream) -> Iterator[Demo]:
    """A server of this test alone, whose database this process writes too."""
    with running(data_dir, "--upstream", emulated.base_url, UPSTREAM_KEY=UPSTREAM_KEY) as started:
        settings.configure(data=data_dir)
        yield started
        assert started.audit() == "The books balance."


def test_what_had_arrived_is_charged_and_the_next_message_runs(own: Demo) -> None:
    slug = open_playground(PAYWALL_ID)
    with httpx.Client(base_url=own.base_url, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60) as page:
        visit = page.post(f"/play/{slug}/visit").raise_for_status().json()
        token = visit["wallet"]["add"].rstrip("/").rpartition("/")[2]
        user = Links(settings.get().secrets).open_topup(token).user
        own.post("/user/balance/deposit", {"user": user, "amount": "5"}).raise_for_status()
        with page.stream("POST", f"/play/{slug}/chat", json=LONG) as answer:
            request_id = answer.headers["x-request-id"]
            lines = answer.iter_lines()
            assert any(line == "event: cost" for line in lines)
            assert "about" in next(lines)

        def ended() -> bool:
            found = page.get(f"/play/{slug}/receipts/{request_id}").raise_for_status().json()
            return bool(found["is_final"])

        wait_until(ended)
        with db.transaction(writes=False) as session:
            receipt = read_receipt(session, PAYWALL_ID, request_id, user)
        assert (receipt.status, receipt.disconnect, receipt.key_id) == ("settled", "cancel", "playground")
        assert receipt.charge != "0"

        def runs_again() -> bool:
            again = page.post(f"/play/{slug}/chat", json={**LONG, "model": "ok"})
            assert again.status_code in (200, 429)  # its slot is given back a moment behind its end
            return again.status_code == 200

        wait_until(runs_again)
