"""Tenants under load while everything is killed, or while their links are bad: it converges.

HF_TEST_SEED chooses what happens when; without it each case draws a seed, and prints it.
"""
import json
import os
import random
import secrets
import subprocess
import threading
import time

import harness
from harness import check
from proxy import MODES, Proxy
from region import HUB, LIMIT, NOW, caught_up, in_region, local, settled, up

TENANTS = ("t0", "t1", "t2", "t3")
KILLS = 40


def seeded(case):
    """Calls case(world, region, rng) and prints the seed."""
    @in_region
    def run(world, region):
        seed = int(os.environ.get("HF_TEST_SEED", secrets.randbelow(1 << 32)))
        print(f"# {case.__name__}: HF_TEST_SEED={seed}", flush=True)
        case(world, region, random.Random(seed))
    run.__name__ = case.__name__
    run.__doc__ = case.__doc__
    return run


class Writer(threading.Thread):
    """Appends numbered events to one agent, each until it is acknowledged; notes where it is."""

    def __init__(self, world, tenant):
        super().__init__(daemon=True)
        self.world, self.tenant = world, tenant
        self.acked, self.again, self.failure, self.ending = 0, 0, None, threading.Event()

    def run(self):
        try:
            while not self.ending.is_set():
                self.one(self.acked + 1)
                self.acked += 1
        except Exception as error:  # shown by finish
            self.failure = error

    def one(self, sequence):
        deadline = time.monotonic() + LIMIT
        event = {"type": "metering.recorded", "producer": "chaos", "sequence": sequence,
                 "occurred": NOW,
                 "payload": {"tenant": self.tenant, "provider": "p", "model": "m",
                             "request": f"r{sequence}", "input_tokens": sequence,
                             "output_tokens": 1, "cached_tokens": 0, "source": "wrapper", "cost": 5, "currency": "EUR",
                             "latency": 1}}
        while True:
            try:
                answer = local(self.world, self.tenant, "POST", "/v1/events", event)
            except ValueError:  # an answer that was cut
                answer = None
            if answer is not None and answer[0] == 200:
                break
            check(answer is None or answer[0] == 503, f"{self.tenant} {sequence}: {answer}")
            check(time.monotonic() < deadline, f"{self.tenant} {sequence} is never acknowledged")
            self.again += 1
            time.sleep(0.01)
        check(answer[1]["index"] == sequence - 1, f"{self.tenant} {sequence}: {answer}")

    def finish(self):
        self.ending.set()
        self.join(2 * LIMIT)
        check(not self.is_alive(), f"the writer of {self.tenant} does not end")
        if self.failure is not None:
            raise self.failure


def begin(world, region, hub=None):
    for tenant in TENANTS:
        region.create(tenant)
        region.run_agent(tenant, region.mint(tenant), hub=hub)
    for tenant in TENANTS:
        up(world, tenant)
    writers = [Writer(world, tenant) for tenant in TENANTS]
    for writer in writers:
        writer.start()
    return writers


def shown(world, *args):
    return [json.loads(line) for line in world.run(*args, "--json").stdout.splitlines()]


def audited(world, writer, trust):
    """The tenant's log holds what was acknowledged, once and in order; the Hub's copy is that log."""
    tenant, bundle = writer.tenant, world.path(writer.tenant + ".bundle")
    world.run("log", "verify", world.path(tenant, "log"))
    mine = [entry["event"] for entry in shown(world, "log", "show", world.path(tenant, "log"))]
    check([(event["producer"], int(event["sequence"])) for event in mine] ==
          [("chaos", n + 1) for n in range(writer.acked)], f"{tenant}'s log")
    theirs = shown(world, "audit", "tenant", world.path("hub"), tenant, "--out", bundle)
    theirs = [entry for entry in theirs if "tenant_index" in entry]
    check([entry["tenant_index"] for entry in theirs] == list(range(writer.acked)),
          f"{tenant}'s bundle")
    check([entry["event"] for entry in theirs] == mine, f"{tenant}'s copy is not its log")
    done = world.run("audit", "verify", bundle, "--trust", trust)
    check(f"{writer.acked} of the tenant".encode() in done.stdout, done.stdout)


def converged(world, region, writers):
    """After the last fault: nothing is missing, nothing is there twice, everything verifies."""
    for writer in writers:
        writer.finish()
    for writer in writers:
        caught_up(region, writer.tenant, writer.acked)
    settled(region)
    for writer in writers:
        row = region.json("GET", f"/v1/models/usage?key={writer.tenant}")["rows"]
        check([(int(r["requests"]), int(r["input_tokens"])) for r in row] ==
              [(writer.acked, writer.acked * (writer.acked + 1) // 2)],
              f"{writer.tenant}, {writer.acked} events: {row}")
    trust = world.path("trust")
    with open(trust, "w", encoding="ascii") as file:
        file.write(region.json("GET", "/v1/region")["log"] + "\n")
    for process in [*region.agents.values(), region.hub]:
        process.terminate()
        check(process.wait(LIMIT) == 0, "a program ends well")
    world.run("log", "verify", world.path("hub"))
    world.run("projections", "verify", world.path("hub"), "--db", world.path("hub", "models.db"))
    for writer in writers:
        audited(world, writer, trust)
    print("# " + ", ".join(f"{w.tenant}: {w.acked} events, {w.again} sent again" for w in writers))


def kill(region, name):
    """kill -9 of the Hub or of a tenant's agent, which is running: it does not end by itself."""
    process = region.hub if name == "hub" else region.agents[name]
    check(process.poll() is None, f"{name} ended by itself: {process.returncode}")
    process.kill()
    process.wait()
    if name == "hub":
        process.stdout.close()


def stillborn(world, listen, rng):
    """A Hub that is killed while it starts."""
    with open(world.path("hub.err"), "ab") as errors:
        process = subprocess.Popen([HUB, "run", "--data", world.path("hub"), "--listen", listen],
                                   env=world.env, stdout=subprocess.DEVNULL, stderr=errors)
    time.sleep(rng.uniform(0, 0.1))
    process.kill()
    process.wait()


@seeded
def killed(world, region, rng):
    """kill -9 of the Hub and of agents at random moments, alone and together, also while they
    start, under the load of four tenants."""
    writers, killings = begin(world, region), 0
    listen = region.url.removeprefix("https://")
    while killings < KILLS:
        time.sleep(rng.uniform(0, 0.8))
        victims = rng.sample(("hub", *TENANTS), rng.choice((1, 1, 1, 2, 5)))
        for name in victims:
            kill(region, name)
        killings += len(victims)
        for name in victims:
            if name != "hub":
                region.run_agent(name)
                continue
            if rng.randrange(3) == 0:
                stillborn(world, listen, rng)
                killings += 1
            region.start(listen)
    converged(world, region, writers)


@seeded
def bad_links(world, region, rng):
    """Connections are cut, torn, held up and altered on their way between agents and the Hub; the
    Hub is killed once in between."""
    proxy = Proxy(region.url.removeprefix("https://"), random.Random(rng.random()))
    try:
        writers = begin(world, region, proxy.url)
        for number in range(25):
            proxy.set("fair" if number % 5 == 4 else rng.choice(MODES))
            time.sleep(rng.uniform(0.2, 1))
            if number == 12:
                kill(region, "hub")
                region.start(region.url.removeprefix("https://"))
        proxy.set("fair")
        converged(world, region, writers)
        print(f"# the link: {proxy.done}")
        check(proxy.done["cut"] + proxy.done["torn"] > 0, "no connection was ended")
    finally:
        proxy.close()


if __name__ == "__main__":
    harness.main([killed, bad_links])
