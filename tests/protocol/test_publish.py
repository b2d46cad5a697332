"""Policies as artifacts: published, shown, activated, gone back to; who may loosen."""
import os

import harness
from artifacts import Release, parsed
from harness import check
from region import Region, local, options, until, up

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEFAULT = os.path.join(ROOT, "packaging", "policy", "default.policy")
TIGHT = ('rule zz-tool\n  forbid\n  tools zz-tool\n  reason "Not here."\n  asi ASI02\n  risk high\n')


class Bench:
    def __init__(self, world, region, release):
        self.world, self.region, self.release = world, region, release

    def text(self, name, version, more=""):
        with open(DEFAULT, encoding="utf-8") as file:
            text = file.read()
        lines = [f"policy default version {version}" if line.startswith("policy default version")
                 else line for line in text.splitlines()]
        path = self.world.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n" + more)
        return path

    def publish(self, path, *more, code=0):
        done = self.world.run("policy", "publish", path, "--key", self.world.path("policy.key"),
                              "--region", "dev", "--json", *more, code=code)
        return parsed(done) if code == 0 else done.stderr

    def activate(self, bundle, *more, code=0):
        return self.world.run("policy", "activate", bundle, "--tenant", "acme", "--reason", "r", *more,
                              code=code)

    def token(self, role):
        token = self.region.json("POST", "/v1/principals", {"principal": role, "role": role}, 201)["token"]
        path = self.world.path(role + ".token")
        with open(path, "w", encoding="ascii") as file:
            file.write(token)
        return ("--hub-token", path)

    def staged(self):
        answer = local(self.world, "acme", "GET", "/v1/artifacts/policy")
        return answer[1].get("staged", {}).get("digest")


def in_region(case):
    def run(world):
        release = Release(world)
        world.env["HOLDFAST_RELEASE_KEYS"] = release.keys
        region = Region(world)
        try:
            options(world, region)
            region.create("acme")
            region.run_agent("acme", region.mint("acme"))
            up(world, "acme")
            case(Bench(world, region, release))
        finally:
            region.stop()
    run.__name__ = case.__name__
    run.__doc__ = case.__doc__
    return run


@in_region
def publishes(b):
    """Compared with the one before, numbered, signed and added; nothing whose golden vectors fail; the
    same bytes once."""
    one = b.publish(b.text("one", "1"))
    check(one["strictness"] == "none" and one["sequence"] == 1 and one["slot"] == "policy", f"{one}")
    check(one["name"] == "default" and one["version"] == "1", f"{one}")
    two = b.publish(b.text("two", "2", TIGHT), "--floor", "1")
    check(two["strictness"] == "tighter" and two["parent"] == one["digest"] and two["sequence"] == 2 and
          two["floor"] == 1, f"{two}")
    three = b.publish(b.text("three", "3"))
    check(three["strictness"] in ("looser", "mixed") and three["parent"] == two["digest"] and
          three["floor"] == 1, f"{three}")
    four = b.publish(b.text("four", "4", TIGHT), "--parent", one["digest"])
    check(four["parent"] == one["digest"] and four["strictness"] == "tighter", f"{four}")
    broken = b.text("broken", "5", 'test "wrong"\n  call read {"path": "a"}\n  expect forbid\n')
    check(b"wrong" in b.publish(broken, code=1), "golden vectors")
    empty = b.world.path("empty")
    with open(empty, "w", encoding="ascii") as file:
        file.write("policy t version 1\n")
    b.publish(empty, code=1)
    shown = parsed(b.world.run("policy", "show", "--json"))["artifacts"]
    check([a["version"] for a in shown] == ["1", "2", "3", "4"], f"{shown}")
    check(b"strictness tighter" in b.world.run("policy", "show", two["digest"]).stdout, "the manifest")


@in_region
def activates(b):
    """By digest or by name and version; an operator tightens, an approver also loosens; what the
    tenant has and refused is shown."""
    operator, approver = b.token("operator"), b.token("approver")
    one = b.publish(b.text("one", "1"), *operator)
    two = b.publish(b.text("two", "2", TIGHT), *operator)
    b.activate(one["digest"], *operator, code=3)
    b.activate("default@1", *approver)
    until(lambda: b.staged() == one["digest"], "the first one")
    b.activate("default@2", *operator)
    until(lambda: b.staged() == two["digest"], "the tighter one")
    done = b.activate("default@1", *operator, code=3)
    check(b"approver" in done.stderr, done.stderr)
    b.activate("default@1", *approver)
    until(lambda: b.staged() == one["digest"], "gone back")
    b.activate("default@9", *approver, code=3)
    event = {"type": "policy.activated", "producer": "wrapper", "sequence": 1,
             "occurred": "2026-01-01T00:00:00Z",
             "payload": {"tenant": "acme", "digest": one["digest"], "name": "default", "version": "1",
                         "sequence": 1, "vectors": 3, "cause": "staged"}}
    check(local(b.world, "acme", "POST", "/v1/events", event)[0] == 200, "reported")

    def row():
        rows = parsed(b.world.run("policy", "show", "--running", "--json"))["rows"]
        return next((r for r in rows if r["tenant"] == "acme"), {})
    until(lambda: row().get("active_digest") == one["digest"], f"{row()}")
    check(row()["told_digest"] == row()["staged_digest"] == one["digest"] and row()["told_directive"] == 3, f"{row()}")
    check(b"acme" in b.world.run("policy", "show", "--running").stdout, "as a table")
    models = parsed(b.world.run("artifact", "list", "--json"))["artifacts"]
    check(len(models) == 2, f"{models}")


harness.main([publishes, activates])
