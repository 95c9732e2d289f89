"""HTTP/2 for the contract: a probe by hand, and requests by curl, which reads what a server sends with nghttp2."""

import re
import socket
import struct
import subprocess

from wire import Broken, Reply, WrongProtocol, secured, tls_context

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, GOAWAY = 0, 1, 4, 7
END_STREAM, END_HEADERS = 1, 4
STATUS_LINE = re.compile(r"HTTP/2 ([1-5][0-9]{2}) ?")
WITHIN_S = 10


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def get_root(secure, host=b"127.0.0.1"):
    """GET / by entries of HPACK's static table, and :authority as a literal."""
    return bytes((0x82, 0x84, 0x87 if secure else 0x86, 0x41, len(host))) + host


def take(connection, count):
    data = b""
    while len(data) < count:
        try:
            piece = connection.recv(count - len(data))
        except TimeoutError:
            raise Broken("no answer in time") from None
        if not piece:
            raise ConnectionResetError("the connection was closed without an answer")
        data += piece
    return data


def open_connection(port, secure):
    """A socket on which a server may be spoken to in HTTP/2."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S)
    if secure:
        connection = secured(connection, tls_context("h2"))
        if connection.selected_alpn_protocol() != "h2":
            connection.close()
            raise WrongProtocol("HTTP/2 is not spoken: ALPN did not choose h2")
    return connection


def probe(port, secure):
    """Returns when GET / was answered on stream 1; raises WrongProtocol where the server speaks something else."""
    with open_connection(port, secure) as connection:
        connection.sendall(PREFACE + frame(SETTINGS, 0, 0) +
                           frame(HEADERS, END_STREAM | END_HEADERS, 1, get_root(secure)))
        is_first = True
        while True:
            head = take(connection, 9)
            length, kind = int.from_bytes(head[:3], "big"), head[3]
            if is_first and kind != SETTINGS:
                raise WrongProtocol(f"HTTP/2 is not spoken: the connection begins with {head!r}")
            is_first = False
            take(connection, length)
            if kind == GOAWAY:
                raise Broken("HTTP/2 is not spoken to the end: a GOAWAY came before the reply")
            if kind == HEADERS:
                return


class Client:
    """The interface of wire.Client; each request has a connection of its own."""

    def __init__(self, port, certificate=None):
        """`certificate`: the server's, for TLS; it must be the one that is sent."""
        self.port, self.certificate = port, certificate

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        pass

    def another(self):
        return Client(self.port, self.certificate)

    def ask(self, method, path, body=b"", body_type=""):
        scheme = "https" if self.certificate else "http"
        speaks = ["--http2", "--tlsv1.3", "--cacert", self.certificate] if self.certificate else ["--http2-prior-knowledge"]
        sends = ["-H", f"Content-Type: {body_type}", "--data-binary", "@-"] if body_type else []
        done = subprocess.run(["curl", "-sS", "-i", "-m", str(WITHIN_S), "--noproxy", "*", *speaks, *sends, "-X", method,
                               f"{scheme}://127.0.0.1:{self.port}{path}"], input=body, capture_output=True, check=False)
        if done.returncode != 0:
            raise Broken(done.stderr.decode("utf-8", "replace").strip().splitlines()[0])
        return parsed(done.stdout)


def parsed(text):
    """A reply as curl -i prints it."""
    head, _, body = text.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = STATUS_LINE.fullmatch(lines[0])
    if status is None:
        raise Broken(f"the status line is {lines[0][:80]!r}, not HTTP/2's")
    fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
    return Reply(int(status.group(1)), fields, body)
