// Walks through the published client of the account API against a running server, and prints what it saw as JSON.
import { LLMWise } from "llmwise";

const [baseUrl, apiKey, model, ...there] = process.argv.slice(2);
const client = new LLMWise({ apiKey, baseUrl });
const messages = [{ role: "user", content: "Say €, a \\nut and\n\"quotes\"." }];
const seen = {};

async function failure(work) {
  try {
    await work();
  } catch (error) {
    return { kind: error.constructor.name, status: error.status };
  }
  return null;
}

const reads = {
  models: () => client.models(),
  credits_balance: () => client.creditsBalance(),
  credits_wallet: () => client.creditsWallet(),
  credits_transactions: () => client.creditsTransactions({ limit: 5 }),
  credits_packs: () => client.creditsPacks(),
  usage_summary: () => client.usageSummary({ days: 1 }),
  usage_recent: () => client.usageRecent({ limit: 3, days: 1 }),
  conversations: () => client.conversations({ limit: 3, offset: 0 }),
  history: () => client.history({ limit: 3, offset: 0 }),
  keys_info: () => client.keysInfo(),
  memory_list: () => client.memory({ limit: 3 }),
  memory_search: () => client.memorySearch({ q: "platform", top_k: 2 }),
  optimization_policy: () => client.optimizationPolicy(),
  optimization_report: () => client.optimizationReport({ goal: "balanced", days: 1 }),
  settings_keys: () => client.settingsKeys(),
  settings_privacy: () => client.settingsPrivacy(),
  settings_copilot_state: () => client.settingsCopilotState(),
};
seen.reads = {};
for (const name of there) {
  const answer = await reads[name]();
  seen.reads[name] = Array.isArray(answer) ? "array" : typeof answer;
}

seen.whole = await client.chat({ model, messages });
seen.events = [];
for await (const event of client.chatStream({ model, messages })) seen.events.push(event);

// Free credits open one model alone; by an own key all of them answer.
await client.settingsSaveKeys({ keys: { demo: "a-key-of-the-demo" } });
const models = ["demo-mini", "demo-free"];
seen.panels = {
  compare: await client.compare({ models, messages }),
  blend: await client.blend({ models, synthesizer: "demo-large", strategy: "council", messages }),
  judge: await client.judge({ contestants: models, judge: "demo-large", criteria: ["clarity"], messages }),
};
await client.settingsDeleteKey("demo");

seen.purchase = await client.creditsPurchase({ amount_usd: 5 });
seen.confirmed = await client.creditsConfirmCheckout({ session_id: seen.purchase.session_id });
seen.copilot = await client.settingsUpdateCopilot({ goal: "cost", checklist: { chat: true } });
seen.asked = await client.settingsAskCopilot({ question: "How do I connect Stripe?", path: "/settings",
  context: { page: "settings" } });
seen.policy = await client.optimizationUpdatePolicy({ goal: "cost" });
seen.cleared = await client.memoryClear();
seen.failures = {
  consent: await failure(() => client.creditsAutoTopup({ enabled: true, threshold_credits: 300, amount_usd: 10,
    monthly_cap_usd: 200 })),
  session: await failure(() => client.keysGenerate()),
  offered: await failure(() => client.optimizationSnapshots({ limit: 2 })),
  model: await failure(() => client.chat({ model: "nothing", messages })),
};
seen.off = await client.creditsAutoTopup({ enabled: false, threshold_credits: 1, amount_usd: 3,
  monthly_cap_usd: 3 });

console.log(JSON.stringify(seen));
