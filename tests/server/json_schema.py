"""The part of JSON Schema 2020-12 that Tern's documents use, with exact numbers and with formats checked."""

import datetime
import decimal
import ipaddress
import json
import re

DECIMAL = decimal.Context(prec=2000, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
WORDS = {"type", "format", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
         "maxLength", "pattern", "items", "minItems", "maxItems", "uniqueItems", "properties", "required",
         "additionalProperties", "propertyNames", "minProperties", "maxProperties", "anyOf", "$ref",
         # annotations, which no value can violate
         "description", "default", "examples", "readOnly", "writeOnly", "deprecated", "contentEncoding",
         "contentMediaType", "x-minimum", "x-maximum"}


class Number(decimal.Decimal):
    """A number as it is written: 1 and 1.0 are equal, and both are integers."""


def parse(text):
    """The value of a JSON text; numbers are exact, and objects with a duplicate key are refused, as by Tern."""
    def members(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    def number(digits):
        return Number(digits, DECIMAL)
    return json.loads(text, parse_int=number, parse_float=number, object_pairs_hook=members)


def is_day(text):
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text, re.ASCII)
    if not found:
        return False
    year, month, day = map(int, found.groups())
    try:
        datetime.date(year % 400 + 400, month, day) # Python has no year 0; the calendar repeats
    except ValueError:
        return False
    return True


def is_moment(text):
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text, re.ASCII)
    if not found or not is_day(found[1]):
        return False
    zone = found[6]
    return (int(found[2]) < 24 and int(found[3]) < 60 and int(found[4]) < 60 and
            (zone in "Zz" or (int(zone[1:3]) < 24 and int(zone[4:]) < 60)))


def is_address(text):
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


FORMATS = {
    "uuid": lambda text: re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None,
    "date": is_day,
    "date-time": is_moment,
    "email": lambda text: re.fullmatch(r"[\w.+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+", text, re.ASCII) is not None,
    "ipv4": is_address,
}


def is_kind(value, kind):
    if kind == "integer":
        return isinstance(value, Number) and value == value.to_integral_value(context=DECIMAL)
    kinds = {"string": str, "number": Number, "boolean": bool, "null": type(None), "array": list, "object": dict}
    return isinstance(value, kinds[kind])


def is_number_right(schema, value):
    tests = {"minimum": lambda limit: value >= limit, "maximum": lambda limit: value <= limit,
             "exclusiveMinimum": lambda limit: value > limit, "exclusiveMaximum": lambda limit: value < limit,
             "multipleOf": lambda step: DECIMAL.remainder(value, step) == 0}
    return all(test(Number(schema[word])) for word, test in tests.items() if word in schema)


def is_text_right(schema, value, formats):
    return (schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 1 << 60) and
            ("pattern" not in schema or re.search(schema["pattern"].replace("$", r"\Z"), value) is not None) and
            (not formats or schema.get("format") not in FORMATS or FORMATS[schema["format"]](value)))


class Checker:
    """Checks values against the schemas of one document."""

    def __init__(self, document, formats=True):
        self.document = document
        self.formats = formats

    def resolve(self, schema):
        while "$ref" in schema:
            target = self.document
            for name in schema["$ref"].split("/")[1:]:
                target = target[name]
            schema = {**target, **{word: rest for word, rest in schema.items() if word != "$ref"}}
        return schema

    def is_right(self, schema, value):
        schema = self.resolve(schema)
        unknown = set(schema) - WORDS
        assert not unknown, f"words of JSON Schema that this file does not know: {unknown}"
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(is_kind(value, kind) for kind in kinds):
            return False
        if "enum" in schema and value not in schema["enum"]:
            return False
        if "anyOf" in schema and not any(self.is_right(part, value) for part in schema["anyOf"]):
            return False
        if isinstance(value, Number):
            return is_number_right(schema, value)
        if isinstance(value, str):
            return is_text_right(schema, value, self.formats)
        if isinstance(value, list):
            return self.is_list_right(schema, value)
        return not isinstance(value, dict) or self.is_object_right(schema, value)

    def is_list_right(self, schema, value):
        texts = [repr(item) if not isinstance(item, Number) else f"number {item.normalize(DECIMAL)}" for item in value]
        return (schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 1 << 60) and
                (not schema.get("uniqueItems") or len(set(texts)) == len(texts)) and
                all(self.is_right(schema.get("items", {}), item) for item in value))

    def is_object_right(self, schema, value):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        return (schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", 1 << 60) and
                all(name in value for name in schema.get("required", ())) and
                all(self.is_right(schema.get("propertyNames", {}), name) for name in value) and
                all(self.is_right(known[name], part) if name in known
                    else others is not False and self.is_right(others, part) for name, part in value.items()))
