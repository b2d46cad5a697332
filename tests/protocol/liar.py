"""tests/protocol/liar.py: a Hub made of Python alone, with keys of its own, that says what it likes."""
import base64
import hashlib
import http.server
import json
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

import tlog
from hub import Key, lines, pack
from region import AGENT, up

WAIT = 5  # seconds that it lets an agent wait for a directive


def der(tag, *parts):
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack(">H", len(body))
    return bytes([tag]) + size + body


ED25519 = der(0x30, der(0x06, b"\x2b\x65\x70"))


def pem(kind, data):
    return f"-----BEGIN {kind}-----\n{base64.encodebytes(data).decode()}-----END {kind}-----\n"


def identity(seed):
    """A certificate with its key as PEM, and the pin of the key."""
    key = Key(seed)
    spki = der(0x30, ED25519, der(0x03, b"\0" + key.public))
    name = der(0x30, der(0x31, der(0x30, der(0x06, b"\x55\x04\x03"), der(0x0c, b"liar"))))
    days = der(0x30, der(0x17, b"200101000000Z"), der(0x17, b"491231235959Z"))
    body = der(0x30, der(0xa0, der(0x02, b"\2")), der(0x02, b"\1"), ED25519, name, days, name, spki)
    certificate = der(0x30, body, ED25519, der(0x03, b"\0" + key.sign(body)))
    private = der(0x30, der(0x02, b"\0"), ED25519, der(0x04, der(0x04, seed)))
    return pem("CERTIFICATE", certificate) + pem("PRIVATE KEY", private), hashlib.sha256(spki).digest()


def seed_of(name):
    return hashlib.sha256(name.encode()).digest()


class Signer:
    """A key of signed notes."""

    def __init__(self, name, kind=1):
        self.name, self.key = name, Key(seed_of(name))
        self.id = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + self.key.public).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(bytes([kind]) + self.key.public).decode()}"

    def note(self, text):
        signature = base64.b64encode(self.id + self.key.sign(text)).decode()
        return text + f"\n\u2014 {self.name} {signature}\n".encode()


def split(size):
    return 1 << ((size - 1).bit_length() - 1)


def inclusion(index, leaves):
    """RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return inclusion(index, leaves[:k]) + [tlog.root(leaves[k:])]
    return inclusion(index - k, leaves[k:]) + [tlog.root(leaves[:k])]


def consistency(size, leaves, whole=True):
    """RFC 6962, section 2.1.2."""
    if size == len(leaves):
        return [] if whole else [tlog.root(leaves)]
    k = split(len(leaves))
    if size <= k:
        return consistency(size, leaves[:k], whole) + [tlog.root(leaves[k:])]
    return consistency(size - k, leaves[k:], False) + [tlog.root(leaves[:k])]


def text_of(data):
    return base64.b64encode(data).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def take(self):
        """The request's body; the call is remembered."""
        self.server.liar.calls.append((self.command, self.path))
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_PUT(self):
        liar, body = self.server.liar, self.take()
        if self.path.startswith("/v1/subjects/"):
            subject = self.path.rsplit("/", 1)[1]
            status = 507 if subject in liar.full else liar.subject_status
            if status == 204:
                liar.subjects[subject] = json.loads(body)
            self.answer(status, b"" if status == 204 else b"{}")
        else:
            self.answer(404, b"{}")

    def do_POST(self):
        body = self.take()
        if self.path == "/v1/register":
            self.answer(200, json.dumps(self.server.liar.register(json.loads(body))).encode())
        else:
            self.answer(503, b"{}")

    def do_GET(self):
        liar, target = self.server.liar, urllib.parse.urlsplit(self.path)
        if target.path == "/v1/feed":
            query = dict(urllib.parse.parse_qsl(target.query))
            self.answer(200, json.dumps(liar.feed(int(query["after"]), int(query["size"]))).encode())
        elif target.path.startswith("/v1/feed/artifacts/"):
            package = liar.packages.get(target.path.rsplit("/", 1)[1])
            if package is None:
                self.answer(404, b"{}")
            else:
                self.answer(200, package, "application/octet-stream")
        else:
            self.answer(404, b"{}")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, liar, context):
        super().__init__(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.liar = liar
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.server_bind()
        self.server_activate()

    def handle_error(self, *_):
        pass  # whoever went away


class Liar:
    """A region "dev" of one tenant "acme", whose log holds directives only."""

    def __init__(self, world):
        self.log, self.cosigner = Signer("holdfast/dev"), Signer("dev/cosigner", 4)
        self.entries, self.packages, self.news = [], {}, threading.Condition()
        self.calls, self.subjects, self.subject_status, self.full = [], {}, 204, set()
        certificate, self.pin = identity(seed_of("tls"))
        path = world.path("liar.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write(certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        self.server = Server(self, context)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        self.token = world.path("acme.token")
        with open(self.token, "w", encoding="ascii") as file:
            file.write(self.make_token())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def make_token(self):
        data = (b"\3dev\4acme" + seed_of("token") + self.pin +
                hashlib.sha256(self.log.vkey.encode()).digest())
        return "hfe1_" + text_of(data + hashlib.sha256(data).digest()[:4]) + "\n"

    def register(self, request):
        return {"tenant": request["tenant"], "region": "dev", "api_key": "hfk_acme_" + "0" * 64,
                "log": self.log.vkey, "cosigner": self.cosigner.vkey, "epoch": 0, "receipt": 0}

    def tell(self, package, digest, slot="policy"):
        """A directive to activate, and what it gives to who asks for that digest."""
        self.packages[digest] = package
        return self.issue("activate", f"slot={slot}", artifact=bytes.fromhex(digest))

    def issue(self, kind, parameters=None, life_s=600, **more):
        """A directive, really in its log; gives its number."""
        now = int(time.time() * 1e6)
        with self.news:
            number = len(self.entries) + 1
            payload = dict({"address": "acme", "kind": kind, "sequence": number,
                            "not_after": now + life_s * 1000000, "reason": "r"}, **more)
            if parameters is not None:
                payload["parameters"] = parameters
            self.entries.append(pack([1, "directive.issued", 1, "hub/dev", number, "directive/acme", now,
                                      "principal:liar", "", None, None, payload, number, now]))
            self.news.notify_all()
        return number

    def feed(self, after, size):
        with self.news:
            self.news.wait_for(lambda: len(self.entries) > after, WAIT)
            entries = list(self.entries)
        if not entries:
            entries = [b"an entry that is no event"]
        leaves = [tlog.leaf(entry) for entry in entries]
        note = self.log.note(lines(self.log.name, len(leaves), text_of(tlog.root(leaves))))
        items = [{"entry": text_of(entries[at]), "proof": text_of(
            lines("c2sp.org/tlog-proof@v1", f"index {at}", *map(text_of, inclusion(at, leaves))) +
            b"\n" + note)} for at in range(after, min(len(self.entries), after + 8))]
        proof = consistency(size, leaves) if 0 < size < len(leaves) else []
        return {"checkpoint": note.decode(), "consistency": [text_of(h) for h in proof], "items": items}


def manifest(content, **members):
    """A manifest's text, member by member; what is given takes the place of what is usual."""
    def when(days):
        return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() + 86400 * days))
    usual = {"slot": "policy", "channel": "policy", "region": "dev", "platform": "any",
             "name": "sample", "version": "1.0", "length": len(content),
             "sha256": hashlib.sha256(content).hexdigest(), "sequence": 1, "parent": "none", "floor": 0,
             "created": when(-2), "expires": when(members.pop("days", 9)), "strictness": "none"}
    usual.update(members)
    return lines("holdfast/manifest@v1", *(f"{key} {value}" for key, value in usual.items()))


def package(note, content):
    return b"HFA1" + struct.pack(">I", len(note)) + note + content


class LoneAgent:
    """The agent of acme at a liar."""

    def __init__(self, world, *always):
        self.world, self.liar, self.agent, self.always = world, Liar(world), None, always
        self.start("--token-file", self.liar.token)

    def start(self, *more):
        with open(self.world.path("acme.err"), "ab") as errors:
            self.agent = subprocess.Popen(
                [AGENT, "run", "--data", self.world.path("acme"), "--hub", self.liar.url, "--heartbeat", "1",
                 "--batch", "0", *self.always, *more], env=self.world.env, stderr=errors)
        up(self.world, "acme")

    def kill(self):
        self.agent.kill()
        self.agent.wait()

    def close(self):
        self.kill()
        self.liar.close()
