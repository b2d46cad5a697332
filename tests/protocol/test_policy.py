"""tests/protocol/test_policy.py: holdfast policy as people use it: check, test, compile, diff, simulate."""
import hashlib
import json
import os
import struct

import harness
from harness import check
from region import in_region, local, until, up

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEFAULT = os.path.join(ROOT, "packaging", "policy", "default.policy")


def vectors(bundle):
    """Name and facts of each golden vector, read out of the bundle by its format alone."""
    check(bundle.startswith(b"HFPOLICY1\n"), "magic")
    at, found = 10, {}
    while at < len(bundle):
        size, kind = struct.unpack(">IB", bundle[at:at + 5])
        payload = bundle[at + 5:at + 5 + size]
        at += 5 + size
        if kind == 7:
            begin = payload.index(b"\xa5facts") + 6
            width = 1 if payload[begin] == 0xc4 else 2
            length = int.from_bytes(payload[begin + 1:begin + 1 + width], "big")
            facts = payload[begin + 1 + width:begin + 1 + width + length]
            begin = payload.index(b"\xa4name", begin + 1 + width + length) + 5
            length = payload[begin] & 0x1f if payload[begin] & 0xe0 == 0xa0 else payload[begin + 1]
            begin += 1 if payload[begin] & 0xe0 == 0xa0 else 2
            found[payload[begin:begin + length].decode()] = facts
    return found


def write(world, name, text):
    with open(world.path(name), "w", encoding="utf-8") as file:
        file.write(text)
    return world.path(name)


def default_text():
    with open(DEFAULT, encoding="utf-8") as file:
        return file.read()


def mistakes_have_places(world):
    path = write(world, "bad.policy", default_text() + "rule x\n  permit\n  when pfad in /x\n")
    lines = default_text().count("\n")
    done = world.run("policy", "check", path, code=1)
    shown = done.stdout.decode().splitlines()
    check(any(line.startswith(f"{path}:{lines + 3}:8: a condition is expected") for line in shown), shown)
    done = world.run("policy", "check", path, "--json", code=1)
    said = json.loads(done.stdout)
    check(said["valid"] is False and said["mistakes"][-1]["line"] == lines + 3, said)
    done = world.run("policy", "check", world.path("none"), code=3)
    check(b"none" in done.stderr, done.stderr)


def compiles_to_the_same_bytes(world):
    """Twice, and with its blocks in another order; what is wrong is not written."""
    world.run("policy", "compile", DEFAULT, "--out", world.path("one"))
    blocks, block = [], []
    for line in default_text().splitlines():
        if line and not line[0].isspace() and block:
            blocks.append(block)
            block = []
        block.append(line)
    blocks.append(block)
    text = "\n".join("\n".join(b) for b in reversed(blocks)) + "\n"
    said = json.loads(world.run("policy", "compile", write(world, "turned", text), "--out",
                                world.path("two"), "--json").stdout)
    with open(world.path("one"), "rb") as one, open(world.path("two"), "rb") as two:
        bundle = one.read()
        check(bundle == two.read(), "bundles differ")
    check(said["digest"] == hashlib.sha256(bundle).hexdigest(), said)
    check(len(vectors(bundle)) == said["vectors"], "vectors")
    # A bundle is checked and tested as its text is.
    check(json.loads(world.run("policy", "check", world.path("one"), "--json").stdout) == said, "check")
    broken = write(world, "broken", default_text() + 'test "wrong"\n  call read {"path": "a"}\n  expect forbid\n')
    done = world.run("policy", "compile", broken, "--out", world.path("three"), code=1)
    check(b'"wrong"' in done.stderr and not os.path.exists(world.path("three")), done.stderr)
    said = world.run("policy", "test", broken, code=1)
    check(b"FAILED  wrong: forbid is expected" in said.stdout, said)
    world.run("policy", "check", write(world, "empty", "policy t version 1\n"), code=1)


def prints_what_it_is(world):
    """A bundle is text again, which compiles to it; what is no bundle, or is damaged, is refused and nothing printed."""
    world.run("policy", "compile", DEFAULT, "--out", world.path("bundle"))
    text = world.run("policy", "print", world.path("bundle")).stdout
    check(b"\nrule " in text and b"\n  facts {" in text, text[:400])
    check(world.run("policy", "print", DEFAULT).stdout == text, "a text is printed as its bundle is")
    world.run("policy", "compile", write(world, "printed", text.decode()), "--out", world.path("again"))
    with open(world.path("bundle"), "rb") as one, open(world.path("again"), "rb") as two:
        bundle = one.read()
        check(bundle == two.read(), "another bundle")
    said = json.loads(world.run("policy", "print", world.path("bundle"), "--json").stdout)
    check(said["text"].encode() == text and said["digest"] == hashlib.sha256(bundle).hexdigest(), said["digest"])
    for name, data in (("cut", bundle[:-1]), ("flipped", bundle.replace(b"permit", b"permis", 1)), ("empty", b"")):
        with open(world.path(name), "wb") as file:
            file.write(data)
        done = world.run("policy", "print", world.path(name), code=1)
        check(b"policy t" not in done.stdout and world.path(name).encode() in done.stderr, done)


def decided(bundle, results, tenant):
    """Events of the decisions on all golden vectors; tenant(number) says whose each is."""
    events = []
    for number, (name, facts) in enumerate(sorted(vectors(bundle).items()), 1):
        got = results[name]
        payload = {"tenant": tenant(number), "session": "s", "call": f"c{number}", "tool": "x",
                   "vector": facts.hex(), "action": "00" * 32, "policy": "default",
                   "policy_digest": hashlib.sha256(bundle).hexdigest(), "rule": got["rule"],
                   "asi": "ASI01", "verdict": got["verdict"], "outcome": "refused", "latency": 3}
        events.append({"type": "call.decided", "producer": "test", "sequence": number,
                       "occurred": "2026-11-30T10:00:00Z", "payload": payload})
    return events


def record(world, bundle, results):
    """A log of the decisions on all golden vectors, of two tenants in turn."""
    world.new_log(kind="events", origin="tenant.example/acme")
    events = decided(bundle, results, lambda number: "acme" if number % 2 else "other")
    for event in events:
        event.update(schema_version=1, stream="calls/" + event["payload"]["tenant"])
    lines = "\n".join(map(json.dumps, events))
    world.run("log", "append", world.path("log"), stdin=lines.encode() + b"\n")
    return len(events)


def compiled(world):
    """The default bundle, and what it says of each of its vectors."""
    world.run("policy", "compile", DEFAULT, "--out", world.path("bundle"))
    tested = json.loads(world.run("policy", "test", DEFAULT, "--json").stdout)
    with open(world.path("bundle"), "rb") as file:
        return file.read(), {v["name"]: v for v in tested["vectors"]}


def simulation(world):
    """The recorded policy gives every verdict again; a candidate's flips are named with their places."""
    bundle, results = compiled(world)
    calls = record(world, bundle, results)
    said = world.run("policy", "simulate", DEFAULT, world.path("log"), "--json").stdout.splitlines()
    summary = json.loads(said[-1])
    check(len(said) == 1 and summary["calls"] == calls, summary)
    check(summary["decided_by_this_policy"] == calls == summary["reproduced"], summary)

    text = default_text().replace("rule l2-reads\n  permit\n", "rule l2-reads\n  ask\n")
    candidate = write(world, "candidate", text)
    said = world.run("policy", "simulate", candidate, world.path("log"), "--json").stdout.splitlines()
    flips, summary = [json.loads(line) for line in said[:-1]], json.loads(said[-1])
    check(flips and summary["tighter"] == len(flips) and summary["looser"] == 0, summary)
    for flip in flips:
        check(flip["new_rule"] == "l2-reads" and flip["offset"] == 0, flip)
        shown = json.loads(world.run("log", "show", world.path("log"), "--from", str(flip["index"]), "--to",
                                     str(flip["index"]), "--json").stdout)
        check(shown["event"]["payload"]["call"] == flip["call"], shown)
    check(sum(row["count"] for row in summary["flips"]) == len(flips), summary)
    said = world.run("policy", "simulate", candidate, world.path("log"), "--json", "--tenant",
                     "other").stdout.splitlines()
    check(json.loads(said[-1])["calls"] == calls // 2, said[-1])
    said = world.run("policy", "simulate", candidate, world.path("log"), "--limit", "1").stdout.decode()
    check(said.count("-> ask by l2-reads") == 1 and "would be stricter" in said, said)

    # The same through diff, which also says what changed.
    said = json.loads(world.run("policy", "diff", DEFAULT, candidate, "--log", world.path("log"), "--json").stdout)
    check(said["changes"] == [{"kind": "changed", "record": "rule", "name": "l2-reads", "might": "mixed",
                               "seen": True}], said["changes"])
    check(said["strictness"] == "tighter" and said["evaluated"] == 2 * calls, said)
    said = json.loads(world.run("policy", "diff", DEFAULT, DEFAULT, "--json").stdout)
    check(said["strictness"] == "same" and not said["flips"] and not said["changes"], said)


def a_false_record_is_found(world):
    """A decision that this very policy would not have made: exit code 1."""
    bundle, results = compiled(world)
    results["pays"] = dict(results["pays"], verdict="permit")
    record(world, bundle, results)
    done = world.run("policy", "simulate", DEFAULT, world.path("log"), code=1)
    check(b"1 verdicts of this very policy come out otherwise" in done.stderr, done.stderr)


@in_region
def in_a_regions_log(world, region):
    """Decisions that an agent sent up are found inside of their segments, by tenant."""
    bundle, results = compiled(world)
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    events = decided(bundle, results, lambda number: "acme")
    for event in events:
        answer = local(world, "acme", "POST", "/v1/events", event)
        check(answer is not None and answer[0] == 200, f"{answer}")
    until(lambda: region.json("GET", "/v1/tenants/acme")["receipt"] >= len(events), "all are there")
    region.hub.terminate()
    region.hub.wait(60)
    said = world.run("policy", "simulate", DEFAULT, world.path("hub"), "--tenant", "acme", "--json").stdout
    summary = json.loads(said.splitlines()[-1])
    check(summary["calls"] == len(events) == summary["reproduced"], summary)
    said = world.run("policy", "simulate", DEFAULT, world.path("hub"), "--tenant", "nobody", "--json").stdout
    check(json.loads(said.splitlines()[-1])["calls"] == 0, said)
    candidate = write(world, "candidate", default_text().replace("rule l2-reads\n  permit\n", "rule l2-reads\n  ask\n"))
    said = world.run("policy", "simulate", candidate, world.path("hub"), "--json").stdout.splitlines()
    check(len(said) > 1 and all(json.loads(line)["offset"] > 0 for line in said[:-1]), said)


harness.main([mistakes_have_places, compiles_to_the_same_bytes, prints_what_it_is, simulation,
              a_false_record_is_found, in_a_regions_log])
