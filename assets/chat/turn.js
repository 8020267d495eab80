// How a turn looks: what was asked, and each model's answer with who it is from, what it cost, and what can be done.

import { createElement as h, useState } from "react";
import { Words } from "../playground/text.js";
import { LETTERS, mainOf } from "./said.js";

const REASONS = { stopped: "Nothing was judged, because you stopped an answer.", circuit_open: "The judge failed just now and was passed by; the answers stand.", funds: "Your credits were not enough for a judgement; the answers stand.", no_verdict: "The judge gave no verdict that can be used; it costs nothing.", too_long: "The answers were too long to be read together." };
const APART = "They could not be put together; each stands below, and costs what it did.";
const NAMED_CHARACTERS = 60;
const triesOf = (one) => (one.tries > 1 ? `asked ${one.tries} times` : "");
const joined = (...words) => words.filter(Boolean).join(" · ");

export function Letter({ place }) {
  return h("i", { className: `letter f${place % 5}`, "aria-hidden": true }, LETTERS[place]);
}

function costOf(turn) {
  if (turn.credits === undefined) return "";
  return turn.credits === 1 ? "1 credit" : `${turn.credits} credits`;
}

function Said({ one }) {
  if (one.text) return h(Words, { text: one.text });
  return one.isRunning ? h("p", { className: "muted" }, "Waiting for the model") : null;
}

function Notes({ one, turn, isLast, facts }) {
  const again = one.text ? "Again" : "Send it again";
  // The button goes with its click, and the keyboard stays at the answer that it was about.
  const press = (act) => (event) => { event.currentTarget.closest("article").focus(); act(one.leg); };
  return h("div", { className: "talk-note" },
    one.error && h("p", { className: "bad", role: "alert" }, one.error),
    one.isStopped && h("p", { className: "muted" }, "You stopped this answer."),
    h("div", { className: "talk-facts num" },
      facts && h("small", { className: "faint" }, facts),
      one.error && turn.url && isLast && h("a", { className: "btn s primary", href: turn.url }, "Top up"),
      turn.onStop && one.isRunning && h("button", { className: "btn s bare", type: "button", "aria-label": `Stop: ${one.model}`, onClick: press(turn.onStop) }, "Stop"),
      turn.onAgain && !one.isRunning && h("button", { className: "btn s bare", type: "button", "aria-label": `${again}: ${one.model}`, onClick: press(turn.onAgain) }, again)));
}

function Leg({ one, turn, isLast, isShown }) {
  const isWinner = turn.beside.verdict?.winner === one.model;
  return h("article", { tabIndex: -1, className: `panel leg${isShown ? "" : " unshown"}`, "aria-label": `${LETTERS[one.leg]}: ${one.model}`, "aria-busy": one.isRunning },
    h("header", null, h(Letter, { place: one.leg }), h("b", { title: one.model }, one.model),
      one.isRunning ? h("span", { className: "pulse", "aria-hidden": true }) : isWinner && h("span", { className: "tag ok" }, "Winner"),
      h("small", null, triesOf(one))),
    h("div", { className: "leg-text" }, (one.text || one.isRunning) && h(Said, { one })),
    h("footer", null, h(Notes, { one, turn, isLast })));
}

function Legs({ turn, legs, isLast }) {
  const [shown, setShown] = useState(legs[0].leg);
  const tab = (one) => h("button", { key: one.leg, type: "button", "aria-pressed": one.leg === shown, onClick: () => setShown(one.leg) },
    h(Letter, { place: one.leg }), h("span", null, one.model.split("/").at(-1)));
  return h("div", null,
    h("div", { className: "leg-tabs", role: "group", "aria-label": "Models" }, legs.map(tab)),
    h("div", { className: "legs" }, legs.map((one) => h(Leg, { key: one.leg, one, turn, isLast, isShown: one.leg === shown }))));
}

function Verdict({ turn }) {
  const { verdict, reason, judge } = turn.beside;
  // Between the last answer and the verdict somebody still works, and what they are paid runs on.
  const isJudging = turn.isAsked && !besideEachOther(turn).some((one) => one.isRunning);
  if (verdict === undefined) return isJudging ? h("p", { className: "muted", role: "status" }, `${judge?.model || "The judge"} compares the answers.`) : null;
  if (!verdict) return h("p", { className: "muted" }, REASONS[reason] ?? "There is no verdict; the answers stand.");
  return h("section", { className: "sunken verdict", "aria-label": "Verdict" },
    h("p", null, h("b", null, verdict.winner ? `${verdict.winner} answered best` : "None answered better than the others"), judge?.model ? `, says ${judge.model}.` : "."),
    verdict.reason && h("p", null, verdict.reason),
    h("ul", null, (verdict.scores ?? []).map((one) => h("li", { key: one.leg, className: "num" }, h(Letter, { place: one.leg }), h("b", null, one.score, h("span", { className: "muted" }, " of 10")), h("span", { className: "muted" }, joined(one.model, one.reason))))));
}

/** The paragraphs of a text, as the server counts them: blank lines lie between them, but for those in code. */
function paragraphsOf(text) {
  const found = [];
  let lines = [];
  let isCode = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) isCode = !isCode;
    if (line.trim() || isCode || line.startsWith("```")) lines.push(line);
    else if (lines.length) { found.push(lines.join("\n")); lines = []; }
  }
  return lines.length ? [...found, lines.join("\n")] : found;
}

const Marks = ({ legs }) => h("span", { className: "marks", title: legs.length ? "made of these" : undefined }, legs.map((place) => h(Letter, { key: place, place })));

/** What was put together, each paragraph beside those that it rests on where that was said, else all of it beside all. */
function Together({ one, parts, used }) {
  const paragraphs = parts && !one.isRunning ? paragraphsOf(one.text) : [];
  if (!paragraphs.length || paragraphs.length !== parts.length) {
    if (!one.text) return h(Said, { one });
    return h("div", { className: "blended" }, h(Marks, { legs: used.map((source) => source.leg) }), h("div", null, h(Said, { one })));
  }
  return paragraphs.map((text, at) => h("div", { key: at, className: "blended" }, h(Marks, { legs: parts[at] }), h("div", null, h(Words, { text }))));
}

function Blended({ turn, isLast }) {
  const writer = turn.beside.synthesizer;
  const final = writer ? turn.legs.find((one) => one.leg === writer.leg) : mainOf(turn);
  const sources = turn.legs.filter((one) => one !== final);
  const used = sources.filter((one) => one.text);
  const why = REASONS[turn.beside.reason] ?? (used.length ? "" : sources[0]?.error ?? "");
  const shown = final ?? { leg: 0, model: "", text: "", error: why, isRunning: turn.legs.some((one) => one.isRunning) };
  return h("article", { tabIndex: -1, className: "answer", "aria-label": "One answer of several", "aria-busy": shown.isRunning },
    h(Together, { one: shown, parts: turn.beside.parts, used }),
    !turn.legs.some((one) => one.isRunning) && h(Notes, { one: shown.error && used.length ? { ...shown, error: APART } : shown, turn: { ...turn, onAgain: null }, isLast, facts: joined(shown.text && (writer ? `put together by ${shown.model}` : `too few answered; this is what ${shown.model} said`), costOf(turn)) }),
    sources.length > 0 && h("details", { className: "sources" },
      h("summary", null, sources.length === 1 ? `What ${sources[0].model} said` : `What each of the ${sources.length} said`),
      h(Legs, { turn, legs: sources, isLast })));
}

function Trace({ trace }) {
  const words = { answered: "answered", failed: "failed", skipped: "was passed by" };
  return h("p", { className: "faint num trace" }, trace.map((one) => `${one.model} ${words[one.status] ?? one.status}${one.status_code ? ` (${one.status_code})` : ""}`).join(" → "));
}

function Single({ turn, isLast }) {
  const one = turn.legs.find((each) => each.text) ?? turn.legs[0];
  const trace = (turn.beside.trace ?? []).filter((each) => each.status && each.status !== "trying");
  return h("article", { tabIndex: -1, className: "answer", "aria-label": `${one.model} answers`, "aria-busy": one.isRunning },
    trace.length > 1 && h(Trace, { trace }),
    h(Said, { one }),
    !one.isRunning && h(Notes, { one, turn, isLast, facts: joined(one.model, costOf(turn), triesOf(one)) }));
}

/** The legs that are shown side by side: whoever judges says what the verdict shows. */
function besideEachOther(turn) {
  return turn.mode === "judge" ? turn.legs.filter((one) => one.leg !== turn.beside.judge?.leg) : turn.legs;
}

/** One turn; while it runs, nothing of it is said aloud piece by piece. */
export function Turn({ turn, number, isLast }) {
  const isRunning = turn.legs.some((one) => one.isRunning);
  const isMany = turn.mode === "compare" || turn.mode === "judge";
  const legs = besideEachOther(turn);
  return h("section", { className: "turn", "aria-label": `${number}. ${turn.question.slice(0, NAMED_CHARACTERS)}` },
    h("p", { className: "said" }, turn.question),
    isMany && legs.length > 0 ? h(Legs, { turn, legs, isLast }) : h(turn.mode === "blend" ? Blended : Single, { turn, isLast }),
    isMany && h(Verdict, { turn }),
    isMany && !isRunning && h("small", { className: "faint num" }, costOf(turn)));
}
