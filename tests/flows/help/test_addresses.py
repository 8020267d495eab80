"""Sections are read on the help's own page, and links lead there or nowhere."""

import pytest

from app.flows.help.addresses import address, address_of, links_of
from tests.support.helped import corpus


def test_a_section_has_an_address() -> None:
    assert address_of(corpus().by_id["stripe#test-mode"]) == "/help/?page=stripe#test-mode"
    assert address("readme") == "/help/?page=readme"
    assert address("operations", "get/v1/requests/{id}") == "/help/?page=operations#get/v1/requests/{id}"


@pytest.mark.parametrize(
    ("target", "own", "model"),
    [
        ("limits.md", "/help/?page=limits", "/help/?page=limits"),
        ("app/guide/use/limits.md#what-an-app-sees", *["/help/?page=limits#what-an-app-sees"] * 2),
        ("#live", "/help/?page=stripe#live", "/help/?page=stripe#live"),
        ("stripe#live", "/help/?page=stripe#live", "/help/?page=stripe#live"),
        ("app/guide/design/README.md", None, None),
        ("https://www.standardwebhooks.com", "https://www.standardwebhooks.com", None),
        ("//evil.example", None, None),
        ("javascript:alert(1)", None, None),
        ("data:text/html,x", None, None),
        ("/docs/api", "/docs/api", None),
        ("nowhere.md", None, None),
    ],
)  # fmt: skip
def test_where_links_lead(target: str, own: str | None, model: str | None) -> None:
    assert links_of("stripe", corpus().pages, outside=True)(target) == own
    assert links_of("stripe", corpus().pages, outside=False)(target) == model
