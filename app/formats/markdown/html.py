"""Markdown as our pages show it: HTML out of ours or a model's text, which can load nothing and lead nowhere else.

HTML in it is text, a picture is its words, and a link is one only where `to_link` knows an address for it.
"""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

ToLink = Callable[[str], str | None]
"""Returns the address that a link leads to, None where it is none of ours."""
_TO_LINK = "to_link"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a text: `html`, or, where that is empty, `code` to be copied."""

    html: str = ""
    code: str = ""


class _Renderer(RendererHTML):
    """Writes no attribute but a link's address and the number at which a list begins."""

    def link_open(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        address = env[_TO_LINK](str(tokens[at].attrGet("href") or ""))
        env.setdefault("open", []).append(address is not None)
        return "" if address is None else f'<a href="{escape(address)}">'

    def link_close(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return "</a>" if env["open"].pop() else ""

    def image(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return escape(tokens[at].content)

    def fence(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return f"<pre><code>{escape(tokens[at].content)}</code></pre>"


def blocks_of(text: str, to_link: ToLink) -> list[Block]:
    """Returns a text in pieces, code at its top level as pieces of their own."""
    reader = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    return list(_pieces(reader, reader.parse(text), to_link))


def _pieces(reader: MarkdownIt, tokens: Sequence[Token], to_link: ToLink) -> Iterator[Block]:
    waiting: list[Token] = []
    for token in tokens:
        if token.level == 0 and token.type in ("fence", "code_block"):
            if waiting:
                yield _html(reader, waiting, to_link)
                waiting = []
            yield Block(code=token.content.rstrip("\n"))
            continue
        _strip(token)
        waiting.append(token)
    if waiting:
        yield _html(reader, waiting, to_link)


def _html(reader: MarkdownIt, tokens: list[Token], to_link: ToLink) -> Block:
    return Block(html=str(reader.renderer.render(tokens, reader.options, {_TO_LINK: to_link})))


def _strip(token: Token) -> None:
    """Takes what a style would be, which no page of ours may have."""
    token.attrs = {name: value for name, value in token.attrs.items() if name in ("href", "start")}
    for child in token.children or ():
        _strip(child)
