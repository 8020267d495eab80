"""This Python's SQLite has what the help stands on."""

from app.sql.full_text import has_full_text, open_full_text


def test_full_text_is_there_and_each_database_is_its_own() -> None:
    assert has_full_text()
    one, another = open_full_text(), open_full_text()
    one.execute("CREATE VIRTUAL TABLE tried USING fts5(text)")
    another.execute("CREATE VIRTUAL TABLE tried USING fts5(text)")
    one.execute("INSERT INTO tried VALUES ('wallets')")
    assert one.execute("SELECT count(*) FROM tried").fetchone() == (1,)
    assert another.execute("SELECT count(*) FROM tried").fetchone() == (0,)
    one.close()
    another.close()
