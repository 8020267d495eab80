"""The columns of sums, which several tables have."""

from sqlmodel import Field, SQLModel

from app.sql.columns import Whole


class SumColumns(SQLModel):
    """The columns of `sums.Sums`, in its order."""

    requests: int = Field(sa_type=Whole)
    gross_nanos: int = Field(sa_type=Whole)
    refunds_nanos: int = Field(sa_type=Whole)
    trial_nanos: int = Field(sa_type=Whole)
    cost_nanos: int = Field(sa_type=Whole)
    fee_nanos: int = Field(sa_type=Whole)
    unknown_net_nanos: int = Field(sa_type=Whole)
    unknown_fee_nanos: int = Field(sa_type=Whole)
    input_tokens: int = Field(sa_type=Whole)
    cached_tokens: int = Field(sa_type=Whole)
    output_tokens: int = Field(sa_type=Whole)
    reasoning_tokens: int = Field(sa_type=Whole)
    also_asked: int = Field(default=0, sa_type=Whole, sa_column_kwargs={"server_default": "0"})
