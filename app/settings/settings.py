"""One frozen object out of all parts, read once from COINSLOT_*: the only file that looks at the environment."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSettings

from app.settings.chains import ChainSettings
from app.settings.money import MoneySettings
from app.settings.people import PeopleSettings
from app.settings.providers import ProviderSettings
from app.settings.server import ServerSettings


class SettingsError(Exception):
    """A setting that cannot be used; the message is one line that names it, and holds no secret."""


class Settings(ServerSettings, MoneySettings, ChainSettings, ProviderSettings, PeopleSettings, BaseSettings):
    """Everything that can be configured; `use/configuration.md` lists the same names and defaults.

    Secrets are `SecretStr`: neither a log nor an error shows one.
    """

    model_config = SettingsConfigDict(env_prefix="COINSLOT_", frozen=True, extra="ignore")


_SECRETS = frozenset(name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation))
_settings: Settings | None = None
_said: Settings | None = None


def get() -> Settings:
    """Returns the settings of this process, read on first use. Raises SettingsError."""
    return _settings or configure()


def get_said() -> Settings:
    """Returns what the environment says, whatever an operator chose over it. Raises SettingsError."""
    return _said or configure()


def choose(values: Mapping[str, Any]) -> None:
    """Puts what an operator chose over what the environment says, in the place of what was chosen before.

    The values are known to be possible.
    """
    global _settings
    _settings = get_said().model_copy(update=values)


def configure(**chosen: Any) -> Settings:
    """Reads the environment again, with `chosen` (from the command line or a test) above it.

    Raises SettingsError with one line that names the setting and what is wrong with it.
    """
    global _settings, _said
    try:
        _settings = _said = Settings(**{name: value for name, value in chosen.items() if value is not None})
    except UnreadableSettings as error:
        raise SettingsError(f"{error}: {error.__cause__}") from None
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"])
        # An address may hold a password where nobody thought of one.
        is_secret = name in _SECRETS or name.startswith(("oidc", "chains")) or "@" in str(first["input"])
        got = "" if is_secret else f" (got {first['input']!r})"
        raise SettingsError(f"COINSLOT_{name.upper()}: {first['msg']}{got}") from None
    return _settings
