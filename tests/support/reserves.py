"""What a running instance publishes of its reserves, once it agrees with the books."""

from decimal import Decimal
from typing import Any

import httpx

from tests.support.waiting import wait_until


def agreed_reserves(base_url: str, held: str) -> dict[str, Any]:
    """Returns the one report of an instance when its one chain holds so much, as the books say.

    Fails unless all that is held is what is owed and the operator's own, to 10⁻⁹.
    """

    def reports() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{base_url}/reserves.json").json()["reports"]
        return found

    # A job compares them every fifteen seconds.
    wait_until(lambda: [chain["held"] for report in reports() for chain in report["chains"]] == [held], 0.25)
    (report,) = reports()
    (chain,) = report["chains"]
    assert (chain["held"], chain["booked"], chain["difference"]) == (held, held, "0")
    for unit in report["units"].values():
        amounts = {name: Decimal(unit[name]) for name in ("owed_in_all", "on_chain", "stated_by_us", "operator")}
        assert sum(Decimal(amount) for amount in unit["owed"].values()) == amounts["owed_in_all"]
        assert amounts["on_chain"] + amounts["stated_by_us"] == amounts["owed_in_all"] + amounts["operator"]
    return report
