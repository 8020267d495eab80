"""Names are those that apps have now; who looks after which, those who do not own them do not learn."""

from dataclasses import replace

import pytest

from app import db
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.names import by_kind, list_own_ids, list_owned, read_names
from app.domain.paywalls.provider import BUILT_IN, DEMO, ProviderSetting
from app.domain.people.sessions import Person
from tests.support import books
from tests.support.books import make_paywall
from tests.support.managing import OPERATOR, own, person


def test_names_follow_the_published_version(database: str) -> None:
    with db.transaction() as session:
        first, second = make_paywall(session, {}), make_paywall(session, {})
        books.publish(session, second, replace(read_current(session, second)[1], app_name="Renamed"))
        assert read_names(session, [first, second, None, "pw_none"]) == {first: "Lexica", second: "Renamed"}
        assert read_names(session, []) == {}


@pytest.mark.unhurried
def test_everybody_is_given_their_own_and_operators_what_nobody_owns(database: str) -> None:
    with db.transaction() as session:
        adas, bobs, nobodys = (make_paywall(session, {}) for _ in range(3))
    ada, bob, operator, claims_to_be = (
        person("ada@example.org"), person("bob@example.org"), person(OPERATOR), person(OPERATOR, is_proven=False),
    )  # fmt: skip
    own(adas, ada)
    own(bobs, bob)
    with db.transaction(writes=False) as session:

        def listed(who: Person, count: int = 9) -> list[str]:
            found = [named.paywall.id for named in list_owned(session, who, frozenset({OPERATOR}), count)]
            assert list_own_ids(session, who, frozenset({OPERATOR}), count) == tuple(found)
            return found

        assert (listed(ada), listed(bob), listed(operator)) == ([adas], [bobs], [nobodys])
        assert listed(claims_to_be) == [] and listed(ada, 0) == []
        assert list_owned(session, ada, frozenset(), 1)[0].app_name == "Lexica"


def test_only_paywalls_of_one_unit_and_environment_are_of_one_kind(database: str) -> None:
    with db.transaction() as session:
        kinds = ((Mode.DEFAULT, DEMO), (Mode.SHARED, DEMO), (Mode.SHARED, BUILT_IN))
        made = [make_paywall(session, {}, ProviderSetting(name), mode) for mode, name in kinds]
        made.append(make_paywall(session, {}))
    ada = person("ada@example.org")
    for paywall_id in made:
        own(paywall_id, ada)
    with db.transaction(writes=False) as session:
        found = by_kind(list_owned(session, ada, frozenset(), 9))
    assert {kind: {one.paywall.id for one in listed} for kind, listed in found.items()} == {
        "live-USDC": {made[2]}, "sandbox-USD": {made[0], made[3]}, "sandbox-USDC": {made[1]},
    }  # fmt: skip
    assert list(found) == sorted(found)
