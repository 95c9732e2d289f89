"""Checks /openapi.json of openapi.c with third-party tools: the official 3.1 schema, a generated client, and
schemathesis. The tools are installed once from PyPI into build/openapi-tools; without them their tests are skipped."""

import json
import os
import subprocess
import sys
import tempfile

import harness
from harness import ROOT, Server, Skip, check, check_equal, program, test
import pypi

TOOLS = os.path.join(ROOT, "build", "openapi-tools")
WANTED = os.path.join(ROOT, "tests", "server", "openapi.requirements.txt")


def run(command, folder=None, seconds=120):
    """Runs a command; returns its exit code and its output."""
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=seconds, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def tool(name):
    folder, why = pypi.programs(TOOLS, WANTED)
    if folder is None:
        raise Skip(f"the tools from PyPI can't be had: {why}")
    return os.path.join(folder, name)


def document(server):
    reply = server.get("/openapi.json")
    check_equal(reply.status, 200, "status")
    return json.loads(reply.body)


def write_document(folder):
    """The document as a file, as `APP openapi` prints it."""
    code, text = run([program("openapi"), "openapi"])
    check_equal(code, 0, f"exit code, with {text}")
    path = os.path.join(folder, "openapi.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


# -- without tools ---------------------------------------------------------------------------------------------------

@test
def the_document_is_served_and_printed_the_same():
    with Server(name="openapi") as server, tempfile.TemporaryDirectory() as folder:
        reply = server.get("/openapi.json")
        check_equal(reply.header("Content-Type"), "application/json", "Content-Type")
        with open(write_document(folder), encoding="utf-8") as file:
            check_equal(json.loads(reply.body), json.load(file), "document")


@test
def a_client_that_has_the_document_gets_304():
    with Server(name="openapi") as server:
        tag = server.get("/openapi.json").header("ETag")
        again = server.get("/openapi.json", f'If-None-Match: "other", W/{tag}')
        check_equal((again.status, again.body, again.header("ETag")), (304, b"", tag), "reply")
        for lines in (["If-None-Match: *"], [f"If-None-Match: ,, {tag} ,"], ['If-None-Match: "other"', f"If-None-Match: {tag}"],
                      [f'If-None-Match: "a,b", {tag}'], ['If-None-Match: "other"', 'If-None-Match: "x"', f"if-none-match: W/{tag}"]):
            check_equal(server.get("/openapi.json", *lines).status, 304, str(lines))
        for line in (f"If-None-Match: {tag[:-1]}", f'If-None-Match: "x, {tag[1:]}', f"If-None-Match: {tag.strip(chr(34))}",
                     "If-None-Match:", 'If-None-Match: "*"'):
            check_equal(server.get("/openapi.json", line).status, 200, line)
        other = server.get("/openapi.json", 'If-None-Match: "other"')
        check_equal(other.status, 200, "status with another tag")
        check_equal(server.get("/openapi.json", method="HEAD").status, 200, "status of HEAD")


@test
def hidden_routes_and_tern_s_own_are_not_in_the_document():
    with Server(name="openapi") as server:
        paths = document(server)["paths"]
        for path in ("/secret", "/healthz", "/readyz", "/openapi.json"):
            check(path not in paths, f"{path} is left out")
            check_equal(server.get(path).status, 200, f"status of {path}")


@test
def every_reference_leads_somewhere():
    def references(node):
        if isinstance(node, dict):
            yield from (value for key, value in node.items() if key == "$ref")
        for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from references(part)

    with Server(name="openapi") as server:
        whole = document(server)
        found = set(references(whole))
        check("#/components/schemas/Todo" in found, f"Todo is referred to: {found}")
        for reference in found:
            at = whole
            for name in reference.split("/")[1:]:
                check(name in at, f"{reference} leads somewhere")
                at = at[name]


# -- with tools ------------------------------------------------------------------------------------------------------

@test
def the_document_is_valid_by_the_official_schema():
    with tempfile.TemporaryDirectory() as folder:
        code, output = run([tool("openapi-spec-validator"), "--schema", "3.1", write_document(folder)])
        check_equal(code, 0, f"exit code, with {output}")


CLIENT = '''
import sys, io
sys.path.insert(0, sys.argv[2])
from made import Client, models as m
from made.api.todos import list_todos, create_todo, get_todo, patch_todo, delete_todo
from made.api.default import echo_tree, create_account, add_picture
from made.types import File

c = Client(base_url=sys.argv[1])
page = list_todos.sync(client=c, size=1)
assert (len(page.items), page.total) == (1, 2), page
made = create_todo.sync_detailed(client=c, body=m.TodoInput(title="New", tags=[m.Tag(name="a", level=m.Level.HIGH)]))
assert (made.status_code, made.headers["Location"]) == (201, "/todos/3"), made
assert made.parsed.tags[0].level is m.Level.HIGH, made
assert get_todo.sync(2, client=c).title == "Write a test"
gone = get_todo.sync_detailed(99, client=c)
assert gone.status_code == 404 and gone.parsed.detail == "no todo 99", gone
assert patch_todo.sync(2, client=c, body=m.TodoPatch(done=False)).done is False
wrong = create_todo.sync(client=c, body=m.TodoInput(title=""))
assert wrong.errors[0].location == ["body", "title"] and wrong.errors[0].code == "too_short", wrong
assert delete_todo.sync_detailed(1, client=c).status_code == 204
account = create_account.sync(client=c, body=m.AccountInput(name="Ada", password="long enough"))
assert (account.id, account.name) == (1, "Ada") and not hasattr(account, "password"), account
info = add_picture.sync(client=c, body=m.Picture(caption="x", file=File(io.BytesIO(b"12345"), "a.png", "image/png")))
assert (info.caption, info.size) == ("x", 5), info
tree = m.Tree(name="a", children=[m.Tree(name="b", children=[])])
assert echo_tree.sync(client=c, body=tree) == tree
print("done")
'''


def described(version):
    """The document of described.c in that version of OpenAPI, as text."""
    done = subprocess.run([program("described"), "openapi"], env={**os.environ, "DESCRIBED": version},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60, check=True)
    return done.stdout.decode()


@test
def a_document_with_everything_is_valid_in_both_versions():
    for version in ("3.1", "3.2"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "openapi.json")
            with open(path, "w", encoding="utf-8") as file:
                file.write(described(version))
            code, output = run([tool("openapi-spec-validator"), path])
            check_equal(code, 0, f"exit code of the validator of {version}, with {output}")


@test
def a_client_is_generated_from_a_document_with_everything():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "openapi.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(described("3.1"))
        code, output = run([tool("openapi-python-client"), "generate", "--path", path, "--meta", "none",
                            "--output-path", os.path.join(folder, "client")])
        check_equal(code, 0, f"exit code of the generator, with {output}")
        check(os.path.exists(os.path.join(folder, "client", "api", "orders", "add_order.py")), f"a call in {output}")


@test
def query_and_other_methods_are_operations_of_3_2_and_an_extension_of_3_1():
    new, old = json.loads(described("3.2"))["paths"], json.loads(described("3.1"))["paths"]
    check_equal(new["/orders"]["query"]["operationId"], "search_orders", "operation of 3.2")
    check_equal(old["/orders"]["x-query"]["operationId"], "search_orders", "extension of 3.1")
    check_equal(list(new["/cache"]["additionalOperations"]), ["PURGE"], "other methods of 3.2")
    check("/cache" not in old, "no path without operations")


@test
def a_client_generated_from_the_document_works():
    with Server(name="openapi") as server, tempfile.TemporaryDirectory() as folder:
        generator = tool("openapi-python-client")
        code, output = run([generator, "generate", "--path", write_document(folder), "--output-path",
                            os.path.join(folder, "made"), "--meta", "none"])
        check_equal(code, 0, f"exit code, with {output}")
        check("parse" not in output, f"the generator understands all of it: {output}")
        code, output = run([tool("python"), "-c", CLIENT, f"http://{server.host}:{server.port}", folder])
        check_equal((code, output.strip()), (0, "done"), "exit code and output")


# Methods of HTTP that a route lacks are answered with 405; only TRACE is 501, for the whole server.
SCHEMATHESIS = '''
[generation]
allow-x00 = false
[phases.coverage]
unexpected-methods = ["PUT"]
'''
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_headers_conformance", "response_schema_conformance", "unsupported_method")


@test
def requests_by_the_document_meet_no_5xx_and_no_reply_beside_it():
    with Server(name="openapi") as server, tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "schemathesis.toml"), "w", encoding="utf-8") as file:
            file.write(SCHEMATHESIS)
        code, output = run([tool("schemathesis"), "run", write_document(folder), "--url",
                            f"http://{server.host}:{server.port}", "--max-examples", "10", "--seed", "1", "--no-color",
                            "--checks", ",".join(CHECKS)], folder)
        check(code == 0, f"no failures: {output[-3000:]}")


@test
def requests_that_the_document_calls_right_are_taken():
    with Server(name="openapi") as server, tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "schemathesis.toml"), "w", encoding="utf-8") as file:
            file.write(SCHEMATHESIS)
        # a path with control characters is refused before it is split into parameters
        code, output = run([tool("schemathesis"), "run", write_document(folder), "--url",
                            f"http://{server.host}:{server.port}", "--max-examples", "20", "--seed", "2", "--no-color",
                            "--exclude-path", "/files/{path}", "--phases", "coverage,fuzzing", "--checks",
                            "positive_data_acceptance"], folder)
        check(code == 0, f"no failures: {output[-3000:]}")


@test
def docs_page_and_its_files_come_with_a_policy_and_an_etag():
    with Server(name="openapi") as server:
        for path, kind in (("/docs", "text/html"), ("/docs/style.css", "text/css"), ("/docs/script.js", "text/javascript")):
            reply = server.get(path)
            check_equal(reply.status, 200, path)
            check_equal(reply.header("Content-Type"), f"{kind}; charset=utf-8", path)
            check_equal(reply.header("X-Content-Type-Options"), "nosniff", path)
            policy = reply.header("Content-Security-Policy")
            check("default-src 'none'; script-src 'self'" in policy and "unsafe" not in policy, policy)
            again = server.get(path, f"If-None-Match: {reply.header('ETag')}")
            check_equal((again.status, again.body), (304, b""), path)
            check_equal(server.get(path, 'If-None-Match: "0000000000000000"').status, 200, path)


if __name__ == "__main__":
    sys.exit(harness.main(programs=("openapi",)))
