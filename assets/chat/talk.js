// What the chat page knows and does: conversations of whoever is signed in, read from /talk, and what is being asked.

import { useCallback, useEffect, useRef, useState } from "react";
import { post, read, Refused } from "../playground/stream.js";
import { bodyOf, fitted, legsOf, missing, MODES, writerOf } from "./modes.js";
import { fromKept, heardIn, leg, stopped, unstopped } from "./said.js";

const RECEIPT_LOOKS = 25;
const RECEIPT_MILLISECONDS = 300;
const ASK_MILLISECONDS = 350;
const CHOICE = "chat-choice";
const NO_MONEY = 402;
const NO_ANSWER = 502;
const GONE = 404;
const pause = (milliseconds) => new Promise((then) => setTimeout(then, milliseconds));
const named = () => new URLSearchParams(location.search).get("c") ?? "";
const point = (id) => history.replaceState(history.state, "", id ? `/chat/?c=${encodeURIComponent(id)}` : "/chat/");

/** Tells whether a conversation that was asked in is not there any more: another tab may have deleted it. */
const isGone = (id) => read(`/talk/conversations/${encodeURIComponent(id)}`).then(() => false, (why) => why.status === GONE);

/** The conversations of before, and what can be done with them. */
function usePast() {
  const [list, setList] = useState([]);
  const [hasMore, setHasMore] = useState(false);
  const look = useCallback(async () => {
    const found = await read("/talk/conversations");
    setList(found.conversations);
    setHasMore(found.has_more);
  }, []);
  const more = async () => {
    const found = await read(`/talk/conversations?offset=${list.length}`);
    setList([...list, ...found.conversations.filter((one) => !list.some((old) => old.id === one.id))]);
    setHasMore(found.has_more);
  };
  return { list, hasMore, look, more };
}

/** A room whose open models come first, in the order in which they came: whoever has free credits is offered what these pay for. */
function openFirst(room, freeOnly) {
  const isOpen = (one) => one.is_free || !freeOnly;
  return { ...room, models: room.models.map((one) => ({ ...one, isOpen: isOpen(one) })).sort((one, other) => other.isOpen - one.isOpen || other.is_free - one.is_free) };
}

/** Which models were chosen last in this browser, as far as there still are such; at first the free one where only those are open. */
function firstChoice(room) {
  let kept = {};
  try { kept = JSON.parse(localStorage.getItem(CHOICE) ?? "{}"); } catch { /* a browser that keeps nothing chooses anew */ }
  const known = (kept.models ?? []).filter((id) => room.models.some((one) => one.id === id && one.isOpen));
  const mode = room.modes.includes(kept.mode) && room.models.length >= MODES[kept.mode].needs ? kept.mode : "chat";
  return fitted({ ...kept, mode, models: known }, room.models);
}

export function useTalk(freeOnly) {
  const [place, setPlace] = useState(null);
  const [choice, setChoice] = useState({ mode: "chat", models: [] });
  const [here, setHere] = useState("");
  const [turns, setTurns] = useState([]);
  const [running, setRunning] = useState(null);
  const [problem, setProblem] = useState("");
  const past = usePast();
  const keys = useRef(0);
  const isFree = useRef(freeOnly);
  const choose = (next) => {
    setChoice(next);
    try { localStorage.setItem(CHOICE, JSON.stringify(next)); } catch { /* it is chosen all the same */ }
  };

  const amend = useCallback((key, change) => setTurns((all) => all.map((turn) => (turn.key === key ? change(turn) : turn))), []);
  const open = useCallback(async (id) => {
    try {
      const found = await read(`/talk/conversations/${encodeURIComponent(id)}`);
      setTurns(fromKept(found.turns));
      setHere(id);
      setProblem("");
      point(id);
    } catch (why) {
      setTurns([]);
      setHere("");
      setProblem(why.status === GONE ? "This conversation is not there any more. The next message begins a new one." : why.message);
      if (why.status === GONE) point("");
    }
  }, []);
  const { look } = past;
  useEffect(() => {
    const found = named();
    Promise.all([read("/talk/room"), look(), found ? open(found) : null]).then(
      ([room]) => {
        const sorted = openFirst(room, isFree.current);
        setPlace(sorted);
        setChoice(firstChoice(sorted));
      },
      (why) => setPlace({ problem: why.message }),
    );
  }, [look, open]);

  async function receipt(id, key) {
    for (let looks = 0; id && looks < RECEIPT_LOOKS; looks += 1) {
      const found = await read(`/talk/receipts/${id}`).catch(() => null);
      if (found?.is_final) return amend(key, (turn) => ({ ...turn, id, credits: found.credits }));
      await pause(RECEIPT_MILLISECONDS);
    }
    return undefined;
  }

  async function begin() {
    if (place.keeps_nothing) return "";
    const made = here || (await read("/talk/conversations", "POST", {})).id;
    setHere(made);
    point(made);
    return made;
  }

  /** Asks, and takes what is heard into a turn; `again` names the leg that it repeats. */
  async function ask(key, path, body, again) {
    const stop = new AbortController();
    let id = "";
    let waiting = [];
    // What came within one frame is drawn at once: several legs write faster than anybody reads.
    const draw = () => {
      const heard = waiting;
      waiting = [];
      amend(key, (turn) => heard.reduce(heardIn, turn));
    };
    // One of several models is stopped on the server: its call ends there, and the others go on in the same stream.
    const stopLeg = (place) => id && read(`/talk/stop/${encodeURIComponent(id)}/${place}`, "POST").catch(() => amend(key, (turn) => unstopped(turn, place)));
    setRunning({ about: "", key, stop: () => stop.abort(), stopLeg });
    try {
      await post(path, body, {
        signal: stop.signal,
        headers: again?.id ? { "X-Talk-Again": `${again.id}:${again.leg}` } : {},
        begun: (found) => { id = found; },
        heard: (name, said) => {
          if (name === "cost") return setRunning((now) => now && { ...now, about: said.about });
          if (!waiting.push(said) || waiting.length > 1) return undefined;
          return requestAnimationFrame(draw);
        },
      });
      draw();
    } catch (why) {
      draw();
      if (why.name === "AbortError") amend(key, stopped);
      else {
        // Its first sentence says what is missing: money, or a model that opens with the first top-up. The link has its button.
        const isLost = why.status === GONE && Boolean(body.conversation_id) && await isGone(body.conversation_id);
        if (isLost) { setHere(""); point(""); }
        const said = isLost ? "This conversation was deleted meanwhile. It was not charged; the next message begins a new one."
          : why.status === NO_MONEY ? `${why.message.split(". ")[0]}. It was not charged.`
          : why.status === NO_ANSWER ? `The model did not answer: ${why.message} It was not charged.`
          : why instanceof Refused ? why.message : "The answer broke off.";
        amend(key, (turn) => ({ ...heardIn(turn, { error: said }), url: why.url }));
      }
    }
    setRunning(null);
    if (id) await receipt(id, key);
    if (again?.id) amend(key, (turn) => ({ ...turn, id: again.id, credits: again.credits + (turn.credits ?? 0) }));
    await look().catch(() => {});
  }

  async function send(question) {
    const key = `new${(keys.current += 1)}`;
    const asked = { key, id: "", mode: choice.mode, question, beside: writerOf(choice), legs: legsOf(choice) };
    setProblem("");
    setTurns((all) => [...all, asked]);
    try {
      const conversation = await begin();
      await ask(key, `/talk/${MODES[choice.mode].path}`, bodyOf(choice, turns, question, conversation));
    } catch (why) {
      amend(key, (turn) => heardIn(turn, { error: why.message }));
    }
  }

  /** Asks one leg again: a request of its own, with what that model had heard before. */
  async function again(turn, place) {
    const old = turn.legs.find((one) => one.leg === place);
    const before = turns.slice(0, turns.indexOf(turn));
    amend(turn.key, (now) => ({ ...now, url: "", legs: now.legs.map((one) => (one.leg === place ? leg(place, one.model, { isRunning: true, tries: one.tries + 1 }) : one)) }));
    const body = bodyOf({ mode: "chat", models: [old.model] }, before, turn.question, await begin());
    await ask(turn.key, "/talk/chat", body, { id: turn.id, leg: place, credits: turn.credits ?? 0 });
  }

  const fresh = () => { running?.stop(); setTurns([]); setHere(""); setProblem(""); point(""); };
  const rename = async (id, title) => { await read(`/talk/conversations/${id}`, "PATCH", { title }); await look(); };
  const remove = async (id) => { await read(`/talk/conversations/${id}`, "DELETE"); if (id === here) fresh(); await look(); };
  const isMany = Boolean(running) && turns.some((turn) => turn.key === running.key && ["compare", "judge"].includes(turn.mode));
  return { place, choice, choose, isMany, here, turns, running, problem, past, open, send, again, fresh, rename, remove };
}

/** What a question may cost at most, asked a moment after it was typed last. */
export function useMost(choice, turns, question, available) {
  const [most, setMost] = useState(null);
  const isRunning = turns.some((turn) => turn.legs.some((one) => one.isRunning));
  useEffect(() => {
    if (isRunning || missing(choice)) return undefined;
    let isOver = false;
    const timer = setTimeout(() => {
      const body = bodyOf(choice, turns, question || " ", "");
      read(`/talk/most/${MODES[choice.mode].path}`, "POST", body).then((found) => !isOver && setMost(found), (why) => !isOver && setMost({ beside: why.message }));
    }, ASK_MILLISECONDS);
    return () => { isOver = true; clearTimeout(timer); };
  }, [choice, turns, question, available, isRunning]);
  return most;
}
