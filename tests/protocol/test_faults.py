"""kill -9 under eight producers, a full disk, a live reader: what a user's machine does to a log."""
import json
import os
import random
import signal
import subprocess

import harness
import tlog
from harness import check

PRODUCERS = os.environ["PRODUCERS_BIN"]
ROUNDS = int(os.environ.get("KILL_ROUNDS", "200"))


def run_and_kill(world, rng, expected, positions):
    """Starts the producers, kills them after some acknowledgements, notes what was acknowledged."""
    first = [str(sequence) for sequence in expected]
    process = subprocess.Popen([PRODUCERS, world.path("log"), *first], env=world.env,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = []
    for _ in range(rng.randrange(1, 60)):
        line = process.stdout.readline()
        check(line, process.stderr.read(300) if not line else "")
        lines.append(line)
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    process.stderr.close()
    for line in lines:
        if line.endswith(b"\n"):
            producer, sequence, index = (int(field) for field in line.split())
            check(sequence == expected[producer], f"p{producer}: {sequence}, {expected[producer]}")
            positions[producer, sequence] = index
            expected[producer] = sequence + 1


def killed_producers(world):
    """Hundreds of rounds: every acknowledged event is where it was said to be, none is there twice,
    sequences and versions have no gap, and all checkpoints are of one history."""
    rng = random.Random(3)
    vkey = world.new_log(kind="events")
    expected, positions, notes = [1] * 8, {}, []
    for number in range(ROUNDS):
        run_and_kill(world, rng, expected, positions)
        notes.append(world.run("log", "checkpoint", world.path("log")).stdout)
        if number % 20 == 0:
            world.run("log", "verify", world.path("log"))
    world.run("log", "verify", world.path("log"), "--vkey", vkey)
    shown = world.run("log", "show", world.path("log"), "--json").stdout.splitlines()
    got, versions, leaves = {}, {}, []
    for line in shown:
        entry = json.loads(line)
        event = entry["event"]
        key = int(event["producer"][1:]), int(event["sequence"])
        check(key not in got, f"{key} is there twice")
        got[key] = entry["index"]
        versions[event["stream"]] = versions.get(event["stream"], 0) + 1
        check(int(event["version"]) == versions[event["stream"]], f"version at {entry['index']}")
        leaves.append(bytes.fromhex(entry["leaf"]))
    for key, index in positions.items():
        check(got.get(key) == index, f"{key} was acknowledged at {index}, is at {got.get(key)}")
    for producer in range(8):
        mine = sorted(sequence for name, sequence in got if name == producer)
        check(mine == list(range(1, len(mine) + 1)), f"gap in p{producer}")
        check(len(mine) - expected[producer] in (-1, 0), f"p{producer} has {len(mine)}")
    for note in notes:
        size, head = tlog.open_checkpoint(vkey, note)
        check(tlog.root(leaves[:size]) == head, f"checkpoint {size}")


def full_disk(world):
    """Until the disk is full, with the default floor and with none: a clear refusal, nothing lost,
    still readable; goes on when there is room."""
    libc = harness.small_disk(world, 24 << 20)
    log = world.path("disk", "log")
    try:
        for floor in (None, "1"):
            more = [] if floor is None else ["--free-floor", floor]
            world.run("log", "init", log, "--origin", "test.example/small")
            ballast = world.path("disk", "ballast")
            with open(ballast, "wb") as file:
                file.write(bytes(8 << 20))
            lines = b"".join(b"%0800d\n" % i for i in range(2000))
            size, refused = 0, None
            for _ in range(40):
                done = world.run("log", "append", log, *more, stdin=lines, code=None)
                acked = [int(line.split()[1]) for line in done.stdout.splitlines()]
                size = acked[-1] + 1 if acked else size
                if done.returncode != 0:
                    refused = done
                    break
            check(refused is not None, "the disk never got full")
            check(refused.returncode == 3, f"exit {refused.returncode}")
            check(b"free" in refused.stderr or b"space" in refused.stderr, refused.stderr)
            stat = json.loads(world.run("log", "stat", log, "--json").stdout)
            check(stat["size"] >= size > 0, f"{stat['size']} < {size}")
            world.run("log", "verify", log)
            os.remove(ballast)
            world.run("log", "append", log, *more, stdin=b"after\n")
            world.run("log", "verify", log)
            shown = world.run("log", "show", log, "--from", str(stat["size"])).stdout
            check(shown.endswith(b"  after\n"), shown[-100:])
            subprocess.run(["rm", "-r", log], check=True)
    finally:
        libc.umount2(world.path("disk").encode(), 2)


def live_reader(world):
    """A follower in another process shows each entry soon after it is durable."""
    world.new_log()
    follower = subprocess.Popen([harness.PROGRAM, "log", "show", world.path("log"), "--follow",
                                 "--to", "5"], env=world.env, stdout=subprocess.PIPE)
    writer = subprocess.Popen([harness.PROGRAM, "log", "append", world.path("log")], env=world.env,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    writer.stdin.write(b"one\ntwo\n")
    writer.stdin.close()
    check(follower.stdout.readline() == b"0  one\n", "the first entry")
    check(follower.stdout.readline() == b"1  two\n", "the second entry")
    check(writer.wait() == 0, "the writer")
    writer.stdout.close()
    for number in range(2, 6):
        world.run("log", "append", world.path("log"), stdin=b"%d\n" % number)
        check(follower.stdout.readline() == b"%d  %d\n" % (number, number), "a later entry")
    check(follower.wait() == 0, "the follower ends after --to")
    follower.stdout.close()
    follower = subprocess.Popen([harness.PROGRAM, "log", "show", world.path("log"), "--follow"],
                                env=world.env, stdout=subprocess.PIPE)
    for _ in range(6):
        follower.stdout.readline()
    follower.send_signal(signal.SIGINT)
    check(follower.wait() == 0, "an interrupt ends it")
    follower.stdout.close()


harness.main([killed_producers, full_disk, live_reader])
