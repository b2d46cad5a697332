"""tests/protocol/region.py: a region of real processes, for tests: a Hub, agents, calls to both."""
import json
import os
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from harness import check

HUB = os.environ["HUB_BIN"]
AGENT = os.environ["AGENT_BIN"]
LIMIT = 180  # seconds that anything may take on a slow machine


class Region:
    """A Hub in the world's folder, and what tests ask of it."""

    def __init__(self, world, *options):
        self.world, self.hub, self.agents, self.options = world, None, {}, options
        self.start()
        with open(world.path("hub", "admin.token"), encoding="ascii") as file:
            self.admin = file.read()

    def start(self, listen="127.0.0.1:0", *more):
        """At an address that it had before, another test may have come to it meanwhile: that is waited for."""
        until(lambda: self.listens(listen, *more), f"the Hub listens at {listen}")

    def listens(self, listen, *more):
        with open(self.world.path("hub.err"), "ab") as errors:
            self.hub = subprocess.Popen([HUB, "run", "--data", self.world.path("hub"), "--listen",
                                         listen, *self.options, *more], env=self.world.env,
                                        stdout=subprocess.PIPE, stderr=errors)
        for line in self.hub.stdout:
            if line.startswith(b"TLS pin "):
                self.pin = line.split()[-1].decode()
            elif line.startswith(b"listening on "):
                self.url = line.split()[-1].decode()
                return True
        self.hub.stdout.close()
        self.hub.wait()
        check("Address already in use" in self.errors(), "the Hub ended: " + self.errors())
        return False

    def errors(self):
        with open(self.world.path("hub.err"), encoding="utf-8") as file:
            return file.read()[-500:]

    def call(self, method, path, body=None, token=None, raw=False):
        data = body if raw or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("Authorization", "Bearer " + (self.admin if token is None else token))
        try:
            with urllib.request.urlopen(request, timeout=LIMIT, context=CONTEXT) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def json(self, method, path, body=None, status=200, token=None):
        got, answer = self.call(method, path, body, token)
        check(got == status, f"{method} {path}: {got} {answer[:300]}")
        return json.loads(answer)

    def mint(self, tenant):
        token = self.json("POST", f"/v1/tenants/{tenant}/tokens", {"ttl_s": 600}, 201)["token"]
        path = self.world.path(tenant + ".token")
        with open(path, "w", encoding="ascii") as file:
            file.write(token + "\n")
        return path

    def create(self, tenant, ring="sandbox"):
        self.json("POST", "/v1/tenants", {"tenant": tenant, "ring": ring}, 201)

    def run_agent(self, tenant, token=None, folder=None, hub=None, **settings):
        more = [] if token is None else ["--token-file", token]
        for name, value in {"heartbeat": "1", "batch": "0", "artifact_jitter": "1", **settings}.items():
            more += ["--" + name.replace("_", "-"), value]
        folder = folder or self.world.path(tenant)
        with open(self.world.path(tenant + ".err"), "ab") as errors:
            process = subprocess.Popen([AGENT, "run", "--data", folder, "--hub", hub or self.url, *more],
                                       env=self.world.env, stderr=errors)
        self.agents[tenant] = process
        return process

    def events(self, kind):
        """Payloads of the region's events of a type, in order. The Hub holds the log: it is asked to
        end, and started again at the same address."""
        address = self.url.removeprefix("https://")
        self.hub.terminate()
        self.hub.wait(LIMIT)
        self.hub.stdout.close()
        shown = self.world.run("log", "show", self.world.path("hub"), "--type", kind, "--json").stdout
        self.start(address)
        return [json.loads(line)["event"]["payload"] for line in shown.splitlines()]

    def stop(self):
        for process in [*self.agents.values(), self.hub]:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        self.hub.stdout.close()


CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE


def until(condition, what):
    """Waits for something that other processes do."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        check(time.monotonic() < deadline, f"it took more than {LIMIT} s: {what}")
        time.sleep(0.02)


def local(world, tenant, method, path, body=None):
    """One request on the agent's Unix socket; None when it is not there (yet)."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LIMIT)
            connection.connect(world.path(tenant, "agent.sock"))
            data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                               f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
    except OSError:
        return None
    if b"\r\n\r\n" not in answer:
        return None
    head, text = answer.split(b"\r\n\r\n", 1)
    return int(head.split()[1]), json.loads(text)


def append(world, tenant, sequence, tick=None):
    event = {"type": "clock.tick", "producer": "test", "sequence": sequence,
             "occurred": "2026-01-01T00:00:00Z",
             "payload": {"region": "dev", "tick": tick or sequence, "at": "2026-01-01T00:00:00Z",
                         "skew": 0}}
    return local(world, tenant, "POST", "/v1/events", event)


# When what tests meter has happened: the same for a whole run, so that a record can be sent again, and
# not so long ago that a metering period would be over.
NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def one_day():
    """What counts by the day gets a minute of this one: shortly before midnight, UTC, the next is waited for.
    Gives the time, as events have it."""
    until(lambda: time.time() % 86400 < 86340, "it is not about midnight")
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def meter(world, tenant, sequence, occurred=NOW, **more):
    event = {"type": "metering.recorded", "producer": "test", "sequence": sequence,
             "occurred": occurred,
             "payload": {**more, "tenant": tenant, "provider": "p", "model": "m", "request": f"r{sequence}",
                         "input_tokens": sequence, "output_tokens": 1, "cached_tokens": 0, "source": "wrapper",
                         "cost": 5, "currency": "EUR", "latency": 1}}
    answer = local(world, tenant, "POST", "/v1/events", event)
    check(answer is not None and answer[0] == 200, f"{answer}")


def up(world, tenant):
    until(lambda: (local(world, tenant, "GET", "/v1/status") or (0, {"state": ""}))[1]["state"] ==
          "RUNNING", f"{tenant} is running")


def caught_up(region, tenant, size):
    """The region has so many entries; an agent may have written more by itself meanwhile."""
    until(lambda: region.json("GET", f"/v1/tenants/{tenant}")["receipt"] >= size,
          f"{tenant} has a receipt for {size}")


def settled(region):
    """All read models have seen the whole log as it is now, which grows a little by what is asked of it."""
    size = region.json("GET", "/v1/region")["size"]

    def there():
        status, answer = region.call("GET", "/v1/models")
        return status == 200 and all(m["position"] >= size for m in json.loads(answer)["models"])
    until(there, "the read models have seen the log")


def options(world, region):
    """What the command needs to know of the Hub, in the environment."""
    path = world.path("admin.secret")
    with open(path, "w", encoding="ascii") as file:
        file.write(region.admin)
    world.env.update(HOLDFAST_HUB=region.url, HOLDFAST_HUB_TOKEN=path,
                     HOLDFAST_HUB_PIN=region.json("GET", "/v1/region")["tls_pin"])


def in_region(case, make=None):
    def run(world):
        region = (make or Region)(world)
        try:
            case(world, region)
        finally:
            region.stop()
    run.__name__ = case.__name__
    return run
