#!/usr/bin/env python3
"""schemas/generate_api.py: makes C code and the OpenAPI document out of the API's declaration.

generate_api.py --c DIR FILE...         writes DIR/api_gen.h and DIR/api_gen.c
generate_api.py --openapi FILE FILE...  writes the document that the Hub serves

FILE: schemas/api/*.json and schemas/events/*.json. The output depends on their content only. What does
not fit together: one line with file, JSON path and reason, exit 1.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import gen_api        # noqa: E402
import gen_api_c      # noqa: E402
import gen_api_doc    # noqa: E402
import gen_schema     # noqa: E402


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data)


def main(argv):
    if len(argv) < 4 or argv[1] not in ('--c', '--openapi'):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    declarations = [p for p in argv[3:] if os.path.basename(os.path.dirname(p)) == 'api']
    try:
        events = gen_schema.load_all([p for p in argv[3:] if p not in declarations])
        api = gen_api.load_api(declarations, {e.name: e for e in events if e.current})
        document = gen_api_doc.emit(api)
        if argv[1] == '--openapi':
            write(argv[2], document)
        else:
            header, source = gen_api_c.emit(api, document)
            os.makedirs(argv[2], exist_ok=True)
            write(os.path.join(argv[2], 'api_gen.h'), header.encode())
            write(os.path.join(argv[2], 'api_gen.c'), source.encode())
    except (gen_schema.SchemaError, OSError) as e:
        print(f'generate_api.py: {e}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
