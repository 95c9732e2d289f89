/**
 * A connection that is encrypted: handshake, then bytes in and out, with the semantics of recv and sendmsg on a
 * non-blocking socket that epoll watches edge-triggered.
 *
 * Everything works on the socket that the caller owns, watches and closes. One thread uses a session. The process must
 * ignore SIGPIPE, as every worker does: with keys in the kernel, OpenSSL writes to the socket itself.
 *
 * Edges: call tls_note_readable for each that says the socket is readable. After a receive that returned less than it had room for, ask tls_has_pending before waiting for the next edge.
 * A receive may need to send first (the answer to a KeyUpdate): when tls_read_wants_write, call it again after
 * EPOLLOUT, too. A send never waits for the peer to send.
 *
 * RFC 8446 (TLS 1.3), RFC 5246 (1.2), RFC 7301 (ALPN), RFC 6066 (SNI).
 */
#ifndef TLS_SESSION_H
#define TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef struct tls_context tls_context;
typedef struct tls_session tls_session;

/** What the first byte on a socket says. */
typedef enum tls_greeting {
    TLS_GREETING_NONE,  /* nothing has arrived */
    TLS_GREETING_HELLO, /* TLS */
    TLS_GREETING_PLAIN, /* text: most likely a request of plain HTTP */
    TLS_GREETING_OTHER, /* neither */
    TLS_GREETING_END    /* the peer is gone */
} tls_greeting;

/** Looks at the first byte without taking it: a connection needs no session before its peer has spoken. */
tls_greeting tls_greet(int fd);

/** A session of a server on a connected socket; NULL when out of memory. `context` must stay open. */
tls_session *tls_session_open(const tls_context *context, int fd);
/** Frees it without sending anything; the socket stays open. */
void tls_session_close(tls_session *s);

typedef enum tls_step { TLS_DONE, TLS_WANTS_READ, TLS_WANTS_WRITE, TLS_FAILED } tls_step;

/** Goes on with the handshake as far as the socket allows: call it until TLS_DONE, after each edge it waits for. It may
 * take a millisecond of computing. After TLS_FAILED the client has been told why; close the socket. */
tls_step tls_handshake(tls_session *s);
/** A short static text why the handshake or the connection failed, for the log. */
const char *tls_failure(const tls_session *s);

/**
 * Receives at most `size` (> 0) bytes; at most one record of 16 KiB.
 *
 * @return the bytes; 0 when the peer has ended its side (tls_is_truncated: without saying so, so that data may be
 * missing); -1 with errno: EAGAIN, EPROTO for a violation of the protocol, or the socket's error.
 */
long tls_receive(tls_session *s, void *into, size_t size);
/** An edge has come: the socket may have bytes, whatever the last receive found. */
void tls_note_readable(tls_session *s);
/** Whether a receive may return more without another edge. */
bool tls_has_pending(const tls_session *s);
bool tls_read_wants_write(const tls_session *s);
bool tls_is_truncated(const tls_session *s);

/**
 * Sends from `parts`, joined into records of 16 KiB: a short head and its body leave in one record.
 *
 * `more`: more follows at once, so the kernel may wait for it before it sends a packet.
 *
 * @return the bytes taken, of which each is in the kernel; at most TLS_SEND_BYTES a call, so that the caller can let
 * others run. -1 with errno: EAGAIN, or the socket's error. After EAGAIN, or a short count, the next send or file must
 * begin with the same bytes: a record of them may have been sent in part.
 */
ssize_t tls_send(tls_session *s, const struct iovec *parts, size_t count, bool more);
/** Sends a part of a file, as tls_send; 0 when the file ends at `offset`. The kernel does it without a copy when it
 * has the keys. */
ssize_t tls_send_file(tls_session *s, int file, uint64_t offset, size_t size);
enum { TLS_RECORD_BYTES = 16384, TLS_SEND_BYTES = 4 * TLS_RECORD_BYTES };

/** Tells the peer that nothing more will be sent (close_notify). False when the socket is full: try again when it is
 * writable, or leave it. */
bool tls_finish(tls_session *s);

/** Has tls_finish say nothing: the peer must take no part for the whole. */
void tls_abandon(tls_session *s);

/** What the peers agreed on; valid after the handshake and as long as the session. */
const char *tls_protocol(const tls_session *s, size_t *len); /* by ALPN, not NUL-terminated; NULL: none */
const char *tls_version(const tls_session *s);               /* "TLSv1.3" */
const char *tls_cipher(const tls_session *s);                /* "TLS_AES_128_GCM_SHA256" */
const char *tls_server_name(const tls_session *s);           /* by SNI, in lower case; NULL: none */
bool tls_is_resumed(const tls_session *s);
/** Whether the handshake was one of ACME's challenges (RFC 8737): close the connection, no request follows. */
bool tls_is_challenge(const tls_session *s);

/**
 * Whether requests for `host` (as in a Host header, without port) may be answered on this connection; otherwise they
 * are misdirected (421, RFC 9110 section 15.5.20). They may when the client asked for this name, or the certificate it
 * got has it; and when it asked for none, and no other certificate has it.
 */
bool tls_may_serve(const tls_session *s, const char *host, size_t len);

#endif
