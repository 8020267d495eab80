"""What must hold of what was taken back: rows, postings, freezes and lots say the same."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import parse
from app.domain.ledger.invariants import Finding, Progress, read_by_key
from app.domain.money import nanos_of_cents

_TAKEBACKS = text("""
    SELECT k.topup_id AS id, t.account_id, t.credited_nanos, sum(k.refunds_nanos) AS refunds,
        sum(k.wallet_nanos) AS wallet, sum(k.disputes_nanos) AS disputes,
        (SELECT coalesce(sum(CASE WHEN r.reason = 'warning' THEN 0 ELSE r.credited_nanos END), 0) FROM refund r
            WHERE r.topup_id = k.topup_id AND r.payment_id = t.payment_id AND r.status <> 'failed') AS refunded,
        (SELECT coalesce(sum(CASE WHEN r.reason = 'warning' THEN r.credited_nanos ELSE 0 END), 0) FROM refund r
            WHERE r.topup_id = k.topup_id AND r.payment_id = t.payment_id AND r.status <> 'failed') AS warned,
        (SELECT coalesce(sum(d.amount_cents), 0) FROM dispute d WHERE d.topup_id = k.topup_id AND d.funds = 'out')
            AS out
    FROM takeback k JOIN topup t ON t.id = k.topup_id
    WHERE k.topup_id > :after AND k.topup_id IN (
        SELECT DISTINCT topup_id FROM takeback WHERE topup_id > :after ORDER BY topup_id LIMIT :limit
    )
    GROUP BY k.topup_id, t.account_id, t.credited_nanos, t.payment_id ORDER BY k.topup_id
""")
_POSTED = text("""
    SELECT k.topup_id || ':' || k.n AS id, k.wallet_nanos + k.disputes_nanos AS wanted, coalesce((
        SELECT sum(CASE WHEN l.debit_account_id = t.account_id THEN l.amount ELSE 0 END)
            - sum(CASE WHEN l.credit_account_id = t.account_id THEN l.amount ELSE 0 END)
        FROM ledger_transfer l WHERE l.posting_id = 'takeback:' || k.topup_id || ':' || k.n
            AND l.type IN ('refund', 'chargeback')), 0) AS posted
    FROM takeback k JOIN topup t ON t.id = k.topup_id
    WHERE k.topup_id || ':' || k.n > :after ORDER BY k.topup_id || ':' || k.n LIMIT :limit
""")
_TRANSITS = text("""
    SELECT r.id, r.transit_nanos, coalesce(a.posted, 0) AS posted FROM refund r
    LEFT JOIN ledger_account a ON a.id = r.account_id
    WHERE r.reason IN ('developer', 'user', 'warning') AND r.transit_nanos <> coalesce(a.posted, 0)
""")
_FREEZES = text("""
    SELECT w.id FROM (
        SELECT id, frozen_at FROM wallet UNION ALL SELECT id, frozen_at FROM shared_wallet
    ) w WHERE (w.frozen_at IS NOT NULL) <> EXISTS (SELECT 1 FROM wallet_freeze f WHERE f.wallet_id = w.id)
""")
_LOTS = text("""
    SELECT b.wallet_id AS id, b.debt_nanos, b.transfer_id, s.account_id,
        coalesce((SELECT sum(l.amount_nanos - l.spent_nanos - l.back_nanos - l.covered_nanos) FROM lot l
            WHERE l.wallet_id = b.wallet_id), 0) AS there,
        coalesce((SELECT sum(t.amount) FROM ledger_transfer t
            WHERE t.credit_account_id = s.account_id AND t.id <= b.transfer_id), 0)
        - coalesce((SELECT sum(t.amount) FROM ledger_transfer t
            WHERE t.debit_account_id = s.account_id AND t.id <= b.transfer_id), 0) AS balance
    FROM wallet_lots b JOIN shared_wallet s ON s.id = b.wallet_id
    WHERE b.wallet_id > :after ORDER BY b.wallet_id LIMIT :limit
""")
_EARNINGS = text("""
    SELECT e.source AS id, sum(e.amount_nanos - e.returned_nanos) AS taken FROM earnings_takeback e
    WHERE e.source LIKE 'wallet:%' GROUP BY e.source ORDER BY e.source
""")
_MOVED = text("""
    SELECT coalesce(sum(CASE WHEN l.type = 'earnings_taken_back' THEN l.amount ELSE -l.amount END), 0)
    FROM ledger_transfer l WHERE l.posting_id IN (
        SELECT p.id FROM ledger_posting p WHERE p.id >= :first AND p.id < :last)
""")


def check_all(session: Session, progress: Progress) -> Iterator[Finding]:
    """Yields what is broken, in constant memory; on the snapshot that the ledger was checked on."""
    progress("takebacks", 0)
    for row in read_by_key(session, _TAKEBACKS, "takeback", _nobody):
        unit = parse(row["account_id"]).unit
        refunds = min(row["refunded"], row["credited_nanos"])
        disputes = min(row["warned"] + nanos_of_cents(int(row["out"]), unit), row["credited_nanos"] - refunds)
        if (row["refunds"], row["disputes"]) != (refunds, disputes) or not 0 <= row["wallet"] <= row["refunds"]:
            message = (
                f"Of {row['id']} refunds took {row['refunds']} nanos, {row['wallet']} from the wallet, and disputes"
                f" {row['disputes']}; they come to {refunds} and {disputes}."
            )
            yield Finding("takeback", row["id"], message)
    for row in read_by_key(session, _POSTED, "takeback", _nobody):
        if row["wanted"] != row["posted"]:
            message = f"takeback:{row['id']} took {row['posted']} nanos from the wallet, not {row['wanted']}."
            yield Finding("takeback", row["id"], message)
    progress("takebacks", 0.5)
    for row in session.execute(_TRANSITS).mappings():
        message = f"{row['id']} has {row['posted']} nanos on their way, and its row says {row['transit_nanos']}."
        yield Finding("refund", row["id"], message)
    for row in session.execute(_FREEZES).mappings():
        yield Finding("freeze", row["id"], f"{row['id']} is frozen for no reason, or is not in spite of one.")
    for row in read_by_key(session, _LOTS, "wallet_lots", _nobody):
        if row["there"] - row["debt_nanos"] != row["balance"]:
            message = (
                f"The lots of {row['id']} have {row['there']} nanos and it owes {row['debt_nanos']},"
                f" but up to transfer {row['transfer_id']} it had {row['balance']}."
            )
            yield Finding("lots", row["id"], message)
    for row in session.execute(_EARNINGS).mappings().all():
        prefix = f"earnings_back:{row['id'].removeprefix('wallet:')}"
        moved = session.execute(_MOVED, {"first": f"{prefix}:", "last": f"{prefix};"}).scalar_one()
        if moved != row["taken"]:
            message = f"{row['taken']} nanos of earnings answer for {row['id']}, and {moved} were posted."
            yield Finding("earnings", row["id"], message)
    progress("takebacks", 1)


def _nobody(_share: float) -> None:
    return
