"""GET /docs and /docs/api: the OpenAPI document as one page to read, without a script and of nobody else's parts."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.domain.errors import NotFound

router = APIRouter(include_in_schema=False)

STYLE_PATH = "/docs/style.css"
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 15px/1.55 Inter, system-ui, sans-serif; max-width: 860px; margin: 0 auto; padding: 24px 16px 64px; }
h1, h2, h3 { line-height: 1.25; } h2 { margin-top: 40px; border-bottom: 1px solid var(--line); padding-bottom: 6px; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }
nav { columns: 2 300px; } nav a { display: block; } a { color: inherit; }
section { margin: 20px 0; padding: 2px 16px 12px; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: 4px 12px 4px 0; }
tr + tr td { border-top: 1px solid var(--soft); } b { font-weight: 600; }
"""

Document = Mapping[str, Any]


@router.get("/docs")
def get_docs(request: Request) -> HTMLResponse:
    """Returns every operation with its parameters, body and answers."""
    return HTMLResponse("".join(_page(request.app.openapi())))


@router.get("/docs/{rest:path}")
def get_below_docs(request: Request, rest: str) -> Response:
    """Returns the same page as /docs/api, and its look. Raises NotFound."""
    if rest == "api":
        return get_docs(request)
    if request.url.path == STYLE_PATH:
        return Response(_STYLE, media_type="text/css")
    raise NotFound(f"There is no {request.url.path}.")


def _page(document: Document) -> Iterator[str]:
    """Yields the page in pieces; whatever the document says is text, never HTML."""
    title, about = escape(document["info"]["title"]), escape(document["info"].get("description", ""))
    yield f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title} · API</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<link rel="stylesheet" href="{STYLE_PATH}"></head><body><h1>{title}: the API</h1><p>{about} '
    yield 'The same as a document for machines: <a href="/openapi.json">/openapi.json</a>.</p><nav>'
    found = [(path, method, told) for path, methods in document["paths"].items() for method, told in methods.items()]
    for path, method, _ in found:
        yield f'<a href="#{_anchor(method, path)}"><code>{method.upper()} {escape(path)}</code></a>'
    yield "</nav><h2>Operations</h2>"
    for path, method, told in found:
        yield from _operation(document, method, path, told)
    yield "</body></html>"


def _anchor(method: str, path: str) -> str:
    return escape(f"{method}{path}", quote=True)


def _operation(document: Document, method: str, path: str, told: Document) -> Iterator[str]:
    yield f'<section id="{_anchor(method, path)}"><h3><code>{method.upper()} {escape(path)}</code></h3>'
    about = told.get("description") or told.get("summary") or ""
    yield f"<p>{escape(about)}</p>"
    rows = [(named["name"], f"in the {named['in']}", named.get("description", ""), named.get("schema", {}),
             named.get("required", False)) for named in told.get("parameters", ())]  # fmt: skip
    for _, shape in _contents(told.get("requestBody", {})):
        schema = _resolved(document, shape)
        needed = schema.get("required", ())
        rows += [(name, "in the body", field.get("description", ""), field, name in needed)
                 for name, field in schema.get("properties", {}).items()]  # fmt: skip
    if rows:
        yield "<table><tr><th>Field</th><th>Type</th><th></th></tr>"
        for name, where, said, schema, is_needed in rows:
            note = " · ".join(part for part in (where, "required" if is_needed else "", said) if part)
            yield f"<tr><td><code>{escape(name)}</code></td><td>{escape(_type(document, schema))}</td>"
            yield f"<td>{escape(note)}</td></tr>"
        yield "</table>"
    yield "<p><b>Answers</b></p><table>"
    for status, answer in told.get("responses", {}).items():
        kinds = ", ".join(kind for kind, _ in _contents(answer))
        yield f"<tr><td>{escape(status)}</td><td>{escape(answer.get('description', ''))}</td>"
        yield f"<td>{escape(kinds)}</td></tr>"
    yield "</table></section>"


def _contents(holder: Document) -> list[tuple[str, Document]]:
    """Returns the media types of a body, each with its schema."""
    return [(kind, content.get("schema", {})) for kind, content in holder.get("content", {}).items()]


def _resolved(document: Document, schema: Document) -> Document:
    """Returns what a reference stands for."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Document = document.get("components", {}).get("schemas", {}).get(name, schema)
    return found


def _type(document: Document, schema: Document) -> str:
    """Returns the type of a value in words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(document, one) for one in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return " or ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    named = _resolved(document, schema).get("type", "any")
    return " or ".join(named) if isinstance(named, list) else str(named)
