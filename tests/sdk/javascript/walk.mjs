// Walks through the official SDK against a running server, and prints what it saw as one JSON object.
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const [baseURL, apiKey, user, poor, model, behindURL, behindKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: "user", content: "What is a coin slot?" }];
const ask = { model, user, messages };
const tools = [{
  type: "function",
  function: {
    name: "find_city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false },
  },
}];
const seen = {};

async function failure(work) {
  try {
    await work();
  } catch (error) {
    return { kind: error.constructor.name, status: error.status, code: error.code, param: error.param ?? null };
  }
  return null;
}

const { data: whole, response } = await client.chat.completions.create(ask).withResponse();
seen.whole = { text: whole.choices[0].message.content, total: whole.usage.total_tokens, paywall: whole.paywall,
  action: response.headers.get("x-paywall-action"), requestId: whole._request_id };

const stream = await client.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } });
let text = "", chunks = 0, usage = null;
for await (const chunk of stream) {
  chunks += 1;
  text += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
seen.streamed = { text, chunks, usage };

const runner = client.chat.completions.stream(ask);
seen.runner = (await runner.finalMessage()).content;

const called = await client.chat.completions.create({ ...ask, tools, tool_choice: "required" });
seen.tool = { name: called.choices[0].message.tool_calls[0].function.name,
  keys: Object.keys(JSON.parse(called.choices[0].message.tool_calls[0].function.arguments)) };
const calling = client.chat.completions.stream({ ...ask, tools, tool_choice: "required" });
seen.toolStreamed = (await calling.finalMessage()).tool_calls[0].function.name;

const City = z.object({ name: z.string(), people: z.number() });
const parsed = await client.chat.completions.parse({ ...ask, response_format: zodResponseFormat(City, "city") });
seen.parsed = { keys: Object.keys(parsed.choices[0].message.parsed), isCity: City.safeParse(parsed.choices[0].message.parsed).success };

const parsing = client.chat.completions.stream({ ...ask, response_format: zodResponseFormat(City, "city") });
seen.parsedStreamed = City.safeParse((await parsing.finalMessage()).parsed).success;

const behind = new OpenAI({ baseURL: behindURL, apiKey: behindKey, maxRetries: 2 });
const flaky = await behind.chat.completions.create({ ...ask, model: "flaky" });
seen.retried = flaky.paywall.charge;
const parallel = behind.chat.completions.stream({ ...ask, model: "tools", tools, stream_options: { include_usage: true } });
parallel.on("chunk", (chunk) => { seen.parallelCharge = chunk.paywall?.charge ?? seen.parallelCharge; });
seen.parallel = (await parallel.finalMessage()).tool_calls.map((call) => [call.function.name, call.function.arguments]);

seen.choices = (await client.chat.completions.create({ ...ask, n: 3 })).choices.length;

const models = [];
for await (const offered of client.models.list()) models.push(offered.id);
seen.models = models;
seen.model = (await client.models.retrieve(model)).pricing;

const link = await client.chat.completions.create({ ...ask, user: poor });
seen.link = { text: link.choices[0].message.content, total: link.usage.total_tokens, action: link.paywall.action };

seen.failures = {
  key: await failure(() => new OpenAI({ baseURL, apiKey: "sk-coinslot-test-none", maxRetries: 0 }).chat.completions.create(ask)),
  model: await failure(() => client.chat.completions.create({ ...ask, model: "none" })),
  field: await failure(() => client.chat.completions.create({ ...ask, n: 0 })),
  user: await failure(() => client.chat.completions.create({ ...ask, user: "two words" })),
  strict: await failure(() => client.chat.completions.create({ ...ask, user: poor }, { headers: { "X-Paywall-Errors": "http" } })),
};

const keyed = { headers: { "Idempotency-Key": "walk" } };
const first = await client.chat.completions.create(ask, keyed);
const again = await client.chat.completions.create(ask, keyed).withResponse();
seen.replay = { same: first.id === again.data.id, header: again.response.headers.get("idempotent-replayed") };

console.log(JSON.stringify(seen));
