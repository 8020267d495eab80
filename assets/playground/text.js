// Shows what a model wrote as text with a little Markdown. Nothing in it can be more than words: no HTML, no picture,
// and a link only to http or https, which learns neither where it was clicked nor whose page it opens.

import { createElement as h } from "react";

const INLINE = /(`[^`\n]+`)|(\*\*[^*\n]+\*\*)|(\*[^*\s][^*\n]*\*)|(!?\[[^\]\n]*\]\([^()\s]+\))|(https?:\/\/[^\s<>"'`)\]]+)/g;
const BEGUN = /(^|\s)(?:\*\*([^*\s][^*\n]*)?|\*)$/;
const MARK_BEGUN = /^\s*(\d{1,3}[.)]?|[-*])$/;
const SHOWN_CHARACTERS_MAX = 48;

function link(address, words, key) {
  const rel = "noopener noreferrer nofollow";
  return h("a", { key, href: address, rel, target: "_blank" }, words);
}

function shortened(address) {
  return address.length > SHOWN_CHARACTERS_MAX ? `${address.slice(0, SHOWN_CHARACTERS_MAX)}…` : address;
}

function named(part, key) {
  const [, words, address] = /^!?\[([^\]]*)\]\((.+)\)$/.exec(part);
  // A picture would be fetched from somewhere by looking: its words stand for it.
  if (part.startsWith("!") || !/^https?:\/\//.test(address)) return words || address;
  return link(address, words || shortened(address), key);
}

function inline(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    parts.push(text.slice(end, found.index));
    const [part, code, strong, soft, pointing] = found;
    const key = found.index;
    if (code) parts.push(h("code", { key }, part.slice(1, -1)));
    else if (strong) parts.push(h("b", { key }, part.slice(2, -2)));
    else if (soft) parts.push(h("em", { key }, part.slice(1, -1)));
    else if (pointing) parts.push(named(part, key));
    else {
      const address = part.replace(/[.,;:!?]+$/, "");
      parts.push(link(address, shortened(address), key), part.slice(address.length));
    }
    end = found.index + part.length;
  }
  return [...parts, ...begun(text.slice(end), end)];
}

/** What comes last, of which the end may still be on its way: two stars that nothing closes yet make what follows bold. */
function begun(text, key) {
  const found = BEGUN.exec(text);
  if (!found) return [text];
  return [text.slice(0, found.index) + found[1], found[2] ? h("b", { key }, found[2]) : ""];
}

function block(text, key) {
  const lines = text.split("\n");
  const heading = /^#{1,6} +(.*)$/.exec(lines[0]);
  if (heading) {
    const rest = lines.slice(1).join("\n").trim();
    return [h("p", { key }, h("b", null, inline(heading[1]))), ...(rest ? [block(rest, `${key}r`)].flat() : [])];
  }
  for (const [kind, mark] of [["ul", /^\s*[-*] +/], ["ol", /^\s*\d+[.)] +/]]) {
    // The last line's number or dash may have come without its words.
    const said = lines.length > 1 && MARK_BEGUN.test(lines.at(-1)) ? lines.slice(0, -1) : lines;
    if (said.every((line) => mark.test(line))) {
      return h(kind, { key }, said.map((line, at) => h("li", { key: at }, inline(line.replace(mark, "")))));
    }
  }
  return h("p", { key }, inline(text));
}

/** Shows a text; pieces between fences of backticks are code, as it stands. */
export function Words({ text }) {
  const shown = text.split(/^```[^\n]*\n?/m).map((part, at) => {
    if (at % 2) return h("pre", { key: at, tabIndex: 0 }, h("code", null, part.replace(/\n$/, "")));
    return part.split(/\n{2,}/).filter((each) => each.trim()).map((each, place) => block(each.trim(), `${at}.${place}`));
  });
  return h("div", { className: "words" }, shown);
}
