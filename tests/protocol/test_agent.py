"""tests/protocol/test_agent.py: agents whose servers are put back in time, copied, and cut off."""
import json
import os
import shutil
import socket
import subprocess

import harness
from harness import check
from region import AGENT, LIMIT, append, caught_up, in_region, local, meter, settled, up, until


def status(world, tenant):
    return (local(world, tenant, "GET", "/v1/status") or (0, {"state": "", "trouble": ""}))[1]


def end(process):
    process.terminate()
    check(process.wait(LIMIT) == 0, "the agent ends well")


def ticks(world, tenant, first, last, shift=0):
    """Events with these sequences of one producer; shift makes others of them."""
    for sequence in range(first, last + 1):
        answer = append(world, tenant, sequence, sequence + shift)
        check(answer is not None and answer[0] == 200, f"{sequence}: {answer}")


def snapshot(world, region, tenant, entries, later):
    """An agent with `entries` events, a copy of its folder; then `later` more; then the copy."""
    region.create(tenant)
    agent = region.run_agent(tenant, region.mint(tenant))
    up(world, tenant)
    ticks(world, tenant, 1, entries)
    caught_up(region, tenant, entries)
    end(agent)
    shutil.copytree(world.path(tenant), world.path(tenant + ".copy"),
                    ignore=shutil.ignore_patterns("*.sock"))
    agent = region.run_agent(tenant)
    up(world, tenant)
    ticks(world, tenant, entries + 1, entries + later)
    caught_up(region, tenant, entries + later)
    end(agent)
    os.rename(world.path(tenant), world.path(tenant + ".lost"))
    os.rename(world.path(tenant + ".copy"), world.path(tenant))


def word(world, tenant, reason, code=0):
    done = subprocess.run([AGENT, "new-epoch", "--data", world.path(tenant), "--reason", reason],
                          env=world.env, capture_output=True, timeout=LIMIT, check=False)
    check(done.returncode == code, f"{done.returncode} {done.stderr}")


def halted(world, tenant, trouble):
    until(lambda: status(world, tenant)["trouble"] == trouble, f"{tenant} is {trouble}")
    check(status(world, tenant)["state"] == "HALTED", "the state")
    with open(world.path(tenant, "halted"), encoding="utf-8") as file:
        check(file.read().startswith(trouble + ": "), "the file that says so")


def opened(world, tenant, epoch, events):
    until(lambda: (status(world, tenant)["state"], status(world, tenant).get("epoch")) ==
          ("RUNNING", epoch), f"{tenant} is in epoch {epoch}")
    until(lambda: status(world, tenant)["receipt"] == events, f"a receipt for {events}")
    check(not os.path.exists(world.path(tenant, "halted")), "it is not halted any more")


def timeline(world, region, tenant):
    """Of a bundle that was verified with nothing but the region's key."""
    bundle, trust = world.path("bundle"), world.path("trust")
    with open(trust, "w", encoding="ascii") as file:
        file.write(region.json("GET", "/v1/region")["log"] + "\n")
    region.stop()
    region.agents.clear()
    shown = world.run("audit", "tenant", world.path("hub"), tenant, "--out", bundle, "--json").stdout
    world.run("audit", "verify", bundle, "--trust", trust)
    return [json.loads(line) for line in shown.splitlines()]


@in_region
def restored(world, region):
    """A server is put back to a snapshot: its agent notices before it has anything to send, takes
    events on, and after a person's word goes on in epoch 2, in which what came after the snapshot
    follows; the region keeps the old epoch; the audit bundle shows the change and verifies; the new
    epoch survives restarts."""
    snapshot(world, region, "acme", 10, 5)
    word(world, "acme", "too early", 3)
    agent = region.run_agent("acme")
    halted(world, "acme", "behind")
    ticks(world, "acme", 11, 13, 100)
    check(region.json("GET", "/v1/tenants/acme")["receipt"] == 15, "nothing was sent")
    word(world, "acme", "two\nlines", 2)
    word(world, "acme", "the disk was replaced")
    opened(world, "acme", 2, 4)
    ticks(world, "acme", 14, 20)
    opened(world, "acme", 2, 11)
    agent.kill()
    agent.wait()
    region.run_agent("acme")
    opened(world, "acme", 2, 11)
    again = append(world, "acme", 20)[1]
    check((again["index"], again["repeated"]) == (10, True), "idempotent as before")
    closed = region.events("mirror.epoch_closed")
    check(len(closed) == 1 and closed[0]["size"] == 15 and closed[0]["old_size"] == 13 and
          closed[0]["next_epoch"] == 2 and closed[0]["reason"] == "the disk was replaced", f"{closed}")
    opened(world, "acme", 2, 11)
    ticks(world, "acme", 21, 21)
    opened(world, "acme", 2, 12)
    events = timeline(world, region, "acme")
    mine = [(e["epoch"], e["tenant_index"], e["event"]["sequence"]) for e in events if "epoch" in e]
    check(mine == [(1, n, n + 1) for n in range(15)] + [(2, 0, 2)] +
          [(2, n + 1, n + 11) for n in range(11)], f"{mine}")
    first = next(e["event"] for e in events if e.get("epoch") == 2)
    check(first["type"] == "epoch.opened" and first["payload"]["carried_from"] == 10 and
          first["payload"]["receipt"].startswith("dev/tenant/acme/1\n10\n"), f"{first}")
    world.run("log", "verify", world.path("acme", "log"))
    world.run("log", "verify", world.path("acme", "log-2"))


@in_region
def by_itself(world, region):
    """restore = new-epoch: no word is needed, once for a snapshot that is behind, once for one that
    has grown beyond what the region has (a fork)."""
    snapshot(world, region, "acme", 4, 3)
    region.run_agent("acme", restore="new-epoch")
    opened(world, "acme", 2, 1)
    snapshot(world, region, "beta", 4, 3)
    address = region.url.removeprefix("https://")
    region.hub.terminate()
    region.hub.wait(LIMIT)
    region.hub.stdout.close()
    region.run_agent("beta", restore="new-epoch")
    up(world, "beta")
    ticks(world, "beta", 5, 24, 100)
    region.start(address)
    opened(world, "beta", 2, 21)
    events = [e for e in timeline(world, region, "beta") if e.get("epoch") == 2]
    check([e["event"]["sequence"] for e in events] == [2] + list(range(5, 25)), f"{events}")


@in_region
def evidence(world, region):
    """Fork and rollback stand in the region's log with what both sides signed, once an hour each."""
    snapshot(world, region, "acme", 4, 3)
    agent = region.run_agent("acme")
    halted(world, "acme", "behind")
    until(lambda: b'kind="rollback"' in open(world.path("hub.err"), "rb").read(), "it is noticed")
    end(agent)
    address = region.url.removeprefix("https://")
    alarms = region.events("mirror.alarm")
    check([(a["kind"], a["size"], a["known_size"]) for a in alarms] == [("rollback", 4, 7)],
          f"{alarms}")
    check(alarms[0]["tenant_signed"].startswith("holdfast/heartbeat/v1\nacme\n"), f"{alarms}")
    region.hub.terminate()
    region.hub.wait(LIMIT)
    region.hub.stdout.close()
    agent = region.run_agent("acme")
    up(world, "acme")
    ticks(world, "acme", 5, 12, 100)
    region.start(address)
    halted(world, "acme", "forked")
    end(agent)
    agent = region.run_agent("acme")
    halted(world, "acme", "forked")
    end(agent)
    alarms = region.events("mirror.alarm")
    check([a["kind"] for a in alarms] == ["rollback", "fork"], f"{alarms}")
    check(alarms[1]["tenant_signed"].startswith("dev/tenant/acme/1\n12\n") and
          alarms[1]["region_signed"].startswith("dev/tenant/acme/1\n7\n") and
          "\u2014 dev/cosigner " in alarms[1]["region_signed"], f"{alarms}")


@in_region
def copied(world, region):
    """Two servers with one identity: when one has gone on in a new epoch the other is halted, and
    does not answer with one more epoch of its own even when it may decide by itself."""
    snapshot(world, region, "acme", 4, 3)
    shutil.copytree(world.path("acme"), world.path("twin"))
    first = region.run_agent("acme", restore="new-epoch")
    opened(world, "acme", 2, 1)
    end(first)
    region.run_agent("twin", restore="new-epoch")
    halted(world, "twin", "passed")
    word(world, "twin", "acme is switched off")
    opened(world, "twin", 3, 1)
    closed = region.events("mirror.epoch_closed")
    check([(e["epoch"], e["next_epoch"], e["old_epoch"]) for e in closed] == [(1, 2, 1), (2, 3, 1)],
          f"{closed}")


@in_region
def interrupted(world, region):
    """kill -9 of the agent again and again while it opens an epoch with many entries: all of them
    are in it, once and in order."""
    snapshot(world, region, "acme", 3, 2)
    agent = region.run_agent("acme")
    halted(world, "acme", "behind")
    ticks(world, "acme", 4, 900, 1000)
    word(world, "acme", "test")
    for pause in range(12):
        try:
            agent.wait(0.2 if pause == 0 else pause / 100)
        except subprocess.TimeoutExpired:
            agent.kill()
            agent.wait()
        agent = region.run_agent("acme")
    opened(world, "acme", 2, 898)
    events = [e["event"]["sequence"] for e in timeline(world, region, "acme") if e.get("epoch") == 2]
    check(events == [2] + list(range(4, 901)), f"{events[:5]} {len(events)}")


def evicted(world, region, tenant, place):
    """The tenant's agent is let out; its folder goes aside as `place`, if it goes at all."""
    region.json("POST", f"/v1/tenants/{tenant}/evict", {"reason": "moved"})
    end(region.agents[tenant])
    os.rename(world.path(tenant), world.path(place))


@in_region
def succeeded(world, region):
    """A new agent with a log of its own goes on in the next epoch without a word, with what it had
    taken before it could register; the one before, let in again, in the one after; neither is
    mistaken for a rollback or a fork."""
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    ticks(world, "acme", 1, 5)
    caught_up(region, "acme", 5)
    evicted(world, region, "acme", "first")
    token = region.mint("acme")
    address = region.url.removeprefix("https://")
    region.hub.terminate()
    region.hub.wait(LIMIT)
    region.hub.stdout.close()
    region.run_agent("acme", token)
    until(lambda: status(world, "acme")["state"] == "REGISTERING", "it asks")
    ticks(world, "acme", 6, 13, 100)
    region.start(address)
    opened(world, "acme", 2, 9)
    ticks(world, "acme", 14, 15)
    opened(world, "acme", 2, 11)
    evicted(world, region, "acme", "second")
    os.rename(world.path("first"), world.path("acme"))
    region.run_agent("acme", region.mint("acme"))
    opened(world, "acme", 3, 1)
    ticks(world, "acme", 16, 16)
    opened(world, "acme", 3, 2)
    for _ in range(2):
        before = region.json("GET", "/v1/tenants/acme")["last_heartbeat"]
        until(lambda old=before: region.json("GET", "/v1/tenants/acme")["last_heartbeat"] != old,
              "one more sign of life")
    check(not region.events("mirror.alarm") and not region.events("identity.alarm"), "false alarms")
    closed = region.events("mirror.epoch_closed")
    check([(e["epoch"], e["size"], e["next_epoch"], e["old_epoch"]) for e in closed] ==
          [(1, 5, 2, 1), (2, 11, 3, 1)], f"{closed}")
    check("5 entries of epoch 1" in closed[0]["reason"], f"{closed}")
    mine = [(e["epoch"], e["tenant_index"], e["event"]["sequence"])
            for e in timeline(world, region, "acme") if "epoch" in e]
    check(mine == [(1, n, n + 1) for n in range(5)] + [(2, 0, 2)] +
          [(2, n, n + 5) for n in range(1, 11)] + [(3, 0, 3), (3, 1, 16)], f"{mine}")


@in_region
def succession_interrupted(world, region):
    """kill -9 of a new agent again and again from its first moment on, when it has no log yet: it
    arrives in epoch 2."""
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    ticks(world, "acme", 1, 3)
    caught_up(region, "acme", 3)
    evicted(world, region, "acme", "first")
    token = region.mint("acme")
    agent = region.run_agent("acme", token)
    for pause in range(40):
        try:
            agent.wait(pause / 400)
        except subprocess.TimeoutExpired:
            agent.kill()
            agent.wait()
        agent = region.run_agent("acme", token)
    opened(world, "acme", 2, 1)
    ticks(world, "acme", 4, 6)
    opened(world, "acme", 2, 4)
    check(not region.events("mirror.alarm"), "a false alarm")


STATUS = b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def event_by(producer, of_type="metering.recorded", **payload):
    """The request that appends such an event."""
    body = json.dumps({"type": of_type, "producer": producer, "sequence": 1, "occurred": "2026-01-01T00:00:00Z",
                       "payload": payload or {"tenant": "acme", "provider": "p", "model": "m", "request": "r",
                                              "source": "wrapper", "input_tokens": 1, "output_tokens": 1,
                                              "cached_tokens": 0}}).encode()
    return (b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)) + body


def ask_as(user, path, request=STATUS):
    """One request as this user, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            os.setgroups([])
            os.setgid(65534)
            os.setuid(user)
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(LIMIT)
                connection.connect(path)
                connection.sendall(request)
                while piece := connection.recv(65536):
                    os.write(writing, piece)
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        answer = file.read()
    os.waitpid(child, 0)
    return answer


@in_region
def peers(world, region):
    """Users of the server: who is named may use the socket, who is not is told so, whatever the
    socket's mode lets through."""
    if os.geteuid() != 0:
        raise harness.Skipped("only root can be other users")
    region.create("acme")
    region.run_agent("acme", region.mint("acme"), allow_uids="1234,65533", wrapper_uids="65533")
    up(world, "acme")
    for path, mode in ((world.dir, 0o711), (world.path("acme"), 0o711),
                       (world.path("acme", "agent.sock"), 0o666)):
        os.chmod(path, mode)
    for user, answer in ((0, b"200"), (1234, b"200"), (65533, b"200"), (65534, b"403")):
        got = ask_as(user, world.path("acme", "agent.sock"))
        check(got.startswith(b"HTTP/1.1 " + answer), f"{user}: {got}")
    check(b"allow_uids" in got, "the refusal says what to do")
    refused = {"tenant": "acme", "digest": "00" * 32, "reason": "empty"}
    tested = {"tenant": "acme", "suite": "redaction", "trigger": "boot", "passed": 1, "failed": 0, "skipped": 0,
              "took": 1, "failures": [], "versions": {"openclaw": "1", "wrapper": "1", "policy": "1"}}
    for user, request, answer in (
            (1234, event_by("proxy"), b"200"), (1234, event_by("wrapper-3"), b"403"), (1234, event_by("wrapper"), b"403"),
            (1234, event_by("proxy", "policy.refused", **refused), b"403"),
            (65533, event_by("wrapper-3"), b"200"), (65533, event_by("wrapper-3", "policy.refused", **refused), b"409"),
            (0, event_by("wrapper-4", "policy.refused", **refused), b"200"),
            (1234, event_by("proxy", "selftest.completed", **tested), b"403"),
            (65533, event_by("wrapper-5", "selftest.completed", **tested), b"200")):
        got = ask_as(user, world.path("acme", "agent.sock"), request)
        check(got.startswith(b"HTTP/1.1 " + answer), f"{user} {request[-300:]}: {got}")


@in_region
def own_words(world, region):
    """What the agent says of itself nobody else says, under whatever name: that it erased a key, that
    no secret is in the log, that OpenClaw is held."""
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    applied = {"tenant": "acme", "sequence": 1, "index": 1, "kind": "erase"}
    put = {"secret": "x", "kind": "credential", "version": 1, "uid": 0}
    for request in (event_by("proxy", "directive.applied", **applied), event_by("wrapper-1", "directive.applied", **applied),
                    event_by("proxy", "secret.put", **put), event_by("feed"), event_by("probe")):
        got = ask_as(os.geteuid(), world.path("acme", "agent.sock"), request)
        check(got.startswith(b"HTTP/1.1 403") and b"agent's own" in got, f"{request[-300:]}: {got}")


@in_region
def clock(world, region):
    """What the agent says about its clock: on one machine it is the Hub's."""
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    until(lambda: status(world, "acme")["skew_samples"] >= 2 and abs(status(world, "acme")["skew_us"]) < 1_000_000,
          "answers with the Hub's clock, which is the same")


def approval(world, sequence, name, kind, **payload):
    event = {"type": "approval." + kind, "producer": "approvals", "sequence": sequence,
             "occurred": f"2026-01-01T00:00:{sequence:02}Z",
             "payload": dict({"approval": name, "tenant": "acme"}, **payload)}
    got = local(world, "acme", "POST", "/v1/events", event)
    check(got is not None and got[0] == 200, f"{got}")


def asked(world, sequence, name):
    approval(world, sequence, name, "requested", tool="shell", risk="high", summary="rm \u201call\u201d",
             facts="0" * 64, action="0" * 64, policy="p1", expires="2026-01-01T01:00:00Z", requester="user:anna")


def views(world):
    return [local(world, "acme", "GET", "/v1/" + name) for name in ("approvals", "metering")]


@in_region
def viewed(world, region):
    """Approvals and metering are shown as of every event; after kill -9, after the file is lost,
    without the Hub, and when the log alone was put back they are what the log says."""
    region.create("acme")
    agent = region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    asked(world, 1, "a1")
    asked(world, 2, "a2")
    approval(world, 3, "a2", "decided", decision="denied", by="customer", request="0" * 64, latency=1)
    approval(world, 4, "a2", "decided", decision="approved", by="operator", request="0" * 64, latency=1)
    for sequence in range(1, 41):
        meter(world, "acme", sequence)
    until(lambda: status(world, "acme")["events"] == 45, "44 and the key of anna")
    (code, shown), (_, metered) = views(world)
    check(code == 200 and shown["as_of"] == 45 and not shown["more"], f"{shown}")
    check([(row["approval"], row["state"], row["by"], row["risk"], row["personal"]) for row in shown["rows"]] ==
          [("a1", "requested", "", "high", "open"), ("a2", "denied", "customer", "high", "open")], f"{shown}")
    check({row["summary"] for row in shown["rows"]} == {"rm \u201call\u201d"}, f"{shown}")
    amounts = {row["meter"]: row["amount"] for row in metered["rows"]}
    check(amounts == {"requests": 40, "input_tokens": 820, "output_tokens": 40, "cached_tokens": 0,
                      "cost/EUR": 200}, f"{metered}")
    region.hub.kill()
    region.hub.wait()
    for lost in (False, True):
        agent.kill()
        agent.wait()
        if lost:
            for name in os.listdir(world.path("acme")):
                if name.startswith("views-1.db"):
                    os.remove(world.path("acme", name))
        agent = region.run_agent("acme")
        up(world, "acme")
        check(views(world) == [(200, shown), (200, metered)], f"{views(world)}")
    end(agent)
    shutil.copytree(world.path("acme", "log"), world.path("log.copy"))
    agent = region.run_agent("acme")
    up(world, "acme")
    asked(world, 5, "a3")
    check(len(views(world)[0][1]["rows"]) == 3, "one more")
    end(agent)
    shutil.rmtree(world.path("acme", "log"))
    os.rename(world.path("log.copy"), world.path("acme", "log"))
    region.run_agent("acme")
    up(world, "acme")
    check(views(world) == [(200, shown), (200, metered)], "the log alone counts")


def cut_off(region):
    """The Hub ends; gives its address."""
    region.hub.terminate()
    region.hub.wait(LIMIT)
    region.hub.stdout.close()
    return region.url.removeprefix("https://")


@in_region
def counted_once(world, region):
    """A snapshot whose newest receipt is older than its newest entries: the region got those as well, so
    they are not carried over, after a restore as after a fork, and no usage is counted twice."""
    for tenant, forked in (("acme", False), ("beta", True)):
        region.create(tenant)
        agent = region.run_agent(tenant, region.mint(tenant))
        up(world, tenant)
        ticks(world, tenant, 1, 4)
        caught_up(region, tenant, 4)
        address = cut_off(region)
        for sequence in (5, 6, 7):
            meter(world, tenant, sequence)
        end(agent)
        shutil.copytree(world.path(tenant), world.path(tenant + ".copy"),
                        ignore=shutil.ignore_patterns("*.sock"))
        region.start(address)
        agent = region.run_agent(tenant)
        up(world, tenant)
        ticks(world, tenant, 8, 10)
        caught_up(region, tenant, 10)
        end(agent)
        os.rename(world.path(tenant), world.path(tenant + ".lost"))
        os.rename(world.path(tenant + ".copy"), world.path(tenant))
        if forked:
            cut_off(region)
        region.run_agent(tenant, restore="new-epoch")
        if forked:
            up(world, tenant)
            ticks(world, tenant, 8, 13, 100)
            region.start(address)
        opened(world, tenant, 2, 7 if forked else 1)
    settled(region)
    usage = region.json("GET", "/v1/models/usage_1")["rows"]
    check(sorted((row["tenant"], row["requests"]) for row in usage) == [("acme", 3), ("beta", 3)],
          f"{usage}")
    events = timeline(world, region, "beta")
    mine = [(e["epoch"], e["tenant_index"], e["event"]["sequence"]) for e in events if "epoch" in e]
    check(mine == [(1, n, n + 1) for n in range(10)] + [(2, 0, 2)] + [(2, n - 7, n) for n in range(8, 14)],
          f"{mine}")
    first = next(e["event"] for e in events if e.get("epoch") == 2)
    check(first["payload"]["carried_from"] == 7, f"{first}")


harness.main([restored, by_itself, evidence, copied, interrupted, succeeded, succession_interrupted, peers,
              own_words, clock, viewed, counted_once])
