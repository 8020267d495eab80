"""The limit that a provider names when it refuses a request for its output limit: in words of its own, and all differ.

The texts that these forms were read from stand in `tests/formats/test_openai_limits.py`.
"""

import re
from dataclasses import dataclass

_NUMBER = r"[`'\"]?(\d[\d,_]{0,24})[`'\"]?"
"""A number of tokens. No longer: Python makes no number of more than 4,300 digits, and a provider may write them."""
_FIELD = r"max_\w{0,24}tokens"
_OUTPUT = tuple(re.compile(form, re.IGNORECASE) for form in (
    rf"supports at most {_NUMBER} (?:completion|output) tokens",  # OpenAI, Azure
    rf"max_(?:completion_|output_|new_)?tokens`?:? \d[\d,]* > {_NUMBER}",  # Anthropic
    rf"(?<!\+ `)(?<!\+ ){_FIELD}\W+(?:must|should) be (?:less than or equal to|at most|<=) {_NUMBER}",  # Groq
    rf"range of (?:`|')?{_FIELD}[^\[\d]{{0,40}}\[\s*\d+\s*,\s*{_NUMBER}\s*\]",  # DeepSeek, Qwen
    rf"{_FIELD}[^.\n]{{0,60}}between \d+ and {_NUMBER}",
    rf"(?:maximum|max|allowed) (?:number of )?(?:output|completion|new) tokens[^\d\n]{{0,40}}{_NUMBER}",
))  # fmt: skip
_WINDOW = tuple(re.compile(form, re.IGNORECASE) for form in (
    rf"(?:maximum |max )?context (?:length|window|size)(?: limit)?[^\d\n]{{0,40}}{_NUMBER}",  # OpenAI, OpenRouter, vLLM
    rf"`?max_new_tokens`? must be <= {_NUMBER}",  # Together, TGI
    rf"model token limit:? {_NUMBER}",  # Kimi
    rf"with {_NUMBER} maximum context length",  # Mistral
))  # fmt: skip
_PROMPT = tuple(re.compile(form, re.IGNORECASE) for form in (
    rf"request has {_NUMBER} input tokens",  # vLLM
    rf"Given: {_NUMBER} `?inputs`? tokens",  # Together
    rf"Prompt contains {_NUMBER} tokens",  # Mistral
))  # fmt: skip
_REQUESTED = re.compile(
    rf"(?:requested|resulted in|need)(?: about| a total of)? {_NUMBER} (?:output )?tokens", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class NamedLimit:
    """What was named: the largest output, or the window, and how much of that the prompt takes if that was said."""

    output: int | None = None
    window: int | None = None
    prompt: int | None = None


def read_named_limit(said: str, sent: int) -> NamedLimit | None:
    """Returns the limit in a provider's words about a request that asked for `sent` tokens of output; None for none."""
    output = _first(_OUTPUT, said)
    if output is not None and output < sent:
        return NamedLimit(output=output)
    window = _first(_WINDOW, said)
    if window is None:
        return None
    prompt = _first(_PROMPT, said)
    if prompt is None and (requested := _REQUESTED.search(said)) is not None and _whole(requested[1]) > sent:
        prompt = _whole(requested[1]) - sent
    return NamedLimit(window=window, prompt=prompt)


def _first(forms: tuple[re.Pattern[str], ...], said: str) -> int | None:
    found = next((match for form in forms if (match := form.search(said)) is not None), None)
    return None if found is None else _whole(found[1])


def _whole(digits: str) -> int:
    return int(digits.replace(",", "").replace("_", ""))
