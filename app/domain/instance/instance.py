"""Which instance this is: what it makes at a rail carries its id, so that another one's is never taken for ours."""

from sqlalchemy.orm import Session

from app.domain.instance.tables import Instance


def read_id(session: Session) -> str:
    """Returns this instance's id, the same for as long as its database lives."""
    stored: Instance = session.get_one(Instance, 1)
    return stored.id
