"""tests/protocol/openapi.py: validates answers against the document that a Hub serves, and makes wrong
requests out of it. Only the part of JSON Schema that the document uses."""
import re

from harness import check

TYPES = {"string": str, "object": dict, "array": list, "boolean": bool}
KNOWN = {"type", "description", "minLength", "maxLength", "pattern", "enum", "contentEncoding", "minimum",
         "maximum", "format", "items", "maxItems", "properties", "required", "additionalProperties",
         "x-unit", "$ref"}


class Document:
    def __init__(self, raw):
        self.raw = raw
        self.operations = {}
        for path, methods in raw["paths"].items():
            for method, operation in methods.items():
                self.operations[operation["operationId"]] = (method.upper(), path, operation)

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.raw["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        check(set(schema) <= KNOWN, f"the validator does not know all of {sorted(schema)}")
        return schema

    def fault(self, schema, value, where="$"):
        """None, or what is wrong. Members that are not described are wrong here, for whoever adds one."""
        schema = self.resolve(schema)
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(self.is_kind(kind, value) for kind in kinds):
            return f"{where}: {value!r:.60} is not of the type {schema['type']}"
        if isinstance(value, str):
            return self.text_fault(schema, value, where)
        if isinstance(value, int) and not isinstance(value, bool):
            good = schema["minimum"] <= value <= schema["maximum"]
            return None if good else f"{where}: {value} is out of bounds"
        if isinstance(value, list):
            if len(value) > schema["maxItems"]:
                return f"{where}: {len(value)} elements"
            faults = [self.fault(schema["items"], v, f"{where}[{i}]") for i, v in enumerate(value)]
            return next(filter(None, faults), None)
        if isinstance(value, dict):
            return self.object_fault(schema, value, where)
        return None

    @staticmethod
    def is_kind(kind, value):
        if kind == "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        return isinstance(value, TYPES[kind])

    @staticmethod
    def text_fault(schema, value, where):
        good = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        good = good and re.search(schema.get("pattern", ""), value) is not None
        good = good and value in schema.get("enum", [value])
        if schema.get("format") == "date-time":
            good = good and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", value) is not None
        return None if good else f"{where}: {value!r:.60} is not as described"

    def object_fault(self, schema, value, where):
        for name in schema["required"]:
            if name not in value:
                return f"{where}.{name}: is missing"
        for name, member in value.items():
            inner = schema["properties"].get(name) or schema.get("additionalProperties")
            if not inner:
                return f"{where}.{name}: is not described"
            fault = self.fault(inner, member, f"{where}.{name}")
            if fault:
                return fault
        return None

    def expect(self, name, answer):
        """The answer is one that the operation may give."""
        responses = self.operations[name][2]["responses"]
        check(str(answer.status) in responses, f"{name}: {answer.status} is not described: {answer.body[:200]}")
        response = responses[str(answer.status)]
        content = answer.fields.get("Content-Type")
        if content is None:
            check("content" not in response and answer.body == b"", f"{name}: {answer.status} without content")
            return
        check(content in response["content"], f"{name}: {answer.status}: {content} is not described")
        if answer.problem():
            check(answer.problem() in response["x-problems"],
                  f"{name}: {answer.status}: the problem {answer.problem()} is not described")
            raw = answer.json()
            known = self.raw["components"]["schemas"]["problem"]["properties"]
            fault = self.fault({"$ref": "#/problem"}, {k: v for k, v in raw.items() if k in known})
            check(fault is None and raw["status"] == answer.status and len(raw["detail"]) > 10,
                  f"{name}: {fault} {raw}")
        elif "schema" in response["content"][content]:
            fault = self.fault(response["content"][content]["schema"], answer.json())
            check(fault is None, f"{name}: {fault}")

    def wrong(self, schema):
        """Values that break the schema."""
        schema = self.resolve(schema)
        if "enum" in schema:
            return ["no-such-name", 5, None]
        if schema["type"] == "string" and "contentEncoding" in schema:
            return ["zz" * (schema["maxLength"] // 2), "00" * (schema["maxLength"] // 2 + 1), 5, ["00"]]
        if schema["type"] == "string":
            values = ["x" * (schema["maxLength"] + 1), 5, None, {}]
            return values + (["A b\u00e4"] if "pattern" in schema else []) + (
                [""] if schema["minLength"] > 0 else [])
        if schema["type"] == "boolean":
            return ["true", 1, None]
        if schema["type"] in ("array", "object"):
            return ["x", 5]
        return ["x", "", 1.5, True, None, schema["minimum"] - 1, str(schema["maximum"] + 1)]
