"""Tests of a whole application: routing, getters, replies, failures, middleware, logging, framing."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import harness
from harness import check, check_equal, shared, test, wait_for

FILES = tempfile.TemporaryDirectory()
FILES_ENV = {"TEST_FILES": FILES.name}
MEBIBYTE = 1 << 20


def server():
    return shared(env=FILES_ENV)


def get(target, *headers, **more):
    return server().get(target, *headers, **more)


def put_file(name, data):
    with open(os.path.join(FILES.name, name), "wb") as file:
        file.write(data)


def check_problem(reply, status, detail=None):
    """Checks that the reply is exactly this problem, according to RFC 9457."""
    check_equal(reply.status, status, "status")
    check_equal(reply.header("Content-Type"), "application/problem+json", "Content-Type")
    problem = json.loads(reply.body)
    expected = {"type": "about:blank", "title": reply.reason, "status": status}
    if detail is not None:
        expected["detail"] = detail
    check_equal(problem, expected, "problem")


# -- routing ---------------------------------------------------------------------------------------------------------

@test
def routes_prefer_text_over_typed_over_any_parameter():
    for target, expected in (("/users/me", "me"), ("/users/42", "id 42"), ("/users/-7", "id -7"), ("/users/4x", "name 4x"),
                             ("/users/9223372036854775807", "id 9223372036854775807"),
                             ("/users/0f8fad5b-d9cb-469f-a165-70867728950e", "uuid 0f8fad5b-d9cb-469f-a165-70867728950e"),
                             ("/users/0f8fad5b-d9cb-469f-a165-70867728950", "name 0f8fad5b-d9cb-469f-a165-70867728950"),
                             ("/rest/a", "rest a"), ("/rest/a/b//c", "rest a/b//c"), ("/users/me2", "name me2")):
        reply = get(target)
        check_equal((reply.status, reply.text), (200, expected), target)


@test
def an_int_beyond_64_bits_is_not_an_int():
    reply = get("/users/9223372036854775808")
    check(reply.status == 404 or reply.text == "name 9223372036854775808", f"{reply.status} {reply.text}")
    check_equal(get("/greet/you/9223372036854775808").status, 404, "an int parameter out of range")
    check_equal(get("/greet/you/many").status, 404, "an int parameter that is none")


@test
def unknown_paths_are_404_with_a_problem():
    for target in ("/nowhere", "//", "//users/me", "/users", "/users/me/more", "/rest", "/rest/", "/Users/me", "/leaf//",
                   "/users//me", "/leaf;a=b"):
        check_problem(get(target), 404)


@test
def another_method_is_405_and_names_those_allowed():
    for target, method, allowed in (("/leaf", "POST", "GET, HEAD, OPTIONS"),
                                    ("/echo", "GET", "DELETE, OPTIONS, PATCH, POST, PUT"),
                                    ("/facts", "DELETE", "GET, HEAD, OPTIONS, PROPFIND"),
                                    ("/users/me", "PUT", "GET, HEAD, OPTIONS")):
        reply = get(target, method=method)
        check_problem(reply, 405)
        check_equal(", ".join(sorted(reply.header("Allow").split(", "))), allowed, f"Allow of {target}")


@test
def options_is_answered_for_every_path_and_for_the_server():
    reply = get("/echo", method="OPTIONS")
    check_equal((reply.status, reply.body), (204, b""))
    check("POST" in reply.header("Allow") and "OPTIONS" in reply.header("Allow"), reply.header("Allow"))
    reply = get("*", method="OPTIONS")
    check_equal(reply.status, 204)
    check("GET" in reply.header("Allow"), reply.header("Allow"))
    check_problem(get("/nowhere", method="OPTIONS"), 404)


@test
def head_is_answered_as_get_without_the_body():
    put_file("head.txt", b"x" * 1000)
    for target in ("/", "/json", "/html", "/users/me", "/files/head.txt", "/nowhere", "/fail", "/redirect", "/healthz",
                   "/big?bytes=100000", "/status?code=404", "/status?code=204", "/rings/inside/order"):
        with server().connect() as client:
            head = client.get(target, method="HEAD")
            client.check_open()  # a body would be read as the next reply
        whole = get(target)
        check_equal(head.status, whole.status, target)
        for name in ("Content-Length", "Content-Type", "Location", "Last-Modified", "Allow"):
            check_equal(head.header(name), whole.header(name), f"{name} of {target}")
        check(head.header("Content-Length") == str(len(whole.body)) or whole.status == 204, f"length of {target}")
    with server().connect() as client:
        check_equal(client.get("/stream", method="HEAD").status, 200)
        client.check_open()


@test
def a_slash_more_or_less_redirects_with_the_query():
    for target, location in (("/leaf/", "/leaf"), ("/leaf/?a=b&c=%20d", "/leaf?a=b&c=%20d"), ("/folder", "/folder/"),
                             ("/folder?x", "/folder/?x"), ("/users/%C3%A4/", "/users/%C3%A4")):
        reply = get(target)
        check_equal((reply.status, reply.header("Location")), (308, location), target)
    for target in ("//leaf/", "//evil.example/%2e%2e", "/%5cevil.example/"):
        check(get(target).status in (400, 404), target)


@test
def hosts_have_routes_of_their_own():
    for host, expected in (("api.example.org", "exact host"), ("API.Example.org:8000", "exact host"),
                           ("www.example.org", "wild host")):
        check_equal(server().ask(f"GET /host HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").text, expected, host)
    for host in ("example.org", "other.org", "api.example.org.evil", "evilexample.org"):
        check_equal(server().ask(f"GET /host HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").status, 404, host)
    check_equal(server().ask("GET / HTTP/1.1\r\nHost: api.example.org\r\nConnection: close\r\n\r\n").text, "hello")


@test
def urls_are_built_from_names_and_lead_back():
    check_equal(get("/url").text, "/greet/you/2")
    url = get("/url?who=b%3Fc%25%20%23%C3%A4").text
    check_equal(url, "/greet/b%3Fc%25%20%23%C3%A4/2")
    check_equal(get(url).text, "b?c% #ä, 2 times")
    for target in ("/url/unknown", "/url?who=a/b", "/url?who=..", "/url?who="):
        check_equal(get(target).status, 500, target)


# -- paths -----------------------------------------------------------------------------------------------------------

@test
def threat_065_paths_that_climb_are_refused_and_never_leave_the_folder():
    put_file("inside.txt", b"inside")
    check_equal(get("/files/inside.txt").text, "inside")
    for path in ("../inside.txt", "%2e%2e/inside.txt", "%2E./x", ".%2e/x", "a/../inside.txt", "./inside.txt", "..", ".",
                 "..%2finside.txt", "..%2Fetc/passwd", "a%2f..%2fb", "..\\inside.txt", "..%5cinside.txt", "%5c..%5c", "a/..",
                 "a/.", "../../../../../../etc/passwd", "%2e%2e%2f%2e%2e%2fetc/passwd", "x%2fy"):
        check_equal(get(f"/files/{path}").status, 400, path)
    for path in ("%252e%252e/inside.txt", "..;x/inside.txt", "a;x/..;/inside.txt", "%252e%252e%252finside.txt", "...",
                 ".../inside.txt", "//etc/passwd", "/etc/passwd", "~root/x", "%c2%ae/x", "inside.txt/"):
        check(get(f"/files/{path}").status in (404, 308), path)


@test
def threat_066_bad_escapes_and_bad_utf_8_in_paths_are_refused():
    for text in ("%", "%1", "%zz", "%%20", "a%2", "%00", "a%00b", "%c0%ae", "%c0%80", "%e0%80%af", "%ed%a0%80", "%f5%80%80%80",
                 "%ff", "%c3", "%c3%28", "%80", "%0a", "%0d%0a", "%7f", "%1b", "%u0041"):
        check_problem(get(f"/users/{text}"), 400, "the path is wrongly encoded")
    for text, expected in (("%C3%A4", "ä"), ("%41", "A"), ("a+b", "a+b"), ("%2B", "+"), ("%25", "%"), ("a%20b", "a b"),
                           ("%F0%9F%90%A7", "🐧"), ("a:b@c!$&'()*,=", "a:b@c!$&'()*,="), ("%3Cscript%3E", "<script>")):
        check_equal(get(f"/users/{text}").text, f"name {expected}")


@test
def threat_066_bad_escapes_in_the_query_are_refused_where_they_are_read():
    for text in ("%", "%zz", "%00", "a%00b", "%c0%ae", "%ff"):
        check_equal(get(f"/query?text={text}").status, 400, text)
        check_equal(get(f"/?text={text}").status, 200, f"{text} that nobody reads")


@test
def threat_067_only_regular_files_are_sent():
    put_file("regular", b"yes")
    os.mkfifo(os.path.join(FILES.name, "fifo"))
    os.mkdir(os.path.join(FILES.name, "folder"))
    os.symlink("/dev/zero", os.path.join(FILES.name, "device"))
    for name in ("fifo", "folder", "device", "missing", "regular/more", "x" * 300):
        check_problem(get(f"/files/{name}"), 404)


WRITTEN = 784111777
NUMBERS = itertools.count()
DATE, BEFORE, AFTER = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:36 GMT", "Sun, 06 Nov 1994 08:49:38 GMT")


def get_dated(*headers, method="GET"):
    name = f"dated-{next(NUMBERS)}.css"  # tests run side by side
    put_file(name, b"a {}")
    os.utime(os.path.join(FILES.name, name), (WRITTEN, WRITTEN))
    return get(f"/files/{name}", *headers, method=method)


@test
def an_unchanged_file_is_304_for_a_client_that_has_it():
    for method in ("GET", "HEAD"):
        for date in (DATE, AFTER, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"):
            reply = get_dated(f"If-Modified-Since: {date}", method=method)
            check_equal((reply.status, reply.body, reply.header("Last-Modified")), (304, b"", DATE), date)
            check_equal((reply.header("Content-Type"), reply.header("Content-Length")), (None, None), date)
        check_equal(get_dated(f"If-Modified-Since: {BEFORE}", method=method).status, 200)


@test
def a_file_is_sent_when_the_date_of_the_request_is_invalid():
    for headers in (["If-Modified-Since: yesterday"], ["If-Modified-Since: "], [f"If-Modified-Since: {DATE}"] * 2,
                    [f"If-Modified-Since: {AFTER}", 'If-None-Match: "a"'], [f"If-Modified-Since: {DATE}, {DATE}"],
                    [f"If-Unmodified-Since: {DATE}"], [f"If-Unmodified-Since: {AFTER}"], ["If-Unmodified-Since: never"],
                    [f"If-Unmodified-Since: {BEFORE}", "If-Match: *"]):
        reply = get_dated(*headers)
        check_equal((reply.status, reply.body), (200, b"a {}"), str(headers))


@test
def a_changed_file_is_412_for_a_client_that_wants_it_unchanged():
    reply = get_dated(f"If-Unmodified-Since: {BEFORE}")
    check_problem(reply, 412)
    check_problem(get_dated(f"If-Unmodified-Since: {BEFORE}", f"If-Modified-Since: {DATE}"), 412)


@test
def a_file_from_the_future_was_written_now():
    put_file("early.css", b"a {}")
    os.utime(os.path.join(FILES.name, "early.css"), (4000000000, 4000000000))
    reply = get("/files/early.css")
    check_equal(reply.header("Last-Modified"), reply.header("Date"))


# -- parts of a request ----------------------------------------------------------------------------------------------

@test
def getters_return_the_parts_of_the_request():
    reply = server().ask("GET /facts?a=%20&b HTTP/1.1\r\nHost: test:80\r\nConnection: close\r\n\r\n")
    check_equal(reply.text, "method=GET\npath=/facts\nquery=a=%20&b\nhost=test:80\nroute=/facts\naddress=127.0.0.1\n")
    check(get("/facts", method="PROPFIND").text.startswith("method=PROPFIND\n"), "another method")


@test
def query_parameters_are_typed():
    check_equal(get("/query").text, "n=-1 d=0.5 b=0 text=(none) second=(none)")
    check_equal(get("/query?n=42&d=1.5e3&b=YES&text=a+b%26&text=c").text, "n=42 d=1500 b=1 text=a b& second=c")
    check_equal(get("/query?n=-9223372036854775808&text=").text, "n=-9223372036854775808 d=0.5 b=0 text= second=(none)")
    for query, detail in (("n=x", 'query parameter "n" must be a whole number'),
                          ("n=", 'query parameter "n" must be a whole number'),
                          ("n=9223372036854775808", 'query parameter "n" must be a whole number')):
        check_problem(get(f"/query?{query}"), 422, detail)
    for query in ("n=1.5", "n=+1", "n=%201", "n=0x1", "d=nan", "d=inf", "d=1e", "d=0x1p3", "d=1e999999", "b=maybe", "b="):
        check_equal(get(f"/query?{query}").status, 422, query)


@test
def headers_and_cookies_are_found():
    check_equal(get("/header?name=x-one", "X-One: first", "X-One: second").text, "first")
    check_equal(get("/header?name=X-ONE&nth=1", "X-One: first", "x-one:second  ").text, "second")
    check_equal(get("/header?name=X-One&nth=2", "X-One: first").text, "(none)")
    check_equal(get("/header?name=X-One", "X-One:").text, "")
    check_equal(get("/header?name=X-One", "X-One: \t a b \t ").text, "a b")
    check_equal(get("/cookie?name=b", "Cookie: a=1; b=2; c=3").text, "2")
    check_equal(get("/cookie?name=b", "Cookie: bb=1; xb=2").text, "(none)")
    check_equal(get("/cookie?name=b", "Cookie: b=%20\"x\"").status, 200)


@test
def threat_018_a_header_with_an_underscore_is_seen_only_where_an_input_names_it():
    check_equal(get("/token", "Access_Token: x").text, "x")
    check_equal(get("/token", "Access-Token: x").status, 422)
    check_equal(get("/header?name=access_token", "access_token: x").text, "x")
    for name in ("x_real_ip", "x-real-ip", "X_Real_IP"):
        check_equal(get(f"/header?name={name}", "X_Real_IP: 192.0.2.1").text, "(none)", name)
    check_equal(get("/header?name=x-real-ip", "X_Real_IP: 192.0.2.1", "X-Real-IP: 192.0.2.2").text, "192.0.2.2")


@test
def threat_018_an_ignored_header_is_logged_once_at_debug_level():
    with harness.Server("--log-level", "debug") as other:
        other.get("/", "X_Trace: 1")
        other.wait_logged("header X_Trace is ignored: its name has a '_'")
        check_equal(other.count_logged("is ignored: its name"), 1)


@test
def a_body_that_is_compressed_is_415_where_the_server_reads_it():
    for line in ("Content-Encoding: gzip", "content-encoding: identity, br", "Content-Encoding: identity\r\nContent-Encoding: gzip"):
        reply = get("/scans", line, "Content-Type: multipart/form-data; boundary=B", method="POST", body=b"--B--")
        check_problem(reply, 415, "the body must not be compressed (no Content-Encoding)")
        check_equal(reply.header("Accept-Encoding"), "identity")
    for line in ("Content-Encoding: identity", "Content-Encoding:", "Content-Encoding: , Identity,"):
        reply = get("/scans", line, "Content-Type: multipart/form-data; boundary=B", method="POST", body=b"--B--")
        check_equal(reply.status, 422, line)
    check_equal(get("/echo", "Content-Encoding: gzip", method="POST", body=b"x").text, "x")


@test
def bodies_arrive_whole():
    for body in (b"", b"hello", b"\x00\xff" * 500, bytes(range(256)) * 64, b"x" * 16384, b"y" * 300000, b"z" * MEBIBYTE):
        reply = get("/echo", "Content-Type: text/x", method="POST", body=body)
        check_equal((reply.status, len(reply.body)), (200, len(body)))
        check(reply.body == body, f"the same {len(body)} bytes")
        check_equal(reply.header("Content-Type"), "text/x")
    for method in ("PUT", "PATCH", "DELETE"):
        check_equal(get("/echo", method=method, body=b"hello").text, "hello", method)


@test
def chunked_bodies_arrive_whole():
    data = os.urandom(200000)
    for size in (7, 1000, 65536):
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(data[at:at + size]), data[at:at + size]) for at in range(0, len(data), size))
        with server().connect() as client:
            client.send(b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nX: y\r\n\r\n")
            check(client.read().body == data, f"chunks of {size}")
            client.check_open()


@test
def streamed_bodies_are_counted_without_being_kept():
    size = 32 * MEBIBYTE
    with server().connect() as client:
        client.send(f"POST /count HTTP/1.1\r\nHost: t\r\nContent-Length: {size}\r\n\r\n")
        block = b"x" * MEBIBYTE
        for _ in range(32):
            client.send(block)
        check_equal(client.read().text, f"{size} bytes")
        client.check_open()


# -- replies ---------------------------------------------------------------------------------------------------------

@test
def replies_say_their_type_and_length():
    for target, status, kind, text in (("/", 200, "text/plain; charset=utf-8", "hello"),
                                       ("/html", 200, "text/html; charset=utf-8", "<p>hello</p>"),
                                       ("/json", 200, "application/json", '{"hello":"world"}'),
                                       ("/created", 201, "text/plain; charset=utf-8", "made"),
                                       ("/status", 200, "text/plain; charset=utf-8", "200 OK")):
        reply = get(target)
        check_equal((reply.status, reply.header("Content-Type"), reply.text), (status, kind, text), target)
        check_equal(reply.header("Content-Length"), str(len(text)), f"length of {target}")
        check_equal(reply.header("Server"), "tern")
        check(re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", reply.header("Date")),
              reply.header("Date"))


@test
def statuses_without_a_body_send_no_body():
    for head in (False, True):
        reply = get("/status?code=205", method="HEAD" if head else "GET")
        check_equal((reply.status, reply.body, reply.header("Content-Length")), (205, b"", "0"))
    for code in (204, 304):
        with server().connect() as client:
            reply = client.get(f"/status?code={code}")
            check_equal(reply.status, code)
            check(code == 304 or reply.header("Content-Length") is None, "204 has no length")
            client.check_open()
    for code in (0, 99, 101, 199, 600, 1000, -1):
        check_problem(get(f"/status?code={code}"), 500)


@test
def redirects_lead_where_the_handler_says():
    for target, status, location in (("/redirect", 302, "/"), ("/redirect?code=303&to=/a%3Fb", 303, "/a?b"),
                                     ("/redirect?code=308&to=https://example.org/", 308, "https://example.org/")):
        reply = get(target)
        check_equal((reply.status, reply.header("Location")), (status, location), target)
    for target in ("/redirect?code=200", "/redirect?code=304", "/redirect?to=/%20a", "/redirect?to=/%C3%A4", "/redirect?to=",
                   "/redirect?to=/%5cevil.example"):
        reply = get(target)
        check_problem(reply, 500)
        check(reply.header("Location") is None, target)


@test
def headers_the_server_owns_are_refused():
    for name in ("Content-Length", "transfer-encoding", "Connection", "Date", "X%20Y", "", "X:", "%C3%A4"):
        reply = get(f"/reply/header?name={name}&value=7")
        check_equal((reply.status, reply.text), (200, "refused"), name)
        check_equal(len(reply.all("Content-Length")), 1, "lengths")
    reply = get("/reply/header?name=X-Mine&value=a%20b")
    check_equal((reply.text, reply.header("X-Mine")), ("set", "a b"))


@test
def cookies_are_set_with_safe_defaults():
    reply = get("/reply/cookie?name=a&value=b")
    check_equal(reply.header("Set-Cookie"), "a=b; Path=/; SameSite=Lax; HttpOnly")
    check("Max-Age=60" in get("/reply/cookie?name=a&value=b&age=60").header("Set-Cookie"), "age")
    for name, value in (("a;b", "x"), ("a=b", "x"), ("a%20b", "x"), ("", "x"), ("a", "x;y"), ("a", "x%20y"), ("a", "x,y"),
                        ("__Host-a", "x")):
        reply = get(f"/reply/cookie?name={name}&value={value}")
        check_equal((reply.text, reply.header("Set-Cookie")), ("refused", None), f"{name}={value}")


@test
def big_replies_arrive_whole():
    for size in (0, 1, 8191, 8192, 8193, 16384, 300000, 4 * MEBIBYTE):
        with server().connect() as client:
            reply = client.get(f"/big?bytes={size}")
            check_equal(len(reply.body), size)
            check(reply.body == (b"abcdefghijklmnopqrstuvwxyz" * (size // 26 + 1))[:size], f"the {size} bytes")
            client.check_open()


@test
def big_files_arrive_whole():
    data = os.urandom(5 * MEBIBYTE + 12345)
    put_file("big.bin", data)
    with server().connect() as client:
        reply = client.get("/files/big.bin")
        check_equal(reply.header("Content-Type"), "application/octet-stream")
        check(re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", reply.header("Last-Modified")), "Last-Modified")
        check(reply.body == data, "the file")
        client.check_open()
    put_file("empty.css", b"")
    reply = get("/files/empty.css")
    check_equal((reply.status, reply.body, reply.header("Content-Type")), (200, b"", "text/css; charset=utf-8"))


@test
def slow_readers_get_everything():
    put_file("slow.bin", bytes(range(256)) * 8192)
    for target, size in (("/files/slow.bin", 2 * MEBIBYTE), ("/big?bytes=2000000", 2000000)):
        with server().connect(receive_buffer=4096) as client:
            client.send(f"GET {target} HTTP/1.1\r\nHost: t\r\n\r\n")
            time.sleep(0.05)  # the reply fills both kernels' buffers and stalls
            check_equal(get("/").text, "hello", "others are served meanwhile")
            check_equal(len(client.read().body), size, target)
            client.check_open()


@test
def streams_are_chunked_and_close_for_http_1_0():
    expected = "piece 0\npiece 1\npiece 2\n"
    with server().connect() as client:
        reply = client.get("/stream")
        check_equal((reply.text, reply.header("Content-Length"), len(reply.chunks)), (expected, None, 3))
        client.check_open()
    with server().connect() as client:
        client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        reply = client.read()
        check_equal((reply.text, reply.closes), (expected, True))


@test
def a_stream_that_fails_half_way_is_never_taken_for_whole():
    for version in ("1.1", "1.0"):
        with server().connect() as client:
            client.send(f"GET /stream/broken HTTP/{version}\r\nHost: t\r\n\r\n")
            try:
                client.read()
            except ConnectionError:
                continue
            raise AssertionError(f"HTTP/{version}: the reply looked whole")
    server().wait_logged("the stream failed half-way")


# -- failing ---------------------------------------------------------------------------------------------------------

@test
def failures_are_problems_and_drop_the_headers_set_before():
    reply = get("/fail?status=409&detail=it+is+%22taken%22%0a%E2%80%A8")
    check_problem(reply, 409, 'it is "taken"\n\u2028')
    check(reply.header("X-Lost") is None, "headers set before the failure are dropped")
    for status in (400, 404, 418, 422, 500, 503, 599):
        check_equal(get(f"/fail?status={status}").status, status)
    for status in (0, 200, 302, 399, 600):
        check_equal(get(f"/fail?status={status}").status, 500, f"{status} is no failure")


def counted(own):
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", own.get("/counters").text)}


@test
def deferred_calls_run_however_the_handler_ends():
    with harness.Server() as own:
        own.get("/defer")
        own.get("/defer?fail=1")
        check_equal(counted(own), {"begun": 2, "undone": 2, "smuggled": 0})
        with own.connect() as client:
            client.send("GET /defer?ms=60000 HTTP/1.1\r\nHost: t\r\n\r\n")
            wait_for(lambda: counted(own)["begun"] == 3, text="the handler waits")
        wait_for(lambda: counted(own)["undone"] == 3, text="a client that leaves ends its handler")


@test
def a_handler_that_takes_too_long_is_503():
    with server().connect() as client:
        reply = client.get("/sleep/short?ms=60000")
        check_problem(reply, 503, "the request took longer than 50 ms")
        check(reply.closes, "the connection ends")
    check_equal(get("/sleep/short?ms=0").text, "rested")


@test
def a_request_that_uses_too_much_memory_is_503():
    reply = get("/hog")
    check_equal((reply.status, reply.header("Content-Type")), (503, "application/problem+json"))
    check_equal(get("/").text, "hello", "the next request")


@test
def tasks_channels_and_threads_do_their_work():
    check_equal(get("/tasks/squares").text, "385")
    check_equal(get("/tasks/offload").text, "500500")
    check_problem(get("/tasks/fail"), 424, "the task failed")


@test
def a_mutex_lets_one_in_after_the_other_even_when_some_leave():
    with harness.Server() as own:
        clients = [own.connect() for _ in range(30)]
        for client in clients:
            client.send("GET /tasks/lock HTTP/1.1\r\nHost: t\r\n\r\n")
        for client in clients[::3]:
            client.reset()
        staying = [client for number, client in enumerate(clients) if number % 3]
        numbers = [int(client.read().text) for client in staying]
        check_equal(len(set(numbers)), len(staying), f"every one alone: {numbers}")
        wait_for(lambda: counted(own)["begun"] == counted(own)["undone"], text="all have ended")
        check_equal(own.get("/tasks/lock").status, 200, "the lock is free")


@test
def a_semaphore_lets_no_more_in_than_it_has_permits():
    with harness.Server() as own:
        clients = [own.connect() for _ in range(20)]
        for client in clients:
            client.send("GET /tasks/two HTTP/1.1\r\nHost: t\r\n\r\n")
        for client in clients[::4]:
            client.reset()
        numbers = {client.read().text for number, client in enumerate(clients) if number % 4}
        check("2" in numbers and numbers <= {"1", "2"}, f"inside at once: {numbers}")  # who was alone may have left


@test
def shared_notes_are_seen_by_every_worker_and_outlive_one():
    with harness.Server(workers=3) as own:
        check_equal(own.get("/notes?name=a", method="POST", body=b"first").status, 204)
        pids = set()
        while len(pids) < 3:
            with own.connect() as client:
                pids.add(client.get("/pid").text)
                check_equal(client.get("/notes?name=a").text, "first")
        for pid in pids:
            os.kill(int(pid), signal.SIGKILL)
        wait_for(lambda: len(own.worker_pids()) == 3 and not pids & {str(pid) for pid in own.worker_pids()},
                 text="three new workers")
        check_equal(own.get("/notes?name=a").text, "first")
        check_problem(own.get("/notes?name=b"), 404, 'no note "b"')
        check_equal(own.get("/notes?name=a", method="POST", body=b"x" * 257).status, 413)


# -- middleware ------------------------------------------------------------------------------------------------------

@test
def middleware_wraps_from_the_outside_in():
    reply = get("/rings/inside/order")
    check_equal((reply.text, reply.all("X-Ring")), ("abc", ["c saw 200", "b saw 200", "a saw 200"]))


@test
def middleware_sees_failures_as_replies():
    reply = get("/rings/inside/fail?status=409")
    check_problem(reply, 409, "a teapot")
    check_equal(reply.all("X-Ring"), ["b saw 409", "a saw 409"])
    reply = get("/rings/before")
    check_problem(reply, 402, "before the handler")
    check_equal(reply.all("X-Ring"), ["a saw 402"])
    reply = get("/rings/after")
    check_problem(reply, 502, "after the handler")
    check_equal(reply.all("X-Ring"), ["a saw 502"])


@test
def middleware_may_answer_without_the_handler():
    reply = get("/rings/closed")
    check_equal((reply.status, reply.text, reply.all("X-Ring")), (403, "no entry", ["a saw 403"]))


@test
def request_ids_are_unique_and_on_every_reply():
    ids = [get(target).header("X-Request-Id") for target in ("/", "/nowhere", "/fail", "/users/%zz", "/leaf/")]
    check(all(re.fullmatch(r"[0-9a-f]{32}", text) for text in ids), f"{ids}")
    check_equal(len(set(ids)), len(ids), "different ids")
    reply = get("/id")
    check_equal(reply.text, reply.header("X-Request-Id"))
    check_equal(get("/id", "X-Request-Id: mine-1_2.3").text, "mine-1_2.3")
    for hostile in ("", "a b", "a\"b", "x" * 65, "<script>", "\xe4"):
        check(re.fullmatch(r"[0-9a-f]{32}", get("/id", f"X-Request-Id: {hostile}").text), hostile)


@test
def threat_087_request_ids_are_unique_over_forked_workers():
    with harness.Server(workers=3) as own:
        seen = {}
        for _ in range(60):
            with own.connect() as client:
                pid = client.get("/pid").text
                for _ in range(10):
                    text = client.get("/id").text
                    check(text not in seen, f"{text} of {pid} was {seen.get(text)}'s")
                    seen[text] = pid
        check(len(set(seen.values())) > 1, "more than one worker answered")


# -- logging and health ----------------------------------------------------------------------------------------------

@test
def every_request_is_one_line_of_json():
    reply = get("/users/42?secret=1", "X-Request-Id: one-line-of-json")
    line = json.loads(server().wait_logged("one-line-of-json"))
    check_equal({name: line[name] for name in ("level", "message", "method", "path", "status", "bytes", "address")},
                {"level": "info", "message": "request", "method": "GET", "path": "/users/42", "status": 200,
                 "bytes": len(reply.body), "address": "127.0.0.1"})
    check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]), line["time"])
    check(isinstance(line["us"], int) and isinstance(line["pid"], int), "numbers")


@test
def threat_084_no_request_can_forge_a_log_line():
    with harness.Server() as own:
        hostile = ("/users/%0a%7B%22level%22:%22info%22%7D", "/users/%0d%0aforged", "/users/%1b[31m", "/users/%E2%80%A8forged",
                   "/users/%C2%85forged", "/users/%22,%22level%22:%22forged", "/users/%5C%22", "/users/%00forged", "/%ff%fe",
                   "/fail?detail=%0aforged%E2%80%A9", "/redirect?to=%0aforged", "/query?n=%0a%1bforged",
                   "/reply/header?value=%0aforged", "/reply/cookie?name=%0aforged&value=%0a", "/users/" + "x" * 8000)
        for target in hostile:
            own.get(target)
        for line in ("User-Agent: \x1b[31m", "X-Request-Id: \x1b"):
            own.ask(f"GET / HTTP/1.1\r\nHost: t\r\n{line}\r\n\r\n")
        own.ask("FORGED\x80 / HTTP/1.1\r\nHost: t\r\n\r\n")
        own.ask("BREW\t/ HTTP/1.1\r\nHost: t\r\n\r\n")
        wait_for(lambda: own.count_logged('"message":"request"') >= len(hostile), text="a line for each request")
    for line in own.lines:
        event = json.loads(line)
        check_equal(line[:9], '{"time":"', "the beginning of a line")
        check(event["level"] in ("debug", "info", "warn", "error"), line)
        check(not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", line), f"raw control characters in {line!r}")
        check(len(line) <= 8192, f"{len(line)} bytes")


@test
def health_and_readiness_are_reported():
    reply = get("/healthz")
    check_equal((reply.status, reply.text, reply.header("Cache-Control")), (200, '{"status":"ok"}', "no-store"))
    with harness.Server() as own:
        check_equal(json.loads(own.get("/readyz").body), {"status": "ok", "checks": {"switch": "ok"}})
        check_equal(own.get("/ready?ready=no", method="POST").status, 204)
        reply = own.get("/readyz")
        check_equal((reply.status, json.loads(reply.body)), (503, {"status": "unavailable", "checks": {"switch": "failed"}}))
        check_equal(own.get("/healthz").status, 200)
        own.get("/ready?ready=yes", method="POST")
        check_equal(own.get("/readyz").status, 200)


@test
def hooks_run_at_the_edges_of_each_worker():
    with harness.Server(workers=2) as own:
        wait_for(lambda: own.count_logged("start hook") == 2, text="two starts")
    check_equal((own.count_logged("start hook"), own.count_logged("stop hook")), (2, 2))


# -- connections -----------------------------------------------------------------------------------------------------

@test
def every_split_of_a_request_is_answered_alike():
    request = b"GET /users/a%20b?c=d HTTP/1.1\r\nHost: test\r\nX-Any: one\r\nCookie: a=b\r\n\r\n"
    for at, client in harness.split_everywhere(server(), request):
        reply = client.read()
        check_equal((reply.status, reply.text), (200, "name a b"), f"split at {at}")
        client.check_open()


@test
def a_request_byte_by_byte_is_answered():
    with server().connect() as client:
        for byte in b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello":
            client.send(bytes([byte]))
        check_equal(client.read().text, "hello")
        client.check_open()


@test
def a_thousand_mixed_requests_in_one_packet_are_answered_in_order():
    kinds = (("GET /users/{n} HTTP/1.1\r\nHost: t\r\n\r\n", "id {n}"),
             ("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: {len}\r\n\r\nbody {n}", "body {n}"),
             ("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n{len:x}\r\nbody {n}\r\n0\r\n\r\n", "body {n}"),
             ("GET /sleep?ms=0&n={n} HTTP/1.1\r\nHost: t\r\n\r\n", "rested"),
             ("POST /count HTTP/1.1\r\nHost: t\r\nContent-Length: {len}\r\n\r\nbody {n}", "{len} bytes"))
    values = [{"n": n, "len": len(f"body {n}")} for n in range(1000)]
    with server().connect() as client:
        client.send("".join(kinds[v["n"] % len(kinds)][0].format(**v) for v in values))
        for v in values:
            check_equal(client.read().text, kinds[v["n"] % len(kinds)][1].format(**v))
        client.check_open()


@test
def connections_are_kept_as_their_version_and_headers_say():
    for request, is_kept, says in (("GET / HTTP/1.1\r\nHost: t\r\n\r\n", True, None),
                                   ("GET / HTTP/1.1\r\nHost: t\r\nConnection: keep-alive\r\n\r\n", True, None),
                                   ("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", False, "close"),
                                   ("GET / HTTP/1.1\r\nHost: t\r\nConnection: x, CLOSE\r\n\r\n", False, "close"),
                                   ("GET / HTTP/1.1\r\nHost: t\r\nConnection: close, keep-alive\r\n\r\n", False, "close"),
                                   ("GET / HTTP/1.0\r\n\r\n", False, "close"),
                                   ("GET / HTTP/1.0\r\nHost: t\r\n\r\n", False, "close"),
                                   ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True, "keep-alive"),
                                   ("GET /nowhere HTTP/1.1\r\nHost: t\r\n\r\n", True, None),
                                   ("GET /fail HTTP/1.1\r\nHost: t\r\n\r\n", True, None)):
        with server().connect() as client:
            client.send(request)
            check_equal(client.read().header("Connection"), says, request)
            if is_kept:
                client.check_open()
            else:
                client.check_closed()


@test
def nothing_after_a_closing_request_is_answered():
    for first in ("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"):
        with server().connect() as client:
            client.send_while_it_listens(first + "GET /json HTTP/1.1\r\nHost: t\r\n\r\n" * 1000)
            check_equal(client.read().text, "hello")
            client.check_closed()


@test
def http_1_0_gets_no_chunks_and_no_100():
    with server().connect() as client:
        client.send("POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
        reply = client.read()
        check_equal((reply.status, reply.text), (200, "hello"))
        client.check_closed()


@test
def the_last_request_of_a_closing_client_is_answered():
    with server().connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\nGET /json HTTP/1.1\r\nHost: t\r\n\r\n")
        client.half_close()
        check_equal(client.read().text, "hello")
        check_equal(client.read().text, '{"hello":"world"}')
        client.check_closed()


@test
def requests_on_a_connection_can_be_limited():
    with harness.Server("--max-requests", "3") as own, own.connect() as client:
        check_equal([client.get("/").closes for _ in range(3)], [False, False, True])
        client.check_closed()


# -- the command line ------------------------------------------------------------------------------------------------

def command(*arguments, **env):
    done = subprocess.run([harness.program("app"), *arguments], capture_output=True, text=True, timeout=20, check=False,
                          env=dict(os.environ, **env))
    return done.returncode, done.stdout, done.stderr


@test
def the_command_line_tells_about_the_application():
    code, out, err = command("routes")
    check_equal((code, err), (0, ""))
    check(re.search(r"(?m)^GET\b.*/users/\{id:int\}", out), out)
    check(re.search(r"(?m)^POST\b.*/echo", out), out)
    check_equal(command("--version"), (0, "Test 1\n", ""))
    code, out, err = command("--check")
    check_equal((code, err), (0, ""))
    code, out, _ = command("--help")
    check(code == 0 and "--port" in out and "TERN_PORT" in out and "--head-timeout" in out, out)


@test
def the_middleware_around_each_route_is_printed_with_places():
    code, out, err = command("routes", "--middleware")
    check_equal((code, err), (0, ""))
    place = r"tests/server/app\.c:\d+\n"
    check(re.search(r"(?m)^GET /users/\{id:int\}  \w+ \(" + place[:-2] + r"\)\n  request_ids +request id +" + place + "  logger +log +" + place
                    + "  problem_pages +pages +" + place, out), out)
    check(re.search(r"(?m)^requests without a route\n  request_ids", out), out)


@test
def mistakes_on_the_command_line_are_one_clear_line():
    for arguments, env, word in ((["--prot", "1"], {}, "--prot"), (["--port", "70000"], {}, "70000"), (["--port"], {}, "--port"),
                                 (["fly"], {}, "fly"), (["--middleware"], {}, "--middleware"), ([], {"TERN_PORT": "many"}, "TERN_PORT"),
                                 (["--head-timeout", "soon"], {}, "soon"), (["--max-headers", "101"], {}, "101")):
        code, out, err = command(*arguments, **env)
        check_equal((code, out), (1, ""), str(arguments))
        check(err.count("\n") == 1 and word in err, err)


@test
def settings_come_from_the_environment_and_flags_win():
    with harness.Server(env={"TERN_MAX_REQUESTS": "1", "TERN_MAX_BODY": "3"}) as own:
        with own.connect() as client:
            check(client.get("/").closes, "one request a connection")
        check_equal(own.get("/echo", method="POST", body=b"1234").status, 413)
    with harness.Server("--max-requests=2", env={"TERN_MAX_REQUESTS": "1"}) as own, own.connect() as client:
        check_equal([client.get("/").closes for _ in range(2)], [False, True])


@test
def one_process_alone_serves_and_ends_cleanly():
    with harness.Server(workers=0) as own:
        check_equal(own.get("/pid").text, str(own.pid))
        check_equal(own.get("/tasks/offload").text, "500500")


@test
def a_unix_socket_is_served():
    with tempfile.TemporaryDirectory() as folder:
        with harness.Server("--host", f"unix:{folder}/socket") as own:
            check("address=unix:\n" in own.get("/facts").text, "the address")
            check_equal(own.get("/json").text, '{"hello":"world"}')


@test
def a_socket_file_has_the_given_mode_and_keeps_it():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/socket"
        with harness.Server("--host", f"unix:{path}", env={"TERN_SOCKET_MODE": "0660"}) as own:
            before = os.stat(path)
            check_equal(before.st_mode & 0o777, 0o660)
            for number in (signal.SIGHUP, signal.SIGUSR2):
                first = own.worker_pids()
                own.signal(number)
                harness.wait_for(lambda first=first: own.worker_pids() and not set(first) & set(own.worker_pids()), text="new workers")
                check_equal(own.get("/").text, "hello")
                now = os.stat(path)
                check_equal((now.st_mode, now.st_ino), (before.st_mode, before.st_ino))


@test
def a_socket_file_is_never_made_with_settings_that_are_wrong():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/socket"
        for arguments, words in ((["--socket-mode", "999"], '"999" is not permissions in octal'),
                                 (["--socket-mode", "0"], '"0" is not'), (["--socket-mode", "1777"], '"1777" is not'),
                                 (["--socket-owner", "nobody-here"], 'there is no user "nobody-here"; give --socket-owner another'),
                                 (["--socket-group", "nobody-here"], 'there is no group "nobody-here"')):
            code, out, err = command("--host", f"unix:{path}", *arguments)
            check_equal((code, out, err.count("\n")), (1, "", 1), err)
            check(words in err, err)
            check(not os.path.exists(path), "no file is left")
        code, _, err = command("--socket-mode", "660")
        check(code == 1 and "are for a socket file" in err, err)


@test
def an_example_is_served_too():
    if not os.path.exists(harness.program("hello")):
        raise harness.Skip("the examples are not built")
    with harness.Server(name="hello") as own:
        reply = own.get("/")
        check_equal((reply.status, reply.text), (200, '{"message":"Hello, World!"}'))


if __name__ == "__main__":
    sys.exit(harness.main(at_once=4))
