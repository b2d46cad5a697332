"""tests/unit/schemas/test_api_generator.py: the API's generator refuses declarations that do not fit
together, with file, path and reason; its document is what was declared, in whatever order.

test_api_generator.py SCHEMAS_FOLDER; prints TAP.
"""
import copy
import glob
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
FOLDER = sys.argv[1]
GENERATOR = os.path.join(FOLDER, 'generate_api.py')
EVENTS = sorted(glob.glob(os.path.join(FOLDER, 'events', '*.json')))
with open(os.path.join(FOLDER, 'api', 'api.json'), encoding='utf-8') as f:
    GOOD = json.load(f)
GOOD['schemas'] = {'thing': {'type': 'object', 'description': 'A thing.', 'required': ['ring'],
                             'additionalProperties': False,
                             'properties': {'ring': {'$event': 'tenant.moved#after'}}}}
GOOD['operations'] = [
    {'id': 'thing_show', 'method': 'GET', 'path': '/v1/things/{tenant}', 'who': 'viewer', 'summary': 'Shows it.',
     'query': {'as_of': {'type': 'integer', 'description': 'When.', 'minimum': 0, 'maximum': 2**63 - 1}},
     'answers': {'200': {'description': 'It.', 'schema': {'$ref': 'thing'}}}},
    {'id': 'thing_move', 'method': 'POST', 'path': '/v1/things/{tenant}/move', 'who': 'operator', 'appends': True,
     'shows': 'tenant', 'tagged': True, 'summary': 'Moves it.', 'problems': ['exists'],
     'request': {'type': 'object', 'description': 'Where to.', 'required': ['ring'], 'additionalProperties': False,
                 'properties': {'ring': {'$event': 'tenant.moved#after'},
                                'token': {'type': 'string', 'description': 'Key.', 'contentEncoding': 'hex',
                                          'minLength': 64, 'maxLength': 64}}},
     'answers': {'200': {'description': 'It.', 'schema': {'$ref': 'thing'}}}}]

SHOW, MOVE = ['operations', 0], ['operations', 1]
BOOL = {'type': 'boolean', 'description': 'X.'}
# (what, path of the change, new value or None to take it away, part of the message)
BAD = [
    ('unknown keyword', SHOW + ['tags'], [], '$.operations[0].tags: this keyword'),
    ('no summary', SHOW + ['summary'], None, '$.operations[0]: the keyword summary is missing'),
    ('summary without full stop', SHOW + ['summary'], 'Shows', '$.operations[0].summary.description: one line'),
    ('id that is a word of C', SHOW + ['id'], 'register', '$.operations[0].id: a name'),
    ('id with a capital', SHOW + ['id'], 'Show', '$.operations[0].id: a name'),
    ('id twice', SHOW + ['id'], 'thing_move', '$.operations[1]: thing_move is declared twice'),
    ('unknown method', SHOW + ['method'], 'FETCH', '$.operations[0]: method is one of'),
    ('unknown role', SHOW + ['who'], 'king', '$.operations[0]: method is one of'),
    ('path without slash', SHOW + ['path'], 'v1/things', '$.operations[0].path: a path such as'),
    ('undeclared parameter', SHOW + ['path'], '/v1/things/{thing}', '$.operations[0].path: thing is not declared'),
    ('another method of the same path is fine', MOVE + ['path'], '/v1/things/{tenant}', None),
    ('body of GET', SHOW + ['request'], GOOD['operations'][1]['request'], '$.operations[0].request: GET has no body'),
    ('boolean in a query', SHOW + ['query', 'flag'], BOOL, '$.operations[0].query.flag: text, a name'),
    ('integer without bound', SHOW + ['query', 'as_of', 'maximum'], None, '$.operations[0].query.properties.as_of'),
    ('open body', MOVE + ['request', 'additionalProperties'], True, '$.operations[1].request.additionalProperties'),
    ('body that is no object', MOVE + ['request'], BOOL, '$.operations[1].request: an object'),
    ('reference in a body', MOVE + ['request', 'properties', 'thing'], {'$ref': 'thing'},
     '$.operations[1].request.properties.thing.$ref: a name'),
    ('unknown schema', SHOW + ['answers', '200', 'schema'], {'$ref': 'king'}, '.answers.200.schema.$ref: a name'),
    ('unknown event', MOVE + ['request', 'properties', 'ring'], {'$event': 'a.b#c'}, '.ring.$event: TYPE#MEMBER'),
    ('unknown member', MOVE + ['request', 'properties', 'ring'], {'$event': 'tenant.moved#king'},
     '.ring.$event: tenant.moved has no member king'),
    ('member that is no value', MOVE + ['request', 'properties', 'ring'], {'$event': 'tenant.registered#versions'},
     '.ring.$event: a single value'),
    ('answer with two contents', SHOW + ['answers', '200', 'content'], 'text/plain', '.answers.200: an answer is either'),
    ('answer of a wrong status', SHOW + ['answers', '404'], {'description': 'X.'}, '.answers.404: a status'),
    ('no answer', SHOW + ['answers'], {}, '$.operations[0].answers: at least one'),
    ('worker that may not', SHOW + ['worker'], 'no', '$.operations[0].worker: true'),
    ('command that shows nothing', MOVE + ['shows'], None, '$.operations[1].shows: one of'),
    ('command that shows the unknown', MOVE + ['shows'], 'king', '$.operations[1].shows: one of'),
    ('read that is shown again', SHOW + ['shows'], 'tenant', '$.operations[0].shows: one of'),
    ('undeclared problem', MOVE + ['problems'], ['king'], '$.operations[1].problems: the problem king'),
    ('problem without help', ['problems', 'exists', 'help'], None, '$.problems.exists: the keyword help'),
    ('problem of a good status', ['problems', 'exists', 'status'], 200, '$.problems.exists.status: a status'),
    ('missing problem', ['problems', 'conflict'], None, '$.problems: conflict is missing'),
    ('parameter without pattern', ['parameters', 'tenant', 'pattern'], None, '$.parameters.tenant: text with'),
    ('no info', ['info'], None, 'one file has to hold info and problems'),
]


def run(*args):
    done = subprocess.run([sys.executable, GENERATOR, *args], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def changed(path, value):
    declaration = copy.deepcopy(GOOD)
    owner = declaration
    for key in path[:-1]:
        owner = owner[key]
    if value is None:
        del owner[path[-1]]
    else:
        owner[path[-1]] = value
    return declaration


def main():
    results = []
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, 'api'))
        file, out = os.path.join(folder, 'api', 'one.json'), os.path.join(folder, 'openapi.json')

        def attempt(declaration, what='--openapi', to=out):
            with open(file, 'w', encoding='utf-8') as f:
                json.dump(declaration, f)
            return run(what, to, file, *EVENTS)
        code, text = attempt(GOOD)
        results.append(('a good declaration', code == 0, text))
        with open(out, encoding='utf-8') as f:
            document = json.load(f)
        show = document['paths']['/v1/things/{tenant}']['get']
        move = document['paths']['/v1/things/{tenant}/move']['post']
        ring = move['requestBody']['content']['application/json']['schema']['properties']['ring']
        results += [
            ('parameters', [p['in'] for p in show['parameters']] == ['path', 'query'], str(show)),
            ('an event\'s member', ring['enum'] == ['sandbox', 'canary', 'general'], str(ring)),
            ('hexadecimal text', move['requestBody']['content']['application/json']['schema']['properties']['token']
             ['maxLength'] == 64, str(move)),
            ('problems by status', move['responses']['409']['x-problems'] == ['conflict', 'exists', 'in-progress'], str(move)),
            ('no command, no conflict', '409' not in show['responses'], str(show))]
        code, text = attempt(GOOD, '--c', folder)
        results.append(('the same in C', code == 0, text))
        for what, path, value, message in BAD:
            code, text = attempt(changed(path, value))
            good = code == 1 and message in text and text.count('\n') == 1 if message else code == 0
            results.append((what, good, f'{code}: {text}'))
        same = changed(MOVE + ['path'], '/v1/things/{tenant}')
        same['operations'][1]['method'] = 'GET'
        del same['operations'][1]['request']
        code, text = attempt(same)
        results.append(('method and path twice', code == 1 and 'is declared twice' in text, f'{code}: {text}'))
        outputs = []
        for order in (GOOD, dict(GOOD, operations=list(reversed(GOOD['operations'])))):
            attempt(order)
            with open(out, encoding='utf-8') as f:
                outputs.append(f.read())
        results.append(('the same output in any order', outputs[0] == outputs[1], 'differs'))
    print(f'1..{len(results)}')
    for i, (what, good, detail) in enumerate(results, 1):
        print(f'{"ok" if good else "not ok"} {i} - {what}')
        if not good:
            print('# ' + detail.replace('\n', ' ')[:400])


main()
