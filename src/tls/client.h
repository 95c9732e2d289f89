/**
 * TLS towards a server that Tern calls by itself (Redis): its certificate is always verified, with its name.
 *
 * A connection is a tls_session, as one of a listener is: tls_handshake, tls_receive, tls_send, tls_session_close.
 */
#ifndef TLS_CLIENT_H
#define TLS_CLIENT_H

#include "base/buf.h"
#include "tls/session.h"

typedef struct tls_client tls_client;

/** NULL members are left out. */
typedef struct tls_client_settings {
    const char *ca_file;              /* PEM: authorities that are trusted instead of the system's */
    const char *cert_file, *key_file; /* PEM: the client's certificate and its key (NULL: in cert_file) */
} tls_client_settings;

/** Loads OpenSSL and the files. NULL with one line in `problem`, without a line end. */
tls_client *tls_client_new(const tls_client_settings *settings, buf *problem);
void tls_client_free(tls_client *t);

/** A session on a connected socket with a server that must have a certificate for `host`, a name or an IP address; NULL
 * when out of memory. `t` must stay open. */
tls_session *tls_client_open(const tls_client *t, int fd, const char *host);
/** Why the handshake failed, as tls_failure; for a certificate, what is wrong with it. */
const char *tls_client_failure(const tls_session *s);

#endif
