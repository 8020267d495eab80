"""Pictures of every page, in light and dark, wide and narrow, to be looked at in the folder `artefacts` beside us."""

from pathlib import Path

import pytest

from tests.journeys.pages import ROOT, demo_with_pages
from tests.web.screenshots import SIZES, THEMES, take_all

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(600)]


def test_every_page_is_pictured_and_no_browser_complains(tmp_path: Path) -> None:
    out = ROOT / "tests" / "artefacts"
    for old in out.glob("*.png"):
        old.unlink()
    with demo_with_pages(tmp_path) as instance:
        assert take_all(instance, out) == []
    assert len(list(out.glob("*.png"))) % (len(SIZES) * len(THEMES)) == 0
