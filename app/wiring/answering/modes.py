"""What asks several models in this process: the way in, who speaks, and who carries it to the client."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from app.flows.modes.carrying import PanelCarrier
from app.flows.modes.door import PanelDoor
from app.flows.modes.speaking import Patience, Speaking
from app.flows.talk.running import RunningPanels
from app.wiring.process import Wiring


@dataclass(frozen=True, slots=True)
class Modes:
    """The flows of requests that ask several models; `running` are those that are answered now."""

    door: PanelDoor
    speaking: Speaking
    carrier: PanelCarrier
    running: RunningPanels


_RUNNING: WeakKeyDictionary[Wiring, RunningPanels] = WeakKeyDictionary()
"""By the process that answers them."""


def modes_of(wired: Wiring) -> Modes:
    """Returns them, over the flows of a process's chat."""
    chosen, holds, legs = wired.settings, wired.holds, wired.legs
    patience = Patience(
        chosen.leg_seconds_max, chosen.late_leg_seconds, chosen.whole_seconds_max, chosen.panel_seconds_max
    )
    speaking = Speaking(legs, holds, wired.carrier, wired.counter, patience)
    door = PanelDoor(wired.door, wired.standings, wired.limits, holds, legs, wired.teller, wired.counter)
    return Modes(door, speaking, PanelCarrier(speaking, holds), _RUNNING.setdefault(wired, RunningPanels()))
