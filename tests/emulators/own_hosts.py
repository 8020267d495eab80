"""The well-known hosts of own keys, each as its own guide describes it, and insisting on that.

A path's first word is the host that was meant: `/api.mistral.ai/v1/models`. What a host is not asked for as it wants is
refused as it refuses: a key in another header, a version that is not said, a field that it does not know.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.emulators.threaded import QuietHandler, serving

KEY, MODEL, PAGE = "sk-own-host-0123", "demo-mini", 20
TOKENS = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}


@dataclass(frozen=True, slots=True)
class Host:
    """What a host wants. `source` is where that is known from, `unknown` are fields of OpenAI's that it refuses.

    It lists `models` by pages of 20 where `is_paged`, and to everybody where `is_open`. Asked for nothing, it says
    usage in its last chunk where `says_usage`.
    """

    source: str
    base: str
    header: str = "authorization"
    version: str = ""
    unknown: frozenset[str] = frozenset()
    models: tuple[str, ...] = (MODEL,)
    is_paged: bool = False
    is_open: bool = False
    says_usage: bool = False


HOSTS: Mapping[str, Host] = {
    "api.openai.com": Host("platform.openai.com/docs/api-reference", "/v1"),
    "openrouter.ai": Host("openrouter.ai/docs/api-reference/list-available-models", "/api/v1", is_open=True),
    "api.anthropic.com": Host(
        "platform.claude.com/docs/en/cli-sdks-libraries/libraries/openai-sdk, …/api/models/list", "/v1",
        header="x-api-key", version="2023-06-01",
        models=(*(f"claude-{number}" for number in range(24)), MODEL), is_paged=True,
    ),
    "generativelanguage.googleapis.com": Host(
        "ai.google.dev/gemini-api/docs/openai", "/v1beta/openai", models=(f"models/{MODEL}",)
    ),
    "api.mistral.ai": Host(
        "docs.mistral.ai/api, Gitlawb/openclaude#739 (`store`, `max_completion_tokens`), dnakov/anon-kode#53"
        " (`stream_options`; usage is said unasked), mistralai/platform-docs-public#7 (fields that it does not know)",
        "/v1", unknown=frozenset({"stream_options", "max_completion_tokens", "store", "user"}), says_usage=True,
    ),
    "api.groq.com": Host("console.groq.com/docs/openai", "/openai/v1"),
    "api.x.ai": Host("docs.x.ai/docs/api-reference", "/v1"),
    "api.deepseek.com": Host(
        "api-docs.deepseek.com/api/create-chat-completion (a limit is `max_tokens`)", "/v1",
        unknown=frozenset({"max_completion_tokens"}),
    ),
}  # fmt: skip


@dataclass
class RunningHosts:
    """All of them at one address. `asked` are the bodies that came, by host."""

    base_url: str
    asked: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.found = RunningHosts(f"http://127.0.0.1:{self.server_address[1]}")


class _Handler(QuietHandler):
    server: _Server

    def do_GET(self) -> None:
        _, host, path = self._host()
        if host is None or path != "/models":
            self._refuse(404, "No such path.")
        elif not host.is_open and not self._is_let_in(host):
            self._refuse(401, "This key is not known.")
        else:
            self._list(host)

    def _list(self, host: Host) -> None:
        models, more = host.models, dict[str, Any]()
        if host.is_paged:
            after = parse_qs(urlsplit(self.path).query).get("after_id", [""])[0]
            begin = host.models.index(after) + 1 if after else 0
            models = host.models[begin : begin + PAGE]
            more = {"has_more": begin + PAGE < len(host.models), "first_id": models[0], "last_id": models[-1]}
        self._answer(200, {"object": "list", "data": [{"id": model, "object": "model"} for model in models], **more})

    def do_POST(self) -> None:
        name, host, path = self._host()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if host is None or path != "/chat/completions":
            self._refuse(404, "No such path.")
        elif not self._is_let_in(host):
            self._refuse(401, "This key is not known.")
        elif unknown := sorted(host.unknown & body.keys()):
            self._refuse(422, f"Extra inputs are not permitted: {', '.join(unknown)}.")
        else:
            self.server.found.asked.setdefault(name, []).append(body)
            self._complete(body, host)

    def _complete(self, body: dict[str, Any], host: Host) -> None:
        if body.get("stream"):
            self._stream(bool((body.get("stream_options") or {}).get("include_usage")), host)
            return
        choice = {"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}
        self._answer(200, {"id": "c", "object": "chat.completion", "choices": [choice], "usage": TOKENS})

    def _stream(self, is_asked: bool, host: Host) -> None:
        last: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": {"content": "ok"}}]}, last]
        if host.says_usage:
            last["usage"] = TOKENS
        elif is_asked:
            chunks.append({"choices": [], "usage": TOKENS})
        events = "".join(f"data: {json.dumps({'id': 'c', **chunk})}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        self.send(200, "text/event-stream", events.encode())

    def _host(self) -> tuple[str, Host | None, str]:
        name, _, path = urlsplit(self.path).path.strip("/").partition("/")
        host = HOSTS.get(name)
        is_there = host is not None and f"/{path}".startswith(f"{host.base}/")
        return name, host if is_there else None, f"/{path}".removeprefix(host.base if host else "")

    def _is_let_in(self, host: Host) -> bool:
        said = {name.lower(): value for name, value in self.headers.items()}
        keys = {name for name in ("authorization", "x-api-key", "api-key") if name in said}
        right = KEY if host.header == "x-api-key" else f"Bearer {KEY}"
        has_version = not host.version or said.get("anthropic-version") == host.version
        return keys == {host.header} and said[host.header] == right and has_version

    def _refuse(self, status: int, message: str) -> None:
        self._answer(status, {"error": {"message": message, "type": "invalid_request_error"}})

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        self.send(status, "application/json", json.dumps(content).encode())


@contextmanager
def running() -> Iterator[RunningHosts]:
    """Runs them on a free port."""
    with _Server() as server, serving(server):
        yield server.found
