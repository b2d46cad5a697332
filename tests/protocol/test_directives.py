"""Directives: from an operator to a tenant's agent and back into both logs; what is forged, repeated,
left out, too late or for another is refused."""
import base64
import hashlib
import http.server
import json
import os
import shutil
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

import harness
import hub as python_agent
import tlog
from harness import Skipped, check
from region import LIMIT, append, caught_up, in_region, options, until, up


POLL = 20  # seconds that an agent waits for a directive, at least: WAIT_S in tenant/feed.c


def issue(region, tenant, kind, status=201, **more):
    path = f"/v1/tenants/{tenant}/directives" if tenant else "/v1/directives"
    return region.json("POST", path, dict({"kind": kind, "reason": "a test"}, **more), status)


def outcomes(region, tenant):
    """(what became of it, number, kind or reason) of the tenant's directives, as the region knows."""
    page = region.json("GET", f"/v1/events?segments=1&tenant={tenant}&type=directive.&limit=1000")
    events = [e["event"] for e in page["events"] if "offset" in e]
    return [(e["type"].split(".")[1], e["payload"].get("sequence"),
             e["payload"].get("reason", e["payload"].get("kind"))) for e in events]


def became(region, tenant, wanted):
    until(lambda: outcomes(region, tenant) == wanted,
          f"{tenant}: {wanted}, now {outcomes(region, tenant)}")


def said(world, tenant, text):
    with open(world.path(tenant + ".err"), "rb") as file:
        return file.read().count(text)


@in_region
def applied(world, region):
    """A directive reaches the one it is for at once; one for all reaches all; each is done
    once, also when the agent and the Hub are killed; who came later gets only what came later."""
    for tenant in ("one", "two"):
        region.create(tenant)
        region.run_agent(tenant, region.mint(tenant))
    for tenant in ("one", "two"):
        up(world, tenant)
    until(lambda: region.json("GET", "/v1/tenants/one").get("last_heartbeat"), "a heartbeat")
    began = time.monotonic()
    check(issue(region, "one", "refresh")["sequence"] == 1, "the first")
    became(region, "one", [("applied", 1, "refresh")])
    check(time.monotonic() - began < POLL, "it was not waited for the end of a long poll")
    check(issue(region, "", "refresh")["address"] == "*", "for all")
    check(issue(region, "two", "rotate-key")["sequence"] == 3, "the third")
    became(region, "one", [("applied", 1, "refresh"), ("applied", 2, "refresh")])
    became(region, "two", [("applied", 2, "refresh"), ("applied", 3, "rotate-key")])
    until(lambda: said(world, "two", b"key.rotated") == 1, "the key is rotated")
    listen = region.url.removeprefix("https://")
    for process in (region.hub, region.agents["one"], region.agents["two"]):
        process.kill()
        process.wait()
    region.hub.stdout.close()
    region.start(listen)
    check(issue(region, "one", "refresh")["sequence"] == 4, "the number goes on")
    for tenant in ("one", "two"):
        region.run_agent(tenant)
        up(world, tenant)
    issue(region, "", "refresh")
    became(region, "one", [("applied", n, "refresh") for n in (1, 2, 4, 5)])
    became(region, "two", [("applied", 2, "refresh"), ("applied", 3, "rotate-key"),
                           ("applied", 5, "refresh")])
    region.create("three")
    issue(region, "three", "refresh")  # nobody is there yet
    region.run_agent("three", region.mint("three"))
    up(world, "three")
    issue(region, "", "refresh")
    became(region, "three", [("applied", 6, "refresh"), ("applied", 7, "refresh")])


@in_region
def command(world, region):
    """`holdfast directive issue`, and the events in which an operator sees what became of it."""
    options(world, region)
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    done = world.run("directive", "issue", "refresh", "--tenant", "acme", "--reason", "look")
    check(done.stdout == b"1  refresh  for acme\n", done.stdout)
    done = world.run("directive", "issue", "pause-uploads", "--all", "--parameters", "seconds=1",
                     "--reason", "calm", "--json")
    check(json.loads(done.stdout)["address"] == "*", done.stdout)
    became(region, "acme", [("applied", 1, "refresh"), ("applied", 2, "pause-uploads")])
    shown = world.run("events", "tail", "--from", "0", "--segments", "--type", "directive.").stdout
    check(sorted(line.split()[1] for line in shown.splitlines()) ==
          [b"directive.applied"] * 2 + [b"directive.issued"] * 2, shown)
    world.run("directive", "issue", "refresh", "--reason", "x", code=2)
    world.run("directive", "issue", "refresh", "--tenant", "acme", "--all", "--reason", "x", code=2)
    world.run("directive", "issue", "dance", "--tenant", "acme", "--reason", "x", code=3)


@in_region
def paused(world, region):
    """Uploads pause as long as they are told to, and nothing is lost."""
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    append(world, "acme", 1)
    caught_up(region, "acme", 1)
    began = time.monotonic()
    issue(region, "acme", "pause-uploads", parameters="seconds=3")
    until(lambda: said(world, "acme", b"directive.applied") == 1, "it is done")
    append(world, "acme", 2)
    caught_up(region, "acme", 3)
    check(time.monotonic() - began >= 3, f"{time.monotonic() - began:.1f} s")


@in_region
def refused(world, region):
    """What the Hub does not issue; what the agent does not do because it is too late."""
    region.create("acme")
    for body in ({"kind": "reboot"}, {"kind": "pause-uploads"}, {"kind": "refresh", "parameters": "x"},
                 {"kind": "pause-uploads", "parameters": "seconds=3601"},
                 {"kind": "pause-uploads", "parameters": "seconds=0"},
                 {"kind": "refresh", "ttl_s": 0}, {"kind": "refresh", "ttl_s": 700000},
                 {"kind": "refresh", "reason": ""}, {"kind": ""}, {}):
        region.json("POST", "/v1/tenants/acme/directives", dict({"reason": "a test"}, **body), 400)
    region.json("POST", "/v1/tenants/nobody/directives", {"kind": "refresh", "reason": "x"}, 404)
    jo = region.json("POST", "/v1/principals", {"principal": "jo", "role": "operator"}, 201)["token"]
    eve = region.json("POST", "/v1/principals", {"principal": "eve", "role": "auditor"}, 201)["token"]
    body = {"kind": "refresh", "reason": "x"}
    for token, path, status in ((eve, "/v1/tenants/acme/directives", 403), (jo, "/v1/directives", 403),
                                (jo, "/v1/tenants/acme/directives", 201)):
        region.json("POST", path, body, status, token=token)
    check(region.call("GET", "/v1/feed")[0] == 401, "the feed is for agents")
    region.json("POST", "/v1/tenants/acme/suspend", {"reason": "x"})
    issue(region, "acme", "refresh", status=403)
    region.json("POST", "/v1/tenants/acme/resume", {"reason": "x"})
    issue(region, "acme", "refresh", ttl_s=1)
    time.sleep(1.1)  # that it is too late is what is tested
    region.run_agent("acme", region.mint("acme"))
    became(region, "acme", [("applied", 1, "refresh"), ("refused", 2, "expired")])


@in_region
def mirrored(world, region):
    """Another region follows the log as segments: each continues the last one, the root that is
    signed is that of the entries, and a follower that waits gets what is new."""
    for number in range(30):
        region.create(f"t{number}")
    vkey = region.json("GET", "/v1/region")["log"]
    leaves, entries = [], []

    def take(wait_s):
        status, body = region.call("GET", f"/v1/feed/region?from={len(leaves)}&wait_s={wait_s}")
        if status == 204:
            return False
        check(status == 200, f"{status}")
        magic, epoch, first, end, length = struct.unpack(">4sIQQH", body[:26])
        note, bundle = body[26:26 + length], body[26 + length:]
        check((magic, epoch, first) == (b"HFS1", 1, len(leaves)), "the head")
        while bundle:
            size = struct.unpack(">H", bundle[:2])[0]
            entries.append(bundle[2:2 + size])
            leaves.append(tlog.leaf(bundle[2:2 + size]))
            bundle = bundle[2 + size:]
        size, root = tlog.open_checkpoint(vkey, note)[:2]
        check(size == end == len(leaves) and root == tlog.root(leaves), "the root")
        return True
    size = region.json("GET", "/v1/region")["size"]
    while take(0):
        pass
    check(len(entries) >= size, "all entries")
    late = threading.Timer(0.3, region.create, ["late"])
    late.start()
    until(lambda: take(30) and any(b"late" in entry for entry in entries[size:]), "it comes with the event to a follower that waits")
    late.join()
    raw = world.run("log", "show", world.path("hub"), "--raw").stdout
    check(raw.startswith(b"".join(entries)), "not what the log has")


@in_region
def parts(world, region):
    """A follower that asks for blobs gets bounded parts: together they are the log's entries, each
    with the blob that it brought, which has the hash that the entry names."""
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    for number in range(40):
        check(append(world, "acme", number + 1)[0] == 200, "appended")
    caught_up(region, "acme", 40)
    entries, blobs, size = [], 0, region.json("GET", "/v1/region")["size"]
    while len(entries) < size:
        status, body = region.call("GET", f"/v1/feed/region?from={len(entries)}&blobs=1")
        check(status == 200 and body[:4] == b"HFF1", f"{status}")
        length = struct.unpack(">I", body[4:8])[0]
        segment, rest, first = body[8:8 + length], body[8 + length:], len(entries)
        note = struct.unpack(">H", segment[24:26])[0]
        bundle = segment[26 + note:]
        while bundle:
            entry = struct.unpack(">H", bundle[:2])[0]
            entries.append(bundle[2:2 + entry])
            bundle = bundle[2 + entry:]
        while rest:
            n, length = struct.unpack(">II", rest[:8])
            hashed = hashlib.sha256(rest[8:8 + length]).digest()
            check(hashed in entries[first + n], "the entry does not name it")
            rest, blobs = rest[8 + length:], blobs + 1
    named = sum(b"segment.received" in entry for entry in entries)
    check(named > 0 and blobs >= named, f"{blobs} blobs of {named} segments")
    raw = world.run("log", "show", world.path("hub"), "--raw").stdout
    check(raw.startswith(b"".join(entries)), "not what the log has")


class Log:
    """A region's log made by the command line, and what a Hub would answer out of it."""

    def __init__(self, world, name="region"):
        self.world, self.dir = world, world.path(name)

    def append(self, *events):
        lines = "".join(json.dumps(event) + "\n" for event in events)
        self.world.run("log", "append", self.dir, stdin=lines.encode())

    def item(self, index, size):
        entry = self.world.run("log", "show", self.dir, "--from", str(index), "--to", str(index),
                               "--raw").stdout
        proof = self.world.run("log", "prove", self.dir, str(index), "--size", str(size)).stdout
        return {"entry": base64.b64encode(entry).decode(), "proof": base64.b64encode(proof).decode()}

    def answer(self, size, *indexes):
        """A function of the size that the agent knows."""
        items = [self.item(index, size) for index in indexes]
        note = self.world.run("log", "prove", self.dir, "0", "--size", str(size)).stdout
        note = note.split(b"\n\n", 1)[1].decode()

        def make(known):
            proof = []
            if 0 < known < size:
                proof = json.loads(self.world.run("log", "consistency", self.dir, str(known), str(size),
                                                  "--json").stdout)
            return {"checkpoint": note, "consistency": proof, "items": [dict(item) for item in items]}
        return make


def directive(sequence, address="acme", kind="refresh", not_after="2099-01-01T00:00:00Z"):
    return {"type": "directive.issued", "producer": "hub/dev", "sequence": sequence,
            "payload": {"address": address, "kind": kind, "sequence": sequence,
                        "not_after": not_after, "reason": "a test"}}


class FalseHub:
    """Registers whoever comes, and answers the feed with what it is told, one answer a call."""

    def __init__(self, world, vkey):
        if shutil.which("openssl") is None:
            raise Skipped("needs the openssl program to make a certificate")
        self.world, self.vkey, self.script, self.asked = world, vkey, [], []
        pem = world.path("false.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-subj", "/CN=localhost", "-keyout", pem, "-out", pem + ".crt"],
                       check=True, capture_output=True)
        public = subprocess.run(["openssl", "x509", "-in", pem + ".crt", "-noout", "-pubkey"], check=True,
                                capture_output=True).stdout.decode().splitlines()
        self.pin = hashlib.sha256(base64.b64decode("".join(public[1:-1]))).digest()
        self.changed = threading.Condition()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem + ".crt", pem)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(self):
        false_hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status, value):
                data = value if isinstance(value, bytes) else json.dumps(value).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    self.close_connection = True  # the agent went away

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/register":
                    packed = b"\x04" + python_agent.Key(bytes(32)).public
                    name = "dev/cosigner"
                    hint = hashlib.sha256(name.encode() + b"\n" + packed).digest()[:4].hex()
                    self.reply(201, {"api_key": "hfk_acme_" + "0" * 64, "log": false_hub.vkey,
                                     "tenant": "acme", "region": "dev",
                                     "cosigner": f"{name}+{hint}+{base64.b64encode(packed).decode()}"})
                else:
                    self.reply(503, {})

            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                with false_hub.changed:
                    false_hub.asked.append({key: int(value[0]) for key, value in query.items()})
                    false_hub.changed.wait_for(lambda: false_hub.script, 20)
                    make = false_hub.script.pop(0) if false_hub.script else (lambda known: {})
                self.reply(200, make(int(query["size"][0])))
        return Handler

    def say(self, *answers):
        with self.changed:
            self.script += answers
            self.changed.notify_all()

    def token(self):
        body = (b"\x03dev\x04acme" + hashlib.sha256(b"seed").digest() + self.pin +
                hashlib.sha256(self.vkey.encode()).digest())
        path = self.world.path("acme.token")
        with open(path, "w", encoding="ascii") as file:
            file.write("hfe1_" + base64.b64encode(body + hashlib.sha256(body).digest()[:4]).decode())
        return path

    def run_agent(self, *more):
        with open(self.world.path("acme.err"), "ab") as errors:
            return subprocess.Popen([os.environ["AGENT_BIN"], "run", "--data", self.world.path("acme"),
                                     "--hub", self.url, "--heartbeat", "60", *more],
                                    env=self.world.env, stderr=errors)


def tampered(make, change):
    """An answer, changed."""
    def changed(known):
        answer = make(known)
        change(answer)
        return answer
    return changed


def flip(answer):
    entry = bytearray(base64.b64decode(answer["items"][0]["entry"]))
    entry[-1] ^= 1
    answer["items"][0]["entry"] = base64.b64encode(entry).decode()


def lies(world):
    """A Hub whose answers are not proved, repeated, for others, with gaps, out of order, of another
    log, of two histories: each is refused for its reason, and what is right in between is done."""
    vkey = world.new_log("region", "events", "holdfast/dev")
    log, other = Log(world), Log(world, "other")
    world.new_log("other", "events", "holdfast/dev")
    log.append(directive(1), directive(2, "beta"), directive(3, not_after="2020-01-01T00:00:00Z"))
    shutil.copytree(world.path("region"), world.path("fork"))
    fork = Log(world, "fork")
    fork.append(*[directive(n) for n in range(4, 10)])
    log.append(directive(4), {"type": "clock.tick", "producer": "x", "sequence": 1, "payload": {
        "region": "dev", "tick": 1, "at": "2026-01-01T00:00:00Z", "skew": 0}})
    log.append(directive(5, "*", "dance"), directive(6))
    other.append(directive(1))
    swap = tampered(log.answer(7, 0), lambda a: a["items"][0].update(proof=log.item(3, 7)["proof"]))
    older = tampered(log.answer(7, 0), lambda a: a.update(items=[log.item(0, 6)]))
    cases = [  # what the Hub says, the line that the agent writes
        (lambda known: b"{", b"feed.refused"),
        (lambda known: [], b"feed.refused"),
        (tampered(log.answer(7), lambda a: a.update(items=[{}])), b"feed.refused"),
        (tampered(log.answer(7), lambda a: a.update(consistency=["AA=="])), b"feed.refused"),
        (tampered(log.answer(7, 0), flip), b"feed.refused"),
        (swap, b"feed.refused"),
        (older, b"feed.refused"),
        (other.answer(1, 0), b"feed.refused"),
        (log.answer(7, 1), b"feed.refused"),
        (log.answer(7, 4), b"feed.refused"),
        (log.answer(7, 3), b"feed.refused"),
        (log.answer(7, 0), b"directive.applied"),
        (log.answer(7, 0), b"feed.refused"),
        (log.answer(7, 2, 3, 5), b"directive.applied"),
        (log.answer(3), b"feed.fork"),
        (fork.answer(9), b"feed.fork"),
        (fork.answer(7), b"feed.fork"),
        (log.answer(7, 6), b"directive.applied"),
    ]
    false_hub = FalseHub(world, vkey)
    agent = false_hub.run_agent("--token-file", false_hub.token())
    try:
        for number, (make, line) in enumerate(cases):
            before, calls = said(world, "acme", line), len(false_hub.asked)
            false_hub.say(make)
            until(lambda: said(world, "acme", line) > before, f"case {number}: {line}")
            false_hub.say(log.answer(7))  # so that the next failure is the first in a row
            until(lambda: len(false_hub.asked) > calls + 1, "it asks again")
        agent.kill()
        agent.wait()
        agent = false_hub.run_agent()
        before = said(world, "acme", b"feed.refused")
        false_hub.say(log.answer(7, 6))
        until(lambda: said(world, "acme", b"feed.refused") > before, "known after a kill as well")
        check(false_hub.asked[-1]["after"] == 6 and false_hub.asked[-1]["size"] == 7, "what it knows")
    finally:
        agent.terminate()
        agent.wait(LIMIT)
        false_hub.server.shutdown()
        false_hub.server.server_close()
    world.run("log", "verify", world.path("acme", "log"))
    shown = world.run("log", "show", world.path("acme", "log"), "--json").stdout.splitlines()
    events = [json.loads(line)["event"] for line in shown]
    got = [(e["type"], e["payload"].get("sequence"), e["payload"].get("reason")) for e in events]
    check(got == [("directive.refused", None, "malformed"), ("directive.refused", None, "bad-proof"),
                  ("directive.refused", None, "other-tenant"), ("directive.refused", None, "withheld"),
                  ("directive.applied", 1, None), ("directive.refused", None, "replayed"),
                  ("directive.refused", 3, "expired"), ("directive.applied", 4, None),
                  ("directive.refused", 5, "unknown-kind"), ("feed.forked", None, None),
                  ("directive.applied", 6, None), ("directive.refused", None, "replayed")], f"{got}")
    fork_event = next(e for e in events if e["type"] == "feed.forked")["payload"]
    sizes = [tlog.open_checkpoint(vkey, fork_event[key].encode())[0] for key in ("known", "shown")]
    check(sizes == [7, 3], f"{sizes}")


harness.main([applied, command, paused, refused, mirrored, parts, lies])
