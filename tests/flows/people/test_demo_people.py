"""The demo's people are there at each start, its developer owns its paywalls, and a link signs in once."""

import pytest
from sqlalchemy import func, select

from app import db
from app.domain.errors import LinkInvalid
from app.domain.paywalls.members import read_owner
from app.domain.people.account_keys import is_account_key
from app.domain.people.accounts import email_identity, find_account
from app.domain.people.tables import PersonAccount
from app.domain.wallets.trial import TrialRules
from app.flows.people.demo_people import DEVELOPER, END_USER, OPERATOR, DemoLinks, enter_by_link, make_people, people
from app.flows.people.sign_in import SignInRules, Visit, find_person
from tests.support.books import make_snapshot
from tests.support.handed import is_operator, sign_in_rules

pytestmark = pytest.mark.plain_sql

OPERATORS = frozenset({OPERATOR})
TRIAL = TrialRules(0, 5)
VISIT = Visit("Firefox/1 Linux", "10.0.0.1")


def rules() -> SignInRules:
    return sign_in_rules()


async def test_each_start_finds_the_same_people_and_gives_the_paywalls_to_the_developer(database: str) -> None:
    paywall_ids = (make_snapshot().paywall_id, make_snapshot().paywall_id)
    keys = [await make_people(OPERATORS, paywall_ids, TRIAL, b"secret") for _ in range(2)]
    with db.transaction(writes=False) as session:
        developer = find_account(session, email_identity(DEVELOPER))
        assert [read_owner(session, paywall_id) for paywall_id in paywall_ids] == [developer] * 2
        assert session.scalar(select(func.count()).select_from(PersonAccount)) == 3
    assert keys[0] == keys[1] and is_account_key(keys[0])


async def test_a_link_signs_in_once_and_only_where_it_was_made(database: str) -> None:
    await make_people(OPERATORS, (), TRIAL, b"secret")
    links, elsewhere = DemoLinks(), DemoLinks()
    for email in (END_USER, DEVELOPER, OPERATOR):
        token = links.mint(email)
        with pytest.raises(LinkInvalid):
            await enter_by_link(rules(), elsewhere, token, VISIT)
        person = await find_person(await enter_by_link(rules(), links, token, VISIT))
        assert person is not None and person.proven_email == email
        for used in (token, "", token[:-1], "💳", "\x00"):
            with pytest.raises(LinkInvalid):
                await enter_by_link(rules(), links, used, VISIT)
    assert links.mint(END_USER) != links.mint(END_USER)


async def test_the_operators_link_is_of_an_operator(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert people(frozenset())["operator"] == OPERATOR
    named = frozenset({"b@example.org", "a@example.org"})
    assert people(named) == {"end_user": END_USER, "developer": DEVELOPER, "operator": "a@example.org"}
    monkeypatch.setattr("app.settings.Settings.operators", named)
    links = DemoLinks()
    found = {}
    for role, email in people(named).items():
        person = await find_person(await enter_by_link(rules(), links, links.mint(email), VISIT))
        assert person is not None
        found[role] = is_operator(person)
    assert found == {"end_user": False, "developer": False, "operator": True}
