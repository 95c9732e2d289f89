#include "tls/client.h"

#include "base/mem.h"
#include "tls/internal.h"

#include <arpa/inet.h>

struct tls_client {
    SSL_CTX *ssl;
};

static bool refuse(buf *problem, const char *what, const char *file)
{
    buf_add_printf(problem, "%s \"%s\" cannot be used: %s", what, file, openssl_reason());
    return false;
}

static bool take_files(SSL_CTX *ssl, const tls_client_settings *s, buf *problem)
{
    const char *key = s->key_file != NULL ? s->key_file : s->cert_file;
    if (s->ca_file == NULL && openssl.SSL_CTX_set_default_verify_paths(ssl) != 1) {
        buf_add_text(problem, "the system's certificate authorities cannot be read");
        return false;
    }
    if (s->ca_file != NULL && openssl.SSL_CTX_load_verify_file(ssl, s->ca_file) != 1)
        return refuse(problem, ".ca_file", s->ca_file);
    if (s->cert_file != NULL && openssl.SSL_CTX_use_certificate_chain_file(ssl, s->cert_file) != 1)
        return refuse(problem, ".cert_file", s->cert_file);
    if (key != NULL && openssl.SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1)
        return refuse(problem, ".key_file", key);
    return true;
}

static bool set_rules(SSL_CTX *ssl)
{
    long mode =
        SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;
    openssl.SSL_CTX_ctrl(ssl, SSL_CTRL_MODE, mode, NULL);
    openssl.SSL_CTX_ctrl(ssl, SSL_CTRL_SET_READ_AHEAD, 1, NULL);
    openssl.SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    openssl.SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    return openssl.SSL_CTX_ctrl(ssl, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL) == 1;
}

tls_client *tls_client_new(const tls_client_settings *settings, buf *problem)
{
    const char *why;
    if (!openssl_load(&why)) {
        buf_add_text(problem, why);
        return NULL;
    }
    openssl.ERR_clear_error();
    tls_client *t = mem_zero(1, sizeof *t);
    if (t != NULL)
        t->ssl = openssl.SSL_CTX_new(openssl.TLS_client_method());
    if (t == NULL || t->ssl == NULL || !set_rules(t->ssl)) {
        openssl.ERR_clear_error();
        buf_add_text(problem, "out of memory for TLS");
    } else if (take_files(t->ssl, settings, problem)) {
        return t;
    }
    tls_client_free(t);
    return NULL;
}

void tls_client_free(tls_client *t)
{
    if (t == NULL)
        return;
    openssl.SSL_CTX_free(t->ssl);
    mem_free(t);
}

static bool expect(SSL *ssl, const char *host)
{
    unsigned char address[16];
    bool is_address = inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    if (is_address)
        return openssl.X509_VERIFY_PARAM_set1_ip_asc(openssl.SSL_get0_param(ssl), host) == 1;
    return openssl.SSL_set1_host(ssl, host) == 1 &&
           openssl.SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                            (void *)(uintptr_t)host) == 1;
}

tls_session *tls_client_open(const tls_client *t, int fd, const char *host)
{
    tls_session *s = tls_session_make(t->ssl, fd);
    if (s == NULL)
        return NULL;
    if (!expect(s->ssl, host)) {
        openssl.ERR_clear_error();
        tls_session_close(s);
        return NULL;
    }
    openssl.SSL_set_connect_state(s->ssl);
    return s;
}

const char *tls_client_failure(const tls_session *s)
{
    long result = openssl.SSL_get_verify_result(s->ssl);
    if (result != X509_V_OK)
        return openssl.X509_verify_cert_error_string(result);
    return s->failure != NULL && !s->has_ended ? s->failure : "the server closed the connection";
}
