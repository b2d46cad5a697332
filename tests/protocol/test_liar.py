"""A Hub that lies about artifacts: the agent notices, says why, and keeps what it had."""
import hashlib
import json
import os
import struct

import harness
from harness import check
from liar import LoneAgent, Signer, manifest, package
from region import local, until


class Case(LoneAgent):
    """An agent at a liar, and release keys that the test holds."""

    def __init__(self, world):
        self.policy, self.wrapper = Signer("r.example/policy"), Signer("r.example/wrapper")
        self.stranger = Signer("r.example/stranger")
        world.env["HOLDFAST_RELEASE_KEYS"] = world.path("release-keys")
        with open(world.path("release-keys"), "w", encoding="ascii") as file:
            file.write(f"policy {self.policy.vkey}\nwrapper {self.wrapper.vkey}\n")
        super().__init__(world, "--artifact-jitter", "0")

    def offered(self):
        answer = local(self.world, "acme", "GET", "/v1/artifacts/policy")
        check(answer is not None and answer[0] == 200, f"{answer}")
        return answer[1]

    def staged(self):
        return self.offered().get("staged", {}).get("digest")

    def events(self, kind):
        """Out of the agent's own log, by the number of the directive."""
        shown = self.world.run("log", "show", self.world.path("acme", "log"), "--json").stdout
        found = [json.loads(line)["event"] for line in shown.splitlines()]
        return {e["payload"]["directive"]: e["payload"] for e in found if e["type"] == kind}

    def good(self, content, **members):
        digest = hashlib.sha256(content).hexdigest()
        note = self.policy.note(manifest(content, **members))
        number = self.liar.tell(package(note, content), digest)
        until(lambda: self.staged() == digest and
              self.offered()["staged"]["directive"] == number, f"{content} is staged")
        return digest

    def refused(self, reason, content, digest=None):
        """Told to run this package: refused with the reason; the one before stays."""
        before = self.offered()
        number = self.liar.tell(content, digest or hashlib.sha256(content).hexdigest())
        until(lambda: number in self.events("artifact.refused"), f"{reason}: it is refused")
        event = self.events("artifact.refused")[number]
        check(event["reason"] == reason, f"{reason}: {event}")
        check(self.offered() == before, f"{reason}: {self.offered()}")


def with_liar(case):
    def run(world):
        at = Case(world)
        try:
            case(at)
        finally:
            at.close()
    run.__name__ = case.__name__
    run.__doc__ = case.__doc__
    return run


@with_liar
def lies(at):
    """Everything that can be wrong with what a Hub hands out, one after the other."""
    one = at.good(b"the first one", sequence=5, floor=3)
    data = b"the second one"
    digest = hashlib.sha256(data).hexdigest()

    def note(signer=None, content=data, **members):
        return (signer or at.policy).note(manifest(content, **{"sequence": 6, **members}))

    right = package(note(), data)
    check(right[:4] == b"HFA1", "a package")
    for at_byte in (-1, len(right) - len(data)):
        changed = bytearray(right)
        changed[at_byte] ^= 1
        at.refused("hash", bytes(changed), digest)
    for reason, content in (
            ("length", right[:-1]), ("length", right + b"x"), ("empty", right[:-len(data)]),
            ("malformed", b""), ("malformed", b"<html>"), ("malformed", right[:20]),
            ("malformed", b"HFA1" + struct.pack(">I", 0xFFFFFFFF) + data),
            ("unsigned", package(manifest(data, sequence=6), data)),
            ("unsigned", package(manifest(data, sequence=6) + b"\n", data)),
            ("unknown-key", package(note(at.stranger), data)),
            ("wrong-channel", package(note(at.wrapper), data)),
            ("bad-signature", package(note().replace(b"floor 0", b"floor 1"), data)),
            ("wrong-slot", package(note(at.wrapper, slot="plugin", channel="wrapper"), data)),
            ("malformed", package(note(slot="plugin"), data)),
            ("wrong-region", package(note(region="prod-eu"), data)),
            ("wrong-platform", package(note(platform="linux-vax"), data)),
            ("below-floor", package(note(sequence=2), data)),
            ("sequence", package(note(sequence=5), data)),
            ("expired", package(note(days=-1), data)),
            ("empty", package(note(content=b""), b"")),
            ("hash", package(note(content=b"another"), b"another")),
            ("length", right + bytes(5 << 20))):
        at.refused(reason, content, digest)
        if reason == "below-floor":
            at.kill()
            at.start()
            check(at.staged() == one, "after a kill")
    check(sorted(os.listdir(at.world.path("acme", "artifacts"))) == sorted([one, "policy"]), "files")
    check(at.good(data, sequence=6) == digest, "the right one is taken after all of that")


@with_liar
def goes_back(at):
    """Down to the floor, and not below it, also when the agent was restarted in between; a floor that
    was seen is not forgotten when an artifact without one comes."""
    one, two = b"one", b"two"
    at.good(one, sequence=1)
    at.good(two, sequence=2)
    at.good(one, sequence=1)
    at.good(two, sequence=3, floor=2)
    at.good(b"three", sequence=4)
    at.kill()
    at.start()
    at.refused("below-floor", package(at.policy.note(manifest(one, sequence=1)), one),
               hashlib.sha256(one).hexdigest())
    at.good(two, sequence=2)


@with_liar
def damaged_at_home(at):
    """A package that was changed on the agent's disk is not offered; told anew, it is whole again."""
    one = at.good(b"one", sequence=1)
    path = at.world.path("acme", "artifacts", one)
    with open(path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"X")
    answer = local(at.world, "acme", "GET", "/v1/artifacts/policy")
    check(answer[0] == 503, f"{answer}")
    note = at.policy.note(manifest(b"one", sequence=1))
    at.liar.tell(package(note, b"one"), one)
    until(lambda: local(at.world, "acme", "GET", "/v1/artifacts/policy")[0] == 200, "whole again")


@with_liar
def withheld(at):
    """A Hub that does not give what its directive names is asked again, and the agent goes on."""
    digest = hashlib.sha256(b"late").hexdigest()
    at.liar.tell(None, digest)
    until(lambda: any(e for e in at.world.run(
        "log", "show", at.world.path("acme", "log"), "--json").stdout.splitlines()
        if b"directive.applied" in e), "it is remembered")
    at.kill()
    at.start()
    check(at.staged() is None, "nothing yet")
    at.liar.packages[digest] = package(at.policy.note(manifest(b"late")), b"late")
    until(lambda: at.staged() == digest, "it came after all")


@with_liar
def too_few(at):
    """A channel that needs two of its three keys: a Hub that has one of them, or one twice, gets nothing
    activated; two others do."""
    one = at.good(b"while one was enough")
    second, third = Signer("r.example/policy-2"), Signer("r.example/policy-3")
    with open(at.world.path("release-keys"), "a", encoding="ascii") as file:
        file.write(f"policy {second.vkey}\nthreshold policy 2\npolicy {third.vkey}\n")
    at.kill()
    at.start()
    data = b"needs two"
    text = manifest(data, sequence=2)
    signed = [signer.note(text)[len(text) + 1:] for signer in (at.policy, second, third, at.wrapper, at.stranger)]
    for which in ((0,), (2,), (0, 0), (1, 3), (1, 4)):
        note = text + b"\n" + b"".join(signed[i] for i in which)
        at.refused("too-few-signatures", package(note, data))
    forged = second.note(manifest(data, sequence=3))[len(text) + 1:]
    at.refused("bad-signature", package(text + b"\n" + signed[0] + forged, data))
    check(at.offered()["staged"]["digest"] == one, "nothing was taken")
    number = at.liar.tell(package(text + b"\n" + signed[2] + signed[1], data), hashlib.sha256(data).hexdigest())
    until(lambda: at.offered()["staged"]["directive"] == number, "two are enough")


harness.main([too_few, lies, goes_back, damaged_at_home, withheld])
