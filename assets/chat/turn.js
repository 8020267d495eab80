// How a turn looks: what was asked, and each model's answer with who it is from, what it cost, and what can be done.

import { createElement as h, useState } from "react";
import { Words } from "../playground/text.js";
import { LETTERS } from "./said.js";

function Letter({ place }) {
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
  return h("div", { className: "talk-note" },
    one.error && h("p", { className: "bad", role: "alert" }, one.error),
    one.isStopped && h("p", { className: "muted" }, "You stopped this answer."),
    h("div", { className: "talk-facts num" },
      facts && h("small", { className: "faint" }, facts),
      one.error && turn.url && isLast && h("a", { className: "btn s primary", href: turn.url }, "Top up"),
      turn.onAgain && !one.isRunning && h("button", { className: "btn s bare", type: "button", "aria-label": `${again}: ${one.model}`, onClick: () => turn.onAgain(one.leg) }, again)));
}

function Leg({ one, turn, isLast, isShown }) {
  return h("article", { className: `panel leg${isShown ? "" : " unshown"}`, "aria-label": `${LETTERS[one.leg]}: ${one.model}`, "aria-busy": one.isRunning },
    h("header", null, h(Letter, { place: one.leg }), h("b", { title: one.model }, one.model), one.isRunning && h("span", { className: "pulse", "aria-hidden": true }),
      h("small", null, triesOf(one))),
    h("div", { className: "leg-text" }, h(Said, { one })),
    h("footer", null, h(Notes, { one, turn, isLast })));
}

function Legs({ turn, isLast }) {
  const [shown, setShown] = useState(0);
  const tab = (one) => h("button", { key: one.leg, type: "button", "aria-pressed": one.leg === shown, onClick: () => setShown(one.leg) },
    h(Letter, { place: one.leg }), h("span", null, one.model.split("/").at(-1)));
  return h("div", null,
    h("div", { className: "leg-tabs", role: "group", "aria-label": "Models" }, turn.legs.map(tab)),
    h("div", { className: "legs" }, turn.legs.map((one) => h(Leg, { key: one.leg, one, turn, isLast, isShown: one.leg === shown }))));
}

const triesOf = (one) => (one.tries > 1 ? `asked ${one.tries} times` : "");
const joined = (...words) => words.filter(Boolean).join(" · ");

function Single({ turn, isLast }) {
  const [one] = turn.legs;
  return h("article", { className: "answer", "aria-label": `${one.model} answers`, "aria-busy": one.isRunning },
    h(Said, { one }),
    !one.isRunning && h(Notes, { one, turn, isLast, facts: joined(one.model, costOf(turn), triesOf(one)) }));
}

/** One turn; while it runs, nothing of it is said aloud piece by piece. */
export function Turn({ turn, isLast }) {
  const isRunning = turn.legs.some((one) => one.isRunning);
  return h("section", { className: "turn", "aria-label": "Turn" },
    h("p", { className: "said" }, turn.question),
    turn.legs.length > 1 ? h(Legs, { turn, isLast }) : h(Single, { turn, isLast }),
    turn.legs.length > 1 && !isRunning && h("small", { className: "faint num" }, costOf(turn)));
}
