"""Tests of replies that are files: entity tags, conditions, ranges, and the clients that rely on them."""

import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import harness
from harness import Server, Skip, check, check_equal, shared, test, wait_for
from ports import free_port

FILES = tempfile.TemporaryDirectory()
FILES_ENV = {"TEST_FILES": FILES.name}
NUMBERS = itertools.count()
WRITTEN = 784111777
DATE, BEFORE, AFTER = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:36 GMT", "Sun, 06 Nov 1994 08:49:38 GMT")
CONTENT = bytes(range(256)) * 4  # every part of it is different from its neighbours


def path_of(name):
    return os.path.join(FILES.name, name)


def new_file(data=CONTENT, written=WRITTEN, suffix=".bin"):
    """Writes a file that only the calling test uses; returns its name."""
    name = f"file-{next(NUMBERS)}{suffix}"
    with open(path_of(name), "wb") as file:
        file.write(data)
    if written is not None:
        os.utime(path_of(name), (written, written))
    return name


def get(name, *headers, method="GET"):
    return shared(env=FILES_ENV).get(f"/files/{name}", *headers, method=method)


def tag_of(name):
    return get(name, method="HEAD").header("ETag")


def check_problem(reply, status):
    check_equal((reply.status, reply.header("Content-Type")), (status, "application/problem+json"), "problem")
    check_equal(json.loads(reply.body)["status"], status, "status of the problem")


def parts_of(reply):
    """The parts of a multipart/byteranges body: (type, first, last, size, bytes)."""
    found = re.fullmatch(r"multipart/byteranges; boundary=([0-9a-f]{32})", reply.header("Content-Type"))
    check(found is not None, reply.header("Content-Type"))
    boundary = found.group(1).encode()
    check(reply.body.endswith(b"\r\n--" + boundary + b"--\r\n"), "the end of the parts")
    check(reply.header("Content-Range") is None, "Content-Range is in the parts only")
    parts = []
    for part in (b"\r\n" + reply.body[:-len(boundary) - 8]).split(b"\r\n--" + boundary + b"\r\n")[1:]:
        head, body = part.split(b"\r\n\r\n", 1)
        found = re.fullmatch(r"Content-Type: (.*)\r\nContent-Range: bytes (\d+)-(\d+)/(\d+)", head.decode())
        check(found is not None, f"head of a part: {head}")
        parts.append((found.group(1), int(found.group(2)), int(found.group(3)), int(found.group(4)), body))
    return parts


# -- entity tags -----------------------------------------------------------------------------------------------------

@test
def a_file_has_a_strong_tag_that_stays_while_the_file_does():
    name = new_file()
    tag = tag_of(name)
    check(re.fullmatch(r'"[0-9a-f]{16}"', tag), tag)
    check_equal((tag_of(name), get(name).header("ETag"), get(name).header("Accept-Ranges")), (tag, tag, "bytes"))


@test
def a_file_that_changes_gets_another_tag():
    name = new_file(b"one")
    seen = {tag_of(name)}
    os.utime(path_of(name), ns=(WRITTEN * 10**9, WRITTEN * 10**9 + 1))
    seen.add(tag_of(name))
    with open(path_of(name), "ab") as file:
        file.write(b" more")
    os.utime(path_of(name), (WRITTEN, WRITTEN))
    seen.add(tag_of(name))
    other = new_file(b"two more")
    os.rename(path_of(other), path_of(name))
    seen.add(tag_of(name))
    check_equal(len(seen), 4, "tags")


@test
def the_tag_of_a_file_that_was_just_written_is_weak():
    for written in (None, time.time() + 1000):
        name = new_file(written=written)
        tag = tag_of(name)
        check(re.fullmatch(r'W/"[0-9a-f]{16}"', tag), tag)
        check_equal(get(name, f"If-None-Match: {tag}").status, 304, "it saves a download")
        reply = get(name, "Range: bytes=0-1", f"If-Range: {tag}")
        check_equal((reply.status, reply.body), (200, CONTENT), "it does not join parts")


@test
def workers_and_restarts_agree_on_the_tag():
    name = new_file()
    with Server(workers=2, env=FILES_ENV) as server:
        tags = {server.get(f"/files/{name}", method="HEAD").header("ETag") for _ in range(20)}
    check_equal(tags, {tag_of(name)}, "tags")


# -- conditions: RFC 9110 section 13.2.2 -----------------------------------------------------------------------------

def check_conditions(rows):
    """Rows of (headers, status); %s is the file's tag."""
    name = new_file()
    tag = tag_of(name)
    for (headers, status), method in itertools.product(rows, ("GET", "HEAD")):
        reply = get(name, *[header.replace("%s", tag) for header in headers], method=method)
        check_equal(reply.status, status, f"{method} {headers}")
        if status == 200 and method == "GET":
            check_equal(reply.body, CONTENT, str(headers))


@test
def if_none_match_compares_weakly_and_comes_before_the_date():
    check_conditions([
        (["If-None-Match: %s"], 304), (["If-None-Match: W/%s"], 304), (["If-None-Match: *"], 304),
        (['If-None-Match: "x", %s'], 304), (['If-None-Match: "x"', "If-None-Match: %s"], 304),
        (["If-None-Match: ,%s,"], 304), (['If-None-Match: "x"'], 200), (["If-None-Match:"], 200),
        (["If-None-Match: x"], 200), (['If-None-Match: "*"'], 200),
        (['If-None-Match: "x"', f"If-Modified-Since: {AFTER}"], 200),
        (["If-None-Match: %s", f"If-Modified-Since: {BEFORE}"], 304),
    ])


@test
def if_match_compares_strongly_and_comes_before_all():
    check_conditions([
        (["If-Match: %s"], 200), (["If-Match: *"], 200), (['If-Match: "x", %s'], 200),
        (['If-Match: "x"', "If-Match: %s"], 200), (["If-Match: W/%s"], 412), (['If-Match: "x"'], 412), (["If-Match:"], 412),
        (["If-Match: x"], 412), (['If-Match: "x"', "If-None-Match: %s"], 412), (["If-Match: %s", "If-None-Match: %s"], 304),
        (["If-Match: %s", f"If-Unmodified-Since: {BEFORE}"], 200), (['If-Match: "x"', f"If-Unmodified-Since: {AFTER}"], 412),
    ])


@test
def if_unmodified_since_fails_for_a_file_that_is_newer():
    check_conditions([
        ([f"If-Unmodified-Since: {BEFORE}"], 412), ([f"If-Unmodified-Since: {DATE}"], 200),
        ([f"If-Unmodified-Since: {AFTER}"], 200), (["If-Unmodified-Since: never"], 200),
        ([f"If-Unmodified-Since: {BEFORE}", "If-None-Match: %s"], 412),
        ([f"If-Unmodified-Since: {AFTER}", "If-None-Match: %s"], 304),
    ])


@test
def a_304_has_the_headers_of_the_200_that_caches_need_and_no_others():
    reply = get(new_file(suffix=".css"), f"If-Modified-Since: {DATE}")
    check_equal(sorted(key for key, _ in reply.headers),
                ["accept-ranges", "connection", "date", "etag", "last-modified", "server", "x-request-id"])


@test
def conditions_of_a_post_are_not_those_of_the_file_it_gets():
    name = new_file()
    reply = get(name, "If-None-Match: *", "Range: bytes=0-1", method="POST")
    check_equal((reply.status, reply.body), (200, CONTENT), "reply")
    check_equal((reply.header("ETag"), reply.header("Accept-Ranges")), (None, None), "headers")


@test
def a_handler_s_own_tag_and_date_are_those_of_its_file():
    for own, headers, status in (("etag", ['If-None-Match: "own"'], 304), ("etag", ['If-Match: "own"'], 200),
                                 ("etag", ['If-Match: "x"'], 412), ("date", [f"If-Modified-Since: {DATE}"], 304),
                                 ("date", [f"If-Modified-Since: {BEFORE}"], 200)):
        reply = shared(env=FILES_ENV).get(f"/own-file/{new_file(written=WRITTEN + 1000)}?own={own}", *headers)
        check_equal(reply.status, status, f"{own} {headers}")
        check_equal(reply.header("ETag") == '"own"' or status == 412, own == "etag" or status == 412, "tag")


@test
def a_problem_in_place_of_a_file_has_no_header_that_describes_the_file():
    name = new_file()
    for headers, status in (['If-Match: "x"'], 412), (["Range: bytes=5000-"], 416):
        reply = shared(env=FILES_ENV).get(f"/own-file/{name}?own=all", *headers)
        check_problem(reply, status)
        for header in ("Content-Encoding", "Content-Language", "Content-Disposition", "ETag", "Last-Modified", "Expires"):
            check_equal(reply.header(header), None, header)
        check_equal(reply.header("Cache-Control"), "no-store", "a shared cache must not answer others with it")


# -- replies that are not files --------------------------------------------------------------------------------------

@test
def a_conditional_reply_is_304_when_the_client_has_it():
    for target in ("/conditional", "/conditional?early=1"):
        ask = shared(env=FILES_ENV).get
        reply = ask(target)
        check_equal((reply.status, reply.text, reply.header("ETag")), (200, "version 7", '"v7"'), target)
        for header in ('If-None-Match: "v7"', 'If-None-Match: W/"v7"', "If-None-Match: *", 'If-None-Match: "v6", "v7"'):
            reply = ask(target, header)
            check_equal((reply.status, reply.body, reply.header("ETag"), reply.header("Content-Type")),
                        (304, b"", '"v7"', None), header)
        check_equal(ask(target, 'If-None-Match: "v7"', method="HEAD").status, 304, target)
        check_equal(ask(target, 'If-None-Match: "v6"').status, 200, target)
        check_problem(ask(target, 'If-Match: "v6"'), 412)
        check_equal(ask(target, 'If-Match: "v7"').status, 200, target)


@test
def a_write_is_412_when_its_condition_does_not_hold():
    ask = shared(env=FILES_ENV).get
    for header, status in (('If-Match: "v7"', 204), ('If-Match: "v6"', 412), ('If-Match: W/"v7"', 412), ("If-Match: *", 204),
                           ("If-None-Match: *", 412), ('If-None-Match: "v6"', 204), (f"If-Modified-Since: {AFTER}", 204)):
        check_equal(ask("/conditional", header, method="PUT").status, status, header)


@test
def an_etag_that_is_not_one_is_refused():
    for text, is_set in (("v7", True), ("", True), ("%C3%A4", True), ("a%20b", False), ("a%22b", False), ("a%0D%0Ab", False)):
        reply = shared(env=FILES_ENV).get(f"/etag?text={text}")
        check_equal(reply.text, "set" if is_set else "refused", text)
        check_equal(reply.header("ETag") is not None, is_set, text)


# -- ranges ----------------------------------------------------------------------------------------------------------

@test
def a_range_is_206_with_its_part():
    name = new_file(suffix=".txt")
    for value, first, last in (("bytes=0-0", 0, 0), ("bytes=0-", 0, 1023), ("bytes=-1", 1023, 1023), ("bytes=1000-2000", 1000, 1023),
                               ("bytes=-5000", 0, 1023), ("BYTES=1-2", 1, 2), ("bytes=2-3,0-1", 0, 3),
                               ("bytes=1023-18446744073709551616", 1023, 1023), ("bytes=5000-,7-7", 7, 7)):
        reply = get(name, f"Range: {value}")
        check_equal((reply.status, reply.body), (206, CONTENT[first:last + 1]), value)
        check_equal(reply.header("Content-Range"), f"bytes {first}-{last}/1024", value)
        check_equal(reply.header("Content-Type"), "text/plain; charset=utf-8", value)
        check(reply.header("ETag") and reply.header("Last-Modified") == DATE, "the headers of the 200")


@test
def several_ranges_are_parts_of_multipart_byteranges_in_the_order_of_the_request():
    name = new_file(suffix=".txt")
    reply = get(name, "Range: bytes=-3,0-1,500-509")
    check_equal(reply.status, 206, "status")
    check_equal(parts_of(reply), [("text/plain; charset=utf-8", first, last, 1024, CONTENT[first:last + 1])
                                  for first, last in ((1021, 1023), (0, 1), (500, 509))])


@test
def parts_have_the_content_type_that_the_handler_set():
    reply = shared(env=FILES_ENV).get(f"/own-file/{new_file()}?own=all", "Range: bytes=0-0,2-2")
    check_equal([part[0] for part in parts_of(reply)], ["text/own", "text/own"])


@test
def replies_of_parts_do_not_share_their_boundary():
    name = new_file()
    check_equal(len({get(name, "Range: bytes=0-0,2-2").header("Content-Type") for _ in range(10)}), 10, "boundaries")


@test
def a_range_beyond_the_file_is_416_with_its_size():
    name = new_file()
    for value in ("bytes=1024-", "bytes=5000-6000", "bytes=-0", "bytes=99999999999999999999-", "bytes=1024-,-0"):
        reply = get(name, f"Range: {value}")
        check_problem(reply, 416)
        check_equal(reply.header("Content-Range"), "bytes */1024", value)


@test
def an_invalid_or_unknown_range_is_passed_over():
    name = new_file()
    for value in ("bytes=5-4", "bytes=0--1", "bytes=", "bytes=,", "bytes=a-b", "items=0-1", "0-1", "bytes=0-1;2-3", "bytes=0-1,x"):
        reply = get(name, f"Range: {value}")
        check_equal((reply.status, reply.body, reply.header("Content-Range")), (200, CONTENT, None), value)
    check_equal(get(name, "Range: bytes=0-1", "Range: bytes=2-3").status, 200, "two headers")


@test
def an_empty_file_is_200_for_any_range():
    name = new_file(b"")
    for value in ("bytes=0-", "bytes=0-0", "bytes=-1", "bytes=0-3145727"):
        reply = get(name, f"Range: {value}")
        check_equal((reply.status, reply.header("Content-Length")), (200, "0"), value)


@test
def only_a_get_has_ranges():
    name = new_file()
    for method in ("HEAD", "POST"):
        reply = get(name, "Range: bytes=0-1", method=method)
        check_equal((reply.status, reply.header("Content-Length"), reply.header("Content-Range")), (200, "1024", None), method)


@test
def conditions_come_before_the_range():
    name = new_file()
    tag = tag_of(name)
    for headers, status in (([f"If-None-Match: {tag}"], 304), (['If-None-Match: "x"'], 206), (['If-Match: "x"'], 412),
                            ([f"If-Match: {tag}"], 206), ([f"If-Modified-Since: {DATE}"], 304)):
        check_equal(get(name, "Range: bytes=0-1", *headers).status, status, str(headers))
    check_equal(get(name, "Range: bytes=5000-", f"If-None-Match: {tag}").status, 304, "not 416")


@test
def if_range_sends_the_part_only_of_the_same_file():
    name = new_file()
    tag = tag_of(name)
    for value, status in ((tag, 206), (f"W/{tag}", 200), ('"x"', 200), (tag.strip('"'), 200), (DATE, 206), (BEFORE, 200),
                          (AFTER, 200), ("Sun Nov  6 08:49:37 1994", 206), ("", 200), ("*", 200), (f"{tag}, {tag}", 200)):
        reply = get(name, "Range: bytes=0-1", f"If-Range: {value}")
        check_equal((reply.status, reply.body), (status, CONTENT[:2] if status == 206 else CONTENT), value)
    check_equal(get(name, "Range: bytes=0-1", f"If-Range: {tag}", f"If-Range: {tag}").status, 200, "two headers")
    check_equal(get(name, "Range: bytes=5000-", 'If-Range: "x"').status, 200, "not 416")
    check_equal(get(name, f"If-Range: {tag}").status, 200, "without a range")


@test
def if_range_with_the_date_of_a_file_that_was_just_written_sends_the_whole():
    name = new_file(written=None)
    date = get(name, method="HEAD").header("Last-Modified")
    check_equal(get(name, "Range: bytes=0-1", f"If-Range: {date}").status, 200, "status")


@test
def a_part_near_the_end_of_a_huge_file_is_sent():
    name, size = new_file(), 5 << 40
    os.truncate(path_of(name), size)
    with open(path_of(name), "r+b") as file:
        file.seek(size - 4)
        file.write(b"tail")
    os.utime(path_of(name), (WRITTEN, WRITTEN))
    reply = get(name, "Range: bytes=-6")
    check_equal((reply.body, reply.header("Content-Range")), (b"\0\0tail", f"bytes {size - 6}-{size - 1}/{size}"))
    check_equal(len(parts_of(get(name, f"Range: bytes=0-0,{size - 1}-"))), 2, "parts")


@test
def large_parts_are_sent_whole_over_one_connection():
    data = os.urandom(3 << 20)
    name = new_file(data)
    with shared(env=FILES_ENV).connect() as client:
        reply = client.get(f"/files/{name}", "Range: bytes=0-1499999,1500001-")
        check_equal([part[4] for part in parts_of(reply)], [data[:1500000], data[1500001:]], "parts")
        check_equal(client.get(f"/files/{name}", "Range: bytes=1000-").body, data[1000:], "part")
        client.check_open()


@test
def pipelined_parts_are_answered_in_order():
    name = new_file()
    with shared(env=FILES_ENV).connect() as client:
        asked = [f"GET /files/{name} HTTP/1.1\r\nHost: t\r\nRange: bytes={i}-{i + 9}\r\n\r\n" for i in range(100)]
        client.send("".join(asked))
        for i in range(100):
            check_equal(client.read().body, CONTENT[i:i + 10], str(i))


# -- threats ---------------------------------------------------------------------------------------------------------

@test
def threat_064_many_or_overlapping_ranges_get_the_whole_file():
    name = new_file()
    for value in (",".join(["0-"] * 1000), ",".join(["-1"] * 2000), ",".join(f"{i}-{i + 5}" for i in range(1000)),
                  ",".join(f"{2 * i}-{2 * i}" for i in range(500)), ",".join(f"{i}-" for i in range(1000)),
                  ",".join(f"-{i}" for i in range(1, 1000)), ",".join(f"{2 * i}-{2 * i}" for i in reversed(range(500)))):
        reply = get(name, f"Range: bytes={value}")
        check_equal((reply.status, reply.body), (200, CONTENT), value[:30])


@test
def threat_064_sixteen_ranges_are_the_most():
    name = new_file()
    for count, status in (16, 206), (17, 200):
        check_equal(get(name, "Range: bytes=" + ",".join(f"{2 * i}-{2 * i}" for i in range(count))).status, status, str(count))


@test
def threat_064_huge_backward_and_empty_ranges_are_416_or_the_whole_file():
    name = new_file()
    nines = "9" * 4000
    for value, status in ((f"0-{nines}", 206), (f"{nines}-", 416), (f"{nines}-{nines}", 416), (f"-{nines}", 206),
                          (f"{nines}-0", 200), ("9-0", 200), ("-0", 416), (",".join(["-0"] * 1000), 416),
                          (",".join(["5000-"] * 1000), 416), ("," * 8000, 200)):
        reply = get(name, f"Range: bytes={value}")
        check_equal(reply.status, status, value[:30])
        check(len(reply.body) <= len(CONTENT), "no more than the file")


@test
def threat_068_a_file_cut_while_its_parts_are_sent_breaks_the_connection():
    for value in ("bytes=1000-", "bytes=0-0,1000-", "bytes=1000-60000000,63000000-"):
        with Server(env=FILES_ENV) as server, server.connect(receive_buffer=65536) as client:
            name = new_file(b"")
            os.truncate(path_of(name), 64 << 20)
            client.send(f"GET /files/{name} HTTP/1.1\r\nHost: t\r\nRange: {value}\r\n\r\n")
            head = client.take(100000)
            check(head.startswith(b"HTTP/1.1 206 "), head[:20])
            os.truncate(path_of(name), 2000)
            received, announced = 100000, int(re.search(rb"Content-Length: (\d+)", head).group(1))
            try:
                while data := client.socket.recv(1 << 20):
                    received += len(data)
            except ConnectionResetError:
                pass
            check(received < announced, "less than announced, and the connection has ended")
            check_equal(server.get("/").text, "hello")


@test
def threat_068_a_file_replaced_or_grown_while_its_part_is_sent_keeps_its_length():
    with Server(env=FILES_ENV) as server, server.connect(receive_buffer=65536) as client:
        name = new_file(b"a" * (16 << 20))
        client.send(f"GET /files/{name} HTTP/1.1\r\nHost: t\r\nRange: bytes=1000-\r\n\r\n")
        wait_for(lambda: client.has_input(0), text="the beginning")
        with open(path_of(name), "ab") as file:
            file.write(b"b" * 1000)
        os.rename(path_of(new_file(b"c" * 1000)), path_of(name))
        check(client.read().body == b"a" * ((16 << 20) - 1000), "the file that was asked for")
        client.check_open()


# -- clients of others -----------------------------------------------------------------------------------------------

def need(tool):
    if shutil.which(tool) is None:
        raise Skip(f"{tool} is not installed")


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.returncode, done.stdout


def url_of(name):
    server = shared(env=FILES_ENV)
    return f"http://{server.host}:{server.port}/files/{name}"


def half_downloaded(data):
    """The path of a file with the first half of `data`, in a folder of its own."""
    path = os.path.join(tempfile.mkdtemp(dir=FILES.name), "download")
    with open(path, "wb") as file:
        file.write(data[:len(data) // 2])
    os.utime(path, (WRITTEN, WRITTEN))
    return path


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


@test
def curl_resumes_a_download():
    data = os.urandom(100000)
    path = half_downloaded(data)
    check_equal(run("curl", "-sS", "-f", "-C", "-", "-o", path, url_of(new_file(data))), (0, b""), "curl")
    check(content_of(path) == data, "the whole file")


@test
def curl_does_not_download_again_what_it_has():
    name = new_file()
    saved, path = half_downloaded(b""), half_downloaded(b"")
    compare = ["curl", "-sS", "-o", path, "-w", "%{http_code}", "--etag-save", saved, "--etag-compare", saved, url_of(name)]
    check_equal([run(*compare), run(*compare)], [(0, b"200"), (0, b"304")], "by tag")
    with open(path, "wb") as file:
        file.write(CONTENT)
    os.utime(path, (WRITTEN, WRITTEN))
    check_equal(run("curl", "-sS", "-o", path, "-w", "%{http_code}", "-z", path, url_of(name)), (0, b"304"), "by date")


@test
def curl_gets_several_ranges():
    code, output = run("curl", "-sS", "-r", "0-9,100-109", url_of(new_file()))
    check_equal((code, output.count(b"Content-Range: bytes ")), (0, 2), "parts")


@test
def curl_gets_parts_over_tls():
    data = os.urandom(3 << 20)
    name = new_file(data)
    with tempfile.TemporaryDirectory() as folder:
        env = {**FILES_ENV, "XDG_STATE_HOME": folder, "HOME": folder}
        with Server("--listen", "https://127.0.0.1:0", "--tls-dev", env=env) as server:
            url = re.search(r"listening on (https://[0-9.:]*)", "\n".join(server.lines)).group(1) + f"/files/{name}"
            code, output = run("curl", "-sSk", "-r", "1000000-", url)
            check(code == 0 and output == data[1000000:], "a part")
            code, output = run("curl", "-sSk", "-r", "0-1999999,2000001-", url)
            check(code == 0 and data[:2000000] in output and data[2000001:] in output, "two parts")


@test
def wget_continues_a_download():
    need("wget")
    data = os.urandom(100000)
    path = half_downloaded(data)
    code, output = run("wget", "-c", "-O", path, url_of(new_file(data)))
    check_equal(code, 0, output)
    check(b"206 Partial Content" in output and content_of(path) == data, "the second half was downloaded")
    code, output = run("wget", "-c", "-O", path, url_of(new_file(data)))
    check(b"416" in output and content_of(path) == data, "nothing is left to do")


@test
def aria2_downloads_over_several_connections():
    need("aria2c")
    data = os.urandom(8 << 20)
    folder = tempfile.mkdtemp(dir=FILES.name)
    code, output = run("aria2c", "-x", "8", "-s", "8", "-k", "1M", "-d", folder, "-o", "out", url_of(new_file(data)))
    check_equal(code, 0, output)
    check(content_of(os.path.join(folder, "out")) == data, "the whole file")


@test
def fetch_of_node_gets_a_part_and_validates():
    need("node")
    script = """
const get = async headers => { const r = await fetch(process.argv[1], {headers}); return [r, await r.text()]; };
(async () => {
    const [whole] = await get({});
    const [part, text] = await get({range: 'bytes=2-4', 'if-range': whole.headers.get('etag')});
    const [again] = await get({'if-none-match': whole.headers.get('etag')});
    console.log(whole.status, part.status, part.headers.get('content-range'), text, again.status);
})();"""
    code, output = run("node", "-e", script, url_of(new_file(b"0123456789")))
    check_equal((code, output), (0, b"200 206 bytes 2-4/10 234 304\n"), "node")


def behind_nginx(folder, port):
    """Starts nginx as a cache of slices of 64 KiB in front of the server; returns its process."""
    server = shared(env=FILES_ENV)
    with open(os.path.join(folder, "nginx.conf"), "w", encoding="ascii") as file:
        file.write(f"""
daemon off; pid {folder}/pid; error_log stderr; worker_processes 1; events {{}}
http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; proxy_cache_path {folder}/cache keys_zone=c:1m;
server {{ listen 127.0.0.1:{port}; location / {{ slice 64k; proxy_cache c; proxy_cache_key $uri$slice_range;
proxy_set_header Range $slice_range; proxy_http_version 1.1; proxy_cache_valid 200 206 1h;
add_header X-Cache $upstream_cache_status; proxy_pass http://{server.host}:{server.port}; }} }} }}""")
    return subprocess.Popen(["nginx", "-e", "stderr", "-p", folder, "-c", "nginx.conf"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


@test
def nginx_caches_a_file_in_slices():
    need("nginx")
    data = os.urandom(300000)
    name = new_file(data)
    folder = tempfile.mkdtemp(dir=FILES.name)
    os.chmod(FILES.name, 0o755)
    os.chmod(folder, 0o777)
    port = free_port()
    nginx = behind_nginx(folder, port)
    try:
        url = f"http://127.0.0.1:{port}/files/{name}"
        wait_for(lambda: run("curl", "-sS", "-o", os.devnull, url)[0] == 0, text="nginx")
        check(run("curl", "-sS", url)[1] == data, "the file, put together from slices")
        check(run("curl", "-sS", "-r", "100000-200000", url)[1] == data[100000:200001], "a part across slices")
        check_equal(run("curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "-r", "400000-", url)[1], b"416", "beyond")
    finally:
        nginx.terminate()
        nginx.wait()


if __name__ == "__main__":
    sys.exit(harness.main())
