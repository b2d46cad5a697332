#!/usr/bin/env python3
"""tests/bench/wrapper.py [--times N] [--rules N] [--openclaw] [--json]: what the safety wrapper adds to a tool call.

Hub, agent and wrapper are the real programs; this is the plugin. Every kind of question is asked ten
times a round, in a new order each time, with the same few lines of client over the same kind of
socket. Run by tools/bench wrapper, which sets the programs' paths.
"""
import argparse
import json
import os
import random
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "protocol"))
import guarded  # noqa: E402
from figures import Report, processor_ms, took_ms  # noqa: E402
from harness import Skipped, World, check  # noqa: E402
from plugin import PROTOCOL, Plugin, Wrapper  # noqa: E402
from region import LIMIT, Region, up  # noqa: E402

TENANT = "t-0"
PARAMS = {"command": "cat notes/today.md | grep -i invoice && curl -s https://w.example.org/invoices"}
BURST = 10  # of a kind, one after the other, in each round
LIVED_WITH = {"batch": "20", "heartbeat": "30"}  # the agent's own defaults, which tests hurry
HEAD = """policy bench version 1
level L5
list hosts
  *.example.org a.test b.test
tool exec
  classes execute
  param command command
tool agents_list
  classes read
program cat grep
  classes read
  paths read
program curl
  classes communicate
rule all
  permit
  classes execute read communicate
  reason "R."
  asi ASI05
test what-is-asked
  call exec %s
  expect permit by all
"""


def policy_text(count):
    """As many rules; nine in ten name tools of their own, at most 50 are about classes and looked at
    for every call."""
    text, general = HEAD % json.dumps(PARAMS), min(count // 10, 50)
    for number in range(count - 1):
        about = f"classes {('read', 'write', 'execute', 'communicate')[number % 4]}" if number < general \
            else f"tools service{number // 3}_*"
        text += (f"rule r{number}\n  {'ask' if number % 7 == 0 else 'permit'}\n  {about}\n"
                 f"  when any path in /data/{number}/** $workspace/{number}/**\n"
                 f"  {'unless taint untrusted' if number % 3 == 0 else 'when any host in @hosts'}\n"
                 '  reason "R."\n  asi ASI02\n')
    return text


def compiled(world, rules):
    source, bundle = world.path("bench.policy"), world.path("bench.bundle")
    with open(source, "w", encoding="ascii") as file:
        file.write(policy_text(rules))
    world.run("policy", "compile", source, "--out", bundle)
    return bundle


# The client: whole requests out, whole answers in, nothing else while the clock runs.

def connected(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(LIMIT)
    connection.connect(path)
    return connection


def frame_is_whole(data):
    return len(data) >= 4 and len(data) == 4 + int.from_bytes(data[:4], "big")


def answer_is_whole(data):
    head, end, body = data.partition(b"\r\n\r\n")
    return end and len(body) == int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])


def trip(connection, request, whole):
    connection.sendall(request)
    data = b""
    while not whole(data):
        piece = connection.recv(65536)
        check(piece, "the connection ended")
        data += piece
    return data


def frame(message):
    text = json.dumps(message).encode()
    return struct.pack(">I", len(text)) + text


def echo(path):
    """A process that sends back what comes; nothing can answer with less."""
    child = subprocess.Popen([os.environ["ECHO_BIN"], path], stdout=subprocess.PIPE)
    check(child.stdout.readline() == b"listening\n", "the echo does not start")
    return child


class Bench:
    def __init__(self, world, region, rules):
        self.world, self.region, self.number = world, region, 0
        region.create(TENANT)
        region.run_agent(TENANT, region.mint(TENANT), **LIVED_WITH)
        up(world, TENANT)
        work = world.path("work")
        os.makedirs(work)
        self.bundle = compiled(world, rules)
        self.wrapper = Wrapper(world, TENANT, self.bundle, "--workspace", work, "--home", world.dir)
        self.child = echo(world.path("echo.sock"))
        self.took = {kind: [] for kind in ("echo", "unjudged", "result", "bare", "decision", "told", "explained")}

    def start(self):
        self.wrapper.start()
        self.gateway = Plugin(self.wrapper)  # it holds the lease and answers canaries
        self.gateway.until(lambda: self.wrapper.status()["enforcement"] == "enforced", "the gate is shown to hold")
        self.asking = connected(self.wrapper.plugin)
        trip(self.asking, frame({"t": "hello", "protocol": PROTOCOL, "plugin": "bench", "openclaw": "1", "gateway": False,
                                 "workspace": ""}), frame_is_whole)
        self.control = connected(self.wrapper.control)
        self.echoing = connected(self.world.path("echo.sock"))
        self.decision()
        self.payload = self.decided()[-1]
        self.region.run_agent(TENANT, **LIVED_WITH)
        up(self.world, TENANT)
        self.agent = connected(self.world.path(TENANT, "agent.sock"))
        self.sequence = int(time.time() * 1e6)
        self.round(random.Random(0))
        for took in self.took.values():
            took.clear()

    def decided(self):
        """The decisions in the tenant's log, which the agent has to let go of."""
        agent = self.region.agents[TENANT]
        agent.terminate()
        agent.wait()
        shown = self.world.run("log", "show", self.world.path(TENANT, "log"), "--type", "call.decided", "--json").stdout
        return [json.loads(line)["event"]["payload"] for line in shown.splitlines()]

    def stop(self):
        self.wrapper.stop()
        for part in (getattr(self, name, None) for name in ("echoing", "asking", "control", "agent")):
            if part is not None:
                part.close()
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()

    # questions, each in the way of its own

    def call(self, session):
        self.number += 1
        return frame({"t": "call", "id": self.number, "call": f"call-{self.number:08}", "tool": "exec",
                      "params": json.dumps(PARAMS), "session": session, "run": "r", "agent": "main",
                      "channel": "webchat", "requester": "", "owner": True})

    def ask(self, kind, connection, request, whole):
        answer = []
        self.took[kind].append(took_ms(lambda: answer.append(trip(connection, request, whole))))
        return answer[0]

    def decision(self):
        answer = self.ask("decision", self.asking, self.call("agent:main:s"), frame_is_whole)
        check(b'"allow"' in answer, f"{answer}")

    def unjudged(self):
        """A canary that nobody knows is refused at once: not judged, not recorded."""
        answer = self.ask("unjudged", self.asking, self.call("agent:main:holdfast-canary-x"), frame_is_whole)
        check(b"no such canary" in answer, f"{answer}")

    def result(self):
        self.number += 1
        message = {"t": "result", "id": self.number, "call": f"call-{self.number:08}", "tool": "exec",
                   "session": "agent:main:s", "error": False, "strings": ["what a tool has to say. " * 40]}
        answer = self.ask("result", self.asking, frame(message), frame_is_whole)
        check(b'"redacted"' in answer, f"{answer}")

    def echo(self):
        self.ask("echo", self.echoing, self.call("agent:main:s"), frame_is_whole)

    def bare(self):
        """The very event that a decision writes, from a producer with a name as long."""
        self.sequence += 1
        body = json.dumps({"type": "call.decided", "schema_version": 1, "producer": "producer1",
                           "sequence": self.sequence, "stream": f"calls/{TENANT}",
                           "occurred": "2026-01-01T00:00:00.000001Z", "payload": self.payload}).encode()
        request = f"POST /v1/events HTTP/1.1\r\nHost: agent\r\nContent-Type: application/json\r\n" \
                  f"Content-Length: {len(body)}\r\n\r\n".encode() + body
        answer = self.ask("bare", self.agent, request, answer_is_whole)
        check(answer.startswith(b"HTTP/1.1 200"), f"{answer}")

    def explain(self, kind, tool):
        self.number += 1
        body = json.dumps({"t": "call", "id": self.number, "call": f"call-{self.number:08}", "tool": tool,
                           "params": json.dumps(PARAMS), "session": "agent:main:s", "run": "r", "agent": "main",
                           "channel": "webchat", "requester": "", "owner": True}).encode()
        request = f"POST /v1/explain HTTP/1.1\r\nHost: wrapper\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        return self.ask(kind, self.control, request, answer_is_whole)

    def told(self):
        """No tool has such a name, so this is read, not judged, and answered."""
        check(self.explain("told", "a b").startswith(b"HTTP/1.1 422"), "it is not judged")

    def explained(self):
        """Judged as a decision is, but not recorded: what a call costs without the log."""
        check(b'"permit"' in self.explain("explained", "exec"), "it is judged")

    def round(self, order):
        self.gateway.read(0)
        for kind in order.sample(list(self.took), len(self.took)):
            for _ in range(BURST):
                getattr(self, kind)()

    def processor_ms(self, times, kind):
        """What the wrapper's process spends on one, on average."""
        before = processor_ms(self.wrapper.process.pid)
        for _ in range(times):
            getattr(self, kind)()
        return (processor_ms(self.wrapper.process.pid) - before) / times


def compare(bench, times, rules, report):
    order = random.Random(1)
    for _ in range(max(1, times // BURST)):
        bench.round(order)
    took = {kind: sorted(values) for kind, values in bench.took.items()}
    report.row("an echo of the same message, by a process of nothing else", took["echo"])
    report.row("a call that the daemon answers unjudged, unrecorded", took["unjudged"], took["echo"])
    report.row("a result of 1 KB, looked through for secrets", took["result"], took["echo"])
    report.row("a bare durable commit of a decision's event", took["bare"])
    report.row(f"a decision with {rules} rules, durable", took["decision"], took["bare"])
    report.row("a question to the control socket, answered unjudged", took["told"])
    report.row("a decision without the log (explain), to that", took["explained"], took["told"])
    report.row("the same, to an echo of the plugin's message", took["explained"], took["echo"])
    for kind in ("unjudged", "told", "explained", "decision"):
        report.mean(f"  the daemon's processor time, {kind}", times, bench.processor_ms(times, kind))
    latency = sorted(event["latency"] / 1000 for event in bench.decided() if event["call"] != bench.payload["call"])
    report.row("  policy alone, as it stands in the events (whole us)", latency)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=2000, help="that each question is asked")
    parser.add_argument("--rules", type=int, default=500, help="of the policy")
    parser.add_argument("--openclaw", action="store_true", help="also in the real OpenClaw, from the npm registry")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    report, world = Report(asked.json), World()
    region, bench = Region(world), None
    try:
        bench = Bench(world, region, asked.rules)
        bench.start()
        compare(bench, asked.times, asked.rules, report)
        bench.stop()
        if asked.openclaw:
            guarded.measure(world, region, bench.bundle, LIVED_WITH, asked.times, report)
    except Skipped as why:
        print(f"without the real OpenClaw: {why}", file=sys.stderr)
    finally:
        if bench is not None:
            bench.stop()
        region.stop()
        world.close()


main()
