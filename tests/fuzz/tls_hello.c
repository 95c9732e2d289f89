/* What arrives before a handshake is through: bytes of a client that may be no client. The first one says in how many
 * pieces they come. */
#include "tls/make.h"
#include "tls/session.h"
#include "tls/store.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char file[] = "/tmp/tern-fuzz-tls.pem";

static tls_context *context(void)
{
    static tls_context *made;
    static const tls_source source = {file, NULL};
    static const char *const protocols[] = {"h2", "http/1.1", NULL};
    const char *why;
    if (made != NULL)
        return made;
    if (!openssl_load(&why))
        abort();
    EVP_PKEY *key = tls_make_key("EC", 0);
    X509 *certificate = tls_make_certificate(&(tls_wish){.subject = "fuzz",
                                                         .names = (const char *const[]){"one.example", NULL},
                                                         .from_s = -3600,
                                                         .until_s = 365 * 24 * 3600,
                                                         .key = key});
    buf pem = {0}, problem = {0};
    if (certificate == NULL || !tls_pem_of_certificate(certificate, &pem) || !tls_pem_of_key(key, &pem) ||
        !tls_write_private_file(file, pem.data, pem.len))
        abort();
    made = tls_context_new(&(tls_settings){.sources = &source,
                                           .source_count = 1,
                                           .protocols = protocols,
                                           .challenge_folder = "/nonexistent"},
                           &problem);
    if (made == NULL)
        abort();
    openssl.X509_free(certificate);
    openssl.EVP_PKEY_free(key);
    buf_free(&pem);
    return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[2];
    char scrap[4096];
    if (size == 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
        return 0;
    size_t pieces = 1 + data[0] % 8, step = size / pieces + 1;
    tls_greet(fds[1]);
    tls_session *s = tls_session_open(context(), fds[1]);
    tls_step state = TLS_WANTS_READ;
    for (size_t at = 1; s != NULL && at < size && state != TLS_FAILED; at += step) {
        size_t len = size - at < step ? size - at : step;
        if (send(fds[0], data + at, len, MSG_NOSIGNAL) < 0)
            break;
        state = tls_handshake(s);
        while (recv(fds[0], scrap, sizeof scrap, MSG_DONTWAIT) > 0)
            continue;
    }
    if (s != NULL) {
        if (tls_server_name(s) != NULL)
            tls_may_serve(s, tls_server_name(s), strlen(tls_server_name(s)));
        tls_may_serve(s, (const char *)data, size);
        tls_finish(s);
        tls_session_close(s);
    }
    close(fds[0]);
    close(fds[1]);
    return 0;
}
