"""What comes down from a region: its events as a stream and in pages, resumed after kills; readers
that are slow, idle and many."""
import http.client
import json
import resource
import select
import signal
import socket
import subprocess
import time
import urllib.parse

import harness
from harness import check
from region import CONTEXT, LIMIT, append, caught_up, in_region, options, until, up


def host_of(region):
    return urllib.parse.urlsplit(region.url).hostname, urllib.parse.urlsplit(region.url).port


class Stream:
    """A reader of GET /v1/events as a browser would be: whole events, their ids, and resuming."""

    def __init__(self, region, query="", last=None, token=None):
        self.connection = http.client.HTTPSConnection(*host_of(region), timeout=LIMIT,
                                                      context=CONTEXT)
        headers = {"Accept": "text/event-stream",
                   "Authorization": "Bearer " + (token or region.admin)}
        if last is not None:
            headers["Last-Event-ID"] = last
        self.connection.request("GET", "/v1/events" + query, headers=headers)
        self.answer = self.connection.getresponse()
        self.ahead = b""
        check(self.answer.status == 200, f"{self.answer.status}")
        check(self.answer.headers["Content-Type"] == "text/event-stream", "the type")

    def line(self):
        """The next line without its end; None when there are no more."""
        while b"\n" not in self.ahead:
            try:
                piece = self.answer.read1(65536)
            except (http.client.HTTPException, OSError):
                return None
            if not piece:
                return None
            self.ahead += piece
        line, self.ahead = self.ahead.split(b"\n", 1)
        return line.decode()

    def next(self):
        """(id, name, data) of the next event; None at the end. Comments are let go."""
        fields = {}
        while True:
            line = self.line()
            if line is None:
                return None
            if line and not line.startswith(":"):
                key, value = line.split(": ", 1)
                fields.setdefault(key, []).append(value)
            elif not line and "data" in fields:
                return (fields.get("id", [None])[0], fields.get("event", [None])[0],
                        "\n".join(fields["data"]))
            elif not line:
                fields = {}

    def take(self, count):
        events = [self.next() for _ in range(count)]
        check(None not in events, f"the stream ended after {events.index(None) if None in events else 0}")
        return events

    def close(self):
        self.answer.close()
        self.connection.close()


def fill(region, count, prefix="t"):
    for number in range(count):
        region.create(f"{prefix}{number}")


def size_of(region):
    return region.json("GET", "/v1/region")["size"]


def in_log(world, *options):
    shown = world.run("log", "show", world.path("hub"), "--json", *options).stdout
    return [json.loads(line) for line in shown.splitlines()]


@in_region
def tail(world, region):
    """From the beginning, then live: every event once, in order, as `log show` has it; filters; a
    position to resume at; what is refused."""
    fill(region, 20)
    stream = Stream(region)
    size = size_of(region)
    before = stream.take(size)
    fill(region, 10, "u")
    events = before + stream.take(10)
    size += 10
    check([e[0] for e in events] == [str(n) for n in range(size)], f"{[e[0] for e in events]}")
    check([json.loads(e[2]) for e in events] == in_log(world)[:size], "not what the log has")
    stream.close()
    check(Stream(region, last="17").take(1)[0][0] == "18", "Last-Event-ID")
    check(Stream(region, "?from=29").take(2)[1][0] == "30", "from")
    now = Stream(region, "?from=now&type=tenant.")
    one = Stream(region, "?stream=tenant/t3&type=tenant.")
    other = Stream(region, "?tenant=t3&type=tenant.mo")
    check(json.loads(one.take(1)[0][2])["event"]["type"] == "tenant.created", "by stream")
    region.json("POST", "/v1/tenants/t4/move", {"ring": "canary", "reason": "x"})
    region.json("POST", "/v1/tenants/t3/move", {"ring": "canary", "reason": "x"})
    moved = now.take(2)
    check(["t4" in moved[0][2], "t3" in moved[1][2]] == [True] * 2 and size <= int(moved[0][0]) < int(moved[1][0]), "from=now")
    check([reader.take(1)[0][0] for reader in (one, other)] == [moved[1][0]] * 2, "filtered, live")
    for reader in (now, one, other):
        reader.close()
    viewer = region.json("POST", "/v1/principals", {"principal": "eve", "role": "viewer"},
                         201)["token"]
    check(region.call("GET", "/v1/events", token=viewer)[0] == 403, "a viewer")
    # Of a log that was put back, or another one: what comes until then would be passed over.
    status, answer = region.call("GET", f"/v1/events?from={size_of(region) + 100}")
    check(status == 422 and b"behind the log's end" in answer, f"{status} {answer}")
    try:
        Stream(region, last="100000")
    except harness.Failed as error:
        check("422" in str(error), f"{error}")
    else:
        raise harness.Failed("a stream begins behind the log's end")
    for query in ("?from=x", "?from=-1", "?from=1.", "?limit=1001", "?wait_s=31", "?type=%zz",
                  "?type=" + "a" * 65, "?segments=2", "?stream=%00"):
        status, answer = region.call("GET", "/v1/events" + query)
        check(status == 400, f"{query}: {status} {answer}")


@in_region
def pages(world, region):
    """Page after page gives the same events; a page that waits comes with the next event, or empty
    when its time is over."""
    fill(region, 30)
    seen, start = [], "0"
    while True:
        page = region.json("GET", f"/v1/events?limit=7&from={start}")
        if not page["events"]:
            break
        seen += page["events"]
        start = page["next"]
    check(seen == in_log(world)[:len(seen)] and start == str(len(seen)), f"{len(seen)} events, {start}")
    began = time.monotonic()
    page = region.json("GET", f"/v1/events?from={start}&wait_s=1&type=tenant.created")
    check(page["events"] == [] and int(page["next"]) >= int(start), f"{page}")
    check(time.monotonic() - began >= 1, "it waits for a second")
    connection = http.client.HTTPSConnection(*host_of(region), timeout=LIMIT, context=CONTEXT)
    connection.request("GET", f"/v1/events?from={start}&wait_s=30&type=tenant.created",
                       headers={"Authorization": "Bearer " + region.admin})
    began = time.monotonic()
    region.json("POST", "/v1/principals", {"principal": "bob", "role": "viewer"}, 201)
    region.create("late")
    page = json.loads(connection.getresponse().read())
    check([e["event"]["stream"] for e in page["events"]] == ["tenant/late"], f"{page}")
    check(page["next"] == str(page["events"][0]["index"] + 1), f"{page}")
    check(time.monotonic() - began < 30, "it comes with the event")
    connection.close()


@in_region
def inside_segments(world, region):
    """Tenants' own events come with a position of two numbers, at which a reader goes on."""
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    for sequence in range(1, 31):
        append(world, "acme", sequence)
    caught_up(region, "acme", 30)
    query = "?segments=1&tenant=acme&type=clock."
    events = Stream(region, query).take(30)
    inner = [json.loads(e[2]) for e in events]
    check([e["tenant_index"] for e in inner] == list(range(30)), "not each event once")
    check([e["tenant"] for e in inner] == ["acme"] * 30, "the tenant")
    check([e[0] for e in events] == [f"{e['index']}.{e['offset']}" for e in inner], "positions")
    for at in (0, 13, 28):
        rest = Stream(region, query, last=events[at][0]).take(29 - at)
        check(rest == events[at + 1:], f"resumed behind {events[at][0]}")
    page = region.json("GET", f"/v1/events{query}&limit=1000")
    check(page["events"] == inner, "the same as a page")
    check(region.json("GET", "/v1/events?type=clock.")["events"] == [], "only when asked for")


@in_region
def killed(world, region):
    """kill -9 of the Hub again and again while a reader follows with Last-Event-ID: nothing is
    missed, nothing comes twice."""
    listen = region.url[len("https://"):]
    seen, created, last = [], 0, None
    for _ in range(6):
        stream = Stream(region, last=last)
        for _ in range(10):
            created += 1
            region.create(f"t{created}")
        seen += stream.take(size_of(region) - len(seen) - 3)  # some are on their way when it dies
        region.hub.kill()
        region.hub.wait()
        region.hub.stdout.close()
        while (event := stream.next()) is not None:
            seen.append(event)
        last = seen[-1][0]
        stream.close()
        region.start(listen)
    size = size_of(region)
    seen += Stream(region, last=last).take(size - len(seen))
    check([e[0] for e in seen] == [str(n) for n in range(size)], f"{[e[0] for e in seen]}")
    check([json.loads(e[2]) for e in seen] == in_log(world)[:size], "not what the log has")


@in_region
def closing(world, region):
    """A Hub that is told to stop says so to those who wait, and ends at once."""
    stream = Stream(region)
    connection = http.client.HTTPSConnection(*host_of(region), timeout=LIMIT, context=CONTEXT)
    connection.request("GET", "/v1/events?from=now&wait_s=30",
                       headers={"Authorization": "Bearer " + region.admin})
    until(lambda: metric(region, "holdfast_streams") == 1, "the stream is open")
    began = time.monotonic()
    region.hub.terminate()
    last = stream.next()
    while last is not None and last[1] is None:
        last = stream.next()
    check(last is not None and last[1] == "closed" and "closing" in last[2], f"{last}")
    check(stream.next() is None, "the end")
    answer = connection.getresponse()  # of nothing, or of the first use that was noted just now
    check(answer.status == 200 and "next" in json.loads(answer.read()), "the page is answered")
    check(region.hub.wait(LIMIT) == 0 and time.monotonic() - began < 30, "the Hub ends, however long its readers would wait")
    connection.close()


@in_region
def command(world, region):
    """`holdfast events tail` prints what `log show` prints; filters; the last ten; the refusals."""
    options(world, region)
    fill(region, 15)
    def log(*more):
        return world.run("log", "show", world.path("hub"), *more).stdout

    # The log grows by a line a minute: one that comes in between is asked for again.
    until(lambda: world.run("events", "tail", "--from", "0").stdout == log(), "as text")
    until(lambda: world.run("events", "tail").stdout == b"".join(log().splitlines(True)[-10:]), "the last")
    until(lambda: world.run("events", "tail", "--from", "0", "--json").stdout == log("--json"), "as JSON")
    done = world.run("events", "tail", "--from", "0", "--type", "tenant.", "--stream", "tenant/t7")
    check(done.stdout.count(b"\n") == 1 and b"tenant/t7@1" in done.stdout, done.stdout)
    region.run_agent("t7", region.mint("t7"))
    up(world, "t7")
    append(world, "t7", 1)
    caught_up(region, "t7", 1)
    done = world.run("events", "tail", "--from", "0", "--tenant", "t7", "--segments", "--type", "clock.")
    check(b".1  clock.tick  t7:clock/dev@1  {" in done.stdout, done.stdout)
    world.run("events", "tail", "--from", "x", code=3)
    world.run("events", "tail", "--stream", "s" * 500, code=2)


@in_region
def command_follows(world, region):
    """`--follow` shows events as they come, goes on after the Hub was killed without a gap or a
    repetition, and ends with 0 when it is interrupted."""
    options(world, region)
    listen = region.url.removeprefix("https://")
    with open(world.path("tail.err"), "wb") as errors:
        tail = subprocess.Popen([harness.PROGRAM, "events", "tail", "--follow", "--from", "0", "--json"],
                                env=world.env, stdout=subprocess.PIPE, stderr=errors)
    try:
        lines = []
        for number in range(3):
            fill(region, 10, f"r{number}x")
            while not lines or not lines[-1]["event"]["stream"].endswith(f"/r{number}x9"):
                lines.append(json.loads(tail.stdout.readline()))
            region.hub.kill()
            region.hub.wait()
            region.hub.stdout.close()
            region.start(listen)
        check([line["index"] for line in lines] == list(range(len(lines))), "a gap or twice")
        check(lines == in_log(world)[:len(lines)], "not what the log has")
        tail.send_signal(signal.SIGINT)
        check(tail.wait(LIMIT) == 0, "interrupted")
    finally:
        tail.kill()
        tail.wait()
        tail.stdout.close()


def metric(region, name):
    text = region.call("GET", "/metrics")[1].decode()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


def memory_of(process):
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


@in_region
def slow_reader(world, region):
    """A reader takes nothing of a long log: within half a minute it is told so in a last event, and
    the Hub holds little for it; another one gets everything meanwhile, live events at once."""
    region.create("acme")
    for _ in range(400):  # more than the kernel and the queue take together
        region.json("POST", "/v1/tenants/acme/move", {"ring": "canary", "reason": "r" * 200})
        region.json("POST", "/v1/tenants/acme/move", {"ring": "sandbox", "reason": "r" * 200})
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.connect(host_of(region))
    slow = CONTEXT.wrap_socket(plain)
    slow.settimeout(LIMIT)
    before = memory_of(region.hub)
    slow.sendall(f"GET /v1/events HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n"
                 f"Authorization: Bearer {region.admin}\r\n\r\n".encode())
    until(lambda: metric(region, "holdfast_streams") == 1, "the slow one is there")
    began = time.monotonic()
    size = size_of(region)
    other = Stream(region)
    other.take(size)
    longest, number = 0, 0
    while time.monotonic() - began < 22:
        sent = time.monotonic()
        region.create(f"t{number}")
        other.take(1)
        number += 1
        longest = max(longest, time.monotonic() - sent)
        select.select([], [], [], 0.2)
    check(longest < 15, f"a live event took {longest:.1f} s")  # and not as long as the slow one is waited for
    check(memory_of(region.hub) - before < 8 << 20, "the Hub held what nobody took")
    taken = b""
    while not taken.endswith(b"\r\n0\r\n\r\n"):
        piece = slow.recv(65536)
        check(piece, "it is not told why it ends")
        taken += piece
    check(b"event: closed" in taken and b"too-slow" in taken[-400:], f"{taken[-400:]}")
    check(f"id: {size - 1}\n".encode() not in taken, "it was not slow at all")
    until(lambda: metric(region, "holdfast_streams") == 1, "only the other one is left")
    slow.close()


@in_region
def many_readers(world, region):
    """500 readers wait, and a commit reaches all of them; when they are gone nothing of them stays."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limit[1]), limit[1]))
    streams = [Stream(region, "?from=now&type=tenant.") for _ in range(500)]
    check(metric(region, "holdfast_streams") == 500, "all are open")
    region.create("acme")
    for stream in streams:
        check("tenant/acme" in stream.take(1)[0][2], "the event")
    for stream in streams:
        stream.close()
    until(lambda: metric(region, "holdfast_streams") == 0, "all are gone")


harness.main([tail, pages, inside_segments, killed, closing, command, command_follows, slow_reader, many_readers])
