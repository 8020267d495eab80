"""How a run on several cores shares the tests out: each file to one process, and to one all that read the whole source.

Those parse two thousand files first, which each process would do again. Journeys begin in every second process: a
browser keeps more than one core busy while a page loads, and four of them at once keep each other waiting.
"""

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

READERS = ("tests/architecture/test_law_", "tests/architecture/test_style", "tests/architecture/test_guide_names")
JOURNEYS = "tests/journeys/"


class SharingOut(LoadFileScheduling):  # type: ignore[misc]  # it brings no types
    """`--dist=loadfile`, with the laws as if they were one file, and with journeys apart for as long as there are."""

    def _split_scope(self, nodeid: str) -> str:
        return READERS[0] if nodeid.startswith(READERS) else str(super()._split_scope(nodeid))

    def _assign_work_unit(self, node: WorkerController) -> None:
        has_journeys = list(self.assigned_work).index(node) % 2 == 0
        fitting = (scope for scope in self.workqueue if scope.startswith(JOURNEYS) is has_journeys)
        if (chosen := next(fitting, None)) is not None:
            self.workqueue.move_to_end(chosen, last=False)
        super()._assign_work_unit(node)
