"""What a region hands to its tenants: signed offline, verified wherever it arrives."""
import json
import os
import stat

import harness
from artifacts import Release, change, manifest_lines, parsed
from harness import check
from hub import Local
from region import Region, append, local, options, until, up


def offline(world):
    """A key, a manifest, and what an auditor checks with the pinned keys alone."""
    release = Release(world, ("policy", "wrapper"))
    check(stat.S_IMODE(os.stat(world.path("policy.key")).st_mode) == 0o600, "the key's mode")
    path, digest = release.make("a.bin", b"first", "--floor", "1", "--days", "7")
    lines = manifest_lines(path + ".manifest")
    check(lines["sha256"] == digest and lines["length"] == "5" and lines["parent"] == "none",
          f"{lines}")
    said = parsed(release.verify(path, "--json", "--slot", "policy", "--region", "dev"))
    check(said["verified"] and said["digest"] == digest and said["sequence"] == 1, f"{said}")
    child, _ = release.make("b.bin", b"second", "--parent", digest, sequence=2, region="all")
    release.verify(child, "--region", "prod-eu")
    check(manifest_lines(child + ".manifest")["parent"] == digest, "the parent")
    world.run("artifact", "key", "--name", "again", "--out", world.path("policy.key"), code=3)


def offline_refusals(world):
    """Each refusal has its reason as first word, and the exit code 1."""
    release = Release(world, ("policy", "wrapper"))
    path, _ = release.make("a.bin", b"content", sequence=3)
    release.refused(path, "wrong-slot", "--slot", "plugin")
    release.refused(path, "wrong-region", "--region", "prod-us")
    release.refused(path, "below-floor", "--floor", "4")
    other, _ = release.make("o.bin", b"content", "--platform", "plan9")
    release.refused(other, "wrong-platform", "--platform", "linux-x86_64")
    other, _ = release.make("w.bin", b"content", key="wrapper")
    release.refused(other, "wrong-channel")
    release.make_key("stranger")
    other, _ = release.make("x.bin", b"content", key="stranger")
    release.refused(other, "unknown-key")
    manifest = path + ".manifest"
    with open(manifest, "rb") as file:
        good = file.read()
    # Another letter of the signature's base64: still a note, and signed by nobody.
    with open(manifest, "wb") as file:
        file.write(good[:-5] + (b"B" if good[-5:-4] == b"A" else b"A") + good[-4:])
    release.refused(path, "bad-signature")
    for text, reason in ((good.partition(b"\n\n")[0] + b"\n", "unsigned"), (b"", "malformed"),
                         (good.replace(b"floor 0", b"floor 1"), "bad-signature"),
                         (good.replace(b"slot policy", b"slot wrapper"), "malformed"),
                         (b"x" * 70000, None)):
        with open(manifest, "wb") as file:
            file.write(text)
        if reason is None:
            release.verify(path, code=3)
        else:
            release.refused(path, reason)
    with open(manifest, "wb") as file:
        file.write(good)
    release.verify(path)
    change(path, at=2)
    release.refused(path, "hash")
    with open(path, "ab") as file:
        file.write(b"more")
    release.refused(path, "length")
    with open(path, "wb"):
        pass
    release.refused(path, "empty")
    empty = release.make("e.bin", b"", code=3)
    check(not os.path.exists(empty[0] + ".manifest"), "nothing empty is signed")
    release.make("f.bin", b"x", "--floor", "2", sequence=1, code=3)
    release.make("g.bin", b"x", "--region", "no region", code=2)


def offline_threshold(world):
    """A channel that needs two of its keys: signed by one it is refused with the reason, the same key
    again is none more, another one makes it good; nobody signs for other bytes than those they hold."""
    release = Release(world, ("policy", "wrapper"))
    path, _ = release.make("a.bin", b"content")
    release.verify(path)
    other = release.make_key("policy-2")
    with open(release.keys, "a", encoding="ascii") as file:
        file.write(f"policy {other}\nthreshold policy 2\n")
    release.refused(path, "too-few-signatures")
    world.run("artifact", "cosign", path, "--key", world.path("policy.key"), code=3)
    release.refused(path, "too-few-signatures")
    with open(path, "rb") as file:
        content = file.read()
    change(path, at=0)
    done = world.run("artifact", "cosign", path, "--key", world.path("policy-2.key"), code=3)
    check(b"not the bytes" in done.stderr, done.stderr)
    with open(path, "wb") as file:
        file.write(content)
    release.refused(path, "too-few-signatures")
    world.run("artifact", "cosign", path, "--key", world.path("policy-2.key"))
    release.verify(path)
    with open(release.keys, "a", encoding="ascii") as file:
        file.write("threshold wrapper 2\n")
    done = release.verify(path, code=3)
    check(b"needs 2 signatures and has 1 keys" in done.stderr, done.stderr)


def in_release(case):
    """A region whose Hub and agents pin the same release keys."""
    def run(world):
        release = Release(world, ("policy", "wrapper"))
        world.env["HOLDFAST_RELEASE_KEYS"] = release.keys
        region = Region(world)
        try:
            options(world, region)
            case(world, region, release)
        finally:
            region.stop()
    run.__name__ = case.__name__
    run.__doc__ = case.__doc__
    return run


def token_of(world, region, name, role):
    """A principal of that role; the file with its token."""
    token = region.json("POST", "/v1/principals", {"principal": name, "role": role}, 201)["token"]
    path = world.path(name + ".token")
    with open(path, "w", encoding="ascii") as file:
        file.write(token)
    return path


def add(world, region, release, name, content, *more, **how):
    path, digest = release.make(name, content, *more, **how)
    world.run("artifact", "add", path)
    return digest


def activate(world, digest, *more, slot="policy", code=0):
    to = more if "--all" in more or "--tenant" in more else ("--tenant", "acme", *more)
    return world.run("artifact", "activate", slot, digest, "--reason", "r", *to, code=code)


def offered(world, tenant="acme", slot="policy", query=""):
    answer = local(world, tenant, "GET", f"/v1/artifacts/{slot}{query}")
    check(answer is not None and answer[0] == 200, f"{answer}")
    return answer[1]


def staged(world, tenant="acme"):
    return offered(world, tenant).get("staged", {}).get("digest")


def raw(world, path, tenant="acme"):
    """Bytes from the agent's socket."""
    connection = Local(world.path(tenant, "agent.sock"))
    connection.request("GET", path)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


def events(region, tenant, kind):
    page = region.json("GET", f"/v1/events?segments=1&tenant={tenant}&type={kind}&limit=1000")
    return [e["event"]["payload"] for e in page["events"] if "tenant_index" in e]


def recorded(region, tenant, event, **members):
    """Waits until such an event is in the region."""
    def there():
        return any(all(e.get(k) == v for k, v in members.items()) for e in events(region, tenant, event))
    until(there, f"{event} {members}")


def report(world, digest, sequence, tenant="acme"):
    """What the wrapper says when it decides by a bundle."""
    body = {"type": "policy.activated", "producer": "wrapper", "sequence": sequence,
            "occurred": "2026-01-01T00:00:00Z",
            "payload": {"tenant": tenant, "digest": digest, "name": "sample", "version": "1.1",
                        "sequence": 1, "vectors": 3, "cause": "staged"}}
    answer = local(world, tenant, "POST", "/v1/events", body)
    check(answer is not None and answer[0] == 200, f"{answer}")


def start(world, region, tenant="acme"):
    region.create(tenant)
    region.run_agent(tenant, region.mint(tenant))
    up(world, tenant)


@in_release
def at_the_hub(world, region, release):
    """What comes in and what does not, who may, what is listed; the same again after kill -9."""
    one = add(world, region, release, "a.bin", b"one")
    two = add(world, region, release, "b.bin", b"two", "--parent", one, "--floor", "1", sequence=2)
    big = os.urandom(4 << 20)
    three = add(world, region, release, "c.bin", big, sequence=1, slot="plugin", key="wrapper")
    listed = parsed(world.run("artifact", "list", "--json"))["artifacts"]
    check([a["digest"] for a in listed] == [one, two, three], f"{listed}")
    check([a["sequence"] for a in listed] == [1, 2, 1] and listed[1]["parent"] == one, f"{listed}")
    page = region.json("GET", "/v1/artifacts?slot=policy&limit=1")
    check([a["digest"] for a in page["artifacts"]] == [one], f"{page}")
    page = region.json("GET", f"/v1/artifacts?slot=policy&cursor={page['next']}")
    check([a["digest"] for a in page["artifacts"]] == [two] and "next" not in page, f"{page}")
    check(b"holdfast/manifest@v1" in world.run("artifact", "show", two).stdout, "the manifest")
    status, package = region.call("GET", f"/v1/artifacts/{three}/package")
    check(status == 200 and package.endswith(big) and package[:4] == b"HFA1", f"{status}")
    taken = world.path("taken")
    world.run("artifact", "get", three, "--out", taken)
    said = parsed(release.verify(taken, "--slot", "plugin", "--json"))
    check(said["digest"] == three and os.path.getsize(taken) == len(big), f"{said}")
    world.run("artifact", "get", "0" * 64, "--out", taken, code=3)
    refused = (
        (dict(sequence=2), b"x", (), b"sequence"), (dict(sequence=3, region="prod-eu"), b"x", (), b"wrong-region"),
        (dict(sequence=9, key="wrapper"), b"x", (), b"wrong-channel"),
        (dict(sequence=9, slot="wrapper", key="wrapper"), b"two", (), b"wrong-slot"))
    for how, content, more, reason in refused:
        path, _ = release.make("r.bin", content, *more, **how)
        done = world.run("artifact", "add", path, code=3)
        check(reason + b":" in done.stderr, f"{reason}: {done.stderr}")
    path, _ = release.make("r.bin", b"good", sequence=3)
    change(path, at=0)
    check(b"hash:" in world.run("artifact", "add", path, code=3).stderr, "other bytes")
    world.run("artifact", "add", world.path("b.bin"), code=3)  # it is there already
    with open(world.path("z.manifest"), "wb") as file:
        file.write(b"no manifest")
    check(b"malformed:" in world.run("artifact", "add", path, "--manifest", world.path("z.manifest"),
                                     code=3).stderr, "malformed")
    for token, body, status in ((region.admin, b"HFA1", 400), (region.admin, b"", 400),
                                (region.admin, b"x" * (5 << 20), 413)):
        got, answer = region.call("POST", "/v1/artifacts", body, token, raw=True)
        check(got == status, f"{got} {answer[:200]}")
    viewer = token_of(world, region, "vi", "viewer")
    world.run("artifact", "list", "--hub-token", viewer)
    path, _ = release.make("s.bin", b"good", sequence=3)
    world.run("artifact", "add", path, "--hub-token", viewer, code=3)
    # The same bytes again under a higher number: a later end, a higher floor.
    path, digest = release.make("b.bin", b"two", "--floor", "2", sequence=7)
    world.run("artifact", "add", path)
    for end in ("kill", "terminate", "kill"):  # its memory is kept by then
        getattr(region.hub, end)()
        region.hub.wait()
        region.hub.stdout.close()
        region.start(region.url.removeprefix("https://"))
        listed = parsed(world.run("artifact", "list", "--json"))["artifacts"]
        check([(a["digest"], a["sequence"]) for a in listed] == [(one, 1), (two, 7), (three, 1)],
              f"{listed}")
    status, package = region.call("GET", f"/v1/artifacts/{two}/package")
    check(status == 200 and package.endswith(b"two") and b"sequence 7" in package, f"{status}")
    check(b"below-floor:" in activate(world, one, "--all", code=3).stderr, "below the floor")
    check(region.call("GET", "/v1/artifacts/" + "0" * 64)[0] == 404, "not there")


@in_release
def without_keys(world, region, release):
    """A Hub that pins no release key takes nothing."""
    del world.env["HOLDFAST_RELEASE_KEYS"]
    address = region.url.removeprefix("https://")
    region.hub.kill()
    region.hub.wait()
    region.hub.stdout.close()
    region.start(address)
    path, _ = release.make("a.bin", b"one")
    check(b"unknown-key:" in world.run("artifact", "add", path, code=3).stderr, "taken")


@in_release
def told(world, region, release):
    """From the Hub to the program beside the agent: staged, activated, replaced, gone back to; each
    step an event in the tenant's log, and still so after the agent was killed."""
    start(world, region)
    check(offered(world) == {"slot": "policy", "region": "dev", "floor": 0}, f"{offered(world)}")
    one = add(world, region, release, "a.bin", b"the first one")
    two = add(world, region, release, "b.bin", b"the second one", sequence=2)
    connection = Local(world.path("acme", "agent.sock"))
    connection.request("GET", "/v1/artifacts/policy?wait_s=30")
    activate(world, one)
    waited = json.loads(connection.getresponse().read())
    connection.close()
    check(waited["staged"]["digest"] == one and waited["staged"]["manifest"].startswith(
        "holdfast/manifest@v1\n") and "good" not in waited, f"{waited}")
    check(raw(world, f"/v1/artifacts/policy/{one}") == (200, b"the first one"), "the bytes")
    check(raw(world, f"/v1/artifacts/policy/{two}")[0] == 404, "not told")
    recorded(region, "acme", "directive.applied", kind="activate")
    recorded(region, "acme", "artifact.staged", digest=one, sequence=1)
    report(world, one, 1)
    until(lambda: offered(world).get("good", {}).get("digest") == one, "it is good")
    until(lambda: region.json("GET", "/v1/tenants/acme")["versions"]["policy"] == "1.1",
          "the heartbeat says so")
    activate(world, two)
    until(lambda: staged(world) == two, "the second one is staged")
    both = offered(world, query=f"?not={one}&wait_s=0")
    check(both["good"]["digest"] == one, f"{both}")  # the wrapper did not report the second one
    for state in range(2):
        region.agents["acme"].kill()
        region.agents["acme"].wait()
        region.run_agent("acme")
        up(world, "acme")
        check(offered(world) == both, f"after kill {state}")
    check(raw(world, f"/v1/artifacts/policy/{one}") == (200, b"the first one"), "the good one is kept")
    report(world, two, 2)
    until(lambda: offered(world)["good"]["digest"] == two, "the second one is good")
    check(raw(world, f"/v1/artifacts/policy/{one}")[0] == 404, "the first one is gone")
    check(sorted(os.listdir(world.path("acme", "artifacts"))) == sorted([two, "policy"]), "files")
    activate(world, one)  # going back is telling anew
    until(lambda: staged(world) == one, "gone back")
    check(offered(world)["staged"]["directive"] == 3, "a higher number")
    check(local(world, "acme", "GET", "/v1/artifacts/moon")[0] == 400, "no slot")
    check(local(world, "acme", "GET", "/v1/artifacts/policy?not=x")[0] == 400, "no digest")
    check(local(world, "acme", "GET", "/v1/artifacts/policy?wait_s=31")[0] == 400, "too long")


@in_release
def roles(world, region, release):
    """An operator may tighten what the tenant was told last, and nothing else; an approver may."""
    start(world, region)
    operator = ("--hub-token", token_of(world, region, "op", "operator"))
    approver = ("--hub-token", token_of(world, region, "ap", "approver"))
    one = add(world, region, release, "a.bin", b"one")
    done = activate(world, one, "--tenant", "acme", *operator, code=3)
    check(b"approver" in done.stderr, done.stderr)
    activate(world, one, "--tenant", "acme", *approver)
    activate(world, one, "--tenant", "acme", *operator)  # the same once more
    two = add(world, region, release, "b.bin", b"two", "--parent", one, sequence=2)
    activate(world, two, "--tenant", "acme", *operator, code=3)  # nobody says that it is tighter
    activate(world, two, "--all", *operator, code=3)
    activate(world, two, "--all", *approver)
    activate(world, two, "--tenant", "acme", *operator)
    activate(world, one, "--tenant", "acme", *operator, code=3)  # going back allows more
    activate(world, "0" * 64, "--tenant", "acme", *approver, code=3)
    activate(world, one, "--tenant", "acme", *approver, slot="wrapper", code=3)


@in_release
def newcomer(world, region, release):
    """Who registers after something was activated for all is told of it alone; who was there is not told
    again, also not by a Hub that was killed; what is below the floor by then is told to nobody."""
    start(world, region)
    one = add(world, region, release, "a.bin", b"one")
    activate(world, one, "--all")
    until(lambda: staged(world) == one, "who was there has it")
    listen = region.url.removeprefix("https://")
    start(world, region, "late")
    until(lambda: staged(world, "late") == one, "who came later has it")
    check(offered(world, "late")["staged"]["directive"] == 2, "by a directive of its own")
    region.hub.kill()
    region.hub.wait()
    region.hub.stdout.close()
    region.start(listen)
    two = add(world, region, release, "b.bin", b"two", "--floor", "2", sequence=2)
    start(world, region, "last")
    activate(world, two, "--tenant", "acme")
    until(lambda: staged(world) == two, "the next one")
    issued = region.events("directive.issued")
    check([(d["address"], d["kind"]) for d in issued] ==
          [("*", "activate"), ("late", "activate"), ("acme", "activate")], f"{issued}")
    check(staged(world, "last") is None, "what is below the floor")


@in_release
def refused_by_the_agent(world, region, release):
    """The agent pins fewer keys than the Hub: what the Hub believes is refused, what was there stays;
    once the key is pinned it is taken."""
    start(world, region)
    one = add(world, region, release, "a.bin", b"one")
    activate(world, one)
    until(lambda: staged(world) == one, "the first one")
    fewer = world.path("fewer")
    release.pin({"wrapper": release.vkeys["wrapper"]}, fewer)
    region.agents["acme"].kill()
    region.agents["acme"].wait()
    region.run_agent("acme", release_keys=fewer)
    up(world, "acme")
    two = add(world, region, release, "b.bin", b"two", sequence=2)
    activate(world, two)
    recorded(region, "acme", "artifact.refused", digest=two, reason="unknown-key", directive=2)
    check(staged(world) == one, "the first one stays")
    # Without the option those that were kept count, and they are the fewer ones.
    del world.env["HOLDFAST_RELEASE_KEYS"]
    region.agents["acme"].kill()
    region.agents["acme"].wait()
    region.run_agent("acme")
    up(world, "acme")
    activate(world, two)
    recorded(region, "acme", "artifact.refused", digest=two, directive=3)
    world.env["HOLDFAST_RELEASE_KEYS"] = release.keys
    region.agents["acme"].kill()
    region.agents["acme"].wait()
    region.run_agent("acme")
    up(world, "acme")
    activate(world, two)
    until(lambda: staged(world) == two, "the key is pinned")
    append(world, "acme", 1)


harness.main([offline, offline_refusals, offline_threshold, newcomer, at_the_hub, without_keys, told, roles, refused_by_the_agent])
