"""Policies on their way: published, staged by the agent, verified again and put in force by the wrapper."""
import json
import os
import sys

import harness
from artifacts import Release, parsed
from harness import check
from plugin import Plugin, Wrapper
from region import Region, local, options, until, up

HERE = os.path.dirname(__file__)
NO_ECHO = 'rule no-echo\n  forbid\n  when any command in echo\n  reason "No echo."\n  asi ASI05\n'
WORK = {"command": "echo hello"}


class Bench:
    """A region, a tenant whose agent runs, a release key that both agent and wrapper have pinned."""

    def __init__(self, world):
        self.world, self.wrapper, self.number = world, None, 0
        self.release = Release(world)
        world.env["HOLDFAST_RELEASE_KEYS"] = self.release.keys
        self.region = Region(world)
        options(world, self.region)
        self.region.create("acme")
        self.region.run_agent("acme", self.region.mint("acme"))
        up(world, "acme")

    def text(self, version, more=""):
        with open(os.path.join(HERE, "test.policy"), encoding="ascii") as file:
            text = file.read().replace("policy test version 1", f"policy test version {version}")
        path = self.world.path(f"policy-{version}")
        with open(path, "w", encoding="ascii") as file:
            file.write(text + more)
        return path

    def compile(self, version, more=""):
        out = self.world.path(f"bundle-{version}")
        self.world.run("policy", "compile", self.text(version, more), "--out", out)
        return out

    def publish(self, version, more="", *options):
        return parsed(self.world.run("policy", "publish", self.text(version, more), "--key",
                                     self.world.path("policy.key"), "--region", "dev", "--json", *options))["digest"]

    def activate(self, what):
        self.world.run("policy", "activate", what, "--tenant", "acme", "--reason", "r")

    def start(self, policy=None):
        self.wrapper = Wrapper(self.world, "acme", policy, "--workspace", self.world.dir).start()

    def running(self):
        return (self.wrapper.status()["policy"] or {}).get("digest")

    def row(self):
        rows = parsed(self.world.run("policy", "show", "--running", "--json"))["rows"]
        return next((r for r in rows if r["tenant"] == "acme"), {})

    def events(self, *kinds):
        """What stands in the tenant's log, once there are so many; the agent is let go of."""
        until(lambda: not self.wrapper.status() or self.wrapper.status()["counts"]["dropped"] == 0, "all is told")
        self.wrapper.stop()
        agent = self.region.agents["acme"]
        agent.terminate()
        agent.wait()
        shown = self.world.run("log", "show", self.world.path("acme", "log"), "--json").stdout
        found = [json.loads(line)["event"] for line in shown.splitlines()]
        return [(e["type"], e["payload"]) for e in found if e["type"] in kinds]


def with_bench(case):
    def run(world):
        bench = Bench(world)
        try:
            case(bench)
        except Exception:
            if bench.wrapper is not None:
                sys.stderr.write(bench.wrapper.errors())
            raise
        finally:
            if bench.wrapper is not None:
                bench.wrapper.stop()
            bench.region.stop()
    run.__name__, run.__doc__ = case.__name__, case.__doc__
    return run


@with_bench
def staged(b):
    """In force without a restart, a verdict changes, the region knows; a restart keeps it, and tells so."""
    b.start()
    check(b.running() is None, "there is none yet")
    plugin = Plugin(b.wrapper)
    check(plugin.decide("exec", WORK)[0] == "deny", "without a policy nothing runs")
    one = b.publish("1")
    b.activate("test@1")
    plugin.until(lambda: b.running() == one, "the first one")
    check(plugin.decide("exec", WORK)[0] == "allow", "by the first one")
    two = b.publish("2", NO_ECHO)
    b.activate("test@2")
    plugin.until(lambda: b.running() == two, "the second one")
    check(plugin.decide("exec", WORK) == ("deny", "No echo."), "by the second one")
    shown = b.wrapper.status()["policy"]
    check(shown["from"] == "region" and shown["sequence"] == 2, f"{shown}")
    until(lambda: b.row().get("active_digest") == two, f"{b.row()}")
    plugin.close()
    b.wrapper.kill()
    # A file of this server does not go before what the region gave.
    b.start(b.compile("3"))
    check(b.running() == two and b.wrapper.status()["policy"]["sequence"] == 2, f"{b.wrapper.status()}")
    check(b.wrapper.ask("POST", "/v1/policy/reload")[0] == 409, "nor when it is read again")
    check(Plugin(b.wrapper).decide("exec", WORK)[0] == "deny", "as before")
    b.activate("test@1")
    until(lambda: b.running() == one, "gone back")
    found = [(p["cause"], p["digest"], p.get("before"), p["sequence"]) for _, p in b.events("policy.activated")]
    check(found == [("staged", one, None, 1), ("staged", two, one, 2), ("kept", two, None, 2), ("staged", one, two, 1)],
          f"{found}")
    audited(b, {one, two})


def audited(b, digests):
    """An auditor reads the policies that the digests stand for: each printed text compiles to its digest."""
    b.region.hub.terminate()
    b.region.hub.wait(60)
    run, path = b.world.run, b.world.path
    os.makedirs(path("away"))
    run("audit", "tenant", path("hub"), "acme", "--out", path("acme.bundle"))
    with open(path("region.vkey"), "w", encoding="ascii") as file:
        file.write(json.loads(run("log", "stat", path("hub"), "--json").stdout)["vkey"] + "\n")
    run("audit", "verify", path("acme.bundle"), "--trust", path("region.vkey"), "--policies", path("away"))
    check({name.removesuffix(".bundle") for name in os.listdir(path("away"))} == digests, f"{os.listdir(path('away'))}")
    for digest in digests:
        with open(path("printed"), "wb") as file:
            file.write(run("policy", "print", path("away", digest + ".bundle")).stdout)
        said = parsed(run("policy", "compile", path("printed"), "--out", path("again"), "--json"))
        check(said["digest"] == digest, f"{said}")


@with_bench
def refused(b):
    """What is signed and is no policy, or has promises that do not hold, changes nothing; the log says why."""
    b.start()
    one = b.publish("1")
    b.activate("test@1")
    until(lambda: b.running() == one, "a good one")
    bad, digest = b.release.make("bad", b"this is no policy", sequence=2)
    b.world.run("artifact", "add", bad)
    b.activate(digest)
    until(lambda: b.row().get("refused_digest") == digest, f"{b.row()}")
    check(b.running() == one and b.row()["refused_reason"] == "not-compiled", f"{b.row()}")
    check(local(b.world, "acme", "GET", "/v1/artifacts/policy")[1]["staged"]["digest"] == digest, "the agent took it")
    plugin = Plugin(b.wrapper)
    check(plugin.decide("exec", WORK)[0] == "allow", "the last good one decides")
    plugin.close()
    b.wrapper.kill()
    b.wrapper.start()
    check(b.running() == one, "also after a restart")
    three = b.publish("3", NO_ECHO, "--parent", one)
    b.activate("test@3")
    until(lambda: b.running() == three, "the next good one")
    found = b.events("policy.refused", "policy.activated")
    kinds = [t.split(".")[1] + ":" + p.get("reason", p.get("cause")) for t, p in found]
    check(kinds.count("refused:not-compiled") in (1, 2) and [k for k in kinds if k.startswith("act")] ==
          ["activated:staged", "activated:kept", "activated:staged"], f"{kinds}")
    check(found[1][1]["active"] == one and found[1][1]["digest"] == digest, f"{found[1]}")


@with_bench
def believed(b):
    """The wrapper believes the keys that are pinned for it, whatever the agent took; a key that is not
    pinned any more takes its policy with it."""
    other = b.release.make_key("other")
    agent_keys, wrapper_keys = b.release.keys, b.world.path("wrapper-keys")
    b.release.pin({"policy": other}, wrapper_keys)
    b.world.env["HOLDFAST_RELEASE_KEYS"] = wrapper_keys
    b.start(b.compile("7"))
    mine = b.running()
    b.world.env["HOLDFAST_RELEASE_KEYS"] = agent_keys
    one = b.publish("1")
    b.activate("test@1")
    until(lambda: b.row().get("refused_digest") == one, f"{b.row()}")
    check(b.row()["refused_reason"] == "unknown-key" and b.running() == mine, f"{b.row()}")
    b.wrapper.kill()
    b.wrapper.start()
    until(lambda: b.running() == one, "with the right keys it is taken")
    until(lambda: b.row().get("active_digest") == one, f"and told: {b.row()}")
    b.wrapper.kill()
    b.world.env["HOLDFAST_RELEASE_KEYS"] = wrapper_keys
    b.wrapper.start()
    check(b.running() == mine, f"what the region gave is not believed any more: {b.wrapper.status()}")
    found = [(t.split(".")[1], p.get("reason", p.get("cause"))) for t, p in b.events("policy.refused", "policy.activated")]
    check(found[:5] == [("activated", "file"), ("refused", "unknown-key"), ("activated", "kept"), ("activated", "staged"),
                        ("refused", "unknown-key")] and found[5] == ("activated", "file"), f"{found}")


if __name__ == "__main__":
    harness.main([staged, refused, believed])
