"""Each operation, code and event is a section, and the guide's page of errors has every code that an app can meet."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import app
from app.domain.events.catalogue import EVENTS
from app.flows.callers.asked import REASONS
from app.flows.help.corpus import GUIDE
from app.flows.help.lists import codes_of, events_of, operations_of
from tests.support.helped import document

KINDS = ("app/domain/errors.py", "app/api/common/errors.py")
"""Where errors are that any program can meet, each with its code."""
RAISED = ("BadField", "UnknownModel", "Blocked", "LimitReached")
"""Those that are given a code where they are raised, behind the field or the message."""
WITHIN = frozenset({"error", "hold_closed", "ledger_refused", "bad_operation"})
"""Codes that no answer has: what they say is caught before."""
ON_PAGES = frozenset({"endpoint_refused", "zone_changed_today"})
"""Codes that our own pages show as sentences, and no program meets."""
FIELDS = frozenset({"api_key", "base_url", "upstream_model", "app_name"})
"""Names of fields that stand where a code could."""


def codes_in(path: str, tree: ast.Module) -> Iterator[str]:
    """Yields the codes of a module's kinds of errors, and those that it raises others with."""
    for node in ast.walk(tree):
        if path in KINDS and isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant) and _names(line, "code"):
                    yield str(line.value.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED:
            for argument in node.args[1:]:
                if isinstance(argument, ast.Constant) and re.fullmatch("[a-z]+(_[a-z]+)+", str(argument.value)):
                    yield str(argument.value)


def _names(line: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in line.targets)


def test_every_code_is_explained() -> None:
    page = codes_of((GUIDE / "errors.md").read_text())
    told = {section.anchor for section in page.sections}
    root = Path(app.__file__).parent
    paths = {f"app/{path.relative_to(root).as_posix()}": path for path in root.rglob("*.py")}
    codes = {code for name, path in paths.items() for code in codes_in(name, ast.parse(path.read_text()))}
    codes |= set(REASONS.values())
    assert len(codes) > 40
    missing = codes - told - WITHIN - ON_PAGES - FIELDS
    assert not missing, f"the table of codes in app/guide/use/errors.md lacks {sorted(missing)}"
    assert all(section.text.startswith("Status ") for section in page.sections)


def test_every_event_and_every_operation_is_a_section() -> None:
    assert [section.anchor for section in events_of().sections] == list(EVENTS)
    page = operations_of(document())
    anchors = {section.anchor for section in page.sections}
    assert {"post/v1/chat/completions", "get/v1/user/balance", "post/api/v1/settings/copilot/ask"} <= anchors
    chat = next(section for section in page.sections if section.anchor == "post/v1/chat/completions")
    assert chat.heading == "POST /v1/chat/completions" and "X-Paywall-User" in chat.text
