"""The expected replies: each peer is checked against them before it is measured."""

import copy
import html
import json
import ssl

import cases
import h2
from wire import Broken, Client, WrongProtocol, tls_context

FORTUNES_HEAD = ("<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>"
                 "<tr><th>id</th><th>message</th></tr>")
FORTUNES_FOOT = "</table></body></html>"
ADDED_FORTUNE = (0, "Additional fortune added at request time.")
ROWS, ROWS_A_PAGE = 10000, 20


def fault(case, port, database=None, certificate=None):
    """One line: how the replies of the server on `port` break the contract; None when they keep it. `certificate` is
    the file that the server was given."""
    try:
        if case.protocol == "h2":
            h2.probe(port, case.secure)
            CHECKS[case.name](h2.Client(port, certificate), database)
            return None
        with Client(port, context=tls_context() if case.secure else None) as client:
            if case.secure:
                check_tls(client, certificate)
            CHECKS.get(case.name, CHECKS.get(case.group))(client, database)
    except (Broken, WrongProtocol, OSError) as reason:
        return str(reason) if isinstance(reason, (Broken, WrongProtocol)) else f"{case.method} {case.path}: {reason}"
    return None


def check_tls(client, certificate):
    """The version, and that the certificate is the one that the server was given."""
    version = client.socket.version()
    if version != "TLSv1.3":
        raise Broken(f"the connection speaks {version}, not TLSv1.3")
    with open(certificate, encoding="ascii") as file:
        given = ssl.PEM_cert_to_DER_cert(file.read())
    if client.socket.getpeercert(binary_form=True) != given:
        raise Broken("the certificate is another than the one given")


def ask(client, method, path, status, body=b"", body_type="", shown=None, header=""):
    try:
        reply = client.ask(method, path, body, body_type, header)
        if reply.status != status:
            raise Broken(f"status {reply.status}, not {status}")
        reply.check_common()
    except Broken as reason:
        raise Broken(f"{shown or f'{method} {path}'}: {reason}") from None
    return reply


def typed(reply, content_type, path):
    found = reply.one("content-type")
    if not found.lower().startswith(content_type):
        raise Broken(f"{path}: Content-Type is {found!r}, not {content_type}")
    return reply


def parsed(reply, path):
    """The body as JSON, without duplicate keys."""
    def once(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    typed(reply, "application/json", path)
    try:
        return json.loads(reply.body.decode("utf-8"), object_pairs_hook=once)
    except ValueError as reason:
        raise Broken(f"{path}: the body is not JSON: {reason}") from None


def is_same(a, b):
    """Equality that distinguishes 1 from true and from 1.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(is_same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(is_same, a, b))
    return a == b


def same_json(client, method, path, wanted, body=b"", body_type=""):
    found = parsed(ask(client, method, path, 200, body, body_type), path)
    if not is_same(found, wanted):
        raise Broken(f"{method} {path}: the body is {json.dumps(found)[:200]}, not {json.dumps(wanted)}")


def check_json(client, _database):
    for _ in range(2):  # the second on the same connection: it is kept alive
        same_json(client, "GET", "/", {"message": "Hello, World!"})


def check_plaintext(client, _database):
    path = "/plaintext"

    def is_hello(reply):
        typed(reply, "text/plain", path)
        if reply.body != b"Hello, World!":
            raise Broken(f"{path}: the body is {reply.body[:80]!r}, not b'Hello, World!'")

    is_hello(ask(client, "GET", path, 200))
    client.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() * cases.PIPELINED)
    for number in range(1, cases.PIPELINED + 1):
        try:
            reply = client.read()
            reply.check_common()
        except Broken as reason:
            raise Broken(f"{path}: reply {number} of {cases.PIPELINED} pipelined: {reason}") from None
        is_hello(reply)


def check_params(client, _database):
    same_json(client, "GET", "/users/42?q=tern&page=3", {"id": 42, "q": "tern", "page": 3})
    same_json(client, "GET", "/users/7?q=gull&page=12", {"id": 7, "q": "gull", "page": 12})
    for path in ("/users/abc?q=tern&page=3", "/users/42?q=tern&page=x"):
        refused(client, "GET", path, range(400, 500))


def refused(client, method, path, statuses, body=b"", body_type="", shown=None):
    """A refusal may end the connection, so it has its own."""
    with client.another() as other:
        shown = shown or f"{method} {path}"
        try:
            reply = other.ask(method, path, body, body_type)
            if reply.status not in statuses:
                wanted = "4xx" if len(statuses) > 1 else str(statuses[0])
                raise Broken(f"status {reply.status}, not {wanted}")
            reply.check_common()
        except Broken as reason:
            raise Broken(f"{shown}: {reason}") from None


def broken_orders():
    """(what is wrong, the order): each rule of the contract broken once."""
    def with_line(**changes):
        lines = copy.deepcopy(cases.ORDER["lines"])
        lines[1].update(changes)
        return {"lines": lines}

    line = cases.ORDER["lines"][0]
    changes = {
        "an empty customer": {"customer": ""},
        "a customer of 81 characters": {"customer": "x" * 81},
        "an email without @": {"email": "ada.example.org"},
        "a currency that is none": {"currency": "XYZ"},
        "express as a number": {"express": 3},
        "no line": {"lines": []},
        "51 lines": {"lines": [line] * 51},
        "a sku in small letters": with_line(sku="abc-1234"),
        "a sku with a digit too many": with_line(sku="ABC-12345"),
        "a quantity of 0": with_line(quantity=0),
        "a quantity of 101": with_line(quantity=101),
        "a price of 0": with_line(price_cents=0),
        "a price of 1000001": with_line(price_cents=1000001),
        "a quantity of 1.5": with_line(quantity=1.5),
        "a note of 201 characters": {"note": "x" * 201},
    }
    for what, change in changes.items():
        yield what, {**cases.ORDER, **change}
    yield "no customer", {key: value for key, value in cases.ORDER.items() if key != "customer"}


def totals(order):
    return {"customer": order["customer"], "lines": len(order["lines"]),
            "units": sum(line["quantity"] for line in order["lines"]),
            "total_cents": sum(line["quantity"] * line["price_cents"] for line in order["lines"])}


def check_validate(client, _database):
    plain = {key: value for key, value in cases.ORDER.items() if key != "note"}
    limits = {**cases.ORDER, "customer": "é" * 80, "note": "n" * 200, "currency": "GBP", "express": False,
              "lines": [{"sku": "AAA-0000", "quantity": 100, "price_cents": 1000000}] * 50}
    for order in (cases.ORDER, plain, limits):
        same_json(client, "POST", "/orders", totals(order), json.dumps(order).encode(), "application/json")
    for what, order in broken_orders():
        refused(client, "POST", "/orders", [422], json.dumps(order).encode(), "application/json",
                f"POST /orders with {what}")


def check_upload(client, _database):
    for size in (cases.UPLOAD_BYTES, 1000):
        same_json(client, "POST", "/upload", {"bytes": size}, b"\xa5" * size, "application/octet-stream")


def check_file(client, name, size):
    reply = ask(client, "GET", f"/static/{name}", 200)
    if reply.body != cases.static_bytes()[:size]:
        raise Broken(f"/static/{name}: the body is not the file's ({len(reply.body)} bytes)")
    refused(client, "GET", "/static/no-such-file", range(400, 500))


def check_static(client, _database):
    check_file(client, cases.STATIC_NAME, cases.STATIC_BYTES)


def check_static_small(client, _database):
    check_file(client, cases.SMALL_NAME, cases.SMALL_BYTES)


def rows_of(found, count, path, database, is_known=True):
    """Checks rows of `world`, and that the table holds them."""
    if not isinstance(found, list) or len(found) != count:
        raise Broken(f"{path}: the body is no list of {count} rows")
    for row in found:
        if not isinstance(row, dict) or row.keys() != {"id", "random_number"}:
            raise Broken(f"{path}: a row is {row!r}")
        if any(type(value) is not int or not 1 <= value <= ROWS for value in row.values()):
            raise Broken(f"{path}: a value of {row!r} is no integer from 1 to {ROWS}")
    if is_known:
        world = database.world()
        for row in found:
            if world[row["id"]] != row["random_number"]:
                raise Broken(f"{path}: row {row['id']} is {world[row['id']]} in the table, not {row['random_number']}")


def check_db(client, database):
    rows = [parsed(ask(client, "GET", "/db", 200), "/db") for _ in range(10)]
    rows_of(rows, 10, "/db", database)
    if len({row["id"] for row in rows}) < 5:
        raise Broken("/db: ten requests gave fewer than five different rows")


def check_queries(client, database):
    rows = parsed(ask(client, "GET", "/queries", 200), "/queries")
    rows_of(rows, ROWS_A_PAGE, "/queries", database)
    if len({row["id"] for row in rows}) < ROWS_A_PAGE // 2:
        raise Broken("/queries: the 20 rows are not random")


def check_updates(client, database):
    before = database.world()
    rows = parsed(ask(client, "GET", "/updates", 200), "/updates")
    rows_of(rows, ROWS_A_PAGE, "/updates", database, is_known=False)
    after, told = database.world(), {}
    for row in rows:
        told.setdefault(row["id"], set()).add(row["random_number"])
    for key, numbers in told.items():
        if after[key] not in numbers:
            raise Broken(f"/updates: row {key} is {after[key]} in the table, not {sorted(numbers)}")
    if all(before[key] == after[key] for key in told):
        raise Broken("/updates: no row has changed")
    if any(before[key] != after[key] for key in before if key not in told):
        raise Broken("/updates: rows changed that the reply does not name")


def check_fortunes(client, database):
    path = "/fortunes"
    reply = typed(ask(client, "GET", path, 200), "text/html; charset=utf-8", path)
    if b"<script" in reply.body.lower():
        raise Broken(f"{path}: the <script> of a message is not escaped")
    rows = sorted([ADDED_FORTUNE, *database.fortunes()], key=lambda row: row[1].encode())
    wanted = FORTUNES_HEAD + "".join(f"<tr><td>{key}</td><td>{text}</td></tr>" for key, text in rows) + FORTUNES_FOOT
    found = html.unescape(reply.body.decode("utf-8", "replace"))
    if found != wanted:
        at = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
        raise Broken(f"{path}: from character {at} on the page has {found[at:at + 40]!r}, not {wanted[at:at + 40]!r}")


def check_stack(client, _database):
    """The pieces of middleware that show in a reply must show."""
    same_json(client, "GET", "/stack", {"message": "Hello, World!"})
    reply = ask(client, "GET", "/stack", 200)
    reply.one("x-request-id")
    if reply.one("x-content-type-options") != "nosniff":
        raise Broken("/stack: no safe headers")


def check_auth(client, _database):
    """The token must be checked: one of another signature, and none, are refused."""
    right = f"Authorization: Bearer {cases.TOKEN}"
    reply = ask(client, "GET", "/auth", 200, header=right)
    if parsed(reply, "/auth") != {"message": "Hello, 42!"}:
        raise Broken(f"/auth: {reply.body[:80]!r}")
    wrong = right[:-2] + ("A" if right[-2] != "A" else "B") + right[-1]
    for header in ("", wrong):
        found = client.ask("GET", "/auth", header=header).status
        if found not in (400, 401, 403):
            raise Broken(f"/auth: status {found} without a right token")


def check_resumed(client, database):
    """A ticket must be taken, and the resumed connection must serve."""
    check_json(client, database)
    session = client.socket.session
    if session is None or not session.has_ticket:
        raise Broken("no ticket came with the reply")
    with Client(client.port, context=client.context, session=session) as other:
        if not other.socket.session_reused:
            raise Broken("a handshake with a ticket was not resumed")
        check_json(other, database)


CHECKS = {  # by the name of a test, or of its group
    "tls-json": check_json, "tls-full": check_json, "tls-resumed": check_resumed, "tls-static": check_static,
    "h2-clear": check_json, "h2-tls": check_json,
    "stack": check_stack, "auth": check_auth, "json": check_json, "core": check_json, "plaintext": check_plaintext, "params": check_params,
    "validate": check_validate, "upload": check_upload, "static": check_static,
    "static-small": check_static_small, "db": check_db,
    "queries": check_queries, "fortunes": check_fortunes, "updates": check_updates,
}
