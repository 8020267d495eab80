"""What a model wrote is shown as words, whatever it wrote: run in Node, with the elements as plain lists."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parent.parent.parent / "assets" / "playground" / "text.js"
ELEMENTS = 'import { createElement as h } from "react";'
SHOWN = {"div", "p", "b", "em", "code", "pre", "ul", "ol", "li", "a"}


def shown(text: str) -> Any:
    """Returns the outermost element of a text."""
    source = SOURCE.read_text()
    assert ELEMENTS in source
    plain = "const h = (name, attributes, ...inner) => ({ name, attributes: attributes ?? {}, inner: inner.flat(9) });"
    module = source.replace(ELEMENTS, plain)
    script = f"{module}\nprocess.stdout.write(JSON.stringify(Words({{ text: {json.dumps(text)} }})));"
    node = Path(sys.executable).parent / "node"
    done = subprocess.run([node, "--input-type=module"], input=script, text=True, capture_output=True, check=True)
    return json.loads(done.stdout)


def elements(part: Any) -> list[tuple[str, dict[str, Any]]]:
    """Returns every element in a part with its attributes; words have none."""
    if isinstance(part, str):
        return []
    return [(part["name"], part["attributes"]), *(one for inner in part["inner"] for one in elements(inner))]


def words(part: Any) -> str:
    """Returns what is read of a part."""
    return part if isinstance(part, str) else "".join(words(inner) for inner in part["inner"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "names", "read"),
    [
        ("1. **First.** One\n2", ["div", "ol", "li", "b"], "First. One"),
        ("1. **First.** One\n2.", ["div", "ol", "li", "b"], "First. One"),
        ("1. **First.** One\n2. *", ["div", "ol", "li", "b", "li"], "First. One"),
        ("1. **First.** One\n2. **Sec", ["div", "ol", "li", "b", "li", "b"], "First. OneSec"),
        ("- one\n-", ["div", "ul", "li"], "one"),
        ("a ** b", ["div", "p"], "a ** b"),
    ],
)
def test_words_that_are_still_coming_look_as_they_will(text: str, names: list[str], read: str) -> None:
    """Slow: Node may take seconds to begin. A list that falls apart at each new line is seen by everybody, for a
    moment."""
    whole = shown(text)
    assert [name for name, _ in elements(whole)] == names and words(whole) == read


@pytest.mark.slow
def test_whatever_a_model_writes_is_words_and_links_that_tell_nothing() -> None:
    """Slow: Node may take seconds to begin. Only a run of the script itself finds what it lets through."""
    text = (
        "# Title\nmore **bold** *soft* `a<b`\n\n- one\n- two\n\n1. first\n2. second\n\n"
        "<img src=x onerror=alert(1)> <script>alert(1)</script> ![seen](https://evil.example/pixel.png) "
        "[click](javascript:alert(1)) [data](data:text/html,x) [good](https://good.example/x) "
        "https://bare.example/y.\n\n"
        "```html\n<b>code</b>\n```\n[open"
    )
    found = elements(shown(text))
    assert {name for name, _ in found} <= SHOWN and {"ul", "ol", "pre", "b", "em", "code"} <= {
        name for name, _ in found
    }
    links = [attributes for name, attributes in found if name == "a"]
    assert [one["href"] for one in links] == ["https://good.example/x", "https://bare.example/y"]
    assert all((one["rel"], one["target"]) == ("noopener noreferrer nofollow", "_blank") for one in links)
    assert not [key for _, attributes in found for key in attributes if key.startswith(("on", "dangerously", "src"))]
