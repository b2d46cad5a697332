"""schemas/gen_api_c.py: writes api_gen.h and api_gen.c, what the Hub routes and checks requests with."""
import hashlib
import re

from gen_api import WHO
from gen_c import Emitter, quoted
from gen_schema import constant

HEADER_TOP = '''/* schemas/api_gen.h: the Hub's API as data. Generated from schemas/api by schemas/generate_api.py; see
 * schemas/api.h for how to use it. */
#ifndef HF_SCHEMAS_API_GEN_H
#define HF_SCHEMAS_API_GEN_H

#include "schemas/api.h"
#include "schemas/events_gen.h"
'''
SOURCE_TOP = '''/* schemas/api_gen.c: operations, checks of their requests, problems, the OpenAPI document. Generated from
 * schemas/api by schemas/generate_api.py. */
#include "schemas/api_gen.h"

#include "schemas/field.h"
'''


class RequestEmitter(Emitter):
    """Requests come in as JSON and never go anywhere else: of the event functions only that one is made."""

    def c_type(self, node, symbol):
        if node.kind == 'enum' and getattr(node, 'event_enum', None):
            return f'enum {node.event_enum}'
        return super().c_type(node, symbol)

    def declare_enum(self, node, symbol):
        if getattr(node, 'event_enum', None) is None:
            upper = self.claim(symbol).upper()
            self.h.append(f'enum {symbol} {{')
            self.h += [f'    {upper}_{constant(v)},' for v in node.values]
            self.h += [f'    {upper}_COUNT', '};', '']
        self.c.append(f'static const struct hf_str names_{symbol}[] = {{')
        self.c += [f'    {{{quoted(value)}, {len(value)}}},' for value in node.values] + ['};', '']

    def functions(self, node, symbol):
        for member in node.members:
            self.rule(member.node, f'{symbol}_{member.name}', member.name)
        self.c.append('')
        self.json_in_function(node, symbol)

    def request(self, node, symbol):
        self.declare(node, symbol)
        self.functions(node, symbol)
        self.c += [f'static enum hf_rc take_{symbol}(const struct hf_json *value, struct hf_arena *arena, void *ret, '
                   'struct hf_err *err)', '{', '    enum hf_rc rc = hf_field_object_json(NULL, value, err);',
                   f'    return rc != HF_OK ? rc : from_json_{symbol}(value, arena, ret, err);', '}', '']


def unions(emitter, api):
    """Room for the values of any request."""
    for name, attribute, suffix in (('hf_api_in', 'body', ''), ('hf_api_query', 'query', '_query')):
        members = [op for op in api.operations
                   if getattr(op, attribute) is not None and getattr(op, attribute).kind == 'object']
        emitter.h += [f'union {name} {{'] + [f'    struct hf_api_{op.name}{suffix} {op.name};' for op in members]
        emitter.h += ['    char none; /* of calls without any */', '};', '']


def operation_row(op):
    body = op.body is not None and op.body.kind == 'object'
    needs = body and any(m.required for m in op.body.members)
    return [('id', quoted(op.name)), ('method', quoted(op.method)),
            ('path', quoted(re.sub(r'\{[^}]*\}', '*', op.path[1:]))),
            ('who', f'HF_API_{op.who.upper()}'),
            ('body', 'HF_API_NO_BODY' if op.body is None else 'HF_API_JSON' if body else 'HF_API_BYTES'),
            ('needs_body', 'true' if needs else 'false'),
            ('appends', 'true' if op.appends else 'false'), ('bound', 'true' if op.bound else 'false'),
            ('tagged', 'true' if op.tagged else 'false'), ('worker', 'true' if op.worker else 'false'),
            ('shows', 'HF_API_SHOWS_' + constant(op.shows or 'nothing')), ('status', min(op.answers)),
            ('take_body', f'take_hf_api_{op.name}' if body else 'NULL'),
            ('take_query', f'take_hf_api_{op.name}_query' if op.query else 'NULL'),
            ('params', '{' + ', '.join(f'&rule_param_{name}' for name, _ in op.params) + '}' if op.params else '{NULL}')]


def byte_rows(data):
    return ['    ' + ' '.join(f'{b},' for b in data[i:i + 24]) for i in range(0, len(data), 24)]


def emit(api, document):
    """Gives the text of the header and of the source; document: the OpenAPI document's bytes."""
    e = RequestEmitter()
    for op in api.operations:
        if op.body is not None and op.body.kind == 'object':
            e.request(op.body, f'hf_api_{op.name}')
        if op.query is not None:
            e.request(op.query, f'hf_api_{op.name}_query')
    unions(e, api)
    for name in sorted({name for op in api.operations for name, _ in op.params}):
        e.rule(api.parameters[name], f'param_{name}', name)
    e.h += ['/* Problems that a call can end in; the last part of the URN in hf_api_problem_types. */', 'enum hf_problem {']
    e.h += [f'    HF_PROBLEM_{constant(name)},' for name in sorted(api.problems)] + ['    HF_PROBLEM_COUNT', '};', '']
    e.h += ['/* Sorted by path, words before parameters. */', 'enum hf_api_id {']
    e.h += [f'    HF_API_{op.name.upper()},' for op in api.operations] + ['    HF_API_COUNT', '};', '']
    e.h += ['/* X(name) for each operation, in the order of enum hf_api_id. */', '#define HF_API_EACH(X) \\']
    e.h += [f'    X({op.name}) \\' for op in api.operations[:-1]] + [f'    X({api.operations[-1].name})', '']
    e.h += ['extern const struct hf_api_operation hf_api_operations[HF_API_COUNT];',
            'extern const struct hf_api_problem hf_api_problem_types[HF_PROBLEM_COUNT];', '',
            '/* The OpenAPI document, and its hash as an entity tag. */',
            f'#define HF_API_DOCUMENT_SIZE {len(document)}',
            f'#define HF_API_DOCUMENT_TAG  "{hashlib.sha256(document).hexdigest()[:32]}"',
            'extern const uint8_t hf_api_document[HF_API_DOCUMENT_SIZE];', '']
    e.c += ['', 'const struct hf_api_operation hf_api_operations[HF_API_COUNT] = {']
    for op in api.operations:
        e.c += ['    {'] + [f'        .{key} = {value},' for key, value in operation_row(op)] + ['    },']
    e.c += ['};', '', 'const struct hf_api_problem hf_api_problem_types[HF_PROBLEM_COUNT] = {']
    e.c += [f'    {{{quoted(p.name)}, {p.statuses[0]}, {quoted(p.help)}}},'
            for _, p in sorted(api.problems.items())]
    e.c += ['};', '', 'const uint8_t hf_api_document[HF_API_DOCUMENT_SIZE] = {'] + byte_rows(document) + ['};']
    clash = {f'HF_API_{op.name.upper()}' for op in api.operations} & \
        ({f'HF_API_{w.upper()}' for w in WHO} | {'HF_API_JSON', 'HF_API_BYTES', 'HF_API_NO_BODY', 'HF_API_COUNT'})
    if clash:
        raise SystemExit(f'generate_api.py: the names {sorted(clash)} are taken in C')
    return HEADER_TOP + '\n' + '\n'.join(e.h) + '\n#endif\n', SOURCE_TOP + '\n' + '\n'.join(e.c) + '\n'
