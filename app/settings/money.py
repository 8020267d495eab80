"""Money: the platform's share, what people are given to try, and when earnings can be paid out."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from app.settings.values import http_address, word


class MoneySettings(BaseModel):
    """What the operator decides about money."""

    model_config = ConfigDict(frozen=True)

    fee_basis_points: int = Field(100, ge=0, le=5_000)
    trial_credits: int = Field(20, ge=0, le=100_000)
    credits: bool = True
    minimum_credits: int = Field(1, ge=1, le=1_000)
    credit_packs: str = Field("3, 10, 25, 50, 100", pattern=r"^[1-9][0-9]{0,4}(, ?[1-9][0-9]{0,4}){0,5}$")
    trials_of_address_max: int = Field(5, ge=1, le=1_000)
    earnings_pending_days: int = Field(30, ge=0, le=365)
    topup_fee_basis_points: int = Field(0, ge=0, le=2_000)
    topup_fee_cents: int = Field(0, ge=0, le=1_000)
    topup_cents_least: int = Field(300, ge=100, le=100_000)
    topup_cents_most: int = Field(1_000_000, ge=1_000, le=1_000_000)
    automatic_refund_cents_max: int = Field(2_000, ge=0, le=100_000)
    payout_units_least: int = Field(5_000_000, ge=2_000_000, le=1_000_000_000)
    payout_units_max: int = Field(500_000_000, ge=2_000_000, le=1_000_000_000_000)
    payout_day_units_max: int = Field(2_000_000_000, ge=2_000_000, le=10_000_000_000_000)
    payout_batch_units_max: int = Field(2_000_000_000, ge=2_000_000, le=10_000_000_000_000)
    stripe_key: SecretStr = SecretStr("")
    stripe_test_key: SecretStr = SecretStr("")
    stripe_api_base: str = ""

    @field_validator("stripe_key")
    @classmethod
    def _live_key(cls, secret: SecretStr) -> SecretStr:
        word(secret.get_secret_value(), ("rk_live_",), "must be a restricted key of live mode, which begins rk_live_")
        return secret

    @field_validator("stripe_test_key")
    @classmethod
    def _test_key(cls, secret: SecretStr) -> SecretStr:
        word(secret.get_secret_value(), ("rk_test_",), "must be a restricted key of test mode, which begins rk_test_")
        return secret

    @field_validator("stripe_api_base")
    @classmethod
    def _never_with_a_live_key(cls, value: str, info: ValidationInfo) -> str:
        # What is not Stripe could say that anything was paid, and would be told the key.
        if value and info.data.get("stripe_key", SecretStr("")).get_secret_value():
            raise ValueError("must not be set together with COINSLOT_STRIPE_KEY: real money is at Stripe alone")
        return http_address(value)
