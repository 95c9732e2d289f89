"""HTTP/1.1 framing and smuggling: rows 1 to 30 of the threat list, byte for byte against a whole application.

A refused request is always followed by another one in the same packet, to a route that counts: the server must never
answer the second one.
"""

import os
import re
import sys

import harness
from harness import check, check_equal, shared, test

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"
POST = "POST /echo HTTP/1.1\r\nHost: test\r\n"
CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n"


def server():
    return shared()


def to_bytes(text):
    return text.encode("latin-1") if isinstance(text, str) else text


def refused(request, *statuses, behind=SMUGGLED):
    """Checks that the request gets exactly one reply, with one of these statuses, and that the connection then ends."""
    with server().connect() as client:
        client.send_while_it_listens(to_bytes(request) + behind)
        reply = client.read()
        check(reply.status in statuses, f"{_shown(request)}: {reply.status}, expected {statuses}")
        check(reply.closes, f"{_shown(request)}: says that it closes")
        check_equal(reply.header("Content-Type"), "application/problem+json", "Content-Type of a refusal")
        check(f'"status":{reply.status}' in reply.text, reply.text)
        check_equal(client.rest(), b"", f"after the reply to {_shown(request)}")
    return reply


def _shown(request):
    return repr(request[:200])


def with_line(line, method="GET", body=""):
    return f"{method} / HTTP/1.1\r\nHost: test\r\n{line}\r\n\r\n{body}"


def answered(request, status=200, method="GET"):
    """Checks that the request gets this status, and that the connection serves another one after it."""
    with server().connect() as client:
        client.send(to_bytes(request) + b"GET /json HTTP/1.1\r\nHost: test\r\n\r\n")
        reply = client.read(method)
        check_equal(reply.status, status, f"status of {_shown(request)}")
        check_equal(client.read().text, '{"hello":"world"}', f"the reply behind {_shown(request)}")
    return reply


@test
def threat_001_content_length_together_with_transfer_encoding_is_refused():
    for lines in ("Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5",
                  "Content-Length: 0\r\nTransfer-Encoding: chunked", "content-length: 5\r\ntransfer-encoding: CHUNKED",
                  "Transfer-Encoding: identity\r\nContent-Length: 5"):
        refused(f"{POST}{lines}\r\n\r\n0\r\n\r\n", 400, 501)


@test
def threat_002_two_different_content_lengths_are_refused():
    for lines in ("Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5, 6", "Content-Length: 5,6",
                  "Content-Length: 5\r\nX: y\r\nCONTENT-LENGTH: 0"):
        refused(f"{POST}{lines}\r\n\r\nhello", 400)


@test
def threat_003_a_repeated_identical_content_length_is_refused():
    for lines in ("Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5, 5", "Content-Length: 0\r\nContent-Length: 0"):
        refused(f"{POST}{lines}\r\n\r\nhello", 400)


@test
def threat_004_a_content_length_that_is_not_digits_is_refused():
    for value in ("+5", "-5", "-0", "0x5", "5 0", "5_0", "", " ", "5.0", "5;", "five", "1e1", "\"5\"", "5\t5", "٥",
                  "5\x00", "\xb5"):
        refused(f"{POST}Content-Length: {value}\r\n\r\nhello".encode("utf-8" if value == "٥" else "latin-1"), 400)


@test
def threat_005_a_huge_content_length_is_refused_and_never_wraps():
    for value in (2**63 - 1, 2**63, 2**63 + 5, 2**64 - 1, 2**64, 2**64 + 5, 2**65 + 5, "9" * 400, "1" + "0" * 400):
        refused(f"{POST}Content-Length: {value}\r\n\r\nhello", 413)
    answered(f"{POST}Content-Length: {'0' * 100}5\r\n\r\nhello")


@test
def threat_006_transfer_codings_other_than_chunked_once_are_refused():
    for value, status in (("xchunked", 501), ("chunked, identity", 400), ("chunked;q=1", 400), ('"chunked"', 400),
                          ("chunked, chunked", 400), ("chunked chunked", 400), ("identity", 501), ("gzip, chunked", 501),
                          ("chunked,", 400), (",chunked", 400), ("", 400), ("chunk", 501), ("x,chunked", 501)):
        refused(f"{POST}Transfer-Encoding: {value}\r\n\r\n0\r\n\r\n", status)
    refused(f"{POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)
    refused(f"{POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400)


@test
def threat_007_control_and_high_bytes_beside_chunked_are_refused():
    for odd in ("\x0b", "\x0c", "\x00", "\x85", "\xa0", "\x1f", "\x7f"):
        for value in (f"{odd}chunked", f"chunked{odd}", f"chu{odd}nked"):
            refused(f"{POST}Transfer-Encoding: {value}\r\n\r\n0\r\n\r\n", 400)


@test
def threat_008_white_space_around_a_header_name_is_refused():
    for line in ("Content-Length : 5", "Content-Length\t: 5", " Content-Length: 5", "\tContent-Length: 5",
                 "Transfer-Encoding : chunked", "X Y: z", "X\x0b: z"):
        refused(f"{POST}{line}\r\n\r\nhello", 400)
        refused(f"POST /echo HTTP/1.1\r\n{line}\r\nHost: test\r\n\r\nhello", 400)


@test
def threat_009_folded_header_lines_are_refused():
    for lines in ("X: a\r\n b", "X: a\r\n\tb", "X:\r\n a", "Transfer-Encoding:\r\n chunked", "X: a\r\n \r\nY: b"):
        refused(with_line(lines), 400)


@test
def threat_010_bare_line_feeds_and_carriage_returns_are_refused():
    for request in ("GET / HTTP/1.1\nHost: test\n\n", "GET / HTTP/1.1\r\nHost: test\n\r\n",
                    "GET / HTTP/1.1\nHost: test\r\n\r\n", "GET / HTTP/1.1\r\nHost: test\r\n\n",
                    "GET / HTTP/1.1\rHost: test\r\n\r\n", "GET / HTTP/1.1\r\nHost: te\rst\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: test\rX: y\r\n\r\n", "GET / HTTP/1.1\r\r\nHost: test\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: test\r\r\n\r\n", "\nGET / HTTP/1.1\r\nHost: test\r\n\r\n",
                    "\rGET / HTTP/1.1\r\nHost: test\r\n\r\n", "GET / HTTP/1.1\r\nHost: test\r\nX: y\nZ: a\r\n\r\n"):
        refused(request, 400)
    answered("\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n")


@test
def threat_011_a_bare_line_feed_in_a_chunked_body_is_refused():
    for body in ("5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r\n0\n\r\n", "5\r\nhello\r\n0\r\n\n",
                 "5\r\nhello\r\n0\r\nX: y\n\r\n", "5\r\nhello\r\n0\r\nX: y\r\n\n", "5;a\nhello\r\n0\r\n\r\n",
                 "5\r\nhello\r0\r\n\r\n", "5\rhello\r\n0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n", "5\r\nhello0\r\n\r\n"):
        refused(CHUNKED + body, 400)


@test
def threat_012_control_bytes_in_chunk_extensions_are_refused():
    for extension in (";a\nb", ";a\rb", ";a=\x00", ";a\x0b", ";\x7f", ";a=\"\n\"", ";a=\"\r\n\"", "\n", ";\r"):
        refused(f"{CHUNKED}5{extension}\r\nhello\r\n0\r\n\r\n", 400)
        refused(f"{CHUNKED}5\r\nhello\r\n0{extension}\r\n\r\n", 400)
    check_equal(answered(f"{CHUNKED}5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n").text, "hello")


@test
def threat_012_chunk_extensions_outside_the_grammar_are_refused():
    for extension in (";", "; ", ";;a", ";bad[=x", ";a=", ";=a", ";a=b c", ";a=\"b", ";a=\"b\"c", ";a ", ",a"):
        refused(f"{CHUNKED}5{extension}\r\nhello\r\n0\r\n\r\n", 400)
        refused(f"{CHUNKED}5\r\nhello\r\n0{extension}\r\n\r\n", 400)
    check_equal(answered(f"{CHUNKED}5; a = b ;c\r\nhello\r\n0\r\n\r\n").text, "hello")


@test
def single_fields_are_refused_when_repeated():
    for line in ("Content-Type: text/plain", "Authorization: Basic YTpi", "Host: test", "Content-Length: 0"):
        name = line.split(":")[0]
        refused(f"POST /echo HTTP/1.1\r\nHost: test\r\n{line}\r\n{name.lower()}: {line.split(': ')[1]}\r\n\r\n", 400)


@test
def threat_013_long_chunk_extensions_are_refused():
    refused(f"{CHUNKED}5;a={'x' * 65536}\r\nhello\r\n0\r\n\r\n", 400, 413)
    refused(CHUNKED + f"1;a={'x' * 100}\r\nh\r\n" * 1000 + "0\r\n\r\n", 400, 413)
    refused(CHUNKED + f"{'0' * 65536}5\r\nhello\r\n0\r\n\r\n", 400, 413)
    whole = "".join(f"1\r\n{letter}\r\n" for letter in "hello" * 200)
    check_equal(answered(f"{CHUNKED}{whole}0\r\n\r\n").text, "hello" * 200)


@test
def threat_014_malformed_chunk_sizes_are_refused():
    for size in ("0x5", "-1", "+5", " 5", "5 ", "\t5", "5\t", "", "g", "5g", "5,", "5_", "5.", "\"5\"", "f" * 20,
                 "1" + "0" * 16, "ffffffffffffffff", "fffffffffffffffff", "8000000000000000", "7fffffffffffffff"):
        refused(f"{CHUNKED}{size}\r\nhello\r\n0\r\n\r\n", 400, 413)


@test
def threat_015_a_body_cut_short_is_an_error_and_never_a_whole_body():
    for request in (f"{POST}Content-Length: 6\r\n\r\nhello", f"{POST}Content-Length: 100000\r\n\r\nhello",
                    f"{CHUNKED}5\r\nhello\r\n", f"{CHUNKED}5\r\nhel", f"{CHUNKED}5\r\nhello\r\n0\r\n", CHUNKED + "5",
                    f"{CHUNKED}5\r\nhello\r\n0\r\nX: y\r\n"):
        for target in ("/echo", "/count"):
            with server().connect() as client:
                client.send(request.replace("/echo", target))
                client.half_close()
                reply = client.read()
                check_equal(reply.status, 400, f"{target}, {request!r}")
                check("cut short" in reply.text, reply.text)
                client.check_closed()


@test
def threat_016_trailers_are_never_merged_into_the_headers():
    for name in ("Authorization", "Host", "Content-Length", "Transfer-Encoding", "Cookie", "X-Any", "X-Forwarded-For"):
        request = (f"POST /header?name={name} HTTP/1.1\r\nHost: test\r\nTrailer: {name}\r\n"
                   f"Transfer-Encoding: chunked\r\n\r\n0\r\n{name}: 7\r\n\r\n")
        with server().connect() as client:
            client.send(request)
            reply = client.read()
            expected = {"Host": "test", "Transfer-Encoding": "chunked"}.get(name, "(none)")
            check_equal((reply.status, reply.text), (200, expected), name)
            client.check_open()
    refused(f"{CHUNKED}0\r\nbad name: 7\r\n\r\n", 400)
    refused(f"{CHUNKED}0\r\n: 7\r\n\r\n", 400)


@test
def threat_017_versions_other_than_1_0_and_1_1_are_refused():
    for version, status in (("HTTP/1.2", 505), ("HTTP/2.0", 505), ("HTTP/0.9", 505), ("HTTP/3.0", 505), ("HTTP/01.1", 400),
                            ("HTTP/1.01", 400), ("http/1.1", 400), ("HTTP/1.1 ", 400), ("HTTP/1", 400), ("HTTP/1.", 400),
                            ("HTTP 1.1", 400), ("HTTP/1,1", 400), ("HTTP/11", 400), ("ICAP/1.0", 400), ("", 400)):
        refused(f"GET / {version}\r\nHost: test\r\n\r\n", status)
    refused("GET /\r\nHost: test\r\n\r\n", 400)
    refused("GET  / HTTP/1.1\r\nHost: test\r\n\r\n", 400)
    refused("GET /  HTTP/1.1\r\nHost: test\r\n\r\n", 400)
    refused("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 400)


@test
def threat_018_malformed_header_names_are_refused():
    for line in (": x", ":", "X(: y", "X\xe4: y", "X\x00: y", "X\x7f: y", "no colon", "X@: y", "X/: y", "\"X\": y", "X;: y"):
        refused(with_line(line), 400)
    refused("GET / HTTP/1.1\r\n: x\r\nHost: test\r\n\r\n", 400)


@test
def threat_018_an_underscore_never_stands_for_a_hyphen():
    for line in ("X_User: admin", "Content_Length: 5", "_: x", "Transfer_Encoding: chunked", "Ho_st: a\r\nHo_st: b"):
        answered(with_line(line))


@test
def threat_019_a_missing_duplicate_or_malformed_host_is_refused():
    refused("GET / HTTP/1.1\r\n\r\n", 400)
    refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400)
    refused("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhost: b\r\n\r\n", 400)
    for host in ("user@test", "test/path", "a,b", "a, b", "test:", "test:x", "test:-1", "test:65536", "test:80:80", "a b",
                 "", "[::1", "[::1]x", "[1.2.3.4]", "test?x", "test#x", "te\x00st", "te\\st", "%41", "<a>", "[]", ":80"):
        refused(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n", 400)
    for host in ("test", "test:80", "127.0.0.1:8000", "[::1]", "[::1]:8000", "a.b-c.example.org"):
        check(f"host={host}\n" in answered(f"GET /facts HTTP/1.1\r\nHost: {host}\r\n\r\n").text, host)


@test
def threat_020_the_host_of_an_absolute_target_wins():
    reply = answered("GET http://target.example:81/facts?a=b HTTP/1.1\r\nHost: other.example\r\n\r\n")
    check("host=target.example:81\n" in reply.text and "path=/facts\n" in reply.text and "query=a=b\n" in reply.text,
          reply.text)
    reply = answered("GET http://api.example.org/host HTTP/1.1\r\nHost: test\r\n\r\n")
    check_equal(reply.text, "exact host")
    refused("GET http://target.example/facts HTTP/1.1\r\n\r\n", 400)
    for target in ("http://", "http:///facts", "http://user@test/", "http://te st/", "ftp://test/", "test/", "http:/",
                   "http://test:99999/", "http://a,b/", "*"):
        refused(f"GET {target} HTTP/1.1\r\nHost: test\r\n\r\n", 400)


@test
def threat_021_a_body_of_get_or_head_is_consumed():
    check_equal(answered("GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello").text, "hello")
    inside = "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"
    answered(f"GET /json HTTP/1.1\r\nHost: test\r\nContent-Length: {len(inside)}\r\n\r\n{inside}")
    answered(f"HEAD / HTTP/1.1\r\nHost: test\r\nContent-Length: {len(inside)}\r\n\r\n{inside}", method="HEAD")
    answered("GET / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    answered(f"GET /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: {len(inside)}\r\n\r\n{inside}", 404)
    answered(f"OPTIONS / HTTP/1.1\r\nHost: test\r\nContent-Length: {len(inside)}\r\n\r\n{inside}", 204)
    answered(f"GET /folder HTTP/1.1\r\nHost: test\r\nContent-Length: {len(inside)}\r\n\r\n{inside}", 308)


@test
def threat_021_trace_connect_and_endless_methods_are_refused():
    refused("TRACE / HTTP/1.1\r\nHost: test\r\n\r\n", 501)
    refused("CONNECT test:443 HTTP/1.1\r\nHost: test\r\n\r\n", 501)
    refused("CONNECT / HTTP/1.1\r\nHost: test\r\n\r\n", 400)
    refused(f"{'A' * 10240} / HTTP/1.1\r\nHost: test\r\n\r\n", 501)
    refused(f"{'A' * 10240}", 501)
    for method in ("G\x00T", "G(T", "GÄT", "", " GET", "\"GET\"", "G,T"):
        refused(f"{method} / HTTP/1.1\r\nHost: test\r\n\r\n", 400)


@test
def threat_021_an_unknown_method_is_405_with_what_is_allowed():
    for method in ("BREW", "get", "GETT", "PRI", "X-1"):
        reply = answered(f"{method} /leaf HTTP/1.1\r\nHost: test\r\n\r\n", 405)
        check_equal(sorted(reply.header("Allow").split(", ")), ["GET", "HEAD", "OPTIONS"], "Allow")
        check_equal(answered(f"{method} /nowhere HTTP/1.1\r\nHost: test\r\n\r\n", 404).status, 404)


@test
def threat_022_a_body_that_waits_for_100_gets_it_once():
    for framing, parts in (("Content-Length: 5", ("hello",)), ("Content-Length: 5", ("he", "llo")),
                           ("Transfer-Encoding: chunked", ("5\r\nhel", "lo\r\n0\r\n\r\n"))):
        for target, expected in (("/echo", "hello"), ("/count", "5 bytes")):
            with server().connect() as client:
                client.send(f"POST {target} HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n{framing}\r\n\r\n")
                check_equal(client.read().raw, b"HTTP/1.1 100 Continue", "interim reply")
                for part in parts:
                    client.send(part)
                    client.wait_taken()
                reply = client.read()
                check_equal((reply.status, reply.text), (200, expected), target)
                client.check_open()


@test
def threat_022_a_body_sent_early_gets_no_100():
    answered(f"{POST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
    answered(f"{POST}Expect: 100-Continue\r\nContent-Length: 0\r\n\r\n")
    answered("GET / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n\r\n")


@test
def threat_022_other_expectations_are_417():
    for value in ("200-ok", "100-continue, 200-ok", "", "100", "100-continue;x=y", "y 100-continue", "\"100-continue\""):
        refused(f"{POST}Expect: {value}\r\nContent-Length: 5\r\n\r\nhello", 417)


@test
def threat_022_an_answer_before_the_100_closes():
    for target, status in (("/nowhere", 404), ("/leaf", 405), ("/small", 413)):
        with server().connect() as client:
            client.send(f"POST {target} HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 50\r\n\r\n")
            reply = client.read()
            check_equal((reply.status, reply.closes), (status, True), target)
            client.send_while_it_listens(SMUGGLED + b" " * (50 - len(SMUGGLED)) + SMUGGLED)
            client.check_closed()


@test
def threat_023_a_body_here_already_is_skipped_after_an_early_reply():
    inside = SMUGGLED.decode()
    for target, status in (("/ignore", 200), ("/nowhere", 404), ("/leaf", 405)):
        answered(f"POST {target} HTTP/1.1\r\nHost: test\r\nContent-Length: {len(inside)}\r\n\r\n{inside}", status)
        answered(f"POST {target} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                 f"{len(inside):x}\r\n{inside}\r\n0\r\n\r\n", status)


@test
def threat_023_a_body_not_here_yet_closes_after_an_early_reply():
    for target, status in (("/ignore", 200), ("/nowhere", 404), ("/leaf", 405)):
        for framing, begin in (("Content-Length: 500", ""), ("Content-Length: 500", "some"),
                               ("Transfer-Encoding: chunked", "5\r\nhel")):
            with server().connect() as client:
                client.send(f"POST {target} HTTP/1.1\r\nHost: test\r\n{framing}\r\n\r\n{begin}")
                reply = client.read()
                check_equal((reply.status, reply.closes), (status, True), f"{target} {framing}")
                client.send_while_it_listens(SMUGGLED)
                client.check_closed()


@test
def threat_023_a_body_over_the_limit_is_refused_unread():
    inside = SMUGGLED.decode()
    refused(f"POST /small HTTP/1.1\r\nHost: test\r\nContent-Length: {len(inside)}\r\n\r\n{inside}", 413)
    refused(f"POST /small HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
            f"{len(inside):x}\r\n{inside}\r\n0\r\n\r\n", 413)
    answered("POST /small HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n0123456789")
    refused(f"{POST}Content-Length: {(1 << 20) + 1}\r\n\r\n", 413)
    refused("POST /count HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999999\r\n\r\n", 413)


@test
def threat_024_heads_beyond_the_limits_are_431_and_414():
    refused("GET / HTTP/1.1\r\nHost: test\r\n" + "X: y\r\n" * 10000 + "\r\n", 431)
    refused("GET / HTTP/1.1\r\nHost: test\r\n" + "X: y\r\n" * 100 + "\r\n", 431)
    refused(f"GET / HTTP/1.1\r\nHost: test\r\nX: {'y' * (1 << 20)}\r\n\r\n", 431)
    refused(f"GET / HTTP/1.1\r\nHost: test\r\n{'X' * (1 << 20)}: y\r\n\r\n", 431)
    refused("GET / HTTP/1.1\r\nHost: test\r\n" + f"X: {'y' * 1000}\r\n" * 1000 + "\r\n", 431)
    refused(f"GET /{'x' * (1 << 20)} HTTP/1.1\r\nHost: test\r\n\r\n", 414)
    refused(f"GET /?{'x' * 8192} HTTP/1.1\r\nHost: test\r\n\r\n", 414)
    answered("GET / HTTP/1.1\r\nHost: test\r\n" + "X: y\r\n" * 99 + "\r\n")
    answered(f"GET /?{'x' * 8190} HTTP/1.1\r\nHost: test\r\n\r\n")


@test
def threat_024_an_endless_head_is_refused_before_it_ends():
    with server().connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: test\r\n")
        for _ in range(20):
            client.send_while_it_listens(f"X: {'y' * 1000}\r\n")
        check_equal(client.read().status, 431)
        client.check_closed()


@test
def threat_025_a_request_split_at_every_byte_is_answered_alike():
    request = f"{POST}X-Any: one\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".encode()
    for at, client in harness.split_everywhere(server(), request):
        reply = client.read()
        check_equal((reply.status, reply.text), (200, "hello"), f"split at {at}")
        client.check_open()


@test
def threat_025_a_refused_request_split_at_every_byte_is_refused_alike():
    request = b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    for at, client in harness.split_everywhere(server(), request + SMUGGLED):
        check_equal(client.read().status, 400, f"split at {at}")
        client.check_closed()


@test
def threat_025_a_thousand_requests_in_one_packet_are_answered_in_order():
    with server().connect() as client:
        client.send("".join(f"GET /users/{n} HTTP/1.1\r\nHost: t\r\n\r\n" for n in range(1000)))
        for n in range(1000):
            check_equal(client.read().text, f"id {n}")
        client.check_open()


@test
def threat_026_control_bytes_and_fragments_are_refused():
    for byte in [*range(0, 0x21), 0x7f]:
        if byte in (0x0a, 0x0d, 0x20):
            continue
        refused(f"GET /a{chr(byte)}b HTTP/1.1\r\nHost: test\r\n\r\n", 400)
        if byte != 0x09:
            refused(with_line(f"X: a{chr(byte)}b"), 400)
    for target in ("/a#b", "#", "/#", "/?a#b", "/a\x80b", "/a\xffb", "/a b", "a"):
        refused(f"GET {target} HTTP/1.1\r\nHost: test\r\n\r\n", 400)


@test
def threat_027_other_protocols_are_refused_with_one_line():
    hello = bytes.fromhex("16030100c4010000c00303") + bytes(range(1, 32)) * 6
    others = (hello, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\n",
              b"\r\n\r\n\x00\r\nQUIT\n", b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a\x21\x11\x00\x0c" + bytes(12),
              b"SSH-2.0-OpenSSH_9.2\r\n", b"\xff" * 64, b"EHLO test\r\n", b"\x80\x2e\x01\x00\x02", b"*1\r\n$4\r\nPING\r\n",
              b"\x00" * 16)
    for bytes_sent in others:
        with harness.Server() as own:
            with own.connect() as client:
                client.send_while_it_listens(bytes_sent + SMUGGLED)
                reply = client.read()
                check(reply.status in (400, 501, 505), f"{bytes_sent!r}: {reply.status}")
                client.check_closed()
        check_equal(own.count_logged("request refused"), 1, f"log lines for {bytes_sent!r}")
        check_equal(own.count_logged("smuggled"), 0, "requests")


@test
def threat_027_random_bytes_are_refused_or_closed():
    for _ in range(50):
        noise = os.urandom(300)
        with server().connect() as client:
            client.send_while_it_listens(noise + b"\r\n\r\n" + SMUGGLED)
            reply = client.read()
            check(reply.status in (400, 501, 505), f"{noise!r}: {reply.status}")
            client.check_closed()


@test
def threat_028_upgrades_that_are_not_offered_are_ignored():
    for lines in ("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
                  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                  "Connection: Upgrade\r\nUpgrade: h2c, websocket", "Upgrade: h2c", "Connection: Upgrade\r\nUpgrade: TLS/1.0"):
        check_equal(answered(with_line(lines)).text, "hello")
        answered(f"{POST}{lines}\r\nContent-Length: 5\r\n\r\nhello")


@test
def threat_029_connection_never_strips_a_header():
    for name in ("Authorization", "Cookie", "X-Forwarded-For", "Host", "X-Any"):
        reply = answered(f"GET /header?name={name} HTTP/1.1\r\n{'' if name == 'Host' else 'Host: test'}"
                         f"{'' if name == 'Host' else chr(13) + chr(10)}{name}: kept\r\nConnection: keep-alive, {name}\r\n\r\n")
        check_equal(reply.text, "kept", name)
    refused(f"{POST}Connection: Content-Length\r\nContent-Length: x\r\n\r\n", 400)
    check_equal(answered(f"{POST}Connection: Content-Length, Transfer-Encoding\r\nContent-Length: 5\r\n\r\nhello").text, "hello")


@test
def threat_030_line_breaks_in_headers_of_the_app_are_refused():
    reply = server().get("/reply/hostile")
    check_equal(reply.text, "0 set")
    check(b"Evil" not in reply.raw, reply.raw)
    for value in ("a%0d%0aX-Evil:%201", "a%0aX-Evil:%201", "a%0dX-Evil:%201"):
        for target in (f"/reply/header?value={value}", f"/reply/header?value=1&name={value}",
                       f"/reply/cookie?value={value}", f"/reply/cookie?name={value}"):
            reply = server().get(target)
            check_equal((reply.status, reply.text), (200, "refused"), target)
            check(b"Evil" not in reply.raw, reply.raw)
        reply = server().get(f"/redirect?to=/{value}")
        check_equal(reply.status, 500, "a redirect to two lines")
        check(b"Evil" not in reply.raw and reply.header("Location") is None, reply.raw)


@test
def threat_030_nothing_of_the_target_reaches_a_header_unescaped():
    reply = server().get("/folder?a=%0d%0aX-Evil:%201")
    check_equal((reply.status, reply.header("Location")), (308, "/folder/?a=%0d%0aX-Evil:%201"))
    check_equal(server().get("/folder%0d%0aX-Evil:%201").status, 400)


def no_byte_behind_a_refused_request_was_ever_read_as_one():
    found = re.search(r"smuggled=(\d+)", server().get("/counters").text)
    check_equal(found.group(1), "0", "requests answered behind refused ones")


if __name__ == "__main__":
    sys.exit(harness.main(at_once=4, last=[no_byte_behind_a_refused_request_was_ever_read_as_one]))
