#include "tls/hello.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

static const unsigned char challenge_protocol[] = "\x0a"
                                                  "acme-tls/1";

bool tls_host_name(const char *name, size_t len, char *out)
{
    if (len > 0 && name[len - 1] == '.')
        len--;
    if (len == 0 || len >= TLS_HOST_BYTES)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = text_lower((unsigned char)name[i]);
        bool is_allowed = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
                          byte == '_' || byte == ':' || (byte == '.' && i > 0 && name[i - 1] != '.');
        if (!is_allowed)
            return false;
        out[i] = (char)byte;
    }
    out[len] = '\0';
    return true;
}

/* -- reading -- */

static unsigned read_u16(const unsigned char *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/** The host name in a server_name extension (RFC 6066 section 3): `*len` bytes; NULL for an extension of another
 * form. */
static const unsigned char *read_server_name(const unsigned char *data, size_t size, size_t *len)
{
    bool is_whole = size >= 5 && read_u16(data) == size - 2 && data[2] == TLSEXT_NAMETYPE_host_name &&
                    read_u16(data + 3) == size - 5;
    *len = is_whole ? size - 5 : 0;
    return is_whole ? data + 5 : NULL;
}

/** Keeps the name that the client asked for and finds its certificates; false when out of memory. */
static bool take_server_name(tls_session *s, SSL *ssl)
{
    const unsigned char *data;
    size_t size, len;
    char host[TLS_HOST_BYTES];
    if (openssl.SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1)
        return true;
    const unsigned char *name = read_server_name(data, size, &len);
    if (name == NULL || !tls_host_name((const char *)name, len, host))
        return true;          /* OpenSSL refuses what is malformed */
    mem_free(s->server_name); /* of a first hello, before the server asked for another one */
    s->server_name = mem_text(host, strlen(host));
    const tls_name *found = tls_store_find(s->store, host);
    s->name = found != NULL ? found : &s->store->fallback;
    return s->server_name != NULL;
}

/** Whether the only protocol offered is that of ACME's challenges (RFC 8737 section 3). */
static bool is_challenge(SSL *ssl)
{
    const unsigned char *data;
    size_t size;
    return openssl.SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &data,
                                             &size) == 1 &&
           size == 2 + sizeof challenge_protocol - 1 &&
           memcmp(data + 2, challenge_protocol, sizeof challenge_protocol - 1) == 0;
}

int tls_on_hello(SSL *ssl, int *alert, void *context)
{
    const tls_context *t = context;
    tls_session *s = tls_session_of(ssl);
    if (!take_server_name(s, ssl)) {
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_CLIENT_HELLO_ERROR;
    }
    s->is_challenge = t->settings.challenge_folder != NULL && s->server_name != NULL && is_challenge(ssl);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* -- certificates -- */

static bool use(SSL *ssl, const tls_certificate *c)
{
    return openssl.SSL_use_cert_and_key(ssl, c->leaf, c->key, c->chain, 1) == 1;
}

/** The certificate that proves to an authority of ACME that this server has the name. */
static bool use_challenge(const tls_context *t, SSL *ssl, const char *name)
{
    buf path = {0}, problem = {0};
    const tls_certificate_rules any = {0};
    buf_add_printf(&path, "%s/%s.pem", t->settings.challenge_folder, name);
    tls_certificate *c = path.failed ? NULL : tls_certificate_load(path.data, NULL, &any, &problem);
    bool is_used = c != NULL && use(ssl, c);
    tls_certificate_drop(c);
    buf_free(&path);
    buf_free(&problem);
    return is_used;
}

/** Called before the server's certificate is chosen: gives OpenSSL those of the name, of which it takes the one whose
 * kind of key the client can verify. Those of the fallback are in the SSL_CTX already. */
int tls_on_certificate(SSL *ssl, void *context)
{
    const tls_context *t = context;
    const tls_session *s = tls_session_of(ssl);
    if (s->is_challenge) {
        openssl.SSL_certs_clear(ssl);
        openssl.SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
        return use_challenge(t, ssl, s->server_name);
    }
    bool is_set = s->store == t->store &&
                  memcmp(s->name->by_kind, s->store->fallback.by_kind, sizeof s->name->by_kind) == 0;
    if (is_set)
        return 1;
    openssl.SSL_certs_clear(ssl);
    for (unsigned kind = 0; kind < TLS_KEY_KINDS; kind++)
        if (s->name->by_kind[kind] != NULL && !use(ssl, s->name->by_kind[kind]))
            return 0;
    return 1;
}

/* -- protocols -- */

/** Whether the list has the protocol; both as ALPN sends them, a length before each name. */
static bool offers(const unsigned char *list, unsigned len, const unsigned char *protocol)
{
    for (unsigned at = 0; at < len; at += 1u + list[at])
        if (list[at] == protocol[0] && at + 1u + list[at] <= len &&
            memcmp(list + at, protocol, 1u + list[at]) == 0)
            return true;
    return false;
}

int tls_on_protocols(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                     const unsigned char *offered, unsigned len, void *context)
{
    const tls_context *t = context;
    const unsigned char *chosen = NULL;
    if (tls_session_of(ssl)->is_challenge)
        chosen = challenge_protocol;
    for (unsigned at = 0; chosen == NULL && at < t->protocols_len; at += 1u + t->protocols[at])
        if (offers(offered, len, t->protocols + at))
            chosen = t->protocols + at;
    if (chosen == NULL)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* an alert of its own: RFC 7301 section 3.2 */
    *out = chosen + 1;
    *out_len = chosen[0];
    return SSL_TLSEXT_ERR_OK;
}

/* -- hosts of requests -- */

static bool is_named(const tls_name *name, const char *host)
{
    for (unsigned kind = 0; kind < TLS_KEY_KINDS; kind++)
        if (name->by_kind[kind] != NULL && tls_certificate_names(name->by_kind[kind], host))
            return true;
    return false;
}

bool tls_may_serve(const tls_session *s, const char *host, size_t len)
{
    char name[TLS_HOST_BYTES];
    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    if (s->server_name != NULL && strlen(s->server_name) == len &&
        text_equal_nocase(host, s->server_name, len))
        return true;
    if (!tls_host_name(host, len, name))
        return s->server_name == NULL;
    if ((s->server_name != NULL && strcmp(name, s->server_name) == 0) || is_named(s->name, name))
        return true;
    return s->server_name == NULL && tls_store_find(s->store, name) == NULL;
}
