"""tests/unit/schemas/test_generator.py: the generator refuses whatever is outside of the subset, with
file, path and reason, and its output depends on nothing but the schemas.

test_generator.py SCHEMAS_FOLDER; prints TAP.
"""
import copy
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
GENERATOR = os.path.join(sys.argv[1], 'generate.py')

GOOD = {
    '$schema': 'https://json-schema.org/draft/2020-12/schema', 'title': 'a.b', 'description': 'It happened.',
    'x-version': 1, 'x-stream': 'thing/{id}', 'type': 'object',
    'properties': {
        'id': {'type': 'string', 'description': 'Name.', 'minLength': 1, 'maxLength': 9, 'pattern': '^[a-z]+$'},
        'n': {'type': 'integer', 'description': 'Number.', 'minimum': -1, 'maximum': 5},
        'h': {'type': 'string', 'description': 'Hash.', 'contentEncoding': 'hex', 'minLength': 64, 'maxLength': 64},
        'e': {'type': 'string', 'description': 'Choice.', 'enum': ['x', 'y']},
        'l': {'type': 'array', 'description': 'List.', 'maxItems': 3,
              'items': {'type': 'object', 'description': 'Part.', 'required': ['b'], 'additionalProperties': False,
                        'properties': {'b': {'type': 'boolean', 'description': 'Flag.'}}}}},
    'required': ['id', 'n'], 'additionalProperties': False}

# (what, path of the change, new value or None to take it away, part of the message)
BAD = [
    ('oneOf', ['oneOf'], [], '$.oneOf: this keyword'),
    ('patternProperties', ['patternProperties'], {}, '$.patternProperties: this keyword'),
    ('additional members', ['additionalProperties'], True, '$.additionalProperties: false'),
    ('additional members, inner', ['properties', 'l', 'items', 'additionalProperties'], True,
     '$.properties.l.items.additionalProperties: false'),
    ('text without bound', ['properties', 'id', 'maxLength'], None, '$.properties.id: the keyword maxLength'),
    ('text too long', ['properties', 'id', 'maxLength'], 5000, '$.properties.id.maxLength: an integer from'),
    ('number without bound', ['properties', 'n', 'maximum'], None, '$.properties.n: the keyword maximum'),
    ('number with a fraction', ['properties', 'n', 'minimum'], 0.5, '$.properties.n.minimum: an integer'),
    ('maximum below minimum', ['properties', 'n', 'maximum'], -2, '$.properties.n.maximum: an integer'),
    ('signed beyond 63 bits', ['properties', 'n', 'maximum'], 2**63, '$.properties.n.maximum: an integer'),
    ('type number', ['properties', 'n', 'type'], 'number', '$.properties.n.type: string,'),
    ('list without bound', ['properties', 'l', 'maxItems'], None, '$.properties.l: the keyword maxItems'),
    ('list too long', ['properties', 'l', 'maxItems'], 1000, '$.properties.l.maxItems: an integer'),
    ('list of lists', ['properties', 'l', 'items'],
     {'type': 'array', 'description': 'X.', 'maxItems': 2, 'items': {'type': 'boolean', 'description': 'X.'}},
     '$.properties.l.items: an array of arrays'),
    ('odd hexadecimal', ['properties', 'h', 'maxLength'], 65, '$.properties.h: lengths'),
    ('sealed data too short', ['properties', 'h', 'x-sealed'], True, '$.properties.h.minLength: sealed data'),
    ('not sealed', ['properties', 'h', 'x-sealed'], False, '$.properties.h.x-sealed: true'),
    ('sealed number', ['properties', 'n', 'x-sealed'], True, '$.properties.n.x-sealed: this keyword'),
    ('base64', ['properties', 'h', 'contentEncoding'], 'base64', '$.properties.h.contentEncoding: only hex'),
    ('pattern outside of the subset', ['properties', 'id', 'pattern'], '^a|b$', '$.properties.id.pattern: only'),
    ('pattern with an empty range', ['properties', 'id', 'pattern'], '^[z-a]+$', '$.properties.id.pattern: the range'),
    ('pattern against minLength', ['properties', 'id', 'pattern'], '^[a-z]*$', '$.properties.id.pattern: + goes'),
    ('names the same in C', ['properties', 'e', 'enum'], ['x-y', 'x_y'], '$.properties.e.enum: two names'),
    ('empty list of names', ['properties', 'e', 'enum'], [], '$.properties.e.enum: a list'),
    ('name that is a word of C', ['properties', 'int'], {'type': 'boolean', 'description': 'X.'},
     '$.properties.int: a name'),
    ('name taken in C', ['properties', 'l_count'], {'type': 'boolean', 'description': 'X.'},
     '$.properties.l_count: the name is taken'),
    ('no description', ['properties', 'n', 'description'], None, '$.properties.n: the keyword description'),
    ('description that ends a comment', ['properties', 'n', 'description'], 'a */ b.',
     '$.properties.n.description: ASCII'),
    ('required that is not there', ['required'], ['zz'], '$.required: names members'),
    ('stream of a missing member', ['x-stream'], 'thing/{zz}', '$.x-stream: zz is not'),
    ('stream of an optional member', ['required'], ['n'], '$.x-stream: id is not'),
    ('stream of a number', ['x-stream'], 'thing/{n}', '$.x-stream: n is not'),
    ('stream that can hold a /', ['properties', 'id', 'pattern'], '^[a-z/]+$', '$.x-stream: id needs'),
    ('stream without members', ['x-stream'], 'thing', '$.x-stream: a word'),
    ('version 0', ['x-version'], 0, '$.x-version: an integer'),
    ('old version missing', ['x-version'], 2, 'a.b.json: $.x-version: the file of the old version 1'),
    ('another title', ['title'], 'a.c', '$.title: the name of the file'),
    ('a time with other bounds', ['properties', 'n', 'x-unit'], 'time_us', '$.properties.n: a time'),
    ('too big', ['properties', 'big'],
     {'type': 'array', 'description': 'X.', 'maxItems': 64,
      'items': {'type': 'string', 'description': 'X.', 'minLength': 0, 'maxLength': 4096}}, '$: can take'),
]


def run(*args):
    result = subprocess.run([sys.executable, GENERATOR, *args], capture_output=True, text=True, check=False)
    return result.returncode, result.stderr


def changed(path, value):
    schema = copy.deepcopy(GOOD)
    owner = schema
    for part in path[:-1]:
        owner = owner[part]
    if value is None:
        del owner[path[-1]]
    else:
        owner[path[-1]] = value
    return schema


def main():
    results = []
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, 'a.b.json')

        def attempt(text):
            with open(file, 'w', encoding='utf-8') as f:
                f.write(text)
            return run('--c', os.path.join(folder, 'out'), file)
        code, text = attempt(json.dumps(GOOD))
        results.append(('a good schema', code == 0, text))
        for what, path, value, message in BAD:
            code, text = attempt(json.dumps(changed(path, value)))
            results.append((what, code == 1 and message in text and text.count('\n') == 1, f'{code}: {text}'))
        code, text = attempt('{"title": "a.b", "title": "a.b"}')
        results.append(('a member twice', code == 1 and 'stands there twice' in text, text))
        code, text = attempt('{')
        results.append(('no JSON', code == 1 and text.startswith('generate.py: a.b.json: $: '), text))
        outputs = []
        for order, seed in ((list(GOOD['properties']), '1'), (list(reversed(list(GOOD['properties']))), '2')):
            schema = dict(GOOD, properties={k: GOOD['properties'][k] for k in order})
            os.environ['PYTHONHASHSEED'] = seed
            attempt(json.dumps(schema))
            with open(os.path.join(folder, 'out', 'events_gen.c'), encoding='utf-8') as f:
                outputs.append(f.read())
        results.append(('the same output in any order', outputs[0] == outputs[1], 'differs'))
    print(f'1..{len(results)}')
    for i, (what, good, detail) in enumerate(results, 1):
        print(f'{"ok" if good else "not ok"} {i} - {what}')
        if not good:
            print('# ' + detail.replace('\n', ' '))


main()
