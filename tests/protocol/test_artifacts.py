"""What a region hands to its tenants: signed offline, verified wherever it arrives."""
import os
import stat

import harness
from artifacts import Release, change, manifest_lines, parsed
from harness import check


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
    change(manifest)
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


harness.main([offline, offline_refusals])
