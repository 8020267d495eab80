// What each mode asks: how many models, who reads the others' answers, and what is sent. Plain values, no elements.

import { leg, mainOf, messagesFor } from "./said.js";

/** Modes by name. `writer` is what somebody is called who reads the other answers; `needs` how many models there must be. */
export const MODES = {
  chat: { name: "Chat", least: 1, most: 1, needs: 1, path: "chat", says: "" },
  compare: { name: "Compare", least: 2, most: 9, needs: 2, path: "compare", says: "Each model answers by itself." },
  blend: { name: "Blend", least: 2, most: 6, needs: 2, path: "blend", writer: "Put together by", says: "The answers are made into one." },
  judge: { name: "Judge", least: 2, most: 4, needs: 3, path: "judge", writer: "Judge", says: "Another model compares the answers." },
  mesh: { name: "Mesh", least: 2, most: 4, needs: 2, path: "chat", says: "The first that can answers; you pay for that one." },
};
export const STRATEGIES = { consensus: "what they agree on", council: "where they agree and differ", best_of: "the best, made better", chain: "each goes on from the last" };

/** Takes a choice into a mode: as many of its models as that takes, others added where there are too few. */
export function fitted(choice, models) {
  const mode = MODES[choice.mode];
  // Somebody has to be left who judges.
  const most = choice.mode === "judge" ? Math.min(mode.most, models.length - 1) : mode.most;
  const known = choice.models.filter((id) => models.some((one) => one.id === id)).slice(0, most);
  for (const one of models) {
    if (known.length >= mode.least) break;
    if (!known.includes(one.id)) known.push(one.id);
  }
  const others = models.map((one) => one.id).filter((id) => choice.mode !== "judge" || !known.includes(id));
  const writer = mode.writer ? (others.includes(choice.writer) ? choice.writer : others[0] ?? "") : "";
  return { ...choice, models: known, writer, strategy: choice.strategy ?? "consensus" };
}

/** Tells what is missing for a choice to be asked, empty where nothing is. */
export function missing(choice) {
  const mode = MODES[choice.mode];
  if (choice.models.length < mode.least) return `Choose ${mode.least === 1 ? "a model" : `at least ${mode.least} models`}.`;
  return choice.mode === "judge" && (!choice.writer || choice.models.includes(choice.writer)) ? "Choose a judge who is not among them." : "";
}

export function legsOf(choice) {
  const models = choice.mode === "mesh" ? choice.models.slice(0, 1) : choice.models;
  return models.map((model, at) => leg(at, model, { isRunning: true }));
}

/** Who judges, as an ended turn names them too: their leg comes after all others. */
export function writerOf(choice) {
  return choice.mode === "judge" ? { judge: { model: choice.writer, leg: choice.models.length } } : {};
}

/** What a mode's route is asked, as the published clients ask it, with what each model heard before. */
export function bodyOf(choice, turns, question, conversation) {
  const { models, mode } = choice;
  const kept = conversation ? { conversation_id: conversation } : {};
  const own = (model) => messagesFor(model, turns, question);
  const common = { messages: own(models[0]), ...kept };
  const each = { own_messages: Object.fromEntries(models.slice(1).map((model) => [model, own(model)])) };
  switch (mode) {
    case "compare": return { models, ...common, ...each };
    case "blend": return { models, strategy: choice.strategy, ...(choice.strategy === "chain" ? {} : { synthesizer: choice.writer }), ...common, messages: plain(turns, question) };
    case "judge": return { contestants: models, judge: choice.writer, ...common, messages: plain(turns, question) };
    case "mesh": return { model: models[0], routing: { fallback: models.slice(1) }, ...common, messages: plain(turns, question) };
    default: return { model: models[0], ...common };
  }
}

/** What was said, by whoever answered best: for modes in which models read one another. */
function plain(turns, question) {
  const said = turns.flatMap((turn) => {
    const main = mainOf(turn);
    return main?.text ? [{ role: "user", content: turn.question }, { role: "assistant", content: main.text }] : [];
  });
  return [...said, { role: "user", content: question }];
}
