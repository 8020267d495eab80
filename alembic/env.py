"""Runs migrations on the connection that app/db.py hands over; nothing else calls Alembic."""

from alembic import context

from app.domain.all_tables import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, transaction_per_migration=False
)
context.run_migrations()
