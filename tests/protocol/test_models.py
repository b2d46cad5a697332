"""The read models inside of the Hub: they follow the log, page by page, and outlive everything."""
import json
import os
import sqlite3
import time

import harness
from harness import check
from postgres import Postgres, find
from region import LIMIT, caught_up, in_region, meter, options, settled, until, up


def rows(region, model, query="", **more):
    return region.json("GET", f"/v1/models/{model}{query}", **more)


@in_region
def follow(world, region):
    """A change is in the read model by itself; pages, keys, cursors; who may see what."""
    for number in range(25):
        region.create(f"t{number:02}", "canary" if number % 2 else "sandbox")
    region.run_agent("t00", region.mint("t00"))
    up(world, "t00")
    meter(world, "t00", 1)
    until(lambda: rows(region, "usage", "?key=t00")["rows"], "the record is there")
    check(rows(region, "usage", "?key=t00")["rows"][0]["requests"] == 1, "counted")
    settled(region)
    seen, query = [], "?limit=10"
    while query:
        page = rows(region, "fleet_1", query)
        seen += [row["tenant"] for row in page["rows"]]
        query = f"?limit=10&cursor={page['next']}" if "next" in page else None
    check(seen == [f"t{number:02}" for number in range(25)], f"{seen}")
    for bad in ("?cursor=00", "?cursor=ffff61", "?cursor=xyz", "?limit=0", "?what=1"):
        rows(region, "fleet", bad, status=400)
    rows(region, "nothing", status=404)
    user = region.json("POST", "/v1/principals", {"principal": "jo", "role": "viewer", "tenant": "t01",
                                                  "kind": "customer"}, 201)["token"]
    check([row["tenant"] for row in rows(region, "fleet", token=user)["rows"]] == ["t01"], "theirs")
    rows(region, "fleet", "?key=t02", status=403, token=user)
    rows(region, "freshness", status=403, token=user)
    region.json("GET", "/v1/models", status=403, token=user)


@in_region
def killed(world, region):
    """The Hub is killed again and again while events come: in the end the models are what the log
    says, and a digest of them stands in the log."""
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    listen = region.url.removeprefix("https://")
    for round_ in range(6):
        for number in range(10):
            meter(world, "acme", round_ * 10 + number + 1)
        time.sleep(0.02 * round_)
        region.hub.kill()
        region.hub.wait(LIMIT)
        region.hub.stdout.close()
        region.start(listen)
    caught_up(region, "acme", 60)
    settled(region)
    check(rows(region, "usage", "?key=acme")["rows"][0]["requests"] == 60, "none lost, none twice")
    options(world, region)
    digest = json.loads(world.run("projections", "digest", "usage", "--json").stdout)
    check(digest["projection"] == "usage_1" and digest["rows"] == 1, f"{digest}")
    check(region.events("projection.digest")[-1] == digest, "in the log")
    region.stop()
    region.agents.clear()
    world.run("projections", "verify", world.path("hub"), "--db", world.path("hub", "models.db"))
    status = json.loads(world.run("projections", "status", world.path("hub"), "--db",
                                  world.path("hub", "models.db"), "--json").stdout)
    mine = next(model for model in status if model["projection"] == "usage_1")
    check(mine["digest"] == digest["digest"] and mine["promoted"] is True, f"{mine}")


@in_region
def damaged(world, region):
    """Read models can be thrown away, and a store that is broken stops nothing but itself."""
    region.create("acme")
    settled(region)
    listen = region.url.removeprefix("https://")

    def again(change):
        region.hub.terminate()
        region.hub.wait(LIMIT)
        region.hub.stdout.close()
        change(world.path("hub", "models.db"))
        region.start(listen)

    again(os.remove)
    settled(region)
    check(rows(region, "fleet")["rows"][0]["tenant"] == "acme", "built anew")
    again(lambda path: open(path, "wb").write(b"this is no database at all, " * 100))
    settled(region)
    check(rows(region, "fleet")["rows"][0]["tenant"] == "acme", "what is damaged is built anew")
    with open(world.path("hub", "models.db.damaged"), "rb") as file:
        check(file.read(4) == b"this", "and kept beside")

    def occupy(path):
        os.remove(path)
        os.mkdir(path)
        os.remove(path + ".damaged")
        os.mkdir(path + ".damaged")
        with open(os.path.join(path + ".damaged", "full"), "wb"):
            pass  # so nothing can be put there
    again(occupy)
    answer = rows(region, "fleet", status=503)
    check("not there now" in answer["detail"] and "database" in answer["detail"], f"{answer}")
    region.create("other")  # the Hub itself goes on
    os.rmdir(world.path("hub", "models.db"))
    until(lambda: region.call("GET", "/v1/models")[0] == 200, "it comes back by itself")
    settled(region)
    check(len(rows(region, "fleet")["rows"]) == 2, "and knows what happened meanwhile")

    with sqlite3.connect(world.path("hub", "models.db"), timeout=LIMIT) as db:
        db.execute("UPDATE holdfast_positions SET position = 0")  # somebody else's hand
        db.execute("DELETE FROM fleet_1")
    db.close()
    region.create("third")
    def tenants():  # while the other hand holds the file, the answer is 503
        status, answer = region.call("GET", "/v1/models/fleet")
        return len(json.loads(answer)["rows"]) if status == 200 else 0

    until(lambda: tenants() == 3, "seen, and begun again")


def in_postgres(world):
    """The same on PostgreSQL: stopped hard in between, it goes on, and digests are the same as in
    SQLite."""
    if find() is None:
        raise harness.Skipped("no PostgreSQL server on this machine")
    server = Postgres()
    try:
        follow_postgres(world, server)
    finally:
        server.close()


def follow_postgres(world, server):
    @in_region
    def run(world, region):
        listen = region.url.removeprefix("https://")
        region.hub.terminate()
        region.hub.wait(LIMIT)
        region.hub.stdout.close()
        region.start(listen, "--models", server.url())
        region.create("acme")
        region.run_agent("acme", region.mint("acme"))
        up(world, "acme")
        for number in range(20):
            meter(world, "acme", number + 1)
        caught_up(region, "acme", 20)
        settled(region)
        server.stop(hard=True)
        for number in range(20, 40):
            meter(world, "acme", number + 1)
        caught_up(region, "acme", 40)
        server.start()
        until(lambda: region.call("GET", "/v1/models")[0] == 200, "it comes back by itself")
        settled(region)
        check(server.sql("SELECT requests FROM holdfast.usage_1") == "40", "none lost, none twice")
        db = (world.path("hub"), "--db", server.url())  # which the Hub writes
        world.run("projections", "verify", *db)
        check(json.loads(world.run("projections", "status", *db, "--json").stdout)[0]["position"] > 0, "status")
        check(json.loads(world.run("projections", "show", db[0], "usage", "acme", *db[1:], "--json").stdout)[0][
            "requests"] == 40, "shown while the Hub writes them")
        check(json.loads(world.run("projections", "dead", *db, "--json").stdout) == [], "none is dead")
        said = world.run("projections", "update", *db, code=3).stderr
        check(b"another program writes" in said, said)
        region.stop()
        region.agents.clear()
        in_hub, in_file = ({model["projection"]: model["digest"] for model in json.loads(world.run(
            "projections", "update", world.path("hub"), "--db", db, "--json").stdout)}
                           for db in (server.url(), world.path("file.db")))
        check(in_hub == in_file, f"{in_hub} {in_file}")
        world.run("projections", "verify", world.path("hub"), "--db", server.url())
        server.sql("UPDATE holdfast.usage_1 SET requests = requests + 1")
        done = world.run("projections", "verify", world.path("hub"), "--db", server.url(), code=1)
        check(b"usage_1" in done.stderr, done.stderr)
        world.run("projections", "rebuild", world.path("hub"), "usage_1", "--db", server.url())
        world.run("projections", "verify", world.path("hub"), "--db", server.url())

    run(world)


if __name__ == "__main__":
    harness.main([follow, killed, damaged, in_postgres])
