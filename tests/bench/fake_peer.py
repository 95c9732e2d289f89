"""A small peer of the benchmark, for the harness's tests: its first argument selects its behaviour.

good: json and plaintext according to the contract, over TLS 1.3 with a certificate. Anything else breaks one rule: see
REPLIES, tls_context and main.
"""

import email.utils
import itertools
import os
import signal
import socket
import ssl
import sys
import threading

TLS_HANDSHAKE = 22  # the first byte of a client that speaks TLS to us in vain
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


def tls_context(kind):
    """None for clear text."""
    certificate = os.environ.get("BENCH_CERT")
    if certificate is None or kind == "clear":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if kind == "other-certificate":
        certificate, key = sys.argv[2:4]
    else:
        key = os.environ["BENCH_KEY"]
    context.load_cert_chain(certificate, key)
    if kind == "tls-1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if kind == "no-tickets":
        context.num_tickets = 0
    return context


def serve(client, kind, context=None):
    if context is not None:
        try:
            client = context.wrap_socket(client, server_side=True)
        except OSError:
            client.close()
            return
    data = b""
    with client:
        while True:
            while b"\r\n\r\n" not in data:
                try:
                    piece = client.recv(65536)
                except OSError:
                    return
                if not piece:
                    return
                if piece[0] == TLS_HANDSHAKE:
                    client.sendall(reply_to(b"/", "status"))
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
    context = tls_context(kind)
    while True:
        client, _ = listening.accept()
        if kind == "silent":  # after the connection that checks whether it has started
            threading.Thread(target=serve, args=(client, "good"), daemon=True).start()
            kind = "mute"
            continue
        threading.Thread(target=serve, args=(client, kind, context), daemon=True).start()


if __name__ == "__main__":
    main()
