#!/usr/bin/env python3
"""tests/unit/redaction/test_golden.py PROGRAM: redaction against Python's own encoders and checksums.

Spellings are made by json, urllib.parse, html, binascii and base64, checksums by zlib, placeholders
by hmac; nothing of it knows the C code. All secrets and tokens are drawn while the test runs, from a
fixed seed, and the placeholders are compared character by character. Standard library only.
"""
import base64
import hashlib
import hmac
import html
import json
import random
import subprocess
import sys
import urllib.parse
import zlib

KEY = b"0123456789abcdef0123456789abcdef"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
URL64 = BASE62 + "-_"
HEX = "0123456789abcdef"
rng = random.Random(20261130)


def placeholder(kind, value):
    mac = int.from_bytes(hmac.new(KEY, kind.encode() + b"\0" + value, hashlib.sha256).digest(), "big")
    digits = [mac >> (256 - 5 * (i + 1)) & 31 for i in range(13)]
    total = 0
    for symbol in [ord(c) & 31 for c in kind] + digits:
        total = times(total) ^ symbol
    return f"HFX_{kind}_{''.join(CROCKFORD[d] for d in digits)}{CROCKFORD[times(total)]}".encode()


def times(x):
    x <<= 1
    return x ^ 0x25 if x & 32 else x


def draw(alphabet, count):
    return "".join(rng.choice(alphabet) for _ in range(count))


def digits(value, alphabet, width):
    out = ""
    for _ in range(width):
        value, rest = divmod(value, len(alphabet))
        out = alphabet[rest] + out
    return out


def spellings(text):
    """What programs make of a secret, by name; each of it must become the secret's placeholder."""
    raw = text.encode()
    dumped = json.dumps(text, ensure_ascii=False)[1:-1]
    yield "raw", raw
    yield "json", dumped.encode()
    yield "json ascii", json.dumps(text)[1:-1].encode()
    yield "json in json", json.dumps(dumped, ensure_ascii=False)[1:-1].encode()
    yield "json as PHP writes it", dumped.replace("/", "\\/").encode()
    yield "json as Go writes it", "".join(
        f"\\u{ord(c):04x}" if c in "<>&" else c for c in dumped).encode()
    yield "json escapes only", "".join(f"\\u{ord(c):04x}" for c in text if ord(c) < 65536).encode() \
        if max(map(ord, text)) < 65536 else raw
    yield "quote", urllib.parse.quote(text).encode()
    yield "quote all", urllib.parse.quote(text, safe="").encode()
    yield "encodeURIComponent", urllib.parse.quote(text, safe="!~*'()").encode()
    yield "form", urllib.parse.quote_plus(text).encode()
    yield "percent", "".join(f"%{b:02X}" for b in raw).encode()
    yield "percent lower", "".join(f"%{b:02x}" for b in raw).encode()
    yield "html", html.escape(text).encode()
    yield "html text", html.escape(text, quote=False).encode()
    for name, named in (("PHP", {"'": "&#039;"}),
                        ("templates", {"'": "&#39;", "/": "&#x2F;", "`": "&#x60;", "=": "&#x3D;"})):
        yield f"html of {name}", "".join(named.get(c, html.escape(c)) for c in text).encode()
    yield "html in ASCII", html.escape(text).replace("&#x27;", "&#39;").encode("ascii", "xmlcharrefreplace")
    for number in ("&#{};", "&#x{:x};", "&#x{:X};"):
        yield f"html as {number}", "".join(number.format(ord(c)) for c in text).encode()
    yield "json as Gson writes it", "".join(
        f"\\u{ord(c):04x}" if c in "<>&='" else c for c in dumped).encode()
    yield "json as .NET writes it", "".join(
        {"\n": "\\n", "\t": "\\t", "\\": "\\\\"}.get(c) or wide(c, "04X", c in "\"&'+<>`" or ord(c) > 126)
        for c in text).encode()
    yield "json in json ascii", json.dumps(json.dumps(text))[3:-3].encode()
    yield "percent twice", urllib.parse.quote(urllib.parse.quote(text, safe=""), safe="").encode()
    yield "\\x of what is not ASCII", dumped.replace('\\"', '"').encode().decode("latin-1").encode(
        "ascii", "backslashreplace")
    yield "\\x", "".join(f"\\x{b:02x}" for b in raw).encode()
    yield "\\X", "".join(f"\\x{b:02X}" for b in raw).encode()
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()


def wide(char, form, escaped):
    units = char.encode("utf-16-be")
    return "".join(f"\\u{int.from_bytes(units[i:i + 2], 'big'):{form}}" for i in range(0, len(units), 2)) \
        if escaped else char


def wrapped(text):
    """Base64 of a longer thing that the secret stands in: some of it is the placeholder."""
    raw = text.encode()
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"u" * before + b":" + raw + b"\n tail"), encode(raw)


def github(prefix):
    body = draw(BASE62, 30)
    return prefix + body + digits(zlib.crc32(body.encode()), BASE62, 6)


def gitlab():
    body = "glpat-" + draw(URL64, 40) + ".1a"
    return body + digits(zlib.crc32(body.encode()), BASE36, 7)


def jwt():
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    return f"{part({'alg': 'RS256', 'kid': draw(HEX, 8)})}.{part({'sub': draw(BASE62, 9)})}.{draw(URL64, 43)}"


def pem(label):
    body = "\n".join(draw(BASE62 + "+/", 64) for _ in range(9))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----"


def tokens():
    for prefix in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"):
        yield "github", github(prefix)
    yield "github", "github_pat_" + draw(BASE62, 22) + "_" + draw(BASE62, 59)
    yield "npm", github("npm_")
    yield "gitlab", gitlab()
    yield "gitlab", "glpat-" + draw(BASE62, 20)
    yield "gitlab", "glrt-" + draw(BASE62, 20)
    yield "anthropic", "sk-ant-api03-" + draw(BASE62, 93) + "AA"
    yield "openai", "sk-proj-" + draw(BASE62, 74) + "T3BlbkFJ" + draw(BASE62, 74)
    yield "openai", "sk-" + draw(BASE62, 20) + "T3BlbkFJ" + draw(BASE62, 20)
    yield "stripe", "sk_live_" + draw(BASE62, 24)
    yield "slack", f"xoxb-{draw('123456789', 12)}-{draw('123456789', 12)}-{draw(BASE62, 24)}"
    yield "huggingface", "hf_" + draw(BASE62[10:], 34)
    yield "sendgrid", f"SG.{draw(BASE62, 22)}.{draw(BASE62, 43)}"
    yield "mailchimp", draw(HEX, 32) + "-us12"
    yield "digitalocean", "dop_v1_" + draw(HEX, 64)
    yield "jwt", jwt()
    for label in ("PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY"):
        yield "privatekey", pem(label)


class Redactor:
    def __init__(self, program, secrets):
        self.program = program
        self.secrets = "".join(f"{kind}={text.encode().hex()}\n" for kind, text in secrets)

    def __call__(self, texts):
        lines = self.secrets + "".join(t.hex() + "\n" for t in texts)
        done = subprocess.run([self.program], input=lines, text=True, stdout=subprocess.PIPE, check=True,
                              timeout=120)
        return [bytes.fromhex(line) for line in done.stdout.split("\n")[:-1]]


def check_secrets(program):
    secrets = [("plain", "Tr0ub4dor and three"), ("specials", "a\"b\\c/d+e&f<g>h'i=j%k l\tm\nn"),
               ("unicode", "pässwörd-€-𝄞" + draw(BASE62, 8)), ("short", draw(BASE62, 8)),
               ("long", draw(BASE62 + "+/=", 300))]
    redact = Redactor(program, secrets)
    for kind, text in secrets:
        made = placeholder(kind, text.encode())
        named = list(spellings(text))
        for (name, spelled), out in zip(named, redact([b"<< " + s + b" >>" for _, s in named])):
            if out != b"<< " + made + b" >>":
                yield f"{kind} as {name}: {spelled!r} became {out!r}"
        cases = list(wrapped(text))
        for (whole, inner), out in zip(cases, redact([whole for whole, _ in cases])):
            if made not in out or inner[4:-4] in out or len(out) > len(made) + 20:
                yield f"{kind} in base64: {whole!r} became {out!r}"
        sides = ["utf-16-le", "utf-16-be"]
        for side, out in zip(sides, redact([("<" + text + ">").encode(side) for side in sides])):
            if out.replace(b"\0", b"") != b"<" + made + b">":
                yield f"{kind} in {side} became {out!r}"


def check_tokens(program):
    redact = Redactor(program, [])
    made = list(tokens())
    for (kind, token), out in zip(made, redact([f"k={token} .".encode() for _, token in made])):
        if out != b"k=" + placeholder(kind, token.encode()) + b" .":
            yield f"{token} became {out!r}"
    escaped = [(kind, json.dumps({"key": token})) for kind, token in made]
    for (kind, text), out in zip(escaped, redact([text.encode() for _, text in escaped])):
        if b"HFX_" + kind.encode() not in out or len(out) > 60:
            yield f"{text} became {out!r}"


def check_wrong(program):
    redact = Redactor(program, [])
    wrong = []
    for kind, token in tokens():
        if kind in ("npm",) or token[:4] in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"):
            wrong.append(token[:-1] + ("a" if token[-1] != "a" else "b"))
        if "." in token and kind == "gitlab":
            wrong.append(token[:-1] + ("0" if token[-1] != "0" else "1"))
        if "T3BlbkFJ" in token or token.endswith("AA"):
            wrong.append(token.replace("T3BlbkFJ", "T3BlbkFK")[:-1] + "B")
        if kind == "privatekey":
            wrong.append(token.replace("PRIVATE", "PUBLIC"))
    for token, out in zip(wrong, redact([token.encode() for token in wrong])):
        if out != token.encode():
            yield f"{token} became {out!r}"
    if len(wrong) < 12:
        yield f"only {len(wrong)} were tried"


def main():
    cases = [("secrets in the spellings of other programs", check_secrets),
             ("tokens with checksums of other programs", check_tokens),
             ("wrong checksums pass", check_wrong)]
    print(f"1..{len(cases)}")
    failed = False
    for number, (name, check) in enumerate(cases, 1):
        wrong = list(check(sys.argv[1]))
        failed = failed or bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
        for line in wrong[:10]:
            print(f"# {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
