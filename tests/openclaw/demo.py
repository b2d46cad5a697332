"""tests/openclaw/demo.py: `tools/demo openclaw`: a tenant's agent does its work, and a person stays in charge.

A region, a tenant's agent, the safety wrapper and the real OpenClaw, each a program of its own; only the model is
ours: it says what its script tells it. Every step says what was tried and what came of it, and is checked.
"""
import json
import os
import sys
import threading
import time

os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "protocol"))

from artifacts import Release  # noqa: E402
from harness import Failed, Skipped, World, check  # noqa: E402
from openclaw import OpenClaw  # noqa: E402
from plugin import Wrapper  # noqa: E402
from provider import Provider  # noqa: E402
from region import LIMIT, Region, local, options, until, up  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEFAULT = os.path.join(ROOT, "packaging", "policy", "default.policy")
SECRET = "correct-horse-battery-staple-42"
EXPIRES_S = 20
# What the second policy adds: a verdict changes while everything runs.
STRICTER = """
rule no-invoices
  forbid
  tools write
  when any write path in **/invoice*
  reason "Invoices are written by people."
  asi ASI02
  risk high
"""


def step(text):
    print(f"\n== {text}", flush=True)


def say(text):
    print(f"   {text}", flush=True)


class Demo:
    def __init__(self, world, version):
        self.world, self.provider, self.number = world, Provider(), 0
        self.region = self.wrapper = self.openclaw = None
        self.first = None  # the first request, by its name
        self.erased = []   # subjects
        os.chmod(world.dir, 0o755)
        os.makedirs(world.path("oc"))
        step(f"OpenClaw {version} and its Node from the npm registry (kept in a cache folder)")
        self.openclaw = OpenClaw(world.path("oc"), version, self.provider.port,
                                 world.path("acme-wrapper", "plugin.sock"))
        say(f"in {self.openclaw.modules}")

    def start(self):
        world = self.world
        step("A region with one tenant, acme, and its agent")
        self.release = Release(world)
        world.env["HOLDFAST_RELEASE_KEYS"] = self.release.keys
        self.region = Region(world)
        options(world, self.region)
        self.region.create("acme")
        self.region.run_agent("acme", self.region.mint("acme"), vault_uids=str(os.getuid()),
                              wrapper_socket=world.path("acme-wrapper", "control.sock"),
                              openclaw_port=str(self.openclaw.port))
        up(world, "acme")
        status, text = local(world, "acme", "PUT", "/v1/vault/secrets/door?kind=credential", SECRET.encode())
        check(status == 201, f"{text}")
        say(f"Hub {self.region.url}; a secret named door is in the tenant's vault")
        step("The safety wrapper; the default policy is published, signed, and told to the tenant")
        self.wrapper = Wrapper(world, "acme", None, "--gateway-uids", str(self.openclaw.uid),
                               "--home", self.openclaw.path("home"), "--openclaw-config", self.openclaw.path("etc"),
                               "--openclaw-state", self.openclaw.path("state"),
                               "--openclaw-plugin", self.openclaw.path("plugin"), "--grace", "60").start()
        os.chmod(self.wrapper.dir, 0o755)
        digest = self.publish("1", "")
        say(f"policy default@1, {digest[:16]}…, is in force")
        step("The gateway starts under another user, which can write neither its configuration nor the plugin")
        self.openclaw.start()
        until(lambda: self.wrapper.status()["enforcement"] == "enforced", "the canary call is stopped")
        say("a canary call was stopped by the gate: enforcement is real, and the heartbeat says so")

    def publish(self, version, more):
        with open(DEFAULT, encoding="utf-8") as file:
            text = file.read()
        lines = []
        for line in text.splitlines():
            line = f"policy default version {version}" if line.startswith("policy default version") else line
            lines.append(f"wait {EXPIRES_S} seconds" if line.startswith("wait ") else line)
        path = self.world.path(f"policy-{version}")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n" + more)
        done = json.loads(self.world.run("policy", "publish", path, "--key", self.world.path("policy.key"),
                                         "--region", "dev", "--json").stdout)
        self.world.run("policy", "activate", f"default@{version}", "--tenant", "acme", "--reason", "for the demonstration")
        until(lambda: (self.wrapper.status()["policy"] or {}).get("digest") == done["digest"], "the policy is in force")
        return done["digest"]

    def stop(self):
        for part in (self.openclaw, self.wrapper, self.region):
            if part is not None:
                part.stop()
        self.provider.close()

    def work(self, name):
        return self.openclaw.path("work", name)

    def put(self, name, text="x"):
        with open(self.work(name), "w", encoding="ascii") as file:
            file.write(text)
        os.chown(self.work(name), self.openclaw.uid, self.openclaw.uid)

    def turn(self, tool, params):
        """A turn in which the model makes one call; what the tool answered."""
        self.number += 1
        say(f"the model calls {tool} {json.dumps(params)}")
        self.openclaw.turn([tool, params], session=f"demo-{self.number}")
        got = self.provider.results()
        say(f"it reads: {got[0].strip()[:160]!r}")
        return got[0]

    def asked(self, name, decide):
        """A call that waits for a person while somebody decides; what the tool answered."""
        self.put(name)
        box = []
        thread = threading.Thread(target=lambda: box.append(self.turn("exec", {"command": f"rm {name}*"})), daemon=True)
        thread.start()

        def pending():
            return [a["approval"] for a in json.loads(self.world.run("approvals", "list", "--json").stdout)["approvals"]
                    if a["state"] == "pending"]
        until(pending, "it waits for a person")
        self.first = self.first or pending()[0]
        check(os.path.exists(self.work(name)), "nothing ran")
        say("it waits; nothing has run")
        decide(pending()[0])
        thread.join(LIMIT * 2)
        check(box, "the turn ends")
        return box[0]

    def cli(self, *args):
        say("$ holdfast " + " ".join(args))
        out = self.world.run(*args).stdout.decode().rstrip()
        for line in out.splitlines()[:12]:
            say("  " + line)

    def story(self):
        step("1. An allowed call runs")
        check("hello" in self.turn("exec", {"command": "echo hello"}), "it ran")

        step("2. A forbidden call does not run, and the model reads why")
        check("Holdfast:" in self.turn("exec", {"command": "openclaw agent exec --json 'no gate here'"}), "forbidden")
        check("Holdfast:" in self.turn("read", {"path": "/etc/shadow"}), "forbidden")

        step("3. Something is to be deleted: a person is asked, and approves on the command line")
        self.asked("old-report", lambda name: (self.cli("approvals", "show", "acme", name),
                                               self.cli("approvals", "approve", "acme", name)))
        check(not os.path.exists(self.work("old-report")), "it was deleted")
        say("now it is deleted")

        step("4. The same, and the person says no")
        got = self.asked("this-year", lambda name: self.cli("approvals", "deny", "acme", name, "--reason", "not this one"))
        check(os.path.exists(self.work("this-year")) and "Holdfast" in got, got)
        say("it is still there")

        step(f"5. The same, and nobody answers for {EXPIRES_S} seconds")
        got = self.asked("nobody-looks", lambda name: say("(everybody is at lunch)"))
        check(os.path.exists(self.work("nobody-looks")) and "Holdfast" in got, got)
        say("silence is a no: it is still there")

        step("6. A tool's result has a secret in it that the model never sees")
        self.put("door", f"the door opens with {SECRET} today\n")
        got = self.turn("exec", {"command": "cat door"})
        check("HFX_" in got and SECRET not in got and not self.provider.shown(SECRET), got)
        say("nothing that was ever sent to the model has the secret in it")

        step("7. The wrapper is killed in the middle of a call")
        got = self.asked("kept", lambda name: self.wrapper.kill())
        check(os.path.exists(self.work("kept")), f"it ran: {got}")
        self.turn("exec", {"command": "touch unguarded"})
        check(not os.path.exists(self.work("unguarded")), "nothing runs without it")
        say("nothing ran, and nothing runs")
        self.wrapper.start()
        until(lambda: self.wrapper.status()["enforcement"] == "enforced", "it is back")
        say("it is back, with the policy that it had")

        step("8. A policy is published that changes a verdict; nothing is restarted")
        self.turn("write", {"path": "invoice-7.txt", "content": "100 EUR"})
        check(os.path.exists(self.work("invoice-7.txt")), "written")
        began = time.monotonic()
        self.publish("2", STRICTER)
        say(f"default@2 is in force {time.monotonic() - began:.1f} s after it was told")
        check("Holdfast:" in self.turn("write", {"path": "invoice-8.txt", "content": "100 EUR"}), "forbidden now")
        self.cli("policy", "show", "--running")

        step("9. Who asked wants to be forgotten: what the requests say about them is sealed, and its key is erased")
        self.cli("subject", "list", "acme")
        for subject in json.loads(self.world.run("subject", "list", "acme", "--json").stdout)["subjects"]:
            os.makedirs(self.world.path("away"), exist_ok=True)
            self.cli("erase", "acme", subject["subject"], "--reason", "the demonstration is over",
                     "--out", self.certificate(subject["subject"]))
            self.erased.append(subject["subject"])
        check(self.erased, "the requests were about somebody")
        shown = self.world.run("approvals", "show", "acme", self.first).stdout.decode()
        check("old-report" not in shown, shown)
        say("nobody reads any more what was asked in step 3")

    def certificate(self, subject):
        return os.path.join(self.world.path("away"), subject + ".hfe")

    def audit(self):
        step("10. The audit: what was decided, by whom, under which policy; on another machine it needs no trust in us")
        size = local(self.world, "acme", "GET", "/v1/status")[1]["events"]
        until(lambda: self.region.json("GET", "/v1/tenants/acme")["receipt"] >= size, "the region has all of it")
        for part in (self.openclaw, self.wrapper):
            part.stop()
        self.region.stop()
        hub, away = self.world.path("hub"), self.world.path("away")
        self.world.run("audit", "tenant", hub, "acme", "--out", os.path.join(away, "acme.bundle"))
        stat = json.loads(self.world.run("log", "stat", hub, "--json").stdout)
        with open(os.path.join(away, "region.vkey"), "w", encoding="ascii") as file:
            file.write(stat["vkey"] + "\n")
        done = self.world.run("audit", "verify", os.path.join(away, "acme.bundle"), "--trust",
                              os.path.join(away, "region.vkey"), "--show").stdout.decode()
        kinds = ("call.decided", "approval.decided", "approval.enforced", "policy.activated", "enforcement.changed")
        for line in done.splitlines():
            if any(kind in line for kind in kinds):
                say(line[:150])
        say(done.splitlines()[-1])
        check("call.decided" in done, done[-400:])
        done = self.world.run("audit", "verify", os.path.join(away, "acme.bundle"), "--trust",
                              os.path.join(away, "region.vkey"), "--approvals", "--policies", away).stdout.decode()
        for line in done.splitlines()[:10]:
            say(line[:150])
        check("approved by admin" in done and "denied by" in done, done[-1200:])
        digests = {line.split("policy default ")[1][:64] for line in done.splitlines() if "policy default " in line}
        check(digests and all(os.path.exists(os.path.join(away, d + ".bundle")) for d in digests), f"{digests}")
        say(f"each digest leads to the policy's own bytes: {len(digests)} of them lie beside the bundle, to be read:")
        for digest in sorted(digests):
            text = self.world.run("policy", "print", os.path.join(away, digest + ".bundle")).stdout.decode()
            say(f"  {text.splitlines()[0]}: {text.count(chr(10) + 'rule ')} rules")
        for subject in self.erased:
            done = self.world.run("erase-verify", self.certificate(subject), "--trust", os.path.join(away, "region.vkey"))
            say(done.stdout.decode().splitlines()[0][:140])
        with open(os.path.join(away, "acme.bundle"), "r+b") as file:
            file.seek(-300, 2)
            byte = file.read(1)
            file.seek(-300, 2)
            file.write(bytes([byte[0] ^ 1]))
        done = self.world.run("audit", "verify", os.path.join(away, "acme.bundle"), "--trust",
                              os.path.join(away, "region.vkey"), code=1)
        say("one bit of the bundle is flipped: " + done.stderr.decode().strip()[:140])


def main():
    version = os.environ.get("OPENCLAW_VERSION", "2026.9.6")
    world, demo, code = World(), None, 0
    try:
        demo = Demo(world, version)
        demo.start()
        demo.story()
        demo.audit()
        print("\nEverything held.")
    except Skipped as error:
        print(f"\nThe demonstration cannot be shown here: {error}.")
        code = 77
    except (Failed, OSError, KeyError, ValueError) as error:
        print(f"\nFAILED: {error!r}")
        if demo is not None and demo.wrapper is not None:
            print(demo.wrapper.errors())
        code = 1
    finally:
        if demo is not None:
            demo.stop()
        world.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
