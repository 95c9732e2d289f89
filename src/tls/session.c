/**
 * Sessions over OpenSSL.
 *
 * Hot path: tls_receive, tls_send. One recv and one send for a request whose head and reply fit in a record each: the
 * socket is read ahead in one piece, and is known to be empty when recv returned less than it had room for.
 */
#include "tls/internal.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* -- the socket, as OpenSSL sees it -- */

static int read_socket(BIO *bio, char *into, size_t size, size_t *got)
{
    tls_session *s = openssl.BIO_get_data(bio);
    ssize_t n;
    openssl.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    do
        n = recv(s->fd, into, size, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    s->is_drained = n < (ssize_t)size;
    if (n > 0) {
        *got = (size_t)n;
        return 1;
    }
    if (n == 0)
        s->has_ended = true;
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
        openssl.BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
    else
        s->error = errno;
    return 0;
}

static int write_socket(BIO *bio, const char *data, size_t len, size_t *sent)
{
    tls_session *s = openssl.BIO_get_data(bio);
    ssize_t n;
    openssl.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    do
        n = send(s->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT | (s->has_more ? MSG_MORE : 0));
    while (n < 0 && errno == EINTR);
    if (n >= 0) {
        *sent = (size_t)n;
        return 1;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        openssl.BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY);
    else
        s->error = errno;
    return 0;
}

static long control_socket(BIO *bio, int command, long number, void *pointer)
{
    (void)number, (void)pointer;
    const tls_session *s = openssl.BIO_get_data(bio);
    if (command == BIO_CTRL_EOF)
        return s->has_ended;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *socket_method(void)
{
    static BIO_METHOD *method; /* remains for the life of the process */
    if (method != NULL)
        return method;
    BIO_METHOD *made = openssl.BIO_meth_new(
        openssl.BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "tern socket");
    if (made == NULL)
        return NULL;
    openssl.BIO_meth_set_read_ex(made, read_socket);
    openssl.BIO_meth_set_write_ex(made, write_socket);
    openssl.BIO_meth_set_ctrl(made, control_socket);
    return method = made;
}

/** The session's own way to the socket; NULL when out of memory. */
static BIO *open_socket(tls_session *s)
{
    BIO_METHOD *method = socket_method();
    BIO *bio = method != NULL ? openssl.BIO_new(method) : NULL;
    if (bio == NULL)
        return NULL;
    openssl.BIO_set_data(bio, s);
    openssl.BIO_set_init(bio, 1);
    return bio;
}

/** OpenSSL gives keys to the kernel only through its own kind of BIO. */
static BIO *open_kernel_socket(const tls_session *s)
{
    BIO *bio = openssl.BIO_new(openssl.BIO_s_socket());
    if (bio != NULL)
        openssl.BIO_int_ctrl(bio, BIO_C_SET_FD, BIO_NOCLOSE, s->fd);
    return bio;
}

static bool set_sockets(tls_session *s)
{
    BIO *in = open_socket(s);
    if (in == NULL)
        return false;
    BIO *out = tls_kernel_can_encrypt() ? open_kernel_socket(s) : in;
    if (out == NULL) {
        openssl.BIO_free(in);
        return false;
    }
    openssl.SSL_set_bio(s->ssl, in, out); /* takes both over */
    return true;
}

/* -- opening, closing -- */

tls_greeting tls_greet(int fd)
{
    unsigned char first;
    ssize_t n;
    do
        n = recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? TLS_GREETING_NONE : TLS_GREETING_END;
    if (n == 0)
        return TLS_GREETING_END;
    if (first == SSL3_RT_HANDSHAKE)
        return TLS_GREETING_HELLO;
    bool is_text = first >= ' ' && first < 127;
    return is_text || first == '\r' || first == '\n' ? TLS_GREETING_PLAIN : TLS_GREETING_OTHER;
}

tls_session *tls_session_make(SSL_CTX *ssl, int fd)
{
    tls_session *s = mem_alloc(sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (tls_session){.fd = fd, .ssl = openssl.SSL_new(ssl)};
    if (s->ssl != NULL && openssl.SSL_set_ex_data(s->ssl, 0, s) == 1 && set_sockets(s))
        return s;
    openssl.ERR_clear_error();
    openssl.SSL_free(s->ssl);
    mem_free(s);
    return NULL;
}

tls_session *tls_session_open(const tls_context *context, int fd)
{
    tls_session *s = tls_session_make(context->ssl, fd);
    if (s == NULL)
        return NULL;
    s->context = context;
    s->store = tls_store_share(context->store);
    s->name = &s->store->fallback;
    openssl.SSL_ctrl(s->ssl, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, s);
    openssl.SSL_set_accept_state(s->ssl);
    return s;
}

void tls_session_close(tls_session *s)
{
    openssl.SSL_free(s->ssl);
    tls_store_drop(s->store);
    mem_free(s->server_name);
    mem_free(s);
}

/* -- results -- */

/** What a call on `s->ssl` that failed says: the error of SSL_get_error; the session is dead when it is one. */
static int explain(tls_session *s)
{
    int error = openssl.SSL_get_error(s->ssl, 0);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_ZERO_RETURN)
        return error;
    if (error == SSL_ERROR_SSL) {
        bool is_short = ERR_GET_REASON(openssl.ERR_peek_error()) == ERR_R_MALLOC_FAILURE;
        s->failure = openssl_reason();
        s->error = is_short ? ENOMEM : EPROTO;
    } else {
        openssl.ERR_clear_error();
        s->failure = "the connection broke";
        if (s->error == 0)
            s->error = ECONNRESET;
    }
    s->is_dead = true;
    return error;
}

tls_step tls_handshake(tls_session *s)
{
    openssl.ERR_clear_error();
    if (s->is_dead)
        return TLS_FAILED;
    if (openssl.SSL_do_handshake(s->ssl) == 1) {
        BIO *out = openssl.SSL_get_wbio(s->ssl);
        s->has_kernel_keys = openssl.BIO_ctrl(out, BIO_CTRL_GET_KTLS_SEND, 0, NULL) == 1;
        return TLS_DONE;
    }
    switch (explain(s)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANTS_WRITE;
    default:
        s->is_dead = true;
        return TLS_FAILED;
    }
}

const char *tls_failure(const tls_session *s)
{
    return s->failure != NULL ? s->failure : "the client closed the connection";
}

/* -- receiving -- */

long tls_receive(tls_session *s, void *into, size_t size)
{
    size_t got = 0;
    s->read_wants_write = false;
    if (s->is_dead) {
        errno = s->error != 0 ? s->error : EPIPE;
        return -1;
    }
    openssl.ERR_clear_error();
    if (openssl.SSL_read_ex(s->ssl, into, size, &got) == 1) {
        s->control_count = 0;
        return (long)got;
    }
    if (s->control_count > TLS_CONTROL_MOST) {
        openssl.ERR_clear_error();
        s->is_dead = true;
        s->failure = "too many records without data";
        s->error = errno = EPROTO;
        return -1;
    }
    switch (explain(s)) {
    case SSL_ERROR_WANT_WRITE:
        s->read_wants_write = true; /* fall through */
    case SSL_ERROR_WANT_READ:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN: /* a close_notify is seen before the end of the socket is */
        s->is_truncated = s->has_ended;
        return 0;
    default:
        errno = s->error;
        return -1;
    }
}

void tls_note_readable(tls_session *s)
{
    s->is_drained = false;
}

bool tls_has_pending(const tls_session *s)
{
    return !s->is_drained || openssl.SSL_has_pending(s->ssl) == 1;
}

bool tls_read_wants_write(const tls_session *s)
{
    return s->read_wants_write;
}

bool tls_is_truncated(const tls_session *s)
{
    return s->is_truncated;
}

/* -- sending -- */

/** One record's worth at most; the bytes taken, or -1 with errno. */
static ssize_t send_record(tls_session *s, const void *data, size_t len)
{
    size_t sent = 0;
    if (len > TLS_RECORD_BYTES)
        len = TLS_RECORD_BYTES;
    if (openssl.SSL_write_ex(s->ssl, data, len, &sent) == 1)
        return (ssize_t)sent;
    int error = explain(s);
    bool must_wait = error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ;
    errno = must_wait ? EAGAIN : s->error != 0 ? s->error : EPIPE;
    return -1;
}

/** Where records are joined from several parts; of the process, because no send is interrupted by another one. */
static char joined[TLS_RECORD_BYTES];

/**
 * The next record's worth of `parts` after `skipped` bytes: in place when one part fills the record or nothing follows
 * it, otherwise copied together. `*len` is 0 at the end.
 */
static const void *next_record(const struct iovec *parts, size_t count, size_t skipped, size_t *len)
{
    const struct iovec *end = parts + count;
    while (parts < end && skipped >= parts->iov_len)
        skipped -= parts++->iov_len;
    *len = 0;
    if (parts == end)
        return NULL;
    const char *data = (const char *)parts->iov_base + skipped;
    size_t room = parts->iov_len - skipped;
    if (room >= TLS_RECORD_BYTES || parts + 1 == end) {
        *len = room;
        return data;
    }
    for (; parts < end && *len < TLS_RECORD_BYTES; parts++, skipped = 0) {
        size_t left = parts->iov_len - skipped, space = TLS_RECORD_BYTES - *len;
        size_t taken = left < space ? left : space;
        if (taken != 0)
            memcpy(joined + *len, (const char *)parts->iov_base + skipped, taken);
        *len += taken;
    }
    return joined;
}

static bool may_send(const tls_session *s)
{
    openssl.ERR_clear_error();
    if (s->is_dead)
        errno = s->error != 0 ? s->error : EPIPE;
    return !s->is_dead;
}

ssize_t tls_send(tls_session *s, const struct iovec *parts, size_t count, bool more)
{
    size_t taken = 0;
    s->has_more = more;
    if (!may_send(s))
        return -1;
    while (taken < TLS_SEND_BYTES) {
        size_t len;
        const void *data = next_record(parts, count, taken, &len);
        if (len == 0)
            break;
        ssize_t n = send_record(s, data, len);
        if (n < 0)
            return taken != 0 ? (ssize_t)taken : -1;
        taken += (size_t)n;
    }
    return (ssize_t)taken;
}

/** Through the kernel, which reads the file and encrypts; the bytes taken, or -1 with errno. */
static ssize_t send_file_by_kernel(tls_session *s, int file, uint64_t offset, size_t size)
{
    ssize_t n = openssl.SSL_sendfile(s->ssl, file, (off_t)offset, size, 0);
    if (n >= 0)
        return n;
    int error = explain(s);
    errno = error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? EAGAIN : s->error;
    return -1;
}

ssize_t tls_send_file(tls_session *s, int file, uint64_t offset, size_t size)
{
    size_t taken = 0;
    s->has_more = false;
    if (!may_send(s))
        return -1;
    if (size > TLS_SEND_BYTES)
        size = TLS_SEND_BYTES;
    if (s->has_kernel_keys)
        return send_file_by_kernel(s, file, offset, size);
    while (taken < size) {
        size_t piece = size - taken < sizeof joined ? size - taken : sizeof joined;
        ssize_t n = pread(file, joined, piece, (off_t)(offset + taken));
        if (n < 0 && errno == EINTR)
            continue;
        if (n > 0)
            n = send_record(s, joined, (size_t)n);
        if (n <= 0)
            return taken != 0 ? (ssize_t)taken : n;
        taken += (size_t)n;
    }
    return (ssize_t)taken;
}

bool tls_finish(tls_session *s)
{
    s->has_more = false;
    openssl.ERR_clear_error();
    if (s->is_dead || !openssl.SSL_is_init_finished(s->ssl))
        return true;
    if (openssl.SSL_shutdown(s->ssl) >= 0)
        return true;
    return explain(s) != SSL_ERROR_WANT_WRITE;
}

void tls_abandon(tls_session *s)
{
    s->is_dead = true;
}

/* -- facts -- */

const char *tls_protocol(const tls_session *s, size_t *len)
{
    const unsigned char *name = NULL;
    unsigned bytes = 0;
    openssl.SSL_get0_alpn_selected(s->ssl, &name, &bytes);
    *len = bytes;
    return (const char *)name;
}

const char *tls_version(const tls_session *s)
{
    return openssl.SSL_get_version(s->ssl);
}

const char *tls_cipher(const tls_session *s)
{
    return openssl.SSL_CIPHER_get_name(openssl.SSL_get_current_cipher(s->ssl));
}

const char *tls_server_name(const tls_session *s)
{
    return s->server_name;
}

bool tls_is_resumed(const tls_session *s)
{
    return openssl.SSL_session_reused(s->ssl) == 1;
}

bool tls_is_challenge(const tls_session *s)
{
    return s->is_challenge;
}
