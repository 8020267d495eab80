"""Who reads an answer: a person, or a program that can do nothing with prose. Pure, over a request's parsed body."""

from typing import Any

_PROSE = (None, "text")
_FREE = (None, "", "auto", "none")
"""Words for a tool choice that leaves it to the model; every other one (`required`, Mistral's `any`) forces a call."""
_GRAMMARS = frozenset({"guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs",
                       "json_schema", "grammar", "format"})  # fmt: skip
"""What vLLM, llama.cpp and Ollama call a form that an answer must have."""
_DEMANDS = _GRAMMARS | {"response_format", "tool_choice", "function_call"}


def is_for_program(body: dict[str, Any]) -> bool:
    """Tells whether a request demands JSON or a tool call, so that a sentence in its place would be lost on its reader.

    That is any `response_format` but text, and any `tool_choice` or `function_call` that leaves the model no choice.
    """
    if _DEMANDS.isdisjoint(body):
        return False
    return (
        _is_formatted(body.get("response_format"))
        or _forces_call(body.get("tool_choice"))
        or _forces_call(body.get("function_call"))
        or any(body[name] for name in _GRAMMARS & body.keys())
    )


def _is_formatted(response_format: object) -> bool:
    kind = response_format.get("type") if isinstance(response_format, dict) else response_format
    return kind not in _PROSE


def _forces_call(choice: object) -> bool:
    """Tells whether a choice of tools forces a call: a word, or an object that names a function or says how free it is.

    The shapes are OpenAI's (both APIs), the older `function_call: {"name"}`, and Anthropic's `{"type": "any"}`.
    """
    if not isinstance(choice, dict):
        return choice not in _FREE
    allowed = choice.get("allowed_tools")
    how = allowed.get("mode") if isinstance(allowed, dict) else choice.get("mode")
    if choice.get("type") == "allowed_tools" or allowed is not None:
        return how == "required"
    return bool(choice) and choice.get("type", how or "function") not in _FREE
