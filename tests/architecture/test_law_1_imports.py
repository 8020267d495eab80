"""Law 1: imports point down, among rooms and among wings; each kind of package in its room, each vendor in a file."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture import rooms
from tests.architecture.source import Import, Source, app, report


def test_rooms_import_only_what_lies_left_of_them() -> None:
    report(found for source in app() for found in first_party(source))


def test_wings_import_only_what_lies_before_them() -> None:
    report(found for source in app() for found in wings(source))


def test_domain_packages_import_only_earlier_ones() -> None:
    report(found for source in app() if source.room == "domain" for found in domain_order(source))


def test_packages_from_pypi_live_in_their_rooms() -> None:
    report(found for source in app() for found in third_party(source))


def test_each_vendor_lives_in_one_adapter() -> None:
    report(vendors(app()))


def first_party(source: Source) -> Iterator[str]:
    """Imports of our own rooms that the table does not allow."""
    allowed = (source.room, *rooms.FIRST_PARTY.get(source.room, ()))
    for imported in source.imports:
        if imported.name == "a computed name":
            yield source.says(imported.line, "imports a computed name; no law can be checked on it.")
        if not imported.name.startswith("app.") or _is_excepted(source, imported):
            continue
        name = imported.name.removeprefix("app.")
        if source.room and not any(name == room or name.startswith(f"{room}.") for room in allowed):
            yield source.says(imported.line, f"{source.room} may not import {imported.name}; it may import {allowed}.")


def wings(source: Source) -> Iterator[str]:
    """Imports among the wings of a room that point up, and wings that have no place in their room's order."""
    order = rooms.WINGS.get(source.room, ())
    parts = source.path.removeprefix(f"app/{source.room}/").split("/")
    own = parts[0] if len(parts) > 1 else ""
    if not order or not own:
        return
    if own not in order:
        yield source.says(1, f"{own} has no place in WINGS of tests/architecture/rooms.py.")
        return
    for imported in source.imports:
        other = imported.name.removeprefix(f"app.{source.room}.").split(".")[0]
        if imported.name.startswith(f"app.{source.room}.") and other in order:
            if order.index(other) > order.index(own):
                yield source.says(imported.line, f"{own} may not import {imported.name}: its wing lies above.")


def domain_order(source: Source) -> Iterator[str]:
    """Imports of domain packages that come later in the order, and packages that have no place in it."""
    own = source.module.split(".")[2] if source.module.count(".") > 1 else ""
    if not own:
        return
    if own not in rooms.DOMAIN_ORDER:
        yield source.says(1, f"{own} has no place in DOMAIN_ORDER of tests/architecture/rooms.py.")
        return
    for imported in source.imports:
        parts = imported.name.split(".")
        if parts[:2] != ["app", "domain"] or len(parts) < 3 or parts[2] not in rooms.DOMAIN_ORDER:
            continue
        if rooms.DOMAIN_ORDER.index(parts[2]) > rooms.DOMAIN_ORDER.index(own):
            yield source.says(imported.line, f"{own} may not import {imported.name}, which comes later in the domain.")


def third_party(source: Source) -> Iterator[str]:
    """Packages from PyPI in a room that may not have them."""
    for imported in source.imports:
        package = _package(imported)
        if not package or package in rooms.EVERYWHERE or _is_excepted(source, imported):
            continue
        if source.room == "adapters":
            if package in rooms.NEVER_IN_ADAPTERS:
                yield source.says(imported.line, f"adapters may not import {package}, which belongs to another room.")
        elif package not in rooms.THIRD_PARTY.get(source.room, ()):
            yield source.says(imported.line, f"{source.room or 'this file'} may not import {package}.")


def vendors(sources: Iterable[Source]) -> Iterator[str]:
    """Vendors that more than one adapter knows."""
    known_by: dict[str, dict[str, str]] = defaultdict(dict)
    for source in sources:
        for imported in source.imports if source.room == "adapters" else ():
            package = _package(imported)
            if package and package not in (*rooms.EVERYWHERE, *rooms.SHARED_BY_ADAPTERS):
                says = source.says(imported.line, f"{package} is known to more than one adapter; put a wall around it.")
                known_by[package].setdefault(source.path, says)
    for places in known_by.values():
        if len(places) > 1:
            yield from places.values()


def _package(imported: Import) -> str:
    """Returns the package from PyPI that is imported, or "" for the standard library and ourselves."""
    package = imported.name.split(".")[0]
    return "" if package in sys.stdlib_module_names or package in ("app", "a computed name") else package


def _is_excepted(source: Source, imported: Import) -> bool:
    return any(
        path == source.path and (imported.name == name or imported.name.startswith(f"{name}."))
        for path, name in rooms.EXCEPTIONS
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/domain/money.py", "from app import settings"),
        ("app/domain/money.py", "def f():\n    from app.flows import chat"),
        ("app/flows/chat/hold.py", "from app import settings"),
        ("app/web/pages.py", "from app.settings import get"),
        ("app/flows/chat/hold.py", "from app.adapters.rail_stripe import Stripe"),
        ("app/flows/chat/hold.py", "from ...api.common import errors"),
        ("app/adapters/rail_stripe.py", "from app.domain.wallets import wallets"),
        ("app/adapters/rail_stripe.py", "from app.flows.chat.hold import run"),
        ("app/api/v1/user.py", "import app.web.pages"),
        ("app/web/pages.py", "import importlib\nimportlib.import_module('app.api.v1.user')"),
        ("app/web/pages.py", "import importlib\nimportlib.import_module(name)"),
        ("app/jobs/schedule.py", "from app.domain.ledger import apply"),
        ("app/cli.py", "from app.adapters import rail_sandbox"),
    ],
)
def test_an_import_that_points_right_is_seen(path: str, text: str) -> None:
    assert list(first_party(Source(path, text)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/flows/callers/standing.py", "from app.flows.limits.spending import SpendLimits"),
        ("app/flows/limits/limiter.py", "def f():\n    from app.flows.chat import decide"),
        ("app/api/common/errors.py", "import app.api.v1.user"),
        ("app/web/frame/layout.py", "from app.web.components import parts"),
        ("app/flows/new_wing/story.py", "import os"),
    ],
)
def test_an_import_of_a_wing_above_is_seen(path: str, text: str) -> None:
    assert list(wings(Source(path, text)))


def test_a_wing_may_import_those_below_it() -> None:
    assert not list(wings(Source("app/flows/chat/hold.py", "from app.flows.limits.limiter import Limiter")))
    assert not list(wings(Source("app/web/pages.py", "from app.web.end_user.wallet import page")))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/domain/ledger/apply.py", "from app.domain.wallets import wallets"),
        ("app/domain/errors.py", "from app.domain import money"),
        ("app/domain/new_noun/new_noun.py", "import os"),
    ],
)
def test_an_import_of_a_later_domain_package_is_seen(path: str, text: str) -> None:
    assert list(domain_order(Source(path, text)))


def test_an_import_of_an_earlier_domain_package_is_allowed() -> None:
    assert not list(domain_order(Source("app/domain/wallets/holds.py", "from app.domain.ledger import accounts")))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/domain/money.py", "import httpx"),
        ("app/flows/chat/hold.py", "from starlette.requests import Request"),
        ("app/flows/chat/hold.py", "import stripe"),
        ("app/api/v1/user.py", "import reflex as rx"),
        ("app/api/v1/user.py", "import uvicorn"),
        ("app/web/build.py", "from rich.progress import Progress"),
        ("app/web/pages.py", "from fastapi import FastAPI"),
        ("app/adapters/rail_stripe.py", "import fastapi"),
        ("app/app.py", "import apscheduler"),
        ("app/wiring.py", "import aiohttp"),
    ],
)
def test_a_package_outside_its_room_is_seen(path: str, text: str) -> None:
    assert list(third_party(Source(path, text)))


def test_a_vendor_in_two_adapters_is_seen() -> None:
    first = Source("app/adapters/rail_stripe.py", "import stripe\nimport httpx")
    second = Source("app/adapters/mail/smtp.py", "from stripe import Customer\nimport httpx")
    assert len(list(vendors([first, second]))) == 2
    assert not list(vendors([first]))


def test_every_exception_is_still_needed() -> None:
    existing = {source.path: source for source in app()}
    stale = [
        f"tests/architecture/rooms.py:1: {path} no longer imports {name}; take the exception out."
        for path, name in rooms.EXCEPTIONS
        if path in existing and not any(_is_excepted(existing[path], imported) for imported in existing[path].imports)
    ]
    report(stale)
