/* What a handshake agrees on. */
#include "pair.h"

#define ONE_NAME CONTEXT(SOURCES({file_of("one.crt"), file_of("one.key")}))

TEST(a_client_of_tls_13_gets_the_certificate_and_the_first_protocol_in_common)
{
    size_t len;
    begin_files();
    make_good("one", NAMES("one.example"));
    tls_context *t = ONE_NAME;
    PAIR(p, t, .name = "one.example", .protocols = "\x08http/1.1\x02h2");
    CHECK_INT(p.step, TLS_DONE);
    CHECK_INT(p.client_error, 0);
    CHECK_TEXT(name_of_server(&p), "one");
    CHECK_TEXT(tls_version(p.server), "TLSv1.3");
    CHECK_TEXT(tls_cipher(p.server), "TLS_AES_128_GCM_SHA256");
    CHECK_TEXT(tls_server_name(p.server), "one.example");
    const char *protocol = tls_protocol(p.server, &len);
    CHECK_BYTES(protocol, len, "h2", 2);
    CHECK_INT(SSL_get_verify_result(p.client), X509_V_OK);
    pair_close(&p);
    tls_context_free(t);
    end_files();
}
