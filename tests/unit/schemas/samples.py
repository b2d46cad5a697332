"""tests/unit/schemas/samples.py: for every event type values on and just outside of each bound, with
the canonical bytes as an encoder of our own here makes them.

samples.py SCHEMAS_FOLDER OUT SCHEMA...

A line of OUT is: type, version, path of the member at fault (empty: none is), payload in hexadecimal,
JSON; with tabs between.
"""
import copy
import json
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])

import gen_schema  # noqa: E402


def pack(value):
    """Canonical MessagePack by the specification; bytes, str, int, bool, list, dict."""
    def head(length, fix, fix_max, wide):
        if length <= fix_max:
            return bytes([fix | length])
        for code, size in wide:
            if length < 1 << (8 * size):
                return bytes([code]) + length.to_bytes(size, 'big')
        raise ValueError(length)
    if isinstance(value, bool):
        return b'\xc3' if value else b'\xc2'
    if isinstance(value, int):
        if value >= 0:
            return head(value, 0, 127, ((0xcc, 1), (0xcd, 2), (0xce, 4), (0xcf, 8)))
        if value >= -32:
            return value.to_bytes(1, 'big', signed=True)
        for code, size in ((0xd0, 1), (0xd1, 2), (0xd2, 4), (0xd3, 8)):
            if value >= -(1 << (8 * size - 1)):
                return bytes([code]) + value.to_bytes(size, 'big', signed=True)
    if isinstance(value, str):
        raw = value.encode()
        return head(len(raw), 0xa0, 31, ((0xd9, 1), (0xda, 2))) + raw
    if isinstance(value, Sealed):
        return head(len(value), 0, -1, ((0xc7, 1), (0xc8, 2))) + b'\x01' + value
    if isinstance(value, bytes):
        return head(len(value), 0, -1, ((0xc4, 1), (0xc5, 2))) + value
    if isinstance(value, list):
        return head(len(value), 0x90, 15, ((0xdc, 2),)) + b''.join(map(pack, value))
    keys = sorted(value, key=lambda k: k.encode())
    return head(len(keys), 0x80, 15, ((0xde, 2),)) + b''.join(pack(k) + pack(value[k]) for k in keys)


class Time(int):
    pass


class Sealed(bytes):
    pass


def to_json(value):
    if isinstance(value, Time):
        days, us = divmod(value, 86400000000)
        if value == gen_schema.TIME_MAX:
            return '9999-12-31T23:59:59.999999Z'
        assert days == 0
        return f'1970-01-01T{us // 3600000000:02}:{us // 60000000 % 60:02}:{us // 1000000 % 60:02}.{us % 1000000:06}Z'
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [to_json(v) for v in value]
    if isinstance(value, dict):
        return {k: to_json(value[k]) for k in sorted(value)}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    return value


def text(node, length):
    if node.charset is not None:
        chars = sorted(node.charset)
        return ''.join(chr(chars[i % len(chars)]) for i in range(length))
    return '\u00e9' * (length // 2) + 'x' * (length % 2)


def small(node, value):
    """Between the bounds, to keep samples short: the value cut to a few parts."""
    return value[:max(node.min, min(node.max, 3))]


def build(node, high, short=False):
    """The least value without optional members, or the greatest with all of them; short: all members,
    but not longer than they need to be."""
    kind = node.kind
    if kind == 'sealed':
        return Sealed(bytes([1]) + bytes(i * 7 % 256 for i in range((node.max if high and not short else node.min) - 1)))
    if short and kind in ('text', 'bytes'):
        return small(node, build(node, True))
    if short and kind == 'array':
        return [build(node.items, high, True)] * min(2, node.max)
    if short and kind == 'object':
        return {m.name: build(m.node, high, True) for m in node.members}
    if kind == 'text':
        return text(node, node.max if high else node.min)
    if kind == 'enum':
        return node.values[-1 if high else 0]
    if kind == 'bytes':
        return bytes(i * 7 % 256 for i in range(node.max if high else node.min))
    if kind == 'time':
        return Time(node.max if high else node.min)
    if kind in ('u64', 'i64'):
        return node.max if high else node.min
    if kind == 'bool':
        return high
    if kind == 'array':
        return [build(node.items, high)] * (node.max if high else 0)
    return {m.name: build(m.node, high) for m in node.members if high or m.required}


def outside(node):
    """Values that break a node's rule; each is good MessagePack and JSON."""
    kind = node.kind
    if kind == 'text':
        bad = [text(node, node.max) + 'a', 5, True, [], {}]
        if node.min > 0:
            bad.append('')
        if node.charset is not None:
            # A length inside the bounds needs a character to spare.
            bad.append(small(node, text(node, node.max))[:-1] + '\x01')
            bad.append(small(node, text(node, node.max))[:-2] + '\u00e9' if node.max > 2 else '\x02')
        return bad
    if kind == 'enum':
        return ['none-of-them', '', node.values[0] + 'x', 1]
    if kind == 'sealed':
        return [Sealed(b'\x01' + bytes(node.max)), bytes(node.min), 7, '']
    if kind == 'bytes':
        bad = [bytes(node.max + 1), 7, False]
        return bad + ([bytes(node.min - 1)] if node.min else [])
    if kind == 'time':
        return [-1, True, 'yesterday', b'abc', node.max + 1]
    if kind in ('u64', 'i64'):
        bad = ['twelve', True, []]
        if node.max < 2**64 - 1:
            bad.append(node.max + 1)
        if node.min > -2**63:
            bad.append(node.min - 1)
        return bad
    if kind == 'bool':
        return [1, 'true', {}]
    if kind == 'array':
        return [[build(node.items, False)] * (node.max + 1), 'list', {}]
    return [[], 'object', 1]


def paths(node, path):
    """Every member: path in the value, the error's path, node, whether it is required."""
    for m in node.members:
        here = path + [m.name]
        yield here, m
        if m.node.kind == 'object':
            yield from paths(m.node, here)
        if m.node.kind == 'array' and m.node.items.kind == 'object':
            yield from paths(m.node.items, here + [min(2, m.node.max) - 1])


def spell(path):
    out = ''
    for part in path:
        out += f'[{part}]' if isinstance(part, int) else (': ' if out else '') + part
    return out


def at(value, path):
    for part in path:
        value = value[part]
    return value


def changed(value, path, change):
    value = copy.deepcopy(value)  # also parts the elements of an array that are one object
    for i, part in enumerate(path[:-1]):
        if isinstance(path[i + 1], int):
            at(value, path[:i + 1])[:] = [copy.deepcopy(x) for x in at(value, path[:i + 1])]
    change(at(value, path[:-1]), path[-1])
    return value


def samples(event):
    yield build(event.node, False), ''
    yield build(event.node, True), ''
    high = build(event.node, True, True)
    yield high, ''
    for path, m in paths(event.node, []):
        for bad in outside(m.node):
            def put(owner, key, bad=bad):
                owner[key] = bad
            yield changed(high, path, put), spell(path)
        if m.node.kind == 'array' and m.node.items.kind != 'object':
            for bad in outside(m.node.items):
                def put_item(owner, key, bad=bad):
                    owner[key] = owner[key][:-1] + [bad]
                yield changed(high, path, put_item), spell(path + [min(2, m.node.max) - 1])
        drop = changed(high, path, lambda owner, key: owner.pop(key))
        yield drop, spell(path) if m.required else ''

        def add(owner, key):
            owner['zz_unknown'] = 1
        yield changed(high, path, add), spell(path[:-1] + ['zz_unknown'])

        def add_first(owner, key):
            owner['a'] = 1
        yield changed(high, path, add_first), spell(path[:-1] + ['a'])


def main():
    lines = []
    for event in gen_schema.load_all(sys.argv[3:]):
        for value, error in samples(event):
            text_ = json.dumps(to_json(value), ensure_ascii=False, separators=(',', ':'))
            lines.append(f'{event.name}\t{event.version}\t{error}\t{pack(value).hex()}\t{text_}\n')
    with open(sys.argv[2], 'w', encoding='utf-8', newline='\n') as f:
        f.write(''.join(sorted(set(lines))))


if __name__ == '__main__':
    main()
