"""Tests of forms that a handler takes part by part (tern_part_next) and stores under names of Tern's own."""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

import harness
from harness import Server, Skip, check, check_equal, shared, test, wait_for

FOLDER = tempfile.TemporaryDirectory()
ENV = {"SERVED": FOLDER.name}
STORED = os.path.join(FOLDER.name, "stored")
for name in ("assets", "stored"):
    os.mkdir(os.path.join(FOLDER.name, name))
with open(os.path.join(FOLDER.name, "assets/missing.html"), "w", encoding="ascii") as page:
    page.write("missing")


def part(name, content=b"", filename=None, more=b""):
    head = f'--B\r\nContent-Disposition: form-data; name="{name}"'
    head += f'; filename="{filename}"' if filename is not None else ""
    return head.encode() + b"\r\n" + more + b"\r\n" + content + b"\r\n"


END = b"--B--\r\n"


def head_of(target, length, kind="multipart/form-data; boundary=B"):
    return f"POST {target} HTTP/1.1\r\nHost: t\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n".encode()


def post(target, body, kind="multipart/form-data; boundary=B", server=None):
    return (server or shared(env=ENV, name="served")).ask(head_of(target, len(body), kind) + body, "POST")


FORM = part("title", b"a scan") + part("file", b"x" * 100000, "scan.bin") + part("last", b"") + END


@test
def parts_come_one_after_the_other():
    for target in ("/parts", "/whole-parts"):
        check_equal(post(target, FORM).text, "title=a scan;file(scan.bin)=100000;last=;")
    check_equal(post("/parts", END).text, "", "a form without parts")


@test
def a_body_in_single_bytes_gives_the_same_parts():
    body = part("a", b"1\r\n--", "x") + part("b", b"2") + END
    with shared(env=ENV, name="served").connect() as client:
        for byte in head_of("/parts", len(body)) + body:
            client.send(bytes([byte]))
        check_equal(client.read("POST").text, "a(x)=5;b=2;")


@test
def parts_that_are_not_read_are_skipped():
    check_equal(post("/parts?skip=1&max=10", FORM).text, "title;file;last;")


@test
def a_part_is_stored_before_the_next_has_arrived():
    first = part("file", b"first", "a.txt")
    rest = part("title", b"t") + END
    before = set(os.listdir(STORED))
    with shared(env=ENV, name="served").connect() as client:
        client.send(head_of("/parts?store=1", len(first + rest)) + first + rest[:5])
        made = wait_for(lambda: set(os.listdir(STORED)) - before, text="the first file")
        name = made.pop()
        check(re.fullmatch("[0-9a-f]{32}", name), name)
        with open(os.path.join(STORED, name), "rb") as file:
            check_equal(file.read(), b"first")
        check_equal(os.stat(os.path.join(STORED, name)).st_mode & 0o777, 0o600)
        client.send(rest[5:])
        check_equal(client.read("POST").text, f"file:5:{name};title=t;")


@test
def many_files_of_one_form_are_stored_whole():
    sizes = (0, 1, 65535, 65536, 65537, 300000)
    body = b"".join(part(f"f{size}", bytes([size % 251]) * size, "f") for size in sizes) + END
    found = re.findall(r"f(\d+):(\d+):([0-9a-f]{32});", post("/parts?store=1", body).text)
    check_equal([(int(name), int(size)) for name, size, _ in found], [(size, size) for size in sizes])
    for (_, _, stored), size in zip(found, sizes):
        with open(os.path.join(STORED, stored), "rb") as file:
            check_equal(file.read(), bytes([size % 251]) * size)


@test
def threat_070_a_file_name_is_data_only():
    names = ("../../x", "/etc/passwd", "x" * 500, "CON", "annexe\u202egpj.exe", "", ".", "..", "a/b", "C:\\x")
    before = set(os.listdir(FOLDER.name))
    for name in names:
        reply = post("/parts?store=1", part("f", b"data", name) + END)
        check(re.fullmatch(r"f:4:[0-9a-f]{32};", reply.text), f"{name!r}: {reply.text}")
    check_equal(set(os.listdir(FOLDER.name)), before)
    check_equal(post("/parts", part("f", b"data", "../../x") + END).text, "f(../../x)=4;")
    check_equal(post("/parts", part("f", b"data", "a\0b") + END).status, 400, "NUL")
    check_equal(post("/parts", part("f", b"data", "x" * 4000) + END).status, 400, "4,000 bytes")


@test
def threat_069_parts_have_limits():
    check_equal(post("/parts?max=100000", FORM).status, 200)
    for target, detail in (("/parts?max=99999", 'part "file" has more than 99999 bytes'),
                           ("/parts?parts=2", "the form has more than 2 parts")):
        reply = post(target, FORM)
        check_equal((reply.status, reply.text.find(detail.replace('"', '\\"')) > 0), (413, True), reply.text)
    check_equal(post("/parts", part("t", b"y" * 1001) + END).status, 413, "a text of 1,001 bytes")
    check_equal(post("/parts", part("t", b"") * 1001 + END).status, 400, "1,001 parts")
    before = os.listdir(STORED)
    check_equal(post("/parts?store=1&max=99999", FORM).status, 413)
    check_equal(os.listdir(STORED), before, "files")


@test
def threat_069_what_is_not_a_whole_form_is_refused():
    for body, status in ((FORM[:-len(END)], 400), (FORM[:-3], 400), (b"", 400), (b"--B\r\nno header", 400), (part("a", b"\xff") + END, 400),
                         (part("a", b"a\0b") + END, 400)):
        check_equal(post("/parts", body).status, status, body[-30:])
    for kind in ("application/json", "multipart/mixed; boundary=B", "text/plain"):
        check_equal(post("/parts", FORM, kind).status, 415, kind)
    for kind in ("multipart/form-data", "multipart/form-data; boundary=" + "x" * 71):
        check_equal(post("/parts", FORM, kind).status, 400, kind)
    reply = shared(env=ENV, name="served").ask(b"POST /parts HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "POST")
    check_equal(reply.status, 415, "no type")


@test
def threat_069_an_upload_that_is_broken_off_leaves_nothing():
    with Server(name="served", env=ENV) as server:
        worker = server.worker_pids()[0]

        def stored_files_open():
            found = 0
            for fd in os.listdir(f"/proc/{worker}/fd"):
                try:
                    found += STORED in os.readlink(f"/proc/{worker}/fd/{fd}")
                except OSError:
                    pass  # closed meanwhile
            return found
        before = os.listdir(STORED)
        clients = [server.connect() for _ in range(4)]
        for client in clients:
            client.send(head_of("/parts?store=1", 1 << 20) + part("f", b"x" * 300000, "f"))
        wait_for(lambda: stored_files_open() > 0, text="files are being written")
        for client in clients:
            client.reset()
        wait_for(lambda: stored_files_open() == 0, text="the files are closed")
        check_equal(os.listdir(STORED), before)


@test
def threat_069_memory_does_not_grow_with_what_is_stored():
    def most(pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))

    def upload(server, blocks):
        block, first = os.urandom(1 << 20), part("f", b"", "f")[:-2]
        with server.connect() as client:
            client.send(head_of("/parts?store=1", len(first) + (blocks << 20) + 2 + len(END)) + first)
            for _ in range(blocks):
                client.send(block)
            client.send(b"\r\n" + END)
            found = re.fullmatch(r"f:(\d+):([0-9a-f]{32});", client.read("POST").text)
        check_equal(int(found.group(1)), blocks << 20)
        os.unlink(os.path.join(STORED, found.group(2)))
    with Server(name="served", env=ENV) as server:
        upload(server, 2)
        before = most(server.worker_pids()[0])
        upload(server, 50)
        grown = most(server.worker_pids()[0]) - before
        check(grown < 4096, f"50 MiB took {grown} KiB")


@test
def threat_073_a_folder_that_cannot_be_written_to_is_503_and_logged():
    with tempfile.TemporaryDirectory() as place:
        os.mkdir(f"{place}/assets")
        with open(f"{place}/assets/missing.html", "w", encoding="ascii") as file:
            file.write("x")
        with Server(name="served", env={"SERVED": place}) as server:
            reply = post("/parts?store=1", FORM, server=server)
            check_equal(reply.status, 503)
            server.wait_logged(f"an upload could not be stored in {place}/stored: No such file or directory")
            os.mkdir(f"{place}/stored")
            check_equal(post("/parts?store=1", FORM, server=server).status, 200)


@test
def threat_073_a_full_disk_is_507_and_leaves_nothing():
    with Server(name="served", env=ENV) as server:
        worker = server.worker_pids()[0]
        before = sorted(os.listdir(STORED))
        limits = resource.prlimit(worker, resource.RLIMIT_FSIZE)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (65536, limits[1]))
        reply = post("/parts?store=1", FORM, server=server)
        check_equal((reply.status, "the disk is full: the upload was not stored" in reply.text), (507, True))
        check_equal(sorted(os.listdir(STORED)), before)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, limits)
        check_equal(post("/parts?store=1", FORM, server=server).status, 200)
        check_equal(server.worker_pids(), [worker], "the same worker")


@test
def curl_sends_files_part_by_part():
    if shutil.which("curl") is None or harness.HAS_TLS:
        raise Skip("no curl on this machine, or it would need the certificate")
    port = shared(env=ENV, name="served").port
    got = subprocess.run(["curl", "-s", f"http://127.0.0.1:{port}/parts", "-F", "title=x y", "-F", "file=@-;filename=\"a;b.txt\""],
                         input=b"hello", stdout=subprocess.PIPE, check=True, timeout=10).stdout
    check_equal(got.decode(), "title=x y;file(a;b.txt)=5;")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("served",)))
