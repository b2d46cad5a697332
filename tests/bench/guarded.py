"""tests/bench/guarded.py: a tool call of the real OpenClaw, with the wrapper around it and without.

Two gateways of one version run beside each other, one with the plugin and one without. Each is asked
to run the same tool through its own API, in turns: no model takes part, and the gate is the one that
every call goes through. What a result costs to look through comes on top; this API does not show
results to it. The same gateway is faster or slower by half a millisecond each time that it is
started, so both are started several times, and the middle of the differences counts. What is added
at p10 is what calls take that nobody disturbed, where the machine has other things to do.
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
STARTS = 5  # of both gateways
WARM = 20  # bursts before the clock runs
BURST = 10
CALL = json.dumps({"tool": "agents_list", "args": {}, "sessionKey": "agent:main:bench"})


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
    """A connection for each burst: a gateway ends one that had nothing to say for some seconds."""

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
        """The first call connects and warms the processor's caches; the clock does not see it."""
        self.connection.close()
        before = processor_ms(self.session)
        self.invoke()
        self.took += [took_ms(self.invoke) for _ in range(BURST)]
        self.spent += processor_ms(self.session) - before

    def processor_ms(self):
        """On average."""
        return self.spent / (len(self.took) / BURST * (BURST + 1))


def start(guarded, bare, wrapper):
    for openclaw in (guarded, bare):
        openclaw.stop()
        openclaw.start()
    until(lambda: wrapper.status()["enforcement"] == "enforced", "the canary was stopped")
    return Api(bare), Api(guarded)


def one_start(apis, rounds, order):
    for _ in range(WARM):
        for api in apis:
            api.burst()
    for api in apis:
        api.took, api.spent = [], 0
    for _ in range(rounds):
        for api in order.sample(apis, len(apis)):
            api.burst()


def compare(guarded, bare, wrapper, times, report):
    order, took, spent = random.Random(1), ([], []), ([], [])
    added = {.1: [], .5: []}
    for _ in range(STARTS):
        apis = start(guarded, bare, wrapper)
        one_start(apis, max(1, times // STARTS // BURST), order)
        for number, api in enumerate(apis):
            took[number].extend(api.took)
            spent[number].append(api.processor_ms())
        for share, values in added.items():
            values.append(at(sorted(apis[1].took), share) - at(sorted(apis[0].took), share))
    took = [sorted(values) for values in took]
    report.row(f"a tool call of OpenClaw {VERSION}, unguarded", took[0])
    report.row("the same in a gateway with the wrapper", took[1], took[0])
    for values, which in zip(spent, ("unguarded", "with the wrapper")):
        report.mean(f"  the gateway's own processor time, {which}", len(took[0]), sum(values) / STARTS)
    report.value("  added processor time, the middle of the starts", at(sorted(w - u for u, w in zip(*spent)), .5))
    for share, values in added.items():
        values.sort()
        for which, value in (("least", values[0]), ("middle", at(values, .5)), ("most", values[-1])):
            report.value(f"  added at p{round(share * 100)}, the {which} of the starts", value)


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
        compare(guarded, bare, wrapper, times, report)
    finally:
        for part in (*openclaws, wrapper, provider):
            if part is not None:
                part.close() if part is provider else part.stop()
