"""A region as it is used: a real Hub, real agents, TLS, tokens, receipts, restarts and lies."""
import json
import random
import re
import resource
import signal
import sqlite3
import struct
import subprocess
import time

import harness
import tlog
from harness import check
from region import AGENT, LIMIT, Region, append, caught_up, in_region, local, meter, until, up


@in_region
def round_trip(world, region):
    """Tenants come, events arrive, receipts verify offline with an independent implementation."""
    for tenant in ("one", "two"):
        region.create(tenant)
        region.run_agent(tenant, region.mint(tenant))
    for tenant in ("one", "two"):
        up(world, tenant)
        for sequence in range(1, 41):
            status, answer = append(world, tenant, sequence)
            check((status, answer["index"]) == (200, sequence - 1), f"{status} {answer}")
        caught_up(region, tenant, 40)
    status, answer = append(world, "one", 7)
    check(status == 200 and (answer["index"], answer["repeated"]) == (6, True), f"{answer}")
    status, answer = append(world, "one", 7, tick=99)
    check(status == 409 and answer["type"].endswith(":fork"), f"{answer}")
    until(lambda: "last_heartbeat" in region.json("GET", "/v1/tenants/one"), "a heartbeat")
    with open(world.path("one", "region.json"), encoding="utf-8") as file:
        known = json.load(file)
    check(known["log"] == region.json("GET", "/v1/region")["log"], "the region's key")
    with open(world.path("one", "log", "receipt"), "rb") as file:
        receipt = file.read()
    origin, size, root = receipt.split(b"\n")[:3]
    check((origin, size) == (b"dev/tenant/one/1", b"40"), receipt)
    shown = world.run("log", "root", world.path("one", "log"), "--size", "40").stdout
    check(tlog.base64.b64decode(root).hex() == shown.decode().strip(), "the root")
    check(receipt.count("\u2014 dev/cosigner ".encode()) == 1, receipt)
    for tenant in ("one", "two"):
        region.agents[tenant].send_signal(signal.SIGTERM)
        check(region.agents[tenant].wait(LIMIT) == 0, "the agent ends")
    region.hub.send_signal(signal.SIGTERM)
    check(region.hub.wait(LIMIT) == 0, "the Hub ends")
    world.run("log", "verify", world.path("hub"))
    world.run("log", "verify", world.path("one", "log"))


@in_region
def pinned(world, region):
    """The command line reaches the Hub by the pin that it printed, also after a new start; a pin
    that differs in one digit refuses it."""
    region.create("acme")
    for _ in range(2):
        hub = ["--hub", region.url, "--hub-token", world.path("hub", "admin.token"), "--hub-pin"]
        shown = world.run("tenant", "list", *hub, region.pin).stdout
        check(b"acme" in shown, shown)
        other = ("1" if region.pin[0] == "0" else "0") + region.pin[1:]
        world.run("tenant", "list", *hub, other, code=3)
        region.events("tenant.created")


@in_region
def audit(world, region):
    """A bundle verifies offline against the region's key alone; every flipped byte is noticed, and
    one in an event names the event; a bundle without an event, or of another region, is refused."""
    rng = random.Random(6)
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    for sequence in range(1, 31):
        append(world, "acme", sequence)
    caught_up(region, "acme", 30)
    bundle, trust, flipped = world.path("bundle"), world.path("trust"), world.path("flipped")
    shown = world.run("audit", "tenant", world.path("hub"), "acme", "--out", bundle, "--json").stdout
    events = [json.loads(line) for line in shown.splitlines()]
    check([e["tenant_index"] for e in events if "tenant_index" in e] == list(range(30)), "events")
    world.run("audit", "tenant", world.path("hub"), "acme", "--from", "2027-01-01T00:00:00Z", "--to",
              "2026-01-01T00:00:00Z", code=2)
    with open(trust, "w", encoding="ascii") as file:
        file.write(region.json("GET", "/v1/region")["log"] + "\n")
    region.stop()
    region.agents.clear()
    done = world.run("audit", "verify", bundle, "--trust", trust)
    said = json.loads(world.run("audit", "verify", bundle, "--trust", trust, "--json").stdout)
    check(said["verified"] is True and said["tenant_events"] > 0 and said["segments"] > 0, f"{said}")
    check(b"30 of the tenant" in done.stdout, done.stdout)
    with open(bundle, "rb") as file:
        good = file.read()
    at = good.rindex(b"clock/dev")  # in the last event
    for place in [at] + [rng.randrange(len(good)) for _ in range(60)]:
        with open(flipped, "wb") as file:
            file.write(good[:place] + bytes([good[place] ^ 1]) + good[place + 1:])
        done = world.run("audit", "verify", flipped, "--trust", trust, code=1)
        check(place != at or b"tenant event 29 " in done.stderr, done.stderr)
        check(re.search(b"event|entry|checkpoint|no audit bundle", done.stderr), done.stderr)
    for cut in [0, 3, 50] + [rng.randrange(len(good)) for _ in range(20)]:
        with open(flipped, "wb") as file:
            file.write(good[:cut])
        world.run("audit", "verify", flipped, "--trust", trust, code=1)
    other = world.new_log("other")
    with open(trust, "w", encoding="ascii") as file:
        file.write(other)
    world.run("audit", "verify", bundle, "--trust", trust, code=1)
    world.run("audit", "tenant", world.path("hub"), "nobody", code=3)


@in_region
def read_models(world, region):
    """Read models built in pieces, killed in between, and built at once are the same; a changed row
    is named; what they say is what happened."""
    for tenant in ("one", "two"):
        region.create(tenant)
        region.run_agent(tenant, region.mint(tenant))
        up(world, tenant)
    pieces, whole, log = world.path("pieces.db"), world.path("whole.db"), world.path("hub")
    for round_ in range(1, 6):
        for tenant in ("one", "two"):
            for number in range(8):
                meter(world, tenant, (round_ - 1) * 8 + number + 1)
            caught_up(region, tenant, round_ * 8)
        process = subprocess.Popen([harness.PROGRAM, "projections", "update", log, "--db", pieces],
                                   env=world.env, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(0.004 * round_)
        process.kill()
        process.wait()
    region.json("POST", "/v1/tenants/one/move", {"ring": "canary", "reason": "good"})
    region.stop()
    region.agents.clear()
    built = [json.loads(world.run("projections", verb, log, "--db", db, "--json").stdout)
             for verb, db in (("update", pieces), ("rebuild", whole), ("rebuild", whole))]
    check(built[0] == built[1] == built[2], f"{built}")
    check(all(model["lag"] == 0 for model in built[0]), f"{built[0]}")
    with sqlite3.connect(whole) as db:
        rows = db.execute("SELECT tenant, ring, receipt FROM fleet_1 ORDER BY tenant").fetchall()
        check(rows == [("one", "canary", 40), ("two", "sandbox", 40)], f"{rows}")
        rows = db.execute("SELECT tenant, SUM(requests), SUM(input_tokens) FROM usage_1 "
                          "GROUP BY tenant ORDER BY tenant").fetchall()
        check(rows == [("one", 40, 820), ("two", 40, 820)], f"{rows}")
        db.execute("UPDATE usage_1 SET requests = requests + 1 WHERE tenant = 'two'")
    db.close()
    world.run("projections", "verify", log, "--db", pieces)
    done = world.run("projections", "verify", log, "--db", whole, code=1)
    check(b"usage_1" in done.stderr, done.stderr)
    world.run("projections", "rebuild", log, "usage_1", "--db", whole)
    world.run("projections", "verify", log, "--db", whole)
    world.run("projections", "rebuild", log, "nothing_1", "--db", whole, code=2)


def kept(region):
    """What the region holds of its tenants; its log also grows by what it notes of refusals."""
    return region.json("GET", "/v1/tenants")["tenants"]


@in_region
def commands(world, region):
    """What operators may do, and the refusals, each with its reason; nothing of a refusal stays."""
    region.create("acme", "canary")
    before = kept(region)
    for status, method, path, body in [
            (409, "POST", "/v1/tenants", {"tenant": "acme", "ring": "sandbox"}),
            (400, "POST", "/v1/tenants", {"tenant": "a b", "ring": "sandbox"}),
            (400, "POST", "/v1/tenants", {"tenant": "b", "ring": "moon"}),
            (400, "POST", "/v1/tenants", {"ring": "sandbox"}),
            (400, "POST", "/v1/tenants", ["acme"]),
            (421, "POST", "/v1/tenants", {"tenant": "b", "ring": "sandbox", "region": "prod-us"}),
            (404, "GET", "/v1/tenants/nobody", None),
            (404, "POST", "/v1/tenants/nobody/tokens", {"ttl_s": 5}),
            (400, "POST", "/v1/tenants/acme/tokens", {"ttl_s": -5}),
            (400, "POST", "/v1/tenants/acme/tokens", {"ttl_s": 0}),
            (409, "POST", "/v1/tenants/acme/move", {"ring": "canary", "reason": "x"}),
            (400, "POST", "/v1/tenants/acme/move", {"ring": "general"}),
            (409, "POST", "/v1/tenants/acme/resume", {"reason": "x"}),
            (405, "DELETE", "/v1/tenants", None),
            (404, "GET", "/v2", None),
            (401, "POST", "/v1/segments", {}),
            (401, "POST", "/v1/heartbeat", {})]:
        answer = region.json(method, path, body, status)
        check(answer["status"] == status and len(answer["detail"]) > 10, f"{answer}")
    check(region.call("POST", "/v1/tenants", b"{", raw=True)[0] == 400, "broken JSON")
    check(region.call("GET", "/v1/tenants", token="hfp_00")[0] == 401, "an unknown token")
    check(kept(region) == before, "a refusal left something")
    viewer = region.json("POST", "/v1/principals", {"principal": "eve", "role": "viewer"},
                         201)["token"]
    check(region.call("GET", "/v1/tenants", token=viewer)[0] == 200, "a viewer views")
    check(region.call("POST", "/v1/tenants", {"tenant": "b", "ring": "sandbox"},
                      token=viewer)[0] == 403, "a viewer creates nothing")
    check(region.json("POST", "/v1/tenants/acme/move", {"ring": "general", "reason": "ready"})
          ["ring"] == "general", "moved")
    check(region.json("POST", "/v1/tenants/acme/suspend", {"reason": "unpaid"})["status"] ==
          "suspended", "suspended")
    check(region.json("POST", "/v1/tenants/acme/resume", {"reason": "paid"})["status"] == "active",
          "resumed")
    region.create("gone")
    check(region.json("POST", "/v1/tenants/gone/decommission", {"reason": "never-used"})["status"] ==
          "decommissioned", "ended")
    for path, body in (("gone/decommission", {"reason": "abuse"}), ("gone/resume", {"reason": "x"}),
                       ("gone/tokens", {"ttl_s": 60})):
        region.json("POST", "/v1/tenants/" + path, body, 403)
    region.json("POST", "/v1/tenants/acme/decommission", {"reason": "boredom"}, 400)
    before = region.json("GET", "/v1/tenants")["tenants"]
    region.hub.kill()
    region.hub.wait()
    region.hub.stdout.close()
    region.start()
    check(region.json("GET", "/v1/tenants")["tenants"] == before, "the same after a kill")


@in_region
def killed(world, region):
    """kill -9 of Hub and agents in turn while events come: every event that was acknowledged is in
    the tenant's log and at the Hub, once and in order."""
    rng = random.Random(4)
    listen = region.url[len("https://"):]
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    sequence, known = 0, 0
    for number in range(12):
        for _ in range(rng.randrange(1, 30)):
            answer = append(world, "acme", sequence + 1)
            if answer is not None and answer[0] == 200:
                sequence += 1
                check(answer[1]["index"] == sequence - 1, f"{answer}")
        if number % 2 == 0:
            region.hub.kill()
            region.hub.wait()
            region.hub.stdout.close()
            region.start(listen)
        else:
            region.agents["acme"].kill()
            region.agents["acme"].wait()
            region.run_agent("acme")
            up(world, "acme")
        known = max(known, region.json("GET", "/v1/tenants/acme")["receipt"])
    check(sequence > 50, f"only {sequence} events")
    caught_up(region, "acme", sequence)
    region.stop()
    region.agents.clear()
    world.run("log", "verify", world.path("acme", "log"))
    world.run("log", "verify", world.path("hub"))
    shown = world.run("log", "show", world.path("hub"), "--json", "--type", "segment.received")
    ends = [(int(e["first"]), int(e["end"])) for e in
            (json.loads(line)["event"]["payload"] for line in shown.stdout.splitlines())]
    check(ends[0][0] == 0 and ends[-1][1] == sequence, f"{ends}")
    check(all(a[1] == b[0] for a, b in zip(ends, ends[1:])), f"a gap or an overlap: {ends}")


@in_region
def impostors(world, region):
    """A token is for one agent; a clone, a stranger and a foreign Hub get nothing."""
    region.create("acme")
    token = region.mint("acme")
    region.run_agent("acme", token)
    up(world, "acme")
    region.run_agent("clone", token)
    until(lambda: (local(world, "clone", "GET", "/v1/status") or (0, {"state": ""}))[1]["state"] ==
          "REFUSED", "the second agent with the same token is refused")
    with open(token, encoding="ascii") as file:
        text = file.read().strip()
    broken = world.path("broken.token")
    with open(broken, "w", encoding="ascii") as file:
        file.write(text[:40] + ("A" if text[40] != "A" else "B") + text[41:])
    done = subprocess.run([AGENT, "run", "--data", world.path("x"), "--hub", region.url,
                           "--token-file", broken], env=world.env, capture_output=True,
                          timeout=LIMIT, check=False)
    check(done.returncode == 3 and b"mistyped" in done.stderr, done.stderr)
    other = harness.World()
    try:
        foreign = Region(other)
        try:
            region.create("beta")
            # The right token at the wrong Hub: the pin says no, and nothing is sent.
            region.run_agent("beta", region.mint("beta"), hub=foreign.url)
            until(lambda: b"not_registered" in open(world.path("beta.err"), "rb").read(),
                  "the wrong Hub is noticed")
            check(foreign.json("GET", "/v1/tenants")["tenants"] == [] and
                  not foreign.json("GET", "/v1/events?type=tenant.")["events"], "the wrong Hub got something")
        finally:
            foreign.stop()
    finally:
        other.close()
    region.json("POST", "/v1/tenants/acme/suspend", {"reason": "test"})
    append(world, "acme", 1)
    until(lambda: local(world, "acme", "GET", "/v1/status")[1]["upload_failures"] > 0,
          "a suspended tenant's segments are refused")
    region.json("POST", "/v1/tenants/acme/resume", {"reason": "test"})
    caught_up(region, "acme", 1)


@in_region
def bad_segments(world, region):
    """Garbage, cut, flipped and replayed segments with a good API key: refused, nothing changes."""
    rng = random.Random(5)
    region.create("acme")
    agent = region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    append(world, "acme", 1)
    caught_up(region, "acme", 1)
    agent.terminate()
    agent.wait(LIMIT)
    before = kept(region)
    # The API key is sealed on the agent's disk; a stranger has none, and a guess is refused.
    guess = "hfk_acme_" + "0" * 64
    for body in (b"", b"HFS1", struct.pack(">4sIQQH", b"HFS1", 1, 1, 2, 0), rng.randbytes(5000)):
        status, answer = region.call("POST", "/v1/segments", body, token=guess, raw=True)
        check(status == 401, f"{status} {answer}")
    for target in ("/v1/register", "/v1/heartbeat", "/v1/segments", "/v1/tenants/acme/tokens"):
        for body in (b"", b"{}", b"[1]", b"\xff\xfe", b"{\"a\":" * 500, rng.randbytes(2000)):
            status, _ = region.call("POST", target, body, raw=True)
            check(status in (400, 401, 413), f"{target}: {status}")
    check(kept(region) == before, "garbage left something")
    check(region.json("GET", "/healthz")["status"] == "ok", "the Hub is well")


@in_region
def many_connections(world, region):
    """A Hub that is started with few open files allows itself all that it may."""
    region.hub.terminate()
    region.hub.wait(LIMIT)
    region.hub.stdout.close()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        region.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    check(resource.prlimit(region.hub.pid, resource.RLIMIT_NOFILE) == (hard, hard), "open files")
    check(region.json("GET", "/healthz")["status"] == "ok", "the Hub is well")


harness.main([round_trip, pinned, audit, read_models, commands, killed, impostors, bad_segments,
              many_connections])
