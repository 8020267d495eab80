"""What asks several models in this process: the way in, who speaks, and who carries it to the client."""

from dataclasses import dataclass

from app.flows.modes.carrying import PanelCarrier
from app.flows.modes.door import PanelDoor
from app.flows.modes.speaking import Patience, Speaking
from app.wiring.process import Wiring


@dataclass(frozen=True, slots=True)
class Modes:
    """The flows of requests that ask several models."""

    door: PanelDoor
    carrier: PanelCarrier
    patience: Patience


def modes_of(wired: Wiring) -> Modes:
    """Returns them, over the flows of a process's chat; they keep nothing of their own."""
    chosen, holds, legs = wired.settings, wired.holds, wired.legs
    patience = Patience(chosen.leg_seconds_max, chosen.late_leg_seconds, chosen.whole_seconds_max)
    speaking = Speaking(legs, holds, wired.carrier, wired.counter, patience)
    door = PanelDoor(wired.door, wired.standings, wired.limits, holds, legs, wired.teller, wired.counter)
    return Modes(door, PanelCarrier(speaking, holds), patience)
