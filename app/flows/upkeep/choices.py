"""What an operator chooses while the instance runs: each change logged with what was before, and followed by all."""

from collections.abc import Mapping

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.instance import choices
from app.domain.instance.choices import Value
from app.domain.operators.operators import Operator, note_change
from app.domain.turns import take_turns

log = structlog.get_logger()


async def choose(operator: Operator, name: str, typed: str | None, said: Mapping[str, Value]) -> bool:
    """Chooses what was typed for a setting; None leaves it to the environment, which `said` everything.

    False where that is what it was. Raises NotFound, BadField in words for people.
    """
    choice = choices.find(name)
    wanted = None if typed is None else choices.parse(choice, typed)

    def write(session: Session) -> bool:
        take_turns(session, "choices")  # of two that bound each other both are looked at
        chosen = {one.name: one.value for one in choices.read_chosen(session)}
        if chosen.get(name) == wanted:
            return False
        now = {**said, **chosen}
        after = {**now, name: said[name] if wanted is None else wanted}
        choices.check_order(after)
        choices.keep(session, name, wanted, operator.account_id)
        what = {"was": choices.say(choice, now[name]), "is": choices.say(choice, after[name])}
        note_change(session, operator, choice.title, what)
        return True

    is_changed = await db.in_transaction(write, writes=True)
    log.info("choice", setting=name, changed=is_changed, by=operator.account_id)
    return is_changed


async def read() -> Mapping[str, Value]:
    """Returns what is chosen now, by name."""
    found = await db.in_transaction(choices.read_chosen)
    return {one.name: one.value for one in found}
