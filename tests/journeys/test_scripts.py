"""What the browser is sent before a page can be used stays small, whatever is added to the page."""

import pytest

from tests.bench.scripts import measure, too_heavy
from tests.journeys.site import Site

pytestmark = pytest.mark.browser


def test_no_page_loads_more_javascript_than_it_may(site: Site) -> None:
    loaded = measure(site.data / "web" / "build" / "client" / "assets")
    assert {"/", "/dashboard", "/paywalls/new", "/paywalls/[paywall]/prices"} <= {one.page for one in loaded}
    assert all(0 < one.own < one.whole for one in loaded)
    assert too_heavy(loaded) == {}
