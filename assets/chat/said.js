// What a conversation is made of: turns, and in each a leg for every model that was asked. Plain values, no elements.

export const LETTERS = "ABCDEFGHIJKLMNOPQRS";

/** A leg as it is shown; `tries` counts how often it was asked. */
export function leg(place, model, more = {}) {
  return { leg: place, model, text: "", error: "", isStopped: false, isRunning: false, tries: 1, ...more };
}

/** Turns as the server keeps them, with every answer that was asked again in the place of the one before. */
export function fromKept(kept) {
  const turns = [];
  for (const one of kept) {
    const legs = one.answers.map((said) => leg(said.leg, said.model, { text: said.text, error: said.error, isStopped: said.is_stopped }));
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

/** What a model is sent: each question, and what it answered itself, or what was answered where it was not asked. */
export function messagesFor(model, turns, question) {
  const said = [];
  for (const turn of turns) {
    const own = turn.legs.find((one) => one.model === model && one.text) ?? turn.legs.find((one) => one.text);
    if (own) said.push({ role: "user", content: turn.question }, { role: "assistant", content: own.text });
  }
  return [...said, { role: "user", content: question }];
}

/** Takes one event of a stream into a turn. */
export function heardIn(turn, said) {
  if (said.event === "done") {
    return { ...turn, id: said.id ?? turn.id, credits: said.credits_charged, beside: { ...turn.beside, ...said }, legs: turn.legs.map((one) => ({ ...one, isRunning: false })) };
  }
  if (said.error && said.leg === undefined) {
    return { ...turn, legs: turn.legs.map((one) => (one.isRunning ? { ...one, error: said.error, isRunning: false } : one)) };
  }
  if (said.delta === undefined && !said.error) return turn;
  const place = said.leg ?? turn.legs[0].leg;
  const more = (one) => ({
    ...one, model: said.model || one.model, text: one.text + (said.delta ?? ""), error: said.error || one.error,
    isRunning: !said.error && !said.done,
  });
  return { ...turn, legs: turn.legs.map((one) => (one.leg === place ? more(one) : one)) };
}

/** Ends a turn whose reader went away. */
export function stopped(turn) {
  return { ...turn, legs: turn.legs.map((one) => (one.isRunning ? { ...one, isRunning: false, isStopped: true } : one)) };
}
