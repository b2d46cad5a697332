"""tests/protocol/artifacts.py: a release key, and artifacts that it signs; manifests read by hand."""
import hashlib
import json
import os
import struct

from harness import check


def manifest_lines(path):
    """The text's lines as a dictionary; what is behind the empty line is the signature."""
    with open(path, encoding="utf-8") as file:
        text, _, signature = file.read().partition("\n\n")
    lines = text.split("\n")
    check(lines[0] == "holdfast/manifest@v1" and signature.startswith("\u2014 "), text)
    return dict(line.split(" ", 1) for line in lines[1:])


class Release:
    """Release keys in the world's folder, and the file with those that are pinned."""

    def __init__(self, world, channels=("policy",)):
        self.world = world
        self.keys = world.path("release-keys")
        self.vkeys = {channel: self.make_key(channel) for channel in channels}
        self.pin(self.vkeys)

    def make_key(self, name):
        done = self.world.run("artifact", "key", "--name", f"test.example/{name}", "--out",
                              self.world.path(f"{name}.key"))
        return done.stdout.decode().strip()

    def pin(self, vkeys, path=None):
        with open(path or self.keys, "w", encoding="ascii") as file:
            file.write("# the keys of this test\n")
            for channel, vkey in vkeys.items():
                file.write(f"{channel} {vkey}\n")

    def make(self, name, content, *options, sequence=1, slot="policy", key="policy", region="dev",
             code=0):
        """Writes and signs an artifact; its path and digest."""
        path = self.world.path(name)
        with open(path, "wb") as file:
            file.write(content)
        self.world.run("artifact", "sign", path, "--key", self.world.path(f"{key}.key"), "--slot", slot,
                       "--name", "sample", "--as", f"1.{sequence}", "--sequence", str(sequence),
                       "--region", region, *options, code=code)
        return path, hashlib.sha256(content).hexdigest()

    @staticmethod
    def package(path):
        """What is sent to the Hub."""
        with open(path + ".manifest", "rb") as manifest, open(path, "rb") as file:
            note = manifest.read()
            return b"HFA1" + struct.pack(">I", len(note)) + note + file.read()

    def verify(self, path, *options, code=0):
        return self.world.run("artifact", "verify", path, "--release-keys", self.keys, *options,
                              code=code)

    def refused(self, path, reason, *options):
        done = self.verify(path, *options, code=1)
        check(done.stderr.split(b": ", 2)[1] == reason.encode(), f"{reason}: {done.stderr}")


def change(path, at=-5):
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        data[at] ^= 1
        file.seek(0)
        file.write(data)


def size_of(path):
    return os.path.getsize(path)


def parsed(done):
    return json.loads(done.stdout)
