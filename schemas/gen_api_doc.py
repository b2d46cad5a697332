"""schemas/gen_api_doc.py: the Hub's API as an OpenAPI 3.1 document."""
import json

EXACT_MAX = 2**53   # integers beyond are spelled in strings


def schema(node, answer):
    """A node as JSON Schema 2020-12. Answers may get more members one day, so theirs are not closed."""
    if node.kind == 'ref':
        return {'$ref': f'#/components/schemas/{node.target}'}
    out = {'description': node.doc}
    if node.kind == 'text':
        out.update(type='string', minLength=node.min, maxLength=node.max)
        if node.pattern:
            out['pattern'] = node.pattern
    elif node.kind == 'enum':
        out.update(type='string', enum=node.values)
    elif node.kind in ('bytes', 'sealed'):
        out.update(type='string', contentEncoding='base16', minLength=2 * node.min, maxLength=2 * node.max,
                   pattern='^[0-9a-fA-F]*$')
    elif node.kind in ('u64', 'i64'):
        big = node.max > EXACT_MAX or node.min < -EXACT_MAX
        out.update(type=['integer', 'string'] if big else 'integer', minimum=node.min, maximum=node.max)
        if big:
            out['pattern'] = '^-?[0-9]+$'
    elif node.kind == 'time':
        out.update(type='string', format='date-time')
    elif node.kind == 'bool':
        out['type'] = 'boolean'
    elif node.kind == 'array':
        out.update(type='array', items=schema(node.items, answer), maxItems=node.max)
    elif node.kind == 'map':
        out.update(type='object', properties={}, required=[], additionalProperties=schema(node.items, answer))
    else:
        out.update(type='object', properties={m.name: schema(m.node, answer) for m in node.members},
                   required=[m.name for m in node.members if m.required])
        if not answer:
            out['additionalProperties'] = False
    if node.unit:
        out['x-unit'] = node.unit
    return out


TAG = 'Names the state of the thing that is shown; up to the first dash it is the version of its life.'
MATCH = 'The call is carried out when the version in one of these entity tags is still that of the thing.'
KEY = 'The same principal, key and request within 24 hours is carried out once, and answered again as the first time.'
NONE_MATCH = 'When one of these entity tags is that of the answer, 304 is answered instead.'


def problem_responses(op, api):
    by_status = {}
    for name in op.problems:
        for status in api.problems[name].statuses:
            by_status.setdefault(status, []).append(name)
    out = {}
    for status, names in sorted(by_status.items()):
        text = ' '.join(f'{name}: {api.problems[name].help}' for name in names)
        out[str(status)] = {'description': text, 'x-problems': names, 'content': {
            'application/problem+json': {'schema': {'$ref': '#/components/schemas/problem'}}}}
        if status == 503 or 'in-progress' in names:
            out[str(status)]['headers'] = {'Retry-After': {'description': 'Seconds to wait before another try.',
                                                           'schema': {'type': 'integer'}}}
    return out


def answer_response(answer):
    out = {'description': answer.description}
    if answer.content:
        out['content'] = {c: {'schema': schema(answer.node, True)} if answer.node else {} for c in answer.content}
    return out


def parameters(op):
    out = [{'name': name, 'in': 'path', 'required': True, 'schema': schema(node, False)} for name, node in op.params]
    for m in op.query.members if op.query else []:
        out.append({'name': m.name, 'in': 'query', 'required': False, 'schema': schema(m.node, False)})
    if op.tagged:
        out.append({'name': 'If-Match' if op.appends else 'If-None-Match', 'in': 'header', 'required': False,
                    'description': MATCH if op.appends else NONE_MATCH, 'schema': {'type': 'string'}})
    if op.shows:
        out.append({'name': 'Idempotency-Key', 'in': 'header', 'required': False, 'description': KEY,
                    'schema': {'type': 'string', 'minLength': 1, 'maxLength': 64, 'pattern': '^[!-~]+$'}})
    return out


def operation(op, api):
    who = {'anyone': 'Anybody may call it.', 'agent': 'For agents, with the API key of their registration.',
           'worker': "For the region's worker alone, over the Hub's own socket."}.get(
        op.who, f'Needs the role {op.who} or a higher one.')
    if op.worker and op.who != 'worker':
        who += " The region's worker may call it over the Hub's own socket."
    if op.bound:
        who += ' Principals that are bound to a tenant may call it about theirs' + (
            ', but for customers\' users.' if op.who == 'operator' else '.')
    out = {'operationId': op.name, 'summary': op.summary,
           'description': ' '.join(filter(None, (op.description, who))), 'x-who': op.who, 'x-bound': op.bound,
           'security': [] if op.who in ('anyone', 'worker') else [{'agent' if op.who == 'agent' else 'principal': []}]}
    if parameters(op):
        out['parameters'] = parameters(op)
    if op.body is not None:
        content = {'schema': schema(op.body, False)} if op.body.kind == 'object' else {}
        needed = op.body.kind != 'object' or any(m.required for m in op.body.members)
        out['requestBody'] = {'description': op.body.doc, 'required': needed, 'content': {op.body_content: content}}
    responses = {str(status): answer_response(answer) for status, answer in op.answers.items()}
    if op.tagged:
        for response in responses.values():
            response['headers'] = {'ETag': {'description': TAG, 'schema': {'type': 'string'}}}
        if not op.appends:
            responses['304'] = {'description': 'It is what If-None-Match names.'}
    if op.shows:
        for status in op.answers:
            responses[str(status)].setdefault('headers', {})['Idempotency-Replayed'] = {
                'description': 'true: it was carried out before, and is shown as it is now.',
                'schema': {'type': 'string'}}
    for status, response in problem_responses(op, api).items():
        if status in responses:  # such as a 503 that says how the Hub is
            response['content'].update(responses[status].get('content', {}))
            response['description'] = f'{responses[status]["description"]} {response["description"]}'
        responses[status] = response
    out['responses'] = dict(sorted(responses.items()))
    return out


PROBLEM = {
    'type': 'object', 'description': 'A problem document (RFC 9457).',
    'required': ['type', 'title', 'status', 'detail'],
    'properties': {
        'type': {'type': 'string', 'description': 'Says which problem it is; never changes.'},
        'title': {'type': 'string', 'description': 'The status in words.'},
        'status': {'type': 'integer', 'description': 'The status.', 'minimum': 400, 'maximum': 599},
        'detail': {'type': 'string', 'description': 'What is wrong and what to do, for people.'}}}


def emit(api):
    """The document's bytes."""
    paths = {}
    for op in api.operations:
        paths.setdefault(op.path, {})[op.method.lower()] = operation(op, api)
    urns = [f'urn:holdfast:problem:{name}' for name in sorted(api.problems)]
    problem = dict(PROBLEM, properties=dict(PROBLEM['properties'],
                                            type=dict(PROBLEM['properties']['type'], enum=urns)))
    schemas = {name: schema(node, True) for name, node in sorted(api.schemas.items())}
    document = {
        'openapi': '3.1.0', 'jsonSchemaDialect': 'https://json-schema.org/draft/2020-12/schema',
        'info': dict(api.info), 'paths': paths,
        'components': {
            'schemas': dict(schemas, problem=problem),
            'securitySchemes': {
                'principal': {'type': 'http', 'scheme': 'bearer', 'description': 'The token of a principal.'},
                'agent': {'type': 'http', 'scheme': 'bearer', 'description': 'The API key of a tenant\'s agent.'}}}}
    return (json.dumps(document, indent=1, ensure_ascii=True) + '\n').encode()
