"""Errors in the application's own format, regardless of their source: handlers, inputs, the router, HTTP itself, time
limits."""

import json
import socket
import sys

import harness
from harness import Server, check, check_equal, test

_server = []


def server():
    if not _server:
        _server.append(Server(name="problems"))
    return _server[0]


def get(target, *headers, **more):
    return server().get(target, *headers, **more)


def post(target, body, *headers):
    return server().get(target, "Content-Type: application/json", *headers, method="POST", body=body)


def check_shape(reply, status, errors):
    check_equal((reply.status, reply.header("Content-Type")), (status, "application/json"))
    check_equal(json.loads(reply.body), {"errors": errors})


def check_plain(reply, status, detail=None):
    check_equal((reply.status, reply.header("Content-Type")), (status, "application/problem+json"))
    check_equal(json.loads(reply.body).get("detail"), detail)


# -- the format's contents -------------------------------------------------------------------------------------------

@test
def a_failure_of_a_handler_is_sent_in_the_format():
    check_shape(get("/fail?status=409"), 409, {"": ["as asked <for>"]})


@test
def a_fault_that_a_handler_finds_is_under_its_field():
    check_shape(post("/accounts", b'{"email":"ann@here"}'), 422, {"email": ["is taken"]})


@test
def a_fault_of_the_query_is_under_its_field():
    check_shape(get("/accounts?page=9"), 422, {"page": ["is beyond the end"]})


@test
def fields_of_a_body_under_a_key_have_their_own_names():
    check_shape(post("/users", b'{"user":{"email":"ann@here"}}'), 422, {"email": ["is taken"]})
    check_shape(post("/users", b'{"user":{"email":"x"}}'), 422, {"email": ["is not an e-mail address"]})
    check_shape(post("/users", b"{}"), 422, {"user": ["must be given"]})


@test
def a_fault_that_a_handler_finds_in_a_body_under_a_key_has_that_key_in_its_place():
    for email in "ann@here", "x":
        problem = json.loads(post("/plain/users", json.dumps({"user": {"email": email}}).encode()).body)
        check_equal(problem["errors"][0]["location"], ["body", "user", "email"])


@test
def faults_of_an_input_are_under_their_fields_with_their_own_messages():
    check_shape(post("/accounts", b'{"email":"nobody at all, that is","age":3}'), 422,
                {"email": ["is not an e-mail address"], "age": ["must be at least 18"]})


@test
def an_input_that_is_not_json_is_reported_in_the_format():
    reply = post("/accounts", b"{")
    check_equal(reply.status, 400)
    check_equal(list(json.loads(reply.body)["errors"]), [""])


@test
def a_path_without_a_route_is_reported_in_the_format():
    reply = get("/nowhere")
    check_shape(reply, 404, {"": ["Not Found"]})
    check_equal(reply.header("X-Path"), "/nowhere")


@test
def another_method_is_reported_in_the_format_and_keeps_allow():
    reply = get("/calls", method="PATCH")
    check_shape(reply, 405, {"": ["Method Not Allowed"]})
    check_equal(reply.header("Allow"), "GET, HEAD, OPTIONS")


@test
def a_header_that_goes_with_a_problem_is_kept():
    reply = get("/unauthorized")
    check_shape(reply, 401, {"": ["no token"]})
    check_equal(reply.header("WWW-Authenticate"), "Bearer")
    check_equal(get("/fail?status=503").header("Retry-After"), "1")


@test
def a_wrongly_encoded_path_is_reported_in_the_format():
    check_shape(get("/a%zz"), 400, {"": ["the path is wrongly encoded"]})


@test
def a_mistake_of_a_reply_is_reported_in_the_format():
    check_shape(get("/redirect"), 500, {"": ["Internal Server Error"]})


@test
def a_file_that_vanished_is_reported_in_the_format():
    check_shape(get("/vanished"), 404, {"": ["Not Found"]})


@test
def a_request_that_takes_too_long_is_reported_in_the_format():
    reply = get("/late")
    check_shape(reply, 503, {"": ["the request took longer than 20 ms"]})
    check(reply.closes, "it closes")


@test
def a_head_request_gets_the_head_of_the_format_and_no_body():
    with server().connect() as client:
        full = client.get("/fail?status=409")
        head = client.get("/fail?status=409", method="HEAD")
        check_equal((head.status, head.header("Content-Length")), (409, str(len(full.body))))
        check_equal(client.get("/own").text, '{"mine":1}')


@test
def a_reply_of_a_handlers_own_is_left_alone():
    check_equal((get("/own").status, get("/own").text), (409, '{"mine":1}'))
    check_equal((get("/bare").status, get("/bare").text), (410, "410 Gone"))


@test
def the_function_is_called_once_for_each_problem():
    before = int(get("/calls").text)
    get("/fail")
    get("/nowhere")
    get("/calls", method="PATCH")
    check_equal(int(get("/calls").text), before + 3)


@test
def a_problem_that_a_handler_only_looks_at_leaves_its_tasks_alone():
    check_equal(get("/looks").text, "404, counted to 5")


@test
def a_broken_stream_is_not_reported_again():
    before = int(get("/calls").text)
    with server().connect() as client:
        client.send("GET /after/half HTTP/1.1\r\nHost: test\r\n\r\n")
        try:
            while client.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
    check_equal(int(get("/calls").text), before)


# -- what HTTP refuses -----------------------------------------------------------------------------------------------

REFUSED = [
    ("a_malformed_head", b"GET  / HTTP/1.1\r\n\r\n", 400, "the target is malformed"),
    ("no_host", b"GET / HTTP/1.1\r\n\r\n", 400, "no Host"),
    ("no_http_at_all", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "the method is malformed"),
    ("too_long_a_target", b"GET /" + b"a" * 300 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414, "the target is too long"),
    ("too_large_a_head", b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 3000 + b"\r\n\r\n", 431, "the head is too large"),
    ("another_version", b"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505, "an HTTP version other than 1.0 and 1.1"),
    ("another_coding", b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501,
     "a transfer coding other than chunked"),
    ("another_expectation", b"POST / HTTP/1.1\r\nHost: h\r\nExpect: x\r\nContent-Length: 1\r\n\r\n", 417,
     "an expectation other than 100-continue"),
    ("a_proxys_request", b"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", 501,
     "this server is not a proxy and does not echo requests"),
    ("too_large_a_body", b"POST /accounts HTTP/1.1\r\nHost: h\r\nContent-Length: 200\r\n\r\n" + b"a" * 200, 413,
     "the body is larger than this route takes"),
    ("a_broken_chunk", b"POST /accounts HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, None),
]


def refused(name, data, status, detail):
    def run():
        reply = server().ask(data)
        check_equal((reply.status, reply.header("Content-Type")), (status, "application/json"))
        errors = json.loads(reply.body)["errors"]
        check_equal(list(errors), [""])
        if detail is not None:
            check_equal(errors[""], [detail])
        check(reply.closes, "it closes")
    run.__name__ = name + "_is_told_in_the_shape"
    test(run)


for case in REFUSED:
    refused(*case)


@test
def too_slow_a_head_is_reported_in_the_format():
    with server().connect() as client:
        client.send("GET / HTTP/1.1\r\nHo")
        check_shape(client.read(), 408, {"": ["the request's head came too slowly"]})


@test
def a_head_that_could_not_be_read_has_no_path_and_no_headers():
    check_equal(server().ask(b"GET  /secret HTTP/1.1\r\nHost: h\r\n\r\n").header("X-Path"), "")


@test
def a_refused_body_is_reported_in_the_format_of_its_route():
    reply = server().ask(b"POST /admin/7/accounts HTTP/1.1\r\nHost: h\r\nContent-Length: 200\r\n\r\n" + b"a" * 200)
    check_equal(json.loads(reply.body), {"code": 413, "message": "the body is larger than this route takes"})


# -- groups and statuses ---------------------------------------------------------------------------------------------

@test
def a_group_has_its_own_format():
    reply = get("/admin/7/fail?status=404")
    check_equal((reply.status, json.loads(reply.body)), (404, {"code": 404, "message": "as asked <for>"}))


@test
def a_nested_group_has_the_format_of_its_parent():
    check_equal(json.loads(get("/admin/7/inner/fail").body)["code"], 500)


@test
def paths_below_a_groups_prefix_have_its_format_without_a_route():
    for target in "/admin/7/nowhere", "/admin/7", "/admin/7/fail/", "/admin/7/inner/nowhere":
        check_equal(json.loads(get(target).body), {"code": 404, "message": "Not Found"}, target)
    check_equal(json.loads(get("/admin/7/fail", method="PATCH").body)["code"], 405)
    for target in "/admin", "/admin/", "/adminx/7/fail":
        check_shape(get(target), 404, {"": ["Not Found"]})


@test
def a_group_of_a_host_has_its_format_for_that_host_only():
    def keys(target, host):
        return list(json.loads(server().ask(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").body))
    for target, host in (("/nowhere", "eu.admin.example"), ("/nowhere", "A.EU.Admin.Example.:80"), ("/v1/x", "api.example:81")):
        check_equal(keys(target, host), ["code", "message"], f"{target} of {host}")
    for target, host in (("/nowhere", "admin.example"), ("/nowhere", "x-admin.example"), ("/v2/x", "api.example"),
                         ("/v1/x", "other.example")):
        check_equal(keys(target, host), ["errors"], f"{target} of {host}")


@test
def a_status_has_its_own_function():
    html = get("/fail?status=418", "Accept: text/html")
    check_equal((html.status, html.text), (418, "<h1>a teapot</h1>"))
    plain = get("/fail?status=418", "Accept: application/json")
    check_plain(plain, 418, "as asked <for>")
    check_equal((html.header("Vary"), plain.header("Vary")), ("Accept", "Accept"))


@test
def a_groups_format_overrides_that_of_an_outer_status():
    check_equal(json.loads(get("/admin/7/fail?status=418").body)["code"], 418)


@test
def a_function_may_choose_another_status():
    reply = get("/admin/7/fail?status=409")
    check_equal((reply.status, reply.text), (410, "moved on: as asked <for>"))


@test
def pages_for_browsers_override_the_format():
    reply = get("/pages/fail?status=409", "Accept: text/html")
    check_equal((reply.status, reply.header("Content-Type"), reply.header("Vary")),
                (409, "text/html; charset=utf-8", "Accept"))
    check_equal(reply.text, "<h1>409</h1><p>as asked &lt;for&gt;")


@test
def a_type_that_the_format_sets_as_a_header_is_only_used_with_the_format():
    reply = get("/typed/fail?status=409")
    check_equal((reply.header("Content-Type"), reply.text), ("application/vnd.api+json", '{"status":409}'))
    reply = get("/typed/fail?status=409", "Accept: text/html")
    check_equal(reply.header("Content-Type"), "text/html; charset=utf-8")
    check("<h1>Conflict</h1>" in reply.text, reply.text)


@test
def programs_get_the_format_where_there_are_pages():
    reply = get("/pages/fail?status=409", "Accept: application/json")
    check_shape(reply, 409, {"": ["as asked <for>"]})
    check_equal(reply.header("Vary"), "Accept")
    check_shape(get("/pages/bare"), 410, {"": ["Gone"]})


@test
def the_built_in_page_replaces_a_missing_one():
    reply = get("/pages/bare", "Accept: text/html")
    check_equal(reply.status, 410)
    check("<title>410 Gone</title>" in reply.text, reply.text)


# -- functions that fail ---------------------------------------------------------------------------------------------

@test
def a_function_that_fails_leaves_the_problem_unchanged():
    reply = get("/fails/fail?status=409")
    check_plain(reply, 409, "as asked <for>")
    check_equal(reply.header("X-Half-Done"), None)
    line = server().wait_logged("the shape is broken")
    check("problems.c:" in line and "failed with 503" in line, line)


@test
def a_function_that_fails_keeps_the_headers_of_the_problem():
    check_equal(get("/fails/fail", method="PATCH").header("Allow"), "GET, HEAD, OPTIONS")
    check_equal(get("/fails/fail?status=503").header("Retry-After"), "1")


@test
def a_function_whose_reply_cannot_be_sent_leaves_the_problem_unchanged():
    check_plain(get("/unsound/fail?status=409"), 409, "as asked <for>")


@test
def a_function_whose_file_is_missing_leaves_the_problem_unchanged():
    check_plain(get("/missing/fail?status=500"), 500, "as asked <for>")
    check_plain(get("/missing/vanished"), 404)


@test
def a_function_that_fails_for_a_refusal_of_http_leaves_the_problem_unchanged():
    reply = server().ask(b"POST /fails/accounts HTTP/1.1\r\nHost: h\r\nContent-Length: 200\r\n\r\n" + b"a" * 200)
    check_plain(reply, 413, "the body is larger than this route takes")


@test
def a_function_may_wait():
    check_equal(get("/waits/fail?status=409").text, "waited for 409")
    check_equal(get("/waits/nowhere").text, "waited for 404")
    check_equal(get("/waits/vanished").text, "waited for 404")
    reply = server().ask(b"POST /waits/accounts HTTP/1.1\r\nHost: h\r\nContent-Length: 200\r\n\r\n" + b"a" * 200)
    check_equal(reply.text, "waited for 413")


@test
def a_function_does_not_wait_beyond_the_requests_time():
    check_plain(get("/waits/late"), 503, "the request took longer than 20 ms")


@test
def a_function_may_stream():
    reply = get("/streams/fail?status=409")
    check_equal((reply.status, reply.text), (409, "streamed Conflict"))
    reply = server().ask(b"POST /streams/accounts HTTP/1.1\r\nHost: h\r\nContent-Length: 200\r\n\r\n" + b"a" * 200)
    check_equal((reply.status, reply.text), (413, "streamed Content Too Large"))


@test
def a_problem_that_shows_as_the_reply_is_sent_is_not_streamed():
    check_plain(get("/streams/vanished"), 404)


@test
def a_client_that_leaves_while_the_function_waits_does_no_harm():
    for _ in range(20):
        with server().connect() as client:
            client.send("GET /waits/fail HTTP/1.1\r\nHost: test\r\n\r\n")
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    check_equal(get("/own").status, 409)


# -- after the reply -------------------------------------------------------------------------------------------------

@test
def functions_after_the_reply_run_in_reverse_order_and_one_that_fails_is_alone():
    with Server(name="problems") as own:
        own.get("/after/own")
        own.wait_logged("first /after/own")
        said = [line for line in own.lines if "/after/own" in line]
        check("last /after/own: 409, 10 bytes, whole" in said[0], said)
        check("a function of tern_after failed: too late to matter" in said[1], said)
        check("first /after/own: 409, 10 bytes, whole" in said[2], said)


@test
def functions_after_the_reply_hear_that_it_was_cut_off():
    with Server(name="problems") as own:
        with own.connect() as client:
            client.send("GET /after/half HTTP/1.1\r\nHost: test\r\n\r\n")
            own.wait_logged("first /after/half: 200, 5 bytes, cut off")


@test
def the_reply_does_not_wait_for_functions_after_it():
    with server().connect() as client:
        for _ in range(3):
            check_equal(client.get("/after/own").text, '{"mine":1}')


# -- the document ----------------------------------------------------------------------------------------------------

def document():
    return json.loads(get("/openapi.json").body)


@test
def the_document_shows_the_format_of_each_error():
    operation = document()["paths"]["/accounts"]["post"]
    for status in "400", "413", "415", "422", "default":
        check_equal(operation["responses"][status]["content"],
                    {"application/json": {"schema": {"$ref": "#/components/schemas/ApiError"}}}, status)


@test
def the_document_shows_the_format_of_a_group_and_its_media_type():
    responses = document()["paths"]["/admin/{site}/fail"]["get"]["responses"]
    check_equal(responses["404"]["content"],
                {"application/vnd.admin+json": {"schema": {"$ref": "#/components/schemas/AdminError"}}})


@test
def the_document_omits_a_format_without_a_description():
    responses = document()["paths"]["/fails/fail"]["get"]["responses"]
    check_equal(responses["default"], {"description": "Any other error"})


@test
def the_document_has_no_problem_that_no_route_answers_with():
    schemas = document()["components"]["schemas"]
    check_equal([name for name in schemas if "Problem" in name or "Fault" in name], [])
    check_equal(schemas["ApiError"]["properties"]["errors"]["additionalProperties"],
                {"type": "array", "items": {"type": "string"}})


@test
def the_document_leaves_out_messages():
    check("is not an e-mail address" not in get("/openapi.json").text, "no message in the document")


def it_ends_cleanly():
    if _server:
        with _server.pop():
            pass


if __name__ == "__main__":
    sys.exit(harness.main(programs=("problems",), last=(it_ends_cleanly,)))
