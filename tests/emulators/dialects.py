"""How providers write usage and text where they do not write as OpenAI does: a table of dialects, each with its source.

A `Dialect` says the same words in its own way, whole and streamed, and what is right for them: `tokens` to charge.
The tests of `tests/flows/chat/test_dialects.py` carry each of them through the real flows, to the end
and left in the middle.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.pricing.quote import TokenKind, Tokens

WORDS = ("The ", "coin ", "drops ", "and ", "the ", "slot ", "clicks.")
TEXT = "".join(WORDS)
THOUGHT = "Let me think about coins."
PROMPT, OUTPUT, THOUGHTS = 100, 20, 317

Json = dict[str, Any]


def _openai_delta(word: str) -> Json:
    return {"content": word}


def _no_events(at: int) -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Dialect:
    """One provider's way. `usage` is what it says at the end, `source` where that is known from.

    `place` puts usage into a stream: `alone` in a chunk of its own, `beside` the last words, in the last `choice`,
    `running` beside every word, `own` in an object of its own, or `behind` the end. `first` are chunks before the first
    with choices, `ending` what stands between lines, `spread` data over several of them. `running` is the usage beside
    a word, by its number.
    """

    name: str
    source: str
    usage: Json
    tokens: Tokens
    place: str = "alone"
    model: str = "m"
    thought: Json = field(default_factory=dict)
    delta: Callable[[str], Json] = _openai_delta
    message: Callable[[str], Json] | None = None
    first: tuple[str, ...] = ()
    ending: str = "\n"
    content_type: str = "text/event-stream"
    is_done_said: bool = True
    running: Callable[[int], Json] | None = None
    spread: bool = False

    def whole(self) -> bytes:
        """Returns a whole answer."""
        message = (self.message or self.delta)(TEXT)
        choice: Json = {
            "index": 0,
            "message": {"role": "assistant", **self.thought, **message},
            "finish_reason": "stop",
        }
        said: Json = {"id": "c-1", "object": "chat.completion", "model": self.model, "choices": [choice]}
        if self.place == "choice":
            choice["usage"] = self.usage
        elif self.place == "own":
            said["x_groq"] = {"id": "req_1", "usage": self.usage}
        else:
            said["usage"] = self.usage
        return json.dumps(said).encode()

    @property
    def lead(self) -> int:
        """How many events come before the first word."""
        return len(self.first) + bool(self.thought)

    @property
    def thought_text(self) -> str:
        """What it thinks before it speaks, as it is to be counted."""
        return THOUGHT if self.thought else ""

    def events(self) -> list[bytes]:
        """Returns a stream: chunks before the first word, the words, the end."""
        said: list[Json | str] = list(self.first)
        if self.thought:
            said.append(self._chunk(dict(self.thought)))
        for number, word in enumerate(WORDS, 1):
            usage = self.running(number) if self.running else None
            said.append(self._chunk(self.delta(word), usage))
        said += self._end()
        return [self._written(event) for event in said]

    def _end(self) -> list[Json | str]:
        alone = {
            "id": "c-1",
            "object": "chat.completion.chunk",
            "model": self.model,
            "choices": [],
            "usage": self.usage,
        }
        last = self._chunk({}, finish="stop")
        done: list[Json | str] = ["[DONE]"] if self.is_done_said else []
        match self.place:
            case "beside" | "running":
                return [{**last, "usage": self.usage}, *done]
            case "choice":
                last["choices"][0]["usage"] = self.usage
                return [last, *done]
            case "own":
                return [{**last, "x_groq": {"id": "req_1", "usage": self.usage}}, *done]
            case "behind":
                return [last, *done, alone]
        return [last, alone, *done]

    def _chunk(self, delta: Json, usage: Json | None = None, finish: str | None = None) -> Json:
        chunk: Json = {"id": "c-1", "object": "chat.completion.chunk", "created": 7, "model": self.model}
        chunk["choices"] = [{"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}]
        return chunk | ({"usage": usage} if usage is not None else {})

    def _written(self, event: Json | str) -> bytes:
        text = event if isinstance(event, str) else json.dumps(event)
        if text.startswith(":"):
            return (text + 2 * self.ending).encode()
        lines = text.replace(', "choices"', ',\n"choices"').splitlines() if self.spread else [text]
        return ("".join(f"data: {line}{self.ending}" for line in lines) + self.ending).encode()


def _counts(prompt: int = PROMPT, output: int = OUTPUT, **more: Any) -> Json:
    return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output, **more}


def _thinking(**more: Any) -> Json:
    """Usage whose thoughts stand beside the output, and in the total."""
    return {**_counts(), "total_tokens": PROMPT + OUTPUT + THOUGHTS, **more}


_REASONING = ((TokenKind.REASONING, THOUGHTS),)
_DETAILS: Json = {"completion_tokens_details": {"reasoning_tokens": THOUGHTS}}
_ALL = OUTPUT + THOUGHTS

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (
    Dialect("openai", "https://platform.openai.com/docs/api-reference/chat/object",
            _counts(output=_ALL, prompt_tokens_details={"cached_tokens": 60, "audio_tokens": 0}, **_DETAILS),
            Tokens(PROMPT, _ALL, 60, _REASONING)),
    Dialect("azure", "https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-streaming",
            _counts(), Tokens(PROMPT, OUTPUT),
            first=('{"choices": [], "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": '
                   '{"hate": {"filtered": false, "severity": "safe"}}}], "model": "", "id": "", "object": ""}',)),
    Dialect("openrouter", "https://openrouter.ai/docs/use-cases/usage-accounting, …/reasoning-tokens",
            _counts(output=_ALL, cost=0.0123, prompt_tokens_details={"cached_tokens": 40, "cache_write_tokens": 30},
                    **_DETAILS),
            Tokens(PROMPT, _ALL, 40, ((TokenKind.CACHE_WRITE, 30), *_REASONING)), first=(": OPENROUTER PROCESSING",),
            thought={"reasoning": THOUGHT, "reasoning_details": [{"type": "reasoning.text", "text": THOUGHT,
                     "format": "unknown", "index": 0}]}),
    Dialect("deepseek", "https://api-docs.deepseek.com/guides/kv_cache, …/guides/reasoning_model",
            _counts(output=_ALL, prompt_cache_hit_tokens=64, prompt_cache_miss_tokens=36,
                    prompt_tokens_details={"cached_tokens": 0}, **_DETAILS),
            Tokens(PROMPT, _ALL, 64, _REASONING), place="beside", thought={"reasoning_content": THOUGHT},
            first=(": keep-alive",)),
    Dialect("kimi", "https://github.com/northes/go-moonshot/issues/17, https://github.com/vercel/ai/pull/12352",
            _counts(cached_tokens=70), Tokens(PROMPT, OUTPUT, 70), place="choice"),
    Dialect("qwen", "https://help.aliyun.com/zh/model-studio/context-cache",
            _counts(prompt_tokens_details={"cached_tokens": 50, "cache_creation_input_tokens": 20,
                                           "cache_creation": {"ephemeral_5m_input_tokens": 20}}),
            Tokens(PROMPT, OUTPUT, 50, ((TokenKind.CACHE_WRITE, 20),)), thought={"reasoning_content": THOUGHT}),
    Dialect("mistral", "https://docs.mistral.ai/capabilities/reasoning (content as parts), …/api/#chat",
            _counts(num_cached_tokens=16), Tokens(PROMPT, OUTPUT, 16), place="beside",
            delta=lambda word: {"content": [{"type": "text", "text": word}]},
            thought={"content": [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}]},
            message=lambda text: {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
                                              {"type": "text", "text": text}]}),
    Dialect("xai", "https://docs.x.ai/docs/key-information/consumption-and-rate-limits, vercel/ai pull 12425",
            _thinking(**_DETAILS, prompt_tokens_details={"cached_tokens": 8}, num_sources_used=0),
            Tokens(PROMPT, _ALL, 8, _REASONING)),
    Dialect("gemini", "https://github.com/ogx-ai/ogx/issues/5122, https://github.com/mozilla-ai/any-llm/issues/1290",
            _thinking(), Tokens(PROMPT, _ALL, 0, _REASONING), place="running",
            running=lambda number: {**_counts(output=number), "total_tokens": PROMPT + number + THOUGHTS}),
    Dialect("anthropic", "https://docs.anthropic.com/en/api/openai-sdk, …/build-with-claude/prompt-caching",
            {"input_tokens": 10, "output_tokens": OUTPUT, "cache_read_input_tokens": 60,
             "cache_creation_input_tokens": 30},
            Tokens(PROMPT, OUTPUT, 60, ((TokenKind.CACHE_WRITE, 30),)), place="beside"),
    Dialect("groq", "https://console.groq.com/docs/api-reference#chat-create (`x_groq`)",
            _counts(queue_time=0.01, prompt_time=0.002, completion_time=0.2, total_time=0.202),
            Tokens(PROMPT, OUTPUT), place="own", thought={"reasoning": THOUGHT}),
    Dialect("together", "https://docs.together.ai/reference/chat-completions-1",
            _counts(cached_tokens=0), Tokens(PROMPT, OUTPUT), place="beside"),
    Dialect("vllm", "https://docs.vllm.ai/en/stable/serving/openai_compatible_server.html (continuous_usage_stats)",
            _counts(output=len(WORDS)), Tokens(PROMPT, len(WORDS)),
            running=lambda number: _counts(output=number)),
    Dialect("ollama", "https://github.com/ollama/ollama/blob/main/docs/openai.md", _counts(), Tokens(PROMPT, OUTPUT),
            content_type="application/octet-stream", thought={"reasoning": THOUGHT}),
    Dialect("llama.cpp", "https://github.com/ggml-org/llama.cpp/tree/master/tools/server",
            _counts(timings={"prompt_n": PROMPT}), Tokens(PROMPT, OUTPUT), content_type="text/plain",
            first=('{"id": "c-1", "object": "chat.completion.chunk", "choices": null}',)),
    Dialect("llama-cpp-python", "https://github.com/sysid/sse-starlette (CRLF)", _counts(), Tokens(PROMPT, OUTPUT),
            ending="\r\n", place="beside"),
    Dialect("returns", "https://html.spec.whatwg.org/multipage/server-sent-events.html (CR, several lines of data)",
            {"prompt_tokens": "100", "completion_tokens": 20.0}, Tokens(PROMPT, OUTPUT), ending="\r", spread=True),
    Dialect("behind", "issue 15: usage behind [DONE], a zero before it", _counts(), Tokens(PROMPT, OUTPUT),
            place="behind", running=lambda number: _counts(0, 0)),
    Dialect("no end", "issue 15: nothing says that it is done", _counts(), Tokens(PROMPT, OUTPUT), place="alone",
            is_done_said=False),
)}  # fmt: skip
"""Every dialect by its name."""
