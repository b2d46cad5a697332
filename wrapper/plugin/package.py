#!/usr/bin/env python3
"""wrapper/plugin/package.py: packs the plugin: the same bytes each time, and their digest.

    package.py OUT    writes OUT, an uncompressed tar in a gzip wrapper, and OUT.sha256

Names, order, owner, mode and time of what is inside are fixed, so that anybody can build it again and
compare. Installed unpacked, owned by root, and named by plugins.load.paths. Standard library only.
"""
import hashlib
import io
import json
import sys
import tarfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = ("index.js", "openclaw.plugin.json", "package.json")
EPOCH = 1767225600  # 2026-01-01: a time that does not say when it was built


def read(name):
    return (HERE / name).read_bytes()


def versions():
    """The plugin's one version, which stands in three places."""
    manifest, package = json.loads(read("openclaw.plugin.json")), json.loads(read("package.json"))
    found = {manifest["version"], package["version"],
             read("index.js").decode().split('const VERSION = "')[1].split('"')[0]}
    if len(found) != 1:
        sys.exit(f"package.py: the files name different versions: {sorted(found)}")
    if manifest["id"] != package["name"]:
        sys.exit("package.py: manifest and package.json name different plugins")
    return found.pop()


def archive():
    versions()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in FILES:
            info = tarfile.TarInfo(f"holdfast-wrapper/{name}")
            info.size, info.mode, info.mtime = len(read(name)), 0o644, EPOCH
            info.uname = info.gname = "root"
            tar.addfile(info, io.BytesIO(read(name)))
    data = out.getvalue()
    # Stored, not deflated: zlib's output differs between its versions, and it is small.
    packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    for at in range(0, len(data), 65535):
        piece = data[at:at + 65535]
        last = at + len(piece) == len(data)
        packed += bytes([last]) + len(piece).to_bytes(2, "little") + \
            (len(piece) ^ 0xffff).to_bytes(2, "little") + piece
    return packed + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def main():
    target = Path(sys.argv[1])
    data = archive()
    digest = hashlib.sha256(data).hexdigest()
    target.write_bytes(data)
    Path(str(target) + ".sha256").write_text(f"{digest}  {target.name}\n", encoding="ascii")
    print(f"{target.name}: {len(data)} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
