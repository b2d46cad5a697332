"""schemas/gen_api.py: reads the declaration of the Hub's API and refuses whatever does not fit together."""
import json
import os
import re

from gen_schema import C_WORDS, Checker, Node, SchemaError, no_duplicates

OPERATION_ID = re.compile(r'[a-z][a-z0-9_]{0,40}')
PROBLEM_ID = re.compile(r'[a-z][a-z-]{0,30}')
PATH = re.compile(r'(/([a-z][a-z0-9.-]*|\{[a-z][a-z0-9_]*\})){1,8}')
CONTENT = re.compile(r'[a-z]+/[a-z0-9.+-]+(; [a-z]+=[a-z0-9.-]+)*')
METHODS = ('GET', 'POST', 'PUT', 'PATCH', 'DELETE')
ROLES = ('viewer', 'auditor', 'operator', 'approver', 'admin')
WHO = ('anyone', 'agent', 'worker') + ROLES
SHOWS = ('approval', 'artifact', 'contact', 'cutover', 'digest', 'directive', 'flag', 'principal', 'principal-token', 'subject', 'tenant', 'tenant-token')
QUERY_KINDS = ('text', 'enum', 'u64', 'i64', 'time', 'bytes')
LIST_MAX = 65536         # of an answer

# What any call can end in, whoever makes it and whatever it asks for.
ALWAYS = ('invalid', 'out-of-memory')
OF_PRINCIPALS = ('unknown-principal', 'not-permitted')
OF_AGENTS = ('unknown-agent', 'tenant-not-active')
OF_WORKERS = ('not-permitted',)
OF_BODIES = ('too-big',)
OF_PATHS = ('not-found',)
OF_KEYED = ('key-reused', 'in-progress')
OF_TAGGED = ('changed',)     # commands
OF_APPENDS = ('conflict', 'read-only', 'outcome-unknown', 'busy', 'closing', 'failed')
# Of the connection or the path: before there is an operation.
BEFORE = ('malformed-request', 'method', 'not-found', 'too-slow')


class Operation:
    """One method of one path. Nodes are those of gen_schema; `body` is an object, bytes or None."""

    def __init__(self, name):
        self.name = name
        self.method = self.path = self.who = self.summary = self.description = None
        self.appends = False
        self.bound = False      # also for principals that are bound to a tenant, about theirs
        self.shows = None       # of a principal's command
        self.worker = False     # also for the region's worker, over the Hub's own socket
        self.tagged = False     # about one thing that has a version: entity tags
        self.params = []        # (name, node), in the path's order
        self.query = None
        self.body = None
        self.body_content = None
        self.answers = {}       # status -> Answer
        self.problems = []      # sorted


class Answer:
    def __init__(self, description, content, node):
        self.description = description
        self.content = content  # media types; none: no body
        self.node = node        # of application/json


class Problem:
    def __init__(self, name, statuses, help_):
        self.name = name
        self.statuses = statuses
        self.help = help_


class Api:
    def __init__(self):
        self.info = None
        self.problems = {}
        self.parameters = {}    # of paths: name -> text node
        self.schemas = {}       # of answers: name -> node
        self.operations = []


class ApiChecker(Checker):
    """Checker of one file. Beyond the subset: {"$event": "a.b#member"} is that member of that event. In
    answers {"$ref": "name"} is a schema that all answers share, and an object may have members of any
    name, described by additionalProperties."""

    def __init__(self, file, events, refs):
        super().__init__(file)
        self.events = events
        self.refs = refs        # None: not allowed here

    def text_line(self, raw, key, path):
        return self.doc({'description': raw[key]}, f'{path}.{key}')

    def node(self, raw, path, depth):
        if isinstance(raw, dict) and '$event' in raw:
            return self.event_member(raw, path)
        if isinstance(raw, dict) and '$ref' in raw:
            self.keywords(raw, path, ('$ref',))
            if self.refs is None or raw['$ref'] not in self.refs:
                self.fail(f'{path}.$ref', 'a name under "schemas" is expected, in an answer')
            node = Node('ref', '')
            node.target = raw['$ref']
            return node
        if isinstance(raw, dict) and isinstance(raw.get('additionalProperties'), dict):
            return self.map(raw, path, depth)
        return super().node(raw, path, depth)

    def map(self, raw, path, depth):
        self.keywords(raw, path, ('type', 'description', 'additionalProperties'))
        if self.refs is None or raw['type'] != 'object':
            self.fail(path, 'an object by name is expected, in an answer')
        node = Node('map', self.doc(raw, path))
        node.items = self.node(raw['additionalProperties'], f'{path}.additionalProperties', depth + 1)
        return node

    def event_member(self, raw, path):
        self.keywords(raw, path, ('$event',), ('description',))
        name, _, member_path = raw['$event'].partition('#')
        event = self.events.get(name)
        if event is None or member_path == '':
            self.fail(f'{path}.$event', 'TYPE#MEMBER of a declared event is expected')
        node, symbol = event.node, f'hf_event_{event.symbol()}'
        for part in member_path.split('.'):
            found = [m for m in node.members if m.name == part]
            if not found:
                self.fail(f'{path}.$event', f'{name} has no member {member_path}')
            node, symbol = found[0].node, f'{symbol}_{part}'
        if node.kind in ('array', 'object'):
            self.fail(f'{path}.$event', 'a single value is expected')
        copy = Node(node.kind, self.doc(raw, path) if 'description' in raw else node.doc)
        copy.__dict__.update({k: v for k, v in node.__dict__.items() if k != 'doc'})
        copy.event_enum = symbol if node.kind == 'enum' else None
        return copy


def read(path):
    file = os.path.basename(path)
    try:
        with open(path, encoding='utf-8') as f:
            return file, json.load(f, object_pairs_hook=no_duplicates)
    except (ValueError, OSError) as e:
        raise SchemaError(f'{file}: $: {e}') from e


def load_problems(checker, raw, api):
    for name, entry in raw.items():
        path = f'$.problems.{name}'
        checker.keywords(entry, path, ('status', 'help'))
        statuses = entry['status'] if isinstance(entry['status'], list) else [entry['status']]
        if PROBLEM_ID.fullmatch(name) is None:
            checker.fail(path, 'a name of small letters and - is expected')
        if not statuses or any(not isinstance(s, int) or not 400 <= s <= 599 for s in statuses):
            checker.fail(f'{path}.status', 'a status from 400 to 599, or a list of them, is expected')
        api.problems[name] = Problem(name, statuses, checker.text_line(entry, 'help', path))
    for name in set(ALWAYS + OF_PRINCIPALS + OF_AGENTS + OF_BODIES + OF_PATHS + OF_KEYED + OF_TAGGED + OF_APPENDS + BEFORE):
        if name not in api.problems:
            checker.fail('$.problems', f'{name} is missing; the generator gives it to operations')


def load_answer(checker, raw, path):
    checker.keywords(raw, path, ('description',), ('schema', 'content'))
    if 'schema' in raw and 'content' in raw:
        checker.fail(path, 'an answer is either JSON with a schema or other content')
    description = checker.doc(raw, path)
    if 'schema' in raw:
        return Answer(description, ['application/json'], checker.node(raw['schema'], f'{path}.schema', 0))
    content = raw.get('content', [])
    content = [content] if isinstance(content, str) else content
    if any(not isinstance(c, str) or CONTENT.fullmatch(c) is None for c in content):
        checker.fail(f'{path}.content', 'a media type, or a list of them, is expected')
    return Answer(description, content, None)


def load_request(checker, raw, path, op):
    if isinstance(raw, dict) and 'content' in raw:
        checker.keywords(raw, path, ('content', 'description'))
        op.body, op.body_content = Node('blob', checker.doc(raw, path)), raw['content']
    else:
        op.body, op.body_content = checker.node(raw, path, 0), 'application/json'
        if op.body.kind != 'object':
            checker.fail(path, 'an object is expected')


def load_query(checker, raw, path, op):
    op.query = checker.object({'type': 'object', 'description': f'Query of {op.name}.', 'properties': raw,
                               'required': [], 'additionalProperties': False}, path, 0)
    for member in op.query.members:
        if member.node.kind not in QUERY_KINDS:
            checker.fail(f'{path}.{member.name}', 'text, a name, an integer, a time or bytes are expected')


def all_problems(checker, api, own, path, op):
    names = set(ALWAYS) | set(own)
    if op.who != 'anyone':
        names |= set({'agent': OF_AGENTS, 'worker': OF_WORKERS}.get(op.who, OF_PRINCIPALS))
    names |= set(OF_BODIES if op.body is not None else ()) | set(OF_PATHS if op.params else ())
    names |= set(OF_APPENDS if op.appends else ()) | set(OF_TAGGED if op.appends and op.tagged else ())
    names |= set(OF_KEYED if op.shows else ())
    for name in own:
        if name not in api.problems:
            checker.fail(path, f'the problem {name} is not declared')
    return sorted(names)


def load_operation(file, events, api, raw, path):
    checker = ApiChecker(file, events, None)
    answers = ApiChecker(file, events, api.schemas)
    answers.array_max = LIST_MAX
    checker.keywords(raw, path, ('id', 'method', 'path', 'who', 'summary', 'answers'),
                     ('description', 'query', 'request', 'problems', 'appends', 'bound', 'tagged', 'shows', 'worker'))
    if not isinstance(raw['id'], str) or OPERATION_ID.fullmatch(raw['id']) is None or \
            raw['id'] in C_WORDS:
        checker.fail(f'{path}.id', 'a name of small letters, digits and _ that is no word of C is expected')
    op = Operation(raw['id'])
    op.method, op.path, op.who = raw['method'], raw['path'], raw['who']
    op.summary = checker.text_line(raw, 'summary', path)
    op.description = checker.doc(raw, path) if 'description' in raw else None
    op.appends = raw.get('appends', False)
    if op.method not in METHODS or op.who not in WHO:
        checker.fail(path, f'method is one of {METHODS}, who one of {WHO}')
    if not isinstance(op.path, str) or PATH.fullmatch(op.path) is None:
        checker.fail(f'{path}.path', 'a path such as /v1/things/{thing} is expected')
    for name in re.findall(r'\{([a-z0-9_]+)\}', op.path):
        if name not in api.parameters:
            checker.fail(f'{path}.path', f'{name} is not declared under "parameters"')
        op.params.append((name, api.parameters[name]))
    op.tagged = raw.get('tagged', False)
    op.worker = raw.get('worker', op.who == 'worker')
    if op.worker is not True and (op.worker is not False or op.who == 'worker'):
        checker.fail(f'{path}.worker', 'true is expected, or nothing')
    op.shows = raw.get('shows')
    if (op.shows is not None) != (op.appends and op.who in ROLES) or op.shows not in SHOWS + (None,):
        checker.fail(f'{path}.shows', f'one of {SHOWS} goes with each command of a principal, and with nothing else')
    op.bound = raw.get('bound', op.path.startswith('/v1/tenants/{tenant}'))
    if 'query' in raw:
        load_query(checker, raw['query'], f'{path}.query', op)
    if 'request' in raw:
        if op.method == 'GET':
            checker.fail(f'{path}.request', 'GET has no body')
        load_request(checker, raw['request'], f'{path}.request', op)
    for status, answer in raw['answers'].items():
        if re.fullmatch(r'[23][0-9][0-9]|503', status) is None:
            checker.fail(f'{path}.answers.{status}', 'a status from 200 to 399, or 503, is expected')
        op.answers[int(status)] = load_answer(answers, answer, f'{path}.answers.{status}')
    if not op.answers:
        checker.fail(f'{path}.answers', 'at least one is expected')
    op.problems = all_problems(checker, api, raw.get('problems', []), f'{path}.problems', op)
    return op


def shape(path):
    return re.sub(r'\{[^}]*\}', '{}', path)


def load_api(paths, events):
    """The whole declaration out of its files; `events` are the newest ones, by name."""
    api = Api()
    files = sorted(read(p) for p in paths)
    for file, raw in files:
        checker = ApiChecker(file, events, None)
        checker.keywords(raw, '$', (), ('info', 'problems', 'parameters', 'schemas', 'operations'))
        if 'info' in raw:
            checker.keywords(raw['info'], '$.info', ('title', 'version', 'description'))
            api.info = {k: raw['info'][k] for k in ('title', 'version', 'description')}
        for name, node in raw.get('parameters', {}).items():
            api.parameters[name] = checker.node(node, f'$.parameters.{name}', 0)
            if api.parameters[name].kind != 'text' or api.parameters[name].charset is None:
                checker.fail(f'$.parameters.{name}', 'text with a pattern is expected')
        if 'problems' in raw:
            load_problems(checker, raw['problems'], api)
    if api.info is None or not api.problems:
        raise SchemaError('api: $: one file has to hold info and problems')
    for file, raw in files:
        refs = {name for _, other in files for name in other.get('schemas', {})}
        checker = ApiChecker(file, events, refs)
        checker.array_max = LIST_MAX
        for name, node in raw.get('schemas', {}).items():
            if name in api.schemas:
                checker.fail(f'$.schemas.{name}', 'another file has a schema of this name')
            api.schemas[name] = checker.node(node, f'$.schemas.{name}', 0)
    taken = set()
    for file, raw in files:
        for i, operation in enumerate(raw.get('operations', [])):
            op = load_operation(file, events, api, operation, f'$.operations[{i}]')
            for key in (op.name, (op.method, shape(op.path))):
                if key in taken:
                    raise SchemaError(f'{file}: $.operations[{i}]: {key} is declared twice')
                taken.add(key)
            api.operations.append(op)
    api.operations.sort(key=lambda o: (o.path, o.method))  # { sorts behind letters: words win over parameters
    return api
