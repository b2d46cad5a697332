"""tests/protocol/test_log.py: the command line as a stranger uses it, checked by tlog.py."""
import base64
import json
import os
import random
import shutil
import signal
import subprocess

import harness
import tlog
from harness import check


def appending_and_showing(world):
    """Empty lines are entries, the last line needs no newline, any byte but newline is taken."""
    world.new_log()
    lines = [b"a", b"", b"\0\xff\r", b"x" * 65535, b"end"]
    done = world.run("log", "append", world.path("log"), stdin=b"\n".join(lines))
    check(done.stdout == b"0 4\n", done.stdout)
    shown = [json.loads(line) for line in
             world.run("log", "show", world.path("log"), "--json").stdout.splitlines()]
    check([base64.b64decode(entry["data"]) for entry in shown] == lines, "entries differ")
    world.run("log", "append", world.path("log"), stdin=b"")
    done = world.run("log", "append", "--hex", world.path("log"), stdin=b"00FF\n\n")
    check(done.stdout == b"5 6\n", done.stdout)
    raw = world.run("log", "show", world.path("log"), "--from", "5", "--to", "5", "--raw").stdout
    check(raw == b"\0\xff", raw)


def bad_input_changes_nothing(world):
    world.new_log()
    world.run("log", "append", world.path("log"), stdin=b"one\n")
    for args, text in (([], b"ok\n" + b"x" * 65536 + b"\n"), (["--hex"], b"00\n0\n"),
                       (["--hex"], b"00\n0g\n")):
        done = world.run("log", "append", world.path("log"), *args, stdin=text, code=3)
        check(b"line 2 " in done.stderr, done.stderr)
    stat = json.loads(world.run("log", "stat", world.path("log"), "--json").stdout)
    check(stat["size"] == 1, stat)


def proofs_and_roots(world):
    """Every root, every inclusion and many consistency proofs agree with tlog.py."""
    vkey, entries = world.new_log(), [b"entry %d" % i for i in range(37)]
    world.run("log", "append", world.path("log"), stdin=b"\n".join(entries))
    leaves = [tlog.leaf(entry) for entry in entries]
    for size in range(len(entries) + 1):
        text = world.run("log", "root", world.path("log"), "--size", str(size)).stdout.decode()
        check(text.strip() == tlog.root(leaves[:size]).hex(), f"root {size}")
    with open(world.path("entry"), "wb") as file:
        file.write(entries[5])
    for size in (6, 7, 8, 16, 33, 37):
        data = world.run("log", "prove", world.path("log"), "5", "--size", str(size)).stdout
        check(tlog.proof_file(vkey, entries[5], data) == (5, size), "proof")
        with open(world.path("proof"), "wb") as file:
            file.write(data)
        world.run("proof", "verify", "--vkey", vkey, "--entry", world.path("entry"),
                  world.path("proof"))
        for old in (0, 1, 3, 4, size):
            lines = world.run("log", "consistency", world.path("log"), str(min(old, size)),
                              str(size)).stdout.split()
            check(tlog.consistent(old, size, tlog.root(leaves[:old]), tlog.root(leaves[:size]),
                                  [base64.b64decode(line) for line in lines]), f"{old} {size}")
    for at in range(0, len(data), 7):
        with open(world.path("proof"), "wb") as file:
            file.write(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
        world.run("proof", "verify", "--vkey", vkey, "--entry", world.path("entry"),
                  world.path("proof"), code=1)


def exports(world):
    """Exported trees of a growing log pass an independent check of every tile."""
    vkey, entries = world.new_log(), []
    for size in (0, 1, 255, 256, 257, 1000, 66000):
        more = [b"%d" % i for i in range(len(entries), size)]
        world.run("log", "append", world.path("log"), stdin=b"".join(e + b"\n" for e in more))
        entries += more
        world.run("log", "export", world.path("log"), world.path("out"))
        check(tlog.fsck(vkey, world.path("out")) == entries, f"size {size}")
    world.new_log("other", origin="other.example")
    world.run("log", "export", world.path("other"), world.path("out"), code=3)


def verification(world):
    """Against an older checkpoint, against a newer one, with another key."""
    world.new_log()
    world.run("log", "append", world.path("log"), stdin=b"a\nb\n")
    shutil.copytree(world.path("log"), world.path("old"))
    with open(world.path("note1"), "wb") as file:
        file.write(world.run("log", "checkpoint", world.path("log")).stdout)
    world.run("log", "append", world.path("log"), stdin=b"c\n")
    with open(world.path("note2"), "wb") as file:
        file.write(world.run("log", "checkpoint", world.path("log")).stdout)
    done = world.run("log", "verify", world.path("log"), "--against", world.path("note1"))
    check(done.stdout.startswith(b"verified 3 entries, root "), done.stdout)
    world.run("log", "verify", world.path("old"), "--against", world.path("note2"), code=1)
    other = world.new_log("other")
    world.run("log", "verify", world.path("log"), "--vkey", other, code=1)
    world.run("log", "verify", world.path("other"), "--against", world.path("note1"), code=1)


def errors(world):
    world.new_log()
    os.mkdir(world.path("empty"))
    with open(world.path("file"), "w", encoding="ascii") as file:
        file.write("text")
    for command in ("append", "show", "stat", "verify", "checkpoint", "root"):
        for place in ("missing", "empty", "file"):
            world.run("log", command, world.path(place), code=3)
    world.run("log", "show", code=2)
    world.run("log", "show", world.path("log"), "--nonsense", code=2)
    world.run("log", "init", world.path("log"), "--origin", "x", code=3)
    world.run("log", "init", world.path("new"), "--origin", "a b", code=2)
    world.run("log", "root", world.path("log"), "--size", "9", code=3)
    with open(world.path("log", "log.mdb"), "r+b") as file:
        file.truncate(8192)
    world.run("log", "append", world.path("log"), stdin=b"x\n", code=3)
    with open(world.path("log", "log.mdb"), "wb") as file:
        file.write(b"not a data file" * 1000)
    world.run("log", "append", world.path("log"), stdin=b"x\n", code=3)


def one_writer(world):
    world.new_log()
    first = subprocess.Popen([harness.PROGRAM, "log", "append", world.path("log")], env=world.env,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    while not os.path.exists(world.path("log", "checkpoint")):
        pass  # the writer signs the empty log when it has it
    done = world.run("log", "append", world.path("log"), stdin=b"x\n", code=3)
    check(b"pid %d " % first.pid in done.stderr, done.stderr)
    check(first.communicate(b"y\n")[0] == b"0 0\n", "first writer")


def byte_flips(world):
    """One byte flipped anywhere: verify names an index, or readers get what they got before."""
    rng = random.Random(1)
    world.new_log(kind="events")
    sample = world.run("log", "sample", "700").stdout
    world.run("log", "append", world.path("log"), stdin=sample)
    before = world.run("log", "show", world.path("log"), "--json").stdout
    for _ in range(150):
        name = rng.choice(["log.mdb", "views.mdb", "checkpoint"])
        path = world.path("log", name)
        at, bit = rng.randrange(os.path.getsize(path)), 1 << rng.randrange(8)
        with open(path, "r+b") as file:
            file.seek(at)
            old = file.read(1)
            file.seek(at)
            file.write(bytes([old[0] ^ bit]))
        done = world.run("log", "verify", world.path("log"), code=None)
        check(done.returncode in (0, 1), f"{name} {at}: {done.returncode} {done.stderr}")
        if done.returncode == 0:
            after = world.run("log", "show", world.path("log"), "--json").stdout
            check(after == before, f"{name} {at} changed what readers get")
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(old)


def killed(world):
    """kill -9 while appending: what was acknowledged is there, in order, and verifies."""
    rng = random.Random(2)
    vkey, total, notes = world.new_log(), 0, []
    for _ in range(25):
        lines = b"".join(b"%d\n" % i for i in range(total, total + 40000))
        process = subprocess.Popen([harness.PROGRAM, "log", "append", world.path("log")],
                                   env=world.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        process.stdin.write(lines)
        process.stdin.close()
        acknowledged = total
        for _ in range(rng.randrange(1, 9)):
            line = process.stdout.readline().split()
            if line:
                acknowledged = int(line[1]) + 1
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        process.wait()
        stat = json.loads(world.run("log", "stat", world.path("log"), "--json").stdout)
        check(stat["size"] >= acknowledged, f"{stat['size']} < {acknowledged}")
        total = stat["size"]
        notes.append(tlog.open_checkpoint(
            vkey, world.run("log", "checkpoint", world.path("log")).stdout))
    world.run("log", "verify", world.path("log"))
    raw = world.run("log", "show", world.path("log"), "--json", "--from", "0").stdout
    got = [json.loads(line)["text"] for line in raw.splitlines()]
    check(got == [str(i) for i in range(total)], "entries differ")
    leaves = [tlog.leaf(text.encode()) for text in got]
    for size, head in notes[::6]:
        check(tlog.root(leaves[:size]) == head, f"checkpoint {size}")


VECTORS = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "vectors",
                       "merkle-vectors.json")


def published_vectors(world):
    """All roots, inclusion and consistency proofs of the shared vectors; each proof refused when one
    of its hashes is missing, doubled, or has a bit flipped."""
    if not os.path.exists(VECTORS):
        raise harness.Skipped("the shared vectors are not here")
    with open(VECTORS, encoding="utf-8") as file:
        vectors = json.load(file)
    vkey = world.new_log()
    lines = "".join(text + "\n" for text in vectors["leaves_hex"]).encode()
    world.run("log", "append", world.path("log"), "--hex", stdin=lines)
    for size, expected in enumerate(vectors["roots"]):
        got = world.run("log", "root", world.path("log"), "--size", str(size)).stdout.decode()
        check(got.strip() == expected, f"root {size}: {got}")
    for case in vectors["consistency"]:
        got = world.run("log", "consistency", world.path("log"), str(case["m"]),
                        str(case["n"])).stdout.split()
        check([base64.b64decode(line).hex() for line in got] == case["proof"], f"{case}")
    for case in vectors["inclusion"]:
        proof = world.run("log", "prove", world.path("log"), str(case["i"]), "--size",
                          str(case["n"])).stdout
        head, note = proof.split(b"\n\n", 1)
        rows = head.split(b"\n")
        hashes = [base64.b64decode(line).hex() for line in rows[2:]]
        check(hashes == case["proof"], f"{case}: {hashes}")
        with open(world.path("entry"), "wb") as file:
            file.write(bytes.fromhex(vectors["leaves_hex"][case["i"]]))
        mutants = [rows[2:-1], rows[2:] + rows[-1:]] if hashes else []
        for number in range(len(hashes)):
            flipped = bytearray(base64.b64decode(rows[2 + number]))
            flipped[number] ^= 1
            mutants.append(rows[2:2 + number] + [base64.b64encode(flipped)] + rows[3 + number:])
        for code, hashes in [(0, rows[2:])] + [(1, mutant) for mutant in mutants]:
            with open(world.path("proof"), "wb") as file:
                file.write(b"\n".join(rows[:2] + hashes) + b"\n\n" + note)
            world.run("proof", "verify", "--vkey", vkey, "--entry", world.path("entry"),
                      world.path("proof"), code=code)


harness.main([appending_and_showing, bad_input_changes_nothing, proofs_and_roots, exports,
              verification, errors, one_writer, byte_flips, killed, published_vectors])
