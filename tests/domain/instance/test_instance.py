"""An instance knows itself again."""

import re

import pytest
from sqlalchemy.exc import IntegrityError

from app import db
from app.domain.instance import instance
from app.domain.instance.tables import Instance


def test_an_instance_has_one_id_of_128_random_bits_and_no_other(database: str) -> None:
    with db.transaction(writes=False) as session:
        first = instance.read_id(session)
        assert re.fullmatch("[0-9a-f]{32}", first) and instance.read_id(session) == first
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.add(Instance(number=2, id="another"))
