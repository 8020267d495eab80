"""Money: the platform's share, what people are given to try, and when earnings can be paid out."""

from pydantic import BaseModel, ConfigDict, Field


class MoneySettings(BaseModel):
    """What the operator decides about money."""

    model_config = ConfigDict(frozen=True)

    fee_basis_points: int = Field(100, ge=0, lt=10_000)
    trial_credits: int = Field(20, ge=0, le=100_000)
    trials_of_address_max: int = Field(5, ge=1)
    earnings_pending_days: int = Field(30, ge=0)
