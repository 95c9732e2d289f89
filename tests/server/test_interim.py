"""Tests of what surrounds a reply: interim replies before it, and trailers after it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import harness
from harness import Server, Skip, check, check_equal, shared, test

BROWSER = "Sec-Fetch-Mode: navigate"
LINKS = ["</style.css>; rel=preload; as=style", "</script.js>; rel=preload; as=script"]


def ask(target, *headers, version="1.1", method="GET", server=None):
    """All replies to one request, interim ones first."""
    with (server or shared()).connect() as client:
        client.send(f"{method} {target} HTTP/{version}\r\nHost: t\r\nConnection: close\r\n"
                    + "".join(header + "\r\n" for header in headers) + "\r\n")
        replies = [client.read(method)]
        while replies[-1].status < 200:
            replies.append(client.read(method))
        check_equal(client.rest(), b"", "nothing follows")
        return replies


# -- trailers --------------------------------------------------------------------------------------------------------

@test
def a_stream_has_trailers_for_a_client_that_takes_them():
    for header in ("TE: trailers", "TE: gzip;q=0.5, trailers", "te:Trailers", "TE: , trailers ,"):
        for query in ("", "?flush=1"):
            reply, = ask(f"/trailer{query}", header)
            check_equal((reply.text, reply.trailers, reply.header("Trailer")), ("body set", [("x-sum", "7")], "X-Sum"), header)
            check_equal(reply.header("X-Announced"), "yes", header)


@test
def other_clients_get_the_stream_without_trailers():
    for headers in ([], ["TE: gzip"], ["TE: trailersx"], ["TE: x-trailers"], ["TE:"]):
        reply, = ask("/trailer", *headers)
        check_equal((reply.text, reply.trailers, reply.header("Trailer"), reply.header("X-Announced")),
                    ("body not set", [], None, "no"), str(headers))
    reply, = ask("/trailer", "TE: trailers", version="1.0")
    check_equal((reply.body, reply.header("Trailer")), (b"body not set", None), "HTTP/1.0")
    reply, = ask("/trailer", "TE: trailers", method="HEAD")
    check_equal((reply.body, reply.header("Trailer")), (b"", None), "HEAD")


@test
def several_trailers_keep_their_order():
    reply, = ask("/trailer?more=3", "TE: trailers")
    check_equal(reply.trailers, [("x-sum", "7"), ("x-more-3", "more"), ("x-more-2", "more"), ("x-more-1", "more")])


@test
def trailers_are_limited_in_number_and_size():
    reply, = ask("/trailer?more=31", "TE: trailers")
    check_equal((reply.text, len(reply.trailers)), ("body set", 32), "32 trailers")
    reply, = ask("/trailer?more=32", "TE: trailers")
    check_equal((reply.text, len(reply.trailers)), ("body not set", 32), "33 trailers")
    reply, = ask(f"/trailer?value={'x' * 5000}&more=20", "TE: trailers")
    check_equal((reply.text, len(reply.trailers)), ("body not set", 3), "those that fit into 16 KiB")


@test
def threat_016_a_trailer_of_framing_routing_or_authentication_is_refused():
    for name in ("Content-Length", "Transfer-Encoding", "Host", "Authorization", "Set-Cookie", "Trailer", "TE", "Connection",
                 "Content-Type", "Content-Encoding", "Content-Range", "Cache-Control", "Date", "Location", "Vary",
                 "WWW-Authenticate", "content-length", "a%20b", "a%0D%0AX", "", "%C3%A4"):
        reply, = ask(f"/trailer?name={name}", "TE: trailers")
        check_equal((reply.text, reply.trailers, reply.header("Trailer")), ("body not set", [], None), name)
    for name in ("Digest", "ETag", "Server-Timing", "X-Content-Length"):
        check_equal(len(ask(f"/trailer?name={name}", "TE: trailers")[0].trailers), 1, name)


@test
def threat_030_a_trailer_s_value_with_a_line_break_is_refused():
    for value in ("a%0D%0AX-Evil:%201", "a%0Ab", "a%0Db", "a%7Fb"):
        reply, = ask(f"/trailer?value={value}", "TE: trailers")
        check_equal((reply.text, reply.trailers), ("body not set", []), value)


@test
def a_stream_that_fails_has_no_trailers():
    with shared().connect() as client:
        client.send("GET /trailer?fail=1 HTTP/1.1\r\nHost: t\r\nTE: trailers\r\n\r\n")
        received = b""
        try:
            while data := client.socket.recv(65536):
                received += data
        except ConnectionResetError:
            pass
        check(b"X-Sum: 7" not in received and not received.endswith(b"0\r\n\r\n"), received)


@test
def the_connection_goes_on_after_trailers():
    with shared().connect() as client:
        client.send("GET /trailer HTTP/1.1\r\nHost: t\r\nTE: trailers\r\n\r\n" * 20)
        for _ in range(20):
            check_equal(client.read().trailers, [("x-sum", "7")], "trailers")
        client.check_open()


@test
def node_reads_trailers():
    if shutil.which("node") is None:
        raise Skip("node is not installed")
    script = """
require('http').get({port: +process.argv[1], path: '/trailer', headers: {te: 'trailers'}}, reply => {
    let text = ''; reply.on('data', data => text += data); reply.on('end', () => console.log(text, reply.trailers['x-sum'])); });"""
    done = subprocess.run(["node", "-e", script, str(shared().port)], capture_output=True, text=True, timeout=60, check=False)
    check_equal(done.stdout, "body set 7\n", done.stderr)


@test
def curl_reads_trailers():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "headers")
        done = subprocess.run(["curl", "-sS", "-H", "TE: trailers", "-H", "Connection: TE", "-D", path,
                               f"http://127.0.0.1:{shared().port}/trailer"], capture_output=True, timeout=60, check=False)
        with open(path, "rb") as file:
            check_equal((done.stdout, b"X-Sum: 7" in file.read()), (b"body set", True), "curl")


# -- early hints -----------------------------------------------------------------------------------------------------

@test
def a_browser_that_opens_a_page_gets_early_hints():
    early, reply = ask("/hints", BROWSER)
    check_equal((early.status, early.reason, early.headers), (103, "Early Hints", [("link", link) for link in LINKS]), "103")
    check_equal((reply.status, reply.text, reply.all("Link")), (200, "1 sent, 0 bytes", LINKS), "reply")


@test
def other_clients_get_the_links_with_the_reply_only():
    for headers, version in (([], "1.1"), (["Sec-Fetch-Mode: cors"], "1.1"), ([BROWSER], "1.0")):
        reply, = ask("/hints", *headers, version=version)
        check_equal((reply.text, reply.all("Link")), ("0 sent, 0 bytes", LINKS), f"{headers} {version}")


@test
def early_hints_can_be_sent_to_all_or_none():
    with Server("--early-hints", "always") as server:
        check_equal([reply.status for reply in ask("/hints", server=server)], [103, 200], "always")
        check_equal([reply.status for reply in ask("/hints", version="1.0", server=server)], [200], "HTTP/1.0")
    with Server("--early-hints", "never") as server:
        check_equal([reply.status for reply in ask("/hints", BROWSER, server=server)], [200], "never")


@test
def early_hints_arrive_before_the_handler_is_done():
    with shared().connect() as client:
        client.send(f"GET /hints?ms=60000 HTTP/1.1\r\nHost: t\r\n{BROWSER}\r\n\r\n")
        check_equal(client.read().status, 103, "at once")
        client.reset()


@test
def early_hints_are_sent_eight_times_at_most():
    replies = ask("/hints?times=20", BROWSER)
    check_equal([reply.status for reply in replies], [103] * 8 + [200], "statuses")
    check_equal(replies[-1].text, "8 sent, 0 bytes", "body")


@test
def a_handler_that_fails_after_early_hints_replies_with_its_problem():
    early, reply = ask("/hints?fail=1", BROWSER)
    check_equal((early.status, reply.status, reply.all("Link")), (103, 409, []), "replies")


@test
def early_hints_keep_the_order_of_pipelined_replies():
    with shared().connect() as client:
        client.send(f"GET /hints HTTP/1.1\r\nHost: t\r\n{BROWSER}\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n" * 10)
        seen = [client.read().status for _ in range(30)]
        check_equal(seen, [103, 200, 200] * 10, "statuses")
        client.check_open()


@test
def threat_022_early_hints_and_100_continue_are_both_sent_once():
    with shared().connect() as client:
        client.send(f"POST /hints HTTP/1.1\r\nHost: t\r\n{BROWSER}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        check_equal([client.read().status for _ in range(2)], [103, 100], "before the body")
        client.send("hello")
        replies = [client.read() for _ in range(2)]
        check_equal([reply.status for reply in replies], [103, 200], "after it")
        check_equal(replies[1].text, "2 sent, 5 bytes", "body")
        client.check_open()


@test
def a_client_that_closed_its_side_gets_early_hints_and_its_reply_byte_for_byte():
    """Bytes that were sent to see whether it is there are the beginning of whatever comes next."""
    with shared().connect() as client:
        client.send(f"POST /hints HTTP/1.1\r\nHost: t\r\n{BROWSER}\r\nContent-Length: 0\r\n\r\n")
        client.half_close()
        check_equal([client.read().status for _ in range(3)], [103, 103, 200], "replies")
    with shared().connect() as client:
        client.send(f"GET /hints?ms=1500 HTTP/1.1\r\nHost: t\r\n{BROWSER}\r\n\r\n")
        client.half_close()
        check_equal([client.read().status for _ in range(2)], [103, 200], "replies")


@test
def node_reads_early_hints():
    if shutil.which("node") is None:
        raise Skip("node is not installed")
    script = """
const request = require('http').get({port: +process.argv[1], path: '/hints', headers: {'sec-fetch-mode': 'navigate'}},
    reply => { console.log(reply.statusCode); reply.resume(); });
request.on('information', info => console.log(info.statusCode, info.headers.link));"""
    done = subprocess.run(["node", "-e", script, str(shared().port)], capture_output=True, text=True, timeout=60, check=False)
    check_equal(done.stdout, f"103 {', '.join(LINKS)}\n200\n", done.stderr)


# -- Alt-Svc ---------------------------------------------------------------------------------------------------------

def curl_headers(url):
    done = subprocess.run(["curl", "-sSkI", url], capture_output=True, text=True, timeout=60, check=False)
    check_equal(done.returncode, 0, done.stderr)
    return [line.lower() for line in done.stdout.splitlines() if line.lower().startswith("alt-svc:")]


@test
def replies_over_tls_name_the_alternative_service_and_others_do_not():
    with tempfile.TemporaryDirectory() as folder:
        env = {"XDG_STATE_HOME": folder, "HOME": folder}
        with Server("--listen", "http://127.0.0.1:0", "--listen", "https://127.0.0.1:0", "--tls-dev", "--alt-svc",
                    'h3=":443"; ma=3600', env=env) as server:
            urls = re.findall(r"listening on (https?://[0-9.:]*)", "\n".join(server.lines))
            check_equal(len(urls), 2, "listeners")
            for url in urls:
                for target, status in (("/", 200), ("/nowhere", 404)):
                    expected = ['alt-svc: h3=":443"; ma=3600'] if url.startswith("https") else []
                    check_equal(curl_headers(url + target), expected, f"{url} {status}")


if __name__ == "__main__":
    sys.exit(harness.main())
