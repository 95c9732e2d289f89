"""Compares Tern's JSON with Python's: what is valid JSON, the values of a model, and every fault with its location."""

import decimal
import json
import os
import random
import struct
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, "build/debug/tests/differential/json")
SEED = int(os.environ.get("TERN_SEED", "20261123"))
COUNT = 10000

NULL, GONE = object(), object()
EXACT = decimal.Context(prec=10000, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
LIMITS = {"i": (-2**63, 2**63 - 1), "u": (0, 2**16 - 1), "n": (0, 255)}
PIECES = [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b" ", b"\n", b"0", b"-", b"1.5", b"e9", b"true", b"null",
          b"'", b"/*", b"\x00", b"\x1f", b"\x7f", b"\x80", b"\xc3", b"\xc3\xa9", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80",
          b"\xef\xbb\xbf", b"\\u0000", b"\\ud83d", b"\\ude00", b"\\u00e9", b"NaN", b"+", b".", b"01", b'"t":', b'"i":']


class Number(str):
    """A number as it is written."""


class Object(list):
    """Keys and values, duplicate ones too."""


# -- Python's result for a text --

def no_constant(name):
    raise ValueError(name)


def has_lone_surrogate(value):
    if isinstance(value, str):
        return any(0xd800 <= ord(letter) <= 0xdfff for letter in value)
    if isinstance(value, (list, tuple)):
        return any(has_lone_surrogate(item) for item in value)
    return False


def has_duplicate_key(value):
    if not isinstance(value, list):
        return False
    items = [item for _, item in value] if isinstance(value, Object) else value
    keys = [key for key, _ in value] if isinstance(value, Object) else []
    return len(set(keys)) != len(keys) or any(has_duplicate_key(item) for item in items)


def parse(data):
    """The tree of a text; GONE when it is not JSON."""
    try:
        tree = json.loads(data.decode("utf-8"), object_pairs_hook=Object, parse_int=Number, parse_float=Number,
                          parse_constant=no_constant)
    except ValueError:
        return GONE
    return GONE if has_lone_surrogate(tree) else tree


# -- the expected result of the model --

def shown_key(key):
    """A key as a fault names it: as a C string of limited length."""
    data = key.replace("\0", "\ufffd").encode("utf-8")
    return data.decode() if len(data) <= 100 else data[:100].decode("utf-8", "ignore") + "..."


class Model:
    def __init__(self):
        self.faults = []

    def wrong(self, place, code, result=GONE):
        self.faults.append((tuple(place), code))
        return result

    def integer(self, value, place, limits):
        if not isinstance(value, Number):
            return self.wrong(place, "not_int")
        number = decimal.Decimal(value).normalize(EXACT)
        if number.as_tuple().exponent < 0:
            return self.wrong(place, "not_int")
        return int(number) if limits[0] <= number <= limits[1] else self.wrong(place, "out_of_range")

    def double(self, value, place):
        if not isinstance(value, Number):
            return self.wrong(place, "not_number")
        number = float(value)
        return self.wrong(place, "out_of_range") if number in (float("inf"), float("-inf")) else number

    def text(self, value, place):
        if not isinstance(value, str) or isinstance(value, Number):
            return self.wrong(place, "not_text")
        return self.wrong(place, "nul_in_text") if "\0" in value else value

    def boolean(self, value, place):
        return value if isinstance(value, bool) else self.wrong(place, "not_bool")

    def items(self, value, place, read):
        if not isinstance(value, list) or isinstance(value, Object):
            return self.wrong(place, "not_list")
        return [self.not_null(item, place + [i], read) for i, item in enumerate(value)]

    def counts(self, value, place):
        if not isinstance(value, Object):
            return self.wrong(place, "not_object")
        seen, result = set(), {}
        for key, item in value:
            shown = shown_key(key)
            result[key] = self.not_null(item, place + [shown],
                                        lambda item, where: self.integer(item, where, LIMITS["i"]))
            if "\0" in key:
                self.wrong(place + [shown], "nul_in_text")
            elif key in seen:
                self.wrong(place + [shown], "duplicate")
            seen.add(key)
        return result

    def not_null(self, value, place, read):
        return self.wrong(place, "null") if value is None else read(value, place)

    def fields(self, value, place, readers):
        """`readers`: key: (function, is optional, is required)."""
        if not isinstance(value, Object):
            return self.wrong(place, "not_object")
        result = {}
        for key, item in value:
            where = place + [shown_key(key)]
            if key not in readers:
                self.wrong(where, "unknown")
                continue
            read, optional, _ = readers[key]
            if key in result:
                self.wrong(where, "duplicate")
            elif item is None and optional:
                result[key] = NULL
            else:
                result[key] = self.not_null(item, where, read)
        for key, (_, _, required) in readers.items():
            if required and key not in result:
                self.wrong(place + [key], "missing")
        return {key: None if item is NULL else item for key, item in result.items()}

    def free(self, value, place):
        return self.wrong(place, "duplicate") if has_duplicate_key(value) else value

    def inner(self, value, place):
        return self.fields(value, place, {
            "name": (self.text, False, True),
            "n": (lambda item, where: self.integer(item, where, LIMITS["n"]), True, False)})

    def sample(self, value, place):
        result = self.fields(value, place, {
            "i": (lambda item, where: self.integer(item, where, LIMITS["i"]), True, False),
            "u": (lambda item, where: self.integer(item, where, LIMITS["u"]), True, False),
            "f": (self.double, True, False),
            "t": (self.text, False, True),
            "b": (self.boolean, False, False),
            "l": (lambda item, where: self.items(item, where, self.text), True, False),
            "m": (self.counts, True, False),
            "x": (self.inner, True, False),
            "y": (lambda item, where: self.items(item, where, self.inner), True, False),
            "a": (self.free, True, False)})
        return result if result is GONE else {"b": True, **result}  # has its fallback when it is missing


# -- random texts --

def random_text(rng):
    letters = rng.choice(["abc", "a\"\\/\b\f\n\r\t", "\u00e9\u20ac\U0001f600", "x\x7f\u2028"])
    if rng.random() < rng.badness:
        letters += "\0"
    return "".join(rng.choice(letters) for _ in range(rng.choice([0, 1, 3, 15, 16, 17, 40])))


def random_number(rng):
    if rng.random() >= rng.badness:
        return str(rng.randrange(-2**63, 2**63) >> rng.randrange(63))
    whole = rng.choice(["0", "-0", "7", "-12", "255", "256", "65535", "65536", str(2**53 + 1), str(2**63 - 1),
                        str(2**63), str(-2**63), str(-2**63 - 1), str(2**64), str(rng.randrange(10**30))])
    fraction = rng.choice(["", "", "", ".5", ".0", f".{rng.randrange(10**17)}"])
    exponent = rng.choice(["", "", "", "e2", "E-3", "e+20", "e308", "e400", "e-400"])
    return whole + fraction + exponent


def write_text(rng, value):
    return json.dumps(value, ensure_ascii=rng.random() < 0.5)


def space(rng):
    return rng.choice(["", "", "", " ", "\n  ", "\t\r\n", " " * 20])


def write_any(rng, depth=0):
    kind = rng.randrange(7 if depth < 3 else 5)
    if kind < 2:
        return random_number(rng)
    if kind < 4:
        return write_text(rng, random_text(rng))
    if kind == 4:
        return rng.choice(["null", "true", "false"])
    items = [write_any(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 5:
        return "[" + (space(rng) + ",").join(items) + space(rng) + "]"
    return "{" + ",".join(f"{write_text(rng, random_text(rng))}{space(rng)}:{item}" for item in items) + "}"


def write_object(rng, writers):
    keys = [key for key in writers if rng.random() < 0.7 or (key in ("t", "name") and rng.random() >= rng.badness)]
    if rng.random() < 0.3:
        rng.shuffle(keys)
    if keys and rng.random() < rng.badness:
        keys.append(rng.choice(keys))
    members = []
    for key in keys:
        value = writers[key](rng) if rng.random() >= rng.badness else write_any(rng)
        name = write_text(rng, key) if rng.random() >= rng.badness else write_text(rng, random_text(rng))
        members.append(f"{space(rng)}{name}{space(rng)}:{space(rng)}{value}{space(rng)}")
    return "{" + ",".join(members) + "}"


def write_inner(rng):
    return write_object(rng, {"name": lambda rng: write_text(rng, random_text(rng)),
                              "n": lambda rng: str(rng.randrange(256))})


def write_list(write):
    return lambda rng: "[" + ",".join(write(rng) for _ in range(rng.choice([0, 1, 2, 5, 60]))) + "]"


def random_double(rng):
    return random_number(rng) if rng.random() < 0.5 else repr(struct.unpack("<d", rng.randbytes(7) + b"\x3f")[0])


SAMPLE = {"i": random_number, "u": lambda rng: str(rng.randrange(65536)), "f": random_double,
          "t": lambda rng: write_text(rng, random_text(rng)), "b": lambda rng: rng.choice(["true", "false"]),
          "l": write_list(lambda rng: write_text(rng, random_text(rng))),
          "m": lambda rng: "{" + ",".join(f'"{rng.choice("abcdefghijklmnop")}{rng.randrange(999)}":{rng.randrange(99)}'
                                          for _ in range(rng.choice([0, 1, 3, 12]))) + "}",
          "x": write_inner, "y": write_list(write_inner), "a": write_any}


def random_document(rng):
    rng.badness = rng.choice([0, 0.001, 0.01, 0.1])  # the probability of a wrong value
    data = bytearray(write_object(rng, SAMPLE), "utf-8")
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        at = rng.randrange(len(data) + 1)
        data[at:at + rng.choice([0, 0, 1, 4])] = rng.choice(PIECES)
    return bytes(data)


# -- both --

def ask(documents):
    """The program's two answers for each document."""
    asked = b"".join(struct.pack("<I", len(data)) + data for data in documents)
    done = subprocess.run([PROGRAM], input=asked, stdout=subprocess.PIPE, check=True)
    lines = done.stdout.decode("utf-8").split("\0")
    return list(zip(lines[0::2], lines[1::2]))


def expect(data):
    """(is JSON, value or GONE, sorted faults)."""
    tree = parse(data)
    if tree is GONE:
        return False, GONE, [((), "not_json")]
    model = Model()
    value = model.not_null(tree, [], model.sample)
    return True, value, sorted(model.faults, key=repr)


def plain(value):
    """A tree as a value: numbers by value, objects with each key's last value."""
    if isinstance(value, Object):
        return {key: plain(item) for key, item in value}
    if isinstance(value, Number):
        return ("number", str(value))
    return [plain(item) for item in value] if isinstance(value, list) else value


def seen_value(line, expected):
    """The program's value in the form of `expected`: free JSON as written, doubles as doubles."""
    tree = dict(json.loads(line, object_pairs_hook=Object, parse_int=Number, parse_float=Number))
    free = plain(tree.pop("a")) if "a" in tree else GONE
    value = json.loads(line)
    value.pop("a", None)
    wanted = dict(expected)
    wanted_free = plain(wanted.pop("a")) if "a" in wanted else GONE
    if value.get("f") is not None:
        value["f"] = float(value["f"])
    return (value, free), (wanted, wanted_free)


def differences(documents):
    """The differences between the program and this file: (document, actual, expected)."""
    for data, (judgement, line) in zip(documents, ask(documents)):
        is_json, value, faults = expect(data)
        if judgement != ("free" if is_json else "refused"):
            yield data, judgement, is_json
        word, _, rest = line.partition(" ")
        if word == "value":
            if faults:
                yield data, line, faults
                continue
            seen, wanted = seen_value(rest, value)
            if seen != wanted:
                yield data, seen, wanted
        else:
            seen = sorted(((tuple(fault["location"][1:]), fault["code"]) for fault in json.loads(rest)), key=repr)
            if seen != faults and len(seen) < 100:
                yield data, seen, faults


def main():
    if not os.path.exists(PROGRAM):
        print(f"not ok 1 - {PROGRAM} is not built")
        return 1
    rng = random.Random(SEED)
    documents = [random_document(rng) for _ in range(COUNT)]
    found = list(differences(documents))
    right = sum(1 for data in documents if expect(data)[2] == [])
    refused = sum(1 for data in documents if not expect(data)[0])
    # Without enough of each sort, the comparison means little.
    spread = min(right, refused, COUNT - right - refused) > COUNT // 10
    name = f"json_agrees_with_python_on_{COUNT}_random_texts"
    print(f"{'ok' if not found and spread else 'not ok'} 1 - {name}")
    print(f"# seed {SEED}: {right} right, {refused} no JSON, {COUNT - right - refused} with faults")
    for data, seen, wanted in found[:3]:
        print(f"#   text   {data!r:.2000}\n#   seen   {seen!r:.2000}\n#   wanted {wanted!r:.2000}")
    print("1..1")
    return 0 if not found and spread else 1


if __name__ == "__main__":
    sys.exit(main())
