"""tests/golden/personal.py: sealed personal data, by an implementation of our own here that shares no code with
schemas/personal.c: XChaCha20-Poly1305 by RFC 8439 and draft-irtf-cfrg-xchacha, the rest as docs/FORMATS.md says.

personal.py SCHEMAS_FOLDER  prints the lines of personal-1.txt: subject, key, key digest, tenant, approval, plain text, sealed
bytes; in hexadecimal but for the names. A line that was kept is never made again.
"""
import hashlib
import hmac
import os
import struct
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
NONCE_SIZE, TAG_SIZE = 24, 16


def rotate(x, n):
    return (x << n | x >> 32 - n) & 0xffffffff


def rounds(state):
    x = list(state)
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            for p, q, r, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                x[p] = (x[p] + x[q]) & 0xffffffff
                x[r] = rotate(x[r] ^ x[p], n)
    return x


def start(key, tail):
    return list(struct.unpack('<4I', b'expand 32-byte k')) + list(struct.unpack('<8I', key)) + \
        list(struct.unpack('<4I', tail))


def chacha_block(key, counter, nonce):
    state = start(key, struct.pack('<I', counter) + nonce)
    return struct.pack('<16I', *((a + b) & 0xffffffff for a, b in zip(state, rounds(state))))


def hchacha(key, nonce):
    x = rounds(start(key, nonce))
    return struct.pack('<8I', *(x[:4] + x[12:]))


def poly1305(key, data):
    r = int.from_bytes(key[:16], 'little') & 0x0ffffffc0ffffffc0ffffffc0fffffff
    total = 0
    for i in range(0, len(data), 16):
        total = (total + int.from_bytes(data[i:i + 16] + b'\1', 'little')) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], 'little')) % 2**128).to_bytes(16, 'little')


def pad(data):
    return data + bytes(-len(data) % 16)


def stream(key, nonce, data):
    """The data under the cipher, and the tag's key."""
    inner, short = hchacha(key, nonce[:16]), bytes(4) + nonce[16:]
    out = b''.join(bytes(a ^ b for a, b in zip(data[i:i + 64], chacha_block(inner, 1 + i // 64, short)))
                   for i in range(0, len(data), 64))
    return out, chacha_block(inner, 0, short)[:32]


def tag_of(tag_key, associated, cipher):
    return poly1305(tag_key, pad(associated) + pad(cipher) + struct.pack('<QQ', len(associated), len(cipher)))


def associated_data(tenant, approval):
    return f'holdfast/personal/v1\n{tenant}\n{approval}\n'.encode()


def open_box(key, associated, box):
    """Nonce, ciphertext and tag: the plain text; None: this key does not open it here."""
    nonce, cipher, tag = box[:NONCE_SIZE], box[NONCE_SIZE:-TAG_SIZE], box[-TAG_SIZE:]
    plain, tag_key = stream(key, nonce, cipher)
    return plain if hmac.compare_digest(tag, tag_of(tag_key, associated, cipher)) else None


def seal(subject, key, tenant, approval, plain):
    associated = associated_data(tenant, approval)
    nonce = hmac.new(key, b'holdfast/personal-nonce/v1\n' + associated + plain, hashlib.sha256).digest()[:NONCE_SIZE]
    cipher, tag_key = stream(key, nonce, plain)
    return b'\1' + subject + nonce + cipher + tag_of(tag_key, associated, cipher)


def unseal(key, tenant, approval, sealed):
    return open_box(key, associated_data(tenant, approval), sealed[17:])


def key_digest(subject, key):
    return hashlib.sha256(b'holdfast/subject-key/v1\n' + subject + key).digest()


def main():
    sys.path.insert(0, os.path.join(HERE, '..', 'unit', 'schemas'))
    import samples  # reads the schemas folder from the command line
    contents = [
        {'summary': 'x'},
        {'summary': 'exec: rm -r /srv/Bücher', 'requester': 'user:anna',
         'arguments': [{'name': 'command', 'value': 'rm -r /srv/Bücher'}, {'name': 'cwd', 'value': ''}]},
        {'summary': 's' * 512, 'requester': 'r' * 128,
         'arguments': [{'name': 'n' * 64, 'value': 'v' * 256}] * 16},
    ]
    for number, content in enumerate(contents, 1):
        subject = hashlib.sha256(b'subject %d' % number).digest()[:16]
        key = hashlib.sha256(b'key %d' % number).digest()
        tenant, approval = f'tenant-{number}', f'a-{number}' + 'z' * (45 if number == 3 else 0)
        plain = samples.pack(content)
        sealed = seal(subject, key, tenant, approval, plain)
        assert unseal(key, tenant, approval, sealed) == plain
        assert unseal(key, tenant, approval + 'x', sealed) is None
        print(subject.hex(), key.hex(), key_digest(subject, key).hex(), tenant, approval, plain.hex(), sealed.hex())


if __name__ == '__main__':
    main()
