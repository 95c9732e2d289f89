#include "tls/hello.h"

#include "base/clock.h"
#include "base/mem.h"
#include "runtime/loop.h"
#include "runtime/shared.h"

#include <tern/log.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LEAST_RSA_BITS = 2048,
    SESSION_S = TICKET_PERIOD_MS / 1000, /* that a client may resume a session for */
    CHAIN_DEPTH = 8,                     /* authorities between a client's certificate and the root */
    LOOK_MS = 1000,                      /* between two looks at the files */
    PATIENCE_MS = 3000,                  /* for a change to become right */
    REFUSED_MS = 60000,                  /* before a refused change is tried again */
    DAY_S = 24 * 3600,
    WARNING_S = 14 * DAY_S
};

static const char suites[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                             "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                             "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
static const char suites_13[] = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
static const char groups[] = "X25519:P-256";
static const char signatures[] = "ECDSA+SHA256:ed25519:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:"
                                 "RSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA512:RSA+SHA512";

bool tls_kernel_can_encrypt(void)
{
    static int known; /* 1: yes, -1: no */
    if (known != 0)
        return known > 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    /* on a socket that is not connected: ENOTCONN when the kernel has it, ENOENT when it has not */
    bool has_it = setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls") == 0 || errno == ENOTCONN;
    close(fd);
    known = has_it ? 1 : -1;
    return has_it;
}

/* -- tickets -- */

static int take_keys(const ticket_key *key, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                     const tls_context *t, bool is_new)
{
    OSSL_PARAM params[] = {{OSSL_MAC_PARAM_KEY, OSSL_PARAM_OCTET_STRING, (void *)(uintptr_t)key->mac,
                            sizeof key->mac, OSSL_PARAM_UNMODIFIED},
                           {OSSL_MAC_PARAM_DIGEST, OSSL_PARAM_UTF8_STRING, (void *)(uintptr_t) "SHA256", 6,
                            OSSL_PARAM_UNMODIFIED},
                           {NULL, 0, NULL, 0, 0}};
    int is_set = is_new ? openssl.EVP_EncryptInit_ex(cipher, t->ticket_cipher, NULL, key->cipher, iv)
                        : openssl.EVP_DecryptInit_ex(cipher, t->ticket_cipher, NULL, key->cipher, iv);
    return is_set == 1 && openssl.EVP_MAC_CTX_set_params(mac, params) == 1;
}

/** Of OpenSSL: for a ticket to be made (1: done, 0: make none), or one that has come (1: good, 2: good, and make a new
 * one, 0: of no key). */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int is_new)
{
    const tls_context *t = tls_session_of(ssl)->context;
    ticket_key key;
    bool is_present = true;
    uint64_t now_ms = clock_coarse_ms();
    if (is_new) {
        if (!ticket_key_now(&t->shared->tickets, now_ms, &key) || openssl.RAND_bytes(iv, 16) != 1)
            return 0;
        memcpy(name, key.name, sizeof key.name);
    } else if (!ticket_key_find(&t->shared->tickets, now_ms, name, &key, &is_present)) {
        return 0;
    }
    int is_set = take_keys(&key, iv, cipher, mac, t, is_new != 0);
    openssl.OPENSSL_cleanse(&key, sizeof key);
    return !is_set ? -1 : is_present ? 1 : 2;
}

/* -- floods -- */

/** Of OpenSSL: for each record (its header, or in TLS 1.3 its inner type). Those without data are counted, and past a
 * number nothing more is read: tls_receive says so. */
static void on_record(int is_ours, int version, int type, const void *data, size_t len, SSL *ssl,
                      void *session)
{
    (void)version;
    tls_session *s = session;
    if (is_ours || s == NULL || len == 0 || !openssl.SSL_is_init_finished(ssl))
        return;
    unsigned char record = *(const unsigned char *)data;
    bool is_control = (type == SSL3_RT_HEADER && record != SSL3_RT_APPLICATION_DATA) ||
                      (type == SSL3_RT_INNER_CONTENT_TYPE && record != SSL3_RT_APPLICATION_DATA);
    if (is_control && ++s->control_count > TLS_CONTROL_MOST)
        openssl.SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
}

/* -- the SSL_CTX -- */

/** Rules that do not depend on settings; false when out of memory. */
static bool set_rules(SSL_CTX *ssl)
{
    long mode = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN;
    /* The end of a socket without close_notify is not an error to OpenSSL, so that a client that has closed its side
     * gets its answer as without TLS; tls_receive still sees the difference. */
    uint64_t options = SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                       (tls_kernel_can_encrypt() ? SSL_OP_ENABLE_KTLS : 0);
    openssl.SSL_CTX_clear_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT);
    openssl.SSL_CTX_set_options(ssl, options);
    openssl.SSL_CTX_ctrl(ssl, SSL_CTRL_MODE, mode, NULL);
    openssl.SSL_CTX_ctrl(ssl, SSL_CTRL_SET_READ_AHEAD, 1, NULL);
    openssl.SSL_CTX_ctrl(ssl, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
    openssl.SSL_CTX_set_timeout(ssl, SESSION_S);
    openssl.SSL_CTX_set_msg_callback(ssl, on_record);
    return openssl.SSL_CTX_ctrl(ssl, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL) == 1 &&
           openssl.SSL_CTX_ctrl(ssl, SSL_CTRL_SET_MAX_PROTO_VERSION, TLS1_3_VERSION, NULL) == 1 &&
           openssl.SSL_CTX_set_cipher_list(ssl, suites) == 1 &&
           openssl.SSL_CTX_set_ciphersuites(ssl, suites_13) == 1 &&
           openssl.SSL_CTX_ctrl(ssl, SSL_CTRL_SET_GROUPS_LIST, 0, (void *)(uintptr_t)groups) == 1 &&
           openssl.SSL_CTX_ctrl(ssl, SSL_CTRL_SET_SIGALGS_LIST, 0, (void *)(uintptr_t)signatures) == 1;
}

/** Sessions of other rules for client certificates are not resumed. */
static bool set_session_rules(const tls_settings *settings, SSL_CTX *ssl)
{
    buf rules = {0};
    unsigned char digest[32];
    struct stat status = {0};
    if (settings->client_ca != NULL)
        stat(settings->client_ca, &status);
    buf_add_printf(&rules, "tern %d %s %lld %lld", (int)settings->client_auth,
                   settings->client_ca != NULL ? settings->client_ca : "", (long long)status.st_mtime,
                   (long long)status.st_ino);
    bool is_set = !rules.failed &&
                  openssl.EVP_Q_digest(NULL, "SHA256", NULL, rules.data, rules.len, digest, NULL) == 1 &&
                  openssl.SSL_CTX_set_session_id_context(ssl, digest, sizeof digest) == 1;
    buf_free(&rules);
    return is_set;
}

static bool set_client_auth(const tls_settings *settings, SSL_CTX *ssl, buf *problem)
{
    if (settings->client_auth == TLS_CLIENT_AUTH_OFF)
        return true;
    struct stat status;
    if (stat(settings->client_ca, &status) != 0) {
        buf_add_printf(problem, "%s: cannot be read: %s (the authorities of client certificates)\n",
                       settings->client_ca, strerror(errno));
        return false;
    }
    STACK_OF(X509_NAME) *names = openssl.SSL_load_client_CA_file(settings->client_ca);
    if (names == NULL || openssl.SSL_CTX_load_verify_file(ssl, settings->client_ca) != 1) {
        openssl.ERR_clear_error();
        buf_add_printf(
            problem,
            "%s: contains no certificate in PEM form; --tls-client-ca needs those of the authorities "
            "that sign client certificates\n",
            settings->client_ca);
        return false;
    }
    int mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;
    if (settings->client_auth == TLS_CLIENT_AUTH_REQUIRED)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    openssl.SSL_CTX_set_client_CA_list(ssl, names);
    openssl.SSL_CTX_set_verify(ssl, mode, NULL);
    openssl.SSL_CTX_set_verify_depth(ssl, CHAIN_DEPTH);
    return true;
}

/** OpenSSL's own rules (a weak signature in the chain, a curve) are asked about every certificate. */
static bool accepts_all(SSL_CTX *ssl, const tls_store *store, buf *problem)
{
    for (unsigned i = 0; i < store->count; i++) {
        const tls_certificate *c = store->certificates[i];
        if (openssl.SSL_CTX_use_cert_and_key(ssl, c->leaf, c->key, c->chain, 1) == 1)
            continue;
        buf_add_printf(problem, "%s: OpenSSL refuses the certificate: %s; make a new one\n", c->file,
                       openssl_reason());
        return false;
    }
    for (unsigned kind = 0; kind < TLS_KEY_KINDS; kind++) {
        const tls_certificate *c = store->fallback.by_kind[kind];
        if (c != NULL && openssl.SSL_CTX_use_cert_and_key(ssl, c->leaf, c->key, c->chain, 1) != 1)
            return false;
    }
    return true;
}

SSL_CTX *tls_make_ssl(tls_context *t, const tls_store *store, buf *problem)
{
    size_t before = problem->len;
    openssl.ERR_clear_error();
    SSL_CTX *ssl = openssl.SSL_CTX_new(openssl.TLS_server_method());
    if (ssl != NULL && set_rules(ssl) && set_session_rules(&t->settings, ssl) &&
        set_client_auth(&t->settings, ssl, problem) && accepts_all(ssl, store, problem)) {
        openssl.SSL_CTX_set_client_hello_cb(ssl, tls_on_hello, t);
        openssl.SSL_CTX_set_cert_cb(ssl, tls_on_certificate, t);
        openssl.SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, on_ticket);
        if (t->protocols_len != 0)
            openssl.SSL_CTX_set_alpn_select_cb(ssl, tls_on_protocols, t);
        return ssl;
    }
    if (problem->len == before)
        buf_add_printf(problem, "OpenSSL cannot be set up: %s\n", openssl_reason());
    openssl.ERR_clear_error();
    openssl.SSL_CTX_free(ssl);
    return NULL;
}

/* -- opening, closing -- */

static bool take_protocols(tls_context *t, const char *const *names)
{
    buf wire = {0};
    for (; names != NULL && *names != NULL; names++) {
        unsigned char len = (unsigned char)strlen(*names);
        buf_add(&wire, &len, 1);
        buf_add_text(&wire, *names);
    }
    t->protocols = (unsigned char *)wire.data;
    t->protocols_len = (unsigned)wire.len;
    return !wire.failed;
}

static uint64_t stamp_of(const tls_settings *settings)
{
    const tls_source authorities = {settings->client_ca, NULL};
    uint64_t stamp = tls_store_stamp(settings->sources, settings->source_count);
    return settings->client_ca != NULL ? stamp * 31 + tls_store_stamp(&authorities, 1) : stamp;
}

static tls_store *load_store(const tls_context *t, const tls_store *old, buf *problem)
{
    const tls_certificate_rules rules = {.now_s = clock_wall_s(), .least_rsa_bits = LEAST_RSA_BITS};
    size_t before = problem->len;
    tls_store *store = tls_store_load(t->settings.sources, t->settings.source_count, &rules, old, problem);
    if (store != NULL || !t->settings.may_be_empty || old != NULL)
        return store;
    problem->len = before; /* there is none yet */
    return tls_store_empty();
}

static bool open_context(tls_context *t, buf *problem)
{
    const char *why;
    errno = 0;
    if (!openssl_load(&why)) {
        buf_add_printf(problem, "%s\n", why);
        return false;
    }
    shared_region *region = shared_region_open("tern.tls", SHARED_STATE, sizeof(tls_shared));
    t->reloads = tern_shared_counter_new("tern_tls_reloads");
    t->reload_failures = tern_shared_counter_new("tern_tls_reload_failures");
    if (region == NULL || t->reloads == NULL || t->reload_failures == NULL ||
        !take_protocols(t, t->settings.protocols)) {
        buf_add_printf(problem, "TLS cannot be set up: %s\n", strerror(errno != 0 ? errno : ENOMEM));
        return false;
    }
    t->shared = region->memory;
    t->ticket_cipher = openssl.EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    if (t->ticket_cipher == NULL) {
        buf_add_printf(problem, "TLS cannot be set up: OpenSSL has no AES-256-CBC: %s\n", openssl_reason());
        return false;
    }
    t->stamp = stamp_of(&t->settings);
    t->store = load_store(t, NULL, problem);
    t->ssl = t->store != NULL ? tls_make_ssl(t, t->store, problem) : NULL;
    return t->ssl != NULL;
}

tls_context *tls_context_new(const tls_settings *settings, buf *problem)
{
    tls_context *t = mem_zero(1, sizeof *t);
    if (t == NULL) {
        buf_add_text(problem, "out of memory\n");
        return NULL;
    }
    t->settings = *settings;
    if (open_context(t, problem))
        return t;
    tls_context_free(t);
    return NULL;
}

void tls_context_free(tls_context *t)
{
    if (t == NULL)
        return;
    if (timer_is_running(&t->retry))
        timer_stop(&loop_self.timers, &t->retry);
    if (t->ssl != NULL)
        openssl.SSL_CTX_free(t->ssl);
    if (t->ticket_cipher != NULL)
        openssl.EVP_CIPHER_free(t->ticket_cipher);
    tls_store_drop(t->store);
    mem_free(t->protocols);
    mem_free(t);
}

/* -- reloading -- */

static void log_lines(const char *what, char *lines)
{
    char *rest = lines, *line;
    while ((line = strsep(&rest, "\n")) != NULL)
        if (line[0] != '\0')
            tern_log(TERN_LOG_ERROR, "%s: %s", what, line);
}

static void swap(tls_context *t, tls_store *store, SSL_CTX *ssl)
{
    openssl.SSL_CTX_free(t->ssl);
    tls_store_drop(t->store);
    t->ssl = ssl;
    t->store = store;
}

static void report_refused(tls_context *t, uint64_t stamp, buf *problem)
{
    if (atomic_exchange(&t->shared->refused_stamp, stamp) == stamp)
        return; /* another worker has, or this one a minute ago */
    tern_shared_add(t->reload_failures, 1);
    log_lines("the old certificate stays in use",
              problem->failed ? (char[]){"out of memory"} : problem->data);
}

static void report_taken(tls_context *t, uint64_t stamp)
{
    if (atomic_exchange(&t->shared->taken_stamp, stamp) == stamp)
        return;
    tern_shared_add(t->reloads, 1);
    const tern_log_field fields[] = {{.name = "certificates", .number = t->store->count}};
    tern_log_event(TERN_LOG_INFO, "changed certificates are in use", fields, 1);
}

static void on_retry(timer_entry *timer)
{
    tls_context *t = list_owner(timer, tls_context, retry);
    t->next_look_ms = 0;
    tls_context_refresh(t, loop_self.now_ms);
}

/** Whether a change that is not right is given time; the first look at it starts the clock. */
static bool must_be_patient(tls_context *t, uint64_t now_ms)
{
    if (t->wrong_since_ms == 0)
        t->wrong_since_ms = now_ms;
    if (now_ms - t->wrong_since_ms >= PATIENCE_MS)
        return false;
    t->retry.fire = on_retry;
    timer_start(&loop_self.timers, &t->retry, now_ms + LOOK_MS);
    return true;
}

static void reload(tls_context *t, uint64_t stamp, uint64_t now_ms)
{
    buf problem = {0};
    tls_store *store = load_store(t, t->store, &problem);
    SSL_CTX *ssl = store != NULL ? tls_make_ssl(t, store, &problem) : NULL;
    bool is_right = ssl != NULL && problem.len == 0 && !problem.failed;
    if (!is_right && must_be_patient(t, now_ms)) {
        openssl.SSL_CTX_free(ssl);
        tls_store_drop(store);
        buf_free(&problem);
        return;
    }
    t->wrong_since_ms = 0;
    if (ssl != NULL)
        swap(t, store, ssl); /* with the old certificates for those that are refused */
    else
        tls_store_drop(store);
    if (is_right) {
        t->stamp = stamp;
        report_taken(t, stamp);
    } else {
        t->refused_stamp = stamp;
        t->refused_until_ms = now_ms + REFUSED_MS;
        report_refused(t, stamp, &problem);
    }
    buf_free(&problem);
}

static void warn_of_expiry(const tls_context *t)
{
    int64_t now_s = clock_wall_s();
    uint64_t today = (uint64_t)(now_s / DAY_S);
    if (atomic_load_explicit(&t->shared->warned_day, memory_order_relaxed) == today ||
        atomic_exchange(&t->shared->warned_day, today) == today)
        return;
    for (unsigned i = 0; i < t->store->count; i++) {
        const tls_certificate *c = t->store->certificates[i];
        char when[32];
        if (c->not_after_s - now_s > WARNING_S)
            continue;
        tls_time_text(c->not_after_s, when, sizeof when);
        if (c->not_after_s < now_s)
            tern_log(TERN_LOG_WARN, "%s: the certificate has expired on %s, and clients refuse it; renew it",
                     c->file, when);
        else
            tern_log(TERN_LOG_WARN, "%s: the certificate expires on %s; renew it", c->file, when);
    }
}

void tls_context_refresh(tls_context *t, uint64_t now_ms)
{
    if (now_ms < t->next_look_ms)
        return;
    t->next_look_ms = now_ms + LOOK_MS;
    uint64_t stamp = stamp_of(&t->settings);
    bool is_waiting = stamp == t->refused_stamp && now_ms < t->refused_until_ms;
    if (stamp != t->stamp && !is_waiting)
        reload(t, stamp, now_ms);
    warn_of_expiry(t);
}

tls_totals tls_get_totals(const tls_context *t)
{
    return (tls_totals){.reloads = (uint64_t)tern_shared_get(t->reloads),
                        .reload_failures = (uint64_t)tern_shared_get(t->reload_failures)};
}
