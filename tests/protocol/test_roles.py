"""A Hub whose roles are processes of their own: the api role owns the log, a worker follows it over the
Hub's Unix socket and keeps the read models in PostgreSQL."""
import json
import os
import re
import shutil
import socket
import subprocess
import time

import harness
import postgres
from harness import check
from hub import Hub
from region import HUB, LIMIT, caught_up, meter, until, up


class Roles(Hub):
    """The api role, and as many workers as a test starts."""

    def __init__(self, world, server, models=True):
        self.server, self.worker, self.models = server, None, models
        super().__init__(world)

    def start(self, listen="127.0.0.1:0", *more):
        models = ["--models", self.server.url()] if self.models else []
        super().start(listen, "--role", "api", *models, *more)

    def follow(self, name="worker", models=None, code=None):
        """Starts a worker; with a code: waits for its end and gives what it said."""
        command = [HUB, "run", "--role", "worker", "--data", self.world.path(name), "--socket",
                   self.world.path("hub", "hub.sock"), "--models", models or self.server.url()]
        if code is not None:
            done = subprocess.run(command, env=self.world.env, capture_output=True, timeout=LIMIT, check=False)
            check(done.returncode == code, f"{done.returncode} {done.stderr[-500:]}")
            return done.stderr.decode()
        with open(self.world.path("worker.err"), "ab") as errors:
            self.worker = subprocess.Popen(command, env=self.world.env, stdout=subprocess.DEVNULL,
                                           stderr=errors)
        return None

    @property
    def address(self):
        return self.url.removeprefix("https://")

    def end_hub(self):
        self.hub.terminate()
        check(self.hub.wait(LIMIT) == 0, "the api ends in order")
        self.hub.stdout.close()

    def end(self, hard=False):
        """Ends the worker."""
        if hard:
            self.worker.kill()
        else:
            self.worker.terminate()
        code = self.worker.wait(LIMIT)
        check(code == (-9 if hard else 0), f"{code}")
        self.worker = None

    def stop(self):
        if self.worker is not None and self.worker.poll() is None:
            self.worker.kill()
            self.worker.wait()
        super().stop()

    def position(self):
        """Entries of the log that all read models hold, as the database says."""
        try:
            count, least = self.server.sql("SELECT count(*), min(position) FROM "
                                           "holdfast.holdfast_positions", quiet=True).split("|")
        except subprocess.CalledProcessError:
            return 0
        return int(least) if int(count) == len(self.names()) else 0

    def names(self):
        """The read models of this release."""
        text = self.call("GET", "/metrics", token="").body.decode()
        return sorted(re.findall(r'holdfast_projection_position{projection="(\w+)"}', text))

    def settled(self):
        """The read models hold all that the log has now; it grows a little by itself."""
        size = self.size()
        until(lambda: self.position() >= size, "the worker is at the log's end")

    def check_digests(self):
        """What the worker made is what a rebuild from the log gives."""
        self.stop()
        log, fresh = self.world.path("hub"), self.world.path("fresh.db")
        made, wanted = ({model["projection"]: (model["digest"], model["position"], model["dead_letters"])
                         for model in json.loads(self.world.run(
                             "projections", verb, log, "--db", db, "--json").stdout)}
                        for verb, db in (("update", self.server.url()), ("rebuild", fresh)))
        check(made == wanted, f"{made}\n{wanted}")


def with_roles(case, **more):
    def run(world):
        if postgres.find() is None:
            raise harness.Skipped("there is no PostgreSQL server on this machine")
        server = postgres.Postgres()
        try:
            hub = Roles(world, server, **more)
            try:
                case(world, hub)
            finally:
                hub.stop()
        finally:
            server.close()
    run.__name__ = case.__name__
    run.__doc__ = case.__doc__
    return run


def send(world, first, count, tenant="acme"):
    for number in range(first, first + count):
        meter(world, tenant, number)


@with_roles
def follows(world, hub):
    """What happens at the api is in the database soon after; a worker that was stopped in order goes
    on where it was; once a day it has digests written into the log."""
    hub.create("acme")
    hub.run_agent("acme", hub.mint("acme"))
    up(world, "acme")
    hub.follow()
    send(world, 1, 30)
    caught_up(hub, "acme", 30)
    hub.settled()
    check(hub.server.sql("SELECT requests FROM holdfast.usage_1") == "30", "counted")
    hub.create("quick")
    until(lambda: hub.server.sql("SELECT count(*) FROM holdfast.fleet_1") == "2", "it is there")
    hub.settled()
    hub.end()
    with open(world.path("worker", "follow"), encoding="utf-8") as file:
        state = file.read().splitlines()
    check(state[0] == "holdfast/follow@v1" and int(state[2]) == hub.position(), f"{state[:3]}")
    send(world, 31, 10)
    caught_up(hub, "acme", 40)
    hub.follow()
    hub.settled()
    until(lambda: len(hub.json("GET", "/v1/events?type=projection.digest&limit=1000")["events"]) >= len(hub.names()),
          "digests are written")
    digests = hub.events("projection.digest")
    check(sorted(d["projection"] for d in digests) == hub.names(), f"{digests}")
    hub.settled()
    hub.check_digests()


@with_roles
def killed(world, hub):
    """Worker, api and database are killed in turn while events come; so is the worker's state lost, and
    damaged: in the end the read models are what the log says."""
    hub.create("acme")
    hub.run_agent("acme", hub.mint("acme"))
    up(world, "acme")
    for turn in range(12):
        hub.follow()
        send(world, turn * 10 + 1, 10)
        time.sleep(0.03 * turn)  # killed at ever other moments
        if turn % 3 == 1:
            hub.kill()
        elif turn % 3 == 2:
            hub.server.stop(hard=True)
            hub.server.start()
        hub.end(hard=True)
        if turn == 4 and os.path.exists(world.path("worker", "follow")):
            os.remove(world.path("worker", "follow"))
        if turn == 7:
            with open(world.path("worker", "follow"), "w", encoding="ascii") as file:
                file.write("holdfast/follow@v1\nnothing\n")
    caught_up(hub, "acme", 120)
    hub.follow()
    hub.settled()
    check(hub.server.sql("SELECT requests FROM holdfast.usage_1") == "120", "none lost, none twice")
    hub.server.sql("DROP SCHEMA holdfast CASCADE", quiet=True)  # and once more from the beginning
    hub.end(hard=True)
    hub.follow()
    hub.settled()
    hub.check_digests()


@with_roles
def other_history(world, hub):
    """A log that was put back, one that was rewritten, and another region's: the worker says so, ends,
    and has written nothing; both signed checkpoints of the rewritten one are kept."""
    hub.create("one")
    hub.end_hub()
    shutil.copytree(world.path("hub"), world.path("older"))
    hub.start(hub.address)
    hub.create("two")
    hub.follow()
    hub.settled()
    hub.end()
    before = hub.server.sql("SELECT string_agg(tenant, ' ') FROM holdfast.fleet_1")
    shutil.copytree(world.path("worker"), world.path("keeper"))

    def instead(folder):
        hub.end_hub()
        shutil.rmtree(world.path("hub"))
        shutil.copytree(folder, world.path("hub"))
        hub.start(hub.address)
    instead(world.path("older"))
    check("put back" in hub.follow(code=3), "a shorter log")
    os.remove(world.path("worker", "follow"))
    check("put back" in hub.follow(code=3), "also for who only has the database")
    for number in range(40):
        hub.create(f"other-{number}")
    said = hub.follow("keeper", code=3)
    check("rewritten" in said, said)
    for name in ("fork-known.note", "fork-shown.note"):
        with open(world.path("keeper", name), encoding="utf-8") as file:
            check(file.read().startswith("holdfast/dev\n"), name)
    said = hub.follow(code=3)
    check("rewritten" in said, said)
    hub.end_hub()
    shutil.rmtree(world.path("hub"))
    hub.start(hub.address)
    with open(world.path("hub", "admin.token"), encoding="ascii") as file:
        hub.admin = file.read()
    said = hub.follow("fresh", code=3)
    check("are of the log" in said, said)
    for number in range(40):
        hub.create(f"new-{number}")
    check("not signed by the key" in hub.follow("keeper", code=3), "another key")
    check(hub.server.sql("SELECT string_agg(tenant, ' ') FROM holdfast.fleet_1") == before, "nothing written")


@with_roles
def refused(world, hub):
    """SQLite, a second worker of one database, and a user of the machine who is not let in."""
    said = hub.follow(models=world.path("file.db"), code=2)
    check("PostgreSQL" in said, said)
    done = subprocess.run([HUB, "run", "--role", "api", "--data", world.path("x"), "--models",
                           world.path("file.db")], env=world.env, capture_output=True, check=False)
    check(done.returncode == 2 and b"PostgreSQL" in done.stderr and not os.path.exists(world.path("x")), f"{done}")
    hub.create("one")
    hub.follow()
    hub.settled()
    second = subprocess.Popen([HUB, "run", "--role", "worker", "--data", world.path("second"), "--socket",
                               world.path("hub", "hub.sock"), "--models", hub.server.url()],
                              env=world.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    check(b"another program writes the read models" in second.stderr.readline(), "told")
    second.terminate()
    second.wait(LIMIT)
    second.stderr.close()
    stat = os.stat(world.path("hub", "hub.sock"))
    check(stat.st_mode & 0o777 == 0o660, f"{stat.st_mode:o}")
    if os.geteuid() != 0:
        return
    def asked_as(uid):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LIMIT)
            os.seteuid(uid)  # what the socket's other end is told
            try:
                connection.connect(world.path("hub", "hub.sock"))
            finally:
                os.seteuid(0)
            connection.sendall(b"GET /v1/region HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return int(answer.split()[1])
    os.chmod(world.path(), 0o755)
    os.chmod(world.path("hub"), 0o755)
    os.chmod(world.path("hub", "hub.sock"), 0o666)
    check(asked_as(0) == 200 and asked_as(12345) == 403, "by user")
    hub.end_hub()
    hub.start(hub.address, "--allow-uids", "999,12345")
    os.chmod(world.path("hub", "hub.sock"), 0o666)
    check(asked_as(12345) == 200 and asked_as(12346) == 403, "by name")


@with_roles
def reads(world, hub):
    """The api shows what the worker keeps: pages, who may see what, digests of it, figures; and says so
    when there is nothing to show yet."""
    def rows(query="", **more):
        return hub.json("GET", f"/v1/models/fleet{query}", **more)
    check("not there now" in rows(status=503)["detail"], "before the first worker")
    for number in range(25):
        hub.create(f"t{number:02}")
    hub.follow()
    until(lambda: hub.call("GET", "/v1/models").status == 200, "it is there")
    until(lambda: all(m["lag"] == 0 for m in hub.json("GET", "/v1/models")["models"]), "it is at the log's end")
    size = hub.size()
    hub.settled()
    models = hub.json("GET", "/v1/models")
    check(len(models["models"]) == len(hub.names()) and models["as_of"] >= size, f"{models}")
    seen, query = [], "?limit=10"
    while query:
        page = rows(query)
        seen += [row["tenant"] for row in page["rows"]]
        query = f"?limit=10&cursor={page['next']}" if "next" in page else None
    check(seen == [f"t{number:02}" for number in range(25)] and page["as_of"] >= size, f"{seen}")
    for bad in ("?cursor=00", "?cursor=ffff61"):
        rows(bad, status=400)
    hub.json("GET", "/v1/models/nothing", status=404)
    user = hub.json("POST", "/v1/principals", {"principal": "jo", "role": "viewer", "tenant": "t01",
                                               "kind": "customer"}, 201)["token"]
    check([row["tenant"] for row in rows(token=user)["rows"]] == ["t01"], "theirs")
    rows("?key=t02", status=403, token=user)
    digest = hub.json("POST", "/v1/models/usage/digest", status=201)
    until(lambda: f'projection="fleet_1"}} {hub.size()}' in
          hub.call("GET", "/metrics", token="").body.decode(), "the figures follow")
    check(digest in hub.events("projection.digest"), "in the log")


@with_roles
def frozen(world, hub):
    """A database that answers nobody holds up nobody: calls of the api are as quick as ever, those about
    read models are refused after a moment; then everything goes on. The api also ends meanwhile."""
    hub.create("one")
    hub.follow()
    hub.settled()
    until(lambda: hub.call("GET", "/v1/models").status == 200, "it reads")
    hub.server.freeze()
    try:
        waiting = [hub.connect() for _ in range(4)]
        for connection in waiting:
            connection.request("GET", "/v1/models", headers={"Authorization": "Bearer " + hub.admin})
        slowest = 0
        for number in range(200):
            at = time.monotonic()
            hub.create(f"during-{number}")
            slowest = max(slowest, time.monotonic() - at)
        check(slowest < 30, f"a call took {slowest:.2f} s")  # the database would hold it for ever
        answers = [connection.getresponse() for connection in waiting]
        check([answer.status for answer in answers] == [503] * 4, f"{[a.status for a in answers]}")
        for connection in waiting:
            connection.close()
        until(lambda: hub.call("GET", "/v1/models").status == 503, "refused")
        hub.end_hub()
    finally:
        hub.server.freeze(False)
    hub.start(hub.address)
    hub.settled()
    until(lambda: hub.call("GET", "/v1/models").status == 200, "it reads again")
    check(hub.json("GET", "/v1/models/fleet?key=during-199")["rows"], "nothing was lost")
    hub.check_digests()


def alone(world):
    """Without `models` the api has none and says who has."""
    hub = Roles(world, None, models=False)
    try:
        hub.create("one")
        check("its worker keeps them" in hub.json("GET", "/v1/models", status=503)["detail"], "told")
        check('projection="fleet_1"} 0' in hub.call("GET", "/metrics", token="").body.decode(), "a figure")
        check(not os.path.exists(world.path("hub", "models.db")), "nothing was made")
    finally:
        hub.stop()


harness.main([reads, frozen, alone, follows, killed, other_history, refused])
