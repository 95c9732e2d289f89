"""Compares the document with the server: a value that is valid by /openapi.json is accepted, an invalid one is refused,
and replies match their schemas. Tries values of all sorts on a field of every kind, presence and rule (agreement.c)."""

import http.client
import itertools
import json
import random
import re
import sys

import harness
import json_schema
from harness import Server, check, check_equal, test

SEED = 20261130
UUID, DAY = '"123e4567-e89b-12d3-a456-426614174000"', '"2026-11-30"'
NUMBERS = ["0", "-0", "0.0", "-0.0", "1", "1.0", "-1", "1.5", "1.5e1", "15e-1", "1e2", "1E+2", "100e-2", "5", "5.0", "4.999",
           "127", "127.0", "128", "-128", "-129", "255", "256", "32767", "32768", "-32768", "-32769", "65535", "65536",
           "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296", "1e9", "1e10",
           "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
           "9223372036854775807.0", "922337203685477580.7e1", "18446744073709551615", "18446744073709551616",
           "1844674407370955161.5e1", "100000000000000000000e-2", "12345678901234567890e-1", "12345678901234567890",
           "1e18", "1e19", "1e20", "1e30", "1e39", "1e400", "-1e400", "1e-7", "1e-400", "0e400", "0.1", "0.01", "0.015",
           "127.5", "127.50", "127.51", "0.10000000000000000000", "999999999999999999", "0.000000000000000001"]
TEXTS = ["", "a", "ab", "abc", "abcd", "low", "high", "LOW", "\u00e4\u00f6\u00fc", "\U0001f600", "a\n", "1", "1.5", "1e2",
         "-1.50", "1e-7", ".5", "5.", "true", "null", "AA==", "AAA=", "AAAA", "AAAAAAA=", "AAAAAAAA", "AB==", "AAB=", "A",
         "AAAAA", "-_==", "2026-02-29", "2024-02-29", "0000-01-01", "9999-12-31", "2026-1-1", "17:30:00", "17:30:00.25",
         "24:00:00", "17:30", "23:59:59.1234567890", "2026-11-30T17:30:00Z", "2026-11-30T17:30:00+01:00",
         "2026-11-30T17:30:00", "2026-11-30t17:30:00.5z", "2026-13-30T17:30:00Z", "2026-11-30T17:30:00+24:00", "PT1S",
         "PT1.5S", "-PT1H", "P1D", "P1W2D", "P", "PT", "P1DT", "P1Y", "P1M", "PT1M", "P1.5D", "PT5", "1D", "a@b.example", "a@b",
         "@b.example", "1.2.3.4", "1.2.3", "01.2.3.4", "123E4567-E89B-12D3-A456-426614174000",
         "123e4567e89b12d3a456426614174000"]
OTHERS = ["null", "true", "false", "[]", "{}", '[""]', '["a"]', '["a","b"]', '["a","a"]', '["a","b","c"]', '["ab"]', "[1]",
          "[1,1]", "[1,1.0]", "[1,2,128]", "[-1]", "[1.5]", "[null]", '["a",null]', '["low"]', '["low","mid"]', '[["a"]]',
          '{"n":1}', '{"n":1.0,"note":"x"}', '{"n":-1}', '{"n":1,"note":null}', '{"n":1,"note":"abcd"}', '{"n":1,"x":2}',
          '{"note":"x"}', '[{"n":1}]', '[{"n":1},{"n":-1}]', '[{"n":1},null]', '{"a":1}', '{"a":0}', '{"a":null}',
          '{"a":1,"b":2}', '{"ab":1}', '{"a":1.5}', '{"a":{"n":1}}', '{"a":{"n":null}}', '{"":1}']
VALUES = NUMBERS + [json.dumps(text) for text in TEXTS] + OTHERS + [UUID, DAY]


class Caller:
    """One connection to the server; a document, and the checker of its schemas."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
        self.document = self.send("GET", "/openapi.json")[1]
        self.exact = json_schema.Checker(json_schema.parse(json.dumps(self.document)))

    def send(self, method, path, body=None):
        self.connection.request(method, path, body, {"Content-Type": "application/json"} if body is not None else {})
        reply = self.connection.getresponse()
        text = reply.read().decode("utf-8")
        is_json = "json" in (reply.headers["Content-Type"] or "")
        return reply.status, json.loads(text) if is_json and path == "/openapi.json" else text

    def operation(self, method, path):
        return self.document["paths"][path][method.lower()]

    def input_of(self, method, path):
        return self.operation(method, path)["requestBody"]["content"]["application/json"]["schema"]

    def output_of(self, method, path, status):
        return self.operation(method, path)["responses"][str(status)]["content"]["application/json"]["schema"]

    def check_reply(self, method, path, status, text):
        check(self.exact.is_right(self.output_of(method, path, status), json_schema.parse(text)),
              f"{method} {path}: the reply is not what the document says: {text[:500]}")


# Deliberate differences. docs/openapi.md describes each of them.
def is_known_difference(name, body, is_right, status):
    is_taken = status < 300
    if name == "shown" or name.startswith("shown_"):
        return is_taken and not is_right # a read-only field is ignored, so that a received object can be sent back
    if name.startswith("exact") and is_taken and not is_right:
        return re.search(r'"-?[0-9.]+[eE]', body) is not None # text with an exponent, as Python writes decimals
    if not is_right or status != 422:
        return False
    numbers = re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", body)
    if name.startswith("exact"): # 18 digits, and as many after the point; limits hold for numbers that are text too
        is_limited_text = name in ("exact_range", "exact_cents", "exact_price") and re.search(r'"(v|price)":"', body)
        return is_limited_text or any(not fits_decimal(number) for number in numbers)
    if name.startswith(("small", "real")): # numbers that a double cannot represent, or only as 0
        return any(float(number) in (float("inf"), float("-inf")) or float(number) == 0 for number in numbers)
    return name == "bytes_some" # a length in base64 is one of one to three bytes


def fits_decimal(text):
    number = json_schema.Number(text).normalize(json_schema.DECIMAL)
    return number == 0 or (abs(number) < 10 ** 18 and number.as_tuple().exponent >= -18)


def bodies_for(name):
    """The bodies for one route: each value as the field, in its object."""
    for value in VALUES:
        yield '{"a":1,"z":null,"v":' + value + "}" if name == "several" else '{"v":' + value + "}"
    yield from ("{}", "[]", "null", '"v"', '{"w":1}', '{"v":1,"w":1}', '{"a":1,"z":"low"}', '{"a":null,"z":"low"}',
                '{"a":1}', '{"a":1,"z":"mid"}', '{"a":1,"z":null,"v":"x"}', '{"V":1}')


@test
def the_server_accepts_exactly_what_the_document_allows():
    with Server(name="agreement") as server:
        caller = Caller(server)
        wrong, tried = [], 0
        for path in caller.document["paths"]:
            if not path.startswith("/echo/"):
                continue
            name = path.split("/")[2]
            has_body = "requestBody" in caller.operation("POST", path)
            schema = caller.input_of("POST", path) if has_body else {}
            for body in bodies_for(name):
                is_right = caller.exact.is_right(schema, json_schema.parse(body))
                status, text = caller.send("POST", path, body)
                tried += 1
                if (status == 200) != is_right and not is_known_difference(name, body, is_right, status):
                    wrong.append(f"{name}: {body} is {'right' if is_right else 'wrong'} by the document: {status} {text[-120:]}")
                elif status == 200:
                    caller.check_reply("POST", path, 200, text)
                elif status not in (400, 422):
                    wrong.append(f"{name}: {body}: {status} {text}")
        check(tried > 10000, f"{tried} bodies were tried")
        check(not wrong, f"{len(wrong)} differences: " + "\n".join(wrong[:40]))


@test
def a_foreign_validator_reads_the_documents_schemas_the_same():
    try:
        import jsonschema # pylint: disable=import-outside-toplevel
    except ImportError:
        raise harness.Skip("there is no jsonschema (pip install jsonschema) to ask") from None
    plain = [body for body in VALUES if not re.search(r"\d{16}|[eE]|0\.0|\.\d\d", body)] # exact as Python's floats
    with Server(name="agreement") as server:
        caller = Caller(server)
        caller.exact.formats = False
        for path in caller.document["paths"]:
            if "requestBody" not in caller.document["paths"][path].get("post", {}):
                continue
            schema = caller.input_of("POST", path)
            foreign = jsonschema.Draft202012Validator({**schema, "components": caller.document["components"]})
            for value in plain:
                body = '{"v":' + value + "}"
                check_equal(caller.exact.is_right(schema, json_schema.parse(body)), foreign.is_valid(json.loads(body)),
                            f"{path} with {body}: ours, against the foreign one's")


@test
def a_resource_accepts_exactly_what_its_document_allows():
    fields = ("id", "title", "stars", "note", "tag", "due", "tone", "price", "labels", "inner", "secret", "other")
    with Server(name="agreement") as server:
        caller = Caller(server)
        check_equal(caller.operation("PATCH", "/things/{id}")["operationId"], "change_Thing", "operation")
        wrong = []
        for field, value in itertools.product(fields, VALUES):
            tries = [("PATCH", "/things/{id}", f'{{"{field}":{value}}}')]
            whole = {"title": '"abc"', "due": "null", field: value}
            body = "{" + ",".join(f'"{name}":{part}' for name, part in whole.items()) + "}"
            tries += [("PUT", "/things/{id}", body), ("POST", "/things", body)]
            if field in ("title", "due"):
                rest = '"due":null' if field == "title" else '"title":"abc"'
                tries.append(("POST", "/things", "{" + rest + "}"))
            for method, path, body in tries:
                key = caller.send("POST", "/reset")[1]
                is_right = caller.exact.is_right(caller.input_of(method, path), json_schema.parse(body))
                status, text = caller.send(method, path.replace("{id}", key), body)
                if (status < 300) != is_right and not is_known_difference(
                        {"price": "exact_price", "id": "shown"}.get(field, field), body, is_right, status):
                    wrong.append(f"{method} {body} is {'right' if is_right else 'wrong'} by the document: {status} {text}")
                elif status < 300:
                    caller.check_reply(method, path, status, text)
        check(not wrong, f"{len(wrong)} differences: " + "\n".join(wrong[:40]))


@test
def a_list_accepts_the_orders_and_fields_that_the_document_names():
    with Server(name="agreement") as server:
        caller = Caller(server)
        caller.send("POST", "/reset")
        named = {parameter["name"]: parameter for parameter in caller.operation("GET", "/things")["parameters"]}
        for name in ("order", "fields"):
            parameter, words = named[name], named[name]["schema"]["items"]["enum"]
            check_equal((parameter["style"], parameter["explode"], parameter["schema"]["type"]), ("form", False, "array"), name)
            random.Random(SEED).shuffle(words)
            for asked in [[word] for word in words] + [words[:3], words]:
                status, text = caller.send("GET", f"/things?{name}={','.join(asked)}")
                check_equal(status, 200, f"status of {name}={','.join(asked)}, with {text}")
                caller.check_reply("GET", "/things", 200, text)
                if name == "fields":
                    check(set(json.loads(text)["items"][0]) <= set(asked), f"{asked} in {text}")
            check_equal(caller.send("GET", f"/things?{name}=secret2")[0], 422, f"an unknown word of {name}")
        check("-title" in named["order"]["schema"]["items"]["enum"], "orders go down too")
        check("secret" not in named["fields"]["schema"]["items"]["enum"], "what is never shown is not named")


@test
def every_component_is_referred_to():
    for name in ("agreement", "openapi", "hello", "todo", "bookshop"):
        text = harness.subprocess.run([harness.program(name), "openapi"], capture_output=True, text=True, check=True,
                                      env={**harness.os.environ, "TERN_DATABASE_URL": "sqlite::memory:"}).stdout
        for component in json.loads(text)["components"]["schemas"]:
            check(f'"#/components/schemas/{component}"' in text, f"{name}: nobody refers to {component}")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("agreement", "openapi", "hello", "todo", "bookshop")))
