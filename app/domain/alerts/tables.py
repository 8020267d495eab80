"""Rules by which alerts are raised, and the alerts."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words, one_of


class AlertKind(StrEnum):
    """What an alert is about."""

    SPEND = "spend"
    """What users are charged in a month comes near the amount that their developer chose, or is beyond it."""
    PROVIDER_REFUSED = "provider_refused"
    """A provider refuses the paywall's key."""
    WEBHOOK_FAILING = "webhook_failing"
    """Deliveries to an endpoint of the developer's do not arrive."""
    ROLLUPS_BEHIND = "rollups_behind"
    """Requests that ended are not in the numbers of the pages yet."""


class AlertRule(SQLModel, table=True):
    """The amount, in nanos of the paywall's unit, which charges of a month are told against."""

    __tablename__ = "alert_rule"
    __table_args__ = (CheckConstraint("monthly_nanos > 0", name="monthly_positive"), STRICT)

    paywall_id: str = Field(primary_key=True, sa_type=Words, foreign_key="paywall.id")
    monthly_nanos: int = Field(sa_type=Whole)
    changed_at: int = Field(sa_type=Whole)


class Alert(SQLModel, table=True):
    """One thing that was told, at one `threshold` (per cent) of one `period`; its id follows from these.

    `subject` is what exactly it is about: an amount, a provider, an endpoint. `detail` says it in a sentence. When its
    mails were stored, or those of a newer alert of the same thing that tell of both, is `mailed_at`.
    """

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint("kind IN ('spend', 'provider_refused', 'webhook_failing', 'rollups_behind')",
                        name="known_kind"),
        Index("ix_alert_paywall", "paywall_id", "raised_at"),
        Index("ix_alert_unmailed", "raised_at", sqlite_where=text("mailed_at IS NULL"),
              postgresql_where=text("mailed_at IS NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words, foreign_key="paywall.id")
    kind: AlertKind = Field(sa_type=one_of(AlertKind))
    subject: str = Field(sa_type=Words)
    threshold: int = Field(sa_type=Whole)
    period: str = Field(sa_type=Words)
    title: str = Field(sa_type=Words)
    detail: str = Field(sa_type=Words)
    raised_at: int = Field(sa_type=Whole)
    mailed_at: int | None = Field(default=None, sa_type=Whole)


class AlertMail(SQLModel, table=True):
    """A mail of an alert to one address, until it is sent; who sends it has it until `next_at`."""

    __tablename__ = "alert_mail"
    __table_args__ = (
        Index("ix_alert_mail_unsent", "next_at", sqlite_where=text("sent_at IS NULL"),
              postgresql_where=text("sent_at IS NULL")),
        STRICT,
    )  # fmt: skip

    alert_id: str = Field(primary_key=True, sa_type=Words, foreign_key="alert.id")
    address: str = Field(primary_key=True, sa_type=Words)
    tries: int = Field(sa_type=Whole)
    next_at: int = Field(sa_type=Whole)
    sent_at: int | None = Field(default=None, sa_type=Whole)


class KeptMail(SQLModel, table=True):
    """A mail to one address, stored with what it tells, until it is sent; who sends it has it until `next_at`."""

    __tablename__ = "kept_mail"
    __table_args__ = (
        Index("ix_kept_mail_unsent", "next_at", sqlite_where=text("sent_at IS NULL"),
              postgresql_where=text("sent_at IS NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    address: str = Field(sa_type=Words)
    subject: str = Field(sa_type=Words)
    text: str = Field(sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    tries: int = Field(sa_type=Whole)
    next_at: int = Field(sa_type=Whole)
    sent_at: int | None = Field(default=None, sa_type=Whole)
