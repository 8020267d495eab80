"""Several models by own keys over HTTP: who paid is said of each, a retry hears the same, and a key is nowhere."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.emulators import upstream
from tests.emulators.upstream import RunningUpstream
from tests.support.faulty import events
from tests.support.own_demo import OwnDemo, running_with_credits
from tests.support.paid import pay_with_key
from tests.support.server import QUESTION

SERVED = ("ok", "ok:40:5", "ok:100:20", "echo-key", "error-401", "error-500", "error-mid-stream", "slow-first:8:20000")
CANARY = f"sk-own-canary-71c0ffee5eed-lists={'+'.join(SERVED)}"
SECRET_PART = "71c0ffee5eed"
PLATFORMS = "no-usage"
"""A model that the own key does not serve."""
OWN, WALLET = "byok", "platform"


@dataclass
class Site:
    """A demo in front of one upstream, somebody who has paid and has a key for another, and all that they heard."""

    own_demo: OwnDemo
    platform: RunningUpstream
    own: RunningUpstream
    heard: list[str] = field(default_factory=list)

    @property
    def client(self) -> httpx.Client:
        return self.own_demo.client

    def ask(self, path: str, key: str | None = None, billing: str | None = None, **body: Any) -> httpx.Response:
        said = {"Idempotency-Key": key, "X-Paywall-Billing": billing}
        headers = {name: value for name, value in said.items() if value is not None}
        body = {"messages": QUESTION, "max_tokens": 60, "stream": False, **body}
        answer = self.client.post(f"/api/v1/{path}", json=body, headers=headers)
        self.heard.append(f"{answer.headers} {answer.text}")
        return answer

    def credits(self) -> int:
        balance: int = self.client.get("/api/v1/credits/balance").json()["balance"]
        return balance

    def receipt(self, request_id: str) -> dict[str, Any]:
        answer = self.client.get(f"/v1/requests/{request_id}")
        self.heard.append(answer.text)
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("own_modes")
    chosen = {"ALLOW_PRIVATE_ADDRESSES": "true", "FIRST_BYTE_SECONDS_MAX": "2", "SILENCE_SECONDS_MAX": "2"}
    with (
        upstream.running() as platform, upstream.running() as own,
        running_with_credits(data, "20", "--upstream", platform.base_url, **chosen) as started,
    ):  # fmt: skip
        pay_with_key(started.client.headers["Authorization"].removeprefix("Bearer "), 3_000, started.demo.data)
        site = Site(started, platform, own)
        wanted = {"keys": {"mine": {"key": CANARY, "base_url": own.base_url}}}
        saved = started.client.put("/api/v1/settings/keys", json=wanted)
        assert saved.status_code == 200, saved.text
        own.reset()
        yield site


def test_each_leg_says_who_pays_and_the_platforms_alone_is_charged(site: Site) -> None:
    models = ["ok", PLATFORMS, "ok:40:5"]
    for is_stream in (False, True):
        before = site.credits()
        answer = site.ask("compare", models=models, stream=is_stream)
        assert (answer.status_code, answer.headers["x-paywall-billing"]) == (200, WALLET), answer.text
        said = answer.json() if not is_stream else {**events(answer.text)[-2], **events(answer.text)[-1]}
        legs = [(leg["model"], leg["billing_source"], leg["status"]) for leg in said["responses"]]
        assert legs == [("ok", OWN, "answered"), (PLATFORMS, WALLET, "answered"), ("ok:40:5", OWN, "answered")]
        assert said["credits_charged"] >= 1 and site.credits() == before - said["credits_charged"]
        told = site.receipt(said["id"])
        charged = [leg["charge"] for leg in told["legs"]]
        assert charged == ["0", str(said["credits_charged"]), "0"] and told["billing_source"] == WALLET
    assert [one["model"] for one in site.platform.seen()] == [PLATFORMS] * 2


def test_all_own_is_free_in_every_mode_and_says_so(site: Site) -> None:
    before, asked = site.credits(), len(site.platform.seen())
    models = ["ok", "ok:40:5", "echo-key"]
    for path, body in (
        ("compare", {"models": models}), ("blend", {"models": models[:2], "synthesizer": "echo-key"}),
        ("judge", {"contestants": models[:2], "judge": "echo-key"}),
        ("chat", {"model": "ok", "routing": {"fallback": ["ok:40:5"]}}),
    ):  # fmt: skip
        for billing in (None, OWN):
            answer = site.ask(path, billing=billing, **body)
            assert (answer.status_code, answer.headers["x-paywall-billing"]) == (200, OWN), answer.text
            assert answer.json()["credits_charged"] == 0
            told = site.receipt(answer.headers["x-request-id"])
            assert {leg["billing_source"] for leg in told["legs"]} == {OWN} == {told["billing_source"]}
            assert (told["charge"], told["hold"], told["minimum"]) == ("0", "0", "0")
    assert site.credits() == before and len(site.platform.seen()) == asked
    missing = site.ask("compare", billing=OWN, models=["ok", PLATFORMS])
    assert (missing.status_code, missing.json()["code"]) == (403, "own_key_required")
    assert missing.headers["x-paywall-action"] == "own_key" and f"`{PLATFORMS}`" in missing.json()["error"]
    paid = site.ask("compare", billing=WALLET, models=["ok", PLATFORMS])
    assert paid.headers["x-paywall-billing"] == WALLET and len(site.platform.seen()) == asked + 2


def test_a_mesh_says_who_paid_for_the_leg_that_answered(site: Site) -> None:
    by_wallet = site.ask("chat", model="error-500", routing={"fallback": [PLATFORMS]}, stream=True)
    assert by_wallet.headers["x-paywall-billing"] == WALLET and events(by_wallet.text)[-1]["credits_charged"] >= 1
    by_key = site.ask("chat", model="ok", routing={"fallback": [PLATFORMS]}, stream=True)
    assert by_key.headers["x-paywall-billing"] == OWN and events(by_key.text)[-1]["credits_charged"] == 0
    asked = len(site.platform.seen())
    ended = site.ask("chat", model="error-401", routing={"fallback": [PLATFORMS]})
    assert (ended.status_code, len(site.platform.seen())) == (502, asked), "nobody pays in its place"


ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("compare", {"models": ["ok", "ok:40:5"]}), ("compare", {"models": ["ok", PLATFORMS]}),
    ("blend", {"models": ["ok", PLATFORMS], "synthesizer": "ok:40:5"}),
    ("judge", {"contestants": ["ok", PLATFORMS], "judge": "ok:40:5"}),
    ("chat", {"model": "error-500", "routing": {"fallback": [PLATFORMS]}}), ("chat", {"model": "ok"}),
)  # fmt: skip


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_retry_with_its_key_hears_the_same_and_who_paid_for_it(site: Site, is_stream: bool) -> None:
    for number, (path, body) in enumerate(ASKED):
        key, body = f"retry-{is_stream}-{number}", {**body, "stream": is_stream}
        first = site.ask(path, key, **body)
        assert first.status_code == 200 and "idempotent-replayed" not in first.headers, first.text
        before, asked = site.credits(), (len(site.platform.seen()), len(site.own.seen()))
        again = site.ask(path, key, **body)
        assert (again.status_code, again.text) == (200, first.text)
        assert again.headers["idempotent-replayed"] == "true"
        for name in ("x-paywall-billing", "x-request-id", "x-paywall-action", "content-type"):
            assert again.headers[name] == first.headers[name], name
        other = site.ask(path, key, **{**body, "max_tokens": 61})
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert (site.credits(), len(site.platform.seen()), len(site.own.seen())) == (before, *asked)


def test_what_did_not_move_money_is_not_kept_and_runs_again(site: Site) -> None:
    for _ in range(2):
        failed = site.ask("compare", "failing", models=["error-500", "error-401"])
        assert failed.status_code == 502 and "idempotent-replayed" not in failed.headers
    assert sum(one["model"] == "error-401" for one in site.own.seen()[-4:]) == 2


def test_whoever_leaves_an_answer_with_a_key_finds_all_of_it_again(site: Site) -> None:
    body = {"messages": QUESTION, "max_tokens": 200, "models": ["ok:100:20", "ok:40:5"]}
    headers = {"Idempotency-Key": "left"}
    asked = len(site.own.seen())
    with site.client.stream("POST", "/api/v1/compare", json=body, headers=headers) as leaving:
        next(leaving.iter_raw())
    attached = site.client.post("/api/v1/compare", json=body, headers=headers)  # while it is still made
    assert attached.headers["idempotent-replayed"] == "true" and len(site.own.seen()) == asked + 2
    legs = events(attached.text)[-2]["responses"]
    assert [leg["status"] for leg in legs] == ["answered"] * 2
    again = site.client.post("/api/v1/compare", json=body, headers=headers)
    assert again.text == attached.text and len(site.own.seen()) == asked + 2
    told = site.receipt(again.headers["x-request-id"])
    assert told["status"] == "settled" and {leg["status"] for leg in told["legs"]} == {"answered"}


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_key_is_in_nothing_that_panels_say_write_or_keep(site: Site, is_stream: bool) -> None:
    failing = ["error-401", "error-500", "slow-first:8:20000", "error-mid-stream"]
    compared = site.ask("compare", models=["echo-key", "ok", *failing], stream=is_stream)
    assert compared.status_code == 200 and "You asked by" in compared.text and "***" in compared.text
    site.ask("compare", models=["error-401", "error-500"], stream=is_stream)
    site.ask("blend", models=["echo-key", "ok"], synthesizer="echo-key", stream=is_stream)
    site.ask("judge", contestants=["echo-key", "ok"], judge="echo-key", stream=is_stream)
    site.ask("chat", model="error-500", routing={"fallback": ["echo-key"]}, stream=is_stream)
    site.ask("chat", model="error-401", routing={"fallback": ["echo-key"]}, stream=is_stream)
    kept = site.ask("compare", f"canary-{is_stream}", models=["echo-key", "ok"], stream=is_stream)
    site.receipt(kept.headers["x-request-id"])
    sent = json.dumps([one["body"] for one in (*site.own.seen(), *site.platform.seen())])
    assert SECRET_PART not in sent, "nor do judges and writers read it"
    assert not [heard for heard in site.heard if SECRET_PART in heard]


def test_the_canary_is_nowhere(site: Site) -> None:
    demo = site.own_demo.demo
    assert SECRET_PART.encode() not in demo.log.read_bytes()
    files = [path for path in demo.data.rglob("*") if path.is_file()]
    assert any(path.name.startswith("coinslot.db") for path in files)
    assert not [path for path in files if SECRET_PART.encode() in path.read_bytes()]
    assert any(SECRET_PART in one["headers"]["authorization"] for one in site.own.seen())


def test_a_key_that_cannot_be_opened_is_its_own_error_and_nobody_pays_in_its_place(site: Site) -> None:
    with closing(sqlite3.connect(site.own_demo.demo.data / "coinslot.db", timeout=30)) as connection, connection:
        connection.execute("UPDATE credential SET sealed = replace(sealed, substr(sealed, 20, 4), 'AAAA')")
    before, asked = site.credits(), (len(site.platform.seen()), len(site.own.seen()))
    for is_stream in (False, True):
        for billing in (None, OWN):
            for path, body in (
                ("compare", {"models": ["ok", "ok:40:5"]}), ("blend", {"models": ["ok", "ok:40:5"]}),
                ("judge", {"contestants": ["ok", "ok:40:5"], "judge": "echo-key"}),
                ("chat", {"model": "ok", "routing": {"fallback": ["ok:40:5", *([] if billing else [PLATFORMS])]}}),
            ):  # fmt: skip
                answer = site.ask(path, billing=billing, stream=is_stream, **body)
                code = answer.json()["code"] if answer.status_code != 200 else events(answer.text)[-1]["code"]
                assert code == "own_key_unavailable", answer.text
    assert (site.credits(), len(site.platform.seen()), len(site.own.seen())) == (before, *asked)
