"""A client of WebSockets that sends any byte it is told to, over HTTP/1.1 or a stream of HTTP/2."""

import base64
import hashlib
import os
import socket
import struct

import h2_client as h2
from harness import SLOWEST_S, check, check_equal

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FIN, RSV1 = 0x80, 0x40
MASK = b"\x12\x34\x56\x78"


def frame(opcode, payload=b"", fin=True, rsv=0, mask=MASK, length=None, form=None):
    """`length`: what the head claims; `form`: 2 or 8 bytes for it."""
    payload = payload.encode() if isinstance(payload, str) else payload
    size = len(payload) if length is None else length
    form = form or (0 if size < 126 else 2 if size < 65536 else 8)
    head = bytes([(FIN if fin else 0) | rsv | opcode])
    bit = 0 if mask is None else 0x80
    head += bytes([bit | size]) if form == 0 else bytes([bit | 126]) + struct.pack(">H", size) if form == 2 else \
        bytes([bit | 127]) + struct.pack(">Q", size)
    if mask is None:
        return head + payload
    masked = bytes(byte ^ mask[at & 3] for at, byte in enumerate(payload)) if len(payload) < 4096 else \
        (int.from_bytes(payload, "big") ^ int.from_bytes((mask * (len(payload) // 4 + 1))[:len(payload)], "big")) \
        .to_bytes(len(payload), "big")
    return head + mask + masked


class Message:
    def __init__(self, opcode, payload, rsv1=False):
        self.opcode, self.payload, self.rsv1 = opcode, payload, rsv1

    @property
    def code(self):
        return struct.unpack(">H", self.payload[:2])[0] if self.payload else None

    @property
    def reason(self):
        return self.payload[2:].decode()


class _Talk:
    """What both kinds share; they have `send`, `_receive` (b"" at the end) and `close`."""

    buffer = b""

    def _take(self, count):
        while len(self.buffer) < count:
            data = self._receive()
            if not data:
                raise EOFError(f"closed after {self.buffer[:60]!r}")
            self.buffer += data
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def next_frame(self):
        first, second = self._take(2)
        check(second < 128, "a server's frame has no mask")
        if second == 126:
            second = struct.unpack(">H", self._take(2))[0]
        elif second == 127:
            second = struct.unpack(">Q", self._take(8))[0]
        return first, self._take(second)

    def next(self):
        """The next message or control frame."""
        first, payload = self.next_frame()
        opcode, rsv1 = first & 15, bool(first & RSV1)
        while not first & FIN:
            first, more = self.next_frame()
            if first & 15 == PING:
                self.send(frame(PONG, more))
                first = 0
                continue
            check_equal(first & 15, 0, "a continuation")
            payload += more
        return Message(opcode, payload, rsv1)

    def text(self):
        message = self.next()
        check_equal(message.opcode, TEXT, "opcode")
        return message.payload.decode()

    def ask(self, text):
        self.send(frame(TEXT, text))
        return self.text()

    def closing(self):
        """The code of the Close that comes next, skipping all else; None for the end without one."""
        try:
            while True:
                message = self.next()
                if message.opcode == CLOSE:
                    return message.code
        except (EOFError, ConnectionResetError):
            return None

    def wait_end(self):
        """The server closes."""
        try:
            while self._receive():
                pass
        except ConnectionResetError:
            pass

    def say_close(self, code=1000, reason=""):
        self.send(frame(CLOSE, struct.pack(">H", code) + reason.encode()))

    def leave(self):
        """The closing handshake; returns the code of the answer."""
        self.say_close()
        code = self.closing()
        self.wait_end()
        self.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def handshake(path, *headers, key=None, version="13", upgrade="websocket", connection="Upgrade", method="GET",
              protocol="HTTP/1.1", host="test"):
    lines = [f"{method} {path} {protocol}", f"Host: {host}"]
    for name, value in (("Connection", connection), ("Upgrade", upgrade), ("Sec-WebSocket-Version", version),
                        ("Sec-WebSocket-Key", key or base64.b64encode(os.urandom(16)).decode())):
        if value != "":
            lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, *headers]).encode() + b"\r\n\r\n"


class Socket(_Talk):
    """Over HTTP/1.1, after a handshake that must succeed."""

    def __init__(self, server, path, *headers, host="test", address=None, receive_buffer=None, extra=b""):
        self.socket = socket.socket()
        self.socket.settimeout(SLOWEST_S)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(address or (server.host, server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.send(handshake(path, *headers, key=key, host=host) + extra)
        while b"\r\n\r\n" not in self.buffer:
            data = self._receive()
            check(data, f"an answer, not {self.buffer!r}")
            self.buffer += data
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        check_equal(lines[0], "HTTP/1.1 101 Switching Protocols")
        self.headers = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in lines[1:]}
        wanted = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        check_equal(self.headers["sec-websocket-accept"], base64.b64encode(wanted).decode())

    def send(self, *data):
        self.socket.sendall(b"".join(data))

    def _receive(self):
        return self.socket.recv(1 << 18)

    def close(self):
        self.socket.close()


def connect_block(path, *more, protocol="websocket", scheme="http", authority="test", method="CONNECT"):
    fields = [(":method", method), (":protocol", protocol), (":scheme", scheme), (":path", path),
              (":authority", authority), ("sec-websocket-version", "13")]
    return h2.block(*[pair for pair in fields if pair[1] is not None], *more)


class Stream(_Talk):
    """A stream of HTTP/2; of `own`, an H2, which it does not close."""

    def __init__(self, own, path, *more, stream=None, gives_window=True, **how):
        self.h2, self.gives_window, self.is_ended, self.error = own, gives_window, False, None
        own.last = stream or own.last + 2
        self.stream = own.last
        own.send(h2.frame(h2.HEADERS, h2.END_HEADERS, self.stream, connect_block(path, *more, **how)))
        while True:
            one = own.next()
            if one.kind == h2.HEADERS and one.stream == self.stream:
                break
            check(one.stream != self.stream and one.kind != h2.GOAWAY, f"a head, not {one}")
        self.headers = dict(own.decoder.decode(one.payload))
        check_equal(self.headers[":status"], "200")

    def send(self, *data):
        data = b"".join(data)
        for at in range(0, len(data), 16384):
            self.h2.send(h2.frame(h2.DATA, 0, self.stream, data[at:at + 16384]))

    def _receive(self):
        while not self.is_ended:
            one = self.h2.next()
            if one.kind == h2.RST_STREAM and one.stream == self.stream:
                self.error, self.is_ended = one.error, True
            if one.kind == h2.DATA and one.stream == self.stream:
                self.is_ended = bool(one.flags & h2.END_STREAM)
                if one.payload:
                    if self.gives_window:
                        self.h2.send(h2.window(0, len(one.payload)) + h2.window(self.stream, len(one.payload)))
                    return one.payload
        return b""

    def close(self):
        if not self.is_ended:
            self.h2.send_while_it_listens(h2.reset(self.stream))
            self.is_ended = True
