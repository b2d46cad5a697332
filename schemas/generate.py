#!/usr/bin/env python3
"""schemas/generate.py: makes C code and documentation out of the event schemas.

generate.py --c DIR SCHEMA...      writes DIR/events_gen.h and DIR/events_gen.c
generate.py --formats DIR SCHEMA... writes DIR/formats_gen.h and DIR/formats_gen.c
generate.py --docs FILE SCHEMA...  writes FILE (docs/EVENTS.md)
generate.py --check FILE SCHEMA... exit 1 when FILE is not what --docs would write

The output depends on the content of the schemas only. A schema that is not in the subset: one line
with file, JSON path and reason, exit 1.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import gen_c        # noqa: E402
import gen_docs     # noqa: E402
import gen_schema   # noqa: E402


def write(path, text):
    with open(path, 'w', encoding='utf-8', newline='\n') as f:
        f.write(text)


def main(argv):
    if len(argv) < 4 or argv[1] not in ('--c', '--formats', '--docs', '--check'):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        if argv[1] == '--formats':
            header, source = gen_c.emit_formats(gen_schema.load_formats(argv[3:]))
            os.makedirs(argv[2], exist_ok=True)
            write(os.path.join(argv[2], 'formats_gen.h'), header)
            write(os.path.join(argv[2], 'formats_gen.c'), source)
            return 0
        events = gen_schema.load_all(argv[3:])
        if argv[1] == '--c':
            header, source = gen_c.emit(events)
            os.makedirs(argv[2], exist_ok=True)
            write(os.path.join(argv[2], 'events_gen.h'), header)
            write(os.path.join(argv[2], 'events_gen.c'), source)
        elif argv[1] == '--docs':
            write(argv[2], gen_docs.emit(events))
        else:
            with open(argv[2], encoding='utf-8') as f:
                if f.read() != gen_docs.emit(events):
                    print(f'{argv[2]} is not up to date: run schemas/generate.py --docs docs/EVENTS.md '
                          'schemas/events/*.json', file=sys.stderr)
                    return 1
    except (gen_schema.SchemaError, OSError) as e:
        print(f'generate.py: {e}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
