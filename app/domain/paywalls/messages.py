"""Messages: what the assistant says in the paywall's name, a template for each event, in the developer's words or ours.

Templates are checked when they are published, so that no user ever reads half of one.
"""

import re
from collections.abc import Mapping

from app.domain.errors import BadField

TEMPLATE_CHARACTERS_MAX = 2_000

PLACEHOLDERS: Mapping[str, tuple[str, ...]] = {
    "authorize": ("url", "name"),
    "topup": ("url", "name", "shortfall"),
    "limit": ("url", "name", "shortfall"),
    "order": ("url", "name"),
    "own_key": ("url", "name"),
    "stopped": ("url", "name"),
    "stopped_limit": ("url", "name"),
}
"""The events, and what may stand in the template of each: what is missing is known only where nothing has run yet."""

NEEDED = "url"
"""Without the link the user could do nothing about it."""

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_BRACES = re.compile(r"\{\{|\}\}")

DEFAULT_MESSAGES = {
    "topup": "Your {{ name }} wallet does not have enough left for this message. Add funds here: {{ url }}\n\n"
    "Then send the message again. This one was not charged.",
    "authorize": "{{ name }} may not use your wallet yet. Allow it here, and set how much it may spend: {{ url }}\n\n"
    "Then send the message again. This one was not charged.",
    "limit": "{{ name }} has reached the limit that you set for it. Raise it here: {{ url }}\n\n"
    "Then send the message again. This one was not charged.",
    "order": "{{ name }} wants to know who pays for this: your wallet, or your own key. Choose here: {{ url }}\n\n"
    "Then send the message again. This one was not charged.",
    "stopped": "\n\nThis answer ends here, because your {{ name }} wallet has run out. Add funds here: {{ url }}",
    "stopped_limit": "\n\nThis answer ends here, because {{ name }} has reached the limit that you set for it. "
    "Raise it here: {{ url }}",
    "own_key": "This message asks for an answer by a key of your own, and {{ name }} may use none for this model. "
    "Save or allow one here: {{ url }}\n\nThen send the message again. This one was not charged.",
}
SHARED_MESSAGES = {
    "topup": "Your wallet does not have enough left for this message. Add funds here: {{ url }}\n\n"
    "Then send the message again. This one was not charged.",
    "stopped": "\n\nThis answer ends here, because your wallet has run out. Add funds here: {{ url }}",
}
"""What differs in shared mode, where the wallet is the person's and not the app's."""

CREDITS_MESSAGES = {
    "topup": "Your credits are not enough for this message. Add credits here: {{ url }}\n\n"
    "Then send the message again. This one was not charged.",
    "stopped": "\n\nThis answer ends here, because your credits have run out. Add credits here: {{ url }}",
}
"""What differs where a person's own credits pay."""

LOCKED_MESSAGES = {
    "topup": "A model that you chose is not open to you yet. Add credits here: {{ url }}\n\n"
    "Then send the message again. This one was not charged.",
}
"""What is said where there are credits, and the model is one that free ones do not open."""

CHARGE_MESSAGES = {
    "topup": "This could not be paid: {{ shortfall }} is missing. Add funds here: {{ url }}\n\nNothing was charged.",
    "authorize": "{{ name }} may not use your wallet yet. Allow it here, and set how much it may spend: {{ url }}\n\n"
    "Nothing was charged.",
    "limit": "{{ name }} has reached the limit that you set for it. Raise it here: {{ url }}\n\nNothing was charged.",
    "own_key": "{{ name }} may use no key of your own for this. Save or allow one here: {{ url }}\n\n"
    "Nothing was charged.",
    "order": "{{ name }} wants to know who pays for this: your wallet, or your own key. Choose here: {{ url }}\n\n"
    "Nothing was charged.",
}
"""What is said of a charge by the app itself, where there is no message to send again."""


def check_messages(messages: Mapping[str, object]) -> None:
    """Raises BadField, which names `messages.` and the event, for a template that cannot be published."""
    for event, template in messages.items():
        field = f"messages.{event}"
        if event not in PLACEHOLDERS:
            raise BadField(field, f"`{field}` is of no event; there are {', '.join(PLACEHOLDERS)}.")
        if not isinstance(template, str) or not template.strip():
            raise BadField(field, f"`{field}` must be a text that is not empty.")
        if len(template) > TEMPLATE_CHARACTERS_MAX:
            raise BadField(field, f"`{field}` may have at most {TEMPLATE_CHARACTERS_MAX} characters.")
        if not is_plain(template):
            raise BadField(field, f"`{field}` holds a character that cannot be shown.")
        _check_placeholders(field, template, PLACEHOLDERS[event])


def _check_placeholders(field: str, template: str, allowed: tuple[str, ...]) -> None:
    choice = ", ".join(f"{{{{ {name} }}}}" for name in allowed)
    found = _PLACEHOLDER.findall(template)
    for name in found:
        if name not in allowed:
            raise BadField(field, f"`{field}` knows no placeholder {{{{ {name} }}}}; it may hold {choice}.")
    if _BRACES.search(_PLACEHOLDER.sub("", template)):
        raise BadField(field, f"`{field}` has braces that are no placeholder; it may hold {choice}.")
    if NEEDED not in found:
        raise BadField(field, f"`{field}` must hold {{{{ {NEEDED} }}}}, the link that the user needs.")


def is_plain(text: str) -> bool:
    """Tells whether a text can be shown as it is: no control characters but line ends and tabs, no half characters."""
    return all(letter in "\n\t" or not (letter < " " or "\x7f" <= letter < "\xa0" or "\ud800" <= letter <= "\udfff")
               for letter in text)  # fmt: skip


def render(template: str, values: Mapping[str, str]) -> str:
    """Puts values into a template, once: what looks like a placeholder in a value stays as it is."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def seal_context(paywall_id: str) -> str:
    """Returns what a paywall's signing secret is sealed for."""
    return f"responder_secret:{paywall_id}"
