// wrapper/plugin/index.js: OpenClaw's side of the safety wrapper: it asks holdfast-wrapper, and obeys.
//
// Nothing is decided here. Before a tool call runs, the daemon is asked; before the model reads a tool's
// result, the daemon has looked at every string of it. Whatever goes wrong (nobody there, no answer in
// time, an answer that is not understood, another version) is an exception, which OpenClaw takes for
// "blocked" in the gate and for "no output" in the middleware. The protocol is in docs/FORMATS.md.
//
// OpenClaw may load and register a plugin several times in one process, and mix what several registrations
// gave it, so the connection and the calls under way belong to the process.
import net from "node:net";

const PROTOCOL = 2;
const VERSION = "1.2.2";
const SOCKET = "/run/holdfast-wrapper/plugin.sock";
const FRAME_MAX = 8 << 20; // bytes of a message
const WAITING_MAX = 512; // questions without an answer
const QUEUED_MAX = 1 << 20; // bytes that wait for the daemon, beyond which observations are dropped
const PASSED_MAX = 4096; // calls that were allowed and did not run yet, or did not end yet
const RUNS_MAX = 4096; // runs of the model that did not end yet
const CONNECT_MS = 5000;
const ANSWER_MS = 15000; // for a first answer: the daemon says soon when a person is asked
const RESULT_MS = 20000;
const RETRY_MS = 5000;
const RUN_MS = 600000; // OpenClaw's limit for a hook; the daemon asks a person for less long
const INPUT_BYTES = 65536; // read at once
const NOTHING = Buffer.alloc(0);
// Bytes of a message's members that the daemon takes; with more it would end the connection, and with that
// everything else that waits.
const MEMBER_MAX = { params: 1 << 20, text: 4096, workspace: 4096, tool: 128, what: 128, origin: 128, plugin: 128,
  openclaw: 128, nonce: 128 };
const NAME_MAX = 512;
const NEEDED = { call: ["call", "tool"], run: ["run"], result: ["tool"] }; // and which must say something
const STRINGS_MAX = 65536;

const state = (globalThis[Symbol.for(`holdfast-wrapper ${VERSION}`)] ??= {
  path: SOCKET,
  link: undefined, // {socket, opened, open, waiting, input, timer, due}
  sequence: 0,
  passed: new Map(), // tool call -> tool and parameters that were allowed
  seen: new Map(), // session and tool call whose result the daemon has seen, so that it knows that it ran
  runs: new Map(), // run -> {session, origin}
  latest: new Map(), // session -> its newest run
  budgets: "none", // what the strictest budget does once it is spent, as the daemon said last
  version: "", // of OpenClaw
  complain: () => {}, // writes a line into OpenClaw's log
  gateway: undefined, // {port, secret, workspace}
  keeper: undefined,
});

class Closed extends Error {}

function send(link, message) {
  if (link.socket.destroyed) throw new Closed("holdfast: the wrapper is gone");
  for (const [name, value] of Object.entries(message)) {
    if (typeof value === "string" ? Buffer.byteLength(value) > (MEMBER_MAX[name] ?? NAME_MAX)
      : Array.isArray(value) && value.length > STRINGS_MAX) throw new Error(`holdfast: ${name} is too big for the wrapper`);
  }
  for (const name of NEEDED[message.t] ?? []) if (message[name] === "") throw new Error(`holdfast: ${name} is missing`);
  const text = JSON.stringify(message);
  const size = Buffer.byteLength(text);
  if (size > FRAME_MAX) throw new Error("holdfast: too big for the wrapper");
  const frame = Buffer.allocUnsafe(4 + size);
  frame.writeUInt32BE(size);
  frame.write(text, 4);
  link.socket.write(frame);
}

function take(link, message) {
  if (message.t === "canary") return void canary(link, String(message.nonce));
  const waiting = link.waiting.get(message.id ?? 0);
  if (!waiting) return;
  if (message.t === "pending") return waiting.extend(Number(message.wait_ms));
  waiting.end(() => waiting.resolve(message));
}

// `data` is read into again: what is not whole yet is copied.
function read(link, data) {
  const input = link.input.length === 0 ? data : Buffer.concat([link.input, data]);
  let at = 0;
  while (input.length - at >= 4) {
    const size = input.readUInt32BE(at);
    if (size === 0 || size > FRAME_MAX) throw new Closed("holdfast: the wrapper answered nonsense");
    if (input.length - at < 4 + size) break;
    const message = JSON.parse(input.toString("utf8", at + 4, at + 4 + size));
    at += 4 + size;
    if (message === null || typeof message !== "object") throw new Closed("holdfast: not a message");
    take(link, message);
  }
  link.input = at === input.length ? NOTHING : Buffer.from(input.subarray(at));
}

function drop(link, why) {
  if (state.link === link) state.link = undefined;
  clearTimeout(link.timer);
  link.socket.destroy();
  for (const waiting of [...link.waiting.values()]) waiting.end(() => waiting.reject(why));
}

// One timer for all that waits, which is left running when an answer comes: most come at once, and a timer
// for each would cost more than the answer. The socket keeps the process alive for it.
function watch(link, due) {
  if (due >= link.due) return;
  clearTimeout(link.timer);
  link.due = due;
  link.timer = setTimeout(() => {
    const now = performance.now();
    link.due = Infinity;
    for (const waiting of [...link.waiting.values()]) {
      if (waiting.due > now) watch(link, waiting.due);
      else waiting.end(() => waiting.reject(new Error("holdfast: the wrapper did not answer in time")));
    }
  }, due - performance.now());
  link.timer.unref();
}

// One answer with the given number, or an exception. Only what waits keeps the process alive.
function wait(link, id, ms, signal) {
  return new Promise((resolve, reject) => {
    const waiting = { resolve, reject, due: performance.now() + ms };
    const aborted = () => {
      waiting.end(() => reject(new Error("holdfast: aborted")));
      try { send(link, { t: "abort", id }); } catch { /* the connection is gone, and the call with it */ }
    };
    waiting.extend = (more) => {
      waiting.due = performance.now() + Math.min(Math.max(more || 0, 0) + ANSWER_MS, 0x7fffffff);
      watch(link, waiting.due);
    };
    waiting.end = (then) => {
      signal?.removeEventListener("abort", aborted);
      link.waiting.delete(id);
      if (link.waiting.size === 0) link.socket.unref();
      then();
    };
    link.waiting.set(id, waiting);
    watch(link, waiting.due);
    link.socket.ref();
    signal?.addEventListener("abort", aborted, { once: true });
    if (signal?.aborted) aborted();
  });
}

function connect() {
  const link = { open: false, waiting: new Map(), input: NOTHING, timer: undefined, due: Infinity };
  const callback = (size, buffer) => {
    try { read(link, buffer.subarray(0, size)); } catch (error) { drop(link, error); }
    return true;
  };
  link.socket = net.createConnection({ path: state.path, onread: { buffer: Buffer.alloc(INPUT_BYTES), callback } });
  link.socket.on("error", (error) => drop(link, error));
  link.socket.on("close", () => drop(link, new Closed("holdfast: the wrapper is gone")));
  link.opened = wait(link, 0, CONNECT_MS).then((answer) => {
    state.budgets = word(answer.budgets) || state.budgets;
    if (answer.t !== "welcome" || answer.protocol !== PROTOCOL) {
      throw new Error(`holdfast: refused by the wrapper: ${answer.reason ?? "another version"}`);
    }
    link.open = true;
  });
  link.opened.catch((error) => drop(link, error));
  const gateway = state.gateway;
  send(link, { t: "hello", protocol: PROTOCOL, plugin: VERSION, openclaw: state.version,
    gateway: gateway !== undefined, workspace: gateway?.workspace ?? "" });
  return link;
}

async function ask(message, ms, signal) {
  const link = (state.link ??= connect());
  if (link.waiting.size >= WAITING_MAX) throw new Error("holdfast: too many calls wait for the wrapper");
  if (!link.open) await link.opened;
  const id = ++state.sequence;
  const answer = wait(link, id, ms, signal);
  try {
    send(link, { ...message, id });
  } catch (error) {
    link.waiting.get(id)?.end(() => {});
    throw error;
  }
  return answer;
}

// A failure is OpenClaw's to turn into a refusal; that it was one, and why, stands in its log.
function told(ask) {
  return async (event, ctx) => {
    try {
      return await ask(event, ctx);
    } catch (error) {
      state.complain(`${word(event.toolName)} is refused: ${error?.message ?? error}`);
      throw error;
    }
  };
}

// What is only observed must never disturb OpenClaw.
function tell(message) {
  const link = state.link;
  if (!link || link.socket.writableLength >= QUEUED_MAX) return;
  if (!link.open) return void link.opened.then(() => send(link, message)).catch(() => {});
  try { send(link, message); } catch { /* the connection is gone, and tools do not run without it */ }
}

// The parameters as text, exactly as the tool gets them. What JSON cannot say is refused.
function spell(params) {
  const text = JSON.stringify(params ?? {}, (key, value) => {
    if (["function", "bigint", "symbol", "undefined"].includes(typeof value) && key !== "" ||
        typeof value === "number" && !Number.isFinite(value) ||
        typeof value === "string" && !value.isWellFormed() || !key.isWellFormed()) {
      throw new Error(`holdfast: the parameter ${key.toWellFormed()} cannot be checked`);
    }
    return value;
  });
  return text;
}

const named = (session, call) => JSON.stringify([session, call]);
const word = (value) => (typeof value === "string" ? value.toWellFormed() : "");
const whole = (value) => (Number.isSafeInteger(value) && value > 0 ? value : 0);

// What has a place in a map of limited size; the oldest goes.
function keep(map, max, key, value) {
  if (map.size >= max) map.delete(map.keys().next().value);
  map.set(key, value);
}

// Who a run is for, as far as OpenClaw says it: nobody, another agent, or (empty) whoever sent the message.
function originOf(ctx) {
  const from = ctx.inputProvenance ?? {};
  if (ctx.trigger === "cron" || ctx.trigger === "heartbeat" || from.kind === "internal_system") return "schedule";
  if (from.kind === "inter_session" || word(ctx.runId).startsWith("announce:")) return "agent";
  return "";
}

// Before the model answers: do the budgets allow it? While the daemon cannot be asked, what it said of them
// last decides: a tenant without budgets must not suffer, one whose budgets stop is stopped.
async function admit(event, ctx) {
  const run = word(ctx.runId), session = word(ctx.sessionKey);
  keep(state.runs, RUNS_MAX, run, { session, origin: originOf(ctx) });
  keep(state.latest, RUNS_MAX, session, run);
  try {
    const answer = await ask({ t: "run", run, session, channel: word(ctx.channel ?? ctx.messageProvider),
      requester: word(event.senderId), owner: event.senderIsOwner === true, tokens: estimate(event) }, ANSWER_MS);
    if (answer.t !== "verdict") throw new Error("holdfast: no answer");
    state.budgets = word(answer.budgets) || state.budgets;
    return answer.verdict === "allow" ? undefined : stopped(word(answer.reason) || "not allowed");
  } catch (error) {
    state.complain(`a run is not reserved: ${error?.message ?? error}`);
    if (state.budgets === "none" || state.budgets === "warn") return undefined;
    return stopped("the budget cannot be checked now; try again later");
  }
}

const stopped = (reason) => ({ outcome: "block", reason, message: `Holdfast: ${reason}` });

// Tokens that the model will read, at about four bytes each, and some that it will write.
function estimate(event) {
  let bytes = 8192;
  const count = (text) => { bytes += text.length; return text; };
  for (const part of [event.prompt, event.systemPrompt, event.messages]) walk(part, count);
  return Math.ceil(bytes / 4);
}

function over(event, ctx) {
  const run = word(event.runId ?? ctx.runId), session = word(ctx.sessionKey);
  state.runs.delete(run);
  if (state.latest.get(session) === run) state.latest.delete(session);
  tell({ t: "life", what: "run_end", call: run, session });
}

async function gate(event, ctx) {
  const call = word(event.toolCallId ?? ctx.toolCallId);
  const tool = word(event.toolName);
  const params = spell(event.params);
  const run = word(event.runId ?? ctx.runId), session = word(ctx.sessionKey);
  const by = ctx.requester ?? {};
  state.seen.delete(named(session, call));
  const answer = await ask({ t: "call", call, tool, params, session, run,
    agent: word(ctx.agentId), origin: state.runs.get(run)?.origin ?? "",
    channel: word(by.channel ?? ctx.messageProvider ?? ctx.channelId), requester: word(by.senderId),
    owner: by.senderIsOwner === true }, ANSWER_MS, ctx.abortSignal);
  if (answer.t !== "verdict" || answer.verdict !== "allow") {
    return { block: true, blockReason: `Holdfast: ${word(answer.reason) || "not allowed"}` };
  }
  keep(state.passed, PASSED_MAX, call, `${tool}\n${params}`);
  return undefined;
}

// The last look before the tool runs: others may have changed what was allowed, and a host that did not
// ask the gate is not to be trusted with the call.
function fence(event, ctx) {
  const call = word(event.toolCallId ?? ctx.toolCallId);
  const allowed = state.passed.get(call);
  state.passed.delete(call);
  if (allowed !== undefined && allowed === `${word(event.toolName)}\n${spell(event.params)}`) return undefined;
  tell({ t: "life", what: allowed === undefined ? "not_asked" : "changed", call, tool: word(event.toolName),
    session: word(ctx.sessionKey) });
  return { block: true, blockReason: allowed === undefined ? "Holdfast: this call was not checked"
    : "Holdfast: tool or parameters are not those that were allowed" };
}

// Every string of a value, keys too, in a fixed order; with `give` each is replaced by what it returns.
function walk(value, give) {
  if (typeof value === "string") return give(value);
  if (Array.isArray(value)) return value.map((item) => walk(item, give));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [give(key), walk(item, give)]));
}

async function clean(event, ctx) {
  const result = JSON.parse(JSON.stringify(event.result ?? {}));
  const strings = [];
  walk(result, (text) => { strings.push(text.toWellFormed()); return text; });
  const call = word(event.toolCallId ?? ctx.toolCallId), session = word(ctx.sessionKey);
  const answer = await ask({ t: "result", call, tool: word(event.toolName), session,
    error: event.isError === true, strings }, RESULT_MS, ctx.abortSignal);
  if (answer.t !== "redacted" || !Array.isArray(answer.changed)) throw new Error("holdfast: no answer");
  keep(state.seen, PASSED_MAX, named(session, call), true);
  if (answer.changed.length === 0) return undefined;
  for (const [at, text] of answer.changed) {
    if (typeof text !== "string" || !Number.isInteger(at) || at < 0 || at >= strings.length) {
      throw new Error("holdfast: the wrapper answered nonsense");
    }
    strings[at] = text;
  }
  let at = 0;
  return { result: walk(result, () => strings[at++]) };
}

// A call came back, which the daemon knows when it has seen the result.
function ran(event, ctx) {
  const call = word(event.toolCallId ?? ctx.toolCallId), session = word(ctx.sessionKey);
  if (state.seen.delete(named(session, call))) return;
  tell({ t: "life", what: "ran", tool: word(event.toolName), call, session,
    text: word(event.result?.details?.status ?? (event.error ? "error" : "")) });
}

// The daemon wants to see that the gate is asked: a harmless tool is called by the gateway's own API, and
// must be refused with the word that the daemon gives the gate. What came of it is told, word for word.
function canary(link, nonce) {
  const gateway = state.gateway;
  const done = (status, text) => {
    try { send(link, { t: "ended", nonce, status, text: text.toWellFormed().slice(0, 1024) }); } catch { /* gone */ }
  };
  if (!gateway) return done(0, "no gateway runs in this process");
  const body = JSON.stringify({ tool: "session_status", args: {}, sessionKey: `agent:main:holdfast-canary-${nonce}` });
  const socket = net.createConnection({ host: "127.0.0.1", port: gateway.port });
  const pieces = [];
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error("no answer in time")));
  socket.on("error", (error) => done(0, String(error)));
  socket.on("data", (data) => { if (pieces.length < 64) pieces.push(data); });
  socket.on("end", () => {
    const text = Buffer.concat(pieces).toString("utf8");
    done(whole(Number(text.slice(9, 12))), text.slice(text.indexOf("\r\n\r\n") + 4));
  });
  socket.write(`POST /tools/invoke HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\nConnection: close\r\n` +
    (gateway.secret ? `Authorization: Bearer ${gateway.secret}\r\n` : "") +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

// Tokens of one model call, as OpenClaw writes its answer down.
function meter(event, ctx) {
  const message = event.message;
  const usage = message?.role === "assistant" ? message.usage : undefined;
  if (!usage) return undefined;
  const session = word(ctx.sessionKey ?? event.sessionKey);
  tell({ t: "usage", session, agent: word(ctx.agentId), run: state.latest.get(session) ?? "",
    last: message.stopReason !== "toolUse",
    provider: word(message.provider), model: word(message.model), request: word(message.responseId),
    at_ms: whole(message.timestamp), input: whole(usage.input), output: whole(usage.output),
    cache_read: whole(usage.cacheRead), cache_write: whole(usage.cacheWrite),
    reasoning: whole(usage.reasoningTokens ?? usage.reasoning) });
  return undefined;
}

// While a gateway runs, the daemon is to know of it, also after a restart of either.
function stay() {
  if (!state.link) {
    state.link = connect();
    state.link.opened.catch(() => {});
  }
}

function start(event, ctx) {
  const auth = ctx.config?.gateway?.auth ?? {};
  const secret = [auth.token, auth.password, process.env.OPENCLAW_GATEWAY_TOKEN,
    process.env.OPENCLAW_GATEWAY_PASSWORD].find((value) => typeof value === "string" && value !== "");
  if (state.link) drop(state.link, new Closed("holdfast: the gateway starts"));
  state.gateway = { port: event.port ?? ctx.port, secret: auth.mode === "none" ? "" : secret,
    workspace: word(ctx.workspaceDir) };
  clearInterval(state.keeper);
  state.keeper = setInterval(stay, RETRY_MS);
  state.keeper.unref();
  stay();
}

export default {
  id: "holdfast-wrapper",
  name: "Holdfast safety wrapper",
  register(api) {
    state.path = api.pluginConfig?.socketPath ?? SOCKET;
    state.version = word(api.runtime?.version);
    state.complain = (text) => api.logger?.error?.(text);
    api.registerTrustedToolPolicy({ id: "holdfast-gate", description: "Asks Holdfast before each tool call",
      evaluate: told(gate) });
    api.registerAgentToolResultMiddleware(told(clean), { runtimes: ["openclaw", "codex"] });
    api.on("before_agent_run", admit, { timeoutMs: RUN_MS });
    api.on("agent_end", over);
    api.on("before_tool_call", fence, { priority: -1000 });
    api.on("before_message_write", meter);
    api.on("gateway_start", start);
    api.on("gateway_stop", (event) => tell({ t: "life", what: "gateway_stop", text: word(event.reason) }));
    for (const what of ["session_start", "session_end"]) {
      api.on(what, (event, ctx) => tell({ t: "life", what, session: word(ctx.sessionKey ?? event.sessionKey) }));
    }
    api.on("after_tool_call", ran);
  },
};
