"""People: who runs the instance, how mails leave it, and who else may say who somebody is."""

from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from app.settings.values import addresses, word

ANYONE, OPERATORS = "anyone", "operators"
"""Who may create paywalls, where no addresses are named."""


class OidcIssuer(BaseModel):
    """An OIDC provider to sign in with. `trusts_email`: its verified addresses count as proven (`decisions.md` 29)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=r"^[a-z0-9-]{1,30}$")
    label: str = Field(min_length=1, max_length=40)
    issuer: str = Field(pattern=r"^https?://")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")
    trusts_email: bool = False


class PeopleSettings(BaseModel):
    """Who is who, and how they are written to."""

    model_config = ConfigDict(frozen=True)

    operator_emails: str = ""
    developers: str = "operators"
    legal_name: str = ""
    support_email: str = ""
    smtp_url: SecretStr = SecretStr("")
    mail_from: str = ""
    oidc: tuple[OidcIssuer, ...] = ()

    @field_validator("smtp_url")
    @classmethod
    def _smtp_address(cls, secret: SecretStr) -> SecretStr:
        word(secret.get_secret_value(), ("smtp://", "smtps://"), "must begin with smtp:// or smtps://")
        return secret

    @field_validator("developers")
    @classmethod
    def _who_makes_paywalls(cls, text: str) -> str:
        named = addresses(text)
        if text not in (ANYONE, OPERATORS) and not (named and all("@" in part for part in named)):
            raise ValueError(f"must be {ANYONE}, {OPERATORS} or addresses, comma separated")
        return text

    @property
    def merchant(self) -> str:
        """Who charges saved cards, as consents name them."""
        return self.legal_name or "whoever runs this site"

    @cached_property
    def developer_emails(self) -> frozenset[str]:
        """The addresses whose accounts may create paywalls, in lower case; none where the setting names none."""
        return addresses(self.developers) - {ANYONE, OPERATORS}

    @cached_property
    def operators(self) -> frozenset[str]:
        """The addresses whose accounts are operators, in lower case."""
        return addresses(self.operator_emails)
