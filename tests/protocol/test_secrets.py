"""tests/protocol/test_secrets.py: what a log says about secrets that must not be in it."""
import base64
import json

import harness
from harness import check
from region import caught_up, in_region, local, NOW, up

SECRET = "Zq7-not.for.logs-2216"
OTHER = "another+secret/of=ours"


def lines(*secrets):
    return "".join(f"credential {name} {base64.b64encode(value.encode()).decode()}\n"
                   for name, value in secrets).encode() + b"# the end\n"


def post(world, sequence, model):
    event = {"type": "metering.recorded", "producer": "test", "sequence": sequence, "occurred": NOW,
             "payload": {"tenant": "acme", "provider": "p", "model": model, "request": f"r{sequence}",
                         "input_tokens": 1, "output_tokens": 1, "cached_tokens": 0,
                         "source": "wrapper", "cost": 5, "currency": "EUR", "latency": 1}}
    answer = local(world, "acme", "POST", "/v1/events", event)
    check(answer is not None and answer[0] == 200, f"{answer}")


@in_region
def found(world, region):
    """One of two secrets is in a tenant's event, in hexadecimal, and one in the region's own: both are
    found, in the region's log with the segment's event and in the tenant's; a third is not."""
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    post(world, 1, "m")
    post(world, 2, SECRET.encode().hex())
    caught_up(region, "acme", 2)
    region.json("POST", "/v1/tenants/acme/move", {"ring": "canary", "reason": f"it said {OTHER}!"})
    region.stop()
    region.agents.clear()
    hub, both = world.path("hub"), lines(("one", SECRET), ("two", OTHER))
    done = world.run("audit", "secrets", hub, "--json", stdin=both, code=1)
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    check([(f["type"], f["name"], f["layer"]) for f in shown if f["offset"]] ==
          [("metering.recorded", "one", "known")], f"{shown}")
    check([(f["type"], f["name"]) for f in shown if not f["offset"]] == [("tenant.moved", "two")],
          f"{shown}")
    for text in (SECRET, OTHER):
        check(text.encode() not in done.stdout + done.stderr, "a value is shown")
    done = world.run("audit", "secrets", world.path("acme", "log"), stdin=both, code=1)
    check(b"metering.recorded  secret one" in done.stdout, f"{done.stdout}")
    done = world.run("audit", "secrets", hub, stdin=lines(("three", "nobody-said-this-0")))
    check(done.stdout.startswith(b"none of 1 secrets is in "), f"{done.stdout}")


def refused(world):
    """No secret, a short one, what is no line: refused, with its number and without its value."""
    world.new_log()
    for text, said in ((b"", b"nothing"), (b"# none\n", b"no secret"), (lines(("a", "short")), b"bytes"),
                       (b"credential a\n", b"line 1"), (b"\ncredential a !secret!\n", b"line 2")):
        done = world.run("audit", "secrets", world.path("log"), stdin=text, code=None)
        check(done.returncode == 3 and said in done.stderr and b"!secret!" not in done.stderr,
              f"{text}: {done.returncode} {done.stderr}")


harness.main([found, refused])
