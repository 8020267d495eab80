"""The server: where it keeps what it knows, how it is reached, and what a connection, a body and a queue may be."""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from app.private_files import open_private
from app.settings.values import http_address, word

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")


class ServerSettings(BaseModel):
    """What one process needs to serve."""

    model_config = ConfigDict(frozen=True)

    data: Path = Path(".coinslot")
    database_url: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("")
    limits_without_redis: Literal["open", "closed"] = "open"
    secret_key: SecretStr = SecretStr("")
    public_url: str = ""
    metrics_token: SecretStr = SecretStr("")
    proxies: int = Field(0, ge=0, le=10)
    is_demo: bool = False
    lease_seconds: float = Field(60, ge=0.5, le=3600)
    queue_operations_max: int = Field(20_000, ge=1)
    batch_operations_max: int = Field(500, ge=1, le=2_000)
    body_bytes_max: int = Field(20_000_000, ge=1_000)
    bodies_bytes_max: int = Field(80_000_000, ge=1_000)
    head_seconds_max: float = Field(15, gt=0)
    form_seconds_max: float = Field(20, gt=0)
    body_seconds_max: float = Field(60, gt=0)
    waiting_connections_max: int = Field(1_000, ge=1)
    drain_seconds_max: int = Field(30, ge=0)
    sockets_max: int = Field(2_000, ge=1)
    sockets_of_address_max: int = Field(200, ge=1)
    log_level: str = "info"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value()
        if value.startswith(("postgresql://", "postgres://")):
            return SecretStr("postgresql+psycopg://" + value.split("://", 1)[1])
        word(value, ("sqlite:///", "postgresql+psycopg://"), "must begin with sqlite:/// or postgresql://")
        return secret

    @field_validator("redis_url")
    @classmethod
    def _redis_address(cls, secret: SecretStr) -> SecretStr:
        schemes = ("redis://", "rediss://", "unix://")
        word(secret.get_secret_value(), schemes, "must begin with redis://, rediss:// or unix://")
        return secret

    @field_validator("secret_key")
    @classmethod
    def _no_empty_secret(cls, secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value()
        if value and not all(part.strip() for part in value.split(",")):
            raise ValueError("must be secrets separated by commas, none of them empty")
        return secret

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.lower() not in LOG_LEVELS:
            raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
        return value.lower()

    @field_validator("public_url")
    @classmethod
    def _public_address(cls, value: str) -> str:
        return http_address(value)

    @cached_property
    def secrets(self) -> tuple[bytes, ...]:
        """The secret keys: the first signs and encrypts, all verify and decrypt. Made where none is set."""
        if keys := self.secret_key.get_secret_value():
            return tuple(part.strip().encode() for part in keys.split(",") if part.strip())
        return (_file_secret(self.data / "secret.key"),)

    @property
    def is_secure(self) -> bool:
        """Whether pages are served over HTTPS, as the public address says."""
        return self.public_url.startswith("https://")

    def cookie(self, name: str) -> str:
        """Returns a cookie's name; over HTTPS its prefix makes browsers refuse it from anybody but this very host."""
        return f"__Host-coinslot_{name}" if self.is_secure else f"coinslot_{name}"

    @cached_property
    def database(self) -> str:
        """The SQLAlchemy URL of the database, absolute, its password in clear."""
        return self.database_url.get_secret_value() or f"sqlite:///{(self.data / 'coinslot.db').absolute()}"


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
