"""The demo says in `instance.json` how to be its end user, its developer and its operator."""

import json
import stat
from functools import partial

import httpx
import pytest

from app import db
from app.domain.errors import NotFound
from app.domain.paywalls.members import Role, find_manager
from app.domain.people.sessions import Person
from app.flows.people.demo_people import DEVELOPER, END_USER, OPERATOR
from app.flows.people.sign_in import find_person
from tests.journeys.site import Site


def _roles(session: db.Session, person: Person, paywall_id: str) -> frozenset[Role]:
    return find_manager(session, person, frozenset({OPERATOR}), paywall_id).roles


@pytest.mark.browser
async def test_each_link_signs_its_person_in_once(site: Site, at_home: None) -> None:
    file = site.data / "instance.json"
    instance = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    emails = {"end_user": END_USER, "developer": DEVELOPER, "operator": OPERATOR}
    assert set(instance["sign_in"]) == set(emails)
    roles: dict[str, frozenset[Role]] = {}
    paywall_id = instance["paywalls"]["default"]["id"]
    for role, link in instance["sign_in"].items():
        assert link.startswith(f"{site.base_url}/auth/demo/")
        async with httpx.AsyncClient() as http:
            answer, again = await http.get(link), await http.get(link)
        assert (answer.status_code, answer.headers["location"]) == (303, "/wallet/")
        person = await find_person(answer.cookies["coinslot_session"])
        assert person is not None and person.proven_email == emails[role]
        assert "link_invalid" in again.headers["location"] and "set-cookie" not in again.headers
        try:
            roles[role] = await db.in_transaction(partial(_roles, person=person, paywall_id=paywall_id))
        except NotFound:
            roles[role] = frozenset()
    assert roles == {"end_user": frozenset(), "developer": {Role.OWNER}, "operator": {Role.OPERATOR}}
