"""One request to the emulated upstream, and the pieces that its answers are made of."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

WORDS = ("The ", "coin ", "drops, ", "the ", "slot ", "clicks, ", "and ", "the ", "answer ", "begins. ")
CREATED = 1_763_676_000
_REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
            429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable",
            529: "Overloaded"}  # fmt: skip


class Exchange:
    """One request and the connection on which it is answered."""

    def __init__(self, writer: asyncio.StreamWriter, headers: dict[str, str], body: bytes) -> None:
        self.headers = headers
        self.request: Any = json.loads(body) if body else {}
        self.model = str(self.request.get("model", ""))
        self.behave_as(self.model)
        self.is_streamed = bool(self.request.get("stream"))
        self.wants_usage = bool((self.request.get("stream_options") or {}).get("include_usage"))
        self.number = 0
        self.was_cut = False
        self.went_out: Callable[[int], None] = lambda size: None
        self.may_go = asyncio.Event()
        self._writer = writer

    def behave_as(self, name: str) -> None:
        """Takes a name for how to behave, with its numbers."""
        self.behaviour, *numbers = name.split(":")
        self.numbers = [int(number) for number in numbers]
        self.chunks = self.numbers[0] if self.numbers else 8
        self.pause_seconds = self.numbers[1] / 1000 if len(self.numbers) > 1 else 0.0

    def write(self, data: bytes) -> None:
        """Raises ConnectionResetError once the client has gone: uvloop raises what nobody expects, asyncio nothing."""
        if self._writer.transport.is_closing():
            raise ConnectionResetError("The client has gone.")
        self._writer.write(data)

    async def flush(self) -> None:
        await self._writer.drain()
        await asyncio.sleep(self.pause_seconds)

    def head(self, status: int, content_type: str, *extra: str) -> None:
        typed = [f"Content-Type: {content_type}"] if content_type else []
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Failed')}", *typed, *extra]
        self.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send_text(self, status: int, content_type: str, text: str, *extra: str) -> None:
        body = text.encode()
        self.head(status, content_type, f"Content-Length: {len(body)}", *extra)
        self.write(body)

    def send_json(self, value: object, status: int = 200, *extra: str) -> None:
        self.send_text(status, "application/json", json.dumps(value), *extra)

    def send_error(self, status: int, message: str, *extra: str) -> None:
        error = {"message": message, "type": "upstream_error", "param": None, "code": f"upstream_{status}"}
        self.send_json({"error": error}, status, *extra)

    def begin_stream(self) -> None:
        self.head(200, "text/event-stream; charset=utf-8", "Transfer-Encoding: chunked", "Cache-Control: no-cache")

    async def part(self, data: bytes) -> None:
        """Writes one HTTP chunk and lets it go out."""
        self.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.flush()
        self.went_out(len(data))

    def end_stream(self) -> None:
        self.write(b"0\r\n\r\n")

    async def cut(self) -> None:
        """Closes the connection in the middle of whatever was being said."""
        await self._writer.drain()
        self.was_cut = True

    def usage(self, output: int, reasoning: int = 0) -> dict[str, Any]:
        prompt = 3 + sum(len(str(message.get("content", "")).split()) for message in self.request.get("messages", ()))
        return {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
            "prompt_tokens_details": {"cached_tokens": 2, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }

    def chunk(self, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {"id": f"chatcmpl-upstream{self.number}", "object": "chat.completion.chunk", "created": CREATED,
                "model": self.model, "system_fingerprint": "fp_upstream", "x_upstream": "kept",
                "choices": choices, **more}  # fmt: skip

    def delta(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        more: dict[str, Any] = {"usage": None} if self.wants_usage else {}
        return self.chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], **more)

    def completion(self, message: dict[str, Any], usage: dict[str, Any] | None, finish: str = "stop") -> dict[str, Any]:
        whole = {"role": "assistant", "content": None, "refusal": None, **message}
        answer = self.chunk([{"index": 0, "message": whole, "logprobs": None, "finish_reason": finish}])
        return answer | {"object": "chat.completion"} | ({"usage": usage} if usage else {})

    def words(self) -> Iterator[str]:
        return (WORDS[number % len(WORDS)] for number in range(self.chunks))
