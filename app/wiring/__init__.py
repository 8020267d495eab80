"""What there is in this process: an adapter for each port, the flows that live as long as it, its begin and its end."""

from app.wiring.lifetime import running as running
from app.wiring.lifetime import working as working
from app.wiring.process import Wiring as Wiring
from app.wiring.process import get as get
from app.wiring.process import replace as replace
