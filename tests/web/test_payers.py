"""Who paid is said in the words of whoever paid, and what is zero everywhere is not said twice."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.money import Unit
from app.web.frame.format import paid_by

MODES = Path(__file__).parent.parent.parent / "assets" / "chat"


def test_credits_are_not_called_a_wallet() -> None:
    assert paid_by("platform", Unit.CREDIT) == "your credits"
    assert paid_by("platform", Unit.USDC) == "your wallet"
    assert paid_by("byok", Unit.CREDIT) == paid_by("byok", Unit.USDC) == "your own key"


@pytest.mark.slow
def test_whoever_judges_is_known_from_the_first_moment() -> None:
    """Slow: Node may take seconds to begin. Their leg would stand beside the answers, empty, until the end."""
    asked = [{"mode": mode, "models": ["a", "b"], "writer": "c"} for mode in ("judge", "blend", "compare")]
    script = (
        f"const {{ writerOf }} = await import({json.dumps((MODES / 'modes.js').as_uri())});\n"
        f"process.stdout.write(JSON.stringify({json.dumps(asked)}.map(writerOf)));"
    )
    node = Path(sys.executable).parent / "node"
    done = subprocess.run([node, "--input-type=module"], input=script, text=True, capture_output=True, check=True)
    assert json.loads(done.stdout) == [{"judge": {"model": "c", "leg": 2}}, {}, {}]
