"""A section's passages are its paragraphs, items and rows, with the code that belongs to them."""

from app.flows.help.passages import passages_of

TEXT = """A paragraph that is long enough to stand for itself, over
two lines of text.

```sh
curl x

curl y
```

- **One** item that is long enough to stand for itself as evidence of something.
- Another item that is long enough to stand for itself as evidence of something.

| name | what |
|---|---|
| `A` | a row that is long enough to stand for itself as evidence of something |
"""


def test_paragraphs_items_and_rows_are_passages() -> None:
    paragraph, one, another, row = passages_of(TEXT)
    assert paragraph.startswith("A paragraph") and paragraph.endswith("curl x\n\ncurl y\n```")
    assert one.startswith("- **One**") and another.startswith("- Another")
    assert row == "| name | what |\n| `A` | a row that is long enough to stand for itself as evidence of something |"


def test_a_section_of_nothing_has_one_passage() -> None:
    assert passages_of("") == [""]
