"""OpenRouter as a process of its own: `python -m tests.emulators.openrouter`. Its list can change, lose and add
models, and fail; its answers say what they cost by the list as it was when the request came (`usage.cost`).

`PUT /_models` replaces the list, `PUT /_mode` says how it is served, `GET /_seen` returns the chat bodies. A message
may say what is used: `use 1500 40` is 1,500 tokens of the prompt and 40 of output. A stream that is told to `hold`
stops in its middle until `PUT /_go`.
"""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import httpx

MODES = ("fine", "error", "garbage", "cut", "empty", "slow", "huge", "redirect", "away")
CHUNKS = 8


def model(name: str, prompt: str = "0.000001", completion: str = "0.000002", /, **more: Any) -> dict[str, Any]:
    """Returns a model as the list has it; `pricing` adds to its prices, other words replace fields."""
    pricing = {"prompt": prompt, "completion": completion, "request": "0", "image": "0", "web_search": "0",
               "internal_reasoning": "0", **more.pop("pricing", {})}  # fmt: skip
    return {
        "id": name, "canonical_slug": name, "hugging_face_id": "", "name": name.rpartition("/")[2].title(),
        "created": 1_750_000_000, "description": f"What {name} is good at.", "context_length": 131_072,
        "architecture": {"modality": "text->text", "input_modalities": ["text"], "output_modalities": ["text"],
                         "tokenizer": "Other", "instruct_type": None},
        "pricing": pricing,
        "top_provider": {"context_length": 131_072, "max_completion_tokens": 8_192, "is_moderated": False},
        "per_request_limits": None, "supported_parameters": ["max_tokens", "tools"], **more,
    }  # fmt: skip


def cost_of(pricing: dict[str, Any], prompt: int, output: int) -> Decimal:
    """Returns what an answer costs by a model's prices, in dollars."""
    found = dict(pricing)
    for entry in pricing.get("overrides", ()):
        if prompt >= entry.get("min_prompt_tokens", 0):
            found |= entry
    return Decimal(found["prompt"]) * prompt + Decimal(found["completion"]) * output + Decimal(found["request"])


class Handler(BaseHTTPRequestHandler):
    """One request; what is remembered belongs to the class, of which there is one in the process."""

    protocol_version = "HTTP/1.1"
    models: ClassVar[list[dict[str, Any]]] = []
    seen: ClassVar[list[dict[str, Any]]] = []
    gate: ClassVar[threading.Event] = threading.Event()
    mode = "fine"

    def log_message(self, format: str, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        if self.path == "/_seen":
            self._json(200, {"requests": self.seen})
        elif self.path == "/api/v1/models":
            self._list()
        else:
            self._json(404, {"error": {"code": 404, "message": f"no {self.path} here"}})

    def do_PUT(self) -> None:
        body = self._body()
        if self.path == "/_models":
            Handler.models = body
        elif self.path == "/_go":
            self.gate.set()
        else:
            Handler.mode = body["mode"]
        self._json(200, {})

    def do_POST(self) -> None:
        body = self._body()
        self.seen.append(body)
        found = next((row for row in self.models if row["id"] == body["model"]), None)
        if found is None:
            self._json(404, {"error": {"code": 404, "message": f"No endpoints found for {body['model']}."}})
            return
        said = json.dumps(body["messages"])
        asked = re.search(r"use (\d+) (\d+)", said)
        prompt, output = (int(asked[1]), int(asked[2])) if asked else (10, 20)
        usage = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output,
                 "cost": float(cost_of(found["pricing"], prompt, output))}  # fmt: skip
        head = {"id": f"gen-{len(self.seen)}", "model": body["model"], "provider": "Emulated", "created": 1_750_000_000}
        if body.get("stream"):
            self._stream(head, usage, is_held="hold" in said)
            return
        message = {"role": "assistant", "content": "Whole."}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "native_finish_reason": "stop"}
        self._json(200, {**head, "object": "chat.completion", "choices": [choice], "usage": usage})

    def _stream(self, head: dict[str, Any], usage: dict[str, Any], *, is_held: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        head = {**head, "object": "chat.completion.chunk"}
        self.wfile.write(b": OPENROUTER PROCESSING\n\n")
        for number in range(CHUNKS):
            delta = {"role": "assistant", "content": f"piece {number} "}
            reason = "stop" if number == CHUNKS - 1 else None
            self._event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
            if is_held and number == CHUNKS // 2:
                self.gate.wait(60)
        self._event({**head, "choices": [], "usage": usage})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, content: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(content).encode() + b"\n\n")
        self.wfile.flush()

    def _list(self) -> None:
        whole = json.dumps({"data": self.models}).encode()
        match self.mode:
            case "error":
                self._json(500, {"error": {"code": 500, "message": "Internal Server Error"}})
            case "redirect":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "away":
                self.close_connection = True
            case "slow":
                self._send(200, whole[:10], length=len(whole))
                time.sleep(5)
            case "garbage":
                self._send(200, b"<html>Bad gateway</html>")
            case "cut":
                self._send(200, whole[: len(whole) // 2])
            case "empty":
                self._json(200, {"data": []})
            case "huge":
                self._send(200, b'{"data": [' + b" " * 4_000_000 + b"]}")
            case _:
                self._send(200, whole)

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _json(self, status: int, content: Any) -> None:
        self._send(status, json.dumps(content).encode())

    def _send(self, status: int, raw: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw) if length is None else length))
        self.end_headers()
        self.wfile.write(raw)


@dataclass(frozen=True)
class RunningOpenRouter:
    """The emulator as a test sees it."""

    origin: str

    @property
    def base_url(self) -> str:
        return f"{self.origin}/api/v1"

    def offer(self, *models: dict[str, Any]) -> None:
        """Makes these the list, served as it should be."""
        httpx.put(f"{self.origin}/_models", json=models).raise_for_status()
        self.behave("fine")

    def behave(self, mode: str) -> None:
        """Says how the list is served: one of MODES."""
        httpx.put(f"{self.origin}/_mode", json={"mode": mode}).raise_for_status()

    def go(self) -> None:
        """Lets the streams that hold go on."""
        httpx.put(f"{self.origin}/_go", json={}).raise_for_status()

    def seen(self) -> list[dict[str, Any]]:
        """Returns the bodies of the chat requests, the oldest first."""
        requests: list[dict[str, Any]] = httpx.get(f"{self.origin}/_seen").json()["requests"]
        return requests


@contextmanager
def running() -> Iterator[RunningOpenRouter]:
    """Runs the emulator on a free port for as long as the block lasts."""
    command = [sys.executable, "-m", "tests.emulators.openrouter"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield RunningOpenRouter(process.stdout.readline().decode().strip())
        finally:
            process.terminate()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
