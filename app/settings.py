"""Settings: read once from COINSLOT_*, checked, frozen. The only file that looks at the environment."""

from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSettings

from app.private_files import open_private

_SECRET_ENDS = ("_KEY", "_TOKEN", "SMTP_URL", "DATABASE_URL", "REDIS_URL")
LOG_LEVELS = ("debug", "info", "warning", "error", "critical")


class SettingsError(Exception):
    """A setting that cannot be used; the message is one line that names it."""


class OidcIssuer(BaseModel):
    """An OIDC provider to sign in with. `trusts_email`: its verified addresses count as proven (`decisions.md` 29)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9-]{1,30}$")
    label: str = Field(min_length=1, max_length=40)
    issuer: str = Field(pattern=r"^https?://")
    client_id: str = Field(min_length=1)
    client_secret: str = ""
    trusts_email: bool = False


class Settings(BaseSettings):
    """Everything that can be configured. `use/configuration.md` lists the same names and defaults."""

    model_config = SettingsConfigDict(env_prefix="COINSLOT_", frozen=True, extra="ignore")

    data: Path = Path(".coinslot")
    database_url: str = ""
    redis_url: str = ""
    limits_without_redis: Literal["open", "closed"] = "open"
    secret_key: str = ""
    public_url: str = ""
    openrouter_key: str = ""
    openrouter_base: str = "https://openrouter.ai/api/v1"
    upstream_url: str = ""
    upstream_key: str = ""
    metrics_token: str = ""
    operator_emails: str = ""
    support_email: str = ""
    smtp_url: str = ""
    mail_from: str = ""
    oidc: tuple[OidcIssuer, ...] = ()
    proxies: int = Field(0, ge=0, le=10)
    fee_basis_points: int = Field(100, ge=0, lt=10_000)
    is_demo: bool = False
    trial_credits: int = Field(20, ge=0, le=100_000)
    trials_of_address_max: int = Field(5, ge=1)
    earnings_pending_days: int = Field(30, ge=0)
    allow_private_addresses: bool = False
    lease_seconds: float = Field(60, ge=0.5, le=3600)
    queue_operations_max: int = Field(20_000, ge=1)
    batch_operations_max: int = Field(500, ge=1, le=2_000)
    body_bytes_max: int = Field(20_000_000, ge=1_000)
    head_seconds_max: float = Field(15, gt=0)
    form_seconds_max: float = Field(20, gt=0)
    body_seconds_max: float = Field(60, gt=0)
    waiting_connections_max: int = Field(1_000, ge=1)
    connect_seconds_max: float = Field(10, gt=0)
    first_byte_seconds_max: float = Field(300, gt=0)
    silence_seconds_max: float = Field(120, gt=0)
    comment_seconds: float = Field(15, gt=0)
    drain_seconds_max: int = Field(30, ge=0)
    webhook_seconds_max: float = Field(10, gt=0, le=60)
    webhook_retry_seconds: float = Field(30, gt=0)
    sockets_max: int = Field(2_000, ge=1)
    sockets_of_address_max: int = Field(200, ge=1)
    log_level: str = "info"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value.startswith(("postgresql://", "postgres://")):
            return "postgresql+psycopg://" + value.split("://", 1)[1]
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_address(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.lower() not in LOG_LEVELS:
            raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
        return value.lower()

    @field_validator("secret_key")
    @classmethod
    def _no_empty_secret(cls, value: str) -> str:
        if value and not all(part.strip() for part in value.split(",")):
            raise ValueError("must be secrets separated by commas, none of them empty")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp_address(cls, value: str) -> str:
        if value and not value.startswith(("smtp://", "smtps://")):
            raise ValueError("must begin with smtp:// or smtps://")
        return value

    @field_validator("public_url", "upstream_url", "openrouter_base")
    @classmethod
    def _http_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @cached_property
    def secrets(self) -> tuple[bytes, ...]:
        """The secret keys: the first signs and encrypts, all verify and decrypt. Made where none is set."""
        if self.secret_key:
            return tuple(part.strip().encode() for part in self.secret_key.split(",") if part.strip())
        return (_file_secret(self.data / "secret.key"),)

    @property
    def syncs_catalogue(self) -> bool:
        """Whether the provider's list of models is read: only where the operator named one, or has its key."""
        return bool(self.openrouter_key) or "openrouter_base" in self.model_fields_set

    @property
    def is_secure(self) -> bool:
        """Whether pages are served over HTTPS, as the public address says."""
        return self.public_url.startswith("https://")

    def cookie(self, name: str) -> str:
        """Returns a cookie's name; over HTTPS its prefix makes browsers refuse it from anybody but this very host."""
        return f"__Host-coinslot_{name}" if self.is_secure else f"coinslot_{name}"

    @cached_property
    def operators(self) -> frozenset[str]:
        """The addresses whose accounts are operators, in lower case."""
        return frozenset(part.strip().lower() for part in self.operator_emails.split(",") if part.strip())

    @cached_property
    def database(self) -> str:
        """The SQLAlchemy URL of the database, absolute."""
        return self.database_url or f"sqlite:///{(self.data / 'coinslot.db').absolute()}"


def _file_secret(path: Path) -> bytes:
    """Reads the instance's own secret, making it (mode 600) at the first start."""
    import secrets

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with open_private(path, "x") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return path.read_text().strip().encode()


_settings: Settings | None = None


def get() -> Settings:
    """Returns the settings of this process, read on first use. Raises SettingsError."""
    return _settings or configure()


def configure(**chosen: Any) -> Settings:
    """Reads the environment again, with `chosen` (from the command line or a test) above it.

    Raises SettingsError with one line that names the setting and what is wrong with it.
    """
    global _settings
    try:
        _settings = Settings(**{name: value for name, value in chosen.items() if value is not None})
    except UnreadableSettings as error:
        raise SettingsError(f"{error}: {error.__cause__}") from None
    except ValidationError as error:
        first = error.errors()[0]
        name = "COINSLOT_" + "_".join(str(part) for part in first["loc"]).upper()
        got = "" if name.endswith(_SECRET_ENDS) or "OIDC" in name else f" (got {first['input']!r})"
        raise SettingsError(f"{name}: {first['msg']}{got}") from None
    return _settings
