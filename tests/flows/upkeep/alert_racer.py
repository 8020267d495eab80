"""One process of several that charge, count and raise alerts of the same paywall at once."""

import asyncio
import tempfile
from multiprocessing.synchronize import Barrier
from pathlib import Path

from app import db, settings
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.flows.upkeep import rollups
from app.flows.upkeep.alerts import raise_alerts
from tests.support.handed import desk
from tests.support.rolled import App

NANOS_EACH, ROUNDS = 125_000_000, 10
SECONDS_MAX = 90

_start: Barrier | None = None


async def race(paywall_id: str, user: str, charges: int) -> list[str]:
    """Charges 12.5 cents again and again, and raises what is to be told now and then; returns what it mailed."""
    app, box = App(paywall_id=paywall_id), KeptMailer(clock.now)
    for number in range(charges):
        app.charge(user, NANOS_EACH)
        if number % (charges // ROUNDS) == 0:
            await rollups.count()
            await raise_alerts(desk(box))
    await rollups.count()
    await raise_alerts(desk(box))
    return [kept.mail.subject for kept in box.kept()]


def get_ready(start: Barrier) -> None:
    """Takes the line at which all processes wait for each other."""
    global _start
    _start = start


def run(url: str, paywall_id: str, user: str, charges: int) -> list[str]:
    """Races in this process, from the moment at which all are at the start; returns what it mailed."""
    with tempfile.TemporaryDirectory() as folder:
        settings.configure(data=Path(folder), database_url=url, operator_emails="op@example.org")
        assert _start is not None
        _start.wait(SECONDS_MAX)
        said = asyncio.run(race(paywall_id, user, charges))
        db.dispose()
        return said
