"""Uploads: large ones use no memory, and leave no files."""

import os
import re
import sys

import harness
from harness import Server, check, check_equal, test, wait_for

FIRST = (b"--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\na scan\r\n"
         b"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"s.bin\"\r\n\r\n")
LAST = b"\r\n--B--\r\n"


def head(length):
    return (f"POST /scans HTTP/1.1\r\nHost: t\r\nContent-Type: multipart/form-data; boundary=B\r\n"
            f"Content-Length: {len(FIRST) + length + len(LAST)}\r\n\r\n").encode()


def most_memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))


def nameless_files(pid):
    found = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found += os.readlink(f"/proc/{pid}/fd/{name}").endswith(" (deleted)")
        except OSError:
            pass  # closed meanwhile
    return found


def upload(server, blocks):
    block = os.urandom(1 << 20)
    with server.connect() as client:
        client.send(head(blocks << 20) + FIRST)
        for _ in range(blocks):
            client.send(block)
        client.send(LAST)
        reply = client.read("POST")
    check_equal((reply.status, reply.text), (200, f"a scan: {blocks << 20} bytes on disk"))


@test
def threat_069_memory_does_not_grow_with_an_upload():
    with Server() as server:
        worker = server.worker_pids()[0]
        upload(server, 2)
        before, known = most_memory_kib(worker), nameless_files(worker)
        upload(server, 100)
        grown = most_memory_kib(worker) - before
        check(grown < 4096, f"100 MiB uploaded took {grown} KiB")
        check_equal(nameless_files(worker), known, "nameless files left open")


@test
def threat_069_an_upload_that_is_broken_off_leaves_no_file():
    with Server() as server:
        worker = server.worker_pids()[0]
        known = nameless_files(worker)
        clients = [server.connect() for _ in range(5)]
        for client in clients:
            client.send(head(1 << 20) + FIRST + os.urandom(500000))
        wait_for(lambda: nameless_files(worker) == known + 5, text="five files are open")
        for client in clients:
            client.reset()
        wait_for(lambda: nameless_files(worker) == known, text="the files are gone")
        upload(server, 1)


if __name__ == "__main__":
    sys.exit(harness.main())
