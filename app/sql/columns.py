"""Column types and table options that every table shares, the same on SQLite and PostgreSQL.

Amounts and times are BIGINT, text is TEXT, and SQLite tables are STRICT, so that neither database
stores what the other would refuse.
"""

import json
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import BigInteger, Integer, LargeBinary, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import SQLModel

STRICT = {"sqlite_strict": True}
"""The last member of every `__table_args__`."""

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Whole(TypeDecorator[int]):
    """A 64-bit integer; SQLite needs its own word for one."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Integer() if dialect.name == "sqlite" else BigInteger()


class Octets(LargeBinary):
    """Bytes of any length."""


class Words(Text):
    """Text of any length."""


_write_any = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def _write_json(value: Any) -> str:
    """Writes JSON; what orjson refuses, such as half a surrogate pair, is left to the standard library."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return _write_any(value)


class Json(TypeDecorator[Any]):
    """JSON kept as text, so that a receipt is read back to the byte as it was written."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        # Half a surrogate pair, which JSON from outside may hold, has no UTF-8; what replaces it is its JSON escape.
        written = _write_json(value)
        return written if written.isascii() else written.encode(errors="backslashreplace").decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class OneOf(TypeDecorator[StrEnum]):
    """One of the members of an enum, kept as its text; a read returns the member."""

    impl = Words
    cache_ok = True
    kind: type[StrEnum]

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        return value.value if isinstance(value, StrEnum) else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.kind(value)


def one_of(kind: type[StrEnum]) -> type[TypeDecorator[Any]]:
    """Returns the type of a column that holds a member of an enum."""
    return type(f"OneOf{kind.__name__}", (OneOf,), {"kind": kind, "cache_ok": True})


def table_of(model: type[SQLModel]) -> Table:
    """Returns the table of a model, for statements that name its columns."""
    return model.__table__  # type: ignore[attr-defined,no-any-return]
