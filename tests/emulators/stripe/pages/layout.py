"""The frame of the emulator's pages, plain HTML: it works without scripts, with a keyboard, and on a telephone."""

from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1a1f36; --soft: #697386; --line: #d8dee4; --ground: #f6f8fa; --card: #fff;
  --act: #0570de; --wrong: #c0123c; font: 16px/1.45 system-ui, sans-serif }
@media (prefers-color-scheme: dark) { :root { --ink: #f0f3f7; --soft: #a3acba; --line: #3b4252; --ground: #14171f;
  --card: #1e232e; --act: #4f9cf0; --wrong: #ff7d96 } }
* { box-sizing: border-box } body { margin: 0; background: var(--ground); color: var(--ink) }
.test { background: #ffde92; color: #3d2c00; text-align: center; font-size: 13px; padding: 6px 12px }
main { max-width: 920px; margin: 0 auto; padding: 32px 20px; display: grid; gap: 40px; grid-template-columns: 1fr 1fr }
main.narrow { max-width: 440px; grid-template-columns: 1fr }
@media (max-width: 720px) { main { grid-template-columns: 1fr; gap: 24px; padding: 24px 16px } }
a { color: var(--act) } h1 { font-size: 20px; margin: 0 0 4px } .amount { font-size: 36px; font-weight: 600 }
.soft { color: var(--soft); font-size: 14px } form, .box { background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; padding: 20px; display: grid; gap: 14px } label { display: grid; gap: 4px; font-size: 14px }
label.row { grid-auto-flow: column; justify-content: start; align-items: center; gap: 8px }
input:not([type=radio]):not([type=checkbox]) { font: inherit; padding: 10px 12px; border: 1px solid var(--line);
  border-radius: 8px; background: var(--card); color: inherit; width: 100% } .two { display: grid; gap: 14px;
  grid-template-columns: 1fr 1fr } button { font: inherit; font-weight: 600; padding: 12px; border: 0;
  border-radius: 8px; background: #0570de; color: #fff; cursor: pointer } button.quiet { background: none;
  color: var(--act); border: 1px solid var(--line) } .wrong { color: var(--wrong); font-size: 14px; margin: 0 }
:focus-visible { outline: 3px solid #4f9cf0; outline-offset: 2px } table { width: 100%; border-collapse: collapse;
  font-size: 14px } td { padding: 4px 0; vertical-align: top } td:last-child { text-align: right }
details { margin-top: 12px } details td { text-align: left !important; font-size: 13px } code { white-space: nowrap }
"""


def document(title: str, body: str, *, is_live: bool, is_narrow: bool = False) -> str:
    """Returns a whole page; the strip at its top says what it is."""
    mode = "live mode, emulated" if is_live else "test mode, emulated"
    kind = ' class="narrow"' if is_narrow else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f'<style>{STYLE}</style></head><body><div class="test">{mode}: no money moves</div>'
        f"<main{kind}>{body}</main></body></html>"
    )


def money(cents: int, currency: str) -> str:
    """Returns an amount as people read it."""
    return f"${cents / 100:,.2f}" if currency == "usd" else f"{cents / 100:,.2f} {currency.upper()}"
