"""Every event has an example with all of its fields, which says of itself that it is one."""

import orjson
import pytest

from app.domain.errors import BadField
from app.domain.events.catalogue import EVENTS
from app.domain.events.samples import TEST, sample_of


def test_every_event_has_an_example_with_all_its_fields() -> None:
    for name, event in EVENTS.items():
        sample = sample_of(name)
        assert sample[TEST] is True
        assert {*event.fields, *event.ours} == sample.keys() - {TEST}
        assert orjson.loads(orjson.dumps(sample)) == sample


def test_there_is_no_example_of_what_is_no_event() -> None:
    with pytest.raises(BadField, match="no event"):
        sample_of("paywall.made.up")
