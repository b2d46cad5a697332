"""tests/golden/events.py: makes golden leaves of event types, by an encoder of our own here.

events.py SCHEMAS_FOLDER KNOWN... -- SCHEMA...  prints a line for each type and version that stands in none of
the golden files KNOWN: the leaf in hexadecimal, a space, its JSON. A new release keeps them in a file of its
own beside those; a line that was kept is never made again.
"""
import json
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, sys.argv[1])
sys.path.insert(0, os.path.join(HERE, '..', 'unit', 'schemas'))

import gen_schema  # noqa: E402
import samples  # noqa: E402

START = 1767225600000000  # 2026-01-01T00:00:00Z


def time_text(offset):
    return f'2026-01-01T00:00:{offset // 10**6:02}.{offset % 10**6:06}Z'


def known(paths):
    for path in paths:
        with open(path, encoding='utf-8') as file:
            for line in file:
                event = json.loads(line.split(' ', 1)[1])
                yield event['type'], event['schema_version']


def line_of(number, event):
    payload = samples.build(event.node, True, True)
    stream = re.sub(r'\{(\w+)\}', lambda found: str(payload[found.group(1)]), event.stream)
    leaf = bytes([0x9e]) + b''.join(samples.pack(value) for value in (
        1, event.name, event.version, 'golden/producer', number, stream, START + number, 'operator/a',
        f'corr-{number}')) + b'\xc0\xc0' + samples.pack(payload) + samples.pack(number) + samples.pack(
            START + 10**6 + number)
    shown = {'type': event.name, 'schema_version': event.version, 'producer': 'golden/producer',
             'sequence': number, 'stream': stream, 'version': number, 'occurred': time_text(number),
             'recorded': time_text(10**6 + number), 'actor': 'operator/a', 'correlation': f'corr-{number}',
             'payload': samples.to_json(payload)}
    return f'{leaf.hex()} {json.dumps(shown, ensure_ascii=False, separators=(",", ":"))}'


def main():
    cut = sys.argv.index('--')
    there = set(known(sys.argv[2:cut]))
    events = [e for e in gen_schema.load_all(sys.argv[cut + 1:]) if (e.name, e.version) not in there]
    for number, event in enumerate(sorted(events, key=lambda e: (e.name, e.version)), 1):
        print(line_of(number, event))


main()
