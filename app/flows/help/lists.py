"""Pages that are made, a section each: the operations of the API, the codes of errors, the events of webhooks."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.events.catalogue import EVENTS, EventType
from app.flows.help.sections import Page, Section

OPERATIONS, CODES, EVENTS_PAGE = "operations", "codes", "events"
LISTS = frozenset({OPERATIONS, CODES, EVENTS_PAGE})
Document = Mapping[str, Any]
_CODE_ROW = re.compile(r"^\| (`[a-z0-9_`, ]+`) \| (\d+) \| ([^|]+) \|$", re.M)


def operations_of(document: Document) -> Page:
    """Returns a section for each operation of an OpenAPI document."""
    title = "Operations of the API"
    sections = [
        Section(OPERATIONS, f"{method}{path}", title, f"{method.upper()} {path}", _told(operation))
        for path, methods in document.get("paths", {}).items() for method, operation in methods.items()
    ]  # fmt: skip
    return Page(OPERATIONS, title, tuple(sections))


def codes_of(page: str) -> Page:
    """Returns a section for each code in the tables of the guide's page of errors."""
    title = "Error codes"
    sections = [
        Section(CODES, code, title, f"{code} ({code.replace('_', ' ')})", f"Status {status}: {said.strip()}.")
        for names, status, said in _CODE_ROW.findall(page)
        for code in re.findall(r"\w+", names)
    ]
    return Page(CODES, title, tuple(sections))


def events_of() -> Page:
    """Returns a section for each event that a webhook can be told of."""
    title = "Webhook events"
    sections = [Section(EVENTS_PAGE, event.name, title, event.name, _said(event)) for event in EVENTS.values()]
    return Page(EVENTS_PAGE, title, tuple(sections))


def _told(operation: Document) -> str:
    about = operation.get("description") or operation.get("summary") or ""
    fields = list(_fields(operation))
    return "\n\n".join(part for part in (about, "\n".join(fields)) if part)


def _fields(operation: Document) -> Iterator[str]:
    for field in operation.get("parameters", ()):
        said = field.get("description", "")
        yield f"- `{field['name']}` (in the {field['in']}){f': {said}' if said else ''}"


def _said(event: EventType) -> str:
    fields = ", ".join(f"`{name}`" for name in (*event.fields, *event.ours))
    made = "" if event.is_made else " It can be subscribed to, and does not come yet."
    return f"Comes when {event.when}.{made}\n\nFields of `data`: {fields}."
