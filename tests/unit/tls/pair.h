/** Certificates in files, and a client and a server of TLS on a socket pair: for the tests of this layer. */
#ifndef TESTS_TLS_PAIR_H
#define TESTS_TLS_PAIR_H

#include "check.h"
#include "tls/internal.h"
#include "tls/make.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wunused-function"

enum { PAIR_DAY_S = 24 * 3600 };

static char pair_folder[64];
static EVP_PKEY *pair_authority_key;
static X509 *pair_authority;

/** The path of a file of this test; valid as long as the test. */
static const char *file_of(const char *name)
{
    static char paths[64][96];
    char path[96];
    unsigned i = 0;
    snprintf(path, sizeof path, "%s/%s", pair_folder, name);
    while (i < 64 && paths[i][0] != '\0' && strcmp(paths[i], path) != 0)
        i++;
    CHECK(i < 64);
    return strcpy(paths[i], path);
}

static void write_text(const char *name, const char *text, size_t len)
{
    CHECK(tls_write_private_file(file_of(name), text, len));
}

static void remove_files(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", pair_folder);
    int code = system(command);
    (void)code;
}

/** Makes the folder and the authority of this test. */
static void begin_files(void)
{
    const char *why;
    CHECK(openssl_load(&why));
    strcpy(pair_folder, "/tmp/tern-tls-XXXXXX");
    CHECK(mkdtemp(pair_folder) != NULL);
    atexit(remove_files);
    pair_authority_key = tls_make_key("EC", 0);
    pair_authority = tls_make_certificate(&(tls_wish){.subject = "Test authority",
                                                      .is_authority = true,
                                                      .from_s = -PAIR_DAY_S,
                                                      .until_s = 3650 * PAIR_DAY_S,
                                                      .key = pair_authority_key});
    buf pem = {0};
    CHECK(tls_pem_of_certificate(pair_authority, &pem));
    write_text("authority.pem", pem.data, pem.len);
    buf_free(&pem);
}

/** Writes NAME.crt and NAME.key, signed by the authority; `kind` is of tls_make_key. */
static void make_files(const char *name, const char *kind, unsigned bits, const char *const *names,
                       long from_s, long until_s)
{
    char path[64];
    buf pem = {0}, secret = {0};
    EVP_PKEY *key = tls_make_key(kind, bits);
    X509 *certificate = tls_make_certificate(&(tls_wish){.subject = name,
                                                         .names = names,
                                                         .from_s = from_s,
                                                         .until_s = until_s,
                                                         .key = key,
                                                         .issuer = pair_authority,
                                                         .issuer_key = pair_authority_key});
    CHECK(certificate != NULL && tls_pem_of_certificate(certificate, &pem) && tls_pem_of_key(key, &secret));
    snprintf(path, sizeof path, "%s.crt", name);
    write_text(path, pem.data, pem.len);
    snprintf(path, sizeof path, "%s.key", name);
    write_text(path, secret.data, secret.len);
    buf_free(&pem);
    buf_free(&secret);
    openssl.X509_free(certificate);
    openssl.EVP_PKEY_free(key);
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/** A good certificate of P-256 for these names. */
static void make_good(const char *name, const char *const *names)
{
    make_files(name, "EC", 0, names, -PAIR_DAY_S, 90 * PAIR_DAY_S);
}

static void end_files(void)
{
    openssl.X509_free(pair_authority);
    openssl.EVP_PKEY_free(pair_authority_key);
}

/* -- contexts -- */

static const char *const pair_protocols[] = {"h2", "http/1.1", NULL};

static tls_context *context_with(const tls_settings *settings)
{
    buf problem = {0};
    tls_settings given = *settings;
    if (given.protocols == NULL)
        given.protocols = pair_protocols;
    tls_context *t = tls_context_new(&given, &problem);
    if (t == NULL)
        check_fail(__FILE__, __LINE__, "no context: %s", problem.data);
    buf_free(&problem);
    return t;
}

#define CONTEXT(...) context_with(&(tls_settings){__VA_ARGS__})
#define SOURCES(...)                                                                                         \
    .sources = (const tls_source[]){__VA_ARGS__},                                                            \
    .source_count = sizeof((const tls_source[]){__VA_ARGS__}) / sizeof(tls_source)

/** The problem of a context that must not be made. */
static char *problem_of(const tls_settings *settings)
{
    static char text[1024];
    buf problem = {0};
    tls_context *t = tls_context_new(settings, &problem);
    CHECK(t == NULL);
    snprintf(text, sizeof text, "%s", problem.len != 0 ? problem.data : "");
    buf_free(&problem);
    return text;
}

/* -- a client and a server -- */

typedef struct pair {
    int fds[2]; /* client, server */
    SSL_CTX *rules;
    SSL *client;
    tls_session *server;
    tls_step step;
    int client_error; /* of its handshake; 0: it is through */
} pair;

typedef struct pair_client {
    const char *name;              /* SNI */
    const char *protocols;         /* as ALPN sends them */
    int least, most;               /* versions; 0: any */
    const char *signatures;        /* NULL: any */
    const char *certificate, *key; /* of the client */
    SSL_SESSION *session;          /* to resume */
} pair_client;

static void set_blocking(int fd, bool is_blocking)
{
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, is_blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static void pair_make_client(pair *p, const pair_client *how)
{
    p->rules = SSL_CTX_new(TLS_client_method());
    CHECK(SSL_CTX_load_verify_file(p->rules, file_of("authority.pem")) == 1);
    if (how->least != 0)
        SSL_CTX_set_min_proto_version(p->rules, how->least);
    if (how->most != 0)
        SSL_CTX_set_max_proto_version(p->rules, how->most);
    if (how->signatures != NULL)
        CHECK(SSL_CTX_set1_sigalgs_list(p->rules, how->signatures) == 1);
    if (how->certificate != NULL) {
        CHECK(SSL_CTX_use_certificate_file(p->rules, how->certificate, SSL_FILETYPE_PEM) == 1);
        CHECK(SSL_CTX_use_PrivateKey_file(p->rules, how->key, SSL_FILETYPE_PEM) == 1);
    }
    SSL_CTX_set_verify(p->rules, SSL_VERIFY_NONE, NULL);
    p->client = SSL_new(p->rules);
    if (how->name != NULL)
        SSL_set_tlsext_host_name(p->client, how->name);
    if (how->protocols != NULL)
        SSL_set_alpn_protos(p->client, (const unsigned char *)how->protocols,
                            (unsigned)strlen(how->protocols));
    if (how->session != NULL)
        SSL_set_session(p->client, how->session);
    SSL_set_fd(p->client, p->fds[0]);
    SSL_set_connect_state(p->client);
}

/** Takes turns until both are through or one has failed; the client reads what is left for it. */
static void pair_shake(pair *p)
{
    for (unsigned turn = 0; turn < 20; turn++) {
        bool was_through = p->client_error == 0;
        if (!was_through || turn == 0) {
            ERR_clear_error();
            int n = SSL_do_handshake(p->client);
            p->client_error = n == 1 ? 0 : SSL_get_error(p->client, n);
        }
        if (p->step != TLS_DONE && p->step != TLS_FAILED)
            p->step = tls_handshake(p->server);
        if (p->client_error == 0 && p->step == TLS_DONE)
            return;
        if (p->step == TLS_FAILED && p->client_error != SSL_ERROR_WANT_READ)
            return;
    }
}

static void pair_open(pair *p, const tls_context *t, const pair_client *how)
{
    *p = (pair){.step = TLS_WANTS_READ, .client_error = SSL_ERROR_WANT_READ};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, p->fds) == 0);
    set_blocking(p->fds[0], false);
    set_blocking(p->fds[1], false);
    pair_make_client(p, how);
    p->server = tls_session_open(t, p->fds[1]);
    CHECK(p->server != NULL);
    pair_shake(p);
}

#define PAIR(p, t, ...)                                                                                      \
    pair p;                                                                                                  \
    pair_open(&p, t, &(pair_client){__VA_ARGS__})

static void pair_close(pair *p)
{
    SSL_free(p->client);
    SSL_CTX_free(p->rules);
    tls_session_close(p->server);
    close(p->fds[0]);
    close(p->fds[1]);
}

/** The common name of the certificate that the client got; NULL: none. */
static const char *name_of_server(const pair *p)
{
    static char name[64];
    X509 *certificate = SSL_get1_peer_certificate(p->client);
    if (certificate == NULL)
        return NULL;
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    X509_free(certificate);
    return name;
}

/** The alert that the server has sent, as OpenSSL's client reports it. */
static const char *alert_of(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    return reason != NULL ? reason : "";
}

#endif
