"""Chains on which a dollar token comes in and goes out: whom to ask, and the two keys that sign."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class ChainSetting(BaseModel):
    """A chain: `name` is one that is shipped (polygon, amoy), whose values stand where none are given, or a new one.

    `rpc_urls` often hold a key. A key is 64 hexadecimal digits, or an encrypted file that `key_password` opens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=r"^[A-Za-z0-9 -]{1,30}$")
    rpc_urls: tuple[SecretStr, ...] = Field(min_length=1)
    treasury_key: SecretStr = SecretStr("")
    treasury_key_file: Path | None = None
    gas_key: SecretStr = SecretStr("")
    gas_key_file: Path | None = None
    key_password: SecretStr = SecretStr("")
    id: int | None = Field(None, gt=0)
    token: str | None = None
    token_name: str | None = None
    token_version: str | None = None
    multicall: str | None = None
    is_test: bool | None = None
    explorer_url: str | None = None
    bridged_token: str | None = None
    nodes_min: int | None = Field(None, ge=1)
    finality_blocks: int | None = Field(None, ge=1)
    first_block: int | None = Field(None, ge=0)
    log_blocks_max: int | None = Field(None, ge=1)
    tip_wei_min: int | None = Field(None, ge=0)
    fee_wei_max: int | None = Field(None, ge=1)
    head_seconds_max: int | None = Field(None, ge=1)
    code_hashes: tuple[tuple[str, str], ...] | None = None

    @field_validator("rpc_urls")
    @classmethod
    def _addresses(cls, urls: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(url.get_secret_value().startswith(("http://", "https://")) for url in urls):
            raise ValueError("must each begin with http:// or https://")
        return urls

    @model_validator(mode="after")
    def _both_keys_once(self) -> "ChainSetting":
        for key, file in ((self.treasury_key, self.treasury_key_file), (self.gas_key, self.gas_key_file)):
            if bool(key.get_secret_value()) == (file is not None):
                raise ValueError("needs a treasury and a gas key, each either in clear or as a file")
        return self


class ChainSettings(BaseModel):
    """The chains of this instance, none unless some are named."""

    model_config = ConfigDict(frozen=True)

    chains: tuple[ChainSetting, ...] = ()

    @field_validator("chains")
    @classmethod
    def _each_once(cls, chains: tuple[ChainSetting, ...]) -> tuple[ChainSetting, ...]:
        if len({chain.name for chain in chains}) < len(chains):
            raise ValueError("names a chain twice")
        return chains
