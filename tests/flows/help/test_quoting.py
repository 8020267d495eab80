"""What is quoted of a section: all of it, or what fits with its code; in snippets the reader's own address."""

from app.flows.help.index import Found
from app.flows.help.quoting import WHOLE_CHARACTERS_MAX, personal, quote
from app.flows.help.sections import Section

SNIPPET = "```sh\ncurl http://127.0.0.1:8000/v1/models\n```"
TABLE = "| name | what |\n|---|---|\n| `A` | one |\n| `B` | two |"


def quoted(text: str, passage: str) -> str:
    return quote(Found(Section("page", "", "Page", "", text), passage, 1.0))


def test_a_short_section_is_quoted_whole() -> None:
    assert quoted(f"One.\n\nTwo.\n\n{SNIPPET}", "Two.") == f"One.\n\nTwo.\n\n{SNIPPET}"


def test_of_a_long_section_what_fits_is_quoted_with_its_code() -> None:
    long = "x" * WHOLE_CHARACTERS_MAX
    assert quoted(f"{long}\n\nTwo.\n\n{long}", "Two.") == "Two."
    assert quoted(f"{long}\n\nTwo.\n\n{SNIPPET}", "Two.") == f"Two.\n\n{SNIPPET}"
    assert quoted(f"{long}\n\n{TABLE}", "| `B` | two |") == "| name | what |\n|---|---|\n| `B` | two |"


def test_snippets_have_the_readers_own_address_and_no_key() -> None:
    assert personal(SNIPPET, "https://pay.example.org") == "```sh\ncurl https://pay.example.org/v1/models\n```"
    text = 'curl $BASE_URL/v1/models "$BASE/v1/ledger" -H "Authorization: Bearer $COINSLOT_KEY" $BASELINE'
    assert personal(text, "https://a.b") == (
        'curl https://a.b/v1/models "https://a.b/v1/ledger" -H "Authorization: Bearer $COINSLOT_KEY" $BASELINE'
    )
