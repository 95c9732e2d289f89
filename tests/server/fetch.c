/* An application that calls other services, as the tests ask it to. Only the public interface is used. */
#include <tern.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
TERN_MODEL(Ask,
    (const char *, url),
    (const char *, method,  .optional = true),
    (const char *, header,  .optional = true),
    (const char *, body,    .optional = true),
    (const char *, proxy,   .optional = true),
    (const char *, ca,      .optional = true),
    (const char *, cert,    .optional = true),
    (const char *, key,     .optional = true),
    (int,  timeout,   .fallback = "5000"),
    (int,  connect,   .fallback = "0"),
    (int,  max,       .fallback = "0"),
    (int,  retries,   .fallback = "-1"),
    (int,  hedge,     .fallback = "0"),
    (int,  redirects, .fallback = "0"),
    (bool, only_public, .fallback = "false"),
    (int,  times,     .fallback = "1"))

TERN_MODEL(Rate, (const char *, currency), (double, value, .min = 0))
TERN_MODEL(Shown,
    (int, status), (int, error), (const char *, problem, .optional = true), (const char *, url, .optional = true),
    (const char *, body), (int, attempts), (int, headers), (const char *, x, .optional = true))
/* clang-format on */

#define OPTIONS                                                                                              \
    .method = in->method, .headers = in->header != NULL ? TERN_HEADERS(in->header) : NULL,                   \
    .body = {in->body, in->body != NULL ? strlen(in->body) : 0}, .proxy = in->proxy, .ca_file = in->ca,      \
    .cert_file = in->cert, .key_file = in->key, .timeout_ms = (unsigned)in->timeout,                         \
    .connect_timeout_ms = (unsigned)in->connect, .max_bytes = (size_t)in->max, .retries = in->retries,       \
    .hedge_ms = (unsigned)in->hedge, .redirects = in->redirects, .public_only = in->only_public

TERN_HANDLER(try_it, Ask, in)
{
    tern_fetched *r = tern_fetch_try(c, in->url, OPTIONS);
    Shown shown = {.status = r->status,
                   .error = (int)r->error,
                   .problem = r->problem,
                   .url = r->url,
                   .body = r->body.data != NULL ? r->body.data : "",
                   .attempts = (int)r->attempts,
                   .headers = (int)r->header_count,
                   .x = tern_fetch_header_of(r, "x-seen")};
    return tern_json(c, Shown, &shown);
}

TERN_HANDLER(plain, Ask, in)
{
    tern_fetched *r = tern_fetch(c, in->url, OPTIONS);
    return tern_bytes_reply(c, "text/plain", r->body.data, r->body.len);
}

TERN_HANDLER(rate, Ask, in)
{
    Rate *r = tern_fetch_json(c, Rate, in->url, OPTIONS);
    return tern_textf(c, "%s %g", r->currency, r->value);
}

TERN_HANDLER(rates, Ask, in)
{
    Rate_list list = tern_fetch_json_list(c, Rate, in->url, OPTIONS);
    return tern_textf(c, "%zu", list.count);
}

TERN_HANDLER(post_rate, Ask, in)
{
    Rate sent = {.currency = "EUR", .value = 2};
    tern_fetched *r =
        tern_fetch(c, in->url, .json = TERN_TYPED(Rate, &sent), .query = TERN_PAIRS("a", "1 &", "b", NULL));
    return tern_text(c, r->body.data);
}

TERN_HANDLER(post_form, Ask, in)
{
    tern_fetched *r =
        tern_fetch(c, in->url, .form = TERN_PAIRS("a", "x y", "b", "\xc3\xa9"), .basic = "ann:secret");
    return tern_text(c, r->body.data);
}

/* -- many at once -- */

typedef struct one {
    const Ask *in;
    int *works;
} one;

static void fetch_one(tern_ctx *c, void *arg)
{
    one *o = arg;
    *o->works += tern_fetch_try(c, o->in->url, .timeout_ms = (unsigned)o->in->timeout)->ok;
}

TERN_HANDLER(many, Ask, in)
{
    int works = 0;
    one o = {in, &works};
    tern_task **tasks = tern_alloc(c, (size_t)in->times * sizeof(tern_task *));
    for (int i = 0; i < in->times; i++)
        tasks[i] = tern_go(c, fetch_one, &o);
    for (int i = 0; i < in->times; i++)
        tern_wait(c, tasks[i]);
    return tern_textf(c, "%d", works);
}

/* -- streams -- */

static void relay(tern_ctx *c, tern_stream *out, void *arg)
{
    const Ask *in = arg;
    char piece[4096];
    size_t len;
    tern_fetched *r = tern_fetch(c, in->url, .stream = true, .timeout_ms = (unsigned)in->timeout);
    while ((len = tern_fetch_read(c, r, piece, sizeof piece)) > 0) {
        tern_stream_write(out, piece, len);
        tern_stream_flush(out);
    }
}

TERN_HANDLER(stream, Ask, in)
{
    return tern_stream_reply(c, "text/plain", relay, in);
}

TERN_HANDLER(slowly, Ask, in)
{
    char piece[4096];
    size_t len, all = 0;
    tern_fetched *r = tern_fetch(c, in->url, .stream = true, .timeout_ms = (unsigned)in->timeout);
    tern_sleep(c, 300);
    while ((len = tern_fetch_read(c, r, piece, sizeof piece)) > 0)
        all += len;
    return tern_textf(c, "%zu", all);
}

TERN_HANDLER(events, Ask, in)
{
    tern_fetch_sse event;
    const char *seen = "";
    tern_fetched *r = tern_fetch(c, in->url, .stream = true, .timeout_ms = (unsigned)in->timeout);
    while (tern_fetch_event(c, r, &event))
        seen =
            tern_sprintf(c, "%s[%s|%s|%s|%u]", seen, event.event, event.data.data, event.id, event.retry_ms);
    return tern_text(c, seen);
}

static size_t pass_on(tern_ctx *c, void *arg, char *out, size_t size)
{
    (void)arg;
    return tern_body_read(c, out, size);
}

TERN_HANDLER(upload)
{
    tern_fetched *r = tern_fetch(c, tern_query(c, "url"), .method = "PUT", .produce = pass_on);
    return tern_text(c, r->body.data);
}

TERN_HANDLER(cookies, Ask, in)
{
    tern_cookie_jar *jar = tern_cookie_jar_new(c);
    tern_fetch(c, in->url, .cookies = jar);
    return tern_text(c, tern_fetch(c, in->url, .cookies = jar)->body.data);
}

TERN_HANDLER(hello)
{
    return tern_text(c, "hello");
}

static void note_cancelled(void *arg)
{
    tern_log(TERN_LOG_INFO, "the handler of %s has ended", (const char *)arg);
}

TERN_HANDLER(left, Ask, in)
{
    tern_defer(c, note_cancelled, (void *)"/left");
    return tern_text(c, tern_fetch(c, in->url, OPTIONS)->body.data);
}

static unsigned number(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? (unsigned)atoi(text) : 0;
}

/* The service "rates"; the targets are separated by commas. */
static void declare_service(tern_app *app, const char *list)
{
    const char *targets[100] = {NULL};
    char copy[8192];
    size_t count = 0;
    snprintf(copy, sizeof copy, "%s", list);
    for (char *at = strtok(copy, ","); at != NULL && count < 99; at = strtok(NULL, ","))
        targets[count++] = at;
    const char *name = getenv("SERVICE") != NULL ? getenv("SERVICE") : "rates";
    tern_fetch_service(app, name, .targets = targets);
    if (getenv("TWICE") != NULL)
        tern_fetch_service(app, name, .targets = targets);
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Fetch", .limits = {.request_memory = 64 << 20});
    tern_fetch_defaults(app, .per_host = number("PER_HOST"), .idle_ms = number("IDLE_MS"),
                        .failures = number("FAILURES"), .pause_ms = number("PAUSE_MS"),
                        .retry_percent = number("RETRY_PERCENT"), .waiting = number("WAITING"));
    if (getenv("SRV") != NULL)
        tern_fetch_service(app, "rates", .srv = getenv("SRV"));
    else if (getenv("TARGETS") != NULL)
        declare_service(app, getenv("TARGETS"));
    tern_get(app, "/", hello);
    tern_get(app, "/try", try_it);
    tern_get(app, "/plain", plain);
    tern_get(app, "/rate", rate);
    tern_get(app, "/rates", rates);
    tern_get(app, "/post_rate", post_rate);
    tern_get(app, "/post_form", post_form);
    tern_get(app, "/many", many);
    tern_get(app, "/stream", stream);
    tern_get(app, "/slowly", slowly);
    tern_get(app, "/events", events);
    tern_put(app, "/upload", upload, .stream_body = true, .max_body = 64 << 20);
    tern_get(app, "/cookies", cookies);
    tern_get(app, "/left", left);
    tern_get(app, "/short", plain, .timeout_ms = 400);
    return tern_run(app, argc, argv);
}
