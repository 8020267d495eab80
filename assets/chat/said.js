// What a conversation is made of: turns, and in each a leg for every model that was asked. Plain values, no elements.

export const LETTERS = "ABCDEFGHIJKLMNOPQRS";
const WHY = {
  "": "", too_slow: "It was too slow, and was left out; it costs nothing.", empty_answer: "It said nothing; it costs nothing.",
  funds: "Your credits were not enough for it.", circuit_open: "It failed just now, and was passed by.", too_long: "What it would have had to read is too long for it.",
  client_gone: "You stopped this answer.", stopped: "", provider_timeout: "It took too long; it costs nothing.",
};

/** Why a leg said no more, in words, of what the server calls it. */
function why(code) {
  return WHY[code] ?? (/^[a-z_]+$/.test(code) ? "It failed; it costs nothing." : code);
}

/** A leg as it is shown; `tries` counts how often it was asked. */
export function leg(place, model, more = {}) {
  return { leg: place, model, text: "", error: "", isStopped: false, isRunning: false, tries: 1, ...more };
}

/** Turns as the server keeps them, with every answer that was asked again in the place of the one before. */
export function fromKept(kept) {
  const turns = [];
  for (const one of kept) {
    const legs = one.answers.map((said) => leg(said.leg, said.model, { text: said.text, error: why(said.error), isStopped: said.is_stopped || said.error === "stopped" }));
    const [first, place] = one.again_of ?? [];
    const before = turns.find((turn) => turn.id === first);
    if (before && legs.length) {
      before.credits = (before.credits ?? 0) + (one.beside?.credits_charged ?? 0);
      before.legs = before.legs.map((old) => (old.leg === place ? { ...legs[0], leg: place, tries: old.tries + 1 } : old));
    } else {
      turns.push({ key: one.id, id: one.id, mode: one.mode, question: one.question, legs, beside: one.beside ?? {}, credits: one.beside?.credits_charged });
    }
  }
  return turns;
}

/** The answer that stands for a turn: what was put together, the winner's, else the first that said something. */
export function mainOf({ mode, legs, beside }) {
  const winner = beside?.verdict?.winner;
  return (mode === "blend" && legs.findLast((one) => one.text)) || legs.find((one) => one.text && one.model === winner) || legs.find((one) => one.text);
}

/** What a model is sent: each question, and what it answered itself, or what was answered where it was not asked. */
export function messagesFor(model, turns, question) {
  const said = [];
  for (const turn of turns) {
    const own = turn.mode !== "blend" && turn.legs.find((one) => one.model === model && one.text);
    const shown = own || mainOf(turn);
    if (shown) said.push({ role: "user", content: turn.question }, { role: "assistant", content: shown.text });
  }
  return [...said, { role: "user", content: question }];
}

function ended(one, said) {
  const isWell = said.status === undefined || said.status === "answered";
  return { ...one, text: said.content ?? one.text, error: isWell ? one.error : why(said.reason ?? said.status), isStopped: said.reason === "stopped", isRunning: false };
}

/** Takes one event of a stream into a turn. */
export function heardIn(turn, said) {
  if (said.event === "done") {
    return { ...turn, id: said.id ?? turn.id, credits: said.credits_charged, beside: { ...turn.beside, ...said }, legs: turn.legs.map((one) => ({ ...one, isRunning: false })) };
  }
  if (said.event === "route") {
    const trace = [...(turn.beside.trace ?? []), said];
    const legs = said.status === "answered" ? [leg(said.leg ?? 0, said.model, { isRunning: true })] : turn.legs;
    return { ...turn, beside: { ...turn.beside, trace }, legs };
  }
  if (said.event && !["leg", "source"].includes(said.event)) return { ...turn, beside: { ...turn.beside, ...said } };
  if (said.error && said.leg === undefined) {
    return { ...turn, legs: turn.legs.map((one) => (one.isRunning ? { ...one, error: said.error, isRunning: false } : one)) };
  }
  if (said.delta === undefined && !said.error && !said.event) return turn;
  const place = said.leg ?? turn.legs[0].leg;
  const legs = turn.legs.some((one) => one.leg === place) ? turn.legs : [...turn.legs, leg(place, said.model)];
  const more = (one) => (said.event ? ended(one, said) : {
    ...one, model: said.model || one.model, text: one.text + (said.delta ?? ""), error: said.error || one.error, isRunning: !said.error,
  });
  return { ...turn, legs: legs.map((one) => (one.leg === place ? more(one) : one)) };
}

/** Ends a turn whose reader went away. */
export function stopped(turn) {
  return { ...turn, legs: turn.legs.map((one) => (one.isRunning ? { ...one, isRunning: false, isStopped: true } : one)) };
}

/** Says of a leg that runs that it could not be stopped alone. */
export function unstopped(turn, place) {
  const error = "It cannot be stopped alone. Stop all ends it.";
  return { ...turn, legs: turn.legs.map((one) => (one.leg === place && one.isRunning ? { ...one, error } : one)) };
}
