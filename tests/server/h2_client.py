"""HTTP/2 frame by frame, for tests that must send what no client sends: frames are bytes, and HPACK is written as
literals (RFC 7541 section 6.2.2). What a server sends is read with the whole of HPACK but Huffman's code."""

import socket
import ssl
import struct
import time

from harness import SLOWEST_S, check

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
PRIORITY_UPDATE = 16
END_STREAM = ACK = 1
END_HEADERS, PADDED, HAS_PRIORITY = 4, 8, 32
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM) = range(12)

STATIC = [(name, value) for name, _, value in (line.partition("=") for line in (
    ":authority= :method=GET :method=POST :path=/ :path=/index.html :scheme=http :scheme=https :status=200 "
    ":status=204 :status=206 :status=304 :status=400 :status=404 :status=500 accept-charset= "
    "accept-encoding=gzip,deflate accept-language= accept-ranges= accept= access-control-allow-origin= age= allow= "
    "authorization= cache-control= content-disposition= content-encoding= content-language= content-length= "
    "content-location= content-range= content-type= cookie= date= etag= expect= expires= from= host= if-match= "
    "if-modified-since= if-none-match= if-range= if-unmodified-since= last-modified= link= location= max-forwards= "
    "proxy-authenticate= proxy-authorization= range= referer= refresh= retry-after= server= set-cookie= "
    "strict-transport-security= transfer-encoding= user-agent= vary= via= www-authenticate=").split())]


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def number(value, bits, first=0):
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value % 128 | 128)
        value //= 128
    return bytes(out + [value])


def text(value):
    value = value.encode("latin-1") if isinstance(value, str) else value
    return number(len(value), 7) + value


def block(*fields):
    """A head of literals that are not indexed."""
    return b"".join(b"\0" + text(name) + text(value) for name, value in fields)


def head(path="/", *more, method="GET", authority="localhost"):
    fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", authority)]
    return block(*fields, *more)


def request(stream, path="/", *more, method="GET", ends=True):
    return frame(HEADERS, END_HEADERS | (END_STREAM if ends else 0), stream, head(path, *more, method=method))


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", which, value) for which, value in pairs))


def window(stream, more):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", more))


def reset(stream, error=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", error))


class Frame:
    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    def __repr__(self):
        return f"Frame(kind={self.kind}, flags={self.flags}, stream={self.stream}, {len(self.payload)} bytes)"

    @property
    def error(self):
        return struct.unpack(">I", self.payload[:4] if self.kind == RST_STREAM else self.payload[4:8])[0]

    @property
    def last_stream(self):
        return struct.unpack(">I", self.payload[:4])[0]


class Decoder:
    """RFC 7541 without Huffman's code."""

    def __init__(self):
        self.table, self.size = [], 4096
        self.sizes = []  # announced

    def _number(self, data, at, bits):
        value, at = data[at] & ((1 << bits) - 1), at + 1
        if value < (1 << bits) - 1:
            return value, at
        shift = 0
        while True:
            value += (data[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if data[at - 1] < 128:
                return value, at

    def _text(self, data, at):
        check(data[at] < 128, "no Huffman's code")
        length, at = self._number(data, at, 7)
        return data[at:at + length].decode("latin-1"), at + length

    def _field(self, index):
        return STATIC[index - 1] if index <= len(STATIC) else self.table[index - len(STATIC) - 1]

    def _shrink(self):
        while sum(len(n) + len(v) + 32 for n, v in self.table) > self.size:
            self.table.pop()

    def decode(self, data):
        fields, at = [], 0
        while at < len(data):
            first = data[at]
            if first & 128:
                index, at = self._number(data, at, 7)
                fields.append(self._field(index))
                continue
            if first & 224 == 32:
                self.size, at = self._number(data, at, 5)
                self.sizes.append(self.size)
                self._shrink()
                continue
            index, at = self._number(data, at, 6 if first & 64 else 4)
            name, at = (self._field(index)[0], at) if index else self._text(data, at)
            value, at = self._text(data, at)
            fields.append((name, value))
            if first & 64:
                self.table.insert(0, (name, value))
                self._shrink()
        return fields


class Reply:
    def __init__(self):
        self.heads, self.body, self.error, self.is_whole = [], b"", None, False

    @property
    def fields(self):
        return dict(next(fields for fields in self.heads if not dict(fields)[":status"].startswith("1")))

    @property
    def status(self):
        return int(self.fields[":status"])

    @property
    def trailers(self):
        return [fields for fields in self.heads if ":status" not in dict(fields)]


class H2:
    """A connection; `send` takes frames, `next` returns the next one."""

    def __init__(self, server, *pairs, greets=True, receive_buffer=None, tls=False):
        self.socket = socket.socket()
        self.socket.settimeout(SLOWEST_S)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((server.host, server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["h2", "http/1.1"])
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
            check(self.socket.selected_alpn_protocol() == "h2", "ALPN")
        self.buffer, self.decoder, self.last, self.settings = b"", Decoder(), -1, {}
        self.is_leaving = False  # the server has sent GOAWAY
        if greets:
            self.send(PREFACE + settings(*pairs))

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))

    def send_while_it_listens(self, data):
        """Returns the bytes sent until the server closed."""
        sent = 0
        try:
            while sent < len(data):
                sent += self.socket.send(data[sent:sent + 65536])
        except OSError:
            pass
        return sent

    def _take(self, count):
        while len(self.buffer) < count:
            data = self.socket.recv(1 << 18)
            if not data:
                raise EOFError(f"closed after {self.buffer[:100]!r}")
            self.buffer += data
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def next(self):
        head_ = self._take(9)
        length = int.from_bytes(head_[:3], "big")
        check(length <= 16384, f"a frame of at most 16384 bytes, not {length}")
        one = Frame(head_[3], head_[4], int.from_bytes(head_[5:], "big"), self._take(length))
        if one.kind == SETTINGS and not one.flags & ACK:
            for at in range(0, length, 6):
                which, value = struct.unpack(">HI", one.payload[at:at + 6])
                self.settings[which] = value
            self.send_while_it_listens(frame(SETTINGS, ACK))
        elif one.kind == PING and not one.flags & ACK:
            self.send_while_it_listens(frame(PING, ACK, 0, one.payload))
        self.is_leaving |= one.kind == GOAWAY
        return one

    def until(self, kind, stream=None):
        """The next frame of that kind; skips others but decodes their heads."""
        while True:
            one = self.next()
            if one.kind == kind and (stream is None or one.stream == stream) and \
                    not (kind in (SETTINGS, PING) and one.flags & ACK):
                return one
            if one.kind == HEADERS:
                self.decoder.decode(one.payload)

    def until_ack(self):
        """Waits until the server has read all that was sent: its answer to a PING."""
        self.send(frame(PING, 0, 0, b"are here"))
        while True:
            one = self.next()
            if one.kind == PING and one.flags & ACK:
                return
            if one.kind == HEADERS:
                self.decoder.decode(one.payload)

    def replies(self, *streams, gives_window=True):
        """Reads until each of these streams has ended; {stream: Reply}."""
        found = {stream: Reply() for stream in streams}
        while any(not r.is_whole and r.error is None for r in found.values()):
            one = self.next()
            if one.kind == GOAWAY and one.error != NO_ERROR:
                raise AssertionError(f"GOAWAY {one.error}")
            if one.stream not in found:
                continue
            reply = found[one.stream]
            if one.kind == HEADERS:
                data, flags = one.payload, one.flags
                while not flags & END_HEADERS:
                    more = self.next()
                    check(more.kind == CONTINUATION, "CONTINUATION follows")
                    data, flags = data + more.payload, more.flags
                reply.heads.append(self.decoder.decode(data))
            elif one.kind == DATA:
                reply.body += one.payload
                if gives_window and one.payload:
                    self.send_while_it_listens(window(0, len(one.payload)) + window(one.stream, len(one.payload)))
            elif one.kind == RST_STREAM:
                reply.error = one.error
            if one.kind in (HEADERS, DATA) and one.flags & END_STREAM:
                reply.is_whole = True
        return found

    def reply(self, stream, **how):
        return self.replies(stream, **how)[stream]

    def get(self, path="/", *more):
        self.last += 2
        self.send(request(self.last, path, *more))
        return self.reply(self.last)

    def post(self, path, body, *more):
        self.last += 2
        self.send(request(self.last, path, *more, method="POST", ends=False))
        self.send(frame(DATA, END_STREAM, self.last, body))
        return self.reply(self.last)

    def goaway(self):
        """The error of the GOAWAY that comes; None when the server closes without one."""
        try:
            return self.until(GOAWAY).error
        except (EOFError, ConnectionResetError):
            return None

    def wait_closed(self, seconds=SLOWEST_S):
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(1 << 18):
                pass
        except ConnectionResetError:
            pass

    def reset_connection(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def seconds_of(function):
    began = time.monotonic()
    function()
    return time.monotonic() - began
