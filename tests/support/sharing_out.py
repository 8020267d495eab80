"""How a run on several cores shares the tests out: each file to one process, and to one all that read the whole source.

Those parse two thousand files first, which each process would do again.
"""

from xdist.scheduler import LoadFileScheduling

READERS = ("tests/architecture/test_law_", "tests/architecture/test_style", "tests/architecture/test_guide_names")


class SharingOut(LoadFileScheduling):  # type: ignore[misc]  # it brings no types
    """`--dist=loadfile`, with the laws as if they were one file."""

    def _split_scope(self, nodeid: str) -> str:
        return READERS[0] if nodeid.startswith(READERS) else str(super()._split_scope(nodeid))
