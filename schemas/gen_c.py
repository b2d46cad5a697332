"""schemas/gen_c.py: writes events_gen.h and events_gen.c from checked events."""
from gen_schema import SchemaError, constant, is_personal

HEADER_TOP = '''/* schemas/events_gen.h: event types as C structs. Generated from schemas/events by
 * schemas/generate.py; see schemas/event.h for what each function promises. */
#ifndef HF_SCHEMAS_EVENTS_GEN_H
#define HF_SCHEMAS_EVENTS_GEN_H

#include "schemas/event.h"
'''
SOURCE_TOP = '''/* schemas/events_gen.c: checks and codecs of event types. Generated from schemas/events by
 * schemas/generate.py. */
#include "schemas/events_gen.h"

#include "schemas/field.h"
#include "schemas/pack.h"
#include "schemas/unpack.h"
'''
FORMAT_TOP = '''/* schemas/formats_gen.h: formats that are no events, as C structs. Generated from schemas/formats by
 * schemas/generate.py; the functions promise what those of events do, see schemas/event.h. */
#ifndef HF_SCHEMAS_FORMATS_GEN_H
#define HF_SCHEMAS_FORMATS_GEN_H

#include "schemas/event.h"
'''
SCALAR_TYPES = {'text': 'struct hf_str', 'bytes': 'struct hf_bytes', 'sealed': 'struct hf_bytes', 'u64': 'uint64_t', 'i64': 'int64_t',
                'time': 'int64_t', 'bool': 'bool'}


def quoted(text):
    """Text as a C literal; the schema check leaves ASCII without quotation marks and backslashes."""
    return '"' + text + '"'


def i64_literal(value):
    return 'INT64_MIN' if value == -2**63 else f'INT64_C({value})'


def key_literal(name):
    """A member's name as it is encoded: a fixstr."""
    return f'"\\x{0xa0 + len(name):02x}" "{name}", {len(name) + 1}'


class Emitter:
    """Collects the header's and the source's lines."""

    def __init__(self):
        self.h = []
        self.c = []
        self.symbols = set()

    def claim(self, symbol):
        if symbol in self.symbols:
            raise SchemaError(f'{symbol}: two things have this name in C')
        self.symbols.add(symbol)
        return symbol

    # Types ------------------------------------------------------------------------------------

    def c_type(self, node, symbol):
        if node.kind == 'enum':
            return f'enum {symbol}'
        if node.kind == 'object':
            return f'struct {symbol}'
        return SCALAR_TYPES[node.kind]

    def declare_enum(self, node, symbol):
        self.claim(symbol)
        upper = symbol.upper()
        self.h.append(f'enum {symbol} {{')
        self.h += [f'    {upper}_{constant(v)},' for v in node.values]
        self.h += [f'    {upper}_COUNT', '};', f'/* As it is written; static storage. */',
                   f'struct hf_str {symbol}_name(enum {symbol} value);', '']
        self.c.append(f'static const struct hf_str names_{symbol}[] = {{')
        for value in node.values:
            self.c.append(f'    {{{quoted(value)}, {len(value)}}},')
        self.c += ['};', '', f'struct hf_str {symbol}_name(enum {symbol} value)', '{',
                   f'    HF_ASSERT((size_t)value < {len(node.values)});', f'    return names_{symbol}[value];', '}', '']

    def declare(self, node, symbol):
        """Enums and structs, inner ones first."""
        if node.kind == 'enum':
            self.declare_enum(node, symbol)
        if node.kind == 'array':
            self.declare(node.items, symbol)
        if node.kind != 'object':
            return
        self.claim(symbol)
        for member in node.members:
            self.declare(member.node, f'{symbol}_{member.name}')
        self.h += [f'/* {node.doc} */', f'struct {symbol} {{']
        for m in node.members:
            if not m.required:
                self.h.append(f'    bool has_{m.name};')
            self.h.append(f'    /* {self.note(m.node)} */')
            inner = m.node.items if m.node.kind == 'array' else m.node
            c_type = self.c_type(inner, f'{symbol}_{m.name}')
            if m.node.kind == 'array':
                self.h += [f'    size_t {m.name}_count;', f'    {c_type} {m.name}[{m.node.max}];']
            else:
                self.h.append(f'    {c_type} {m.name};')
        self.h += ['};', '']

    def note(self, node):
        text = node.doc
        if node.unit:
            text += f' Unit: {node.unit}.'
        if node.personal:
            text += ' Personal data.'
        return text

    # Rules ------------------------------------------------------------------------------------

    def rule(self, node, symbol, name):
        """The constant that the helpers of schemas/field.h take; bool and time need only a name."""
        label = 'NULL' if name is None else quoted(name)
        if node.kind == 'text':
            chars = shape = 'NULL'
            if node.charset is not None:
                words = [sum(1 << (c - low) for c in node.charset if low <= c < low + 64) for low in (0, 64)]
                self.c.append(f'static const uint64_t chars_{symbol}[2] = '
                              f'{{UINT64_C({words[0]:#x}), UINT64_C({words[1]:#x})}};')
                chars, shape = f'chars_{symbol}', quoted(node.pattern[1:-2])
            self.c.append(f'static const struct hf_field_text rule_{symbol} = '
                          f'{{{label}, {node.min}, {node.max}, {chars}, {shape}}};')
        elif node.kind in ('bytes', 'sealed'):
            self.c.append(f'static const struct hf_field_bytes rule_{symbol} = {{{label}, {node.min}, {node.max}}};')
        elif node.kind == 'u64':
            self.c.append(f'static const struct hf_field_u64 rule_{symbol} = '
                          f'{{{label}, UINT64_C({node.min}), UINT64_C({node.max})}};')
        elif node.kind == 'i64':
            self.c.append(f'static const struct hf_field_i64 rule_{symbol} = '
                          f'{{{label}, {i64_literal(node.min)}, {i64_literal(node.max)}}};')
        elif node.kind == 'enum':
            self.c.append(f'static const struct hf_field_choice rule_{symbol} = '
                          f'{{{label}, names_{symbol}, {len(node.values)}}};')
        elif node.kind == 'array':
            if node.items.kind == 'object':
                self.functions(node.items, symbol)
            else:
                self.rule(node.items, symbol, None)
        elif node.kind == 'object':
            self.functions(node, symbol)

    # Statements for one value ------------------------------------------------------------------

    def first(self, node, symbol, name):
        """First argument of a helper."""
        if node.kind in ('bool', 'time'):
            return 'NULL' if name is None else quoted(name)
        return f'&rule_{symbol}'

    def wrap(self, name, index):
        """The element's or object's name in front of an error that comes from inside."""
        if name is None:
            return f'hf_err_wrap(err, rc, "{index}[%zu]", i)'
        return f'hf_err_wrap(err, rc, "{name}")'

    def scalar_check(self, node, symbol, name, value):
        if node.kind == 'bool':
            return None
        cast = '(size_t)' if node.kind == 'enum' else ''
        kind = 'choice' if node.kind == 'enum' else node.kind
        return f'hf_field_{kind}_check({self.first(node, symbol, name)}, {cast}{value}, err)'

    def step(self, out, pad, call, name, array, wrapped):
        """rc = call, then out of the function when it failed."""
        out += [f'{pad}rc = {call};', f'{pad}if (rc != HF_OK) {{']
        needs_name = wrapped or array is not None
        out += [f'{pad}    return {self.wrap(None if array else name, array) if needs_name else "rc"};', f'{pad}}}']

    def check_value(self, out, pad, node, symbol, name, value, array=None):
        if node.kind == 'object':
            self.step(out, pad, f'check_{symbol}(&{value}, err)', name, array, True)
        elif node.kind != 'bool':
            self.step(out, pad, self.scalar_check(node, symbol, name, value), name, array, False)

    def encode_value(self, out, pad, node, symbol, value):
        call = {'text': f'hf_pack_str(w, {value})', 'bytes': f'hf_pack_bin(w, {value})',
                'sealed': f'hf_pack_sealed(w, {value})',
                'u64': f'hf_pack_u64(w, {value})', 'i64': f'hf_pack_i64(w, {value})',
                'time': f'hf_pack_i64(w, {value})', 'bool': f'hf_pack_bool(w, {value})',
                'enum': f'hf_pack_str(w, {symbol}_name({value}))',
                'object': f'encode_{symbol}(&{value}, w)'}[node.kind]
        out.append(f'{pad}{call};')

    def decode_value(self, out, pad, node, symbol, name, value, array=None):
        if node.kind == 'object':
            self.step(out, pad, f'decode_{symbol}(u, &{value}, err)', name, array, True)
        elif node.kind == 'enum':
            self.step(out, pad, f'hf_field_choice_unpack(&rule_{symbol}, u, &choice, err)', name, array, False)
            out.append(f'{pad}{value} = (enum {symbol})choice;')
        else:
            self.step(out, pad, f'hf_field_{node.kind}_unpack({self.first(node, symbol, name)}, u, &{value}, err)',
                      name, array, False)

    def json_in_value(self, out, pad, node, symbol, name, value, array=None):
        if node.kind == 'object':
            self.step(out, pad, f'hf_field_object_json({"NULL" if array else quoted(name)}, item, err)', name, array,
                      False)
            self.step(out, pad, f'from_json_{symbol}(item, arena, &{value}, err)', name, array, True)
        elif node.kind == 'enum':
            self.step(out, pad, f'hf_field_choice_json(&rule_{symbol}, item, &choice, err)', name, array, False)
            out.append(f'{pad}{value} = ({self.c_type(node, symbol)})choice;')
        else:
            arena = 'arena, ' if node.kind in ('bytes', 'sealed') else ''
            self.step(out, pad, f'hf_field_{node.kind}_json({self.first(node, symbol, name)}, item, {arena}&{value}, err)',
                      name, array, False)

    def json_out_value(self, out, pad, node, symbol, value):
        call = {'text': f'hf_json_str(json, {value})', 'bytes': f'hf_json_hex(json, {value})',
                'sealed': f'hf_json_hex(json, {value})',
                'u64': f'hf_json_u64(json, {value})', 'i64': f'hf_json_i64(json, {value})',
                'time': f'hf_json_time_us(json, {value})', 'bool': f'hf_json_bool(json, {value})',
                'enum': f'hf_json_str(json, {symbol}_name({value}))',
                'object': f'to_json_{symbol}(&{value}, json)'}[node.kind]
        out.append(f'{pad}{call};')

    # Functions of one object -------------------------------------------------------------------

    def functions(self, node, symbol):
        for member in node.members:
            self.rule(member.node, f'{symbol}_{member.name}', member.name)
        self.c.append('')
        self.check_function(node, symbol)
        self.encode_function(node, symbol)
        self.decode_function(node, symbol)
        self.json_in_function(node, symbol)
        self.json_out_function(node, symbol)

    def body(self, head, locals_, statements, last):
        self.c += [head, '{'] + [f'    {x}' for x in locals_] + statements
        self.c += ([f'    {last}'] if last else []) + ['}', '']

    def loop(self, out, pad, m, element):
        """A for loop over an array member's elements; element(pad, value) writes its body."""
        out.append(f'{pad}for (size_t i = 0; i < {m}_count; i++) {{')
        element(pad + '    ', f'{m}[i]')
        out.append(f'{pad}}}')

    def check_function(self, node, symbol):
        out = []
        for m in node.members:
            sub, field = f'{symbol}_{m.name}', f'event->{m.name}'
            pad = '    ' if m.required else '        '
            block = []
            if m.node.kind == 'array':
                block += [f'{pad}if ({field}_count > {m.node.max}) {{',
                          f'{pad}    return hf_field_array_fault({quoted(m.name)}, {m.node.max}, err);', f'{pad}}}']
                if m.node.items.kind != 'bool':
                    self.loop(block, pad, field, lambda p, v: self.check_value(
                        block, p, m.node.items, sub, None, v, m.name))
            else:
                self.check_value(block, pad, m.node, sub, m.name, field)
            if block and not m.required:
                block = [f'    if (event->has_{m.name}) {{'] + block + ['    }']
            out += block
        used = any('rc = ' in line for line in out)
        silent = [] if any('event->' in line for line in out) else ['(void)event;', '(void)err;']
        self.body(f'static enum hf_rc check_{symbol}(const struct {symbol} *event, struct hf_err *err)',
                  (['enum hf_rc rc;'] if used else []) + silent, out, 'return HF_OK;')

    def encode_function(self, node, symbol):
        out = []
        optional = [f' + (event->has_{m.name} ? 1u : 0u)' for m in node.members if not m.required]
        out.append(f'    hf_pack_map(w, {sum(m.required for m in node.members)}u{"".join(optional)});')
        for m in node.members:
            sub, field = f'{symbol}_{m.name}', f'event->{m.name}'
            pad = '    ' if m.required else '        '
            if not m.required:
                out.append(f'    if (event->has_{m.name}) {{')
            out.append(f'{pad}hf_pack_str(w, HF_STR({quoted(m.name)}));')
            if m.node.kind == 'array':
                out.append(f'{pad}hf_pack_array(w, {field}_count);')
                self.loop(out, pad, field, lambda p, v: self.encode_value(out, p, m.node.items, sub, v))
            else:
                self.encode_value(out, pad, m.node, sub, field)
            if not m.required:
                out.append('    }')
        self.body(f'static void encode_{symbol}(const struct {symbol} *event, struct hf_writer *w)', [], out, None)

    def has_choice(self, node):
        return any((m.node.items if m.node.kind == 'array' else m.node).kind == 'enum' for m in node.members)

    def decode_function(self, node, symbol):
        out = ['    if (!hf_unpack_map(u, &left)) {', '        return hf_field_no_map(err);', '    }']
        for m in node.members:
            sub, field = f'{symbol}_{m.name}', f'ret->{m.name}'
            pad = '    ' if m.required else '        '
            key = f'hf_unpack_key(u, {key_literal(m.name)})'
            if m.required:
                out += [f'    if (left == 0 || !{key}) {{',
                        f'        return hf_field_missing(u, left, {quoted(m.name)}, err);', '    }']
            else:
                out += [f'    ret->has_{m.name} = left > 0 && {key};', f'    if (ret->has_{m.name}) {{']
            out.append(f'{pad}left--;')
            if m.node.kind == 'array':
                self.step(out, pad, f'hf_field_array_unpack({quoted(m.name)}, {m.node.max}, u, &{field}_count, err)',
                          m.name, None, False)
                self.loop(out, pad, field, lambda p, v: self.decode_value(
                    out, p, m.node.items, sub, None, v, m.name))
            else:
                self.decode_value(out, pad, m.node, sub, m.name, field)
            if not m.required:
                zero = [f'        {field}_count = 0;'] if m.node.kind == 'array' else \
                    [f'        memset(&{field}, 0, sizeof {field});']
                out += ['    } else {'] + zero + ['    }']
        self.body(f'static enum hf_rc decode_{symbol}(struct hf_unpack *u, struct {symbol} *ret, struct hf_err *err)',
                  ['size_t left;', 'enum hf_rc rc;'] + (['size_t choice;'] if self.has_choice(node) else []), out,
                  'return left == 0 ? HF_OK : hf_field_unknown(u, err);')

    def json_in_function(self, node, symbol):
        names = ', '.join(quoted(m.name) for m in node.members)
        out = []
        self.step(out, '    ', f'hf_field_only(value, names, {len(node.members)}, err)', None, None, False)
        for m in node.members:
            sub, field = f'{symbol}_{m.name}', f'ret->{m.name}'
            pad = '    ' if m.required else '        '
            out.append(f'    item = hf_json_get(value, {quoted(m.name)});')
            if m.required:
                out += ['    if (item == NULL) {', f'        return hf_field_absent({quoted(m.name)}, err);', '    }']
            else:
                out += [f'    ret->has_{m.name} = item != NULL;', f'    if (ret->has_{m.name}) {{']
            if m.node.kind == 'array':
                out.append(f'{pad}const struct hf_json *array_{m.name} = item;')
                self.step(out, pad, f'hf_field_array_json({quoted(m.name)}, item, {m.node.max}, &{field}_count, err)',
                          m.name, None, False)

                def element(p, v):
                    out.append(f'{p}item = hf_json_at(array_{m.name}, i);')
                    self.json_in_value(out, p, m.node.items, sub, None, v, m.name)
                self.loop(out, pad, field, element)
            else:
                self.json_in_value(out, pad, m.node, sub, m.name, field)
            if not m.required:
                out.append('    }')
        silent = [] if any('arena, ' in line for line in out) else ['(void)arena;']
        self.body(f'static enum hf_rc from_json_{symbol}(const struct hf_json *value, struct hf_arena *arena, '
                  f'struct {symbol} *ret, struct hf_err *err)',
                  [f'static const char *const names[] = {{{names}}};', 'const struct hf_json *item;', 'enum hf_rc rc;'] +
                  (['size_t choice;'] if self.has_choice(node) else []) + silent +
                  ['memset(ret, 0, sizeof *ret);'], out, 'return HF_OK;')

    def json_out_function(self, node, symbol):
        out = []
        for m in node.members:
            sub, field = f'{symbol}_{m.name}', f'event->{m.name}'
            pad = '    ' if m.required else '        '
            if not m.required:
                out.append(f'    if (event->has_{m.name}) {{')
            out.append(f'{pad}hf_json_key(json, HF_STR({quoted(m.name)}));')
            if m.node.kind == 'array':
                out.append(f'{pad}hf_json_array_begin(json);')
                self.loop(out, pad, field, lambda p, v: self.json_out_value(out, p, m.node.items, sub, v))
                out.append(f'{pad}hf_json_array_end(json);')
            else:
                self.json_out_value(out, pad, m.node, sub, field)
            if not m.required:
                out.append('    }')
        self.body(f'static void to_json_{symbol}(const struct {symbol} *event, struct hf_json_out *json)',
                  ['hf_json_object_begin(json);'], out, 'hf_json_object_end(json);')

    # Formats and events ------------------------------------------------------------------------------------

    def codec(self, node, symbol):
        """Struct and public functions."""
        self.declare(node, symbol)
        self.functions(node, symbol)
        const = f'const struct {symbol} *event'
        protos = [
            (f'enum hf_rc {symbol}_check({const}, struct hf_err *err)', [f'return check_{symbol}(event, err);']),
            (f'void {symbol}_encode({const}, struct hf_writer *w)', [f'encode_{symbol}(event, w);']),
            (f'enum hf_rc {symbol}_decode(struct hf_bytes payload, struct {symbol} *ret, struct hf_err *err)',
             ['struct hf_unpack u = hf_unpack_init(payload);', f'enum hf_rc rc = decode_{symbol}(&u, ret, err);',
              'if (rc == HF_OK && hf_unpack_left(&u) > 0) {',
              '    return hf_err_set(err, HF_EINVAL, "bytes after the end of the payload");', '}', 'return rc;']),
            (f'enum hf_rc {symbol}_from_json(const struct hf_json *value, struct hf_arena *arena, '
             f'struct {symbol} *ret, struct hf_err *err)',
             ['enum hf_rc rc = hf_field_object_json(NULL, value, err);',
              f'return rc != HF_OK ? rc : from_json_{symbol}(value, arena, ret, err);']),
            (f'void {symbol}_to_json({const}, struct hf_json_out *json)', [f'to_json_{symbol}(event, json);'])]
        for proto, body in protos:
            self.h.append(proto + ';')
            self.c += [proto, '{'] + [f'    {line}' for line in body] + ['}', '']
        self.h.append('')

    def event(self, event):
        symbol = f'hf_event_{event.symbol()}'
        upper = symbol.upper()
        self.h += [f'#define {upper}_NAME {quoted(event.name)}', f'#define {upper}_VERSION {event.version}', '']
        self.codec(event.node, symbol)
        self.generic(event, symbol)

    def generic(self, event, symbol):
        """The same functions on void pointers, for the table."""
        self.c += [f'static enum hf_rc any_check_{symbol}(const void *event, struct hf_err *err)', '{',
                   f'    return check_{symbol}(event, err);', '}', '',
                   f'static void any_encode_{symbol}(const void *event, struct hf_writer *w)', '{',
                   f'    encode_{symbol}(event, w);', '}', '',
                   f'static enum hf_rc any_decode_{symbol}(struct hf_bytes payload, void *ret, struct hf_err *err)', '{',
                   f'    return {symbol}_decode(payload, ret, err);', '}', '',
                   f'static enum hf_rc any_from_json_{symbol}(const struct hf_json *value, struct hf_arena *arena, '
                   'void *ret, struct hf_err *err)', '{',
                   f'    return {symbol}_from_json(value, arena, ret, err);', '}', '',
                   f'static void any_to_json_{symbol}(const void *event, struct hf_json_out *json)', '{',
                   f'    to_json_{symbol}(event, json);', '}', '',
                   f'static void any_stream_{symbol}(const void *event, struct hf_writer *w)', '{',
                   f'    const struct {symbol} *typed = event;',
                   f'    hf_writer_str(w, HF_STR({quoted(event.prefix)}));']
        members = {m.name: m.node for m in event.node.members}
        for key in event.keys:
            value = f'typed->{key}'
            if members[key].kind == 'enum':
                value = f'{symbol}_{key}_name({value})'
            self.c += ['    hf_writer_str(w, HF_STR("/"));', f'    hf_writer_str(w, {value});']
        self.c += ['}', '']

    def table(self, events):
        self.h += ['/* Room for any event. */', 'union hf_event_any {']
        self.h += [f'    struct hf_event_{e.symbol()} {e.symbol()};' for e in events]
        self.h += ['};', '', '/* Indexes of the table: by name, old versions before newer ones. */',
                   'enum hf_event_id {']
        self.h += [f'    HF_EVENT_{e.symbol().upper()},' for e in events]
        self.h += ['    HF_EVENT_COUNT', '};', '',
                   'extern const struct hf_event_type hf_event_types[HF_EVENT_COUNT];', '']
        self.c.append('const struct hf_event_type hf_event_types[HF_EVENT_COUNT] = {')
        for e in events:
            symbol = f'hf_event_{e.symbol()}'
            fields = [('name', f'{{{quoted(e.name)}, {len(e.name)}}}'), ('version', e.version),
                      ('newest', 'true' if e.current else 'false'), ('stream', quoted(e.stream)),
                      ('doc', quoted(e.node.doc)), ('personal', 'true' if is_personal(e.node) else 'false'),
                      ('size', f'sizeof(struct {symbol})'), ('check', f'any_check_{symbol}'),
                      ('encode', f'any_encode_{symbol}'), ('decode', f'any_decode_{symbol}'),
                      ('from_json', f'any_from_json_{symbol}'), ('to_json', f'any_to_json_{symbol}'),
                      ('stream_name', f'any_stream_{symbol}')]
            self.c += ['    {'] + [f'        .{key} = {value},' for key, value in fields] + ['    },']
        self.c.append('};')


def emit_formats(formats):
    """Gives the text of the header and of the source of formats that are no events."""
    emitter = Emitter()
    for item in formats:
        emitter.codec(item.node, 'hf_' + item.name.replace('.', '_'))
    source = SOURCE_TOP.replace('events_gen', 'formats_gen').replace(
        'checks and codecs of event types. Generated from schemas/events by', 'their checks and codecs. Generated by')
    source = source.replace('#include "schemas/field.h"', '#include "base/assert.h"\n#include "schemas/field.h"')
    return FORMAT_TOP + '\n' + '\n'.join(emitter.h) + '\n#endif\n', source + '\n' + '\n'.join(emitter.c) + '\n'


def emit(events):
    """Gives the text of the header and of the source."""
    emitter = Emitter()
    for event in events:
        emitter.event(event)
    emitter.table(events)
    header = HEADER_TOP + '\n' + '\n'.join(emitter.h) + '\n#endif\n'
    source = SOURCE_TOP.replace('#include "schemas/field.h"', '#include "base/assert.h"\n#include "schemas/field.h"')
    return header, source + '\n' + '\n'.join(emitter.c) + '\n'
