"""The safety wrapper: a plugin asks, the tenant's log has every decision, and what fails is a refusal."""
import json
import os
import re
import subprocess
import sys
import time

import harness
from harness import check
from plugin import WRAPPER, Plugin, Wrapper, bundle
from region import in_region, local, options, settled, until, up

WORK = {"command": "echo hello"}
REMOVE = {"command": "rm -r old"}


def begin(world, region, *more, agent=None):
    """A tenant whose agent and wrapper run."""
    region.create("acme")
    region.run_agent("acme", region.mint("acme"), **(agent or {}))
    up(world, "acme")
    return Wrapper(world, "acme", bundle(world), "--workspace", world.dir, *more).start()


def in_tenant(case):
    def run(world, region):
        wrapper = begin(world, region)
        try:
            case(world, region, wrapper)
            check(wrapper.stop() == 0, "it ends well")
        except Exception:
            sys.stderr.write(wrapper.errors())
            raise
        finally:
            wrapper.stop()
    run.__name__ = case.__name__
    return in_region(run)


def events(world, region, kind):
    """Payloads in the tenant's log, which is let go of for this."""
    agent = region.agents["acme"]
    agent.terminate()
    agent.wait()
    shown = world.run("log", "show", world.path("acme", "log"), "--type", kind, "--json").stdout
    return [json.loads(line)["event"]["payload"] for line in shown.splitlines()]


def waiting(region, state="pending"):
    return [a["approval"] for a in region.json("GET", "/v1/approvals?state=" + state)["approvals"]]


def answer(region, name, decision, status=200):
    return region.json("POST", f"/v1/tenants/acme/approvals/{name}/decision", {"decision": decision}, status)


def one_waits(region):
    until(lambda: len(waiting(region)) == 1, "a person is asked")
    return waiting(region)[0]


@in_tenant
def decided(world, region, wrapper):
    """Allowed calls run, forbidden ones do not, and each decision is in the log with its facts."""
    plugin = Plugin(wrapper)
    check(plugin.welcome["t"] == "welcome", f"{plugin.welcome}")
    shown = plugin.decide("exec", WORK)
    check(shown == ("allow", "Reading is fine."), f"{shown}")
    for tool, params in (("gateway", {"action": "restart"}), ("exec", {"command": "openclaw agent exec hi"}),
                         ("read", {"path": "/etc/shadow"}), ("write", {"path": "/etc/x", "content": "y"}),
                         ("unheard_of", {}), ("exec", {"command": "nobody-knows-this"})):
        verdict, reason = plugin.decide(tool, params)
        check(verdict == "deny" and reason, f"{tool} {params}: {verdict} {reason}")
    plugin.until(lambda: wrapper.status()["enforcement"] == "enforced", "the canary was stopped")
    found = events(world, region, "call.decided")
    check([e["outcome"] for e in found] == ["allowed"] + 6 * ["refused"], f"{found}")
    check(found[0]["rule"] == "reads" and found[1]["rule"] == "never" and
          found[0]["policy_digest"] == wrapper.status()["policy"]["digest"] and found[0]["session"] ==
          "agent:main:s", f"{found[0]}")


@in_tenant
def asked(world, region, wrapper):
    """A person is asked: approved runs, denied does not; each approval is for one call alone."""
    plugin = Plugin(wrapper)
    for decision, verdict in (("approved", "allow"), ("denied", "deny")):
        number = plugin.ask("exec", REMOVE)
        check(plugin.pending(number)["t"] == "pending", "it waits")
        name = one_waits(region)
        shown = region.json("GET", f"/v1/tenants/acme/approvals/{name}")
        check(shown["summary"] == "exec: rm -r old" and shown["rule"] == "removal" and shown["risk"] == "high" and
              shown["arguments"] == [{"name": "command", "value": "rm -r old"}], f"{shown}")
        check(plugin.decide("exec", WORK, session="agent:main:other")[0] == "allow", "others are not held up")
        answer(region, name, decision)
        check(plugin.verdict(number)["verdict"] == verdict, decision)
        until(lambda: waiting(region) == [], "nothing waits")
    number = plugin.ask("exec", REMOVE, call="c1")  # the same again is asked again
    check(plugin.pending(number)["t"] == "pending", "an approval is used once")
    plugin.close()
    until(lambda: waiting(region, "cancelled") != [], "who hangs up does not wait")
    settled(region)
    check(region.json("GET", "/v1/models/unapproved")["rows"] == [], "nothing ran that was not approved")
    found = events(world, region, "approval.enforced")
    check([e["outcome"] for e in found] == ["ran", "blocked", "withdrawn"], f"{found}")


@in_tenant
def erased(world, region, wrapper):
    """Who asked is erased while a person is asked: the call ends, refused, and does not wait for its time to be over."""
    plugin = Plugin(wrapper)
    number = plugin.ask("exec", REMOVE)
    check(plugin.pending(number)["t"] == "pending", "it waits")
    subject = region.json("GET", f"/v1/tenants/acme/approvals/{one_waits(region)}")["subject"]
    region.json("POST", f"/v1/tenants/acme/subjects/{subject}/erase", {"reason": "asked for it"})
    check(plugin.verdict(number)["verdict"] == "deny", "it is refused")
    plugin.close()


@in_tenant
def changed(world, region, wrapper):
    """A call that was allowed comes with other parameters: refused, until the first one came back."""
    plugin = Plugin(wrapper)
    check(plugin.decide("exec", WORK, call="x1")[0] == "allow", "allowed")
    verdict, reason = plugin.decide("exec", {"command": "echo other"}, call="x1")
    check(verdict == "deny" and "other parameters" in reason, reason)
    number = plugin.ask("exec", REMOVE, call="x2")
    plugin.pending(number)
    answer(region, one_waits(region), "approved")
    check(plugin.verdict(number)["verdict"] == "allow", "approved")
    check(plugin.decide("exec", {"command": "rm -r other"}, call="x2")[0] == "deny", "changed after approval")
    check(plugin.result("exec", ["hello"], call="x1") == ["hello"], "it came back")
    check(plugin.decide("exec", {"command": "echo other"}, call="x1")[0] == "allow", "a new one")
    check(wrapper.status()["counts"]["changed"] == 2, f"{wrapper.status()}")


@in_tenant
def forged(world, region, wrapper):
    """Nobody else writes an answer into the tenant's log."""
    plugin = Plugin(wrapper)
    number = plugin.ask("exec", REMOVE)
    plugin.pending(number)
    name = one_waits(region)
    request = region.json("GET", f"/v1/tenants/acme/approvals/{name}")["request"]
    for producer in ("friend", "wrapper-1", "directive"):
        event = {"type": "approval.delivered", "producer": producer, "sequence": 77,
                 "occurred": "2026-01-01T00:00:00Z",
                 "payload": {"approval": name, "tenant": "acme", "request": request, "decision": "approved",
                             "sequence": 9, "index": 9, "not_after": "2030-01-01T00:00:00Z"}}
        got, text = local(world, "acme", "POST", "/v1/events", event)
        check(got == 403, f"{producer}: {got} {text}")
    check(plugin.decide("exec", WORK)[0] == "allow", "the wrapper lives")
    check(waiting(region) == [name], "it still waits")
    answer(region, name, "denied")
    check(plugin.verdict(number)["verdict"] == "deny", "only the region's answer counts")


@in_tenant
def strangers(world, region, wrapper):
    """What is no plugin of the gateway is refused: nonsense, other versions, another process."""
    honest = Plugin(wrapper)
    check(honest.welcome["t"] == "welcome", f"{honest.welcome}")
    for text in (b"nonsense", b"{}", b'{"t":"call"}', b'{"t":"verdict","id":1,"verdict":"allow"}',
                 b'{"t":"hello","protocol":2}'):
        other = Plugin(wrapper, hello=False)
        other.send(text)
        refused = other.wait(lambda m: True)
        check(refused is None or refused["t"] == "refused", f"{text}: {refused}")
        check(other.wait(lambda m: False) is None, "the connection ends")
    for head in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n"):
        other = Plugin(wrapper, hello=False)
        other.socket.sendall(head)
        check(other.wait(lambda m: False) is None, f"{head}: the connection ends")
    check(Plugin(wrapper, protocol=1).welcome["t"] == "refused", "another version")
    code = ("import sys; sys.path.insert(0, sys.argv[1])\nfrom plugin import *\n"
            "class W: plugin = sys.argv[2]\nprint(Plugin(W).welcome)")
    shown = subprocess.run([sys.executable, "-c", code, os.path.dirname(__file__), wrapper.plugin],
                           capture_output=True, text=True, env=dict(os.environ), timeout=60, check=False)
    check("another gateway holds the lease" in shown.stdout, shown.stdout + shown.stderr)
    silent = [Plugin(wrapper, hello=False) for _ in range(80)]
    until(lambda: (Plugin(wrapper).welcome or {}).get("t") == "welcome", "who says nothing makes room for who does")
    check(len(silent) == 80 and honest.decide("exec", WORK)[0] == "allow", "who was there stays")
    number = honest.ask("exec", "[1]")
    check(honest.verdict(number)["verdict"] == "deny", "parameters that are no object")
    check(honest.decide("exec", WORK)[0] == "allow", "the gateway is served as before")


@in_region
def compared(world, region):
    """A policy is changed without a restart; a candidate beside it is only counted; a bad one changes nothing."""
    first = bundle(world)
    with open(os.path.join(os.path.dirname(__file__), "test.policy"), encoding="ascii") as file:
        text = file.read().replace("policy test version 1", "policy test version 2")
    with open(world.path("stricter.policy"), "w", encoding="ascii") as file:
        file.write(text + "rule no-echo\n  forbid\n  when any command in echo\n  reason \"No echo.\"\n  asi ASI05\n")
    world.run("policy", "compile", world.path("stricter.policy"), "--out", world.path("stricter"))
    wrapper = begin(world, region, "--shadow", world.path("stricter"))
    try:
        plugin = Plugin(wrapper)
        check(plugin.decide("exec", WORK)[0] == "allow", "the candidate decides nothing")
        check(wrapper.status()["counts"]["flips"] == 1, "but it is counted")
        with open(first, "rb") as file:
            before = file.read()
        with open(first, "wb") as file:
            file.write(before[:-1])
        check(wrapper.ask("POST", "/v1/policy/reload")[0] == 422, "a damaged one is refused")
        check(plugin.decide("exec", WORK)[0] == "allow", "the one before stays")
        number = plugin.ask("exec", REMOVE)
        plugin.pending(number)
        name = one_waits(region)
        os.replace(world.path("stricter"), first)
        with open(world.path("stricter"), "wb") as file:
            file.write(before)
        check(wrapper.ask("POST", "/v1/policy/reload")[0] == 200, "the next one is in force")
        check(plugin.decide("exec", WORK) == ("deny", "No echo."), "at once")
        answer(region, name, "approved")
        check(plugin.verdict(number)["verdict"] == "deny", "what was asked under the old one is void")
        found = events(world, region, "call.decided")
        check(found[0]["shadow_verdict"] == "forbid" and found[0]["shadow_rule"] == "no-echo", f"{found[0]}")
    finally:
        wrapper.stop()


@in_tenant
def unanswered(world, region, wrapper):
    """The agent is killed: nothing may run, and after it is back everything is as before."""
    plugin = Plugin(wrapper)
    check(plugin.decide("exec", WORK)[0] == "allow", "all is well")
    region.agents["acme"].kill()
    region.agents["acme"].wait()
    verdict, reason = plugin.decide("exec", WORK)
    check(verdict == "deny" and "written down" in reason, reason)
    check(plugin.decide("exec", REMOVE)[0] == "deny", "a person cannot be asked either")
    region.run_agent("acme")
    up(world, "acme")
    check(plugin.decide("exec", WORK)[0] == "allow", "all is well again")


@in_tenant
def killed(world, region, wrapper):
    """The wrapper is killed while a person is asked: the call is refused; the same gateway goes on."""
    plugin = Plugin(wrapper)
    number = plugin.ask("exec", REMOVE)
    plugin.pending(number)
    one_waits(region)
    wrapper.kill()
    check(plugin.verdict(number) is None, "the connection ended without a verdict")
    wrapper.start()
    plugin = Plugin(wrapper)
    check(plugin.decide("exec", WORK)[0] == "allow", "the last good policy is in force")
    until(lambda: waiting(region) == [], "what nobody waits for any more is withdrawn")


@in_tenant
def drained(world, region, wrapper):
    """Told to stop, it refuses what waits, writes that down and ends."""
    plugin = Plugin(wrapper)
    number = plugin.ask("exec", REMOVE)
    plugin.pending(number)
    one_waits(region)
    wrapper.process.terminate()
    verdict = plugin.verdict(number)
    check(verdict["verdict"] == "deny" and "stop" in verdict["reason"], f"{verdict}")
    check(wrapper.process.wait(60) == 0, wrapper.errors())
    until(lambda: waiting(region, "cancelled") != [], "the region knows")
    found = events(world, region, "call.decided")
    check([e["outcome"] for e in found] == ["refused"], f"{found}")


GATEWAY = ("import sys; sys.path.insert(0, sys.argv[1])\nfrom plugin import *\n"
           "class W: plugin = sys.argv[2]\n"
           "p = Plugin(W); n = p.ask('exec', {'command': 'rm -r old'}); print(p.pending(n)['t'], flush=True)\n"
           "print(p.verdict(n)['reason'], flush=True); print(p.decide('exec', {'command': 'echo x'})[1], flush=True)\n"
           "sys.stdin.readline()")


@in_tenant
def parted(world, region, wrapper):
    """Before a gateway is stopped, what waits is refused, and all that it asks for; the next one is served."""
    gateway = subprocess.Popen([sys.executable, "-c", GATEWAY, os.path.dirname(__file__), wrapper.plugin],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        check(gateway.stdout.readline() == "pending\n", "it waits for a person")
        done = subprocess.run([WRAPPER, "drain", "--control-socket", wrapper.control], check=False, timeout=60,
                              capture_output=True, text=True)
        check(done.returncode == 0, done.stderr)
        check("gateway is about to stop" in gateway.stdout.readline(), "refused")
        check("gateway is about to stop" in gateway.stdout.readline(), "and what comes then")
        check(wrapper.status()["parting"] is True and wrapper.status()["counts"]["waiting"] == 0, f"{wrapper.status()}")
    finally:
        gateway.kill()
        gateway.wait()
    until(lambda: wrapper.status()["parting"] is False, "it has ended")
    check(Plugin(wrapper).decide("exec", WORK)[0] == "allow", "the next one is served")
    done = subprocess.run([WRAPPER, "drain", "--control-socket", wrapper.path("nobody.sock")], check=False, timeout=60,
                          capture_output=True, text=True)
    check(done.returncode == 3 and "does not answer" in done.stderr, f"{done}")


@in_tenant
def long(world, region, wrapper):
    """A person sees a long command whole; one that they could not see is refused and nobody is asked."""
    plugin = Plugin(wrapper)
    command = "rm -r " + " ".join(f"{i:030}" for i in range(10))
    number = plugin.ask("exec", {"command": command})
    check(plugin.pending(number)["t"] == "pending", "it waits")
    name = one_waits(region)
    shown = region.json("GET", f"/v1/tenants/acme/approvals/{name}")["arguments"]
    check(len(shown) == 2 and "".join(a["value"] for a in shown) == command and shown[0]["name"] ==
          f"command (1 of {len(shown)})", f"{shown}")
    answer(region, name, "denied")
    plugin.verdict(number)
    verdict, reason = plugin.decide("exec", {"command": "rm -r old", "unheard-of": "y" * 5000})
    check(verdict == "deny" and "does not fit what a person can be shown" in reason, reason)
    check(waiting(region) == [], "nobody is asked")


@in_tenant
def flood(world, region, wrapper):
    """A session asks a thousand times at once: eight wait, the rest is refused, others are served."""
    plugin = Plugin(wrapper)
    numbers = [plugin.ask("exec", REMOVE, session="agent:main:flood") for _ in range(1000)]
    check(plugin.decide("exec", WORK, session="agent:main:calm")[0] == "allow", "others are served")
    first = [plugin.pending(number) for number in numbers]
    kinds = [message["t"] for message in first]
    check(kinds.count("pending") == 8 and kinds.count("verdict") == 992, f"{kinds.count('pending')}")
    check(wrapper.status()["counts"]["waiting"] == 8, f"{wrapper.status()}")


@in_region
def redacted(world, region):
    """A registered secret and a provider's token are in no result, no request and no event."""
    secret, token = "correct-horse-battery-staple-77", "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    wrapper = begin(world, region, agent={"vault_uids": str(os.getuid())})
    try:
        status, text = local(world, "acme", "PUT", "/v1/vault/secrets/door?kind=credential", secret.encode())
        check(status == 201, f"{status} {text}")
        until(lambda: wrapper.status()["secrets"] == 1, "the wrapper knows the secret")
        plugin = Plugin(wrapper)
        plugin.decide("exec", WORK, call="c1")
        shown = plugin.result("exec", ["text", f"the door: {secret}.", "clean"])
        check(shown is not None and secret not in str(shown) and "HFX_" in shown[1] and shown[0] == "text" and
              shown[2] == "clean", f"{shown}")
        number = plugin.ask("exec", {"command": f"rm -r {secret}"})
        plugin.pending(number)
        name = one_waits(region)
        check(secret not in json.dumps(region.json("GET", f"/v1/tenants/acme/approvals/{name}")), "in a request")
        answer(region, name, "denied")
        plugin.verdict(number)
        plugin.result("exec", [f"export GH={token}", f"{secret}!"])
        until(lambda: region.json("GET", "/v1/models/redaction?table=redaction_tests_1&key=acme")["rows"],
              "the self-test at start is told")
        wrapper.stop()
        until(lambda: region.json("GET", "/v1/models/redaction?key=acme")["rows"], "counters at the end")
        day = region.json("GET", "/v1/models/redaction?key=acme")["rows"][0]
        check(day["known"] >= 2 and day["tokens"] == 0 and day["redacted"] == day["known"] and day["bytes"] > 0,
              f"{day}")
        agent = region.agents["acme"]
        agent.terminate()
        agent.wait()
        whole = world.run("log", "show", world.path("acme", "log"), "--json").stdout.decode()
        check(secret not in whole and secret.encode().hex() not in whole and token not in whole, "in an event")
        tests = [json.loads(line)["event"]["payload"] for line in whole.splitlines() if "selftest.completed" in line]
        check([(t["suite"], t["trigger"], t["failed"]) for t in tests] == [("redaction", "boot", 0)] and
              tests[0]["passed"] > 100, f"{tests}")
    finally:
        wrapper.stop()


@in_region
def alarm(world, region):
    """The heartbeat says whether OpenClaw is held; a gateway without its wrapper is an alarm."""
    wrapper = begin(world, region, "--grace", "0")
    sockets = {"wrapper_socket": wrapper.control}
    region.agents["acme"].terminate()
    region.agents["acme"].wait()
    region.run_agent("acme", **sockets)
    up(world, "acme")

    def beat():
        return region.json("GET", "/v1/tenants/acme")["versions"].get("wrapper", "")

    try:
        until(lambda: beat().endswith(" idle"), f"no gateway runs: {beat()}")
        plugin = Plugin(wrapper)
        plugin.until(lambda: beat().endswith(" enforced"), "the gate is enforced")
        second = subprocess.Popen(["openclaw-gateway", "600"], executable="/bin/sleep")
        try:
            plugin.until(lambda: beat().endswith(" unguarded"), "a second gateway is an alarm")
        finally:
            second.kill()
            second.wait()
        plugin.until(lambda: beat().endswith(" enforced"), "it is over")
        wrapper.kill()
        until(lambda: beat() == "absent unguarded", "the wrapper is gone")
        wrapper.start()
        plugin.close()
        plugin = Plugin(wrapper, obeys=False)
        plugin.until(lambda: re.fullmatch("(?!absent).* unguarded", beat()), "one that does not obey")
        check(plugin.decide("exec", WORK)[0] == "deny", "nothing may run")
        found = events(world, region, "enforcement.changed")
        states = [e["after"] for e in found]
        check(states.count("unguarded") >= 2 and "enforced" in states, f"{states}")
    finally:
        wrapper.stop()


def explain(wrapper, tool, params=None, *more, code=0, given=None):
    text = params if params is None or isinstance(params, str) else json.dumps(params)
    done = subprocess.run([WRAPPER, "explain", tool, *([text] if text is not None else []), "--control-socket",
                           wrapper.control, *more], input=given, check=False, timeout=60, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8")
    check(done.returncode == code, f"{tool} {params}: {done.returncode} {done.stdout} {done.stderr}")
    return json.loads(done.stdout) if "--json" in more and code == 0 else done.stdout + done.stderr


@in_tenant
def explained(world, region, wrapper):
    """What would be decided is what is decided then; asking for it writes, counts and allows nothing."""
    plugin = Plugin(wrapper)
    as_owner = ("--owner", "--channel", "webchat", "--session", "agent:main:s", "--json")
    calls = (("exec", WORK), ("exec", REMOVE), ("gateway", {"action": "restart"}), ("unheard_of", {}))
    shown = [explain(wrapper, tool, params, *as_owner) for tool, params in calls]
    check([s["verdict"] for s in shown] == ["permit", "ask", "forbid", "forbid"], f"{shown}")
    check(shown[0]["rule"] == "reads" and shown[0]["policy"]["digest"] == wrapper.status()["policy"]["digest"] and
          shown[0]["facts"]["commands"][0]["program"] == "echo" and "shadow" not in shown[0], f"{shown[0]}")
    text = explain(wrapper, "exec", "-", given=json.dumps(REMOVE))
    check("removal" in text and '"rm"' in text and "rates" not in text, text)
    check("no object" in explain(wrapper, "exec", "[]", code=2), "no object")
    check("PARAMS" in explain(wrapper, "exec", "{", code=2), "no JSON")
    check("name" in explain(wrapper, "no tool", "{}", code=3), "no name of a tool")
    for body, status in ((b"", 422), (b"{}", 422), (b'{"t":"hello","id":1,"protocol":2,"plugin":"x"}', 422),
                         (b'{"t":"call","id":1,"call":"c","tool":"exec","params":"[]"}', 422)):
        check(wrapper.ask("POST", "/v1/explain", body)[0] == status, f"{body}")
    counts = wrapper.status()["counts"]
    check(counts["calls"] == counts["asked"] == 0 and waiting(region) == [], f"{counts}")
    for (tool, params), wanted in zip(calls[:1] + calls[2:], ("allow", "deny", "deny")):
        check(plugin.decide(tool, params)[0] == wanted, tool)
    found = events(world, region, "call.decided")
    check([(e["verdict"], e["rule"]) for e in found] ==
          [(s["verdict"], s["rule"]) for s in (shown[0], shown[2], shown[3])], f"{found}")
    wrapper.stop()
    check("does not answer" in explain(wrapper, "exec", code=3), "nobody is there")


if __name__ == "__main__":
    harness.main([explained, decided, asked, erased, changed, forged, strangers, compared, unanswered, killed, drained, parted, long, flood, redacted,
                  alarm])
