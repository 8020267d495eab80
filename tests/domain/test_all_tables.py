"""No table is forgotten: migrations see each one that a room declares."""

import importlib
import pkgutil
from collections.abc import Iterator

from sqlmodel import SQLModel

import app.domain
from app.domain.all_tables import METADATA, ONE_OF_EACH_FILE
from app.sql.columns import table_of

MODULES = [
    module.name
    for module in pkgutil.walk_packages(app.domain.__path__, "app.domain.")
    if module.name.count(".") == 3 and module.name.endswith(".tables")
]


def models() -> Iterator[type[SQLModel]]:
    """Every table that stands in a `tables.py` of a room, asked of the modules and not of the metadata."""
    for name in MODULES:
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and issubclass(value, SQLModel) and value.__module__ == name:
                yield value


def test_every_table_of_every_room_is_in_the_metadata() -> None:
    declared = {table_of(model) for model in models()}
    assert len(declared) >= len(MODULES)
    assert declared == set(METADATA.tables.values())


def test_each_file_of_tables_is_imported_by_name() -> None:
    """Without this import a process that only migrates would not see the file's tables."""
    assert sorted(model.__module__ for model in ONE_OF_EACH_FILE) == sorted(MODULES)


def test_every_table_has_a_key() -> None:
    assert [table.name for table in METADATA.tables.values() if not list(table.primary_key)] == []
