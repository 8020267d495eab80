"""What the page of an instance's settings shows, ready to be read: each with its value, and where that comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.db import Session
from app.domain.instance import choices
from app.domain.instance.choices import CHOICES, Choice, Chosen, Form, Value
from app.domain.people.accounts import read_account
from app.web.frame.format import utc

_UNITS = {Form.PERCENT: "%", Form.DOLLARS: "$", Form.USDC: "USDC", Form.CREDITS: "credits", Form.DAYS: "days",
          Form.PEOPLE: "people", Form.WORDS: "", Form.PACKS: "dollars"}  # fmt: skip


@dataclass(frozen=True)
class SettingRow:
    """A setting: `shown` is its value as people read it, `written` as its field holds it."""

    name: str = ""
    title: str = ""
    does: str = ""
    shown: str = ""
    written: str = ""
    unit: str = ""
    source: str = ""
    bounds: str = ""
    is_chosen: bool = False


@dataclass(frozen=True)
class SettingsPage:
    """Everything on the page."""

    rows: list[SettingRow] = field(default_factory=list)


def read_settings_page(session: Session, said: Mapping[str, Value]) -> SettingsPage:
    """Reads what is chosen, beside what the environment `said`."""
    chosen = {one.name: one for one in choices.read_chosen(session)}
    return SettingsPage([_row(session, choice, said[name], chosen.get(name)) for name, choice in CHOICES.items()])


def _row(session: Session, choice: Choice, said: Value, chosen: Chosen | None) -> SettingRow:
    value, source = said, "As the environment says."
    if chosen is not None:
        value = chosen.value
        who = read_account(session, chosen.changed_by).name
        source = f"{who}, {utc(chosen.changed_at)}. The environment says {choices.say(choice, said)}."
    return SettingRow(
        name=choice.name,
        title=choice.title,
        does=choice.does,
        shown=choices.say(choice, value),
        written=choices.write(choice, value),
        unit=_UNITS[choice.form],
        source=source,
        bounds=choices.bounds(choice),
        is_chosen=chosen is not None,
    )
