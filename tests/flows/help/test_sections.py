"""Pages are cut at their headings, and nowhere else."""

from app.flows.help.sections import cut, plain

PAGE = """# Connect `Stripe`

Before.

```sh
# no heading
curl x
```

## Test mode

One.

### Test mode

Two.

## Webhooks, [what else](x.md) ##
"""


def test_a_page_is_cut_at_its_headings_and_not_in_its_code() -> None:
    page = cut("stripe", PAGE)
    assert page.title == "Connect Stripe"
    assert [section.id for section in page.sections] == [
        "stripe", "stripe#test-mode", "stripe#test-mode-1", "stripe#webhooks-what-else",
    ]  # fmt: skip
    first, second, third, last = page.sections
    assert first.text.startswith("Before.") and first.text.endswith("```") and "# no heading" in first.text
    assert (second.text, third.text, last.text) == ("One.", "Two.", "")
    assert (first.name, second.name) == ("Connect Stripe", "Connect Stripe: Test mode")


def test_a_line_is_plain_without_its_marks() -> None:
    assert plain("**a** `b` [c](d.md#e)") == "a b c"
