"""What a provider says of an answer's usage: tokens by kind, and what it cost itself.

Every provider names and nests them in its own way (`tests/emulators/dialects.py` has them with their sources). Nothing
is believed that cannot be right; a part that is nonsense is left out, and the rest stands.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from app.domain.money import NANOS
from app.domain.pricing.quote import OF_OUTPUT, OF_PROMPT, TokenKind, Tokens
from app.domain.record import record

COUNT_MAX = 10**8
"""Ten times what the longest model reads; a count beyond it is nonsense, and the tokens are counted by us."""
NUMBER_CHARACTERS_MAX = 32
COST_DOLLARS_MAX = 1_000
"""No answer costs as much; of a few thousand that said a million, sums of a day would be more than a column holds."""
TICKS = 10**10
"""Of xAI's `cost_in_usd_ticks` in a dollar."""

_CACHED = ("cached_tokens", "cache_read_tokens", "cache_read_input_tokens")
_WRITTEN = ("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
_CACHE: dict[str, TokenKind] = {
    **dict.fromkeys(_CACHED, TokenKind.CACHED_INPUT),
    **dict.fromkeys(_WRITTEN, TokenKind.CACHE_WRITE),
}
_OF_PROMPT = {**_CACHE, "image_tokens": TokenKind.IMAGE_INPUT, "audio_tokens": TokenKind.AUDIO_INPUT}
_OF_OUTPUT = {"reasoning_tokens": TokenKind.REASONING, "audio_tokens": TokenKind.AUDIO_OUTPUT,
              "image_tokens": TokenKind.IMAGE_OUTPUT}  # fmt: skip
_NESTED = {"prompt_tokens_details": _OF_PROMPT, "input_tokens_details": _OF_PROMPT,
           "completion_tokens_details": _OF_OUTPUT, "output_tokens_details": _OF_OUTPUT}  # fmt: skip
_TOP = {
    **_CACHE,
    "prompt_cache_hit_tokens": TokenKind.CACHED_INPUT,  # DeepSeek
    "num_cached_tokens": TokenKind.CACHED_INPUT,  # Mistral
    "reasoning_tokens": TokenKind.REASONING,  # Perplexity
}
"""Where each kind stands; of several places the largest counts, so that a 0 in one hides nothing in another."""
_SPOKEN = ("delta", "message")
_BESIDE = frozenset({*_CACHED[1:], *_WRITTEN, "cache_creation"})
"""Names that may mean tokens beside the prompt's and not among them: so Anthropic counts."""


_PLAIN = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})
"""What is said of an answer without caches, thoughts and media."""


@record(frozen=True, slots=True)
class Usage:
    """What was said, as far as it was: `prompt` and `output` are None where nothing that can be right was.

    `parts` are kinds of token among them; `cost_nanos` of a dollar is what the answer cost the provider's customer;
    `said` is the object as it came. A prompt or an output of 0 is nothing that was said: there is none of either.
    """

    prompt: int | None = None
    output: int | None = None
    parts: tuple[tuple[TokenKind, int], ...] = ()
    cost_nanos: int | None = None
    said: dict[str, Any] | None = None

    @property
    def tokens(self) -> Tokens | None:
        """The tokens, where both prompt and output were said."""
        if self.prompt is None or self.output is None:
            return None
        return self._tokens(self.prompt, self.output)

    def filled(self, counted: Tokens) -> Tokens:
        """Returns what was said, and what we counted where nothing was."""
        return self._tokens(
            counted.prompt if self.prompt is None else self.prompt,
            counted.output if self.output is None else self.output,
        )

    def _tokens(self, prompt: int, output: int) -> Tokens:
        if not self.parts:
            return Tokens(prompt, output)
        parts = dict(self.parts)
        cached = min(parts.pop(TokenKind.CACHED_INPUT, 0), prompt)
        return Tokens(prompt, output, cached, tuple(parts.items()))

    def after(self, earlier: "Usage") -> "Usage":
        """Returns what is known once this was said later: nothing that was said before is lost by silence or a 0."""
        parts = {**dict(earlier.parts), **dict(self.parts)}
        said = {**(earlier.said or {}), **{name: value for name, value in (self.said or {}).items() if value}}
        return Usage(
            self.prompt or earlier.prompt,
            self.output or earlier.output,
            tuple(parts.items()),
            self.cost_nanos or earlier.cost_nanos,
            said,
        )


def usage_of(content: dict[str, Any], of_choices: dict[int, Usage] | None = None) -> Usage | None:
    """Returns the usage of a whole answer or of one event of a stream, wherever it stands in it.

    That is at the top; in a choice, each with its own (Kimi); or in the provider's own object (Groq's `x_groq`).
    `of_choices` is what choices said for themselves in earlier events, by their number, and learns what this one says.
    """
    plain = _plain(content.get("usage"))
    if plain is not None:
        return plain
    whole = read_usage(content.get("usage"))
    choices = content.get("choices")
    others = [_of_choices(choices, {} if of_choices is None else of_choices)] if choices else []
    others += [read_usage(value["usage"]) for value in content.values() if isinstance(value, dict) and "usage" in value]
    others += [_timed(content.get("timings"))] if whole is None else []
    for other in others:
        if other is not None:
            whole = other if whole is None else whole.after(other)
    return whole


def _plain(usage: object) -> Usage | None:
    """Returns usage that says prompt, output and their sum and nothing else, without looking anywhere else."""
    if not isinstance(usage, dict) or not usage.keys() <= _PLAIN:
        return None
    prompt, output = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if type(prompt) is not int or type(output) is not int or usage.get("total_tokens") != prompt + output:
        return None
    return Usage(prompt, output, said=usage) if 0 < prompt < COUNT_MAX and 0 < output < COUNT_MAX else None


def without_usage(content: dict[str, Any]) -> dict[str, Any]:
    """Returns an event without the usage in it: null at the top, as OpenAI's chunks have it, and gone elsewhere."""
    choices = content.get("choices")
    kept = {name: _but_usage(value) for name, value in content.items()}
    if isinstance(choices, list):
        kept["choices"] = [
            {name: _but_usage(item) if name in _SPOKEN else item for name, item in choice.items() if name != "usage"}
            if isinstance(choice, dict)
            else choice
            for choice in choices
        ]
    return {**kept, "usage": None}


def _but_usage(value: Any) -> Any:
    return {key: item for key, item in value.items() if key != "usage"} if isinstance(value, dict) else value


def _of_choices(choices: object, said_by: dict[int, Usage]) -> Usage | None:
    """Returns the usage of all choices together, where one says its own: they share the prompt."""
    rows = choices if isinstance(choices, list) else []
    is_said = False
    for place, row in enumerate(rows):
        usage = _of_choice(row) if isinstance(row, dict) else None
        if usage is not None:
            index = row["index"] if isinstance(row.get("index"), int) else place
            said_by[index] = usage.after(said_by[index]) if index in said_by else usage
            is_said = True
    found = list(said_by.values()) if is_said else []
    if len(found) < 2:
        return found[0] if found else None
    prompt, output = max(usage.prompt or 0 for usage in found), sum(usage.output or 0 for usage in found)
    parts: dict[TokenKind, int] = {}
    for kind, count in (part for usage in found for part in usage.parts):
        parts[kind] = max(parts.get(kind, 0), count) if kind in OF_PROMPT else parts.get(kind, 0) + count
    said = {**(found[0].said or {}), "prompt_tokens": prompt, "completion_tokens": output,
            "total_tokens": prompt + output}  # fmt: skip
    return Usage(prompt or None, output or None, tuple(parts.items()), said=said)


def _of_choice(choice: dict[str, Any]) -> Usage | None:
    """Returns what a choice says of itself, beside its words or in them."""
    holders = [choice, *(choice[name] for name in _SPOKEN if isinstance(choice.get(name), dict))]
    return next((usage for holder in holders if (usage := read_usage(holder.get("usage"))) is not None), None)


def _timed(timings: object) -> Usage | None:
    """Returns the tokens that llama.cpp's `timings` say; its `prompt_n` leaves out what it had in its cache."""
    if not isinstance(timings, dict) or "predicted_n" not in timings:
        return None
    cached, output = _count(timings.get("cache_n")), _count(timings["predicted_n"])
    prompt = None if cached is None else cached + (_count(timings.get("prompt_n")) or 0)
    parts = ((TokenKind.CACHED_INPUT, cached),) if cached else ()
    return Usage(prompt or None, output, parts, said={}) if output else None


def read_usage(usage: object) -> Usage | None:
    """Returns what a provider's `usage` says, None where that is nothing.

    Where `total_tokens` leaves more than prompt and output say, the rest is output: thoughts that some count beside
    it (xAI, Gemini; `docs.x.ai`: "counted separately from completion_tokens, but … in the total_tokens").
    """
    if isinstance(usage, list) and len(usage) == 1:
        usage = usage[0]
    if not isinstance(usage, dict):
        return None
    parts = _parts_of(usage)
    prompt = _count(usage.get("prompt_tokens")) or _count(usage.get("input_tokens"))
    output = _count(usage.get("completion_tokens")) or _count(usage.get("output_tokens"))
    total = _count(usage.get("total_tokens"))
    prompt = _with_cache_beside(usage, prompt, output, total) or None
    thoughts = parts.get(TokenKind.REASONING, 0)
    if total:
        prompt = prompt or (max(total - output, 0) if output else None) or None
        output = _with_thoughts_beside(parts, output, total - prompt) if prompt else output
    elif thoughts > (output or 0):
        output = (output or 0) + thoughts  # they are no part of it: a part is not larger than the whole
    found = Usage(prompt, output or None, tuple(parts.items()), read_cost(usage), usage)
    return found if found.prompt or found.output or found.cost_nanos is not None else None


def _with_thoughts_beside(parts: dict[TokenKind, int], output: int | None, left: int) -> int | None:
    """Returns all tokens of the output: what the total leaves beside the prompt, if that is more than was said.

    What is more was thought, where no other kind is named.
    """
    if output and left > output and not any(kind in OF_OUTPUT for kind in parts):
        parts[TokenKind.REASONING] = left - output
    return max(output or 0, left)


def _with_cache_beside(usage: dict[str, Any], prompt: int | None, output: int | None, total: int | None) -> int:
    """Returns all tokens of the prompt, those read from or written to a cache included.

    Anthropic counts these beside its `input_tokens`; who writes `prompt_tokens` counts them among those, unless its
    numbers say otherwise.
    """
    if _BESIDE.isdisjoint(usage):
        return prompt or 0
    read, written = ([_count(usage.get(name)) or 0 for name in names] for names in (_CACHED[1:], _WRITTEN))
    beside = max(read) + max(*written, _ephemeral(usage))
    among = prompt or 0
    if not beside:
        return among
    if total and total == among + (output or 0) and beside <= among:
        return among
    is_anthropics = not _count(usage.get("prompt_tokens")) and "input_tokens" in usage
    is_summed = total == among + (output or 0) + beside
    return among + beside if is_anthropics or is_summed or beside > among else among


def _parts_of(usage: dict[str, Any]) -> dict[TokenKind, int]:
    found: dict[TokenKind, int] = {}
    for name, value in usage.items():
        if not value:
            continue
        if isinstance(value, dict):
            kinds = _NESTED.get(name)
            if kinds is not None:
                _gather(value, kinds, found)
            elif name == "cache_creation" and (written := _ephemeral(usage)) > found.get(TokenKind.CACHE_WRITE, 0):
                found[TokenKind.CACHE_WRITE] = written
        elif name in _TOP:
            _gather({name: value}, _TOP, found)
    return found


def _gather(details: dict[str, Any], kinds: dict[str, TokenKind], found: dict[TokenKind, int]) -> None:
    for name, value in details.items():
        if value and name in kinds and (count := _count(value) or 0) > found.get(kinds[name], 0):
            found[kinds[name]] = count


def _ephemeral(usage: dict[str, Any]) -> int:
    """Returns what Anthropic says by how long a cache is kept."""
    written = usage.get("cache_creation")
    return sum(_count(value) or 0 for value in written.values()) if isinstance(written, dict) else 0


def read_cost(usage: dict[str, Any]) -> int | None:
    """Returns what the provider says that the answer cost, in nanos of a dollar (OpenRouter's `cost`, xAI's ticks)."""
    cost, ticks = usage.get("cost"), usage.get("cost_in_usd_ticks")
    if cost is None and isinstance(ticks, int) and not isinstance(ticks, bool):
        return ticks * NANOS // TICKS if 0 <= ticks <= COST_DOLLARS_MAX * TICKS else None
    if isinstance(cost, bool) or not isinstance(cost, (int, float)) or not 0 <= cost <= COST_DOLLARS_MAX:
        return None
    return int((Decimal(str(cost)) * NANOS).to_integral_value())


def _count(value: object) -> int | None:
    """Returns a count of tokens, which some write as text or with a decimal point; None for what can be none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < COUNT_MAX else None
    if not isinstance(value, (float, str)) or len(text := str(value).strip()) > NUMBER_CHARACTERS_MAX:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or not 0 <= number < COUNT_MAX or number != number.to_integral_value():
        return None
    return int(number)
