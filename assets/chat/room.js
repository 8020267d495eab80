// The chat page: earlier conversations at the side, what is said in the middle, what to ask and what it costs below.

import { createElement as h, useEffect, useRef, useState } from "react";
import { fitted, missing, MODES, STRATEGIES } from "./modes.js";
import { useMost, useTalk } from "./talk.js";
import { Letter, Turn } from "./turn.js";

const NEAR_PIXELS = 160;
const FREE = "0 credits";
const DAY = 86400000;
const FIRST = ["What is double-entry bookkeeping?", "Suggest three ways to spend less", "Write a haiku about coins"];

function dayOf(iso) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  const at = new Date(iso).getTime();
  if (at >= midnight) return "Today";
  return at >= midnight - DAY ? "Yesterday" : at >= midnight - 6 * DAY ? "This week" : "Earlier";
}

/** Takes the keyboard to where the next message is written: what it was at is gone. */
const toMessage = () => document.querySelector(".talk-write textarea")?.focus();

function Here({ one, talk }) {
  const [asking, setAsking] = useState("");
  const [problem, setProblem] = useState("");
  const lines = useRef(null);
  const left = useRef("");
  const close = () => { left.current = asking; setAsking(""); };
  const act = (work) => work.then(() => { close(); setProblem(""); }, (why) => setProblem(why.message));
  // Who has no mouse goes on where they were: at the button that opened what is closed now.
  useEffect(() => { if (!asking && left.current) lines.current.querySelector(`[data-opens=${left.current}]`)?.focus(); }, [asking]);
  const rename = (event) => { event.preventDefault(); act(talk.rename(one.id, new FormData(event.target).get("title"))); };
  const leave = h("button", { className: "btn s bare", type: "button", onClick: close }, "Keep");
  return h("div", { className: "past-here", ref: lines, onKeyDown: (event) => { if (event.key === "Escape" && asking) close(); } },
    asking === "" && h("div", { className: "row" },
      h("button", { className: "btn s bare", type: "button", "data-opens": "rename", onClick: () => setAsking("rename") }, "Rename"),
      h("button", { className: "btn s bare", type: "button", "data-opens": "delete", onClick: () => setAsking("delete") }, "Delete")),
    asking === "rename" && h("form", { onSubmit: rename },
      h("input", { className: "field plain s", name: "title", "aria-label": "Title", defaultValue: one.title, maxLength: 80, autoFocus: true }),
      h("div", { className: "row" }, h("button", { className: "btn s primary", type: "submit" }, "Save"), leave)),
    asking === "delete" && h("div", { role: "alertdialog", "aria-label": "Delete this conversation" },
      h("p", null, "Delete it with all that was said in it?"),
      h("div", { className: "row" },
        h("button", { className: "btn s danger", type: "button", autoFocus: true, onClick: () => talk.remove(one.id).then(toMessage, (why) => setProblem(why.message)) }, "Delete"), leave)),
    problem && h("p", { className: "bad", role: "alert" }, problem));
}

function Past({ talk, isOpen, close }) {
  const { list, hasMore, more } = talk.past;
  let day = "";
  const lines = list.flatMap((one) => {
    const its = dayOf(one.at);
    const head = its === day ? [] : [h("h2", { key: its }, its)];
    day = its;
    const go = (event) => { event.preventDefault(); talk.running?.stop(); talk.open(one.id); close(); };
    const isHere = one.id === talk.here;
    return [...head,
      h("a", { key: one.id, href: `/chat/?c=${one.id}`, "aria-current": isHere ? "page" : undefined, onClick: go, title: one.title }, one.title),
      isHere && h(Here, { key: `${one.id} here`, one, talk })];
  });
  return h("aside", { className: `past${isOpen ? " open" : ""}`, "aria-label": "Earlier chats" },
    h("button", { className: "btn s", type: "button", onClick: () => { talk.fresh(); close(); } }, "New chat"),
    h("nav", { "aria-label": "Conversations" }, lines.length ? lines : h("p", { className: "faint past-none" }, talk.place.keeps_nothing ? "Nothing is kept: you chose so in your settings." : "Your conversations appear here.")),
    hasMore && h("button", { className: "btn s bare", type: "button", onClick: more }, "Show more"));
}

function Modes({ talk }) {
  const { place, choice, choose } = talk;
  const offered = Object.entries(MODES).filter(([name]) => place.modes.includes(name));
  if (offered.length < 2) return null;
  const isFew = offered.some(([, mode]) => place.models.length < mode.needs);
  return h("div", { className: "talk-modes" },
    h("div", { className: "segments", role: "group", "aria-label": "Mode" }, offered.map(([name, mode]) =>
      h("button", { key: name, className: "btn", type: "button", "aria-pressed": name === choice.mode, disabled: place.models.length < mode.needs, onClick: () => choose(fitted({ ...choice, mode: name }, place.models)) }, mode.name))),
    h("small", { className: "muted" }, isFew ? `Some modes need more models than the ${place.models.length === 1 ? "one" : place.models.length} that there ${place.models.length === 1 ? "is" : "are"} here.` : MODES[choice.mode].says));
}

function Several({ talk }) {
  const { place, choice, choose } = talk;
  const mode = MODES[choice.mode];
  const toggle = (id) => {
    const models = choice.models.includes(id) ? choice.models.filter((one) => one !== id) : [...choice.models, id];
    choose({ ...choice, models });
  };
  const line = (one) => {
    const at = choice.models.indexOf(one.id);
    return h("label", { key: one.id, className: "pick-line" },
      h("input", { type: "checkbox", checked: at >= 0, disabled: at < 0 && choice.models.length >= (choice.mode === "judge" ? Math.min(mode.most, place.models.length - 1) : mode.most), onChange: () => toggle(one.id) }),
      at >= 0 ? h(Letter, { place: at }) : h("span", { className: "letter none", "aria-hidden": true }),
      h("span", null, one.name, h("small", { className: "faint" }, one.price)));
  };
  const writers = place.models.filter((one) => choice.mode !== "judge" || !choice.models.includes(one.id));
  const select = (name, value, options, key) => h("label", { className: "labelled" }, h("span", null, name),
    h("select", { className: "field plain s", value, onChange: (event) => choose({ ...choice, [key]: event.target.value }) }, options));
  const shut = ({ key, currentTarget: menu }) => {
    if (key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  };
  return h("details", { className: "pick", onKeyDown: shut },
    h("summary", { className: "btn s" }, `${choice.models.length} models`, h("span", { className: "letters", "aria-hidden": true }, choice.models.map((id, at) => h(Letter, { key: id, place: at })))),
    h("div", { className: "panel pick-list" },
      h("p", { className: "muted" }, choice.mode === "mesh" ? `Up to ${mode.most}, asked in this order.` : `${mode.least} to ${mode.most} models.`),
      place.models.map(line),
      choice.mode === "blend" && select("How", choice.strategy, Object.entries(STRATEGIES).map(([id, words]) => h("option", { key: id, value: id }, words)), "strategy"),
      mode.writer && (choice.mode === "judge" || choice.strategy !== "chain") ? select(mode.writer, choice.writer, writers.map((one) => h("option", { key: one.id, value: one.id }, one.name)), "writer") : null));
}

function Choose({ talk, isPastOpen, showPast }) {
  const { place, choice, choose } = talk;
  const chosen = place.models.find((one) => one.id === choice.models[0]);
  const pick = (event) => choose({ ...choice, models: [event.target.value] });
  return h("div", { className: "talk-head" },
    h("h1", { className: "unseen" }, "Chat"),
    h(Modes, { talk }),
    h("div", { className: "talk-models" },
      choice.mode === "chat"
        ? h("label", { className: "row grow" }, h("span", { className: "unseen" }, "Model"),
          h("select", { className: "field plain s", value: choice.models[0] ?? "", onChange: pick },
            place.models.map((one) => h("option", { key: one.id, value: one.id }, one.is_free ? `${one.name} (free)` : one.name))))
        : h(Several, { talk }),
      choice.mode === "chat" && h("small", { className: "muted" }, chosen && !chosen.is_free ? chosen.price : ""),
      h("button", { className: "btn s only-small", type: "button", "aria-expanded": isPastOpen, onClick: showPast }, "Earlier chats")));
}

function Cost({ talk, most, purse, lacks }) {
  const about = talk.running?.about;
  const [words, tone] = talk.running
    ? [about ? `about ${about}${most?.at_most ? ` of at most ${most.at_most}` : ""}` : "running", "good"]
    : lacks ? [lacks, "wait"] : most?.beside ? [most.beside.replaceAll("`", ""), "wait"]
    : !most ? ["", ""]
    : most.at_most === FREE ? ["0 credits: your own key answers", "muted"]
    : most.is_enough ? [`at most ${most.at_most}`, "muted"] : [`This needs ${most.at_most} at least.`, "wait"];
  const needs = !talk.running && !lacks && most && (most.beside || !most.is_enough);
  return h("div", { className: "talk-cost num" },
    h("span", { className: tone, role: "status" }, words),
    needs && h("a", { className: "btn s primary", href: "/credits/" }, "Top up"),
    h("small", { className: "muted" }, h("a", { href: "/credits/" }, purse.available), purse.held ? `, ${purse.held} held` : ""));
}

function Compose({ talk, purse }) {
  const [text, setText] = useState("");
  const most = useMost(talk.choice, talk.turns, text.trim(), purse.available);
  const lacks = missing(talk.choice);
  const isOff = Boolean(talk.running) || !text.trim() || Boolean(lacks);
  const submit = (event) => {
    event.preventDefault();
    if (isOff) return;
    talk.send(text.trim());
    setText("");
  };
  const typed = (event) => { if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) submit(event); };
  return h("form", { className: "talk-write", onSubmit: submit },
    h(Cost, { talk, most, purse, lacks }),
    h("div", { className: "play-box" },
      h("textarea", { "aria-label": "Message", placeholder: talk.turns.length ? "Write the next message" : "Write a message", rows: 2, value: text, maxLength: 60000, onChange: (event) => setText(event.target.value), onKeyDown: typed }),
      talk.running
        ? h("button", { className: "btn", type: "button", onClick: () => { talk.running.stop(); toMessage(); } }, talk.isMany ? "Stop all" : "Stop")
        : h("button", { className: "btn primary", type: "submit", disabled: isOff }, "Send")),
    h("small", { className: "faint" }, talk.running ? "After a stop you pay for what has arrived, rounded up once to whole credits."
      : talk.place.keeps_nothing ? "Nothing of this is kept." : "Kept sealed, for you alone, until you delete it."));
}

/** Questions to begin with, for whoever has none: a click asks as typing would, and costs the same. */
function First({ talk }) {
  const asked = (question) => h("button", { key: question, className: "btn s", type: "button", disabled: Boolean(talk.running) || Boolean(missing(talk.choice)), onClick: () => { talk.send(question); toMessage(); } }, question);
  return h("div", { className: "talk-first" }, FIRST.map(asked));
}

/** The whole room. What somebody has comes with the page's state; everything that is said does not. */
export function Room({ available, held, frozen, freeOnly }) {
  const talk = useTalk(freeOnly);
  const [isPastOpen, setPastOpen] = useState(false);
  const seen = useRef(0);
  const { place, turns } = talk;
  useEffect(() => {
    const page = document.documentElement;
    const isNew = turns.length !== seen.current;
    seen.current = turns.length;
    // Whoever has scrolled up reads, and is left where they are.
    if (turns.length && (isNew || page.scrollHeight - innerHeight - scrollY < NEAR_PIXELS)) scrollTo(0, page.scrollHeight);
  }, [turns]);
  if (!place) return h("div", { className: "talking", role: "status", "aria-label": "Opening the chat" }, h("div", { className: "past" }), h("div", { className: "talk-room" }, h("div", { className: "skeleton talk-wait" })));
  if (place.problem) return h("div", { className: "centre" }, h("section", { className: "panel pad" }, h("h1", null, "The chat cannot be opened"), h("p", { className: "muted play-gap" }, place.problem)));
  const close = () => setPastOpen(false);
  const first = place.models.length ? "Ask something. What an answer may cost at most stands below, before you send it." : "No models are offered yet.";
  const last = turns.length - 1;
  return h("div", { className: "talking" },
    h(Past, { talk, isOpen: isPastOpen, close }),
    h("div", { className: "talk-room" },
      h(Choose, { talk, isPastOpen, showPast: () => setPastOpen(!isPastOpen) }),
      h("div", { className: "talk-turns" },
        talk.problem && h("p", { className: "bad", role: "alert" }, talk.problem),
        frozen && h("p", { className: "bad", role: "alert" }, frozen),
        !turns.length && h("div", { className: "play-empty" }, h("p", { className: "muted" }, first), place.models.length > 0 && h(First, { talk })),
        turns.map((turn, at) => h(Turn, { key: turn.key, number: at + 1, isLast: at === last, turn: { ...turn, isAsked: talk.running?.key === turn.key, onAgain: talk.running ? null : (leg) => talk.again(turn, leg), onStop: talk.isMany && talk.running.key === turn.key ? talk.running.stopLeg : null } }))),
      h(Compose, { talk, purse: { available, held } })));
}
