// The room of a playground: one conversation, kept in this tab and nowhere else. It reads its stream itself.

import { createElement as h, useCallback, useEffect, useRef, useState } from "react";
import { converse, read, Refused } from "./stream.js";
import { Words } from "./text.js";

const RECEIPT_LOOKS = 20;
const RECEIPT_MILLISECONDS = 400;
const WALLET_MILLISECONDS = 4000;
const NEAR_PIXELS = 160;
const BUTTONS = { authorize: "Authorize", topup: "Top up", limit: "Raise your cap" };
const base = () => `/play/${location.pathname.split("/").filter(Boolean)[1] ?? ""}`;
const pause = (milliseconds) => new Promise((then) => setTimeout(then, milliseconds));

/** Keeps a conversation in this tab, so that whoever goes to pay finds it when they come back. */
const kept = {
  read() {
    try {
      const turns = JSON.parse(sessionStorage.getItem(base()) ?? "[]");
      const last = turns.at(-1);
      // Who left in the middle of an answer has stopped it.
      if (last?.role === "assistant" && !last.cost && !last.paywall && !last.error) last.isStopped = true;
      return turns;
    } catch { return []; }
  },
  write(turns) {
    try { sessionStorage.setItem(base(), JSON.stringify(turns)); } catch { /* a tab that keeps nothing shows it all the same */ }
  },
};

/** What is sent of a conversation: what was said and answered, without links, errors and what never came. */
function sent(turns) {
  return turns
    .filter((turn) => turn.content && !turn.paywall && (turn.role === "user" || !turn.error))
    .map(({ role, content }) => ({ role, content }));
}

function useRoom() {
  const [place, setPlace] = useState(null);
  const [wallet, setWallet] = useState(null);
  const [turns, setTurns] = useState([]);
  const [running, setRunning] = useState(null);
  const [model, setModel] = useState("");

  const look = useCallback(() => read(`${base()}/wallet`).then(setWallet, () => {}), []);
  useEffect(() => {
    setTurns(kept.read());
    read(`${base()}/visit`, "POST").then(
      (found) => {
        setPlace(found);
        setWallet(found.wallet);
        setModel(found.models[0]?.id ?? "");
        document.title = `${found.name} · Playground`;
      },
      (why) => setPlace({ problem: why.message, isNone: why.status === 404 || why.status === 400 }),
    );
  }, []);
  useEffect(() => { if (place?.name) kept.write(turns); }, [place, turns]);

  const isWaiting = Boolean(turns.at(-1)?.paywall);
  useEffect(() => {
    if (!place?.name) return undefined;
    const seen = () => { if (!document.hidden) look(); };
    addEventListener("focus", seen);
    const timer = isWaiting ? setInterval(seen, WALLET_MILLISECONDS) : 0;
    return () => { removeEventListener("focus", seen); clearInterval(timer); };
  }, [place, isWaiting, look]);

  // By the turn's own number: a new conversation may have begun before an old answer is heard of.
  const amend = (number, values) =>
    setTurns((all) => all.map((turn) => (turn.number === number ? { ...turn, ...values(turn) } : turn)));

  async function receipt(id, number) {
    for (let looks = 0; looks < RECEIPT_LOOKS; looks += 1) {
      try {
        const found = await read(`${base()}/receipts/${id}`);
        setWallet(found.wallet);
        if (found.is_final) return amend(number, () => ({ cost: found.cost, tokens: found.tokens }));
      } catch (why) {
        if (!(why instanceof Refused) || why.status) return undefined;
      }
      await pause(RECEIPT_MILLISECONDS);
    }
    return undefined;
  }

  async function answer(history) {
    const stop = new AbortController();
    const number = Date.now();
    let id = "";
    let isLink = false;
    setTurns([...history, { role: "assistant", content: "", number }]);
    setRunning({ about: "", stop: () => stop.abort() });
    try {
      await converse(`${base()}/chat`, { model, messages: sent(history) }, stop.signal, (found) => { id = found; }, (said) => {
        if (said.about) setRunning((now) => now && { ...now, about: said.about });
        if (said.text) amend(number, (turn) => ({ content: turn.content + said.text }));
        if (said.paywall) { isLink = true; amend(number, () => ({ paywall: said.paywall })); }
        if (said.error) amend(number, () => ({ error: said.error, url: said.url }));
      });
    } catch (why) {
      if (why.name === "AbortError") amend(number, () => ({ isStopped: true }));
      else amend(number, () => ({ error: why instanceof Refused ? why.message : "The answer broke off.", url: why.url }));
    }
    setRunning(null);
    if (id) await receipt(id, number);
    if (isLink) look();
  }

  const send = (text) => answer([...turns, { role: "user", content: text }]);
  const again = () => answer(turns.slice(0, -1));
  const begin = () => { running?.stop(); setTurns([]); };
  return { place, wallet, turns, running, model, setModel, send, again, begin };
}

function Icon({ place }) {
  if (place.icon) return h("img", { src: place.icon, alt: "", className: "icon s" });
  const letters = place.name.split(/\s+/).map((word) => word[0]).join("").slice(0, 2).toUpperCase();
  return h("span", { className: "icon s", "aria-hidden": true }, letters);
}

function Head({ room }) {
  const { place, wallet } = room;
  const add = wallet.is_authorized ? "Top up" : "Authorize";
  return h("div", { className: "play-head" },
    h("div", { className: "row" }, h(Icon, { place }), h("h1", null, place.name),
      place.is_sandbox && h("span", { className: "tag wait" }, "Sandbox")),
    h("div", { className: "row" },
      h("span", { className: "num", role: "status" }, wallet.is_authorized ? wallet.available : ""),
      h("a", { className: "btn s", href: wallet.add }, add),
      wallet.is_authorized && h("a", { className: "btn s bare", href: wallet.menu }, "Activity"),
      h("button", { className: "btn s bare", type: "button", onClick: room.begin, disabled: !room.turns.length }, "New conversation")));
}

function Note({ turn, room, isLast }) {
  const action = turn.paywall?.action;
  const url = turn.paywall?.url || turn.url;
  const words = BUTTONS[action] ?? "Go on";
  const again = isLast && !room.running && (turn.paywall || turn.error || turn.isStopped);
  return h("div", { className: "play-note" },
    turn.error && h("p", { className: "bad", role: "alert" }, turn.error),
    turn.isStopped && h("p", { className: "muted" }, "You stopped this answer."),
    (turn.cost || turn.tokens) && h("small", { className: "muted num" }, [turn.cost, turn.tokens].filter(Boolean).join(" · ")),
    (url || again) && h("div", { className: "row" },
      url && isLast && h("a", { className: "btn s primary", href: url }, words),
      again && h("button", { className: "btn s", type: "button", onClick: room.again }, "Send it again")));
}

function Turn({ turn, room, isLast }) {
  if (turn.role === "user") return h("p", { className: "said" }, turn.content);
  const isRunning = isLast && room.running;
  return h("article", { className: "answer", "aria-label": `${room.place.name} answers`, "aria-busy": Boolean(isRunning) },
    turn.content ? h(Words, { text: turn.content }) : isRunning && h("p", { className: "muted" }, "Waiting for the model"),
    !isRunning && h(Note, { turn, room, isLast }));
}

function Compose({ room }) {
  const [text, setText] = useState("");
  const chosen = room.place.models.find((each) => each.id === room.model);
  const isOff = Boolean(room.running) || !text.trim() || !room.model;
  const submit = (event) => {
    event.preventDefault();
    if (isOff) return;
    room.send(text.trim());
    setText("");
  };
  const typed = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
  };
  const about = room.running?.about;
  return h("form", { className: "play-write", onSubmit: submit },
    h("div", { className: "row between num" },
      h("label", { className: "row grow" }, h("span", { className: "unseen" }, "Model"),
        h("select", { className: "field plain s", value: room.model, onChange: (event) => room.setModel(event.target.value) },
          room.place.models.map((each) => h("option", { key: each.id, value: each.id }, each.name)))),
      h("small", { className: about ? "good" : "muted", role: "status" }, about ? `about ${about}` : chosen?.price)),
    h("div", { className: "play-box" },
      h("textarea", { "aria-label": "Message", placeholder: "Write a message", rows: 2, value: text, maxLength: 60000,
        onChange: (event) => setText(event.target.value), onKeyDown: typed }),
      room.running
        ? h("button", { className: "btn", type: "button", onClick: room.running.stop }, "Stop")
        : h("button", { className: "btn primary", type: "submit", disabled: isOff }, "Send")),
    h("small", { className: "faint" }, "Nothing is kept but in this tab. Each answer is charged to your own wallet."));
}

function Instead({ title, text }) {
  return h("div", { className: "centre" }, h("section", { className: "panel pad" }, h("h1", null, title), h("p", { className: "muted play-gap" }, text)));
}

/** The whole room, from its first reading on. */
export function Room() {
  const room = useRoom();
  const seen = useRef(0);
  const { place, turns } = room;
  useEffect(() => {
    const page = document.documentElement;
    const isNew = turns.length !== seen.current;
    seen.current = turns.length;
    // Whoever has scrolled up reads, and is left where they are.
    if (isNew || page.scrollHeight - innerHeight - scrollY < NEAR_PIXELS) scrollTo(0, page.scrollHeight);
  }, [turns]);
  if (!place) {
    return h("div", { className: "play", role: "status", "aria-label": "Opening the playground" },
      h("div", { className: "skeleton play-wait" }), h("div", { className: "skeleton play-wait tall" }));
  }
  if (place.isNone) {
    return h(Instead, { title: "There is no playground here", text: "The address may be cut off, or the playground is closed. Ask whoever gave it to you." });
  }
  if (place.problem) return h(Instead, { title: "The playground cannot be opened", text: place.problem });
  const last = turns.length - 1;
  const first = place.models.length
    ? `Ask ${place.name} something. The price of each answer stands under it.`
    : `${place.name} offers no model yet.`;
  return h("div", { className: "play" },
    h(Head, { room }),
    h("div", { className: "play-turns" },
      !turns.length && h("p", { className: "muted play-empty" }, first),
      turns.map((turn, at) => h(Turn, { key: at, turn, room, isLast: at === last }))),
    h(Compose, { room }));
}
