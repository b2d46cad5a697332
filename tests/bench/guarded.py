"""tests/bench/guarded.py: a tool call of the real OpenClaw, with the wrapper around it and without.

Two gateways of one version run beside each other, one with the plugin and one without. Each is asked
to run the same tool through its own API: no model takes part, and the gate is the one that every call
goes through. What a result costs to look through comes on top; this API does not show results to it.
"""
import http.client
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "openclaw"))
from figures import at, processor_ms, took_ms  # noqa: E402
from harness import check  # noqa: E402
from openclaw import OpenClaw  # noqa: E402
from plugin import Wrapper  # noqa: E402
from provider import Provider  # noqa: E402
from region import LIMIT, until, up  # noqa: E402

VERSION = os.environ.get("OPENCLAW_VERSION", "2026.9.6")
TENANT = "t-oc"
BURST = 5
CALL = json.dumps({"tool": "session_status", "args": {}, "sessionKey": "agent:main:bench"})


def gateway(world, name, provider, socket):
    folder = world.path(name)
    os.makedirs(folder)
    return OpenClaw(folder, VERSION, provider.port, socket)


def without_plugin(openclaw):
    """Everything else stays, the machinery of plugins too."""
    path = openclaw.path("etc", "openclaw.json")
    with open(path, encoding="ascii") as file:
        config = json.load(file)
    config["plugins"].update(load={"paths": []}, entries={}, allow=["none"])
    with open(path, "w", encoding="ascii") as file:
        json.dump(config, file)


class Api:
    """A connection that stays."""

    def __init__(self, openclaw):
        self.connection = http.client.HTTPConnection("127.0.0.1", openclaw.port, timeout=LIMIT)
        self.fields = {"Authorization": "Bearer " + openclaw.token, "Content-Type": "application/json"}
        self.took, self.session, self.spent = [], openclaw.process.pid, 0

    def invoke(self):
        self.connection.request("POST", "/tools/invoke", CALL, self.fields)
        answer = self.connection.getresponse()
        text = answer.read()
        check(answer.status == 200, f"/tools/invoke: {answer.status} {text[:300]}")

    def burst(self):
        before = processor_ms(self.session)
        self.took += [took_ms(self.invoke) for _ in range(BURST)]
        self.spent += processor_ms(self.session) - before


def compare(guarded, bare, times, report):
    apis, order = [Api(bare), Api(guarded)], random.Random(1)
    for api in apis:
        for _ in range(4):
            api.burst()
        api.took, api.spent = [], 0
    for _ in range(max(1, times // BURST)):
        for api in order.sample(apis, len(apis)):
            api.burst()
    took = [sorted(api.took) for api in apis]
    report.row(f"a tool call of OpenClaw {VERSION}, unguarded", took[0])
    report.row("the same in a gateway with the wrapper", took[1], took[0])
    for api, which in zip(apis, ("unguarded", "with the wrapper")):
        report.mean(f"  the gateway's own processor time, {which}", len(api.took), api.spent / len(api.took))
    report.value("  added at p50", at(took[1], .5) - at(took[0], .5))


def measure(world, region, bundle, settings, times, report):
    """`settings` are the agent's."""
    os.chmod(world.dir, 0o755)
    provider, wrapper, openclaws = Provider(), None, []
    try:
        for name, socket in (("guarded", world.path(TENANT + "-wrapper", "plugin.sock")), ("unguarded", "/nowhere")):
            openclaws.append(gateway(world, name, provider, socket))
        guarded, bare = openclaws
        without_plugin(bare)
        region.create(TENANT)
        region.run_agent(TENANT, region.mint(TENANT), **settings)
        up(world, TENANT)
        wrapper = Wrapper(world, TENANT, bundle, "--gateway-uids", str(guarded.uid), "--home", guarded.path("home"),
                          "--openclaw-config", guarded.path("etc"), "--openclaw-state", guarded.path("state"),
                          "--openclaw-plugin", guarded.path("plugin"))
        wrapper.start()
        os.chmod(wrapper.dir, 0o755)
        guarded.start()
        until(lambda: wrapper.status()["lease"]["proved"] > 0, "the canary was stopped")
        bare.start()
        compare(guarded, bare, times, report)
    finally:
        for part in (*openclaws, wrapper, provider):
            if part is not None:
                part.close() if part is provider else part.stop()
