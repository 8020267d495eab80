"""A paywall's users are listed newest first, and those of shared paywalls are users too: whoever gave consent.

Their ids follow from paywall and external id, as those of app wallets' users do.
"""

import hashlib
import string
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_2020_users"
down_revision: str | None = "2026_11_28_1910_rollups"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ALPHABET = string.digits + string.ascii_lowercase
_FEW = 1_000


def upgrade() -> None:
    op.create_index("ix_end_user_newest", "end_user", ["paywall_id", "created_at", "id"])
    connection = op.get_bind()
    first_seen = connection.execute(
        sa.text("SELECT paywall_id, external_id, min(created_at) FROM paywall_authorization"
                " GROUP BY paywall_id, external_id").execution_options(stream_results=True)
    )  # fmt: skip
    for rows in first_seen.partitions(_FEW):
        users = [{"id": _user_id(paywall, user), "paywall": paywall, "user": user, "at": at}
                 for paywall, user, at in rows]  # fmt: skip
        connection.execute(
            sa.text("INSERT INTO end_user (id, paywall_id, external_id, created_at)"
                    " VALUES (:id, :paywall, :user, :at) ON CONFLICT DO NOTHING"), users,
        )  # fmt: skip


def _user_id(paywall_id: str, user: str) -> str:
    number = int.from_bytes(hashlib.sha256(f"{paywall_id}\x00{user}".encode()).digest()[:16])
    letters = []
    for _ in range(25):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return f"usr_{''.join(reversed(letters))}"
