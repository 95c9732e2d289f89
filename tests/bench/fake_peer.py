"""A small peer of the benchmark, for the harness's tests: its first argument selects its behaviour.

good: json and plaintext according to the contract. Anything else breaks one rule: see REPLIES and main.
"""

import email.utils
import itertools
import os
import signal
import socket
import sys
import threading

REQUESTS = itertools.count(1)
REPLIES = {
    "good": (200, "application/json", '{"message":"Hello, World!"}'),
    "text": (200, "text/plain", '{"message":"Hello, World!"}'),
    "other": (200, "application/json", '{"message":"Hello, world!"}'),
    "twice": (200, "application/json", '{"message":"Hello, World!","message":"Hello, World!"}'),
    "status": (404, "application/json", '{"message":"Hello, World!"}'),
}


def reply_to(path, kind):
    status, content_type, body = REPLIES.get(kind, REPLIES["good"])
    if path == b"/plaintext":
        content_type, body = "text/plain", "Hello, World!"
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: {content_type}\r\n"
    if kind == "chunked":
        body = f"5\r\n{body[:5]}\r\n{len(body) - 5:x}\r\n{body[5:]}\r\n0\r\n\r\n"
        head += "Transfer-Encoding: chunked\r\n"
    else:
        head += f"Content-Length: {len(body) + (kind == 'short')}\r\n"
    if kind != "no-server":
        head += "Server: fake\r\n"
    if kind != "no-date":
        when = 1000000000 if kind == "old-date" else None
        head += f"Date: {email.utils.formatdate(when, usegmt=True)}\r\n"
    return (head + "\r\n" + body + ("!" if kind == "long" else "")).encode()


def serve(client, kind):
    data = b""
    with client:
        while True:
            while b"\r\n\r\n" not in data:
                piece = client.recv(65536)
                if not piece:
                    return
                data += piece
            head, _, data = data.partition(b"\r\n\r\n")
            if kind == "mute":
                continue
            if kind == "crashes" and next(REQUESTS) == 40:
                print("fake: that was one too many", flush=True)
                os._exit(3)
            client.sendall(reply_to(head.split(b" ")[1], kind))
            if kind in ("closes", "short"):
                return


def main():
    kind = sys.argv[1]
    if kind == "dies":
        sys.exit("fake: I will not")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    listening = socket.create_server(("127.0.0.1", int(os.environ["BENCH_PORT"])), backlog=512)
    while True:
        client, _ = listening.accept()
        if kind == "silent":  # after the connection that checks whether it has started
            threading.Thread(target=serve, args=(client, "good"), daemon=True).start()
            kind = "mute"
            continue
        threading.Thread(target=serve, args=(client, kind), daemon=True).start()


if __name__ == "__main__":
    main()
