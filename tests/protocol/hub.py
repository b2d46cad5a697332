"""tests/protocol/hub.py: a Hub for tests of its API, and an agent made of Python alone."""
import base64
import hashlib
import http.client
import json
import socket
import struct
import time

import tlog
from harness import check
from region import CONTEXT, LIMIT, Region

class Local(http.client.HTTPConnection):
    """A connection to a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=LIMIT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def json(self):
        return json.loads(self.body)

    def problem(self):
        """The last part of the problem's type; "" for what is no problem."""
        if not self.fields.get("Content-Type", "").startswith("application/problem+json"):
            return ""
        return self.json()["type"].removeprefix("urn:holdfast:problem:")


class Hub(Region):
    """A region of a Hub alone, whose answers are seen whole."""

    def kill(self):
        """What it acknowledged must survive; it comes back at the same address."""
        self.hub.kill()
        self.hub.wait()
        self.hub.stdout.close()
        self.start(self.url.removeprefix("https://"))

    def connect(self):
        return http.client.HTTPSConnection(self.url.removeprefix("https://"), timeout=LIMIT, context=CONTEXT)

    def local(self):
        """A connection to the Hub's own socket, as its worker has it."""
        return Local(self.world.path("hub", "hub.sock"))

    def call(self, method, path, body=None, token=None, raw=False, fields=None, connection=None):
        """body: bytes, or what JSON can hold. token "": none."""
        data = body if raw or body is None or isinstance(body, bytes) else json.dumps(body).encode()
        fields = dict(fields or {})
        if token != "":
            fields["Authorization"] = "Bearer " + (token or self.admin)
        mine = connection or self.connect()
        mine.request(method, path, data, fields)
        got = mine.getresponse()
        answer = Answer(got.status, got.headers, got.read())
        if connection is None:
            mine.close()
        return answer

    def json(self, method, path, body=None, status=200, token=None, **more):
        answer = self.call(method, path, body, token, **more)
        check(answer.status == status, f"{method} {path}: {answer.status} {answer.body[:300]}")
        return answer.json()

    def size(self):
        return self.json("GET", "/v1/region")["size"]


def in_hub(case):
    def run(world):
        hub = Hub(world, "--push-anywhere")
        try:
            case(hub)
        finally:
            hub.stop()
    run.__name__ = case.__name__
    run.__doc__ = case.__doc__
    return run


class Key:
    """An Ed25519 key (RFC 8032, section 5.1)."""

    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        scalar = bytearray(digest[:32])
        scalar[0] &= 248
        scalar[31] = scalar[31] & 127 | 64
        self.scalar, self.prefix = int.from_bytes(scalar, "little"), digest[32:]
        self.public = self.pack(tlog._mul(self.scalar, tlog.BASE))

    @staticmethod
    def pack(point):
        inverse = pow(point[2], tlog.P - 2, tlog.P)
        x, y = point[0] * inverse % tlog.P, point[1] * inverse % tlog.P
        return (y | (x & 1) << 255).to_bytes(32, "little")

    def sign(self, message):
        def number(*parts):
            return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % tlog.L
        r = number(self.prefix, message)
        point = self.pack(tlog._mul(r, tlog.BASE))
        s = (r + number(point, self.public, message) * self.scalar) % tlog.L
        return point + s.to_bytes(32, "little")


class Ext:
    """An extension of MessagePack: sealed data has type 1."""

    def __init__(self, kind, data):
        self.kind, self.data = kind, data


def pack(value):
    """Canonical MessagePack, as docs/FORMATS.md has it."""
    if isinstance(value, Ext):
        short = len(value.data) < 256
        return (struct.pack(">BB" if short else ">BH", 0xc7 if short else 0xc8, len(value.data)) +
                bytes([value.kind]) + value.data)
    if value is None or value is True or value is False:
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        for limit, head, form in ((128, None, ">B"), (1 << 8, 0xcc, ">B"), (1 << 16, 0xcd, ">H"),
                                  (1 << 32, 0xce, ">I"), (1 << 64, 0xcf, ">Q")):
            if 0 <= value < limit:
                return (b"" if head is None else bytes([head])) + struct.pack(form, value)
        raise ValueError(value)
    if isinstance(value, (str, bytes)):
        data = value.encode() if isinstance(value, str) else value
        heads = (0xd9, 0xda) if isinstance(value, str) else (0xc4, 0xc5)
        if isinstance(value, str) and len(data) < 32:
            return bytes([0xa0 | len(data)]) + data
        short = len(data) < 256
        return bytes([heads[0 if short else 1]]) + struct.pack(">B" if short else ">H", len(data)) + data
    items = value if isinstance(value, list) else [x for key in sorted(value) for x in (key, value[key])]
    count = len(value)
    small, big = (0x90, 0xdc) if isinstance(value, list) else (0x80, 0xde)
    head = bytes([small | count]) if count < 16 else bytes([big]) + struct.pack(">H", count)
    return head + b"".join(map(pack, items))


def leaf(kind, version, stream, payload, sequence=1, occurred=None):
    """An event as an entry of a tenant's log."""
    now = int(time.time() * 1e6)
    return pack([1, kind, version, "wrapper", sequence, stream, occurred or now, "", "", None, None,
                 payload, 1, now])


def lines(*texts):
    return "".join(f"{text}\n" for text in texts).encode()


class Agent:
    """What an agent sends, after docs/FORMATS.md."""

    def __init__(self, tenant):
        self.tenant = tenant
        self.key, self.log_key = (Key(hashlib.sha256(f"{tenant} {n}".encode()).digest())
                                  for n in ("agent", "log"))
        self.leaves, self.counter, self.serial, self.api_key, self.pin = [], 0, 0, None, None

    def registration(self, token, form="v2", **altered):
        """`altered` replaces versions after they were signed."""
        raw = base64.b64decode(token.removeprefix("hfe1_"))
        region, rest = raw[1:1 + raw[0]].decode(), raw[1 + raw[0]:]
        rest = rest[1 + rest[0]:]
        once, self.pin, now = Key(rest[:32]), rest[32:64].hex(), int(time.time() * 1e6)
        stem = f"{region}/tenant/{self.tenant}"
        text = lines(f"holdfast/register/{form}", self.tenant, once.public.hex(), self.key.public.hex(),
                     self.log_key.public.hex(), stem, self.pin, now,
                     *(["1", "1", "1"] if form == "v2" else []))
        return {"tenant": self.tenant, "token_key": once.public.hex(),
                "agent_key": self.key.public.hex(), "log_key": self.log_key.public.hex(),
                "log_stem": stem, "time_us": now, "openclaw": "1", "wrapper": "1", "policy": "1",
                "token_signature": once.sign(text).hex(), "agent_signature": self.key.sign(text).hex(),
                **altered}

    def heartbeat(self):
        self.counter += 1
        numbers = {"counter": self.counter, "time_us": int(time.time() * 1e6), "epoch": 1,
                   "size": len(self.leaves), "receipt": 0, "queue": 0}
        texts = {"policy": "1", "wrapper": "1", "openclaw": "1", "proxy": "", "agent": "1",
                 "self_test": "passed"}
        text = lines("holdfast/heartbeat/v1", self.tenant, *numbers.values(), *texts.values())
        return dict(numbers, **texts, signature=self.key.sign(text).hex())

    def rotation(self):
        text = lines("holdfast/next-key/v1", self.tenant, self.serial + 1, self.pin)
        return {"serial": self.serial + 1, "signature": self.key.sign(text).hex()}

    def segment(self, entries):
        first = len(self.leaves)
        self.leaves += [tlog.leaf(entry) for entry in entries]
        origin = f"dev/tenant/{self.tenant}/1"
        body = lines(origin, len(self.leaves), base64.b64encode(tlog.root(self.leaves)).decode())
        hint = hashlib.sha256(origin.encode() + b"\n\x01" + self.log_key.public).digest()[:4]
        signature = base64.b64encode(hint + self.log_key.sign(body)).decode()
        note = body + f"\n\u2014 {origin} {signature}\n".encode()
        return (b"HFS1" + struct.pack(">IQQH", 1, first, len(self.leaves), len(note)) + note +
                b"".join(struct.pack(">H", len(entry)) + entry for entry in entries))
