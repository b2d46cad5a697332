"""Approvals: from a tenant's log to those who may answer, and the answer back, with every program real."""
import hashlib
import json
import threading
import time

import harness
from harness import check
from region import in_region, local, options, settled, until, up

NAMES = iter(range(1, 1 << 30))


def later(seconds):
    return int((time.time() + seconds) * 1e6)


def rfc3339(time_us):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time_us // 1000000)) + f".{time_us % 1000000:06d}Z"


def post(world, tenant, kind, payload, stream, version=1):
    event = {"type": kind, "schema_version": version, "producer": "wrapper", "sequence": next(NAMES),
             "stream": stream, "occurred": rfc3339(later(0)), "payload": payload}
    status, answer = local(world, tenant, "POST", "/v1/events", event)
    check(status == 200, f"{kind}: {status} {answer}")
    return answer["index"]


def ask(world, of, name, seconds=900, requester="user:anna", **more):
    """Asks for approval as a wrapper does; gives the index of the request in the tenant's log."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    payload = dict({"approval": name, "tenant": of, "tool": "exec", "risk": "high",
                    "summary": f"Delete the folder {name}", "facts": digest, "action": digest,
                    "policy": "default-1", "rule": "destroy-asks", "session": "agent:main:1",
                    "requester": requester, "expires": rfc3339(later(seconds)),
                    "arguments": [{"name": "command", "value": "rm -r x"}]}, **more)
    return post(world, of, "approval.requested", payload, f"approval/{name}", 4)


def decisions(world, tenant, start=0, wait_s=0):
    status, answer = local(world, tenant, "GET", f"/v1/decisions?from={start}&wait_s={wait_s}")
    check(status == 200, f"{status} {answer}")
    return answer


def answers(world, tenant, start=0):
    """The same, once there is one."""
    until(lambda: decisions(world, tenant, start, wait_s=20)["decisions"], "an answer came")
    return decisions(world, tenant, start)


def brief(region, ask_for, tenant, name, meanwhile=lambda name: True):
    """Asks for what soon expires, and yet is routed before it does, and what has to happen meanwhile has
    happened, however slow the machine is: ask_for(name, seconds) asks. Gives the name of the one that it is."""
    for seconds in (2, 4, 8, 16, 32, 64):
        mine = f"{name}-{seconds}"
        ask_for(mine, seconds)

        def so(kind):  # and who asks for it has not seen it
            page = region.json("GET", f"/v1/events?type=approval.{kind}&limit=1000")["events"]
            return any(e["event"]["payload"]["approval"] == mine for e in page)
        until(lambda: so("routed") or so("refused"), "it is routed, or refused")
        if so("routed"):
            until(lambda: meanwhile(mine) or so("decided"), "all is well, or it is over")
            if meanwhile(mine):
                return mine
    raise harness.Failed(f"{name} is over before anything happens")


def pending(region, token=None, query=""):
    return [a["approval"] for a in region.json("GET", "/v1/approvals" + query, token=token)["approvals"]]


def show(region, tenant, name, **more):
    return region.json("GET", f"/v1/tenants/{tenant}/approvals/{name}", **more)


def decide(region, tenant, name, decision, status=200, token=None, **more):
    return region.json("POST", f"/v1/tenants/{tenant}/approvals/{name}/decision",
                       dict({"decision": decision}, **more), status, token=token)


def people(region, *wanted):
    """Tokens of principals (name, role, tenant or None)."""
    tokens = []
    for name, role, tenant in wanted:
        body = {"principal": name, "role": role}
        if tenant:
            body.update(kind="customer", tenant=tenant)
        tokens.append(region.json("POST", "/v1/principals", body, 201)["token"])
    return tokens


def start(world, region, *tenants):
    for tenant in tenants:
        region.create(tenant)
        region.run_agent(tenant, region.mint(tenant))
    for tenant in tenants:
        up(world, tenant)


@in_region
def answered(world, region):
    """A request comes to the region, is approved by a person and comes back with its proof: once, bound
    to its hash; the first answer counts; all of it is in both logs."""
    start(world, region, "acme")
    anna, = people(region, ("ann", "approver", "acme"))
    ask(world, "acme", "a-1")
    until(lambda: pending(region) == ["a-1"], "it is in the queue")
    shown = show(region, "acme", "a-1", token=anna)
    check(shown["state"] == "pending" and shown["summary"] == "Delete the folder a-1" and
          shown["rule"] == "destroy-asks" and shown["requester"] == "user:anna" and
          shown["arguments"] == [{"name": "command", "value": "rm -r x"}], f"{shown}")
    decide(region, "acme", "a-1", "approved", 409, token=anna, request="00" * 32)
    done = decide(region, "acme", "a-1", "approved", token=anna, request=shown["request"], reason="fine")
    check(done["state"] == "approved" and done["approver"] == "ann", f"{done}")
    came = answers(world, "acme")
    check([(d["approval"], d["request"], d["decision"]) for d in came["decisions"]] ==
          [("a-1", shown["request"], "approved")], f"{came}")
    check(came["next"] == came["decisions"][0]["index"] + 1, f"{came}")
    check(decisions(world, "acme", came["next"])["decisions"] == [], "once")
    for decision in ("approved", "denied"):
        decide(region, "acme", "a-1", decision, 409)
    check(pending(region) == [] and pending(region, query="?state=approved") == ["a-1"], "not waiting")
    page = region.json("GET", "/v1/events?segments=1&type=approval.&limit=100")
    types = [(e["event"]["type"].split(".")[1], "offset" in e) for e in page["events"]]
    until(lambda: ("delivered", True) in [
        (e["event"]["type"].split(".")[1], "offset" in e) for e in
        region.json("GET", "/v1/events?segments=1&type=approval.&limit=100")["events"]], "delivered")
    check(types[:4] == [("requested", True), ("routed", False), ("seen", False), ("decided", False)], f"{types}")


def records(bundle):
    """Of an audit bundle: its head, and kind and bytes of each record."""
    found, at = [], 4
    while at < len(bundle):
        size = int.from_bytes(bundle[at + 1:at + 5], "big")
        found.append((bundle[at:at + 1], bundle[at + 5:at + 5 + size]))
        at += 5 + size
    return bundle[:4], found


def written(path, head, found):
    """The same as a file; how many entries there are is put right."""
    with open(path, "wb") as file:
        file.write(head)
        for kind, data in found:
            if kind == b"Z":
                data = sum(k == b"E" for k, _ in found).to_bytes(8, "big")
            file.write(kind + len(data).to_bytes(4, "big") + data)
    return path


@in_region
def audited(world, region):
    """The bundle of a tenant says who approved what, when and under which policy, and nobody can leave the answer out."""
    start(world, region, "acme", "other")
    ann, = people(region, ("ann", "approver", "acme"))
    people(region, ("bob", "approver", "other"))
    ask(world, "acme", "a-1", policy_digest="ab" * 32)
    ask(world, "acme", "a-2")
    ask(world, "other", "b-1")
    until(lambda: sorted(pending(region)) == ["a-1", "a-2", "b-1"], "all are in the queue")
    decide(region, "acme", "a-1", "approved", token=ann, reason="fine")
    decide(region, "acme", "a-2", "denied", token=ann)
    decide(region, "other", "b-1", "denied")
    until(lambda: len(decisions(world, "acme")["decisions"]) == 2, "both came")
    hub, away, trust = world.path("hub"), world.path("acme.bundle"), world.path("region.vkey")
    with open(trust, "w", encoding="ascii") as file:
        file.write(region.json("GET", "/v1/region")["log"] + "\n")
    world.run("audit", "tenant", hub, "acme", "--out", away)
    shown = world.run("audit", "verify", away, "--trust", trust, "--approvals", "--json").stdout.decode()
    rows = {row["approval"]: row for row in map(json.loads, shown.splitlines())}
    check(sorted(rows) == ["a-1", "a-2"], f"{rows}")
    one = rows["a-1"]
    check((one["decision"], one["by"], one["approver"], one["reason"]) == ("approved", "customer", "ann", "fine") and
          one["policy_digest"] == "ab" * 32 and one["rule"] == "destroy-asks" and one["decided"] > one["asked"], f"{one}")
    check(rows["a-2"]["decision"] == "denied", f"{rows}")
    text = world.run("audit", "verify", away, "--trust", trust, "--approvals").stdout.decode()
    check("approved by ann (customer)" in text and "ab" * 32 in text, text)
    lines = world.run("audit", "verify", away, "--trust", trust, "--show").stdout.decode()
    check("principal.created" in lines and "bob" not in lines and "b-1" not in lines, "what is others' is not in it")
    with open(away, "rb") as file:
        head, found = records(file.read())
    # An answer without who gave it; one that is another's; a directive that is left out.
    for name, wrong in (("approval.decided", "an answer that nobody gave"), ("directive.issued", "is missing")):
        at = next(i for i, (kind, data) in enumerate(found) if kind == b"E" and name.encode() in data)
        done = world.run("audit", "verify", written(world.path("cut"), head, found[:at] + found[at + 1:]), "--trust",
                         trust, code=1)
        check(wrong in done.stderr.decode(), done.stderr.decode())
    done = world.run("audit", "verify", written(world.path("cut"), b"HFB1", found), "--trust", trust, code=1)
    check("something else" in done.stderr.decode(), done.stderr.decode())
    # What an older program wrote has the two streams alone.
    old = [r for r in found if r[0] != b"E" or not any(
        name in r[1] for name in (b"approval.", b"directive.", b"principal.", b"artifact."))]
    world.run("audit", "verify", written(world.path("old"), b"HFB1", old), "--trust", trust)


@in_region
def who(world, region):
    """Who may see and answer what: customers their own tenant's, operators by role, nobody their own."""
    start(world, region, "one", "two")
    ann, bob, vic, ops, boss = people(region, ("ann", "approver", "one"), ("bob", "approver", "two"),
                                      ("vic", "viewer", "one"), ("ops", "operator", None),
                                      ("boss", "approver", None))
    ask(world, "one", "a-1")
    ask(world, "one", "a-2", requester="principal:ann")
    ask(world, "two", "b-1", requester="boss")
    until(lambda: len(pending(region)) == 3, "all are in the queue")
    check(pending(region, ann) == ["a-1", "a-2"] and pending(region, bob) == ["b-1"], "their own")
    check(pending(region, ops, "?tenant=two") == ["b-1"], "by tenant")
    check(region.json("GET", "/v1/approvals", token=bob)["pending"] == 1, "how many wait for bob")
    for token, tenant, name, status in ((bob, "one", "a-1", 404), (vic, "one", "a-1", 403),
                                        (ops, "one", "a-1", 403), (ann, "one", "a-2", 403),
                                        (boss, "two", "b-1", 403), (ann, "two", "b-1", 404),
                                        (ann, "one", "a-9", 404), (ann, "one", "a-1", 200),
                                        (boss, "one", "a-2", 200), (bob, "two", "b-1", 200)):
        decide(region, tenant, name, "approved", status, token=token)
    check(pending(region) == [], "all have their answer")
    ask(world, "one", "a-3", requester="ann")
    until(lambda: pending(region) == ["a-3"], "one more")
    decide(region, "one", "a-3", "denied", token=ann)  # refusing one's own is no danger
    for body in ({"decision": "perhaps"}, {}, {"decision": "denied", "request": "xy"},
                 {"decision": "denied", "reason": "x" * 600}):
        region.json("POST", "/v1/tenants/one/approvals/a-3/decision", body, 400)
    region.json("POST", "/v1/tenants/one/directives", {
        "kind": "decide", "parameters": "approval=a-1,request=" + "00" * 32 + ",decision=approved",
        "reason": "by hand"}, 400)
    region.json("POST", "/v1/tenants/one/approvals/a-3/seen", {"how": "page"}, token=ann)


@in_region
def ends(world, region):
    """What nobody answers expires; what is withdrawn is cancelled; what comes too late, twice or for
    another tenant is not routed; one tenant cannot fill the queue."""
    start(world, region, "one", "two")
    began = time.monotonic()
    ask(world, "one", "gone")
    ask(world, "one", "late", seconds=-1)
    ask(world, "one", "foreign", tenant="two")
    ask(world, "one", "stays")
    until(lambda: pending(region) == ["gone", "stays"], "two wait")
    slow = brief(region, lambda name, seconds: ask(world, "one", name, seconds), "one", "slow")
    ask(world, "one", "gone", requester="somebody-else")  # the same name again
    post(world, "one", "approval.withdrawn", {"approval": "gone", "tenant": "one", "reason": "aborted"},
         "approval/gone")
    until(lambda: show(region, "one", "gone")["state"] == "cancelled", "it is withdrawn")
    check(show(region, "one", "gone")["requester"] == "user:anna", "the first of a name counts")
    decide(region, "one", "gone", "approved", 409)
    until(lambda: show(region, "one", slow)["state"] == "expired", "it expires")
    decide(region, "one", slow, "approved", 409)
    for name in ("late", "foreign"):
        region.json("GET", f"/v1/tenants/one/approvals/{name}", status=404)
    check(decisions(world, "one")["decisions"] == [], "nobody answered anything")
    for number in range(300):
        if number == 150:  # an agent that was started again counts anew; the region does not
            region.agents["one"].kill()
            region.agents["one"].wait()
            region.run_agent("one")
            up(world, "one")
        ask(world, "one", f"flood-{number}")
    ask(world, "two", "calm")
    until(lambda: pending(region, query="?tenant=two") == ["calm"], "others are served")
    until(lambda: region.json("GET", "/v1/approvals?limit=1")["pending"] == 257, "as many as one may have")
    kinds = [(e["event"]["payload"]["approval"], e["event"]["payload"]["reason"]) for e in
             region.json("GET", "/v1/events?type=approval.refused&limit=100")["events"]]
    late = [kind for kind in kinds if kind[1] == "too-late"]
    many = [name for name, reason in kinds if reason != "too-late"]
    check(kinds[0] == ("late", "too-late") and kinds[:len(late)] == late, f"{kinds}")
    check(many and all(name.startswith("flood-2") for name in many), f"{kinds}")
    check(len(kinds) <= 8 * (1 + (time.monotonic() - began) // 60), f"a minute has room for eight: {kinds}")


@in_region
def person(world, region):
    """Nobody approves what they asked for, whichever of their principals they use; the second of two
    answers is told whose was first, also when both come at once."""
    start(world, region, "acme")
    tokens = {}
    for name, who in (("ann-desk", "user:anna"), ("ann-phone", "user:anna"), ("bob", "user:bob"), ("eve", None)):
        body = {"principal": name, "role": "approver"}
        if who:
            body["person"] = who
        tokens[name] = region.json("POST", "/v1/principals", body, 201)["token"]
    ask(world, "acme", "a-1", requester="user:Anna", reason="Deleting needs a second pair of eyes.")
    ask(world, "acme", "a-2", requester="ann-phone")
    until(lambda: len(pending(region)) == 2, "both are in the queue")
    for name in ("ann-desk", "ann-phone"):
        for which in ("a-1", "a-2"):
            answer = decide(region, "acme", which, "approved", 403, token=tokens[name])
            check("nobody approves what they asked for" in answer["detail"], f"{answer}")
    shown = show(region, "acme", "a-1", token=tokens["bob"])
    check(shown["reason"] == "Deleting needs a second pair of eyes.", f"{shown}")
    until(lambda: "seen" in show(region, "acme", "a-1"), "bob has seen it")
    answers = []
    def answer(name, decision):
        answers.append(region.call("POST", "/v1/tenants/acme/approvals/a-2/decision", {"decision": decision},
                                   tokens[name]))
    threads = [threading.Thread(target=answer, args=pair) for pair in (("bob", "approved"), ("eve", "denied"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = {status: json.loads(text) for status, text in answers}
    check(sorted(done) == [200, 409], f"{answers}")
    first = done[200]
    check(done[409]["detail"] == f"it was already {first['state']} by {first['approver']}", f"{done}")
    decide(region, "acme", "a-1", "denied", token=tokens["ann-desk"])
    seen = [e["event"]["payload"] for e in
            region.json("GET", "/v1/events?type=approval.seen&limit=100")["events"]]
    check(sorted((s["approval"], s["principal"]) for s in seen) == [("a-1", "admin"), ("a-1", "bob")], f"{seen}")


@in_region
def way(world, region):
    """Each step of the way is shown, up to what the wrapper did."""
    start(world, region, "acme")
    ask(world, "acme", "a-1")
    until(lambda: pending(region) == ["a-1"], "it is in the queue")
    shown = decide(region, "acme", "a-1", "approved")
    index = answers(world, "acme")["decisions"][0]["index"]
    post(world, "acme", "approval.enforced", {"approval": "a-1", "tenant": "acme", "outcome": "ran",
                                              "action": shown["action"], "delivered": index}, "approval/a-1")
    until(lambda: show(region, "acme", "a-1").get("outcome") == "ran", "it ran")
    shown = show(region, "acme", "a-1")
    check(shown["delivered"] <= shown["enforced"], f"{shown}")
    until(lambda: sum(r["enforcement_good"] for r in
                      region.json("GET", "/v1/models/approvals?table=approval_slo_1")["rows"]) == 1, "it was in time")
    settled(region)
    rows = region.json("GET", "/v1/models/approvals?key=acme")["rows"]
    check([(r["approval"], r["state"], r["outcome"]) for r in rows] == [("a-1", "approved", "ran")], f"{rows}")
    rows = region.json("GET", "/v1/models/approvals?table=approval_percentiles_1")["rows"]
    check({r["hop"] for r in rows} >= {"routed", "decided", "delivered", "enforced"}, f"{rows}")
    check(all(r["p50"] <= r["p95"] <= r["p99"] for r in rows), f"{rows}")
    check(region.json("GET", "/v1/models/approvals?table=approval_findings_1")["rows"] == [], "all is well")
    region.json("GET", "/v1/models/approvals?table=fleet_1", status=404)
    post(world, "acme", "approval.enforced", {"approval": "a-1", "tenant": "acme", "outcome": "ran",
                                              "action": "00" * 32, "delivered": index}, "approval/a-1")
    until(lambda: [r["found"] for r in region.json("GET", "/v1/models/approvals?table=approval_findings_1")["rows"]] ==
          ["other-action"], "another action is found")
    post(world, "acme", "call.decided", {
        "tenant": "acme", "session": "s", "call": "c-1", "tool": "exec", "vector": "90", "action": shown["action"],
        "policy": "p", "policy_digest": "00" * 32, "rule": "asks", "asi": "ASI02", "verdict": "ask",
        "outcome": "allowed", "latency": 1}, "calls/acme")
    until(lambda: [(r["found"], r["call"]) for r in region.json("GET", "/v1/models/unapproved?key=acme")["rows"]] ==
          [("not-asked", "c-1")], "a call that ran without being asked about is found")
    text = region.call("GET", "/metrics")[1].decode()
    for hop in ("routed", "decided", "delivered", "enforced"):
        check(f'holdfast_approval_hop_duration_seconds_count{{hop="{hop}",kind="real"}} 1\n' in text, hop)
    check("holdfast_approval_routing_attempts_total 1\n" in text, "attempts")


@in_region
def probes(world, region):
    """The Hub makes tenants' agents probe the way, in turn: each probe goes all of it, nobody is asked, a
    flag allows nothing, and probes are counted apart."""
    start(world, region, "one", "two")
    region.hub.terminate()
    region.hub.wait()
    region.hub.stdout.close()
    region.start(region.url.removeprefix("https://"), "--probe-every", "1")
    def rows():
        return region.json("GET", "/v1/models/approvals?limit=1000")["rows"]
    def done():
        return {r["tenant"] for r in rows() if r["outcome"] == "blocked" and r["state"] == "denied" and
                r["probe"] == 1 and r["approval"].startswith("probe-")}
    until(lambda: done() == {"one", "two"}, "both were probed, all the way")
    check(pending(region) == [], "nobody is asked")
    ask(world, "one", "sly", probe=True)
    until(lambda: [r["state"] for r in rows() if r["approval"] == "sly"] == ["denied"], "who sets the flag is denied")
    ask(world, "one", "real")
    until(lambda: pending(region) == ["real"], "real ones wait")
    decide(region, "one", "real", "approved")
    until(lambda: len([r for r in region.json("GET", "/v1/models/approvals?table=approval_slo_1")["rows"]
                       if r["probe"] == 0 and r["attempts"] == 1]) == 1, "apart")
    text = region.call("GET", "/metrics")[1].decode()
    check('holdfast_approval_hop_duration_seconds_count{hop="decided",kind="real"} 1\n' in text, "apart")
    check("holdfast_approval_probes_total 0\n" not in text, "counted")
    region.json("POST", "/v1/tenants/one/directives", {"kind": "probe", "parameters": "approval=probe-1", "reason": "x"}, 400)
    settled(region)
    check(region.json("GET", "/v1/models/approvals?table=approval_findings_1")["rows"] == [], "nothing ran")


@in_region
def flood(world, region):
    """One tenant asks as fast as it can, with and without withdrawing: it is told what is too much, others
    are served meanwhile, and each of its requests is in its log and the region's."""
    start(world, region, "loud", "calm")
    stop, counts = threading.Event(), {"taken": 0, "refused": 0}

    def shout():
        number = 0
        while not stop.is_set():
            number += 1
            digest = hashlib.sha256(b"x").hexdigest()
            payload = {"approval": f"f-{number}", "tenant": "loud", "tool": "exec", "risk": "low", "summary": "x",
                       "facts": digest, "action": digest, "policy": "p", "expires": rfc3339(later(600))}
            event = {"type": "approval.requested", "schema_version": 4, "producer": "loud", "sequence": number,
                     "stream": f"approval/f-{number}", "occurred": rfc3339(later(0)), "payload": payload}
            status, answer = local(world, "loud", "POST", "/v1/events", event)
            check(status in (200, 429), f"{status} {answer}")
            counts["taken" if status == 200 else "refused"] += 1
            if status == 200 and number % 2:
                post(world, "loud", "approval.withdrawn", {"approval": f"f-{number}", "tenant": "loud",
                                                           "reason": "aborted"}, f"approval/f-{number}")

    thread = threading.Thread(target=shout)
    thread.start()
    try:
        until(lambda: counts["refused"] > 20, "it is told")
        for number in range(5):
            ask(world, "calm", f"c-{number}")
            until(lambda: f"c-{number}" in pending(region, query="?tenant=calm"), "others are served")
            decide(region, "calm", f"c-{number}", "approved")
        until(lambda: len(decisions(world, "calm")["decisions"]) == 5, "their answers come")
    finally:
        stop.set()
        thread.join()
    events = local(world, "loud", "GET", "/v1/status")[1]["events"]
    until(lambda: local(world, "loud", "GET", "/v1/status")[1]["receipt"] >= events, "all of it is in the region")
    check(region.json("GET", "/v1/approvals?tenant=loud&limit=1")["approvals"][0]["tenant"] == "loud", "it waits")


@in_region
def survives(world, region):
    """The Hub and the agent are killed at every step: each request is routed once, each answer told."""
    start(world, region, "acme")
    listen = region.url.removeprefix("https://")

    def kill_hub():
        region.hub.kill()
        region.hub.wait()
        region.hub.stdout.close()
        region.start(listen)

    def kill_agent():
        region.agents["acme"].kill()
        region.agents["acme"].wait()
        region.run_agent("acme")
        up(world, "acme")

    for number in range(6):
        name = f"k-{number}"
        region.hub.kill()
        region.hub.wait()
        region.hub.stdout.close()
        ask(world, "acme", name)
        if number % 2:
            kill_agent()
        region.start(listen)
        until(lambda: name in pending(region), f"{name} is in the queue")
        if number % 3 == 0:
            kill_hub()
        decide(region, "acme", name, "approved" if number % 2 else "denied")
        kill_hub() if number % 3 else kill_agent()
    until(lambda: len(decisions(world, "acme")["decisions"]) == 6, "all answers came")
    came = decisions(world, "acme")["decisions"]
    check([(d["approval"], d["decision"]) for d in came] ==
          [(f"k-{n}", "approved" if n % 2 else "denied") for n in range(6)], f"{came}")
    page = region.json("GET", "/v1/events?type=approval.&limit=100")
    count = {}
    for event in page["events"]:
        count[event["event"]["type"]] = count.get(event["event"]["type"], 0) + 1
    check(count == {"approval.routed": 6, "approval.decided": 6}, f"{count}")


@in_region
def command(world, region):
    """`holdfast approvals`: a person's way."""
    options(world, region)
    start(world, region, "acme")
    ask(world, "acme", "a-1")
    ask(world, "acme", "a-2")
    until(lambda: len(pending(region)) == 2, "both are in the queue")
    shown = world.run("approvals", "list").stdout
    check([line.split()[1] for line in shown.splitlines()[1:]] == [b"a-1", b"a-2"], shown)
    shown = world.run("approvals", "list", "--first", "1").stdout
    check(b"a-1" in shown and b"a-2" not in shown and b"the first 1 of 2" in shown, shown)
    page = json.loads(world.run("approvals", "list", "--first", "1", "--tenant", "acme", "--json").stdout)
    check([a["approval"] for a in page["approvals"]] == ["a-1"] and page["next"], f"{page}")
    check(len(world.run("approvals", "list", "--state", "denied").stdout.splitlines()) == 1, "none is denied")
    check(len(world.run("approvals", "list", "--tenant", "none").stdout.splitlines()) == 1, "of nobody")
    world.run("approvals", "list", "--tenant", "a&limit=9", code=2)
    ask(world, "acme", "a-3", summary="\u001b[2J\u202eowned", arguments=[{"name": "x\u001b[1m", "value": "\u001b]0;y\u0007"}])
    until(lambda: len(pending(region)) == 3, "it is in the queue")
    shown = world.run("approvals", "show", "acme", "a-3").stdout.decode()
    check("?[2J?owned" in shown and "x?[1m = ?]0;y?" in shown and "\u001b" not in shown, shown)
    world.run("approvals", "deny", "acme", "a-3")
    shown = world.run("approvals", "show", "acme", "a-1").stdout
    check(b"Delete the folder a-1" in shown and b"command = rm -r x" in shown, shown)
    done = world.run("approvals", "approve", "acme", "a-1", "--reason", "fine", "--json").stdout
    check(json.loads(done)["state"] == "approved", done)
    world.run("approvals", "deny", "acme", "a-1", code=3)
    world.run("approvals", "deny", "acme", "a-2", "--request", "00" * 32, code=3)
    check(b"denied" in world.run("approvals", "deny", "acme", "a-2").stdout, "denied")
    check(len(world.run("approvals", "list").stdout.splitlines()) == 1, "none waits")
    until(lambda: len(decisions(world, "acme")["decisions"]) == 3, "all came")


@in_region
def quick(world, region):
    """One after the other, from the request to the answer at the tenant's socket, as soon as each goes on."""
    start(world, region, "acme")
    start_at = 0
    for number in range(10):
        ask(world, "acme", f"q-{number}")
        until(lambda: f"q-{number}" in pending(region), "routed")
        decide(region, "acme", f"q-{number}", "approved")
        answer = answers(world, "acme", start_at)
        start_at = answer["next"]
        check([d["approval"] for d in answer["decisions"]] == [f"q-{number}"], f"{answer}")


if __name__ == "__main__":
    harness.main([answered, audited, who, ends, person, way, probes, flood, survives, command, quick])
