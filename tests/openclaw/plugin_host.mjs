// tests/openclaw/plugin_host.mjs: loads the plugin as OpenClaw does, and calls what it registered, a line of
// JSON in and one out: {"call": "gate" | "fence" | "clean" | "ran" | "run" | "end", "event": ..., "ctx": ...}.
import readline from "node:readline";

const plugin = (await import(process.argv[2])).default;
const registered = {};
plugin.register({
  pluginConfig: { socketPath: process.argv[3] },
  runtime: { version: "2026.9.6" },
  registerTrustedToolPolicy: (policy) => { registered.gate = policy.evaluate; },
  registerAgentToolResultMiddleware: (clean) => { registered.clean = clean; },
  on: (name, handler, options) => {
    const short = { before_tool_call: "fence", after_tool_call: "ran", before_agent_run: "run", agent_end: "end" }[name];
    if (short) registered[short] = handler;
    if (name === "before_agent_run") registered.timeoutMs = options.timeoutMs;
  },
});
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { call, event, ctx } = JSON.parse(line);
  let answer;
  try {
    answer = call === "timeout" ? registered.timeoutMs : await registered[call](event, ctx);
  } catch (error) {
    answer = { thrown: String(error?.message ?? error) };
  }
  console.log(JSON.stringify(answer ?? null));
}
process.exit(0);
