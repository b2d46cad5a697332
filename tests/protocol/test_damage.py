"""Every file of a Hub and of an agent damaged, cut, lost or closed, one at a time, while nothing runs.

A program then says in one line what is wrong and what to do, and ends with 3; or it runs, and nothing
that was acknowledged is missing: what can be made of the log is made of it again. It never crashes,
never goes round in circles in its log, and never prints a secret.
"""
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess

import harness
from harness import check
from region import HUB, LIMIT, Region, append, caught_up, local, meter, options, settled, until, up

SECRET = "aWell-Kept/Secret%of#ours"


def flip(path):
    """A bit in each page: whatever is read of it is wrong."""
    rng = random.Random(os.path.basename(path))
    with open(path, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        for page in range(0, size, 4096):
            at = page + rng.randrange(min(4096, size - page))
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 << rng.randrange(8)]))


def garbage(path):
    with open(path, "r+b") as file:
        file.write(random.Random(7).randbytes(os.fstat(file.fileno()).st_size))


def half(path):
    os.truncate(path, os.path.getsize(path) // 2)


def empty(path):
    os.truncate(path, 0)


def folder(path):
    os.remove(path)
    os.mkdir(path)


def pipe(path):
    """Nobody writes into it: who waits for its bytes waits for ever."""
    os.remove(path)
    os.mkfifo(path)


HOW = (flip, garbage, half, empty, os.remove, folder, pipe)
# What a lock file or a mark holds nobody believes; it is made again.
LOCKS = re.compile(r".*-lock|.*owner|.*-shm|.*\.sock")
# What is made of the log is made of it again: nobody is refused for it.
DERIVED = re.compile(r".*views.*|models[.]db|memory|.*checkpoint")
# Without these a program must not start: it would be somebody else, or have forgotten.
NEEDED = {"hub": ("key", "cosigner.key", "api.key", "tls.pem", "tls.key", "log.mdb"),
          "t0": ("agent.key", "api.key", "log/key", "log/log.mdb")}


def make(world):
    """A region with a tenant, events, a secret, read models and a snapshot; all of it stopped."""
    region = Region(world)
    try:
        options(world, region)
        region.create("t0")
        region.run_agent("t0", region.mint("t0"))
        up(world, "t0")
        world.env["HOLDFAST_AGENT_SOCKET"] = world.path("t0", "agent.sock")
        world.run("vault", "put", "mail", "--kind", "credential", stdin=SECRET.encode())
        for number in range(1, 20):
            meter(world, "t0", number)
        size = local(world, "t0", "GET", "/v1/status")[1]["events"]
        caught_up(region, "t0", size)
        settled(region)
    finally:
        for process in (region.agents["t0"], region.hub):
            process.terminate()
            process.wait(LIMIT)
        region.hub.stdout.close()
    for name in ("hub", "t0"):
        shutil.move(world.path(name), world.path("good-" + name))
    return region, size


def restore(world):
    for name in ("hub", "t0"):
        shutil.rmtree(world.path(name), ignore_errors=True)
        shutil.copytree(world.path("good-" + name), world.path(name))
        if os.path.exists(world.path(name + ".err")):
            os.remove(world.path(name + ".err"))


def files_of(world, name):
    base = world.path("good-" + name)
    found = [os.path.relpath(os.path.join(path, file), base)
             for path, _, files in os.walk(base) for file in files]
    return sorted(file for file in found if not LOCKS.fullmatch(file))


def said(world, name, admin):
    """What the program wrote, checked: little, and nothing secret."""
    with open(world.path(name + ".err"), encoding="utf-8", errors="replace") as file:
        text = file.read()
    check(SECRET not in text and admin.strip() not in text, f"{name} printed a secret")
    check(text.count("\n") < 40, f"{name} fills its log: {text[:1000]}")
    return text


def refused(world, name, what, admin):
    """Its end: one line for a person."""
    lines = [line for line in said(world, name, admin).splitlines() if not line.startswith("time=")]
    check(len(lines) == 1 and lines[0].startswith("holdfast-"), f"{what}: {lines}")
    help_words = ("restore", "remove", "delete", "put ", "give ", "name ", "register", "Is a directory",
                  "no plain file")
    check(any(word in lines[0] for word in help_words), f"{what} does not say what to do: {lines[0]}")


def start_hub(world, region):
    """True: it listens. False: it ended, with 3."""
    with open(world.path("hub.err"), "ab") as errors:
        region.hub = subprocess.Popen([HUB, "run", "--data", world.path("hub"), "--listen", "127.0.0.1:0"],
                                      env=world.env, stdout=subprocess.PIPE, stderr=errors)
    for line in region.hub.stdout:
        if line.startswith(b"listening on "):
            region.url = line.split()[-1].decode()
            return True
    region.hub.stdout.close()
    code = region.hub.wait(LIMIT)
    check(code == 3, f"the Hub ended with {code}")
    return False


def start_agent(world, region, name="t0"):
    region.run_agent(name, hub=region.url)
    process = region.agents[name]
    until(lambda: process.poll() is not None or
          (local(world, name, "GET", "/v1/status") or (0, {}))[0] == 200, "the agent runs or ends")
    if process.poll() is None:
        return True
    check(process.returncode in (2, 3), f"the agent ended with {process.returncode}")
    return False


def stop(region):
    """Both end in order."""
    for process in (region.agents.pop("t0", None), region.hub):
        if process is not None and process.poll() is None:
            process.terminate()
            check(process.wait(LIMIT) == 0, "a program ends well")
    if not region.hub.stdout.closed:
        region.hub.stdout.close()


def go_on(world, region, size, what):
    """It runs: what was acknowledged is there, and more follows to a receipt."""
    answer = append(world, "t0", 100)
    check(answer is not None and answer[0] == 200 and answer[1]["index"] >= size, f"{what}: {answer}")
    end = answer[1]["index"] + 1
    until(lambda: region.json("GET", "/v1/tenants/t0")["receipt"] >= end, f"{what}: a receipt")
    settled(region)
    row = region.json("GET", "/v1/models/usage?key=t0")["rows"]
    check([int(r["requests"]) for r in row] == [19], f"{what}: {row}")


def one(world, region, size, name, file, how):
    """True: it went on."""
    what = f"{name}/{file}, {how.__name__}"
    restore(world)
    how(world.path(name, file))
    started = start_hub(world, region)
    try:
        if started:
            started = start_agent(world, region)
            if started:
                go_on(world, region, size, what)
        check(started or not DERIVED.fullmatch(file), f"{what}: it is refused")
        if file.endswith("views.mdb") and how in (garbage, half, folder):
            check(logged(world, name, "log.index_anew"), f"{what}: nothing is said")
            check(os.path.exists(world.path(name, file + ".damaged")), f"{what}: it is not kept")
        if started:
            check(how is not os.remove or file not in NEEDED[name], f"{what}: it goes on")
        else:
            refused(world, name, what, region.admin)
    finally:
        stop(region)
    if started:
        said(world, "hub", region.admin)
        said(world, "t0", region.admin)
    return started


def damaged(world, name):
    region, size = make(world)
    refusals, wrong = 0, []
    cases = [(file, how) for file in files_of(world, name) for how in HOW]
    for file, how in cases:
        try:
            refusals += not one(world, region, size, name, file, how)
        except harness.Failed as error:
            wrong.append(str(error))
    print(f"# {len(cases)} cases, {refusals} refused")
    check(not wrong, f"{len(wrong)}: " + "; ".join(wrong[:20]))
    check(0 < refusals < len(cases), f"{refusals} of {len(cases)}")


def entries(world):
    """A bit of an entry of the region's log is turned, wherever in it: a person is told what to do."""
    region, _ = make(world)
    with open(world.path("good-hub", "log.mdb"), "rb") as file:
        good = file.read()
    copies = [match.start() for match in re.finditer(b"tenant[.]created", good)]  # some of pages that are free
    for place in range(0, 90, 5):
        restore(world)
        data = bytearray(good)
        for at in copies:
            data[at + place] ^= 0x80
        with open(world.path("hub", "log.mdb"), "wb") as file:
            file.write(data)
        try:
            check(not start_hub(world, region), f"byte {place}: it goes on")
            refused(world, "hub", f"byte {place}", region.admin)
        finally:
            stop(region)


def spoil(path):
    """Bits of a database turn while a program has it open. The other hand's change makes the program look at the
    file again instead of what it remembers of it."""
    with sqlite3.connect(path, timeout=LIMIT, isolation_level=None) as db:
        db.execute("UPDATE holdfast_positions SET position = position")
        db.execute("PRAGMA busy_timeout = 100")  # who reads may hold up the last of it
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = db.execute("PRAGMA page_size").fetchone()[0]
    with open(path, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(page)  # the first one is the head, by which it is still a database
        file.write(random.Random(7).randbytes(size - page))
    db.close()


def kept(path):
    """What was damaged lies beside, and what took its place is whole."""
    with open(path + ".damaged", "rb") as file:
        check(file.read(15) == b"SQLite format 3", "what was damaged is kept")
    with sqlite3.connect(path, timeout=LIMIT) as db:
        check(db.execute("PRAGMA integrity_check").fetchone() == ("ok",), "what took its place is whole")
    db.close()


def logged(world, name, text):
    with open(world.path(name + ".err"), encoding="utf-8") as file:
        return text in file.read()


def in_use(world):
    """Read models of the Hub and views of the agent are damaged while both run: with the next event the file is
    put aside, with a word in the log, and they are made of the log again."""
    region, size = make(world)
    restore(world)
    check(start_hub(world, region) and start_agent(world, region), "they run")
    models, views = world.path("hub", "models.db"), world.path("t0", "views-1.db")

    def requests():
        """As the Hub and as the agent have it; None while they have not."""
        status, rows = region.call("GET", "/v1/models/usage?key=t0")
        mine = local(world, "t0", "GET", "/v1/metering") or (0,)
        return (sum(int(row["requests"]) for row in json.loads(rows)["rows"]) if status == 200 else None,
                sum(row["amount"] for row in mine[1]["rows"] if row["meter"] == "requests") if mine[0] == 200 else None)

    try:
        go_on(world, region, size, "before")
        spoil(models)
        spoil(views)
        region.create("t1")
        meter(world, "t0", 101)
        until(lambda: requests() == (20, 20), "both are made of the log again")
        check(logged(world, "hub", "models.anew") and logged(world, "t0", "views.anew"), "and it is said")
        kept(models)
        kept(views)
    finally:
        stop(region)
    said(world, "hub", region.admin)
    said(world, "t0", region.admin)


def hub(world):
    damaged(world, "hub")


def agent(world):
    damaged(world, "t0")


if __name__ == "__main__":
    harness.main([entries, hub, agent, in_use])
