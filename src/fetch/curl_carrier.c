/* Requests carried by libcurl: TLS, HTTP/2, proxies, streams, everything but plain HTTP/1.1 (plain.c). */
#include "fetch/address.h"
#include "fetch/attempt.h"
#include "fetch/cookies.h"
#include "fetch/multi.h"

#include <stdio.h>
#include <string.h>

_Static_assert(sizeof((fetch_attempt *)0)->detail >= CURL_ERROR_SIZE, "room for libcurl's message");

/* -- what libcurl calls, on the loop's stack -- */

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    fetch_attempt *a = arg;
    size_t len = size * count;
    if (a->has_head) /* trailers */
        return len;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        const char *space = memchr(line, ' ', len);
        a->status = 0;
        for (size_t i = space != NULL ? (size_t)(space - line) + 1 : len;
             i < len && line[i] >= '0' && line[i] <= '9'; i++)
            a->status = a->status < 1000 ? 10 * a->status + (line[i] - '0') : 1000;
        a->head_len = 0;
        return len;
    }
    if (len <= 2) {
        if (a->status >= 200)
            attempt_end_head(a);
        return len;
    }
    return attempt_add_line(a, line, len) ? len : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    fetch_attempt *a = arg;
    size_t len = size * count;
    if (a->is_streamed && a->unread.len - a->read_bytes >= FETCH_STREAM_BYTES) {
        a->is_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    return attempt_add_body(a, data, len) ? len : (size_t)-1;
}

static size_t on_produce(char *out, size_t size, size_t count, void *arg)
{
    fetch_attempt *a = arg;
    size_t room = size * count, left = a->made_len - a->made_sent;
    if (left == 0 && a->made_all)
        return 0;
    if (left == 0) {
        a->wants_made = true;
        if (a->waiting != NULL)
            coro_wake(a->waiting);
        return CURL_READFUNC_PAUSE;
    }
    size_t len = left < room ? left : room;
    memcpy(out, a->made + a->made_sent, len);
    a->made_sent += len;
    return len;
}

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    fetch_attempt *a = arg;
    (void)purpose;
    if (a->message->options->public_only && !address_is_public(&address->addr)) {
        a->is_refused_address = true;
        return CURL_SOCKET_BAD;
    }
    return multi_open_socket(address);
}

/* Before each sending, also on a kept connection, which a call without .public_only may have opened. */
static int on_send(void *arg, char *address, char *own_address, int port, int own_port)
{
    fetch_attempt *a = arg;
    (void)own_address, (void)port, (void)own_port;
    if (a->message->options->public_only && !address_text_is_public(address)) {
        a->is_refused_address = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (a->sent_times++ > 0 &&
        !a->message->is_idempotent) { /* libcurl would send it again on another connection */
        snprintf(a->detail, sizeof a->detail, "the connection was closed, and the call must not be repeated");
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

/* -- the end -- */

static tern_fetch_error error_of(CURLcode result)
{
    switch (result) {
    case CURLE_OK:
        return TERN_FETCH_OK;
    case CURLE_OUT_OF_MEMORY:
        return TERN_FETCH_NO_MEMORY;
    case CURLE_OPERATION_TIMEDOUT:
        return TERN_FETCH_TIMEOUT;
    case CURLE_FILESIZE_EXCEEDED:
        return TERN_FETCH_TOO_LARGE;
    case CURLE_URL_MALFORMAT:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return TERN_FETCH_WRONG;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_PROXY:
        return TERN_FETCH_UNREACHABLE;
    default:
        return TERN_FETCH_BROKEN;
    }
}

static void on_done(multi_transfer *t, CURL *easy, CURLcode result)
{
    fetch_attempt *a = list_owner(t, fetch_attempt, transfer);
    const char *problem = a->detail[0] != '\0' ? a->detail : libcurl.easy_strerror(result);
    libcurl.slist_free_all(a->slist);
    a->slist = NULL;
    cookies_put_easy(a->message->options->cookies, easy);
    if (a->is_refused_address && result != CURLE_OK) /* otherwise another address was used */
        attempt_end(a, TERN_FETCH_FORBIDDEN, "its address is not of the public Internet (.public_only)");
    else
        attempt_end(a, error_of(result), result == CURLE_OK ? NULL : problem);
}

/* -- the start -- */

static bool add_line(fetch_attempt *a, const char *line)
{
    struct curl_slist *longer = libcurl.slist_append(a->slist, line);
    if (longer == NULL)
        return false;
    a->slist = longer;
    return true;
}

static bool set_headers(fetch_attempt *a, CURL *easy)
{
    const fetch_message *m = a->message;
    bool has_type = false;
    for (unsigned i = 0; i < m->line_count; i++) {
        if (!add_line(a, m->lines[i]))
            return false;
        has_type |= strncasecmp(m->lines[i], "content-type:", 13) == 0;
    }
    return (has_type || add_line(a, "Content-Type:")) && add_line(a, "Expect:") &&
           libcurl.easy_setopt(easy, CURLOPT_HTTPHEADER, a->slist) == CURLE_OK;
}

static bool set_method(fetch_attempt *a, CURL *easy)
{
    const fetch_message *m = a->message;
    const tern_fetch_options *o = m->options;
    if (m->is_head)
        return libcurl.easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    if (m->is_produced) {
        curl_off_t size = o->produce_bytes != 0 ? (curl_off_t)o->produce_bytes : -1;
        if (libcurl.easy_setopt(easy, CURLOPT_UPLOAD, 1L) != CURLE_OK ||
            libcurl.easy_setopt(easy, CURLOPT_READFUNCTION, on_produce) != CURLE_OK ||
            libcurl.easy_setopt(easy, CURLOPT_READDATA, a) != CURLE_OK ||
            libcurl.easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, size) != CURLE_OK)
            return false;
    } else if (m->has_body) {
        if (libcurl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)m->body.len) != CURLE_OK ||
            libcurl.easy_setopt(easy, CURLOPT_POSTFIELDS, m->body.len != 0 ? m->body.data : "") != CURLE_OK)
            return false;
    }
    return strcmp(m->method, "GET") == 0 ||
           libcurl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, m->method) == CURLE_OK;
}

static bool set_text(CURL *easy, CURLoption option, const char *text)
{
    return text == NULL || libcurl.easy_setopt(easy, option, text) == CURLE_OK;
}

static bool set_connection(fetch_attempt *a, CURL *easy)
{
    const tern_fetch_options *o = a->message->options;
    const tern_fetch_settings *s = a->message->settings;
    const char *proxy = o->public_only ? "" : o->proxy != NULL ? o->proxy : s->proxy;
    unsigned connect_ms = o->connect_timeout_ms != 0 ? o->connect_timeout_ms : s->connect_timeout_ms;
    return libcurl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)s->idle_ms / 1000 + 1) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_PIPEWAIT, a->target->is_tls ? 1L : 0L) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, a) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, multi_close_socket) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_PREREQDATA, a) == CURLE_OK &&
           set_text(easy, CURLOPT_PROXY, proxy) &&
           set_text(easy, CURLOPT_CAINFO, o->ca_file != NULL ? o->ca_file : s->ca_file) &&
           set_text(easy, CURLOPT_SSLCERT, o->cert_file) && set_text(easy, CURLOPT_SSLKEY, o->key_file);
}

static bool set_receiving(fetch_attempt *a, CURL *easy)
{
    return libcurl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_HEADERDATA, a) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_WRITEDATA, a) == CURLE_OK &&
           (a->is_streamed ||
            libcurl.easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)a->max_bytes) == CURLE_OK) &&
           libcurl.easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_ERRORBUFFER, a->detail) == CURLE_OK;
}

static bool set_all(fetch_attempt *a, CURL *easy)
{
    return libcurl.easy_setopt(easy, CURLOPT_URL, a->target->url) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) ==
               CURLE_OK && /* does not wait for a resolver's thread */
           libcurl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           set_headers(a, easy) && set_method(a, easy) && set_connection(a, easy) && set_receiving(a, easy) &&
           cookies_set_easy(a->message->options->cookies, easy);
}

void curl_start(fetch_attempt *a)
{
    const char *problem = NULL;
    if (!multi_open(a->message->settings, on_done, &problem)) {
        attempt_end(a, TERN_FETCH_WRONG, problem);
        return;
    }
    CURL *easy = multi_get();
    if (easy != NULL && set_all(a, easy) && multi_add(&a->transfer, easy))
        return;
    libcurl.slist_free_all(a->slist);
    a->slist = NULL;
    if (easy != NULL)
        libcurl.easy_cleanup(easy);
    attempt_end(a, TERN_FETCH_NO_MEMORY, "out of memory for libcurl");
}

void curl_stop(fetch_attempt *a)
{
    if (a->transfer.easy == NULL)
        return;
    CURL *easy = multi_remove(&a->transfer);
    cookies_put_easy(a->message->options->cookies, easy);
    libcurl.slist_free_all(a->slist);
    a->slist = NULL;
}

void curl_resume(fetch_attempt *a)
{
    if (a->transfer.easy == NULL)
        return;
    a->is_paused = a->wants_made = false;
    libcurl.easy_pause(a->transfer.easy, CURLPAUSE_CONT);
    multi_kick();
}
