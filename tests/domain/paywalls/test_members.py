"""What each role may do with a paywall, and who has which."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from app import db
from app.domain.errors import NotAllowed, NotFound
from app.domain.paywalls.members import (
    POLICY,
    Act,
    Creators,
    Manager,
    Role,
    check_creates,
    check_may,
    command_manager,
    find_manager,
    is_owner,
    read_owner,
    set_owner,
)
from app.domain.paywalls.paywall import lock_paywall
from app.domain.paywalls.tables import PaywallMember
from app.domain.people.sessions import Person
from tests.support.books import make_paywall
from tests.support.managing import OPERATOR, manager, own, person

ALL = frozenset(Act)
ONLY_OWNERS = {Act.READ_MESSAGES, Act.SET_UP, Act.GRANT, Act.REFUND, Act.PAY_OUT}
ONLY_OPERATORS = {Act.HAND_OVER, Act.FREEZE}


def paywall() -> str:
    with db.transaction() as session:
        return make_paywall(session, {})


def allowed(found: Manager) -> frozenset[Act]:
    """What the database says that somebody may, which is what is shown of it."""
    may = set()
    with db.transaction() as session:
        for act in Act:
            try:
                check_may(session, found, act)
            except NotAllowed as refused:
                assert found.paywall_id in refused.message
            else:
                may.add(act)
    assert may == {act for act in Act if found.may(act)}
    return frozenset(may)


def test_every_act_is_somebodys() -> None:
    assert set(POLICY) == ALL and all(POLICY.values())


def test_the_owner_sets_up_and_the_operator_looks_on(database: str) -> None:
    paywall_id, ada, operator = paywall(), person("ada@example.org"), person(OPERATOR)
    own(paywall_id, ada)
    assert allowed(manager(paywall_id, ada)) == ALL - ONLY_OPERATORS
    assert allowed(manager(paywall_id, operator)) == ALL - ONLY_OWNERS
    own(paywall_id, operator)
    assert allowed(manager(paywall_id, operator)) == ALL
    with pytest.raises(NotFound):
        manager(paywall_id, ada)


def test_a_paywall_without_an_owner_is_the_operators(database: str) -> None:
    paywall_id, operator = paywall(), manager(paywall(), person(OPERATOR))
    assert allowed(manager(paywall_id, person(OPERATOR))) == ALL == allowed(operator)
    with db.transaction(writes=False) as session:
        assert allowed(command_manager(session, paywall_id)) == ALL


@pytest.mark.parametrize(
    "stranger",
    [
        lambda: person("bob@example.org"),
        lambda: person(OPERATOR, is_proven=False),  # signed in another way: the address proves nothing today
        lambda: replace(person("eve@example.org"), email=OPERATOR, name=OPERATOR),
    ],
)
def test_whoever_is_nothing_to_a_paywall_does_not_learn_that_it_exists(database: str, stranger: object) -> None:
    assert callable(stranger)
    owned, bare, who = paywall(), paywall(), stranger()
    own(owned, person("ada@example.org"))
    refusals = set()
    for paywall_id in (owned, bare, "pw_none", "pw_\x00"):
        with pytest.raises(NotFound) as refused:
            manager(paywall_id, who)
        refusals.add(refused.value.message.removesuffix(f"{paywall_id}."))
    assert len(refusals) == 2  # an id with a character that none can have is not repeated


def test_who_owns_one_paywall_is_nothing_to_another(database: str) -> None:
    mine, theirs, ada = paywall(), paywall(), person("ada@example.org")
    own(mine, ada)
    own(theirs, person("bob@example.org"))
    with pytest.raises(NotFound):
        manager(theirs, ada)


def test_roles_are_asked_for_again_before_anything_is_changed(database: str) -> None:
    paywall_id, ada, bob = paywall(), person("ada@example.org"), person("bob@example.org")
    bare = manager(paywall_id, person(OPERATOR))
    own(paywall_id, ada)
    was_owner = manager(paywall_id, ada)
    own(paywall_id, bob)
    with db.transaction() as session:
        lock_paywall(session, paywall_id)
        assert read_owner(session, paywall_id) == bob.account_id
        with pytest.raises(NotFound):
            check_may(session, was_owner, Act.READ)
        with pytest.raises(NotAllowed, match="Only the owner"):
            check_may(session, bare, Act.SET_UP)
        check_may(session, bare, Act.HAND_OVER)


def test_two_who_become_owners_at_once_do_not_both(database: str) -> None:
    paywall_id = paywall()
    people = [person(f"p{number}@example.org") for number in range(4)]

    def become(who: Person) -> None:
        with db.transaction() as session:
            lock_paywall(session, paywall_id)
            set_owner(session, paywall_id, who.account_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(become, people))
    with db.transaction(writes=False) as session:
        owner = read_owner(session, paywall_id)
    found = [who for who in people if who.account_id == owner]
    assert len(found) == 1 and Role.OWNER in manager(paywall_id, found[0]).roles


def test_the_database_itself_refuses_a_second_owner_and_a_role_that_is_none(database: str) -> None:
    paywall_id, ada, bob = paywall(), person("ada@example.org"), person("bob@example.org")
    own(paywall_id, ada)
    for account_id, role in ((bob.account_id, "owner"), (bob.account_id, "king"), ("acc_none", "owner")):
        with pytest.raises(IntegrityError), db.transaction() as session:
            session.add(PaywallMember(paywall_id=paywall_id, account_id=account_id, role=role, created_at=1))


def test_a_manager_is_found_by_the_proof_of_this_sign_in_alone(database: str) -> None:
    paywall_id, operator = paywall(), person(OPERATOR)
    with db.transaction(writes=False) as session:
        assert find_manager(session, operator, frozenset({OPERATOR}), paywall_id).is_operator
        with pytest.raises(NotFound):
            find_manager(session, operator, frozenset(), paywall_id)


def test_who_may_create_paywalls_has_proven_it(database: str) -> None:
    ada, operator = person("ada@example.org"), person(OPERATOR)
    unproven = person(OPERATOR, is_proven=False)
    anyone, named = Creators(True, frozenset()), Creators(False, frozenset({OPERATOR}))
    assert [anyone.have(who) for who in (ada, operator, unproven)] == [True, True, True]
    assert [named.have(who) for who in (ada, operator, unproven)] == [False, True, False]


def test_who_owns_a_paywall_is_an_owner(database: str) -> None:
    paywall_id, ada, bob = paywall(), person("ada@example.org"), person("bob@example.org")
    own(paywall_id, ada)
    with db.transaction(writes=False) as session:
        assert (is_owner(session, ada.account_id), is_owner(session, bob.account_id)) == (True, False)


def test_whoever_may_not_create_a_paywall_is_told_whom_to_ask(database: str) -> None:
    ada = person("ada@example.org")
    check_creates(Creators(True, frozenset()), ada)
    check_creates(Creators(False, frozenset({"ada@example.org"})), ada)
    for refused in (person("eve@example.org"), person("ada@example.org", is_proven=False)):
        with pytest.raises(NotAllowed, match="Ask the operator"):
            check_creates(Creators(False, frozenset({"ada@example.org"})), refused)
