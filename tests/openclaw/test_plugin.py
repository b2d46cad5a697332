"""The plugin alone, under the Node of each OpenClaw, with a daemon of our own that says what a test wants."""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
os.environ.setdefault("HOLDFAST_BIN", "holdfast")  # the tests' harness asks for it; nothing here runs it
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "protocol"))

from harness import Skipped, check  # noqa: E402
from openclaw import NODE, PLUGIN, install  # noqa: E402

VERSION = os.environ.get("OPENCLAW_VERSION", "2026.9.6")


class Daemon:
    """Answers hello with welcome, what is in `raw` with these bytes, results with `changed` (None: a refusal) and what else has an id with
    `verdict`; keeps what came. What it says comes in pieces of `piece` bytes."""

    def __init__(self, path):
        self.seen, self.verdict, self.budgets, self.links = [], "allow", "none", []
        self.changed, self.piece, self.silent, self.raw = [], 1 << 20, False, {}
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)
        self.server.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                link, _ = self.server.accept()
            except OSError:
                return
            self.links.append(link)
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        file = link.makefile("rb")
        while head := file.read(4):
            message = json.loads(file.read(struct.unpack(">I", head)[0]))
            self.seen.append(message)
            if self.silent:
                continue
            if message["t"] in self.raw:
                link.sendall(self.raw[message["t"]](message))
                continue
            if message["t"] == "result" and self.changed is not None:
                answer = {"t": "redacted", "id": message["id"], "changed": self.changed}
            elif message["t"] == "hello":
                answer = {"t": "welcome", "protocol": message["protocol"], "budgets": self.budgets}
            elif "id" in message:
                answer = {"t": "verdict", "id": message["id"], "verdict": self.verdict, "reason": "why",
                          **({"budgets": self.budgets} if message["t"] == "run" else {})}
            else:
                continue
            text = json.dumps(answer).encode()
            frame = struct.pack(">I", len(text)) + text
            for at in range(0, len(frame), self.piece):
                link.sendall(frame[at:at + self.piece])

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)  # closing alone would leave who accepts in it
        self.server.close()
        for link in self.links:
            link.shutdown(socket.SHUT_RDWR)


class Host:
    """A Node process with the plugin in it."""

    def __init__(self, folder):
        node = os.path.join(install("node", NODE[VERSION], os.environ["PATH"]), "node_modules", "node", "bin", "node")
        self.daemon = Daemon(os.path.join(folder, "plugin.sock"))
        self.process = subprocess.Popen(
            [node, os.path.join(os.path.dirname(__file__), "plugin_host.mjs"), os.path.join(PLUGIN, "index.js"),
             os.path.join(folder, "plugin.sock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, name, event=None, **ctx):
        self.process.stdin.write(json.dumps({"call": name, "event": event or {}, "ctx": ctx}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait()


def tool(name, call="c1", **params):
    return {"toolName": name, "toolCallId": call, "params": params, "runId": "r1"}


def fence(h):
    """What was allowed may run once, as it was: not as another tool, not with other parameters."""
    check(h.call("gate", tool("read", path="a"), sessionKey="s") is None, "allowed")
    check(h.call("fence", tool("read", path="a"), sessionKey="s") is None, "the same")
    check("not checked" in h.call("fence", tool("read", path="a"), sessionKey="s")["blockReason"], "once")
    for other in (tool("write", path="a"), tool("read", path="b")):
        h.call("gate", tool("read", path="a"), sessionKey="s")
        check("not those that were allowed" in h.call("fence", other, sessionKey="s")["blockReason"], f"{other}")
    h.daemon.verdict = "deny"
    check(h.call("gate", tool("read", path="a"), sessionKey="s")["block"] is True, "refused")


def origins(h):
    """Jobs, heartbeats, the gateway's own events and other sessions are told apart from people's messages."""
    for ctx, origin in (({"trigger": "user"}, ""), ({"trigger": "cron"}, "schedule"), ({"trigger": "heartbeat"}, "schedule"),
                        ({"inputProvenance": {"kind": "internal_system"}}, "schedule"),
                        ({"inputProvenance": {"kind": "inter_session"}}, "agent"),
                        ({"inputProvenance": {"kind": "external_user"}}, "")):
        check(h.call("run", {"prompt": "p", "messages": []}, runId="r1", sessionKey="s", **ctx) is None, "it may begin")
        h.call("gate", tool("read", path="a"), sessionKey="s", runId="r1")
        asked = [m for m in h.daemon.seen if m["t"] == "call"][-1]
        check(asked["origin"] == origin and asked["run"] == "r1", f"{ctx}: {asked}")
    h.call("run", {"prompt": "p"}, runId="announce:v1:x", sessionKey="s")
    h.call("gate", dict(tool("read", path="a"), runId="announce:v1:x"), sessionKey="s")
    check([m for m in h.daemon.seen if m["t"] == "call"][-1]["origin"] == "agent", "a sub-agent's news")


def budgets(h):
    """A refusal blocks the run with its reason. While nobody answers, budgets that stop do, others do not."""
    check(h.call("timeout") == 600000, "a person may take longer than OpenClaw's 15 s")
    run = {"prompt": "x" * 4000, "messages": [{"role": "user", "content": "y" * 4000}]}
    check(h.call("run", run, runId="r1", sessionKey="s") is None, "allowed")
    check([m for m in h.daemon.seen if m["t"] == "run"][-1]["tokens"] >= 2000, "an estimate")
    h.daemon.verdict = "deny"
    told = h.call("run", run, runId="r2", sessionKey="s")
    check(told["outcome"] == "block" and told["message"] == "Holdfast: why", f"{told}")
    h.daemon.verdict, h.daemon.budgets = "allow", "warn"
    h.call("run", run, runId="r3", sessionKey="s")
    h.daemon.close()
    check(h.call("run", run, runId="r4", sessionKey="s") is None, "a budget that warns stops nothing")


def stopped(h):
    """As above, with a budget that denies; tools do not run without the daemon in any case."""
    h.daemon.budgets = "deny"
    check(h.call("run", {"prompt": "p"}, runId="r1", sessionKey="s") is None, "it fits")
    h.daemon.close()
    told = h.call("run", {"prompt": "p"}, runId="r2", sessionKey="s")
    check(told["outcome"] == "block" and "cannot be checked" in told["message"], f"{told}")
    check("thrown" in h.call("gate", tool("read", path="a"), sessionKey="s"), "the gate is shut")


def results(h):
    """A result is shown as the daemon wants it, however its answer comes; that the call ran is told only when no
    result came through."""
    shown = {"content": [{"type": "text", "text": "the secret"}]}
    event = dict(tool("read", path="a"), result=shown)
    def told():
        h.call("gate", tool("write", call="last"), sessionKey="s")  # what was sent before has come by then
        return [m["what"] for m in h.daemon.seen if m["t"] == "life"]
    h.call("gate", tool("read", path="a"), sessionKey="s")
    check(h.call("clean", event, sessionKey="s") is None and h.call("ran", event, sessionKey="s") is None, "as it is")
    check(told() == [], f"{told()}")
    check([m for m in h.daemon.seen if m["t"] == "result"][-1]["strings"] == ["content", "type", "text", "text", "the secret"],
          "every string")
    for h.daemon.piece, text in ((1, "a mark"), (1 << 20, "y" * 300000), (1000, "z" * 20000)):
        h.daemon.changed = [[4, text]]
        got = h.call("clean", event, sessionKey="s")
        check(got == {"result": {"content": [{"type": "text", "text": text}]}}, f"{str(got)[:200]}")
    h.call("gate", tool("read", path="a"), sessionKey="s")
    h.daemon.changed = None
    check("thrown" in h.call("clean", event, sessionKey="s"), "no output")
    h.call("ran", event, sessionKey="s")
    h.call("ran", event, sessionKey="another")
    check(told() == ["ran", "ran"], f"{told()}")


def frame(answer):
    text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return struct.pack(">I", len(text)) + text


def nonsense(h):
    """Whatever an answer is but the right one, nothing runs and nothing is shown; the next right one counts again."""
    shown = {"content": [{"type": "text", "text": "the secret"}]}
    right = {"t": "welcome", "protocol": 2, "budgets": "none"}
    for hello in (dict(right, protocol=1), dict(right, protocol=3), dict(right, protocol="2"), {"t": "welcome"},
                  {"t": "refused", "reason": "no"}, [], None, 1, {}, b"", b"{", b"\xff\xfe", dict(right, t="verdict")):
        h.daemon.raw = {"hello": lambda m, a=hello: frame(a)}
        check("thrown" in h.call("gate", tool("read", path="a"), sessionKey="s"), f"{hello}")
    for data in (b"HTTP/1.1 200 OK\r\n\r\n", struct.pack(">I", 0xffffffff), struct.pack(">I", (8 << 20) + 1), b"\0" * 64):
        h.daemon.raw = {"hello": lambda m, a=data: a}
        check("thrown" in h.call("gate", tool("read", path="a"), sessionKey="s"), f"{data}")
    for answer in ({"t": "verdict"}, {"t": "verdict", "verdict": "allow "}, {"t": "verdict", "verdict": True},
                   {"t": "verdict", "verdict": ["allow"]}, {"t": "allow", "verdict": "allow"}, {"t": "redacted", "changed": []},
                   {"t": "verdict", "verdict": "Allow"}, {"t": "verdict", "verdict": "permit"}):
        h.daemon.raw = {"call": lambda m, a=answer: frame(dict(a, id=m["id"]))}
        got = h.call("gate", tool("read", path="a"), sessionKey="s")
        check(got and ("thrown" in got or got["block"] is True), f"{answer}: {got}")
        got = h.call("fence", tool("read", path="a"), sessionKey="s")
        check("not checked" in got["blockReason"], f"{answer}: {got}")
    for data in (b"{", b"[1,", b"\xff", b"null", b"3"):
        h.daemon.raw = {"call": lambda m, a=data: frame(a)}
        check("thrown" in h.call("gate", tool("read", path="a"), sessionKey="s"), f"{data}")
    for changed in (None, {}, "x", 3, [3], [[]], [[4]], [[4, None]], [[4, 5]], [[4, {"a": 1}]], [[-1, "x"]], [[99, "x"]],
                    [["4", "x"]], [[4.5, "x"]], [[None, "x"]], [[4, "x"], [5, "y"]]):
        h.daemon.raw = {"result": lambda m, a=changed: frame({"t": "redacted", "id": m["id"], "changed": a})}
        got = h.call("clean", dict(tool("read", path="a"), result=shown), sessionKey="s")
        check(got and "thrown" in got, f"{changed}: {got}")
    h.daemon.raw = {}
    check(h.call("gate", tool("read", path="a"), sessionKey="s") is None, "a right answer")


def halves(h):
    """Half an answer, and then nothing more, is none; so is the right one with another number."""
    h.daemon.raw = {"call": lambda m: frame({"t": "verdict", "id": m["id"] + 1, "verdict": "allow"}) + b"\0\0"}
    check("in time" in h.call("gate", tool("read", path="a"), sessionKey="s")["thrown"], "refused")


def big(h):
    """What the daemon would end the connection for is refused before it is sent, and whatever else waits goes on."""
    check(h.call("gate", tool("read", path="a"), sessionKey="s") is None, "allowed")
    for event, ctx in ((tool("read", path="a" * (1 << 20)), {}), (tool("t" * 129), {}), (tool("read", call="c" * 513), {}),
                       (tool("read", path="a"), {"sessionKey": "s" * 513}), (tool("read"), {"agentId": "\u20ac" * 171}),
                       (tool("read"), {"requester": {"senderId": "x" * 600}})):
        check("too big" in h.call("gate", event, **{"sessionKey": "s", **ctx})["thrown"], f"{str(ctx)[:80]}")
    for event in (tool("read", call=""), tool("")):
        check("is missing" in h.call("gate", event, sessionKey="s")["thrown"], f"{event}")
    shown = dict(tool("read"), result={"details": [""] * 65536})
    check("too big" in h.call("clean", shown, sessionKey="s")["thrown"], "no output")
    h.call("ran", dict(tool("read", call="c9"), result={"details": {"status": "s" * 5000}}), sessionKey="s")
    check(h.call("gate", tool("read", path="a"), sessionKey="s") is None and len(h.daemon.links) == 1, "the same connection")


def silence(h):
    """A daemon that says nothing is a refusal, after the seconds that it has for a greeting."""
    h.daemon.silent = True
    check("in time" in h.call("gate", tool("read", path="a"), sessionKey="s")["thrown"], "refused")
    h.daemon.silent = False
    check(h.call("gate", tool("read", path="a"), sessionKey="s") is None, "another connection, and it is allowed")


def main():
    cases, failures = (fence, origins, budgets, stopped, results, nonsense, halves, big, silence), 0
    try:
        install("node", NODE[VERSION], os.environ["PATH"])
    except Skipped as error:
        print(f"1..0 # SKIP {error}")
        return 0
    print(f"1..{len(cases)}")
    for number, case in enumerate(cases, 1):
        with tempfile.TemporaryDirectory(prefix="holdfast-plugin-") as folder:
            host = Host(folder)
            try:
                case(host)
                print(f"ok {number} {case.__name__}")
            except Exception as error:  # a case may fail in any way
                failures += 1
                print(f"not ok {number} {case.__name__}\n# {error!r}")
            finally:
                host.stop()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
