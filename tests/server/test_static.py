"""Tests of tern_static, tern_frontend and tern_download: what is served of a folder, and what never is."""

import concurrent.futures
import gzip
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import harness
from harness import Server, Skip, check, check_equal, shared, test, wait_for
from ports import free_port

FOLDER = tempfile.TemporaryDirectory()
ENV = {"SERVED": FOLDER.name}
OLD = 1500000000
SCRIPT = b"console.log('hello')\n" * 40
HASHED = "app.3f2a9c1b.js"
YEAR = "public, max-age=31536000, immutable"


def path_of(name):
    return os.path.join(FOLDER.name, name)


def write(name, data=b"text\n", at=OLD):
    path = path_of(name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "wb") as file:
        file.write(data)
    if at is not None:
        os.utime(path + ".new", (at, at))
    os.rename(path + ".new", path)


def write_all():
    write("assets/app.js", SCRIPT)
    write("assets/app.js.gz", gzip.compress(SCRIPT))
    write("assets/app.js.br", b"(brotli)")
    write("assets/app.js.zst", b"(zstd)")
    for name in (HASHED, "index-BkX3a9Qz.js", "report-20240101.pdf", "app-Version2.js", "style.css", "LICENSE", "%61.txt",
                 "a b/index.html", "docs/index.html", "empty/only.txt", "fixed/logo.svg", ".env", ".git/config",
                 ".well-known/security.txt", "caf\u00e9.txt", "missing.html", "plain.gz", "CON", "x.js::$DATA"):
        write("assets/" + name, name.encode())
    write("outside.txt", b"secret")
    write("assets-other/secret.txt", b"secret")
    os.symlink("../outside.txt", path_of("assets/leaves.txt"))
    os.symlink(path_of("assets/style.css"), path_of("assets/absolute.css"))
    os.symlink("..", path_of("assets/up"))
    os.symlink("/etc", path_of("assets/etc"))
    os.symlink("docs/index.html", path_of("assets/stays.html"))
    os.symlink("loop", path_of("assets/loop"))
    os.mkfifo(path_of("assets/fifo"))
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(path_of("assets/socket"))
    write("dist/index.html", b"<!doctype html><div id=app></div><script type=module src=/assets/app.3f2a9c1b.js></script>")
    write("dist/assets/index-BkX3a9Qz.js", SCRIPT)
    write("dist/" + "assets/" + HASHED, b"document.getElementById('app').textContent = 'page ' + location.pathname\n")
    write("site/index.html", b"root")
    write("site/404.html", b"no such page")
    write("site/about/index.html", b"about")
    write("clip.bin", bytes(range(256)) * 4096)
    write("mark.html", b"<script>alert(1)</script>")


write_all()


def ask(target, *headers, method="GET", host="t", server=None):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    server = server or shared(env=ENV, name="served")
    return server.ask("\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n", method)


def status_of(target, *headers, **more):
    return ask(target, *headers, **more).status


# -- files -----------------------------------------------------------------------------------------------------------

@test
def a_file_is_sent_with_its_type_and_its_conditions():
    reply = ask("/assets/style.css")
    check_equal((reply.status, reply.header("Content-Type"), reply.header("Cache-Control"), reply.header("Accept-Ranges"),
                 reply.header("Last-Modified"), reply.body),
                (200, "text/css; charset=utf-8", "no-cache", "bytes", "Fri, 14 Jul 2017 02:40:00 GMT", b"style.css"))
    tag = reply.header("ETag")
    check(re.fullmatch('"[0-9a-f]{16}"', tag), tag)
    again = ask("/assets/style.css", f"If-None-Match: {tag}")
    check_equal((again.status, again.header("ETag"), again.header("Cache-Control")), (304, tag, "no-cache"))
    part = ask("/assets/style.css", "Range: bytes=1-3", f"If-Range: {tag}")
    check_equal((part.status, part.body, part.header("Content-Range")), (206, b"tyl", "bytes 1-3/9"))
    check_equal(ask("/assets/style.css", "Range: bytes=1-3", 'If-Range: "other"').status, 200)
    check_equal(ask("/assets/style.css", "Range: bytes=99-").status, 416)


@test
def a_head_request_has_the_headers_of_the_file_without_its_bytes():
    reply, whole = ask("/assets/app.js", method="HEAD"), ask("/assets/app.js")
    check_equal((reply.status, reply.body), (200, b""))
    for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Vary"):
        check_equal(reply.header(name), whole.header(name), name)


@test
def other_methods_are_405():
    reply = ask("/assets/style.css", "Content-Length: 0", method="POST")
    check_equal((reply.status, reply.header("Allow")), (405, "GET, HEAD, OPTIONS"))


@test
def a_name_with_a_hash_is_kept_for_a_year():
    for name, expected in ((HASHED, YEAR), ("report-20240101.pdf", "no-cache"), ("app-Version2.js", "no-cache"),
                           ("index-BkX3a9Qz.js", "no-cache"), ("style.css", "no-cache")):
        check_equal(ask("/assets/" + name).header("Cache-Control"), expected, name)


@test
def cache_control_and_what_never_changes_can_be_set():
    check_equal(ask("/dots/style.css").header("Cache-Control"), "public, max-age=60")
    check_equal(ask("/dots/fixed/logo.svg").header("Cache-Control"), YEAR)
    check_equal(ask("/dots/" + HASHED).header("Cache-Control"), "public, max-age=60", "no longer by name")


@test
def a_path_without_a_file_is_a_problem_or_the_page_for_it():
    reply = ask("/assets/none.js")
    check_equal((reply.status, reply.header("Content-Type")), (404, "application/problem+json"))
    reply = ask("/dots/none.js")
    check_equal((reply.status, reply.header("Content-Type"), reply.body, reply.header("ETag"), reply.header("Cache-Control")),
                (404, "text/html; charset=utf-8", b"missing.html", None, "no-cache"))


@test
def middleware_wraps_files_like_handlers():
    check_equal(status_of("/closed/style.css"), 401)
    reply = ask("/closed/style.css", "X-Key: 1")
    check_equal((reply.status, reply.header("X-Checked")), (200, "yes"))
    check_equal(status_of("/closed/none", "X-Key: 1"), 404)


@test
def a_route_of_the_same_path_wins():
    check_equal(ask("/both").text, "the application's own page")
    check_equal(ask("/both/style.css").text, "style.css")


@test
def the_openapi_document_does_not_name_files():
    check("/assets" not in ask("/openapi.json").text, "assets in the document")


# -- folders ---------------------------------------------------------------------------------------------------------

@test
def a_folder_is_its_index_file_after_a_redirect_to_its_slash():
    reply = ask("/assets/docs?q=1")
    check_equal((reply.status, reply.header("Location")), (308, "/assets/docs/?q=1"))
    check_equal(ask("/assets/docs/").text, "docs/index.html")
    check_equal(status_of("/assets/empty"), 404, "nothing to see")
    check_equal(status_of("/assets/empty/"), 404)
    check_equal(status_of("/assets/style.css/"), 404)


@test
def a_redirect_to_a_folder_is_encoded():
    check_equal(ask("/assets/a%20b").header("Location"), "/assets/a%20b/")


@test
def a_redirect_never_names_another_host():
    for target in ("//evil.test", "//evil.test/%2e%2e", "//evil.test/..", "///evil.test/", "/\\evil.test/", "/%5cevil.test/",
                   "/assets//evil.test", "//evil.test/assets/docs", "/.//evil.test"):
        for host in ("t", "spa.test", "many.test"):
            reply = ask(target, "Accept: text/html", host=host)
            check(reply.status in (400, 404), f"{target}: {reply.status} {reply.header('Location')}")


@test
def the_folder_may_be_a_link_itself():
    link = path_of("linked")
    shutil.rmtree(path_of("place"), ignore_errors=True)
    write("place/assets/style.css", b"there")
    write("place/assets/missing.html")
    os.symlink("place", link)
    with Server(name="served", env={"SERVED": link}) as server:
        check_equal(ask("/assets/style.css", server=server).body, b"there")


@test
def a_folder_that_is_missing_is_refused_at_the_start():
    with tempfile.TemporaryDirectory() as empty:
        server = Server(name="served", env={"SERVED": empty}, wait=False)
        check_equal(server.wait(), 1, "exit code")
        check(server.logged(f"tern_static \"/assets\": the folder cannot be opened: {empty}/assets does not exist") is not None,
              server.lines)


# -- what is never served --------------------------------------------------------------------------------------------

@test
def threat_065_no_path_leaves_the_folder():
    climbs = ("../outside.txt", "%2e%2e/outside.txt", "..%2foutside.txt", "%252e%252e/outside.txt", "..\\outside.txt",
              "..%5coutside.txt", "docs/../../outside.txt", "./../outside.txt", "docs/%2e%2e/%2e%2e/outside.txt",
              "....//outside.txt", ";x/../outside.txt", "docs;/../../outside.txt", "/etc/passwd", "//etc/passwd",
              "%2fetc/passwd", "up/outside.txt", "up/assets/style.css", "etc/passwd", "..%c0%afoutside.txt", "..%00/outside.txt",
              "%2e%2e%2foutside.txt", "..;/outside.txt", "C:/outside.txt", "~root/outside.txt")
    for climb in climbs:
        for prefix in ("/assets/", "/browse/", "/dots/", "/assets../", "/assets-other/../assets/", "/assets%2f"):
            reply = ask(prefix + climb)
            check(reply.status in (400, 404) and b"secret" not in reply.body, f"{prefix}{climb}: {reply.status}")


@test
def threat_065_a_path_is_decoded_once():
    check_equal(ask("/assets/%2561.txt").text, "%61.txt")
    check_equal(status_of("/assets/a.txt"), 404)
    check_equal(status_of("/assets/%252561.txt"), 404)
    check_equal(ask("/assets/caf%C3%A9.txt").text, "caf\u00e9.txt")
    check_equal(status_of("/assets/caf\u00e9.txt"), 400, "raw")


@test
def threat_067_links_that_leave_the_folder_are_not_followed():
    for name in ("leaves.txt", "up/outside.txt", "etc/hostname", "absolute.css", "loop"):
        check_equal(status_of("/assets/" + name), 404, name)
    check_equal(ask("/assets/stays.html").text, "docs/index.html")


@test
def threat_067_only_regular_files_are_served():
    for name in ("fifo", "socket"):
        check_equal(status_of("/assets/" + name), 404, name)


@test
def threat_067_names_that_begin_with_a_dot_are_hidden():
    for name in (".env", ".git/config", "%2eenv", ".well-known/.htpasswd", "docs/.env", "."):
        check(status_of("/assets/" + name) in (400, 404), name)
    check_equal(ask("/assets/.well-known/security.txt").status, 200)
    check_equal(ask("/dots/.env").text, ".env")
    check_equal(ask("/dots/.git/config").text, ".git/config")


@test
def names_that_windows_reads_in_its_own_way_are_names():
    check_equal(ask("/assets/CON").text, "CON")
    check_equal(ask("/assets/x.js::$DATA").text, "x.js::$DATA")
    for name in ("style.css.", "style.css%20", "STYLE.CSS", "style.css::$DATA", "con"):
        check_equal(status_of("/assets/" + name), 404, name)


@test
def a_long_path_is_404():
    check_equal(status_of("/assets/" + "a" * 300), 404)
    check_equal(status_of("/assets/" + "a/" * 3000), 404)


@test
def a_file_that_may_not_be_read_is_404_and_logged():
    if os.geteuid() == 0:
        raise Skip("root reads every file")
    write("assets/private.txt")
    os.chmod(path_of("assets/private.txt"), 0)
    check_equal(status_of("/assets/private.txt"), 404)


# -- encodings -------------------------------------------------------------------------------------------------------

@test
def the_best_encoding_that_the_client_takes_is_sent():
    rows = ((None, None), ("", None), ("identity", None), ("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("x-gzip", "gzip"),
            ("gzip, deflate, br, zstd", "br"), ("gzip;q=1.0, br;q=0.5", "gzip"), ("gzip;q=0", None), ("br;q=0, gzip", "gzip"),
            ("gzip;q=0, *", "br"), ("*;q=0", None), ("br;q=0, zstd;q=0.000, gzip;q=0.001", "gzip"), ("GZIP", "gzip"),
            ("identity;q=1, *;q=0", None), ("gzip;q=0.5, identity", None), ("gzip;q=2", None), ("gzip;q=-1", None),
            ("gzip ; q=0.5", "gzip"), ("gzip;q=", None), ("gzipped", None), (",,gzip,,", "gzip"), ("deflate", None))
    tags = set()
    for accept, expected in rows:
        reply = ask("/assets/app.js", *([f"Accept-Encoding: {accept}"] if accept is not None else []))
        check_equal((reply.status, reply.header("Content-Encoding"), reply.header("Vary"), reply.header("Content-Type")),
                    (200, expected, "Accept-Encoding", "text/javascript; charset=utf-8"), accept)
        check_equal(reply.body, {None: SCRIPT, "gzip": gzip.compress(SCRIPT), "br": b"(brotli)", "zstd": b"(zstd)"}[expected]
                    if expected != "gzip" else reply.body, accept)
        tags.add((expected, reply.header("ETag")))
    check_equal((len(tags), len({tag for _, tag in tags})), (4, 4), "a tag for each form")


@test
def several_accept_encoding_lines_are_one_list():
    check_equal(ask("/assets/app.js", "Accept-Encoding: gzip;q=0.1", "Accept-Encoding: zstd").header("Content-Encoding"), "zstd")


@test
def a_file_without_encoded_siblings_does_not_vary():
    reply = ask("/assets/style.css", "Accept-Encoding: gzip, br")
    check_equal((reply.header("Content-Encoding"), reply.header("Vary")), (None, None))


@test
def an_encoded_file_is_one_of_its_own_too():
    reply = ask("/assets/app.js.gz")
    check_equal((reply.header("Content-Type"), reply.header("Content-Encoding")), ("application/gzip", None))
    check_equal(status_of("/assets/plain", "Accept-Encoding: gzip"), 404, "only plain.gz exists")


@test
def names_without_a_suffix_are_served_whatever_encodings_are_taken():
    for accept in ("gzip", "br, gzip", "identity"):
        check_equal(ask("/assets/LICENSE", f"Accept-Encoding: {accept}").text, "LICENSE", accept)
        check_equal(status_of("/assets/LICENSE.foobar", f"Accept-Encoding: {accept}"), 404, accept)


@test
def ranges_and_conditions_are_of_the_encoded_form():
    whole = ask("/assets/app.js", "Accept-Encoding: zstd")
    tag = whole.header("ETag")
    part = ask("/assets/app.js", "Accept-Encoding: zstd", "Range: bytes=1-4", f"If-Range: {tag}")
    check_equal((part.status, part.body, part.header("Content-Encoding")), (206, b"zstd", "zstd"))
    other = ask("/assets/app.js", "Range: bytes=1-4", f"If-Range: {tag}")
    check_equal((other.status, other.body), (200, SCRIPT), "parts of two forms are never joined")
    check_equal(ask("/assets/app.js", f"If-None-Match: {tag}").status, 200)
    reply = ask("/assets/app.js", f"If-None-Match: {tag}", "Accept-Encoding: zstd")
    check_equal((reply.status, reply.header("Vary"), reply.header("Content-Encoding")), (304, "Accept-Encoding", None))


@test
def an_encoded_sibling_that_is_older_than_its_file_is_not_sent():
    write("assets/stale.js", b"new", OLD + 10)
    write("assets/stale.js.gz", gzip.compress(b"old"), OLD)
    reply = ask("/assets/stale.js", "Accept-Encoding: gzip")
    check_equal((reply.header("Content-Encoding"), reply.body), (None, b"new"))


# -- files that change -----------------------------------------------------------------------------------------------

@test
def a_file_that_changes_is_served_as_it_is_now():
    with Server(name="served", env=ENV) as server, server.connect() as client:
        def body(name="changing.txt"):
            reply = client.get("/assets/" + name)
            return reply.status, reply.body
        write("assets/changing.txt", b"one")
        check_equal((body(), body()), ((200, b"one"), (200, b"one")))
        write("assets/changing.txt", b"two")  # replaced by rename, with the same size and time
        check_equal(body(), (200, b"two"))
        with open(path_of("assets/changing.txt"), "wb") as file:  # written in place
            file.write(b"three")
        os.utime(path_of("assets/changing.txt"), (OLD, OLD))
        check_equal(body(), (200, b"three"))
        os.truncate(path_of("assets/changing.txt"), 2)
        os.utime(path_of("assets/changing.txt"), (OLD, OLD))
        check_equal(body(), (200, b"th"))
        os.rename(path_of("assets/changing.txt"), path_of("assets/renamed.txt"))
        check_equal((body()[0], body("renamed.txt")), (404, (200, b"th")))
        os.unlink(path_of("assets/renamed.txt"))
        check_equal(body("renamed.txt")[0], 404)


@test
def an_encoded_sibling_that_changes_is_served_as_it_is_now():
    with Server(name="served", env=ENV) as server, server.connect() as client:
        write("assets/coded.js", b"plain")
        write("assets/coded.js.br", b"(one)")
        check_equal(client.get("/assets/coded.js", "Accept-Encoding: br").body, b"(one)")
        write("assets/coded.js.br", b"(two)")
        check_equal(client.get("/assets/coded.js", "Accept-Encoding: br").body, b"(two)")
        os.unlink(path_of("assets/coded.js.br"))
        reply = client.get("/assets/coded.js", "Accept-Encoding: br")
        check_equal((reply.body, reply.header("Content-Encoding"), reply.header("Vary")), (b"plain", None, None))


@test
def a_folder_that_is_replaced_is_seen_within_the_documented_second():
    with tempfile.TemporaryDirectory() as place:
        for version in ("1", "2"):
            os.makedirs(f"{place}/{version}/assets/sub")
            for name in ("sub/file.txt", "file.txt", "missing.html"):
                with open(f"{place}/{version}/assets/{name}", "w", encoding="ascii") as file:
                    file.write(version)
                os.utime(f"{place}/{version}/assets/{name}", (OLD, OLD))
        os.symlink("1", f"{place}/current")
        with Server(name="served", env={"SERVED": f"{place}/current"}) as server:
            check_equal(ask("/assets/file.txt", server=server).body, b"1")
            os.symlink("2", f"{place}/next")
            os.rename(f"{place}/next", f"{place}/current")
            wait_for(lambda: ask("/assets/file.txt", server=server).body == b"2", 3, "the new version")
            check_equal(ask("/assets/sub/file.txt", server=server).body, b"2")
            os.rename(f"{place}/2/assets/sub", f"{place}/2/assets/gone")
            wait_for(lambda: status_of("/assets/sub/file.txt", server=server) == 404, 3, "the folder is gone")
            shutil.rmtree(f"{place}/2")
            wait_for(lambda: status_of("/assets/file.txt", server=server) == 404, 3, "all is gone")


@test
def files_are_closed_when_nobody_asks_for_them():
    with Server(name="served", env=ENV) as server:
        worker = server.worker_pids()[0]

        def opened():
            found = 0
            for fd in os.listdir(f"/proc/{worker}/fd"):
                try:
                    found += "/assets/" in os.readlink(f"/proc/{worker}/fd/{fd}")
                except OSError:
                    pass  # closed meanwhile
            return found
        for i in range(300):
            write(f"assets/many/{i}.txt")
            check_equal(ask(f"/assets/many/{i}.txt", server=server).status, 200)
        most = opened()
        check(0 < most <= 128, f"{most} files are open")
        wait_for(lambda: opened() == 0, text="all files are closed")


@test
def threat_068_a_file_cut_while_it_is_sent_breaks_that_connection_alone():
    size = 32 << 20
    os.makedirs(path_of("assets/cut"), exist_ok=True)
    with open(path_of("assets/cut/large.bin"), "wb") as file:
        file.truncate(size)
    os.utime(path_of("assets/cut/large.bin"), (OLD, OLD))
    with Server(name="served", env=ENV) as server:
        with server.connect(receive_buffer=4096) as client:
            client.send("GET /assets/cut/large.bin HTTP/1.1\r\nHost: t\r\n\r\n")
            client.take(1000)
            os.truncate(path_of("assets/cut/large.bin"), 100)
            try:
                got = len(client.rest())
            except ConnectionResetError:
                got = 0
            check(got < size, "it was not sent whole")
        check_equal(ask("/assets/style.css", server=server).status, 200)


# -- listings --------------------------------------------------------------------------------------------------------

@test
def a_listing_shows_what_can_be_requested():
    page = ask("/browse/")
    check_equal((page.status, page.header("Content-Type"), page.header("X-Content-Type-Options")),
                (200, "text/html; charset=utf-8", "nosniff"))
    links = re.findall(r'href="([^"]*)"', page.text)
    for link in ("./docs/", "./style.css", "./caf%C3%A9.txt", "./a%20b/", "./stays.html", "./x.js%3A%3A%24DATA", "./%2561.txt"):
        check(link in links, f"{link} in {links}")
    for hidden in (".env", ".git", "fifo", "socket", "leaves.txt", "up", "etc", "absolute.css", "loop"):
        check(not any(hidden == link.strip("./") for link in links), hidden)
    for link in links:
        check(ask("/browse/" + link[2:]).status == 200, link)
    check('href="../"' in ask("/browse/docs/").text, "the way up")


@test
def a_listing_is_safe_for_odd_names():
    for name in ("<script>alert(1)<", "\" onmouseover=alert(1) x=\"", "javascript:alert(1)", "a&amp;b", "gpj.\u202eexe", "'q'",
                 "#hash", "?query", "100%", " space "):
        write("assets/odd/" + name)
    for name in (b"new\nline", b"back\\slash", b"not-utf-8-\xff"):
        with open(os.path.join(path_of("assets/odd").encode(), name), "wb"):
            pass
    page = ask("/browse/odd/").text
    check("<script" not in page and "onmouseover=alert(1) x=\"" not in page and 'href="javascript' not in page, page)
    links = re.findall(r'href="\./([^"]*)"', page)
    check_equal(len(links), 10, "names that a request can have")
    for link in links:
        check_equal(status_of("/browse/odd/" + link), 200, link)


@test
def a_folder_is_listed_only_where_that_is_switched_on():
    check_equal(status_of("/assets/"), 404)
    check_equal(status_of("/assets/empty/"), 404)


# -- front-ends ------------------------------------------------------------------------------------------------------

def spa(target, *headers, host="spa.test", **more):
    return ask(target, *headers, host=host, **more)


NAVIGATION = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@test
def pages_of_a_front_end_get_its_index():
    whole = ask("/", host="spa.test")
    check_equal((whole.status, whole.header("Cache-Control")), (200, "no-cache"))
    for target in ("/", "/users/7", "/users/john.doe", "/a/b/c/", "/search?q=1"):
        reply = spa(target, NAVIGATION)
        check_equal((reply.status, reply.body, reply.header("Cache-Control")), (200, whole.body, "no-cache"), target)
        check_equal(spa(target, "Sec-Fetch-Mode: navigate", "Accept: */*").status, 200, target)
    check_equal(spa("/users/7", NAVIGATION, method="HEAD").status, 200)
    check_equal(spa("/users/7", NAVIGATION).header("Vary"), "Accept, Sec-Fetch-Mode")
    tag = spa("/users/7", NAVIGATION).header("ETag")
    check_equal(spa("/users/8", NAVIGATION, f"If-None-Match: {tag}").status, 304)


@test
def what_is_not_a_page_is_404_and_never_html():
    for headers in (["Accept: */*"], [], ["Accept: application/json"], [NAVIGATION, "Sec-Fetch-Mode: no-cors"],
                    [NAVIGATION, "Sec-Fetch-Mode: cors"], ["Accept: text/html2, text/*"], ["Sec-Fetch-Mode: Navigate"]):
        reply = spa("/assets/gone.js", *headers)
        check_equal((reply.status, reply.header("Content-Type")), (404, "application/problem+json"), headers)
    check_equal(spa("/users/7", NAVIGATION, "Content-Length: 0", method="POST").status, 405)
    check_equal(spa("/.env", NAVIGATION).status, 404)


@test
def routes_win_over_a_front_end():
    check_equal(spa("/api/todos", NAVIGATION).text, "[]")
    check_equal(spa("/pages/first", NAVIGATION).text, "the page first")
    check_equal(spa("/api/orders", "Content-Length: 0", method="POST").text, "[]")


@test
def a_front_ends_hashed_files_are_kept_for_a_year():
    for name in (HASHED, "index-BkX3a9Qz.js"):
        check_equal(spa("/assets/" + name).header("Cache-Control"), YEAR, name)


@test
def a_front_end_with_a_404_page_is_one_of_many_pages():
    reply = spa("/none", NAVIGATION, host="many.test")
    check_equal((reply.status, reply.body, reply.header("Content-Type")), (404, b"no such page", "text/html; charset=utf-8"))
    check_equal(spa("/about", host="many.test").header("Location"), "/about/")
    check_equal(spa("/about/", host="many.test").text, "about")
    check_equal(spa("/none.js", host="many.test").header("Content-Type"), "application/problem+json")


@test
def a_front_end_that_is_not_built_is_a_warning_and_served_once_it_is():
    folder = path_of("unbuilt")
    with Server(name="served", env=ENV) as server:
        server.wait_logged("the folder " + folder + " cannot be opened (No such file or directory): build the front-end")
        check_equal(spa("/page", NAVIGATION, host="unbuilt.test", server=server).status, 404)
        check_equal(spa("/", host="unbuilt.test", server=server).text, "the application's own page")
        write("unbuilt/index.html", b"built")
        try:
            check_equal(spa("/page", NAVIGATION, host="unbuilt.test", server=server).body, b"built")
        finally:
            shutil.rmtree(folder)


# -- embedded folders -------------------------------------------------------------------------------------------------

@test
def an_embedded_folder_is_served_like_one_on_disk():
    reply = ask("/embedded/assets/app.3f2a9c1b.js")
    check_equal((reply.status, reply.header("Content-Type"), reply.header("Cache-Control"), reply.header("Last-Modified")),
                (200, "text/javascript; charset=utf-8", YEAR, None))
    check_equal(reply.body, b"console.log('embedded');\n" * 60)
    tag = reply.header("ETag")
    check(re.fullmatch('"[0-9a-f]{16}"', tag), tag)
    check_equal(status_of("/embedded/assets/app.3f2a9c1b.js", f"If-None-Match: {tag}"), 304)
    part = ask("/embedded/assets/app.3f2a9c1b.js", "Range: bytes=13-20")
    check_equal((part.status, part.body), (206, b"embedded"))
    check_equal(ask("/embedded/").text, "<!doctype html>\n<title>embedded</title>\n")
    check_equal(ask("/embedded/docs").header("Location"), "/embedded/docs/")
    check_equal(ask("/embedded/docs/").text, "<!doctype html>\n<title>docs</title>\n")
    check_equal(ask("/embedded/assets/odd%20%C3%BCmlaut%20%25.txt").text, "odd\n")
    check_equal((status_of("/embedded/empty.txt"), ask("/embedded/empty.txt").body), (200, b""))
    check_equal(ask("/embedded/.well-known/about").text, "about\n")
    for name in ("assets", "assets/", "none", "index.html/", ".hidden", "docs/none", "assets/app.3f2a9c1b", "doc"):
        check_equal(status_of("/embedded/" + name), 404, name)


@test
def embedded_files_are_compressed_when_the_program_is_built():
    reply = ask("/embedded/assets/app.3f2a9c1b.js", "Accept-Encoding: gzip")
    check_equal((reply.header("Content-Encoding"), reply.header("Vary")), ("gzip", "Accept-Encoding"))
    check_equal(gzip.decompress(reply.body), b"console.log('embedded');\n" * 60)
    check(reply.header("ETag") != ask("/embedded/assets/app.3f2a9c1b.js").header("ETag"), "a tag of its own")
    reply = ask("/embedded/assets/coded.css", "Accept-Encoding: br")
    check_equal((reply.header("Content-Encoding"), reply.text), ("br", "(brotli of coded.css)\n"), "a form that existed")
    check_equal(status_of("/embedded/assets/coded.css.br"), 404, "it is no file of its own")


@test
def several_ranges_of_an_embedded_file_are_parts_as_those_of_a_file():
    reply = ask("/embedded/assets/app.3f2a9c1b.js", "Range: bytes=0-6, 13-20")
    boundary = reply.header("Content-Type").partition("boundary=")[2].encode()
    parts = reply.body.split(b"--" + boundary)
    check_equal((reply.status, [part.partition(b"\r\n\r\n")[2] for part in parts[1:3]]),
                (206, [b"console\r\n", b"embedded\r\n"]), "parts")
    check_equal(parts[3], b"--\r\n", "end")
    check(b"Content-Range: bytes 13-20/1500" in parts[2], f"its range: {parts[2]}")


@test
def an_embedded_folder_is_listed_with_folders_first():
    reply = ask("/embedded-list/")
    names = re.findall(r'<a href="./([^"]*)"', reply.text)
    check_equal((reply.status, names), (200, ["assets/", "docs/", "empty.txt", "index.html"]), "names")
    check("<td>0 B</td><td></td>" in reply.text, "a size, and no date")
    check_equal(re.findall(r'<a href="./([^"]*)"', ask("/embedded-list/assets/").text),
                ["app.3f2a9c1b.js", "coded.css", "odd%20%C3%BCmlaut%20%25.txt"], "names of an inner folder")
    check_equal(ask("/embedded-list/assets").header("Location"), "/embedded-list/assets/", "redirect into it")
    check_equal(ask("/embedded-list/asset/").status, 404, "a folder that does not exist")


@test
def links_that_lead_out_are_followed_where_that_is_switched_on():
    check_equal((ask("/linked/leaves.txt").text, ask("/assets/leaves.txt").status), ("secret", 404), "a file")
    check_equal((ask("/linked/up/outside.txt").text, ask("/linked/absolute.css").text), ("secret", "style.css"), "more links")
    check("./leaves.txt" in ask("/linked/").text, "it is listed")
    check("./leaves.txt" not in ask("/browse/").text, "it is not listed elsewhere")
    check_equal(ask("/linked/up/").status, 200, "a linked folder is listed")


@test
def links_do_not_make_paths_or_proc_lead_out():
    for path in ("/linked/../outside.txt", "/linked/%2e%2e/outside.txt", "/linked/docs/..%2f..%2foutside.txt", "/linked/loop"):
        check(ask(path).status in (400, 404), path)


@test
def an_embedded_front_end_has_its_pages():
    check_equal(spa("/users/7", NAVIGATION, host="embedded.test").text, "<!doctype html>\n<title>embedded</title>\n")
    check_equal(spa("/users/7", host="embedded.test").status, 404)
    check_equal(spa("/docs/", host="embedded.test").header("Cache-Control"), "no-cache")


# -- downloads -------------------------------------------------------------------------------------------------------

def disposition_of(name):
    quoted = "".join(f"%{byte:02X}" for byte in name.encode("utf-8", "surrogateescape"))
    return ask("/download?name=" + quoted).header("Content-Disposition")


@test
def threat_071_names_of_downloads_follow_rfc_6266():
    for name, expected in (
            ("report.pdf", 'attachment; filename="report.pdf"'),
            ("two words.txt", 'attachment; filename="two words.txt"'),
            ('say "hi".txt', "attachment; filename=\"say _hi_.txt\"; filename*=UTF-8''say%20%22hi%22.txt"),
            ("a\r\nSet-Cookie: x=1", "attachment; filename=\"a__Set-Cookie: x=1\""),
            ("\u00dcbersicht.pdf", "attachment; filename=\"_bersicht.pdf\"; filename*=UTF-8''%C3%9Cbersicht.pdf"),
            ("\u6587.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%E6%96%87.txt"),
            ("../../etc/passwd", 'attachment; filename=".._.._etc_passwd"'),
            ("..\\x", 'attachment; filename=".._x"'),
            ("annexe\u202egpj.exe", 'attachment; filename="annexe_gpj.exe"'),
            ("100%.txt", "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
            ("..", 'attachment; filename="download"'),
            ("\x7f\x01.txt", 'attachment; filename="__.txt"')):
        check_equal(disposition_of(name), expected, repr(name))
    long = disposition_of("x" * 1000 + ".pdf")
    check_equal(long, 'attachment; filename="' + "x" * 196 + '.pdf"')


@test
def threat_072_a_download_is_never_sniffed_nor_shown():
    reply = ask("/download?path=/mark.html&name=picture.png")
    check_equal((reply.status, reply.header("Content-Type"), reply.header("X-Content-Type-Options")), (200, "image/png", "nosniff"))
    check(reply.header("Content-Disposition").startswith("attachment; "), "attachment")
    reply = ask("/download?path=/mark.html")
    check_equal(reply.header("Content-Disposition"), 'attachment; filename="mark.html"')


@test
def a_download_resumes():
    reply = ask("/download?path=/clip.bin", "Range: bytes=256-511")
    check_equal((reply.status, reply.body), (206, bytes(range(256))))
    check_equal(status_of("/download?path=/none"), 404)
    check_equal(ask("/download?path=/none").header("Content-Disposition"), None)


@test
def bytes_in_memory_are_a_download_too():
    reply = ask("/download?name=digits.txt")
    check_equal((reply.status, reply.body, reply.header("ETag"), reply.header("Content-Type")),
                (200, b"0123456789", '"v1"', "text/plain; charset=utf-8"))
    part = ask("/download", "Range: bytes=-3")
    check_equal((part.status, part.body, part.header("Content-Range")), (206, b"789", "bytes 7-9/10"))
    several = ask("/download", "Range: bytes=0-1,4-5")
    check_equal((several.status, several.body.count(b"Content-Range: bytes")), (206, 2), "several ranges")
    check_equal(status_of("/download", 'If-None-Match: "v1"'), 304)
    check_equal(status_of("/download", "Range: bytes=10-"), 416)
    check_equal(ask("/download", method="HEAD").header("Content-Length"), "10")


# -- other programs --------------------------------------------------------------------------------------------------

def base():
    return f"http://127.0.0.1:{shared(env=ENV, name='served').port}"


def needs(program):
    if shutil.which(program) is None:
        raise Skip(f"no {program} on this machine")
    if harness.HAS_TLS:
        raise Skip("its certificate is unknown to other programs")


@test
def wget_continues_a_download():
    needs("wget")
    with tempfile.TemporaryDirectory() as place:
        with open(f"{place}/clip.bin", "wb") as file:
            file.write((bytes(range(256)) * 4096)[:1000])
        os.makedirs(path_of("assets/clips"), exist_ok=True)
        write("assets/clips/clip.bin", bytes(range(256)) * 4096)
        done = subprocess.run(["wget", "-c", "-S", f"{base()}/assets/clips/clip.bin"], cwd=place, stderr=subprocess.PIPE, check=True,
                              timeout=10)
        check(b"206 Partial Content" in done.stderr, done.stderr)
        with open(f"{place}/clip.bin", "rb") as file:
            check_equal(file.read(), bytes(range(256)) * 4096)


@test
def curl_saves_under_the_name_of_the_header_and_decodes():
    needs("curl")
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["curl", "-sOJ", f"{base()}/download?path=/mark.html&name=a%22b.html"], cwd=place, check=True, timeout=10)
        check_equal(os.listdir(place), ["a_b.html"])
    got = subprocess.run(["curl", "-s", "--compressed", "-H", "Accept-Encoding: gzip", f"{base()}/assets/app.js"],
                         stdout=subprocess.PIPE, check=True, timeout=10).stdout
    check_equal(got, SCRIPT)


SLICES = """daemon off; pid %(folder)s/pid; error_log stderr crit; master_process off;
events { worker_connections 64; }
http { access_log off; client_body_temp_path %(folder)s/b; proxy_temp_path %(folder)s/p; fastcgi_temp_path %(folder)s/f;
  scgi_temp_path %(folder)s/s; uwsgi_temp_path %(folder)s/u; proxy_cache_path %(folder)s/cache keys_zone=c:1m;
  server { listen 127.0.0.1:%(port)d;
    location / { slice 64k; proxy_cache c; proxy_cache_key $uri$slice_range; proxy_set_header Range $slice_range;
      proxy_http_version 1.1; proxy_cache_valid 200 206 1h; proxy_ignore_headers Cache-Control; proxy_pass %(base)s; } } }
"""


@test
def nginx_in_front_joins_slices():
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx is None or harness.HAS_TLS:
        raise Skip("no nginx on this machine, or it would need the certificate")
    write("assets/slices.bin", bytes(range(256)) * 4000)
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/conf", "w", encoding="ascii") as file:
            file.write(SLICES % {"folder": folder, "port": port, "base": base()})
        front = subprocess.Popen([nginx, "-e", "stderr", "-c", f"{folder}/conf"])
        try:
            def fetch(*flags):
                return subprocess.run(["curl", "-s", *flags, f"http://127.0.0.1:{port}/assets/slices.bin"], stdout=subprocess.PIPE,
                                      check=False, timeout=10).stdout
            wait_for(lambda: len(fetch()) == 1024000, text="all of the file")
            check_equal(fetch(), bytes(range(256)) * 4000)
            check_equal(fetch("-r", "65530-65545"), (bytes(range(256)) * 4000)[65530:65546])
        finally:
            front.terminate()
            front.wait()


@test
def many_clients_get_whole_files_at_once():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for body in pool.map(lambda _: ask("/assets/style.css").body, range(100)):
            check_equal(body, b"style.css")


if __name__ == "__main__":
    sys.exit(harness.main(at_once=4, programs=("served",)))
