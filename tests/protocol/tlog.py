"""tests/protocol/tlog.py: the public formats once more, from their pages, sharing nothing with the C code."""
import base64
import hashlib
import os


def sha(data):
    return hashlib.sha256(data).digest()


def leaf(entry):
    return sha(b"\0" + entry)


def root(leaves):
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha(b"\1" + root(leaves[:k]) + root(leaves[k:]))


def inclusion_root(index, size, hash_, proof):
    """RFC 9162 2.1.3.2; the root that the proof leads to, or None."""
    fn, sn = index, size - 1
    if index >= size:
        return None
    for p in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            hash_ = sha(b"\1" + p + hash_)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            hash_ = sha(b"\1" + hash_ + p)
        fn, sn = fn >> 1, sn >> 1
    return hash_ if sn == 0 else None


def consistent(m, n, old, new, proof):
    """RFC 9162 2.1.4.2."""
    if m == n:
        return not proof and old == new
    if m == 0:
        return not proof
    if m & (m - 1) == 0:
        proof = [old] + proof
    if not proof:
        return False
    fn, sn = m - 1, n - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = sha(b"\1" + c + fr), sha(b"\1" + c + sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha(b"\1" + sr + c)
        fn, sn = fn >> 1, sn >> 1
    return fr == old and sr == new and sn == 0


# Ed25519 verification after RFC 8032, section 5.1.7
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def _recover(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x2) % P:
        return None
    return P - x if x & 1 != sign else x


def _point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = _recover(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def _add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _mul(s, p):
    q = (0, 1, 1, 0)
    while s:
        if s & 1:
            q = _add(q, p)
        p, s = _add(p, p), s >> 1
    return q


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verify(key, message, signature):
    a, r = _point(key), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = _mul(s, BASE), _add(r, _mul(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (
        left[1] * right[2] - right[1] * left[2]) % P == 0


def open_checkpoint(vkey, note):
    """(size, root) of a checkpoint that vkey signed; raises ValueError."""
    name, key_id, packed = vkey.split("+", 2)
    body = base64.b64decode(packed, validate=True)
    if body[0] != 1 or sha(name.encode() + b"\n" + body)[:4].hex() != key_id:
        raise ValueError("vkey")
    text, signatures = note.rsplit(b"\n\n", 1)
    text += b"\n"
    for line in signatures.decode().splitlines():
        dash, signer, payload = line.split(" ")
        raw = base64.b64decode(payload, validate=True)
        if dash == "\u2014" and signer == name and raw[:4].hex() == key_id:
            if not ed25519_verify(body[1:], text, raw[4:]):
                raise ValueError("signature")
            origin, size, head = text.decode().splitlines()[:3]
            if origin != name:
                raise ValueError("origin")
            return int(size), base64.b64decode(head, validate=True)
    raise ValueError("not signed")


def proof_file(vkey, entry, data):
    """Verifies a tlog-proof@v1 file; (index, size)."""
    head, note = data.split(b"\n\n", 1)
    lines = head.decode().split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("index "):
        raise ValueError("form")
    size, want = open_checkpoint(vkey, note)
    index = int(lines[1][6:])
    proof = [base64.b64decode(line, validate=True) for line in lines[2:]]
    if inclusion_root(index, size, leaf(entry), proof) != want:
        raise ValueError("proof")
    return index, size


def tile_path(n):
    parts = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        parts.insert(0, f"x{n % 1000:03d}")
    return "/".join(parts)


def fsck(vkey, out):
    """Reads an exported tree, derives every tile from the entries, returns the entries."""
    with open(os.path.join(out, "checkpoint"), "rb") as file:
        size, want = open_checkpoint(vkey, file.read())

    def read(kind, n, count):
        name = tile_path(n) + (f".p/{count}" if count < 256 else "")
        with open(os.path.join(out, "tile", kind, name), "rb") as file:
            return file.read()

    entries = []
    for n in range((size + 255) // 256):
        data, count = read("entries", n, min(256, size - 256 * n)), 0
        while data:
            length = int.from_bytes(data[:2], "big")
            entries.append(data[2:2 + length])
            data, count = data[2 + length:], count + 1
        if count != min(256, size - 256 * n):
            raise ValueError("bundle")
    hashes, level = [leaf(entry) for entry in entries], 0
    if root(hashes) != want:
        raise ValueError("root")
    while hashes:
        for n in range((len(hashes) + 255) // 256):
            part = hashes[256 * n:256 * n + 256]
            if read(str(level), n, len(part)) != b"".join(part):
                raise ValueError("tile")
        hashes = [root(hashes[256 * n:256 * n + 256]) for n in range(len(hashes) // 256)]
        level += 1
    return entries
