"""tests/protocol/test_secrets.py: what a log says about secrets that must not be in it."""
import base64
import json
import os

import harness
from harness import check
from region import caught_up, in_region, local, NOW, options, up, until

SECRET = "Zq7-not.for.logs-2216"
OTHER = "another+secret/of=ours"


def lines(*secrets):
    return "".join(f"credential {name} {base64.b64encode(value.encode()).decode()}\n"
                   for name, value in secrets).encode() + b"# the end\n"


def event(sequence, model):
    return {"type": "metering.recorded", "producer": "test", "sequence": sequence, "occurred": NOW,
            "payload": {"tenant": "acme", "provider": "p", "model": model, "request": f"r{sequence}",
                        "input_tokens": 1, "output_tokens": 1, "cached_tokens": 0,
                        "source": "wrapper", "cost": 5, "currency": "EUR", "latency": 1}}


def post(world, sequence, model):
    answer = local(world, "acme", "POST", "/v1/events", event(sequence, model))
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


def scan(world, tenant="acme"):
    status, answer = local(world, tenant, "GET", "/v1/secrets")
    check(status == 200, f"{status} {answer}")
    return answer


def model(region, tenant="acme"):
    rows = region.json("GET", f"/v1/models/secrets?key={tenant}")["rows"]
    return rows[0] if rows else None


def put(world, name, value, verb="put", tenant="acme"):
    more = ["--kind", "credential"] if verb == "put" else []
    world.run("vault", verb, name, *more, "--agent", world.path(tenant, "agent.sock"), stdin=value.encode())


def files_with(world, folders, forms):
    """Names of files below the folders in which one of the byte strings stands."""
    names = []
    for folder in folders:
        for path, _, files in os.walk(world.path(folder)):
            for name in files:
                if os.path.isfile(os.path.join(path, name)):
                    with open(os.path.join(path, name), "rb") as file:
                        data = file.read()
                    names += [name for form in forms if form in data]
    return names


@in_region
def proven(world, region):
    """A program writes a secret in base64 into an event, before anybody knows that it is one. Nothing is
    found until it is registered; then its entry and its name are: on the agent's socket, in its log, in
    the region's read model, as an alarm there. The value stands nowhere else. Rotating it changes nothing
    about the past; another start goes on where it was."""
    region.create("acme")
    agent = region.run_agent("acme", region.mint("acme"), scan_report="1")
    up(world, "acme")
    put(world, "harmless", "nobody-said-this-0")
    post(world, 1, "m")
    until(lambda: scan(world)["to"] >= 2, "the log is searched")
    until(lambda: (model(region) or {"proven": 0})["proven"] >= 2, "the region knows")
    row = model(region)
    check((row["findings"], row["secrets"], row["first_entry"], row.get("since")) == (0, 1, 0, None), f"{row}")
    check(row["spellings"] > 1 and len(row["set_digest"]) == 64, f"{row}")

    hidden = base64.b64encode(b"users:" + SECRET.encode()).decode()
    at = local(world, "acme", "POST", "/v1/events", event(2, hidden))[1]["index"]
    post(world, 3, "m")
    until(lambda: scan(world)["to"] >= at + 2, "it is searched")
    check(scan(world)["findings"] == 0, "it is no secret yet")

    put(world, "mail", SECRET)
    until(lambda: scan(world)["findings"] == 1, "it is found")
    until(lambda: scan(world)["behind"] == 0, "and all of the log is searched")
    shown = scan(world)
    check(shown["places"] == [{"index": at, "secret": "mail", "type": "metering.recorded", "places": 1}],
          f"{shown}")
    check((shown["state"], shown["secrets"], shown["from"], shown["trouble"]) == ("SEARCHING", 2, 0, ""),
          f"{shown}")
    until(lambda: model(region)["findings"] == 1, "the region knows")
    row = model(region)
    check((row["first_index"], row["first_secret"]) == (at, "mail") and row["since"], f"{row}")
    check("holdfast_secrets_exposed_tenants 1" in region.call("GET", "/metrics")[1].decode(), "it is counted")

    for number, spelled in enumerate((SECRET.encode().hex(), hidden)):
        status, answer = local(world, "acme", "POST", "/v1/events", event(10 + number, spelled))
        check(status == 400 and "secret mail stands in it" in answer["detail"] and spelled not in answer["detail"],
              f"what is known to be one is not written: {status} {answer}")
    status, answer = local(world, "acme", "POST", "/v1/events", event(2, hidden))
    check(status == 200 and answer["repeated"] and answer["index"] == at, f"what is in the log is there: {status} {answer}")
    status, answer = local(world, "acme", "POST", "/v1/events", event(2, hidden + "x"))
    check(status == 409, f"and nothing else under its number: {status} {answer}")

    since = row["since"]
    put(world, "mail", OTHER, verb="rotate")
    until(lambda: scan(world)["secrets"] == 3 and scan(world)["behind"] == 0, "both values are looked for")
    check(scan(world)["findings"] == 1, "what stands there stays there")
    agent.terminate()
    check(agent.wait(60) == 0, "it ends well")
    agent = region.run_agent("acme", scan_report="1")
    up(world, "acme")
    check(scan(world)["to"] > at, "it goes on where it was")
    until(lambda: scan(world)["secrets"] == 3 and scan(world)["behind"] == 0, "and on")
    until(lambda: model(region)["secrets"] == 3, "the region knows")
    check(model(region)["since"] == since, f"since when: {model(region)}")
    alarms = region.events("secrets.exposed")
    check([(a["tenant"], a["index"], a["secret"], a["findings"]) for a in alarms] == [("acme", at, "mail", 1)],
          f"{alarms}")
    reports = [r for r in logged(world, "acme", agent) if r["findings"]]
    check(reports and all(r["first_index"] == at and r["first_secret"] == "mail" for r in reports), f"{reports}")
    forms = [SECRET.encode(), SECRET.encode().hex().encode(), OTHER.encode()]
    check(not files_with(world, ["acme", "hub"], forms), "a value stands somewhere")
    check(not [name for name in files_with(world, ["acme"], [hidden.encode()]) if "views" in name], "in views")
    for name in ("acme.err", "hub.err"):
        with open(world.path(name), "rb") as file:
            text = file.read()
        check(not any(form in text for form in forms + [hidden.encode()]), f"{name} shows a value")


def logged(world, tenant, agent):
    """What the tenant's log says that was searched; the agent ends for it."""
    agent.terminate()
    check(agent.wait(60) == 0, "it ends well")
    done = world.run("log", "show", world.path(tenant, "log"), "--type", "secrets.scanned", "--json")
    return [json.loads(line)["event"]["payload"] for line in done.stdout.splitlines()]


@in_region
def again(world, region):
    """A big log is searched between other work: the agent answers meanwhile; killed in the middle it goes
    on. Without its views file all is searched again. What it tells itself is no reason to tell more."""
    region.create("acme")
    agent = region.run_agent("acme", region.mint("acme"), scan_report="1")
    up(world, "acme")
    for number in range(1, 401):
        post(world, number, "m" if number != 300 else SECRET.encode().hex())
    put(world, "mail", SECRET)
    until(lambda: scan(world)["findings"] == 1, "it is found")
    agent.kill()
    agent.wait(60)
    agent = region.run_agent("acme", scan_report="1")
    up(world, "acme")
    until(lambda: scan(world)["behind"] == 0, "all is searched")
    before = scan(world)
    check(before["findings"] == 1 and before["places"][0]["secret"] == "mail", f"{before}")
    agent.terminate()
    check(agent.wait(60) == 0, "it ends well")
    for name in os.listdir(world.path("acme")):
        if name.startswith("views-"):
            os.remove(world.path("acme", name))
    agent = region.run_agent("acme", scan_report="1")
    up(world, "acme")
    until(lambda: scan(world)["findings"] == 1 and scan(world)["behind"] == 0, "searched again")
    check(scan(world)["set"] == before["set"], "the set is the same")
    world.run("vault", "delete", "mail", "--agent", world.path("acme", "agent.sock"))
    until(lambda: scan(world)["findings"] == 0 and scan(world)["behind"] == 0, "it is no secret any more")
    options(world, region)
    until(lambda: model(region)["secrets"] == 0 and model(region)["findings"] == 0, "the region knows")
    agent.terminate()
    check(agent.wait(60) == 0, "it ends well")
    lines = world.run("log", "show", world.path("acme", "log"), "--json").stdout.splitlines()
    events = [json.loads(line)["event"] for line in lines]
    said = [(a["payload"], b["payload"]) for a, b in zip(events, events[1:])
            if a["type"] == b["type"] == "secrets.scanned"]
    check(all(a["set"] != b["set"] or b["to"] != a["to"] + 1 for a, b in said), f"for its own sake: {said}")


def refused(world):
    """No secret, a short one, what is no line: refused, with its number and without its value."""
    world.new_log()
    for text, said in ((b"", b"nothing"), (b"# none\n", b"no secret"), (lines(("a", "short")), b"bytes"),
                       (b"credential a\n", b"line 1"), (b"\ncredential a !secret!\n", b"line 2")):
        done = world.run("audit", "secrets", world.path("log"), stdin=text, code=None)
        check(done.returncode == 3 and said in done.stderr and b"!secret!" not in done.stderr,
              f"{text}: {done.returncode} {done.stderr}")


harness.main([found, proven, again, refused])
