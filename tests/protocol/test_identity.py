"""Who may do what: principals, customers' users, agents' keys, flags, the cutover; real processes."""
import json
import os
import subprocess
import time

import harness
from harness import check
from hub import Agent
from region import HUB, LIMIT, append, caught_up, in_region, local, until, up


def token_of(region, name, role, status=201, **more):
    answer = region.json("POST", "/v1/principals", {"principal": name, "role": role, **more}, status)
    return answer.get("token")


def principal(region, name):
    rows = region.json("GET", "/v1/principals")["principals"]
    return next((row for row in rows if row["principal"] == name), None)


@in_region
def principals(world, region):
    """Each role may what it may and no more; expiry, rotation with overlap, revocation, the last
    admin; tokens are nowhere in the region's log."""
    region.create("acme")
    tokens = {role: token_of(region, role + "-1", role)
              for role in ("viewer", "auditor", "operator", "approver", "admin")}
    for role, status in (("viewer", 403), ("auditor", 403), ("operator", 409), ("approver", 409),
                         ("admin", 409)):
        region.json("GET", "/v1/tenants/acme", token=tokens[role])
        region.json("POST", "/v1/tenants/acme/resume", {"reason": "x"}, status, tokens[role])
    region.json("GET", "/v1/principals", status=403, token=tokens["viewer"])
    region.json("POST", "/v1/principals", {"principal": "x", "role": "viewer"}, 403,
                tokens["operator"])
    for body in ({"principal": "A", "role": "viewer"}, {"principal": "x", "role": "king"},
                 {"principal": "x", "role": "viewer", "kind": "cat"},
                 {"principal": "x", "role": "viewer", "kind": "customer"},
                 {"principal": "x", "role": "operator", "kind": "customer", "tenant": "acme"},
                 {"principal": "x", "role": "viewer", "tenant": "nobody"},
                 {"principal": "x", "role": "admin", "tenant": "acme"}):
        region.json("POST", "/v1/principals", body, 400)
    region.json("POST", "/v1/principals", {"principal": "viewer-1", "role": "viewer"}, 409)

    for ttl in (1, 2, 4, 8, 16, 32):  # one that can be used before it ends, however slow the machine is
        short = token_of(region, f"short-{ttl}", "viewer", ttl_s=ttl)
        if region.call("GET", "/v1/tenants", token=short)[0] == 200:
            break
    else:
        check(False, "a token ends before it can be used")
    until(lambda: region.call("GET", "/v1/tenants", token=short)[0] == 401, "the token ends")

    new = region.json("POST", "/v1/principals/viewer-1/rotate", {"overlap_s": 600}, 201)["token"]
    for token in (new, tokens["viewer"]):
        region.json("GET", "/v1/tenants", token=token)
    newest = region.json("POST", "/v1/principals/viewer-1/rotate", {"overlap_s": 0}, 201)["token"]
    check([region.call("GET", "/v1/tenants", token=token)[0]
           for token in (tokens["viewer"], new, newest)] == [401, 401, 200], "rotation")

    region.json("POST", "/v1/principals/auditor-1/revoke", {"reason": "left"})
    region.json("GET", "/v1/tenants", status=401, token=tokens["auditor"])
    region.json("POST", "/v1/principals/auditor-1/revoke", {"reason": "left"}, 409)
    region.json("POST", "/v1/principals/nobody/revoke", {"reason": "left"}, 404)
    region.json("POST", "/v1/principals/admin-1/revoke", {"reason": "one is enough"})
    answer = region.json("POST", "/v1/principals/admin/revoke", {"reason": "x"}, 403)
    check("last admin" in answer["detail"], f"{answer}")
    check(principal(region, "auditor-1")["status"] == "revoked", "shown as revoked")
    until(lambda: "last_used" in principal(region, "viewer-1"), "the use is shown")
    before = principal(region, "admin")
    check(before["last_address"] == "127.0.0.1" and principal(region, "admin")["last_used"] > before["last_used"],
          f"each use, and from where: {before}")

    refused = region.events("command.refused")
    check({"principal": "viewer-1", "status": 403, "problem": "not-permitted"}.items() <=
          refused[0].items(), f"{refused[0]}")
    check(region.json("GET", "/v1/tenants", token=newest)["tenants"], "tokens outlive a restart")
    shown = open(world.path("hub.err"), "rb").read()
    for token in (region.admin, new, newest, *tokens.values()):
        check(token.encode() not in shown, "a token in the Hub's log lines")


@in_region
def customers(_world, region):
    """A customer's user sees and does what is of its own tenant, and nothing else."""
    region.create("acme")
    region.create("other")
    user = token_of(region, "jo", "viewer", kind="customer", tenant="acme")
    program = token_of(region, "bot", "operator", kind="program", tenant="acme")
    check([row["tenant"] for row in region.json("GET", "/v1/tenants", token=user)["tenants"]] ==
          ["acme"], "the list")
    region.json("GET", "/v1/tenants/acme", token=user)
    region.json("GET", "/v1/tenants/acme/flags", token=user)
    region.json("GET", "/v1/tenants/other", status=404, token=user)
    region.json("GET", "/v1/flags", status=403, token=user)
    region.json("GET", "/v1/cutover", status=403, token=user)
    region.json("POST", "/v1/tenants/acme/suspend", {"reason": "x"}, 403, user)
    region.json("POST", "/v1/tenants/acme/suspend", {"reason": "x"}, 200, program)
    region.json("POST", "/v1/tenants/other/suspend", {"reason": "x"}, 404, program)
    region.json("POST", "/v1/tenants", {"tenant": "new", "ring": "sandbox"}, 403, program)
    approver = token_of(region, "ann", "approver", kind="customer", tenant="acme")
    for verb, body in (("resume", {}), ("move", {"ring": "general"}), ("suspend", {}), ("evict", {}), ("ban", {}),
                       ("decommission", {"reason": "operator"}), ("tokens", {"ttl_s": 60})):
        body = body if verb == "tokens" else {"reason": "x", **body}
        answer = region.json("POST", f"/v1/tenants/acme/{verb}", body, 403, approver)
        check("ask an operator" in answer["detail"], f"{verb}: {answer}")
    shown = region.json("GET", "/v1/tenants/acme", token=approver)
    check((shown["status"], shown["ring"]) == ("suspended", "sandbox"), f"{shown}")
    check(principal(region, "jo")["kind"] == "customer", "its kind")


@in_region
def refusals(_world, region):
    """What a principal was refused is in the log, bounded; strangers are only counted."""
    region.create("acme")
    began = time.monotonic()
    for _ in range(100):
        region.json("POST", "/v1/tenants", {"tenant": "acme", "ring": "sandbox"}, 409)
    minutes = 1 + (time.monotonic() - began) // 60
    for _ in range(5):
        check(region.call("GET", "/v1/tenants", token="hfp_00")[0] == 401, "a stranger")
    refused = region.events("command.refused")
    check(60 <= len(refused) <= 60 * minutes and refused[0]["operation"] == "POST /v1/tenants" and
          refused[0]["detail"].startswith("a tenant of this name exists"), f"{len(refused)}")


@in_region
def agents(world, region):
    """An agent takes its next key; the key before works on; evicted, it needs a new token; banned,
    its key is refused for good and the tenant takes a new agent."""
    region.create("acme")
    token = region.mint("acme")
    agent = region.run_agent("acme", token)
    up(world, "acme")
    append(world, "acme", 1)
    caught_up(region, "acme", 1)

    status, answer = local(world, "acme", "POST", "/v1/rotate-key", {})
    check(status == 202, f"{status} {answer}")
    until(lambda: local(world, "acme", "GET", "/v1/status")[1]["key_serial"] == 1, "the next key")
    append(world, "acme", 2)
    caught_up(region, "acme", 2)
    agent.terminate()
    agent.wait(LIMIT)
    agent = region.run_agent("acme")
    append_until(world, "acme", 3)
    caught_up(region, "acme", 3)

    region.json("POST", "/v1/tenants/acme/evict", {"reason": "moved"})
    check(region.json("GET", "/v1/tenants/acme")["registered"] is False, "out")
    region.json("POST", "/v1/tenants/acme/evict", {"reason": "moved"}, 409)
    append(world, "acme", 4)
    agent.terminate()
    agent.wait(LIMIT)
    agent = region.run_agent("acme", region.mint("acme"))
    caught_up(region, "acme", 4)

    region.json("POST", "/v1/tenants/acme/ban", {"reason": "stolen disk"})
    agent.terminate()
    agent.wait(LIMIT)
    agent = region.run_agent("acme", region.mint("acme"))
    until(lambda: b"banned" in open(world.path("acme.err"), "rb").read(), "the ban is told")
    agent.terminate()
    agent.wait(LIMIT)
    kinds = [alarm["kind"] for alarm in region.events("identity.alarm")]
    check(kinds == ["banned-key"], f"{kinds}")
    region.run_agent("acme", region.mint("acme"), folder=world.path("acme2"))
    until(lambda: region.json("GET", "/v1/tenants/acme")["registered"], "a new agent")


@in_region
def next_agent(world, region):
    """The clock of a tenant's next server may be behind that of the one before: it is no clone of it."""
    def beat():
        return region.json("GET", "/v1/tenants/acme").get("last_heartbeat", "")

    region.create("acme")
    agent = region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    agent.terminate()
    agent.wait(LIMIT)
    with open(world.path("acme", "numbers"), "w", encoding="ascii") as file:
        file.write("4102444800000000\n")  # in 2100
    first = beat()
    agent = region.run_agent("acme")
    until(lambda: beat() > first, "it is in 2100")
    agent.terminate()
    agent.wait(LIMIT)
    region.json("POST", "/v1/tenants/acme/evict", {"reason": "another server"})
    last = beat()
    region.run_agent("acme", region.mint("acme"), folder=world.path("acme2"))
    until(lambda: beat() > last, "the next agent's sign of life is taken")
    check(region.json("GET", "/v1/tenants/acme")["last_address"] == "127.0.0.1", "from where it came")
    check(region.events("identity.alarm") == [], "and nothing is wrong with it")


def append_until(world, tenant, sequence):
    up(world, tenant)
    check(append(world, tenant, sequence)[0] == 200, "appended")


@in_region
def flags(world, region):
    """The narrower setting counts; nonsense is refused; all of it outlives a restart."""
    region.create("acme", "canary")
    region.create("other")

    def state(tenant):
        return region.json("GET", f"/v1/tenants/{tenant}/flags")["flags"].get("new-things")

    def put(value, status=200, **more):
        return region.json("POST", "/v1/flags/new-things", {"value": value, "reason": "t", **more},
                           status)

    check(state("acme") is None, "never set")
    put("on")
    check((state("acme"), state("other")) == (True, True), "for all")
    put("off", scope="ring", subject="canary")
    check((state("acme"), state("other")) == (False, True), "but not canaries")
    put("on", scope="tenant", subject="acme")
    check((state("acme"), state("other")) == (True, True), "but this one")
    put("unset", scope="ring", subject="canary")
    put("unset", scope="tenant", subject="acme")
    put("off")
    check((state("acme"), state("other")) == (False, False), "off again")
    put("off", 409)
    for bad in ({"value": "maybe"}, {"scope": "moon"}, {"scope": "ring", "subject": "moon"},
                {"scope": "tenant", "subject": "nobody"}, {"scope": "region", "subject": "prod-eu"}):
        put(**{"value": "on", "status": 400, **bad})
    region.json("POST", "/v1/flags/Bad_Name", {"value": "on", "reason": "x"}, 400)
    check(len(region.events("flag.set")) == 6 and state("acme") is False, "in the log, and back")


@in_region
def cutover(world, region):
    """Six steps in order, each with its guard; what is frozen is refused; the parallel run takes
    sandbox tenants only; the flip opens the new flow for all and closes the old one."""
    def advance(step, status=200, **more):
        return region.json("POST", "/v1/cutover/advance",
                           {"step": step, "evidence": "e", "reason": "r", **more}, status)

    def admit(way, ring, status):
        return region.json("POST", "/v1/cutover/admit", {"way": way, "ring": ring}, status)

    def create(name, ring, status):
        region.json("POST", "/v1/tenants", {"tenant": name, "ring": ring}, status)

    check(region.json("GET", "/v1/cutover")["begun"] is False, "a fresh region")
    advance("freeze-legacy", 403)
    admit("legacy-deploy", "general", 403)
    create("before", "general", 201)
    region.json("POST", "/v1/cutover/begin", {"reason": "r"})
    region.json("POST", "/v1/cutover/begin", {"reason": "r"}, 409)
    admit("legacy-deploy", "general", 200)
    create("one", "sandbox", 403)
    advance("cleanup-release", 403)
    advance("freeze-legacy")
    admit("legacy-deploy", "sandbox", 403)
    admit("old-flow", "general", 200)
    advance("cleanup-release")
    create("one", "sandbox", 403)
    advance("enable-registration")
    create("one", "general", 403)
    create("one", "sandbox", 201)
    answer = advance("first-tenant", 403)
    check("sign of life" in answer["detail"], f"{answer}")
    region.run_agent("one", region.mint("one"))
    until(lambda: "last_heartbeat" in region.json("GET", "/v1/tenants/one"), "a sign of life")
    advance("first-tenant")
    advance("parallel-run", 400)
    advance("parallel-run", window_s=2)
    shown = region.json("GET", "/v1/cutover")
    check(shown["ways"] == {"legacy-deploy": "closed", "old-flow": "open",
                            "new-flow": "sandbox only"} and shown["default_way"] == "old-flow",
          f"{shown}")
    create("two", "canary", 403)
    region.json("POST", "/v1/tenants/one/move", {"ring": "canary", "reason": "by this way?"}, 403)
    region.json("POST", "/v1/tenants/before/move", {"ring": "canary", "reason": "no matter of the new flow"})
    until(lambda: region.call("POST", "/v1/cutover/advance", {
        "step": "flip-default", "evidence": "e", "reason": "r"})[0] == 200, "the window ends")
    create("two", "canary", 201)
    region.json("POST", "/v1/tenants/one/move", {"ring": "canary", "reason": "now"})
    admit("old-flow", "general", 403)
    check(region.json("POST", "/v1/cutover/admit", {"ring": "general"})["way"] == "new-flow",
          "the default")
    region.json("POST", "/v1/cutover/revert", {"reason": "r"})
    create("three", "canary", 403)
    check([e["step"] for e in region.events("cutover.reverted")] == ["flip-default"], "in the log")
    check(region.json("GET", "/v1/cutover")["step"] == "parallel-run", "after a restart")


@in_region
def affinity(world, region):
    """An order of another region is sent there and nothing of it is stored."""
    address = region.url.removeprefix("https://")
    region.hub.terminate()
    region.hub.wait(LIMIT)
    region.hub.stdout.close()
    region.start(address, "--peers", "prod-eu=https://eu.example:8443,prod-us=https://us.example")
    for body, url in (({"market": "eu"}, "https://eu.example:8443"),
                      ({"market": "na"}, "https://us.example"),
                      ({"region": "prod-eu"}, "https://eu.example:8443"),
                      ({"region": "staging"}, "staging")):
        answer = region.json("POST", "/v1/tenants",
                             {"tenant": "acme", "ring": "sandbox", **body}, 421)
        check(url in answer["detail"], f"{answer}")
    region.json("POST", "/v1/tenants", {"tenant": "a", "ring": "sandbox", "market": "xx"}, 400)
    check(region.json("GET", "/v1/tenants")["tenants"] == [], "stored")
    region.hub.terminate()
    region.hub.wait(LIMIT)
    other = hub(world, "run", "--region", "staging", "--listen", "127.0.0.1:0")
    check(other.returncode == 2 and b"holds the log of holdfast/dev" in other.stderr, f"{other}")


@in_region
def no_room(_world, region):
    """A Hub without room says that it is not ready before anybody wants to write, and what to do."""
    check(region.json("GET", "/readyz")["status"] == "ok", "there is room")
    address = region.url.removeprefix("https://")
    region.hub.terminate()
    region.hub.wait(LIMIT)
    region.hub.stdout.close()
    region.start(address, "--free-floor", "900000T")
    status, answer = region.call("GET", "/readyz", token="")
    check(status == 503 and b"read-only" in answer and b"free some space" in answer, f"{status} {answer}")
    check(region.call("GET", "/healthz", token="")[0] == 200 and region.json("GET", "/v1/tenants")["tenants"] == [], "it reads")
    check(b"free some space" in region.call("POST", "/v1/tenants", {"tenant": "a", "ring": "sandbox"})[1], "and says it")


def hub(world, command, *options):
    return subprocess.run([HUB, command, "--data", world.path("hub"), *options], env=world.env, timeout=LIMIT,
                          capture_output=True, check=False)


def check_config(world):
    """What a Hub could not be run with, or not as it is meant, is said beforehand."""
    keys = world.path("keys")
    with open(keys, "w", encoding="ascii") as file:
        file.write("policy nonsense\n")
    for text, *options in (("mars", "--peers", "mars=https://x"),
                           ("own region", "--peers", "dev=https://x"),
                           ("twice", "--peers", "prod-eu=https://x,prod-eu=https://y"),
                           ("postgresql://", "--models", "mysql://host/holdfast"),
                           ("host name", "--name", "two words"),
                           ("No such file", "--release-keys", world.path("none")),
                           (keys, "--release-keys", keys),
                           ("No such file", "--outgoing-ca", world.path("none")),
                           ("no certificate", "--outgoing-ca", keys)):
        wrong = hub(world, "check-config", *options)
        check(wrong.returncode == 1 and wrong.stderr.count(b"\n") == 1 and text in wrong.stderr.decode(), f"{wrong}")
    right = hub(world, "check-config", "--models", "postgres://host/holdfast", "--name", "::1",
                "--peers", "prod-eu=https://x,prod-us=https://y")
    check(right.returncode == 0 and right.stderr == b"", f"{right}")


@in_region
def versions_signed(world, region):
    """What an agent says that it runs is signed when it registers; what an older agent says, which does
    not sign it, is not taken; altered on its way it is refused."""
    def register(tenant, status, **how):
        region.create(tenant)
        with open(region.mint(tenant), encoding="ascii") as file:
            body = Agent(tenant).registration(file.read().strip(), **how)
        got, answer = region.call("POST", "/v1/register", body, token="")
        check(got == status, f"{tenant}: {got} {answer}")
        return answer

    register("fresh", 201)
    register("older", 201, form="v1")
    check(b"bad-signature" in register("altered", 403, wrapper="9.9"), "what is altered")
    check(b"bad-signature" in register("unknown", 403, form="v3"), "another form")
    told = {e["tenant"]: e["versions"] for e in region.events("tenant.registered")}
    check(told == {"fresh": {"openclaw": "1", "wrapper": "1", "policy": "1"},
                   "older": {"openclaw": "none", "wrapper": "none", "policy": "none"}}, f"{told}")


@in_region
def command_line(world, region):
    """The same by hand: holdfast principal, flag, cutover, tenant evict; the Hub's key is pinned."""
    region.create("acme")
    with open(world.path("admin"), "w", encoding="ascii") as file:
        file.write(region.admin + "\n")

    def holdfast(*args, code=0, token="admin"):
        ran = world.run(*args, "--hub", region.url, "--hub-token", world.path(token), "--hub-pin", pin,
                        code=code)
        return ran.stdout.decode() + ran.stderr.decode()

    pin = region.json("GET", "/v1/region")["tls_pin"]
    holdfast("principal", "create", "jo", "--role", "viewer", "--kind", "customer", "--tenant",
             "acme", "--days", "1", "--out", world.path("jo"))
    check(os.stat(world.path("jo")).st_mode & 0o777 == 0o600, "for its owner alone")
    for made in (("tenant", "token", "acme"), ("principal", "create", "bo", "--role", "viewer"),
                 ("principal", "rotate", "bo")):
        told = holdfast(*made, "--out", world.path("made"), "--json")
        check(json.loads(told) == {"file": world.path("made")} and os.path.getsize(world.path("made")) > 40, told)
    check("belongs to prod-eu" in holdfast("tenant", "create", "eu", "--market", "eu", code=3), "by its market")
    check("acme" in holdfast("tenant", "list", token="jo"), "jo sees acme")
    check("acme only" in holdfast("flag", "list", code=3, token="jo"), "and no flags")
    holdfast("principal", "rotate", "jo", "--overlap", "0", "--out", world.path("jo2"))
    holdfast("tenant", "list", code=3, token="jo")
    check("revoked" in holdfast("principal", "revoke", "jo", "--reason", "left"), "revoked")
    check("customer" in holdfast("principal", "list"), "the list")
    check("on" in holdfast("flag", "set", "new", "on", "--tenant", "acme", "--reason", "try"), "set")
    check("tenant" in holdfast("flag", "list"), "flags")
    for name in ("no name", "a/../../tenants", "ä", ".."):
        said = holdfast("flag", "set", name, "on", "--reason", "r", code=2)
        check("is no name here" in said, said)
    check("everything goes the new way" in holdfast("cutover", "show"), "no cutover")
    holdfast("cutover", "begin", "--reason", "r")
    check("the next one is freeze-legacy" in
          holdfast("cutover", "advance", "flip-default", "--evidence", "e", "--reason", "r", code=3),
          "in order")
    holdfast("cutover", "advance", "freeze-legacy", "--evidence", "e", "--reason", "r")
    check("frozen" in holdfast("cutover", "admit", "--way", "legacy-deploy", "--ring", "general",
                               code=3), "frozen")
    check("old-flow" in holdfast("cutover", "admit", "--ring", "general"), "the way to go")
    check("no agent" in holdfast("tenant", "evict", "acme", "--reason", "r", code=3), "nobody there")
    other = "0" * 64
    pin = other
    holdfast("tenant", "list", code=3)


harness.main([principals, customers, refusals, agents, next_agent, flags, cutover, affinity, no_room, check_config,
              versions_signed, command_line])
