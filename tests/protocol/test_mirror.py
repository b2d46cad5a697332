"""A mirror of a region's log, as holdfast region follow keeps it: the same bytes, whatever is killed, and
never another history."""
import json
import os
import random
import shutil
import signal
import subprocess
import time

import harness
from harness import PROGRAM, check
from hub import Hub
from region import LIMIT, caught_up, meter, options, until, up


class Mirror:
    """A folder that follows a Hub, with a token of its own."""

    def __init__(self, world, hub, name="mirror", role="auditor"):
        self.world, self.hub, self.dir, self.process = world, hub, world.path(name), None
        options(world, hub)
        token = hub.json("POST", "/v1/principals", {"principal": name, "role": role, "kind": "program"},
                         201)["token"]
        with open(world.path(name + ".token"), "w", encoding="ascii") as file:
            file.write(token)
        self.trust = world.path(name + ".vkey")
        with open(self.trust, "w", encoding="ascii") as file:
            file.write(hub.json("GET", "/v1/region")["log"] + "\n")
        self.command = ["region", "follow", self.dir, "--hub", hub.url, "--hub-token", world.path(name + ".token"),
                        "--trust", self.trust]

    def once(self, *more, code=0):
        return self.world.run(*self.command, "--once", *more, code=code)

    def start(self):
        with open(self.world.path("mirror.err"), "ab") as errors:
            self.process = subprocess.Popen([PROGRAM, *self.command], env=self.world.env,
                                            stdout=subprocess.DEVNULL, stderr=errors)

    def end(self, hard=False):
        (self.process.kill if hard else self.process.terminate)()
        code = self.process.wait(LIMIT)
        # Told to end before it listens for that, it ends as any program does.
        check(code in ((-signal.SIGKILL,) if hard else (0, -signal.SIGTERM)), f"{code}")

    def stat(self):
        return json.loads(self.world.run("log", "stat", self.dir, "--json").stdout)

    def catch_up(self, hub):
        """Takes all that the region has, and kills it then: it writes a line a minute whatever happens."""
        def done():
            self.once()
            size = self.stat()["size"]
            hub.hub.kill()
            hub.hub.wait()
            if json.loads(self.world.run("log", "stat", self.world.path("hub"), "--json").stdout)["size"] == size:
                return True
            hub.hub.stdout.close()
            hub.start(hub.url.removeprefix("https://"))
            return False
        until(done, "it has caught up")

    def check_equal(self):
        """Byte for byte the region's log, which nobody has open now."""
        run = self.world.run
        run("log", "verify", self.dir, "--vkey", open(self.trust, encoding="ascii").read().strip())
        log = self.world.path("hub")
        check(run("log", "show", log, "--json").stdout == run("log", "show", self.dir, "--json").stdout, "entries")
        for name, folder in (("a", log), ("b", self.dir)):
            run("log", "export", folder, self.world.path(name))
        done = subprocess.run(["diff", "-r", self.world.path("a"), self.world.path("b")], capture_output=True,
                              check=False)
        check(done.returncode == 0, f"{done.stdout[:300]}")
        for name in "ab":
            shutil.rmtree(self.world.path(name))


def with_hub(case):
    def run(world):
        hub = Hub(world)
        try:
            case(world, hub)
        finally:
            hub.stop()
    run.__name__ = case.__name__
    run.__doc__ = case.__doc__
    return run


def send(world, first, count, tenant="acme"):
    for number in range(first, first + count):
        meter(world, tenant, number)


def end_hub(hub):
    hub.hub.terminate()
    check(hub.hub.wait(LIMIT) == 0, "the Hub ends in order")
    hub.hub.stdout.close()


@with_hub
def copies(world, hub):
    """A mirror is read as the region's folder is: verified, shown, audited, projected, exported; it takes
    what is new, and says how far it is."""
    mirror = Mirror(world, hub)
    hub.create("acme")
    hub.run_agent("acme", hub.mint("acme"))
    up(world, "acme")
    send(world, 1, 30)
    caught_up(hub, "acme", 30)
    before = hub.size()
    said = json.loads(mirror.once("--json").stdout)
    check(said["size"] == said["taken"] >= before, f"{said}")
    check(not os.path.exists(os.path.join(mirror.dir, "key")), "it has no key")
    send(world, 31, 5)
    caught_up(hub, "acme", 35)
    before = hub.size()
    status = json.loads(world.run("region", "status", mirror.dir, "--json").stdout)
    check(hub.size() - said["size"] >= status["mirror"]["behind"] >= before - said["size"] > 0, f"{status}")
    hub.agents.pop("acme").kill()
    before = hub.size()
    again = json.loads(mirror.once("--json", "--witness", "other/witness").stdout)
    mirror.once("--witness", "somebody/else", code=2)
    check(again["size"] - again["taken"] == said["size"] and again["size"] >= before, f"{again}")
    until(lambda: mirror.once() and "0 behind" in world.run("region", "status", mirror.dir).stdout.decode(), "it is there")
    end_hub(hub)
    with open(os.path.join(mirror.dir, "witness.note"), encoding="utf-8") as file:
        note = file.read()
    check(note.count("\n\u2014 ") == 2 and "\n\u2014 other/witness " in note, note)
    world.run("log", "verify", world.path("hub"), "--against", os.path.join(mirror.dir, "witness.note"))
    world.run("audit", "tenant", mirror.dir, "acme", "--out", world.path("bundle"))
    shown = world.run("audit", "verify", world.path("bundle"), "--trust", mirror.trust, "--show", "--json").stdout
    check(shown.count(b"metering.recorded") == 35, f"{shown.count(b'metering.recorded')}")
    world.run("projections", "rebuild", mirror.dir, "--db", world.path("m.db"))
    world.run("projections", "verify", mirror.dir, "--db", world.path("m.db"))
    until(lambda: mirror.once(code=None).returncode == 3, "without a Hub it is an error")
    world.run("log", "checkpoint", mirror.dir)
    # What the Hub's end wrote is not in the mirror; without it they are the same.
    hub.start(hub.url.removeprefix("https://"))
    mirror.catch_up(hub)
    mirror.check_equal()


@with_hub
def killed(world, hub):
    """Killed at any moment while events come, the mirror goes on where it was, and nothing is missing or
    twice; so when the Hub is killed."""
    mirror = Mirror(world, hub)
    chance = random.Random(4)
    hub.create("acme")
    hub.run_agent("acme", hub.mint("acme"))
    up(world, "acme")
    for turn in range(14):
        mirror.start()
        send(world, turn * 8 + 1, 8)
        time.sleep(chance.random() * 0.3)  # killed at ever other moments
        if turn % 5 == 4:
            hub.kill()
        mirror.end(hard=turn % 4 != 3)
    caught_up(hub, "acme", 14 * 8)
    hub.agents.pop("acme").kill()
    mirror.start()
    size = hub.size()
    until(lambda: mirror.stat()["size"] >= size, "it follows")
    mirror.end()
    mirror.catch_up(hub)
    mirror.check_equal()


@with_hub
def other_history(world, hub):
    """A log that was put back, one that was rewritten and another one: exit code 1, what proves it is kept,
    and the mirror stays as it was."""
    mirror = Mirror(world, hub)
    hub.create("one")
    end_hub(hub)
    address = hub.url.removeprefix("https://")
    shutil.copytree(world.path("hub"), world.path("older"))
    hub.start(address)
    for number in range(20):
        hub.create(f"two-{number}")
    mirror.once()
    before = mirror.stat()

    def refused(text, *notes):
        said = mirror.once(code=1).stderr.decode()
        check(text in said, said)
        for name in ("fork-known.note", "fork-shown.note"):
            path = os.path.join(mirror.dir, name)
            check(os.path.exists(path) == (name in notes), f"{name} {notes}")
            if name in notes:
                with open(path, encoding="utf-8") as file:
                    check(file.read().startswith("holdfast/dev\n"), name)
                os.remove(path)
        now = mirror.stat()
        check(all(now[key] == before[key] for key in ("size", "root")), f"{before} {now}")
    end_hub(hub)
    shutil.rmtree(world.path("hub"))
    shutil.copytree(world.path("older"), world.path("hub"))
    hub.start(address)
    refused("put back", "fork-known.note")
    world.run("region", "status", mirror.dir, code=1)
    for number in range(40):
        hub.create(f"other-{number}")
    refused("rewritten", "fork-known.note", "fork-shown.note")
    end_hub(hub)
    shutil.rmtree(world.path("hub"))
    hub.start(address)
    with open(world.path("hub", "admin.token"), encoding="ascii") as file:
        hub.admin = file.read()
    options(world, hub)
    mirror.command[mirror.command.index("--hub-token") + 1] = world.path("admin.secret")
    refused("another key")


@with_hub
def refuses(world, hub):
    """Another Hub's pin, tokens that may not, folders that are something else, and two followers of one
    folder: told, and nothing is made or changed."""
    mirror = Mirror(world, hub)
    mirror.once()
    said = mirror.once("--hub-pin", "00" * 32, code=3).stderr.decode()
    check("127.0.0.1" in said, said)
    weak = Mirror(world, hub, "weak", "viewer")
    said = weak.once(code=3).stderr.decode()
    check("403" in said, said)
    world.new_log("own", kind="events", origin="holdfast/dev")
    mirror.dir, mirror.command[2] = world.path("own"), world.path("own")
    said = mirror.once(code=3).stderr.decode()
    check("no mirror" in said, said)
    with open(world.path("else"), "w", encoding="ascii") as file:
        file.write(json.loads(world.run("log", "stat", world.path("own"), "--json").stdout)["vkey"])
    mirror.dir, mirror.command[2] = world.path("mirror"), world.path("mirror")
    said = world.run(*mirror.command[:-1], world.path("else"), "--once", code=3).stderr.decode()
    check("another key" in said, said)
    mirror.start()
    until(lambda: mirror.stat()["owner"], "the first one has it")
    said = mirror.once(code=3).stderr.decode()
    check("region follow" in said, said)
    mirror.end()


@with_hub
def restored(world, hub):
    """A region that lost its folder goes on from a mirror and its key files; it is no mirror any more, and
    what is written then, another mirror follows."""
    mirror, other = Mirror(world, hub), Mirror(world, hub, "other")
    hub.create("acme")
    hub.run_agent("acme", hub.mint("acme"))
    up(world, "acme")
    send(world, 1, 10)
    caught_up(hub, "acme", 10)
    other.once()
    mirror.once()  # the one that has more: the region signed nothing behind it
    hub.hub.kill()
    hub.hub.wait()
    hub.hub.stdout.close()
    os.rename(world.path("hub"), world.path("lost"))
    shutil.copytree(mirror.dir, world.path("hub"))
    for name in ("key", "cosigner.key", "api.key", "tls.key", "tls.pem"):
        shutil.copy(world.path("lost", name), world.path("hub", name))
    hub.start(hub.url.removeprefix("https://"))
    send(world, 11, 10)
    caught_up(hub, "acme", 20)
    other.once()
    mirror.dir = mirror.command[2] = world.path("hub")
    hub.agents.pop("acme").kill()
    end_hub(hub)
    check("no mirror" in mirror.once(code=3).stderr.decode(), "it is the region's own")
    world.run("log", "verify", world.path("hub"))
    hub.start(hub.url.removeprefix("https://"))


harness.main([copies, killed, other_history, refuses, restored])
