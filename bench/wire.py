"""A strict HTTP/1.1 client, in clear text or over TLS, which checks what a server sends byte by byte."""

import email.utils
import functools
import re
import socket
import ssl
import time

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [^\r\n]*")
FIELD_LINE = re.compile(rb"(" + TOKEN + rb"):[ \t]*([^\r\n\0]*?)[ \t]*")
FIXED_DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")
CLOCK_ALLOWANCE_S = 10


class Broken(Exception):
    """The reply is wrong; the text says how."""


class Reply:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def all(self, name):
        return [value for key, value in self.fields if key == name]

    def one(self, name):
        """The value of a header that must be there exactly once."""
        found = self.all(name)
        if len(found) != 1:
            raise Broken(f"{len(found)} {name.title()} headers" if found else f"no {name.title()} header")
        return found[0]

    def check_common(self):
        """Checks what every reply of the contract has: a correct Date, and a Server."""
        date = self.one("date")
        if not FIXED_DATE.fullmatch(date):
            raise Broken(f"Date is {date!r}, which is not of RFC 9110's form")
        age = abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time())
        if age > CLOCK_ALLOWANCE_S:
            raise Broken(f"Date is {date!r}, {age:.0f} s off")
        if not self.one("server"):
            raise Broken("Server is empty")


def request(method, path, body=b"", body_type="", header=""):
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if header:
        head += f"{header}\r\n"
    if body_type:
        head += f"Content-Type: {body_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode("ascii") + b"\r\n" + body


class WrongProtocol(Exception):
    """The server speaks something else, or another version; the text says what happened."""


@functools.cache  # making one takes as long as a server's start
def tls_context(protocol="http/1.1"):
    """TLS 1.3 alone; what the certificate is worth is checked by contract.py."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols([protocol])
    return context


def secured(plain, context, session=None):
    """The socket after a handshake; it is closed where there is none."""
    try:
        return context.wrap_socket(plain, server_hostname="localhost", session=session)
    except ssl.SSLEOFError:
        plain.close()
        raise ConnectionResetError("the connection was closed in the handshake") from None
    except TimeoutError:
        plain.close()
        raise WrongProtocol("no handshake of TLS 1.3: no answer in time") from None
    except ssl.SSLError as reason:
        plain.close()
        raise WrongProtocol(f"no handshake of TLS 1.3: {reason.reason or reason}") from None
    except OSError:
        plain.close()
        raise


class Client:
    """One keep-alive connection."""

    def __init__(self, port, timeout_s=10, context=None, session=None):
        """`context` is one of tls_context(), None for clear text; `session` one to be resumed."""
        self.port, self.context = port, context
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self.socket = secured(self.socket, context, session)
        self.buffer = b""

    def another(self):
        """A connection of the same kind."""
        return Client(self.port, context=self.context)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def ask(self, method, path, body=b"", body_type="", header=""):
        """One request and its reply, without bytes after it."""
        self.send(request(method, path, body, body_type, header))
        reply = self.read()
        if self.buffer:
            raise Broken(f"{len(self.buffer)} bytes after the reply")
        return reply

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # what the server sent before it closed must still be read

    def read(self):
        line = self.line()
        match = STATUS_LINE.fullmatch(line)
        if match is None:
            raise Broken(f"the status line is {line[:80]!r}")
        fields = []
        while line := self.line():
            field = FIELD_LINE.fullmatch(line)
            if field is None:
                raise Broken(f"a header line is {line[:80]!r}")
            fields.append((field.group(1).decode("ascii").lower(), field.group(2).decode("latin-1")))
        reply = Reply(int(match.group(1)), fields, b"")
        reply.body = self.body(reply)
        return reply

    def body(self, reply):
        if codings := reply.all("transfer-encoding"):
            if codings != ["chunked"] or reply.all("content-length"):
                raise Broken("Transfer-Encoding is not just chunked")
            return self.chunks()
        length = reply.one("content-length")
        if not length.isdigit():
            raise Broken(f"Content-Length is {length!r}")
        return self.take(int(length))

    def chunks(self):
        whole = b""
        while True:
            size = self.line().split(b";")[0]
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
                raise Broken(f"a chunk's size is {size[:20]!r}")
            if int(size, 16) == 0:
                break
            whole += self.take(int(size, 16))
            if self.take(2) != b"\r\n":
                raise Broken("a chunk does not end with CR LF")
        while self.line():
            pass
        return whole

    def line(self):
        while b"\r\n" not in self.buffer:
            if len(self.buffer) > 65536:
                raise Broken("a line of the head has no end")
            self.more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def take(self, count):
        while len(self.buffer) < count:
            self.more()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def more(self):
        try:
            piece = self.socket.recv(1 << 18)
        except socket.timeout:
            raise Broken("no answer in time" if not self.buffer else "the reply stops in the middle") from None
        except ConnectionResetError:
            piece = b""
        if not piece:
            raise Broken("the connection was closed without an answer" if not self.buffer else "the reply is cut short")
        self.buffer += piece
