"""Read models of a real region in SQLite and in PostgreSQL: the same rows whatever was killed meanwhile."""
import json
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import time

import harness
import postgres
from harness import check
from hub import Agent, Hub
from region import LIMIT, until


def pack(value):
    """Canonical MessagePack of what events are made of."""
    if value is None:
        return b"\xc0"
    if isinstance(value, int):
        for limit, head, form in ((1 << 8, 0xcc, ">BB"), (1 << 16, 0xcd, ">BH"),
                                  (1 << 32, 0xce, ">BI"), (1 << 64, 0xcf, ">BQ")):
            if value < limit:
                return bytes([value]) if value < 128 else struct.pack(form, head, value)
    if isinstance(value, str):
        data = value.encode()
        return (bytes([0xa0 | len(data)]) if len(data) < 32 else bytes([0xd9, len(data)])) + data
    return bytes([0x80 | len(value)]) + b"".join(pack(k) + pack(value[k]) for k in sorted(value))


def metering(tenant, number, version=3, **more):
    """An entry of a tenant's log: a request was answered."""
    at = 1767225600000000 + number * 1000000
    payload = {"tenant": tenant, "provider": "p", "model": f"model-{number % 3}",
               "request": f"r{number}", "input_tokens": number, "output_tokens": 2,
               "cached_tokens": 0, "source": "wrapper", "cost": 5, "currency": "EUR", "latency": 7, **more}
    return b"\x9e" + b"".join(pack(value) for value in (
        1, "metering.recorded", version, "test", number + 1, f"metering/{tenant}", at, "", "", None,
        None)) + bytes([0x80 | len(payload)]) + pack(payload)[1:] + pack(number + 1) + pack(at)


class Metered:
    """A Hub whose tenants' agents are made of Python, and the two stores."""

    def __init__(self, world, server):
        self.world, self.server = world, server
        self.hub, self.agents = Hub(world), {}
        self.log, self.file = world.path("hub"), world.path("models.db")

    def tenant(self, name):
        self.hub.json("POST", "/v1/tenants", {"tenant": name, "ring": "sandbox"}, 201)
        token = self.hub.json("POST", f"/v1/tenants/{name}/tokens", {"ttl_s": 600}, 201)["token"]
        agent = self.agents[name] = Agent(name)
        agent.api_key = self.hub.json("POST", "/v1/register", agent.registration(token), 201,
                                      token="")["api_key"]

    def send(self, name, entries):
        agent = self.agents[name]
        answer = self.hub.call("POST", "/v1/segments", agent.segment(entries), token=agent.api_key)
        check(answer.status == 200, f"{answer.status} {answer.body[:300]}")

    def rest(self):
        """Ends the Hub: its log grows no more, which it does by a line a minute."""
        self.hub.hub.terminate()
        check(self.hub.hub.wait(LIMIT) == 0, "the Hub ends in order")

    def run(self, *args, db=None, code=0):
        """`holdfast projections VERB LOG ...` on a store."""
        return self.world.run("projections", args[0], self.log, *args[1:], "--db", db or self.file,
                              code=code)

    def models(self, verb, *args, db=None):
        return json.loads(self.run(verb, *args, "--json", db=db).stdout)

    def start(self, db, *args):
        verb, *more = args or ("update",)
        return subprocess.Popen([harness.PROGRAM, "projections", verb, self.log, *more, "--db", db],
                                env=self.world.env, stdout=subprocess.PIPE if args else subprocess.DEVNULL,
                                stderr=subprocess.PIPE)

    def both(self):
        return (self.file, self.server.url())


def with_region(case):
    def run(world):
        if postgres.find() is None:
            raise harness.Skipped("there is no PostgreSQL server on this machine")
        server = postgres.Postgres()
        try:
            metered = Metered(world, server)
            try:
                case(metered)
            finally:
                metered.hub.stop()
        finally:
            server.close()
    run.__name__ = case.__name__
    return run


@with_region
def survives(region):
    """An update that is killed again and again, and one whose server dies under it, end with the same
    digests as one that nobody disturbed, in both stores; a changed row is named."""
    rng = random.Random(3)
    tenants = [f"t{n}" for n in range(4)]
    for name in tenants:
        region.tenant(name)
        for first in range(0, 40000, 5000):
            region.send(name, [metering(name, n) for n in range(first, first + 5000)])
    region.rest()
    began = time.monotonic()
    whole = region.models("update")
    took = time.monotonic() - began
    check(all(model["lag"] == 0 and model["dead_letters"] == 0 for model in whole), f"{whole}")
    for db in (region.world.path("killed.db"), region.server.url()):
        for turn in range(8):
            process = region.start(db)
            try:
                process.wait(rng.random() * took * (1 if turn < 6 else 2))
            except subprocess.TimeoutExpired:
                process.kill()
            process.wait()
            process.stderr.close()
        check(region.models("update", db=db) == whole, "killed, and the same at the end")
    url = region.server.url()
    failures, turn = 0, 0
    while turn < 6 or failures == 0:  # how long an update takes is not always the same
        check(turn < 60, "no server died while it was used")
        turn += 1
        if turn == 1:
            region.run("rebuild", "usage_1", db=url)
        region.server.sql("UPDATE holdfast.holdfast_positions SET position = 0 "
                          "WHERE projection = 'usage_1'; DELETE FROM holdfast.usage_1")
        process = region.start(url)
        time.sleep(rng.random() * took)
        region.server.stop(hard=True)
        said = process.communicate()[1]
        check(process.returncode in (0, 3), f"{process.returncode} {said}")
        said = harness.said(said)
        check(process.returncode == 0 or said.count(b"\n") == 1 and b"PostgreSQL" in said, said)
        failures += process.returncode == 3
        done = region.world.run("projections", "status", region.log, "--db", url, code=3)
        check(b"PostgreSQL" in done.stderr, done.stderr)
        region.server.start()
        check(region.models("update", db=url) == whole, "the server died, and the same at the end")
    for db in region.both():
        region.run("verify", db=db)
    change = "SET requests = requests + 1 WHERE tenant = 't2'"
    region.server.sql(f"UPDATE holdfast.usage_1 {change}")
    with sqlite3.connect(region.file) as db:
        db.execute(f"UPDATE usage_1 {change}")
    db.close()
    for db in region.both():
        check(b"usage_1" in region.run("verify", db=db, code=1).stderr, "the changed model is named")
        region.run("rebuild", "usage_1", db=db)
        check(region.models("status", db=db) == whole, "mended")


@with_region
def dead_letters(region):
    """What cannot be read is kept with its reason and skipped by an update, the same in both stores. A
    rebuild ends at it and names it, unless it is told to go on, from where it was; then it is there once."""
    region.tenant("acme")
    region.send("acme", [metering("acme", 0), metering("acme", 1, version=4), b"no event",
                         metering("acme", 2), metering("acme", 3, source=None)])
    region.rest()
    for db in region.both():
        for verb in (("update",), ("rebuild", "--skip-dead"), ("rebuild", "--resume", "--skip-dead")):
            if verb[1:2] == ("--resume",):
                said = region.run("rebuild", db=db, code=3).stderr
                check(b"_1, entry " in said and b": event 2 of its segment cannot be read: " in said and
                      b"--skip-dead" in said, said)
                check(region.run("rebuild", "--resume", db=db, code=3).stderr == said, "and again")
                stopped = {model["projection"]: model for model in region.models("status", db=db)}
                check(all(model["dead_letters"] == 0 for model in stopped.values()), f"{stopped}")
            models = {model["projection"]: model for model in region.models(*verb, db=db)}
            check(models["usage_1"]["dead_letters"] == 3, f"{models}")
            check(models["fleet_1"]["dead_letters"] == 1, f"{models}")
        shown = region.run("dead", db=db).stdout.decode()
        check("needs a newer release" in shown and shown.count("usage_1") == 3, shown)
        listed = region.models("dead", db=db)
        check([row["log_offset"] for row in listed if row["projection"] == "usage_1"] == [2, 3, 5] and
              all(row["reason"] for row in listed), f"{listed}")
        rows = region.models("show", "usage", "acme", db=db)
        check(sum(row["requests"] for row in rows) == 2, f"{rows}")
    check(region.models("status") == region.models("status", db=region.server.url()), "digests")


@with_region
def promotion(region):
    """A second version is built beside the first and read when it is promoted: at once when both say
    the same where both can, else with a reason; one with dead letters is not."""
    region.tenant("acme")
    region.send("acme", [metering("acme", 0)])
    for db in region.both():
        region.run("update", db=db)
        promoted = {m["projection"]: m["promoted"] for m in region.models("status", db=db)}
        check(promoted["fleet_1"] and not promoted["fleet_2"], f"{promoted}")
        check("openclaw" not in region.models("show", "fleet", db=db)[0], "the first is read")
        region.run("promote", "fleet_3", db=db, code=2)
        region.run("promote", "fleet_1", db=db, code=3)
        said = region.run("promote", "fleet_2", db=db).stdout.decode()
        check("0 gone, 0 new, 0 changed" in said, said)
        region.run("promote", "fleet_1", db=db)
        said = region.models("promote", "fleet_2", db=db)
        check((said["from"], said["to"], said["gone"], said["new"], said["changed"], said["rows_to"]) ==
              ("fleet_1", "fleet_2", 0, 0, 0, 1), f"{said}")
        check("openclaw" in region.models("show", "fleet", db=db)[0], "the second is read")
    change = "UPDATE {}fleet_1 SET ring = 'canary'"
    region.server.sql(change.format("holdfast."))
    with sqlite3.connect(region.file) as db:
        db.execute(change.format(""))
    db.close()
    for db in region.both():
        done = region.run("promote", "fleet_1", db=db, code=3)
        check(b"1 changed" in done.stdout and b"--because" in done.stderr, f"{done}")
        check("openclaw" in region.models("show", "fleet", db=db)[0], "still the second")
        region.run("promote", "fleet_1", "--because", "it's a test", db=db)
        check(region.models("show", "fleet", db=db)[0]["ring"] == "canary", "the first again")
    query = "SELECT model, version, because FROM {}holdfast_promoted"
    check(region.server.sql(query.format("holdfast.")) == "fleet|1|it's a test", "kept")
    region.send("acme", [b"no event"])
    for db in region.both():
        said = region.run("update", db=db).stderr
        check(b"could not be read" in said, said)
        said = region.run("promote", "fleet_2", "--because", "no", db=db, code=3).stderr
        check(b"could not read 1 event" in said, said)


@with_region
def while_it_grows(region):
    """A changed row is named however the log grows meanwhile, and so is a digest in the log that is not
    what the log gives; a store that a Hub keeps is verified while it does."""
    region.tenant("acme")
    region.send("acme", [metering("acme", 0)])
    until(lambda: region.hub.json("GET", "/v1/models/usage?key=acme")["rows"], "the Hub follows")
    region.hub.json("POST", "/v1/models/usage/digest", None, 201)
    for db in region.both():
        region.run("update", db=db)
        check(b"as are 1 digests in it" in region.run("verify", db=db).stdout, "held against the log's")
        said = region.models("verify", db=db)
        check(said["verified"] and said["logged_digests"] == 1 and said["differ"] == [], f"{said}")
    number = 1
    for db, code in ((region.file, 1), (region.world.path("hub", "models.db"), 0)):
        if code == 1:
            with sqlite3.connect(db) as file:
                file.execute("UPDATE usage_1 SET requests = requests + 1")
            file.close()
        for _ in range(3):
            process = region.start(db, "verify", "--json")
            while process.poll() is None:
                region.send("acme", [metering("acme", number)])
                number += 1
            said, error = process.communicate()
            check(process.returncode == code, f"{process.returncode} {error}")
            differ = [row["projection"] for row in json.loads(said)["differ"]]
            check(differ == ["usage_1"] * code, f"{differ}")
    # Whatever the Hub has yet to write about this tenant would mend the row.
    until(lambda: all(model["lag"] == 0 for model in region.hub.json("GET", "/v1/models")["models"]), "the Hub follows")
    with sqlite3.connect(region.world.path("hub", "models.db"), timeout=LIMIT) as file:
        file.execute("UPDATE fleet_1 SET ring = 'general'")
    file.close()
    region.tenant("other")  # with the next change the Hub notices that another hand was at its rows
    until(lambda: region.hub.json("GET", "/v1/models/fleet?key=other")["rows"], "the Hub follows")
    region.hub.json("POST", "/v1/models/fleet_1/digest", None, 201)
    region.run("rebuild", "usage_1", db=region.file)
    said = region.run("verify", db=region.file, code=1).stderr
    check(b"of the log says that fleet_1 was another one" in said, said)


@with_region
def as_of(region):
    """What a model said about one thing when the log was shorter, by index and by time."""
    region.tenant("acme")
    rings = {}
    for ring in ("canary", "general", "sandbox"):
        region.hub.json("POST", "/v1/tenants/acme/move", {"ring": ring, "reason": "a test"})
        rings[region.hub.size()] = (ring, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        time.sleep(1.1)  # times are said in seconds here
    region.send("acme", [metering("acme", n) for n in range(7)])
    size = region.hub.size()
    region.send("acme", [metering("acme", n) for n in range(7, 9)])
    for db in region.both():
        region.run("update", db=db)
        for at, (ring, _) in rings.items():
            rows = region.models("show", "fleet", "acme", "--as-of", str(at), db=db)
            check([row["ring"] for row in rows] == [ring], f"{rows} {ring}")
        for requests, more in ((7, ("--as-of", str(size))), (9, ())):
            rows = region.models("show", "usage", "acme", *more, db=db)
            check(sum(row["requests"] for row in rows) == requests, f"{rows}")
        check(region.models("show", "fleet", "acme", "--as-of", "0", db=db) == [], "nothing yet")
        region.run("show", "fleet", "acme", "--as-of", "yesterday", db=db, code=2)
        region.run("show", "nothing", db=db, code=3)


@with_region
def refusals(region):
    """Wrong URLs, missing rights and databases: one line that says what is wrong; no password in it."""
    sql = region.server.sql
    sql("CREATE ROLE reader LOGIN")
    sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    sql("CREATE DATABASE given")
    sql("CREATE SCHEMA holdfast AUTHORIZATION reader", "given")
    url = region.server.url()
    for db, word in ((url.replace("/postgres?", "/nowhere?"), b"nowhere"),
                     (url.replace("holdfast@", "reader@"), b"permission denied"),
                     (url.replace("/postgres?", "/latin?"), b"UTF8"),
                     (url.replace("holdfast@", "holdfast:hunter2@"), b".pgpass"),
                     (url.replace("holdfast@", "holdfast:hunter%zz2@"), b"URL"),
                     (url + "x", b"No such file"),
                     ("postgresql://127.0.0.1:1/x", b"refused")):
        said = region.run("update", db=db, code=3).stderr
        check(word in said and b"hunter" not in said, said)
    region.run("update", db=url.replace("holdfast@", "reader@").replace("/postgres?", "/given?"))
    check(region.server.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'holdfast'") == "0",
          "nothing was made")


@with_region
def whose(region):
    """A store knows the log that it was made of: another one, and another history of the same, are
    refused and change nothing; one that knows no log is taken, and then it does."""
    region.tenant("acme")
    region.rest()
    run, path = region.world.run, region.world.path
    run("log", "init", path("other"), "--origin", "holdfast/dev", "--kind", "events")
    shutil.copytree(region.log, path("forked"))
    for log, number in ((path("other"), 40), (region.log, 2), (path("forked"), 5)):
        ticks = "".join(json.dumps({"type": "clock.tick", "producer": "test", "sequence": n + 1,
                                    "payload": {"region": "dev", "tick": n + number, "skew": 0,
                                                "at": "2026-01-01T00:00:00Z"}}) + "\n"
                        for n in range(number))
        run("log", "append", log, stdin=ticks.encode())
    for db in region.both():
        before = region.models("update", db=db)
        for log, word in ((path("other"), b"are of the log holdfast/dev+"),
                          (path("forked"), b"another history")):
            for verb in (("update",), ("status",), ("rebuild", "usage_1")):
                said = run("projections", verb[0], log, *verb[1:], "--db", db, code=3).stderr
                check(word in said, said)
        check(region.models("status", db=db) == before, "nothing was changed")
    region.server.sql("DELETE FROM holdfast.holdfast_source")
    with sqlite3.connect(region.file) as db:
        db.execute("DELETE FROM holdfast_source")
    db.close()
    for db in region.both():
        check(region.models("status", db=db) == before, "taken")
        region.run("rebuild", "usage_1", db=db)
        check(b"are of the log" in run("projections", "status", path("other"), "--db", db,
                                       code=3).stderr, "and known again")
        run("projections", "rebuild", path("other"), "--db", db)
        check(b"are of the log" in region.run("status", db=db, code=3).stderr, "and now of the other")


def full_disk(world):
    """PostgreSQL's disk is full: programs say so and end, a Hub says so and tries again; when there is
    room it goes on, and the digests are those of SQLite."""
    if postgres.find() is None:
        raise harness.Skipped("there is no PostgreSQL server on this machine")
    libc, disk = harness.small_disk(world, 400 << 20), world.path("disk")
    os.chmod(world.path(), 0o711)  # the server's user goes through it
    os.chmod(disk, 0o777)
    try:
        server = postgres.Postgres(disk, ("max_wal_size=64MB", "min_wal_size=32MB"))
        region = Metered(world, server)
        try:
            on_a_full_disk(region, os.path.join(disk, "filler"))
        finally:
            region.hub.stop()
            server.close()
    finally:
        libc.umount2(disk.encode(), 2)


def on_a_full_disk(region, filler):
    url = region.server.url()
    region.tenant("acme")
    region.send("acme", [metering("acme", n) for n in range(2000)])
    region.rest()
    with open(filler, "wb") as file:  # a connection needs a little, or nothing else is tried
        while os.statvfs(filler).f_bavail * os.statvfs(filler).f_frsize > 1 << 20:
            file.write(bytes(1 << 16))
            file.flush()
    for verb in ("update", "rebuild"):
        said = region.run(verb, db=url, code=3).stderr
        check(b"no room left on its disk" in said, said)
    region.hub.start("127.0.0.1:0", "--models", url)
    until(lambda: "no room left on its disk" in region.hub.errors(), "the Hub says so")
    check(region.hub.json("GET", "/v1/tenants")["tenants"], "and goes on with the rest")
    os.unlink(filler)
    until(lambda: region.hub.call("GET", "/v1/models/usage?key=acme").status == 200 and
          region.hub.json("GET", "/v1/models/usage?key=acme")["rows"], "it tried again")
    region.rest()
    check(region.models("update", db=url) == region.models("update"), "the same digests")
    region.run("verify", db=url)


harness.main([survives, dead_letters, promotion, while_it_grows, as_of, refusals, whose, full_disk])
