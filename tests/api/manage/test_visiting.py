"""Who comes from our own pages is somebody who is signed in and looks after the paywall; nobody else gets further."""

import pytest
from fastapi import Request

from app import db, settings
from app.api.manage.visiting import visiting_manager
from app.domain.errors import NotFound, NotSignedIn
from app.domain.people.sessions import find_person, open_session
from tests.support.books import make_paywall
from tests.support.managing import own, person


def asked(cookie: str) -> Request:
    headers = [(b"cookie", f"{settings.get().cookie('session')}={cookie}".encode())] if cookie else []
    return Request({"type": "http", "headers": headers, "method": "POST", "path": "/"})


async def test_the_owner_is_known_by_the_session_and_others_are_not(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
    ada, bob = person("ada@example.org"), person("bob@example.org")
    own(paywall_id, ada)
    with db.transaction() as session:
        cookies = [open_session(session, one.account_id, "email", None, "Firefox", "10.0.0.1") for one in (ada, bob)]
        found = find_person(session, cookies[0])
    visiting = await visiting_manager(asked(cookies[0]), paywall_id)
    assert visiting.person == found and visiting.manager.account_id == ada.account_id
    with pytest.raises(NotFound):
        await visiting_manager(asked(cookies[1]), paywall_id)
    for cookie in ("", "forged"):
        with pytest.raises(NotSignedIn):
            await visiting_manager(asked(cookie), paywall_id)
