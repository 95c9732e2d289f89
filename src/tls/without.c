/** The layer in a build without OpenSSL's headers: a listener that wants TLS is refused at start. */
#include "tls/client.h"
#include "tls/context.h"
#include "tls/dev.h"
#include "tls/peer.h"
#include "tls/session.h"

tls_context *tls_context_new(const tls_settings *settings, buf *problem)
{
    (void)settings;
    buf_add_text(problem, "this program was built without TLS: install libssl-dev and build Tern again\n");
    return NULL;
}

bool tls_dev_prepare(tls_dev *out, buf *problem)
{
    *out = (tls_dev){0};
    tls_context_new(NULL, problem);
    return false;
}

tls_client *tls_client_new(const tls_client_settings *settings, buf *problem)
{
    (void)settings;
    buf_add_text(problem, "this program was built without TLS: install libssl-dev and build Tern again");
    return NULL;
}

/* No context exists, so none of these is called; they keep programs linking. */
#define WITHOUT(type, name, parameters, value)                                                               \
    type name parameters                                                                                     \
    {                                                                                                        \
        return value;                                                                                        \
    }
#pragma GCC diagnostic ignored "-Wunused-parameter"

WITHOUT(void, tls_context_free, (tls_context * t), )
WITHOUT(void, tls_context_refresh, (tls_context * t, uint64_t now_ms), )
WITHOUT(tls_totals, tls_get_totals, (const tls_context *t), (tls_totals){0})
WITHOUT(bool, tls_kernel_can_encrypt, (void), false)
WITHOUT(void, tls_dev_free, (tls_dev * dev), )
WITHOUT(tls_greeting, tls_greet, (int fd), TLS_GREETING_END)
WITHOUT(tls_session *, tls_session_open, (const tls_context *context, int fd), NULL)
WITHOUT(void, tls_session_close, (tls_session * s), )
WITHOUT(tls_step, tls_handshake, (tls_session * s), TLS_FAILED)
WITHOUT(const char *, tls_failure, (const tls_session *s), "")
WITHOUT(long, tls_receive, (tls_session * s, void *into, size_t size), -1)
WITHOUT(void, tls_note_readable, (tls_session * s), )
WITHOUT(bool, tls_has_pending, (const tls_session *s), false)
WITHOUT(bool, tls_read_wants_write, (const tls_session *s), false)
WITHOUT(bool, tls_is_truncated, (const tls_session *s), false)
WITHOUT(ssize_t, tls_send, (tls_session * s, const struct iovec *parts, size_t count, bool more), -1)
WITHOUT(ssize_t, tls_send_file, (tls_session * s, int file, uint64_t offset, size_t size), -1)
WITHOUT(bool, tls_finish, (tls_session * s), true)
WITHOUT(void, tls_abandon, (tls_session * s), )
WITHOUT(const char *, tls_protocol, (const tls_session *s, size_t *len), NULL)
WITHOUT(const char *, tls_version, (const tls_session *s), "")
WITHOUT(const char *, tls_cipher, (const tls_session *s), "")
WITHOUT(const char *, tls_server_name, (const tls_session *s), NULL)
WITHOUT(bool, tls_is_resumed, (const tls_session *s), false)
WITHOUT(bool, tls_is_challenge, (const tls_session *s), false)
WITHOUT(bool, tls_may_serve, (const tls_session *s, const char *host, size_t len), true)
WITHOUT(bool, tls_has_peer, (const tls_session *s), false)
WITHOUT(bool, tls_read_peer, (const tls_session *s, arena *a, tls_peer *out), false)
WITHOUT(const char *, tls_peer_pem, (const tls_session *s, arena *a), NULL)
WITHOUT(void, tls_client_free, (tls_client * t), )
WITHOUT(tls_session *, tls_client_open, (const tls_client *t, int fd, const char *host), NULL)
WITHOUT(const char *, tls_client_failure, (const tls_session *s), "")
