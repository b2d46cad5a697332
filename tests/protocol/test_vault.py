"""tests/protocol/test_vault.py: the tenant's vault, through the command and the agent's socket: who
may do what, what is recorded, and that no value is ever anywhere but in the vault."""
import base64
import json
import os
import shutil
import socket
import tempfile

import harness
from harness import PROGRAM, check
from region import LIMIT, in_region, local, up, until

FIRST, SECOND, THIRD = "s3cr3t-first-0001", "s3cr3t-second-0002", "s3cr3t-third-0003"


def ask(world, tenant, method, path, body=b"", **fields):
    """One request; status, fields and bytes of the answer."""
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(LIMIT)
        connection.connect(world.path(tenant, "agent.sock"))
        connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}"
                           f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, text = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), fields, text


def vault(world, *args, stdin=b"", code=0, **more):
    return world.run("vault", *args, "--agent", world.path("acme", "agent.sock"), stdin=stdin,
                     code=code, **more)


def start(world, region, **settings):
    region.create("acme")
    agent = region.run_agent("acme", region.mint("acme"), **settings)
    up(world, "acme")
    return agent


def end(agent):
    agent.terminate()
    check(agent.wait(LIMIT) == 0, "the agent ends well")


def told(world):
    """The events about secrets in the tenant's log, once its agent has ended."""
    lines = world.run("log", "show", world.path("acme", "log"), "--json").stdout.splitlines()
    events = [json.loads(line)["event"] for line in lines]
    return [(e["type"], e["payload"]["secret"]) for e in events if e["type"].startswith("secret.")]


def holding(folder, values):
    """Files below the folder with any of the values, as it is or in base64 or hexadecimal."""
    found = []
    wanted = [form for v in values for form in (v.encode(), base64.b64encode(v.encode())[:-4],
                                                v.encode().hex().encode())]
    for path, _, names in os.walk(folder):
        for name in names:
            if os.path.isfile(os.path.join(path, name)):
                with open(os.path.join(path, name), "rb") as file:
                    data = file.read()
                found += [(name, w) for w in wanted if w in data]
    return found


@in_region
def life(world, region):
    """Put, put again, rotate, read as the program that may, delete; after kill -9 all is there; every
    act is one event, and no file of agent or Hub and no line of their logs holds a value."""
    agent = start(world, region, vault_uids=str(os.getuid()))
    vault(world, "put", "mail", "--kind", "credential", stdin=FIRST.encode() + b"\n")
    again = vault(world, "put", "mail", "--kind", "credential", stdin=FIRST.encode())
    check(b"as it was" in again.stdout, f"{again.stdout}")
    done = vault(world, "put", "mail", "--kind", "credential", stdin=SECOND.encode(), code=3)
    check(b"rotate it" in done.stderr, f"{done.stderr}")
    vault(world, "put", "model", "--kind", "modelkey", "--exact", stdin=THIRD.encode() + b"\n")
    check(ask(world, "acme", "GET", "/v1/vault/secrets/mail")[2] == FIRST.encode(), "the first value")
    agent.kill()
    agent.wait()
    agent = region.run_agent("acme", vault_uids=str(os.getuid()))
    up(world, "acme")
    vault(world, "rotate", "mail", stdin=SECOND.encode())
    listed = json.loads(vault(world, "list", "--json").stdout)["secrets"]
    check([(s["name"], s["version"], s["kept"]) for s in listed] == [("mail", 2, 2), ("model", 1, 1)],
          f"{listed}")
    check(ask(world, "acme", "GET", "/v1/vault/secrets/model")[2] == THIRD.encode() + b"\n", "exact")
    status, fields, text = ask(world, "acme", "GET", "/v1/vault/redaction")
    all_of_it = json.loads(text)
    check(status == 200 and len(base64.b64decode(all_of_it["placeholder_key"])) == 32, f"{status}")
    check([base64.b64decode(s["value"]).decode() for s in all_of_it["secrets"]] ==
          [FIRST, SECOND, THIRD + "\n"], "what redaction is given")
    check(ask(world, "acme", "GET", "/v1/vault/redaction", if_none_match=fields["etag"])[0] == 304,
          "nothing has changed")
    vault(world, "delete", "mail")
    check(ask(world, "acme", "GET", "/v1/vault/redaction", if_none_match=fields["etag"])[0] == 200,
          "something has changed")
    check(ask(world, "acme", "GET", "/v1/vault/secrets/mail")[0] == 404, "it is gone")
    end(agent)
    check(told(world) == [("secret.put", "mail"), ("secret.put", "model"), ("secret.read", "mail"),
                          ("secret.rotated", "mail"), ("secret.read", "model"), ("secret.read", "*"),
                          ("secret.deleted", "mail"), ("secret.read", "*")], f"{told(world)}")
    check(holding(world.dir, [FIRST, SECOND, THIRD]) == [], "values are nowhere")


@in_region
def who(world, region):
    """Values are for the users of vault_uids and not for root; nobody else looks after the vault."""
    if os.getuid() != 0:
        raise harness.Skipped("only root can be another user")
    nobody = 65534
    os.chmod(world.dir, 0o755)
    agent = start(world, region, vault_uids="4242", allow_uids="4243")
    for path in (world.path("acme"), world.path("acme", "agent.sock")):
        os.chmod(path, 0o777)
    vault(world, "put", "mail", "--kind", "credential", stdin=FIRST.encode())
    status, _, text = ask(world, "acme", "GET", "/v1/vault/secrets/mail")
    check(status == 403 and b"vault_uids" in text, f"{status} {text}")

    def by(uid, method, path):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.setresuid(uid, uid, uid)
                status, _, text = ask(world, "acme", method, path)
                os.write(writer, f"{status} ".encode() + text)
            finally:
                os._exit(0)
        os.close(writer)
        os.waitpid(pid, 0)
        with open(reader, "rb") as file:
            return file.read()

    check(by(4242, "GET", "/v1/vault/secrets/mail") == b"200 " + FIRST.encode(), "who may read")
    check(by(4242, "GET", "/v1/status").startswith(b"200"), "and uses the socket")
    for method, path in (("GET", "/v1/vault"), ("DELETE", "/v1/vault/secrets/mail"),
                         ("PUT", "/v1/vault/secrets/x?kind=credential")):
        check(by(4242, method, path).startswith(b"403"), f"{method} {path}")
    for path in ("/v1/vault/secrets/mail", "/v1/vault/redaction", "/v1/vault"):
        check(by(4243, "GET", path).startswith(b"403"), path)
        check(by(nobody, "GET", path).startswith(b"403"), path)
    end(agent)


@in_region
def refusals(world, region):
    """Bad names, kinds, values and paths are refused by name and change nothing."""
    agent = start(world, region, vault_uids=str(os.getuid()))
    for method, path, body, status in (
            ("PUT", "/v1/vault/secrets/a", b"12345678", 400),
            ("PUT", "/v1/vault/secrets/a?kind=thing", b"12345678", 400),
            ("PUT", "/v1/vault/secrets/A?kind=credential", b"12345678", 400),
            ("PUT", "/v1/vault/secrets/?kind=credential", b"12345678", 400),
            ("PUT", "/v1/vault/secrets/holdfast.x?kind=credential", b"12345678", 400),
            ("PUT", "/v1/vault/secrets/a?kind=credential", b"1234567", 400),
            ("PUT", "/v1/vault/secrets/a?kind=credential", b"x" * 8193, 413),
            ("POST", "/v1/vault/secrets/a/rotate", b"12345678", 404),
            ("POST", "/v1/vault/secrets/a", b"12345678", 404),
            ("GET", "/v1/vault/secrets/holdfast.placeholder-key", b"", 400),
            ("GET", "/v1/vault/secrets/a?x", b"", 404),
            ("GET", "/v1/vault/", b"", 404), ("GET", "/v1/vaulted", b"", 404),
            ("DELETE", "/v1/vault/secrets/a", b"", 404)):
        got = ask(world, "acme", method, path, body)
        check(got[0] == status and b"12345678" not in got[2], f"{method} {path}: {got}")
    got = ask(world, "acme", "PUT", "/v1/vault/secrets/a?kind=credential", b"acme")
    check(got[0] == 400 and b"the tenant's name" in got[2], f"what is in every event: {got}")
    check(json.loads(vault(world, "list", "--json").stdout)["secrets"] == [], "nothing is there")
    vault(world, "put", "A b", "--kind", "credential", stdin=b"12345678", code=2)
    end(agent)
    check(told(world) == [], f"{told(world)}")


@in_region
def names(world, region):
    """A program that writes under a name of the agent's own, or what only the vault says, is refused."""
    agent = start(world, region)
    event = {"type": "secret.put", "sequence": 1, "occurred": "2026-01-01T00:00:00Z",
             "payload": {"secret": "x", "kind": "credential", "version": 1, "uid": 0}}
    for producer, status in (("vault/0011223344556677", 403), ("directive", 403), ("agent/acme", 403),
                             ("directives", 403), ("proxy", 403)):
        got = local(world, "acme", "POST", "/v1/events", dict(event, producer=producer))
        check(got[0] == status, f"{producer}: {got}")
    end(agent)


@in_region
def bootstrap(world, region):
    """A provisioner's file: taken whole, once, and shredded; when a line is wrong, or others could
    read it, nothing is taken and the file stays."""
    agent = start(world, region, vault_uids=str(os.getuid()))
    folder = tempfile.mkdtemp(dir="/dev/shm") if os.access("/dev/shm", os.W_OK) else None
    on_disk = [] if folder else ["--on-disk"]
    path = os.path.join(folder or world.dir, "secrets")

    def write(text, mode=0o600):
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w",
                  encoding="ascii") as file:
            file.write(text)
        os.chmod(path, mode)

    def line(kind, name, value):
        return f"{kind} {name} {base64.b64encode(value.encode()).decode()}\n"

    try:
        write("# of the provisioner\n" + line("modelkey", "model", FIRST) + "credential mail !!!\n")
        done = vault(world, "import", path, *on_disk, code=3)
        check(b"line 3" in done.stderr and os.path.exists(path), f"{done.stderr}")
        good = line("modelkey", "model", FIRST) + line("credential", "mail", SECOND)
        write(good, 0o640)
        done = vault(world, "import", path, *on_disk, code=3)
        check(b"read by others" in done.stderr, f"{done.stderr}")
        check(json.loads(vault(world, "list", "--json").stdout)["secrets"] == [], "nothing yet")
        write(good)
        os.link(path, path + "2")
        vault(world, "import", path, *on_disk, code=3)
        os.unlink(path + "2")
        with open(path, "rb") as file:
            done = vault(world, "import", path, *on_disk)
            check(file.read() == b"\0" * len(good), "it was overwritten")
        check(b"2 secrets are in" in done.stdout and not os.path.exists(path), f"{done.stdout}")
        vault(world, "import", path, *on_disk, code=3)
        check(ask(world, "acme", "GET", "/v1/vault/secrets/mail")[2] == SECOND.encode(), "a value")
        shutil.copy(PROGRAM, world.path("plain"))
        os.chmod(world.path("plain"), 0o600)
        if folder:  # a file on the disk is refused
            done = vault(world, "import", world.path("plain"), code=3)
            check(b"tmpfs" in done.stderr or b"on a disk" in done.stderr, f"{done.stderr}")
    finally:
        if folder:
            shutil.rmtree(folder)
    end(agent)
    check(told(world)[:2] == [("secret.put", "model"), ("secret.put", "mail")], f"{told(world)}")


@in_region
def broken(world, region):
    """Another host key, a damaged database: the agent says what to do, goes on with events, and has its
    secrets again when all is as it was. An older copy of the vault is told under a new name."""
    agent = start(world, region, vault_uids=str(os.getuid()))
    vault(world, "put", "mail", "--kind", "credential", stdin=FIRST.encode())
    end(agent)
    names = [name for name in os.listdir(world.path("acme")) if name.startswith("vault.")]
    check(sorted(names) == ["vault.db", "vault.key"], f"{names}")
    os.mkdir(world.path("old"))
    for name in names:
        shutil.copy(world.path("acme", name), world.path("old", name))
    with open(world.path("acme", "vault.db"), "r+b") as file:
        file.write(b"\xa5" * 512)
    agent = region.run_agent("acme", vault_uids=str(os.getuid()))
    up(world, "acme")
    status, _, text = ask(world, "acme", "GET", "/v1/vault/secrets/mail")
    check(status == 503 and b"same backup" in text, f"{status} {text}")
    end(agent)
    shutil.copy(world.path("old", "vault.db"), world.path("acme", "vault.db"))
    with open(world.path("acme", "vault.key"), encoding="ascii") as file:
        lines = file.read().splitlines()
    lines[1] = base64.b64encode(bytes(8)).decode()
    with open(world.path("acme", "vault.key"), "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    agent = region.run_agent("acme", vault_uids=str(os.getuid()))
    up(world, "acme")
    done = vault(world, "list", code=3)
    check(b"HOLDFAST_HOST_KEY" in done.stderr, f"{done.stderr}")
    end(agent)
    shutil.copy(world.path("old", "vault.key"), world.path("acme", "vault.key"))
    agent = region.run_agent("acme", vault_uids=str(os.getuid()))
    up(world, "acme")
    vault(world, "rotate", "mail", stdin=SECOND.encode())
    end(agent)
    for name in names:  # put back in time; the log is not
        shutil.copy(world.path("old", name), world.path("acme", name))
    for end_of in ("-wal", "-shm"):
        if os.path.exists(world.path("acme", "vault.db" + end_of)):
            os.unlink(world.path("acme", "vault.db" + end_of))
    agent = region.run_agent("acme", vault_uids=str(os.getuid()))
    up(world, "acme")
    vault(world, "rotate", "mail", stdin=THIRD.encode())
    check(ask(world, "acme", "GET", "/v1/vault/secrets/mail")[2] == THIRD.encode(), "it goes on")
    end(agent)
    check(told(world) == [("secret.put", "mail"), ("secret.rotated", "mail"),
                          ("secret.rotated", "mail"), ("secret.read", "mail")], f"{told(world)}")


@in_region
def untold(world, region):
    """A log that takes no events: a value is not given, a change is done and told later."""
    agent = start(world, region, vault_uids=str(os.getuid()))
    vault(world, "put", "mail", "--kind", "credential", stdin=FIRST.encode())
    end(agent)
    agent = region.run_agent("acme", vault_uids=str(os.getuid()), free_floor="900000T")
    up(world, "acme")
    status, _, text = ask(world, "acme", "GET", "/v1/vault/secrets/mail")
    check(status == 503 and b"nothing is given" in text and FIRST.encode() not in text, f"{text}")
    done = vault(world, "rotate", "mail", stdin=SECOND.encode(), code=3)
    check(b"as soon as" in done.stderr, f"{done.stderr}")
    end(agent)
    agent = region.run_agent("acme", vault_uids=str(os.getuid()))
    up(world, "acme")
    until(lambda: ask(world, "acme", "GET", "/v1/vault/secrets/mail")[2] == SECOND.encode(), "a value")
    end(agent)
    check([kind for kind, _ in told(world)] ==
          ["secret.put", "secret.read", "secret.rotated", "secret.read"], f"{told(world)}")


harness.main([life, who, refusals, names, bootstrap, broken, untold])
