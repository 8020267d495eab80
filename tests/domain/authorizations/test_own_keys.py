"""What a consent says of own keys: nothing where it is old, so many a day, seen by the next request."""

import pytest

from app import db
from app.domain import clock
from app.domain.authorizations import own_keys
from app.domain.authorizations.authorizations import epoch_subject, find_active, list_of
from app.domain.authorizations.own_keys import OwnKeyTerms, check_per_day
from app.domain.errors import BadField, NotFound
from app.domain.paywalls.modes import Mode
from app.flows.callers.snapshot import read_epochs
from tests.support.books import make_snapshot
from tests.support.crowd import connect, sign_in
from tests.support.managing import person


async def test_a_consent_allows_no_own_key_until_its_person_says_so(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada)
    bob = person("bob@example.org")
    subject = epoch_subject(snapshot.paywall_id, "u1")

    def change(terms: OwnKeyTerms) -> int:
        with db.transaction() as session:
            before = read_epochs(session, (subject,))[subject]
            (app,) = list_of(session, ada.account_id, "sandbox")
            own_keys.change_terms(session, ada.account_id, app.id, terms)
            return read_epochs(session, (subject,))[subject] - before

    with db.transaction() as session:
        active = find_active(session, snapshot.paywall_id, "u1")
        assert active is not None and own_keys.terms_of(active) == OwnKeyTerms(None, go_first=True)
    assert change(OwnKeyTerms(50, go_first=False)) == 1
    assert change(OwnKeyTerms(50, go_first=False)) == 0, "what changes nothing lets nobody decide anew"
    with db.transaction() as session:
        (app,) = list_of(session, ada.account_id, "sandbox")
        assert (app.own_keys_per_day, app.own_keys_first) == (50, False)
        for stranger in (bob.account_id, ""):
            with pytest.raises(NotFound):
                own_keys.change_terms(session, stranger, app.id, OwnKeyTerms(9))
        with pytest.raises(NotFound):
            own_keys.change_terms(session, ada.account_id, "aut_none", OwnKeyTerms(9))
    assert change(OwnKeyTerms(None)) == 1


async def test_a_day_is_counted_up_to_what_is_allowed_and_the_next_begins_anew(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada)
    with db.transaction() as session:
        active = find_active(session, snapshot.paywall_id, "u1")
        assert active is not None
        today = own_keys.today()
        assert today == clock.now() // clock.DAY
        assert [own_keys.take(session, active.id, today, 2) for _ in range(4)] == [True, True, False, False]
        own_keys.give_back(session, active.id, today)
        assert [own_keys.take(session, active.id, today, 2) for _ in range(2)] == [True, False]
        assert own_keys.take(session, active.id, today, 3)
        own_keys.give_back(session, active.id, today - 1)
        assert not own_keys.take(session, active.id, today, 3)
        assert [own_keys.take(session, active.id, today + 1, 1) for _ in range(2)] == [True, False]
        assert not own_keys.take(session, active.id, today, 0)
        assert [own_keys.take(session, active.id, today + 2, 5, 2) for _ in range(3)] == [True, True, False]
        assert own_keys.take(session, active.id, today + 2, 5) and not own_keys.take(
            session, active.id, today + 3, 2, 3
        )


@pytest.mark.parametrize("typed", ["", "0", "-1", "1.5", "many", "100001", "9" * 40, "²"])
def test_a_day_has_a_whole_number_of_requests(typed: str) -> None:
    with pytest.raises(BadField):
        check_per_day(typed)
    assert check_per_day("200") == 200 and check_per_day("100000") == own_keys.PER_DAY_MAX
