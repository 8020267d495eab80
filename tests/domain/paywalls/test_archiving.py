"""An archived paywall is known as one by every process at once, and opened again as it was."""

import pytest

from app import db
from app.domain.errors import Archived
from app.domain.paywalls.archiving import check_open, set_archived
from app.domain.paywalls.configuration import epoch_subject, read_current
from app.flows.callers.snapshot import read_epochs
from tests.support.books import PRICE, make_paywall


def test_archiving_bumps_the_epoch_and_can_be_undone(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"demo-mini": PRICE})
        before, configuration = read_current(session, paywall_id)
        check_open(before, "Lexica")
    said, epochs = [], []
    for is_archived in (True, True, False, False):
        with db.transaction() as session:
            paywall, _ = read_current(session, paywall_id)
            said.append(set_archived(session, paywall, is_archived=is_archived))
            epochs.append(read_epochs(session, (epoch_subject(paywall_id),))[epoch_subject(paywall_id)])
            now, _ = read_current(session, paywall_id)
            assert now.is_archived is is_archived
            if is_archived:
                with pytest.raises(Archived, match="Lexica is archived"):
                    check_open(now, "Lexica")
    assert (said, epochs) == ([True, False, True, False], [2, 2, 3, 3])
    with db.transaction(writes=False) as session:
        assert read_current(session, paywall_id) == (before, configuration)
