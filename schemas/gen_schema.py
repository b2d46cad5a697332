"""schemas/gen_schema.py: reads event schemas and refuses whatever is outside of the closed subset."""
import json
import os
import re

SCHEMA_URI = 'https://json-schema.org/draft/2020-12/schema'
TYPE_NAME = re.compile(r'[a-z0-9_]+(\.[a-z0-9_]+)+')
MEMBER_NAME = re.compile(r'[a-z][a-z0-9_]{0,30}')
ENUM_VALUE = re.compile(r'[a-zA-Z0-9][a-zA-Z0-9._-]{0,30}')
PATTERN = re.compile(r'\^\[([^\[\]\\^]+)\]([+*])\$')
UNIT = re.compile(r'[a-z_]{1,16}')
FILE_VERSION = re.compile(r'(.+)\.v([1-9][0-9]*)')
TEMPLATE = re.compile(r'([a-z-]+)((?:/\{[a-z][a-z0-9_]*\})+)')
C_WORDS = set('''auto bool break case char const continue default do double else enum extern false float
for goto if inline int long register restrict return short signed sizeof static struct switch true typedef
typeof union unsigned void volatile while nullptr'''.split())

U64_MAX = 2**64 - 1
I64_MIN, I64_MAX = -2**63, 2**63 - 1
TIME_MAX = 253402300799999999
TEXT_MAX = 4096
BYTES_MAX = 32768
SEALED_MIN = 1 + 16 + 24 + 16  # HF_SEALED_MIN of schemas/canonical.h
ARRAY_MAX = 64
DEPTH_MAX = 6
STREAM_MAX = 128
TYPE_MAX = 64
ENCODED_MAX = 60000  # leaves room for the envelope in a leaf of 65,535 bytes
FORMAT_ENCODED_MAX = 256 * 1024  # by the sum of all bounds; who owns a format bounds it further
STRUCT_MAX = 16384   # a decoded event lives on a stack


class SchemaError(Exception):
    """A schema that is not in the subset: file, JSON path, reason."""


class Node:
    """A checked schema node. kind: text, enum, bytes, sealed, u64, i64, time, bool, array, object."""

    def __init__(self, kind, doc):
        self.kind = kind
        self.doc = doc
        self.personal = False
        self.unit = None
        self.min = self.max = 0
        self.pattern = None     # as written
        self.charset = None     # set of byte values
        self.values = []        # of an enum
        self.items = None
        self.members = []       # of an object: Member, sorted by name


class Member:
    def __init__(self, name, node, required):
        self.name = name
        self.node = node
        self.required = required


class Format:
    """Something that is encoded as events are and is none: a C struct with its codec."""

    def __init__(self, name, node):
        self.name = name
        self.node = node


class Event:
    def __init__(self, name, version, current, stream, node):
        self.name = name
        self.version = version
        self.current = current  # False: kept to read old payloads
        self.stream = stream
        self.prefix = None      # of the stream's name
        self.keys = []          # members in the stream's name
        self.node = node

    def symbol(self):
        base = self.name.replace('.', '_')
        return base if self.current else f'{base}_v{self.version}'


class Checker:
    """Turns the parsed JSON of one file into nodes."""

    array_max = ARRAY_MAX

    def __init__(self, file):
        self.file = file

    def fail(self, path, why):
        raise SchemaError(f'{self.file}: {path}: {why}')

    def keywords(self, raw, path, needed, allowed=()):
        if not isinstance(raw, dict):
            self.fail(path, 'an object is expected')
        for key in raw:
            if key not in needed and key not in allowed:
                self.fail(f'{path}.{key}', 'this keyword is not in the subset here')
        for key in needed:
            if key not in raw:
                self.fail(path, f'the keyword {key} is missing')

    def integer(self, raw, key, path, low, high):
        value = raw[key]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fail(f'{path}.{key}', f'an integer from {low} to {high} is expected')
        return value

    def doc(self, raw, path):
        text = raw['description']
        if not isinstance(text, str) or not text.endswith('.') or not text.isprintable():
            self.fail(f'{path}.description', 'one line that ends with a full stop is expected')
        if '"' in text or '\\' in text or '|' in text or '*/' in text or not text.isascii():
            self.fail(f'{path}.description', 'ASCII without quotation marks, backslash and bar is expected')
        return text

    def charset(self, pattern, path):
        match = PATTERN.fullmatch(pattern) if isinstance(pattern, str) else None
        if match is None or not pattern.isascii() or not pattern.isprintable():
            self.fail(path, 'only ^[class]+$ and ^[class]*$ of plain ASCII characters and ranges are in the subset')
        body, chars, i = match.group(1), set(), 0
        while i < len(body):
            if i + 2 < len(body) and body[i + 1] == '-':
                if body[i] > body[i + 2]:
                    self.fail(path, f'the range {body[i:i + 3]} is empty')
                chars.update(range(ord(body[i]), ord(body[i + 2]) + 1))
                i += 3
            else:
                if body[i] == '-' and 0 < i < len(body) - 1:
                    self.fail(path, 'a lone - stands first or last in a class')
                chars.add(ord(body[i]))
                i += 1
        return chars, match.group(2) == '+'

    def text(self, raw, path):
        self.keywords(raw, path, ('type', 'description', 'minLength', 'maxLength'), ('pattern', 'x-personal'))
        node = Node('text', self.doc(raw, path))
        node.max = self.integer(raw, 'maxLength', path, 1, TEXT_MAX)
        node.min = self.integer(raw, 'minLength', path, 0, node.max)
        if 'pattern' in raw:
            node.pattern = raw['pattern']
            node.charset, one = self.charset(raw['pattern'], f'{path}.pattern')
            if one != (node.min > 0):
                self.fail(f'{path}.pattern', '+ goes with minLength from 1, * with minLength 0')
        elif node.min > 1:
            self.fail(f'{path}.minLength', 'above 1 only with a pattern: bytes and characters differ')
        return node

    def enum(self, raw, path):
        self.keywords(raw, path, ('type', 'description', 'enum'), ('x-personal',))
        node = Node('enum', self.doc(raw, path))
        values = raw['enum']
        if not isinstance(values, list) or not 1 <= len(values) <= 64:
            self.fail(f'{path}.enum', 'a list of 1 to 64 names is expected')
        for i, value in enumerate(values):
            if not isinstance(value, str) or ENUM_VALUE.fullmatch(value) is None:
                self.fail(f'{path}.enum[{i}]', 'a name of at most 31 letters, digits, . _ - is expected')
        if len({constant(v) for v in values}) != len(values):
            self.fail(f'{path}.enum', 'two names are the same in C')
        node.values = values
        return node

    def bytes(self, raw, path):
        self.keywords(raw, path, ('type', 'description', 'contentEncoding', 'minLength', 'maxLength'),
                      ('x-personal', 'x-sealed'))
        node = Node('sealed' if 'x-sealed' in raw else 'bytes', self.doc(raw, path))
        if raw['contentEncoding'] != 'hex':
            self.fail(f'{path}.contentEncoding', 'only hex is in the subset')
        high = self.integer(raw, 'maxLength', path, 2, 2 * BYTES_MAX)
        low = self.integer(raw, 'minLength', path, 0, high)
        if high % 2 or low % 2:
            self.fail(path, 'lengths of hexadecimal text are even')
        node.min, node.max = low // 2, high // 2
        if node.kind == 'sealed' and raw['x-sealed'] is not True:
            self.fail(f'{path}.x-sealed', 'true is expected, or nothing')
        if node.kind == 'sealed' and node.min < SEALED_MIN:
            self.fail(f'{path}.minLength', f'sealed data has at least {SEALED_MIN} bytes')
        return node

    def number(self, raw, path):
        self.keywords(raw, path, ('type', 'description', 'minimum', 'maximum'), ('x-unit', 'x-personal'))
        low = self.integer(raw, 'minimum', path, I64_MIN, U64_MAX)
        high = self.integer(raw, 'maximum', path, low, U64_MAX if low >= 0 else I64_MAX)
        node = Node('u64' if low >= 0 else 'i64', self.doc(raw, path))
        node.min, node.max = low, high
        if 'x-unit' in raw:
            node.unit = raw['x-unit']
            if not isinstance(node.unit, str) or UNIT.fullmatch(node.unit) is None:
                self.fail(f'{path}.x-unit', 'at most 16 small letters are expected')
            if node.unit == 'time_us':
                if (low, high) != (0, TIME_MAX):
                    self.fail(path, f'a time goes from 0 to {TIME_MAX}')
                node.kind = 'time'
        return node

    def array(self, raw, path, depth):
        self.keywords(raw, path, ('type', 'description', 'items', 'maxItems'), ('x-personal',))
        node = Node('array', self.doc(raw, path))
        node.max = self.integer(raw, 'maxItems', path, 1, self.array_max)
        node.items = self.node(raw['items'], f'{path}.items', depth + 1)
        if node.items.kind == 'array':
            self.fail(f'{path}.items', 'an array of arrays is not in the subset; put an object between')
        return node

    def object(self, raw, path, depth, extra=()):
        self.keywords(raw, path, ('type', 'description', 'properties', 'required', 'additionalProperties') + extra,
                      ('$schema', 'title') if extra else ('x-personal',))
        if raw['additionalProperties'] is not False:
            self.fail(f'{path}.additionalProperties', 'false is expected')
        properties, required = raw['properties'], raw['required']
        if not isinstance(properties, dict) or not 1 <= len(properties) <= 64:
            self.fail(f'{path}.properties', '1 to 64 members are expected')
        if not isinstance(required, list) or any(not isinstance(r, str) for r in required):
            self.fail(f'{path}.required', 'a list of names is expected')
        if len(set(required)) != len(required) or any(r not in properties for r in required):
            self.fail(f'{path}.required', 'names members that are not there, or one twice')
        node = Node('object', self.doc(raw, path))
        symbols = set()
        for name in sorted(properties):
            where = f'{path}.properties.{name}'
            if MEMBER_NAME.fullmatch(name) is None or name in C_WORDS:
                self.fail(where, 'a name of at most 31 small letters, digits and _ that is no word of C is expected')
            member = Member(name, self.node(properties[name], where, depth + 1), name in required)
            mine = {name} | ({f'{name}_count'} if member.node.kind == 'array' else set())
            mine |= set() if member.required else {f'has_{name}'}
            if mine & symbols:
                self.fail(where, 'the name is taken in C by another member')
            symbols |= mine
            node.members.append(member)
        return node

    def node(self, raw, path, depth):
        if not isinstance(raw, dict):
            self.fail(path, 'an object is expected')
        if depth > DEPTH_MAX:
            self.fail(path, f'more than {DEPTH_MAX} levels')
        kind = raw.get('type')
        if kind == 'string':
            node = (self.enum if 'enum' in raw else self.bytes if 'contentEncoding' in raw else self.text)(raw, path)
        elif kind == 'integer':
            node = self.number(raw, path)
        elif kind == 'boolean':
            self.keywords(raw, path, ('type', 'description'), ('x-personal',))
            node = Node('bool', self.doc(raw, path))
        elif kind == 'array':
            node = self.array(raw, path, depth)
        elif kind == 'object':
            node = self.object(raw, path, depth)
        else:
            self.fail(f'{path}.type', 'string, integer, boolean, array or object is expected')
        node.personal = raw.get('x-personal', False)
        if not isinstance(node.personal, bool):
            self.fail(f'{path}.x-personal', 'true or false is expected')
        return node

    def stream(self, event):
        match = TEMPLATE.fullmatch(event.stream) if isinstance(event.stream, str) else None
        if match is None:
            self.fail('$.x-stream', 'a word and members are expected: word/{member}/{member}')
        event.prefix = match.group(1)
        event.keys = re.findall(r'\{([a-z0-9_]+)\}', match.group(2))
        length = len(event.prefix)
        members = {m.name: m for m in event.node.members}
        for key in event.keys:
            member = members.get(key)
            if member is None or not member.required or member.node.kind not in ('text', 'enum'):
                self.fail('$.x-stream', f'{key} is not a required member of text')
            node = member.node
            if node.kind == 'text' and (node.charset is None or ord('/') in node.charset or node.min == 0):
                self.fail('$.x-stream', f'{key} needs a pattern without / and at least one character')
            length += 1 + (node.max if node.kind == 'text' else max(map(len, node.values)))
        if length > STREAM_MAX:
            self.fail('$.x-stream', f'the name can have {length} bytes, {STREAM_MAX} are allowed')

    def titled(self, raw, name, extra):
        node = self.object(raw, '$', 0, extra)
        if raw.get('$schema') != SCHEMA_URI:
            self.fail('$.$schema', f'{SCHEMA_URI} is expected')
        if raw.get('title') != name:
            self.fail('$.title', f'the name of the file is expected: {name}')
        return node

    def format(self, raw, name):
        node = self.titled(raw, name, ('x-version',))
        if TYPE_NAME.fullmatch(name) is None or len(name) > TYPE_MAX:
            self.fail('$.title', 'a name such as thing.part of at most 64 bytes is expected')
        self.integer(raw, 'x-version', '$', 1, 1)
        self.sizes(node, FORMAT_ENCODED_MAX)
        return Format(name, node)

    def sizes(self, node, encoded):
        if encoded_max(node) > encoded:
            self.fail('$', f'can take {encoded_max(node)} bytes, {encoded} are allowed')
        if struct_max(node) > STRUCT_MAX:
            self.fail('$', f'takes {struct_max(node)} bytes of memory, {STRUCT_MAX} are allowed')

    def event(self, raw, name, file_version):
        node = self.titled(raw, name, ('x-version', 'x-stream'))
        if TYPE_NAME.fullmatch(name) is None or len(name) > TYPE_MAX:
            self.fail('$.title', 'a name such as thing.happened of at most 64 bytes is expected')
        version = self.integer(raw, 'x-version', '$', 1, 65535)
        if file_version is not None and version != file_version:
            self.fail('$.x-version', f'the version in the name of the file is expected: {file_version}')
        event = Event(name, version, file_version is None, raw['x-stream'], node)
        self.stream(event)
        self.sizes(node, ENCODED_MAX)
        return event


def constant(text):
    return re.sub(r'[^A-Z0-9]', '_', text.upper())


def encoded_max(node):
    """Most bytes of a value in MessagePack, rounded up."""
    if node.kind in ('text', 'bytes'):
        return 3 + node.max
    if node.kind == 'sealed':
        return 4 + node.max
    if node.kind == 'enum':
        return 1 + max(map(len, node.values))
    if node.kind in ('u64', 'i64', 'time'):
        return 9
    if node.kind == 'bool':
        return 1
    if node.kind == 'array':
        return 3 + node.max * encoded_max(node.items)
    return 3 + sum(1 + len(m.name) + encoded_max(m.node) for m in node.members)


def struct_max(node):
    """Most bytes of a value in a C struct, rounded up."""
    if node.kind == 'array':
        return 8 + node.max * struct_max(node.items)
    if node.kind == 'object':
        return sum(struct_max(m.node) + (0 if m.required else 8) for m in node.members)
    return 16 if node.kind in ('text', 'bytes', 'sealed') else 8


def is_personal(node):
    if node.personal:
        return True
    if node.kind == 'array':
        return is_personal(node.items)
    return node.kind == 'object' and any(is_personal(m.node) for m in node.members)


def no_duplicates(pairs):
    result = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f'the member {key} stands there twice')
        result[key] = value
    return result


def read(path):
    """One file: its Checker, its parsed JSON, its name without the ending."""
    file = os.path.basename(path)
    try:
        with open(path, encoding='utf-8') as f:
            raw = json.load(f, object_pairs_hook=no_duplicates)
    except (ValueError, OSError) as e:
        raise SchemaError(f'{file}: $: {e}') from e
    return Checker(file), raw, file[:-len('.json')] if file.endswith('.json') else file


def load_formats(paths):
    """All formats, by name."""
    formats = []
    for path in sorted(paths):
        checker, raw, name = read(path)
        formats.append(checker.format(raw, name))
    return formats


def load(path):
    """One file as a checked Event."""
    checker, raw, name = read(path)
    match = FILE_VERSION.fullmatch(name)
    return checker.event(raw, match.group(1) if match else name, int(match.group(2)) if match else None)


def load_all(paths):
    """All events, by name and version; the newest versions and the old ones of a name fit."""
    events = sorted((load(p) for p in paths), key=lambda e: (e.name, e.version))
    symbols = set()
    current = {e.name: e for e in events if e.current}
    for event in events:
        if event.symbol() in symbols:
            raise SchemaError(f'{event.name}: $: has the same name in C as another event')
        symbols.add(event.symbol())
        newest = current.get(event.name)
        if newest is None or (event is not newest and event.version >= newest.version):
            raise SchemaError(f'{event.name}.v{event.version}.json: $.x-version: the newest version, '
                              f'in {event.name}.json, has to be above it')
    for event in current.values():
        have = {e.version for e in events if e.name == event.name}
        missing = set(range(1, event.version)) - have
        if missing:
            raise SchemaError(f'{event.name}.json: $.x-version: the file of the old version '
                              f'{min(missing)} is missing')
    return events
