#!/usr/bin/env python3
"""tests/bench/approvals.py [--requests N] [--waiting N] [--json]: how long approvals take, with every
program real and all on this machine.

Each figure stands beside a bare one of the same run: a durable commit through the agent's socket, and
the cheapest call of the Hub's API. Run by tools/bench approvals, which sets the programs' paths.
"""
import argparse
import hashlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "protocol"))
from figures import Report, timed, took_ms  # noqa: E402
from harness import World  # noqa: E402
from region import Region, options, until, up  # noqa: E402

OF_A_TENANT = 200  # as many as an agent lets wait
PACE_S = 0.0125  # between two requests: the region takes a hundred a second of a tenant, and refuses more


def now(later_s=0):
    time_us = int((time.time() + later_s) * 1e6)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time_us // 1000000)) + f".{time_us % 1000000:06d}Z"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Client:
    """One connection that stays."""

    def __init__(self, connection, fields=None):
        self.connection, self.fields = connection, fields or {}

    def ask(self, method, path, body=None, raw=False):
        data = None if body is None else body if raw else json.dumps(body)
        self.connection.request(method, path, data, self.fields)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def json(self, method, path, body=None):
        status, text = self.ask(method, path, body)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {text[:200]}")
        return json.loads(text)


def agent_of(world, tenant):
    return Client(UnixConnection(world.path(tenant, "agent.sock")))


def hub_of(region, token):
    return Client(http.client.HTTPSConnection(region.url.removeprefix("https://"), context=ssl._create_unverified_context()),
                  {"Authorization": "Bearer " + token})


class Routed:
    """What is routed, as the Hub streams it to whoever notifies people."""

    def __init__(self, region):
        client = hub_of(region, region.admin)
        client.connection.request("GET", "/v1/events?type=approval.routed",
                                  headers={**client.fields, "Accept": "text/event-stream"})
        self.answer = client.connection.getresponse()
        self.connection = client.connection

    def wait(self, name):
        wanted = f'"{name}"'.encode()
        for line in self.answer:
            if line.startswith(b"data:") and wanted in line:
                return
        raise RuntimeError("the stream ended")


class Wrapper:
    """Posts events as a wrapper does."""

    def __init__(self, world, tenant):
        self.client, self.tenant, self.sequence = agent_of(world, tenant), tenant, 0

    def post(self, kind, payload, stream, version=1):
        self.sequence += 1
        return self.client.json("POST", "/v1/events", {
            "type": kind, "schema_version": version, "producer": "bench", "sequence": self.sequence,
            "stream": stream, "occurred": now(), "payload": payload})["index"]

    def bare(self):
        self.post("clock.tick", {"region": "dev", "tick": self.sequence + 1, "at": now(), "skew": 0}, "clock/dev")

    def ask(self, name, seconds=300):
        digest = hashlib.sha256(name.encode()).hexdigest()
        self.post("approval.requested", {
            "approval": name, "tenant": self.tenant, "tool": "exec", "risk": "high", "summary": f"Delete the folder {name}",
            "facts": digest, "action": digest, "policy": "default-1", "rule": "destroy-asks", "session": "agent:main:1",
            "requester": "user:anna", "expires": now(seconds), "reason": "Whatever deletes is asked for.",
            "arguments": [{"name": "command", "value": "rm -r x"}]}, f"approval/{name}", 4)
        return digest

    def enforce(self, name, action, delivered):
        self.post("approval.enforced", {"approval": name, "tenant": self.tenant, "outcome": "ran", "action": action,
                                        "delivered": delivered}, f"approval/{name}")


def hop_ms(region, hop):
    """How often, and the mean, as the Hub counts it."""
    text = region.call("GET", "/metrics")[1].decode()
    name = "holdfast_approval_hop_duration_seconds"
    total, count = (float(re.search(rf'{name}_{part}{{hop="{hop}",kind="real"}} (\S+)', text).group(1))
                    for part in ("sum", "count"))
    return int(count), total * 1000 / max(count, 1)


def whole_way(world, region, requests, report):
    wrapper, approver, routed = Wrapper(world, "t-0"), hub_of(region, region.admin), Routed(region)
    bare = timed(requests, lambda n: wrapper.bare())
    report.row("a bare durable commit through the agent's socket", bare)
    place = {"from": wrapper.client.json("GET", "/v1/decisions?from=0&wait_s=0")["next"]}

    def one(number):
        name = f"w-{number}"
        action = wrapper.ask(name)
        path = f"/v1/tenants/t-0/approvals/{name}"
        routed.wait(name)
        approver.json("POST", path + "/decision", {"decision": "approved"})
        came = wrapper.client.json("GET", f"/v1/decisions?from={place['from']}&wait_s=30")
        place["from"] = came["next"]
        wrapper.enforce(name, action, came["decisions"][0]["index"])

    took = []
    for number in range(requests):
        due = time.monotonic() + PACE_S
        took.append(took_ms(one, number))
        time.sleep(max(0, due - time.monotonic()))
    report.row("request to enforced, decided at once by the API", sorted(took), bare)
    until(lambda: hop_ms(region, "enforced")[0] == requests, "all are enforced")
    for hop in ("routed", "decided", "delivered", "enforced"):
        count, mean = hop_ms(region, hop)
        report.mean(f"  of it, up to {hop}", count, mean)


def signed_in(region):
    """A browser's connection and cookie."""
    host = region.url.removeprefix("https://")
    client = Client(http.client.HTTPSConnection(host, context=ssl._create_unverified_context()))
    client.connection.request("POST", "/approvals/sign-in", urllib.parse.urlencode({"token": region.admin, "next": "/approvals"}),
                              {"Origin": region.url, "Content-Type": "application/x-www-form-urlencoded"})
    answer = client.connection.getresponse()
    answer.read()
    client.fields = {"Cookie": answer.getheader("Set-Cookie").split(";")[0]}
    return client


def full_queue(world, region, waiting, times, report):
    tenants = [f"t-{n}" for n in range((waiting + OF_A_TENANT - 1) // OF_A_TENANT)]
    for tenant in tenants:
        if tenant not in region.agents:
            region.create(tenant)
            region.run_agent(tenant, region.mint(tenant))
            up(world, tenant)
    wrappers = [Wrapper(world, tenant) for tenant in tenants]
    for wrapper in wrappers:
        wrapper.sequence = 1 << 32
    for number in range(waiting):  # in turn: neighbours in the queue are in segments of different tenants
        wrappers[number % len(wrappers)].ask(f"q-{number // len(wrappers)}", 3000)
    until(lambda: region.json("GET", "/v1/approvals?limit=1")["pending"] == waiting, f"{waiting} wait")
    hub, page = hub_of(region, region.admin), signed_in(region)
    bare = timed(times, lambda n: hub.json("GET", "/v1/region"))
    report.row("the cheapest call of the API", bare)
    report.row(f"queue, first 100 of {waiting}", timed(times, lambda n: hub.json("GET", "/v1/approvals?limit=100")), bare)
    cursor = None
    for _ in range(waiting // 2000):
        cursor = hub.json("GET", "/v1/approvals?limit=1000" + (f"&cursor={cursor}" if cursor else ""))["next"]
    middle = "/v1/approvals?limit=100" + (f"&cursor={cursor}" if cursor else "")
    report.row("queue, 100 in the middle", timed(times, lambda n: hub.json("GET", middle)), bare)
    report.row("queue of one tenant", timed(times, lambda n: hub.json("GET", "/v1/approvals?tenant=t-1")), bare)
    report.row("queue, a page of 1,000", timed(times // 4 + 1, lambda n: hub.json("GET", "/v1/approvals?limit=1000")), bare)
    def shown(path, part):
        status, text = page.ask("GET", path)
        if status != 200 or part not in text:
            raise RuntimeError(f"{path}: {status} {text[:200]}")
        return text

    first = re.search(rb'href="(/approvals/t-\d+/q-\d+)"', shown("/approvals", b"wait for an answer")).group(1).decode()
    report.row("the page /approvals", timed(times, lambda n: shown("/approvals", b"wait for an answer")), bare)
    report.row("the page of one request", timed(times, lambda n: shown(first, b"Approve once")), bare)
    options(world, region)
    program = lambda *words: subprocess.run([os.environ["HOLDFAST_BIN"], *words], env=world.env, check=True,
                                            stdout=subprocess.DEVNULL)
    start = timed(20, lambda n: program("--version"))
    report.row("starting the program, for nothing", start)
    report.row("holdfast approvals list --first 100", timed(20, lambda n: program("approvals", "list", "--first", "100")), start)
    report.row(f"holdfast approvals list, all {waiting}", timed(20, lambda n: program("approvals", "list")), start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--waiting", type=int, default=10000)
    parser.add_argument("--times", type=int, default=200, help="that each call is made")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    report, world = Report(asked.json), World()
    region = Region(world)
    try:
        region.create("t-0")
        region.run_agent("t-0", region.mint("t-0"))
        up(world, "t-0")
        whole_way(world, region, asked.requests, report)
        full_queue(world, region, asked.waiting, asked.times, report)
    finally:
        region.stop()
        world.close()


main()
