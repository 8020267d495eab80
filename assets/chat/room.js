// The chat page: earlier conversations at the side, what is said in the middle, what to ask and what it costs below.

import { createElement as h, useEffect, useRef, useState } from "react";
import { useMost, useTalk } from "./talk.js";
import { Turn } from "./turn.js";

const NEAR_PIXELS = 160;
const DAY = 86400000;

function dayOf(iso) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  const at = new Date(iso).getTime();
  if (at >= midnight) return "Today";
  return at >= midnight - DAY ? "Yesterday" : at >= midnight - 6 * DAY ? "This week" : "Earlier";
}

function Here({ one, talk }) {
  const [asking, setAsking] = useState("");
  const [problem, setProblem] = useState("");
  const act = (work) => work.then(() => { setAsking(""); setProblem(""); }, (why) => setProblem(why.message));
  const rename = (event) => { event.preventDefault(); act(talk.rename(one.id, new FormData(event.target).get("title"))); };
  const leave = h("button", { className: "btn s bare", type: "button", onClick: () => setAsking("") }, "Keep");
  return h("div", { className: "past-here" },
    asking === "" && h("div", { className: "row" },
      h("button", { className: "btn s bare", type: "button", onClick: () => setAsking("rename") }, "Rename"),
      h("button", { className: "btn s bare", type: "button", onClick: () => setAsking("delete") }, "Delete")),
    asking === "rename" && h("form", { onSubmit: rename },
      h("input", { className: "field plain s", name: "title", "aria-label": "Title", defaultValue: one.title, maxLength: 80, autoFocus: true }),
      h("div", { className: "row" }, h("button", { className: "btn s primary", type: "submit" }, "Save"), leave)),
    asking === "delete" && h("div", { role: "alertdialog", "aria-label": "Delete this conversation" },
      h("p", null, "Delete it with all that was said in it?"),
      h("div", { className: "row" },
        h("button", { className: "btn s danger", type: "button", autoFocus: true, onClick: () => act(talk.remove(one.id)) }, "Delete"), leave)),
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

function Choose({ talk, isPastOpen, showPast }) {
  const { place, choice, choose } = talk;
  const chosen = place.models.find((one) => one.id === choice.models[0]);
  const pick = (event) => choose({ ...choice, models: [event.target.value] });
  return h("div", { className: "talk-head" },
    h("h1", { className: "unseen" }, "Chat"),
    h("label", { className: "row grow" }, h("span", { className: "unseen" }, "Model"),
      h("select", { className: "field plain s", value: choice.models[0] ?? "", onChange: pick },
        place.models.map((one) => h("option", { key: one.id, value: one.id }, one.is_free ? `${one.name} (free)` : one.name)))),
    h("small", { className: "muted" }, chosen && !chosen.is_free ? chosen.price : ""),
    h("button", { className: "btn s only-small", type: "button", "aria-expanded": isPastOpen, onClick: showPast }, "Earlier chats"));
}

function Cost({ talk, most, purse }) {
  const about = talk.running?.about;
  const [words, tone] = talk.running
    ? [about ? `about ${about}${most?.at_most ? ` of at most ${most.at_most}` : ""}` : "running", "good"]
    : most?.beside ? [most.beside, "wait"]
    : !most ? ["", ""]
    : most.is_enough ? [`at most ${most.at_most}`, "muted"] : [`This needs ${most.at_most} at least.`, "wait"];
  const needs = !talk.running && most && (most.beside || !most.is_enough);
  return h("div", { className: "talk-cost num" },
    h("span", { className: tone, role: "status" }, words),
    needs && h("a", { className: "btn s primary", href: "/credits/" }, "Top up"),
    h("small", { className: "muted" }, h("a", { href: "/credits/" }, purse.available), purse.held ? `, ${purse.held} held` : ""));
}

function Compose({ talk, purse }) {
  const [text, setText] = useState("");
  const most = useMost(talk.choice, talk.turns, text.trim(), purse.available);
  const isOff = Boolean(talk.running) || !text.trim() || !talk.choice.models.length;
  const submit = (event) => {
    event.preventDefault();
    if (isOff) return;
    talk.send(text.trim());
    setText("");
  };
  const typed = (event) => { if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) submit(event); };
  return h("form", { className: "talk-write", onSubmit: submit },
    h(Cost, { talk, most, purse }),
    h("div", { className: "play-box" },
      h("textarea", { "aria-label": "Message", placeholder: talk.turns.length ? "Write the next message" : "Write a message", rows: 2, value: text, maxLength: 60000, onChange: (event) => setText(event.target.value), onKeyDown: typed }),
      talk.running
        ? h("button", { className: "btn", type: "button", onClick: talk.running.stop }, "Stop")
        : h("button", { className: "btn primary", type: "submit", disabled: isOff }, "Send")),
    h("small", { className: "faint" }, talk.running ? "After a stop you pay for what has arrived, rounded up once to whole credits."
      : talk.place.keeps_nothing ? "Nothing of this is kept." : "Kept sealed, for you alone, until you delete it."));
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
        !turns.length && !talk.problem && h("p", { className: "muted play-empty" }, first),
        turns.map((turn, at) => h(Turn, { key: turn.key, isLast: at === last, turn: { ...turn, onAgain: talk.running ? null : (leg) => talk.again(turn, leg) } }))),
      h(Compose, { talk, purse: { available, held } })));
}
