"""Whatever Markdown says, its HTML loads nothing, runs nothing, and leads where we let it."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.markdown.html import Block, blocks_of

TAGS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "a", "em", "strong", "code", "pre", "blockquote", "hr",
     "br", "table", "thead", "tbody", "tr", "th", "td"}
)  # fmt: skip


def html(text: str, *known: str) -> str:
    return "".join(block.html for block in blocks_of(text, lambda target: f"/{target}" if target in known else None))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags_of(text: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = _Reader()
    reader.feed(html(text, "known.md"))
    reader.close()
    return reader.tags


def test_code_at_the_top_is_a_piece_of_its_own() -> None:
    assert blocks_of("One\n\n```sh\ncurl <x>\n\n```\n\n- two\n\n  ```\n  a & b\n  ```\n", lambda _: None) == [
        Block(html="<p>One</p>\n"),
        Block(code="curl <x>"),
        Block(html="<ul>\n<li>\n<p>two</p>\n<pre><code>a &amp; b\n</code></pre></li>\n</ul>\n"),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![a **b**](https://evil.example/x.png)", "<p>a **b**</p>\n"),
        ("![][1]\n\n[1]: https://evil.example/x.png", "<p></p>\n"),
        ("<img src=https://evil.example/x>", "<p>&lt;img src=https://evil.example/x&gt;</p>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("[a](https://evil.example)", "<p>a</p>\n"),
        ("[a](known.md)", '<p><a href="/known.md">a</a></p>\n'),
        ("[![x](https://evil.example/x.png)](known.md)", '<p><a href="/known.md">x</a></p>\n'),
        ("<https://evil.example>", "<p>https://evil.example</p>\n"),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>\n"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>\n'),
        ("|a|\n|-:|\n|b|",
         "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>b</td>\n</tr>\n</tbody>\n</table>\n"),
    ],
)  # fmt: skip
def test_what_is_shown(text: str, shown: str) -> None:
    assert html(text, "known.md") == shown


MARKS = st.sampled_from(
    ["![", "](", ")", "[", "]", "<", ">", "`", "```", "\n", "\n\n", "|", "-", "*", "_", "#", "&", '"', "'", "=", ":",
     "//", "javascript:", "data:", "https://evil.example", "known.md", "img", "src", "onerror", "style", "script", " "]
)  # fmt: skip


@given(st.lists(MARKS, max_size=40).map("".join))
def test_no_text_becomes_a_tag_or_attribute_of_its_own(text: str) -> None:
    for tag, attributes in tags_of(text):
        assert tag in TAGS
        assert attributes in ({}, {"href": "/known.md"}) or (tag == "ol" and set(attributes) == {"start"})
