/*
 * Messages over SMTP (RFC 5321), by libcurl. TLS is always verified; a login is never sent without it.
 *
 * Each message has a connection and a thread of its own: at the end of a connection libcurl says QUIT and waits for the
 * answer, and on the worker's loop a slow server would hold up every request.
 */
#include "base/mem.h"
#include "curl/libcurl.h"
#include "curl/memory.h"
#include "mail/carrier.h"
#include "runtime/coro.h"
#include "runtime/side_thread.h"

#include <tern/task.h>

#include <stdatomic.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_MS = 10000,
    REPLY_BYTES = 160,
    AT_ONCE = 16,       /* messages of a worker on their way */
    WAITING_MOST = 1024 /* for their turn */
};

/** How a delivery ended; on the stack of the coroutine that waits for it. */
typedef struct outcome {
    bool is_done;
    CURLcode result;
    char reply[REPLY_BYTES]; /* the first refusal of the server, or its last line */
    char detail[CURL_ERROR_SIZE];
} outcome;

/** A message on its way; on the heap, because its thread may outlive the request. */
typedef struct delivery {
    side_thread thread;
    const char *url, *ca_file; /* of the application */
    char *data;
    size_t len, sent_bytes;
    char from[MAIL_ADDRESS_BYTES + 1];
    struct curl_slist *recipients;
    unsigned timeout_ms;
    atomic_bool is_abandoned; /* the thread gives up where it can */
    outcome end;              /* the thread's, until it is done */
    coro *waiting;            /* with `out`, the loop's own */
    outcome *out;
} delivery;

static tern_semaphore turns = {.permits = AT_ONCE};

/* -- what libcurl calls, on the thread -- */

static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    delivery *d = arg;
    size_t room = size * count, left = d->len - d->sent_bytes, len = left < room ? left : room;
    memcpy(out, d->data + d->sent_bytes, len);
    d->sent_bytes += len;
    return len;
}

/** Whether the server's line is an error (RFC 5321 section 4.2.1). */
static bool is_refusal(const outcome *o)
{
    return o->reply[0] == '4' || o->reply[0] == '5';
}

/** A line of the server: kept for the log, as printable text. */
static size_t on_line(char *line, size_t size, size_t count, void *arg)
{
    outcome *o = &((delivery *)arg)->end;
    size_t len = size * count, kept = 0;
    if (is_refusal(o))
        return len;
    while (kept < len && kept + 1 < REPLY_BYTES && line[kept] >= ' ' && line[kept] < 0x7f) {
        o->reply[kept] = line[kept];
        kept++;
    }
    o->reply[kept] = '\0';
    return len;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    (void)data, (void)arg;
    return size * count;
}

static int on_progress(void *arg, curl_off_t all, curl_off_t now, curl_off_t all_sent, curl_off_t sent)
{
    (void)all, (void)now, (void)all_sent, (void)sent;
    return atomic_load(&((delivery *)arg)->is_abandoned) ? 1 : 0;
}

/* -- the options -- */

static bool set_envelope(delivery *d, CURL *easy)
{
    return libcurl.easy_setopt(easy, CURLOPT_MAIL_FROM, d->from) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_MAIL_RCPT, d->recipients) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)d->len) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_READFUNCTION, on_read) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_READDATA, d) == CURLE_OK;
}

static bool set_connection(delivery *d, CURL *easy)
{
    bool has_login;
    mail_url_is_smtp(d->url, &has_login);
    long tls = has_login ? CURLUSESSL_ALL : CURLUSESSL_TRY;
    long connect_ms = d->timeout_ms < CONNECT_TIMEOUT_MS ? (long)d->timeout_ms : CONNECT_TIMEOUT_MS;
    return libcurl.easy_setopt(easy, CURLOPT_URL, d->url) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_USE_SSL, tls) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           (d->ca_file == NULL || libcurl.easy_setopt(easy, CURLOPT_CAINFO, d->ca_file) == CURLE_OK) &&
           libcurl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)d->timeout_ms) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)d->timeout_ms / 1000 + 1) ==
               CURLE_OK && /* of the answer to QUIT, too */
           libcurl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK;
}

static bool set_all(delivery *d, CURL *easy)
{
    return set_envelope(d, easy) && set_connection(d, easy) &&
           libcurl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_XFERINFODATA, d) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_HEADERDATA, d) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_ERRORBUFFER, d->end.detail) == CURLE_OK;
}

/** On the thread. */
static void deliver(side_thread *thread)
{
    delivery *d = list_owner(thread, delivery, thread);
    CURL *easy = libcurl.easy_init();
    d->end.result = CURLE_OUT_OF_MEMORY;
    if (easy != NULL && set_all(d, easy))
        d->end.result = libcurl.easy_perform(easy);
    if (easy != NULL)
        libcurl.easy_cleanup(easy);
}

/* -- the outcome -- */

static tern_mail_fault fault_of(CURLcode result)
{
    switch (result) {
    case CURLE_OK:
        return TERN_MAIL_OK;
    case CURLE_OUT_OF_MEMORY:
        return TERN_MAIL_NO_MEMORY;
    case CURLE_OPERATION_TIMEDOUT:
        return TERN_MAIL_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
        return TERN_MAIL_WRONG;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
        return TERN_MAIL_UNREACHABLE;
    case CURLE_LOGIN_DENIED:
    case CURLE_SEND_ERROR: /* of RCPT and MAIL */
        return TERN_MAIL_REFUSED;
    default:
        return TERN_MAIL_BROKEN;
    }
}

static const char *describe(const outcome *o, arena *a)
{
    if (o->result == CURLE_USE_SSL_FAILED)
        return "the server offers no STARTTLS, and a login is never sent without TLS; use smtps://, or leave the login "
               "out of the URL";
    const char *detail = o->detail[0] != '\0' ? o->detail : libcurl.easy_strerror(o->result);
    const char *line = is_refusal(o) ? arena_printf(a, "%s: the server replied \"%s\"", detail, o->reply)
                                     : arena_printf(a, "%s", detail);
    return line != NULL ? line : mail_no_memory;
}

static tern_mail_fault judge(const outcome *o, arena *a, const char **problem)
{
    tern_mail_fault fault = fault_of(o->result);
    if (fault == TERN_MAIL_BROKEN && is_refusal(o))
        fault = TERN_MAIL_REFUSED;
    if (fault != TERN_MAIL_OK)
        *problem = describe(o, a);
    return fault;
}

/* -- sending -- */

static void on_done(side_thread *thread)
{
    delivery *d = list_owner(thread, delivery, thread);
    *d->out = d->end;
    if (curl_memory_is_short()) {
        curl_memory_recover();
        if (d->out->result != CURLE_OK)
            d->out->result = CURLE_OUT_OF_MEMORY;
    }
    d->out->is_done = true;
    coro_wake(d->waiting);
}

static void free_delivery(side_thread *thread)
{
    delivery *d = list_owner(thread, delivery, thread);
    libcurl.slist_free_all(d->recipients);
    mem_free(d->data);
    mem_free(d);
}

static bool add_recipients(delivery *d, const mail_addresses *list)
{
    for (unsigned i = 0; i < list->count; i++) {
        struct curl_slist *longer = libcurl.slist_append(d->recipients, list->items[i].email);
        if (longer == NULL)
            return false;
        d->recipients = longer;
    }
    return true;
}

/** NULL when out of memory. */
static delivery *delivery_new(const mail_setup *setup, const mail_message *m, unsigned timeout_ms,
                              outcome *out)
{
    delivery *d = mem_zero(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->thread = (side_thread){.work = deliver, .on_done = on_done, .free = free_delivery};
    d->url = setup->url;
    d->ca_file = setup->ca_file;
    d->timeout_ms = timeout_ms;
    d->waiting = coro_self();
    d->out = out;
    d->len = m->len;
    d->data = mem_alloc(m->len);
    memcpy(d->from, m->from.items[0].email, strlen(m->from.items[0].email) + 1);
    if (d->data != NULL && add_recipients(d, &m->to) && add_recipients(d, &m->cc) &&
        add_recipients(d, &m->bcc)) {
        memcpy(d->data, m->data, m->len);
        return d;
    }
    free_delivery(&d->thread);
    return NULL;
}

tern_mail_fault mail_smtp_send(tern_ctx *c, const mail_setup *setup, const mail_message *message,
                               unsigned timeout_ms, const char **problem)
{
    outcome out = {0};
    if (!libcurl_load(problem))
        return TERN_MAIL_WRONG;
    if (!tern_semaphore_acquire_within(c, &turns, WAITING_MOST, timeout_ms)) {
        *problem = "too many messages are on their way to the server";
        return TERN_MAIL_TIMEOUT;
    }
    *problem = mail_no_memory;
    delivery *d = delivery_new(setup, message, timeout_ms, &out);
    bool is_started = d != NULL && side_thread_start(&d->thread);
    if (d != NULL && !is_started)
        free_delivery(&d->thread);
    while (is_started && !out.is_done && coro_wait(0) != CORO_CANCELLED)
        continue;
    if (is_started && !out.is_done) {
        atomic_store(&d->is_abandoned, true);
        side_thread_abandon(&d->thread);
        unwind_throw(UNWIND_CANCELLED); /* which gives the turn back */
    }
    tern_semaphore_release(c, &turns);
    return is_started ? judge(&out, ctx_arena(c), problem) : TERN_MAIL_NO_MEMORY;
}

/* -- the URL -- */

bool mail_smtp_check(const char *url, buf *problem)
{
    const char *missing;
    char *host = NULL;
    if (!libcurl_load(&missing)) {
        buf_add_printf(problem, "mail: %s\n", missing);
        return false;
    }
    CURLU *parsed = libcurl.url();
    bool is_right = parsed != NULL && libcurl.url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
                    libcurl.url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK && *host != '\0';
    libcurl.free(host);
    if (parsed != NULL)
        libcurl.url_cleanup(parsed);
    if (!is_right)
        buf_add_text(
            problem,
            "mail: the URL of --mail-url or TERN_MAIL_URL is not like smtp://user:password@host:587; "
            "in names and passwords write other characters as %40 for @, %3A for :, %2F for /\n");
    return is_right;
}
