"""What we write into Stripe's metadata: texts by names of ours, at most 50 of 500 characters each, so that any fits."""

from collections.abc import Mapping

from app.ports.payments import Marks, TopupKind

_INSTANCE, TOPUP, _ACCOUNT = "coinslot_instance", "coinslot_topup", "coinslot_account"
_PAID, _CREDITED = "coinslot_paid_cents", "coinslot_credited_nanos"
_KIND, _MONTH, _N = "coinslot_kind", "coinslot_month", "coinslot_n"
REFUND = "coinslot_refund"
"""Which refund of ours a refund at Stripe is."""


def written(marks: Marks) -> dict[str, str]:
    """Returns marks as metadata."""
    return {
        _INSTANCE: marks.instance,
        TOPUP: marks.topup_id,
        _ACCOUNT: marks.account_id,
        _PAID: str(marks.paid_cents),
        _CREDITED: str(marks.credited_nanos),
        _KIND: marks.kind.value,
        **({_MONTH: marks.month, _N: str(marks.n)} if marks.month else {}),
    }


def instance_of(metadata: Mapping[str, object]) -> str | None:
    """Returns which instance's marks metadata is, None where it is nobody's of ours."""
    found = metadata.get(_INSTANCE)
    return found if isinstance(found, str) and found else None


def marks_of(metadata: Mapping[str, str]) -> Marks | None:
    """Returns the marks in metadata, None where there are none or where somebody has spoilt them."""
    try:
        return Marks(
            instance=metadata[_INSTANCE],
            topup_id=metadata[TOPUP],
            account_id=metadata[_ACCOUNT],
            paid_cents=int(metadata[_PAID]),
            credited_nanos=int(metadata[_CREDITED]),
            kind=TopupKind(metadata.get(_KIND, TopupKind.CHECKOUT.value)),
            month=metadata.get(_MONTH, ""),
            n=int(metadata.get(_N, "0")),
        )
    except (KeyError, ValueError):
        return None
