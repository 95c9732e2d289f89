/** What the files of this layer share of a context and a session. */
#ifndef TLS_INTERNAL_H
#define TLS_INTERNAL_H

#include "runtime/timer.h"
#include "tls/context.h"
#include "tls/openssl.h"
#include "tls/session.h"
#include "tls/store.h"
#include "tls/ticket.h"

#include <tern/shared.h>

enum {
    TLS_HOST_BYTES = 256, /* of a host name, with its NUL */
    /* Key updates, refused renegotiations and alerts without data between them: each costs much and moves nothing. */
    TLS_CONTROL_MOST = 32
};

/** Shared by all workers. */
typedef struct tls_shared {
    ticket_keys tickets;
    _Atomic uint64_t taken_stamp, refused_stamp; /* of the files: a change is logged by one worker */
    _Atomic uint64_t warned_day;                 /* when expiry was logged last */
} tls_shared;

struct tls_context {
    tls_settings settings;
    SSL_CTX *ssl; /* has the certificates of store->fallback */
    tls_store *store;
    tls_shared *shared;
    tern_shared_counter *reloads, *reload_failures;
    EVP_CIPHER *ticket_cipher;
    unsigned char *protocols; /* as ALPN sends them */
    unsigned protocols_len;
    uint64_t stamp;                           /* of the files that `store` was read from */
    uint64_t next_look_ms;                    /* not before does it look at the files */
    uint64_t wrong_since_ms;                  /* a change that is not right was seen then; 0: none */
    uint64_t refused_stamp, refused_until_ms; /* a refused change is tried again then */
    timer_entry retry;
};

struct tls_session {
    SSL *ssl;
    const tls_context *context;
    tls_store *store;     /* that the handshake used */
    const tls_name *name; /* in `store`: what the client asked for */
    char *server_name;    /* as the client sent it, in lower case; NULL: none */
    const char *failure;
    int fd;
    int error;              /* errno of the last call on the socket that failed */
    unsigned control_count; /* records without data, since the last one with some */
    bool is_drained;        /* the last recv returned less than it had room for */
    bool has_ended;         /* the peer has closed the socket */
    bool is_truncated;      /* without saying so before */
    bool is_dead;           /* no further byte can be sent or received */
    bool read_wants_write;
    bool has_more;        /* more follows what is sent now */
    bool is_challenge;    /* ACME's, for a certificate of challenge_folder */
    bool has_kernel_keys; /* the kernel encrypts what is sent */
};

/** A new SSL_CTX with the rules of `t` and the certificates of `store`; NULL with a line in `problem`. */
SSL_CTX *tls_make_ssl(tls_context *t, const tls_store *store, buf *problem);
/** The session that OpenSSL calls back for. */
static inline tls_session *tls_session_of(const SSL *ssl)
{
    return openssl.SSL_get_ex_data(ssl, 0);
}

/** A session without a role on a connected socket; NULL when out of memory. (session.c) */
tls_session *tls_session_make(SSL_CTX *ssl, int fd);

#endif
