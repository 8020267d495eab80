"""The seed product's own document, claim by claim, against a running server; what differs stands in `use/api.md`.

A claim is an operation, a parameter, a field of a body or of an answer, a webhook or a field of one. What is claimed
and not met must stand in the table, and what stands there must not be met: the two never part.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from app import settings
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.events.catalogue import EVENTS
from app.domain.money import NANOS
from app.flows.paywalls.demo import SHARED_PAYWALL_ID
from tests.emulators.receiver import Receiver, receiving
from tests.support.crowd import sign_in
from tests.support.handed import approve, mint_connect
from tests.support.server import QUESTION, ROOT, Demo, running
from tests.support.spec import SCHEMAS, seed_document
from tests.support.waiting import wait_until

SEED = seed_document()
HEADER = "X-Paywall-User"
GUIDE, HEADING = ROOT / "app/guide/use/api.md", "## Beside the seed's document"
Answers = dict[str, list[Any]]


def resolved(schema: Any) -> Any:
    """Returns a schema or parameter with its reference followed."""
    while isinstance(schema, dict) and "$ref" in schema:
        found: Any = SEED
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def fields(schema: Any, path: str = "") -> Iterator[str]:
    """Yields the path of every field that a schema names: `data[].pricing.prompt`."""
    schema = resolved(schema)
    for part in (*schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from fields(part, path)
    if "items" in schema:
        yield from fields(schema["items"], f"{path}[]")
    for name, inner in schema.get("properties", {}).items():
        yield (here := f"{path}.{name}" if path else name)
        yield from fields(inner, here)


def operations() -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    """Yields each operation as `GET /user/balance`, with its parameters."""
    for path, item in SEED["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield f"{method.upper()} {path}", operation, [*item.get("parameters", []),
                                                               *operation.get("parameters", [])]  # fmt: skip


def body_of(operation: dict[str, Any]) -> Any:
    return operation.get("requestBody", {"content": {}})["content"].get("application/json", {}).get("schema", {})


def answer_schema(operation: dict[str, Any]) -> tuple[int, Any]:
    [(status, answer)] = operation["responses"].items()
    return int(status), answer["content"]["application/json"]["schema"]


def either(schema: Any) -> Any:
    """Returns a schema whose `oneOf`, whose parts have nothing that tells them apart, is an `anyOf`.

    Where it lists the seed's events, ours beside them may stand too.
    """
    if isinstance(schema, list):
        return [either(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {"anyOf" if name == "oneOf" else name: either(part) for name, part in schema.items()}
    if "paywall.updated" in made.get("enum", ()):
        made["enum"] = sorted({*made["enum"], *EVENTS})
    return made


def inputs() -> set[str]:
    """Returns every parameter and field of a body: `GET /user/balance ?user`, `POST /user/charge {amount}`."""
    found = set()
    marks = {"query": "?{}", "header": "{}", "path": "{}"}
    for name, operation, parameters in operations():
        for parameter in map(resolved, parameters):
            found.add(f"{name} {marks[parameter['in']].format(parameter['name'])}")
        found |= {f"{name} {{{field}}}" for field in fields(body_of(operation)) if "[" not in field}
    return found


def outputs() -> set[str]:
    """Returns every field of an answer: `GET /models → data[].id`."""
    return {f"{name} → {field}" for name, operation, _ in operations() for field in fields(answer_schema(operation)[1])}


def webhooks() -> set[str]:
    """Returns every webhook, and each field of the data in its sample: `paywall.updated → changedFields`."""
    found = set(SEED["webhooks"])
    for name, item in SEED["webhooks"].items():
        sample = item["post"]["requestBody"]["content"]["application/json"]["examples"]["example"]["value"]
        found |= {f"{name} → {field}" for field in sample["data"]}
    return found


CLAIMS = {name for name, *_ in operations()} | inputs() | outputs() | webhooks()


def table() -> set[str]:
    """Returns the claims that the guide's table says are not met; a webhook stands for all of its fields."""
    section = GUIDE.read_text().split(f"{HEADING}\n")[1].split("\n#")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    assert rows and all(len(row) == 2 and row[1].strip() for row in rows), "each difference has its reason"
    found = {claim for row in rows for claim in re.findall(r"`([^`]+)`", row[0])}
    assert found <= CLAIMS, f"the table names what the seed does not: {found - CLAIMS}"
    return found | {claim for claim in CLAIMS if claim.partition(" → ")[0] in found & set(SEED["webhooks"])}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def server(data_dir: Path) -> Iterator[Demo]:
    with running(data_dir, ALLOW_PRIVATE_ADDRESSES="true") as started:
        settings.configure(data=data_dir, public_url=started.base_url)
        yield started


def call(demo: Demo, name: str, path: str | None = None, body: Any = None, **headers: str) -> httpx.Response:
    """Calls an operation of the seed's, by its name."""
    method, plain = name.split(" ")
    return httpx.request(
        method, demo.api_base + (path or plain), json=body, headers=demo.headers(**headers), timeout=60
    )


async def converse(demo: Demo, receiver: Receiver, answers: Answers) -> None:
    """Calls every operation of the seed's with what it takes, and keeps the answers by operation."""

    def ask(name: str, path: str | None = None, body: Any = None, app: Demo = demo) -> Any:
        answer = call(app, name, path, body)
        status, schema = answer_schema(next(found for one, found, _ in operations() if one == name))
        assert answer.status_code == status, (name, answer.text)
        checker = Draft202012Validator(either({**schema, "components": SEED["components"]}))
        checker.validate(answer.json())
        answers[name].append(answer.json())
        return answer.json()

    subscribed = ask("POST /webhooks/subscriptions", None, {
        "url": receiver.url("/ok/all"), "events": ["*"], "description": "All", "customHeaders": {"X-Of": "lexica"},
    })["subscription"]  # fmt: skip
    ask("POST /webhooks/subscriptions", None, {"url": receiver.url("/status/503"), "events": ["*"]})
    one = f"/webhooks/subscriptions/{subscribed['id']}"
    ask("POST /user/balance/deposit", None, {"user": "ada", "amount": "5", "metadata": {"order": "7"}})
    ask("POST /chat/completions", None, {"model": "demo-mini", "user": "ada", "messages": QUESTION, "stream": False})
    ask("POST /user/charge", None, {"user": "ada", "amount": "0.1"})
    ask("GET /models")
    for name in ("GET /user/balance", "GET /user/balance/topup", "GET /user/connect"):
        ask(name, f"{name.split(' ')[1]}?user=ada")
    ask("GET /user/connect", "/user/connect?user=eve", app=demo.shared)
    person, _ = await sign_in("eve@example.org")
    await approve(KeptMailer(clock.now), mint_connect(SHARED_PAYWALL_ID, "eve"), person, 20 * NANOS)
    ask("GET /user/connect", "/user/connect?user=eve", app=demo.shared)
    ask("GET /user/disconnect", "/user/disconnect?user=eve", app=demo.shared)

    def is_delivered() -> bool:
        logs = demo.get("/webhooks/logs?limit=100").json()["logs"]
        return {"success"} <= {log["status"] for log in logs} and any("nextRetryAt" in log for log in logs)

    wait_until(is_delivered, 0.1)
    ask("GET /webhooks/logs", "/webhooks/logs?limit=100")
    ask("GET /webhooks/subscriptions")
    ask("GET /webhooks/subscriptions/{subscriptionId}", one)
    ask("DELETE /webhooks/subscriptions/{subscriptionId}", one)


def observed(content: Any, path: str = "") -> Iterator[str]:
    """Yields the path of every field that an answer holds."""
    if isinstance(content, list):
        for item in content:
            yield from observed(item, f"{path}[]")
    elif isinstance(content, dict):
        for name, inner in content.items():
            yield (here := f"{path}.{name}" if path else name)
            yield from observed(inner, here)


def takes_header(demo: Demo, name: str) -> bool:
    """Tells whether an operation takes its user from the header, and misses one without."""
    amount: dict[str, Any] = {"amount": "0.01"}
    body = {"POST /user/charge": amount, "POST /user/balance/deposit": amount,
            "POST /chat/completions": {"model": "demo-mini", "messages": QUESTION}}.get(name)  # fmt: skip
    app = demo.shared if "disconnect" in name else demo
    without, with_it = call(app, name, body=body), call(app, name, body=body, X_Paywall_User="ada")
    return with_it.status_code == 200 and (name == "GET /models" or without.json()["error"]["code"] == "user_required")


def takes_field(demo: Demo, name: str, field: str) -> bool:
    """Tells whether an operation reads a field of its body: a wrong one is refused by its name."""
    goods: dict[str, dict[str, Any]] = {
        "POST /chat/completions": {"model": "demo-mini", "user": "ada", "messages": QUESTION},
        "POST /webhooks/subscriptions": {"url": "https://app.example/x", "events": ["*"]},
    }
    good = goods.get(name, {"user": "ada", "amount": "0.01"})
    answer = call(demo, name, body=good | {field: 7.5})
    return answer.status_code == 400 and answer.json()["error"]["param"] == field


def takes_query(demo: Demo, name: str, field: str) -> bool:
    """Tells whether a filter leaves out what it should, or a user is who is meant."""
    path = name.split(" ")[1]
    if field == "user":
        app = demo.shared if "disconnect" in name else demo
        return call(app, name, f"{path}?user=ada").status_code == 200 and call(app, name).status_code == 400
    values = {"status": ("active", "inactive") if "subscriptions" in name else ("success", "error"),
              "subscriptionId": ("none",), "eventType": ("paywall.balance.deposit.created", "paywall.updated"),
              "limit": ("1", "2")}[field]  # fmt: skip
    whole = call(demo, name, f"{path}?{'' if field == 'limit' else 'limit=100'}").json()
    parts = [call(demo, name, f"{path}?{field}={value}").json() for value in values]
    sizes = [len(next(iter(found.values()))) for found in (whole, *parts)]
    return sizes[1:] == [1, 2] if field == "limit" else all(size < sizes[0] for size in sizes[1:])


def takes(demo: Demo, claim: str) -> bool:
    """Tells whether an input is one that the server heeds."""
    name, mark = claim.rsplit(" ", 1)
    if mark.startswith("{"):
        return takes_field(demo, name, mark.strip("{}"))
    if mark.startswith("?"):
        return takes_query(demo, name, mark[1:])
    if mark == HEADER:
        return takes_header(demo, name)
    assert mark == "subscriptionId"
    return bool(call(demo, name, "/webhooks/subscriptions/none").json()["error"]["code"] == "not_found")


@pytest.mark.slow
async def test_every_claim_of_the_seeds_document_is_met_or_stands_in_the_guide(
    server: Demo, receiver: Receiver
) -> None:
    """Only every claim, tried on a server, shows that the guide's list of differences is whole."""
    answers: Answers = defaultdict(list)
    await converse(server, receiver, answers)
    met = set(answers)
    met |= {f"{name} → {field}" for name, found in answers.items() for one in found for field in observed(one)}
    for event in server.get("/webhooks/events").json()["events"]:
        met |= (
            {event["type"], *(f"{event['type']} → {field}" for field in event["fields"])} if event["isMade"] else set()
        )
    met |= {claim for claim in inputs() if takes(server, claim)}
    assert sorted(CLAIMS - met) == sorted(table())
    for log in answers["GET /webhooks/logs"][0]["logs"]:
        assert {f"{log['event']['type']} → {field}" for field in log["event"]["data"]} <= met | {
            f"{log['event']['type']} → {field}" for field in ("ownerUserId",)
        }


def test_the_copy_of_the_seeds_document_is_the_shared_one() -> None:
    shared = ROOT.parent / "shared" / "specs" / "paywalls-openapi.json"
    if not shared.exists():
        pytest.skip("there is no shared folder beside this checkout")
    assert shared.read_bytes() == SCHEMAS.with_name("paywalls-openapi.json").read_bytes()
