"""Providers and what else is called by an address that others name: where it is, and how long it may be silent."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from app.settings.values import http_address, word


class ProviderSettings(BaseModel):
    """Whom we call, and how patiently."""

    model_config = ConfigDict(frozen=True)

    openrouter_key: SecretStr = SecretStr("")
    openrouter_base: str = "https://openrouter.ai/api/v1"
    help_model: str = ""
    upstream_url: str = ""
    upstream_key: SecretStr = SecretStr("")
    allow_private_addresses: bool = False
    own_sign_in_urls: str = ""
    connect_seconds_max: float = Field(10, gt=0)
    first_byte_seconds_max: float = Field(300, gt=0)
    silence_seconds_max: float = Field(120, gt=0)
    answer_seconds_max: float = Field(3_600, gt=0)
    comment_seconds: float = Field(15, gt=0)
    leg_seconds_max: float = Field(120, gt=0)
    late_leg_seconds: float = Field(20, gt=0)
    whole_seconds_max: float = Field(55, gt=0)
    panel_seconds_max: float = Field(600, gt=0)
    mesh_seconds_max: float = Field(120, gt=0)
    webhook_seconds_max: float = Field(10, gt=0, le=60)
    webhook_retry_seconds: float = Field(30, gt=0)

    @field_validator("upstream_url", "openrouter_base")
    @classmethod
    def _provider_address(cls, value: str) -> str:
        return http_address(value)

    @field_validator("own_sign_in_urls")
    @classmethod
    def _token_addresses(cls, value: str) -> str:
        for address in _listed(value):
            word(address, ("https://", "http://127.0.0.1"), "must be https addresses, separated by commas")
        return value

    @property
    def token_urls(self) -> Mapping[str, str]:
        """Where sign-ins of people's own may be renewed, each with the client id that we have there, if any."""
        return _listed(self.own_sign_in_urls)

    @property
    def has_provider_key(self) -> bool:
        """Whether the operator has a provider's key of their own, for paywalls without one."""
        return bool(self.openrouter_key.get_secret_value() or self.upstream_key.get_secret_value())

    @property
    def has_help_model(self) -> bool:
        """Whether a model words the answers of the help, with the operator's key."""
        return bool(self.help_model and self.openrouter_key.get_secret_value())

    @property
    def syncs_catalogue(self) -> bool:
        """Whether the provider's list of models is read: only where the operator named one, or has its key."""
        return bool(self.openrouter_key.get_secret_value()) or "openrouter_base" in self.model_fields_set


def _listed(text: str) -> dict[str, str]:
    """Reads `https://host/token client-id, https://other/token`."""
    parts = (entry.split() for entry in text.split(",") if entry.strip())
    return {address: " ".join(client) for address, *client in parts}
