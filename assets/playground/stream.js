// Reads what our own routes answer: JSON, and an answer's stream of server-sent events, as they come.

/** Why something did not work, in words; `url` is where its reader can mend it, `status` 0 where nobody answered. */
export class Refused extends Error {
  constructor(message, status, url) {
    super(message);
    this.status = status;
    this.url = url ?? "";
  }
}

export async function asked(path, options) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The connection broke off. Look whether you are online, and send again.", 0);
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => null);
  const why = said?.error?.message ?? said?.error ?? "That did not work. Try again.";
  throw new Refused(why, answer.status, said?.error?.url ?? said?.url);
}

export async function read(path, method = "GET", body = undefined) {
  const sent = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return (await asked(path, { method, ...sent })).json();
}

/** Posts what is asked; `heard` is told of each event by its name, which is mostly none, and what it holds. */
export async function post(path, body, { signal, headers, begun, heard }) {
  const sent = { "Content-Type": "application/json", ...headers };
  const answer = await asked(path, { method: "POST", headers: sent, body: JSON.stringify(body), signal });
  begun(answer.headers.get("x-request-id"));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let kept = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (kept + value).split(/\r?\n\r?\n/);
    kept = events.pop();
    for (const event of events) {
      const lines = event.split(/\r?\n/);
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim()).join("\n");
      if (data && data !== "[DONE]") heard(lines.includes("event: cost") ? "cost" : "", JSON.parse(data));
    }
  }
}

/** Posts a conversation; `heard` is told of each event: {text}, {about}, {paywall}, {error}. */
export function converse(path, body, signal, begun, heard) {
  return post(path, body, { signal, begun, heard: (name, said) => tell(name, said, heard) });
}

function tell(name, said, heard) {
  if (name === "cost") return heard({ about: said.about });
  if (said.error) return heard({ error: said.error.message ?? "The answer broke off.", url: said.error.url });
  const text = said.choices?.[0]?.delta?.content;
  if (text) heard({ text });
  if (said.paywall?.url) heard({ paywall: said.paywall });
}
