/** Writes one log line for each request: to the application's log, or to a file by a thread of the worker. */
#include "middleware/digits.h"

#include <tern/access.h>
#include <tern/app.h>
#include <tern/log.h>
#include <tern/timing.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    CLIENT_LEFT = 499, /* shown for a request whose client left before the reply */
    LINE_BYTES = 16 * 1024,
    END_BYTES = 64,     /* of a line, reserved for its end */
    VALUE_BYTES = 4096, /* the most of one value, escaped */
    DEFAULT_BUFFER = 1024 * 1024,
    LEAST_BUFFER = 4 * LINE_BYTES,
    GATHER_MS = 200,
    FULL_PIPE_MS = 1000,
    REPORT_US = 1000000, /* between two reports of lines that were dropped */
    THREAD_STACK = 256 * 1024
};

typedef enum field {
    FIELD_METHOD,
    FIELD_PATH,
    FIELD_TARGET,
    FIELD_PROTOCOL,
    FIELD_STATUS,
    FIELD_BYTES,
    FIELD_US,
    FIELD_ADDRESS,
    FIELD_REQUEST_ID,
    FIELD_HOST,
    FIELD_ROUTE,
    FIELD_USER,
    FIELD_USER_AGENT,
    FIELD_REFERER,
    FIELDS
} field;

static const char *const names[FIELDS] = {"method", "path", "target",     "protocol",   "status",
                                          "bytes",  "us",   "address",    "request_id", "host",
                                          "route",  "user", "user_agent", "referer"};

/** A file, as one worker appends to it. */
typedef struct sink {
    const char *path;
    size_t room;
    pthread_mutex_t lock; /* held for as long as memory is copied, never for a system call */
    pthread_cond_t filled;
    pthread_t thread;
    char *filling, *writing; /* blocks of `room` bytes; the thread swaps them */
    size_t len;              /* of `filling` */
    uint64_t dropped;        /* lines, since the last report */
    int error;               /* the errno of the last failure of the thread; 0: none since the last report */
    bool is_stopping;
    int64_t reported_us; /* the worker's */
    int fd;              /* the thread's, from here on */
    time_t looked_s;
} sink;

typedef struct logger {
    tern_logger_options options;
    unsigned count;
    field fields[FIELDS];
    struct {
        char text[24]; /* `,"path":` */
        size_t len;
    } heads[FIELDS];           /* of `fields`, in a line of JSON */
    bool has_target, has_host; /* among its fields */
    sink *sink;                /* NULL: the application's log */
} logger;

typedef struct line {
    const logger *logger;
    int64_t began_us;
    /* read before the handler: nothing may fail where the line is written */
    const char *method, *path, *target, *host;
} line;

/* -- the thread that writes -- */

/** Not blocking: a pipe without a reader is an error, and a full one must not keep a worker from stopping. */
static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

/** Opens the file again if it was renamed or removed; looks once a second. */
static void follow_rename(sink *s, int *error)
{
    struct stat here, there;
    time_t now_s = time(NULL);
    if (now_s == s->looked_s)
        return;
    s->looked_s = now_s;
    if (fstat(s->fd, &here) == 0 && stat(s->path, &there) == 0 && here.st_dev == there.st_dev &&
        here.st_ino == there.st_ino)
        return;
    int fd = open_file(s->path);
    if (fd < 0) {
        *error = errno;
        return;
    }
    close(s->fd);
    s->fd = fd;
}

static void write_all(sink *s, size_t len, int *error)
{
    for (size_t done = 0; done < len;) {
        ssize_t written = write(s->fd, s->writing + done, len - done);
        struct pollfd full = {.fd = s->fd, .events = POLLOUT};
        if (written < 0 && (errno == EINTR || (errno == EAGAIN && poll(&full, 1, FULL_PIPE_MS) > 0)))
            continue;
        if (written <= 0) {
            *error = errno;
            return; /* the rest is lost: what follows must not wait for it */
        }
        done += (size_t)written;
    }
}

/** Lets lines gather, so that the file gets them in blocks. */
static void gather(sink *s)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += GATHER_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!s->is_stopping && s->len < s->room / 2 &&
           pthread_cond_timedwait(&s->filled, &s->lock, &until) != ETIMEDOUT) {
    }
}

static void *write_lines(void *arg)
{
    sink *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->is_stopping || s->len != 0) {
        if (s->len == 0) {
            pthread_cond_wait(&s->filled, &s->lock);
            continue;
        }
        gather(s);
        char *block = s->filling;
        size_t len = s->len;
        int error = 0;
        s->filling = s->writing;
        s->writing = block;
        s->len = 0;
        pthread_mutex_unlock(&s->lock);
        follow_rename(s, &error);
        write_all(s, len, &error);
        pthread_mutex_lock(&s->lock);
        if (error != 0)
            s->error = error;
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* -- the worker's side -- */

static void report(sink *s, uint64_t dropped, int error)
{
    if (error != 0)
        tern_log(TERN_LOG_ERROR, "logger: cannot write \"%s\": %s; lines are lost", s->path, strerror(error));
    if (dropped != 0)
        tern_log(TERN_LOG_WARN,
                 "logger: %llu lines of \"%s\" were dropped: the disk is too slow for .buffer_bytes",
                 (unsigned long long)dropped, s->path);
}

static void append(sink *s, const char *text, size_t len, int64_t now_us)
{
    uint64_t dropped = 0;
    int error = 0;
    pthread_mutex_lock(&s->lock);
    bool fits = len <= s->room - s->len;
    bool wakes = fits && (s->len == 0 || (s->len < s->room / 2 && s->len + len >= s->room / 2));
    if (fits) {
        memcpy(s->filling + s->len, text, len);
        s->len += len;
    } else {
        s->dropped++;
    }
    if ((s->dropped != 0 || s->error != 0) && now_us - s->reported_us >= REPORT_US) {
        dropped = s->dropped;
        error = s->error;
        s->dropped = 0;
        s->error = 0;
        s->reported_us = now_us;
    }
    pthread_mutex_unlock(&s->lock);
    if (wakes)
        pthread_cond_signal(&s->filled);
    if (dropped != 0 || error != 0)
        report(s, dropped, error);
}

/** The thread must not take the worker's signals. */
static int start_thread(sink *s)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_condattr_t clock;
    sigfillset(&all);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&s->filled, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&s->lock, NULL);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, THREAD_STACK);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&s->thread, &attributes, write_lines, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

static void release(sink *s)
{
    if (s->fd >= 0)
        close(s->fd);
    free(s->filling);
    free(s->writing);
    s->filling = s->writing = NULL;
    s->fd = -1;
}

static bool start(void *arg)
{
    sink *s = arg;
    int error = 0;
    *s = (sink){.path = s->path, .room = s->room, .reported_us = -REPORT_US};
    s->fd = open_file(s->path);
    error = s->fd < 0 ? errno : 0;
    s->filling = malloc(s->room);
    s->writing = malloc(s->room);
    if (error == 0 && (s->filling == NULL || s->writing == NULL))
        error = ENOMEM;
    if (error == 0)
        error = start_thread(s);
    if (error == 0)
        return true;
    tern_log(TERN_LOG_ERROR, "logger: cannot open \"%s\": %s", s->path, strerror(error));
    release(s);
    return false;
}

static void stop(void *arg)
{
    sink *s = arg;
    if (s->filling == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->is_stopping = true;
    pthread_mutex_unlock(&s->lock);
    pthread_cond_signal(&s->filled);
    pthread_join(s->thread, NULL);
    report(s, s->dropped, s->error);
    pthread_cond_destroy(&s->filled);
    pthread_mutex_destroy(&s->lock);
    release(s);
}

/* -- a line in a file -- */

typedef struct writer {
    char *at, *end; /* what is left of `data` */
    char data[LINE_BYTES];
} writer;

static size_t room(const writer *w)
{
    return (size_t)(w->end - w->at);
}

static void put(writer *w, const char *text, size_t len)
{
    if (len <= room(w)) {
        memcpy(w->at, text, len);
        w->at += len;
    }
}

static void put_byte(writer *w, char byte)
{
    if (w->at != w->end)
        *w->at++ = byte;
}

static void put_text(writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void put_number(writer *w, int64_t number)
{
    if (room(w) < 1 + DIGITS_MOST)
        return;
    if (number < 0)
        *w->at++ = '-';
    w->at = digits_put(w->at, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

/** The length of the character of UTF-8 at `text`; 0 when it is not one, or one that could end a line or steer a
 * terminal: a control character, U+2028 or U+2029. */
static size_t character(const unsigned char *text)
{
    if (text[0] < 0x80)
        return text[0] >= ' ' && text[0] != 0x7f;
    size_t len = text[0] >= 0xc2 && text[0] < 0xe0   ? 2
                 : (text[0] & 0xf0) == 0xe0          ? 3
                 : text[0] >= 0xf0 && text[0] < 0xf5 ? 4
                                                     : 0;
    for (size_t i = 1; i < len; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((text[0] == 0xc2 && text[1] < 0xa0) || (text[0] == 0xe0 && text[1] < 0xa0) ||
        (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf0 && text[1] < 0x90) ||
        (text[0] == 0xf4 && text[1] > 0x8f) ||
        (text[0] == 0xe2 && text[1] == 0x80 && (text[2] == 0xa8 || text[2] == 0xa9)))
        return 0;
    return len;
}

/** Whether a value is cut here. */
static bool is_full(const writer *w, const char *began)
{
    return w->at - began >= VALUE_BYTES || room(w) <= END_BYTES;
}

/** What JSON shows as it is: visible ASCII and the space, but for the quote and the backslash. */
static const bool is_plain[256] = {[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};

/** A value as JSON; a byte that is not shown as it is becomes \u00XX. */
static void put_json(writer *w, const char *text)
{
    const char *began = w->at;
    size_t plain = 0;
    put_byte(w, '"');
    while (is_plain[(unsigned char)text[plain]])
        plain++;
    if (plain < VALUE_BYTES && plain + END_BYTES < room(w)) {
        put(w, text, plain); /* most values are nothing else */
        text += plain;
    }
    while (*text != '\0' && !is_full(w, began)) {
        char escaped[8];
        size_t len = character((const unsigned char *)text);
        if (len == 1 && !is_plain[(unsigned char)*text])
            put_byte(w, '\\');
        if (len == 0)
            put(w, escaped,
                (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)(unsigned char)*text));
        else
            put(w, text, len);
        text += len != 0 ? len : 1;
    }
    put_byte(w, '"');
}

/** A value in the combined format: all but visible ASCII and the space is \xXX, as Apache has it. */
static void put_combined(writer *w, const char *text, bool escapes_spaces)
{
    const char *began = w->at;
    if (text == NULL || *text == '\0')
        put_text(w, "-");
    for (; text != NULL && *text != '\0' && !is_full(w, began); text++) {
        char escaped[8];
        if (*text == '"' || *text == '\\')
            put(w, (const char[]){'\\', *text}, 2);
        else if (*text < ' ' || *text > '~' || (*text == ' ' && escapes_spaces))
            put(w, escaped,
                (size_t)snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned)(unsigned char)*text));
        else
            put(w, text, 1);
    }
}

static void write_combined(tern_ctx *c, const line *l, tern_sent_reply sent, writer *w)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm parts;
    time_t now_s = time(NULL);
    char moment[64];
    gmtime_r(&now_s, &parts);
    put_combined(w, tern_remote_address(c), true);
    put_text(w, " - ");
    put_combined(w, tern_user(c), true);
    put(w, moment,
        (size_t)snprintf(moment, sizeof moment, " [%02d/%.3s/%d:%02d:%02d:%02d +0000] \"", parts.tm_mday,
                         months + 3 * parts.tm_mon, parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                         parts.tm_sec));
    put_combined(w, l->method, false);
    put_text(w, " ");
    put_combined(w, l->target, false);
    put_text(w, " ");
    put_text(w, tern_protocol(c));
    put_text(w, "\" ");
    put_number(w, sent.status);
    put_text(w, " ");
    if (sent.bytes != 0)
        put_number(w, (int64_t)sent.bytes);
    else
        put_text(w, "-");
    put_text(w, " \"");
    put_combined(w, tern_header(c, "Referer"), false);
    put_text(w, "\" \"");
    put_combined(w, tern_header(c, "User-Agent"), false);
    put_text(w, "\"\n");
}

/* -- the fields -- */

static tern_log_field value_of(tern_ctx *c, const line *l, field f, tern_sent_reply sent, int64_t us)
{
    tern_log_field value = {.name = names[f]};
    switch (f) {
    case FIELD_METHOD:
        value.text = l->method;
        break;
    case FIELD_PATH:
        value.text = l->path;
        break;
    case FIELD_TARGET:
        value.text = l->target;
        break;
    case FIELD_PROTOCOL:
        value.text = tern_protocol(c);
        break;
    case FIELD_STATUS:
        value.number = sent.status;
        break;
    case FIELD_BYTES:
        value.number = (int64_t)sent.bytes;
        break;
    case FIELD_US:
        value.number = us;
        break;
    case FIELD_ADDRESS:
        value.text = tern_remote_address(c);
        break;
    case FIELD_REQUEST_ID:
        value.text = tern_request_id(c);
        break;
    case FIELD_HOST:
        value.text = l->host;
        break;
    case FIELD_ROUTE:
        value.text = tern_route_pattern(c);
        break;
    case FIELD_USER:
        value.text = tern_user(c);
        break;
    case FIELD_USER_AGENT:
        value.text = tern_header(c, "User-Agent");
        break;
    case FIELD_REFERER:
        value.text = tern_header(c, "Referer");
        break;
    case FIELDS:
        break;
    }
    if (value.text == NULL && f != FIELD_STATUS && f != FIELD_BYTES && f != FIELD_US)
        value.text = "";
    return value;
}

/** The beginning of a line as JSON; its second is written once for all lines of it. */
static void put_time(writer *w)
{
    static struct {
        time_t at;
        size_t len; /* 0: of no second yet */
        char text[64];
    } second; /* requests run on one thread */
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (second.len == 0 || now.tv_sec != second.at) {
        struct tm parts;
        gmtime_r(&now.tv_sec, &parts);
        second.at = now.tv_sec;
        second.len = (size_t)snprintf(
            second.text, sizeof second.text, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.",
            parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    }
    const unsigned ms = (unsigned)(now.tv_nsec / 1000000);
    const char rest[] = {(char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10), 'Z', '"'};
    put(w, second.text, second.len);
    put(w, rest, sizeof rest);
}

static void write_json(const logger *g, const tern_log_field *fields, writer *w)
{
    put_time(w);
    for (unsigned i = 0; i < g->count && room(w) > 2 * END_BYTES; i++) {
        put(w, g->heads[i].text, g->heads[i].len);
        if (fields[i].text != NULL)
            put_json(w, fields[i].text);
        else
            put_number(w, fields[i].number);
    }
    put(w, "}\n", 2);
}

/** Not inlined: a line takes much of a stack, which those who log elsewhere are not to pay. */
static __attribute__((noinline)) void write_to_file(tern_ctx *c, const line *l, tern_sent_reply sent,
                                                    const tern_log_field *fields, int64_t now_us)
{
    const logger *g = l->logger;
    writer w;
    w.at = w.data;
    w.end = w.data + sizeof w.data;
    if (g->options.format == TERN_LOGGER_COMBINED)
        write_combined(c, l, sent, &w);
    else
        write_json(g, fields, &w);
    append(g->sink, w.data, (size_t)(w.at - w.data), now_us);
}

static void write_line(tern_ctx *c, void *arg)
{
    const line *l = arg;
    const logger *g = l->logger;
    int64_t now_us = tern_now_us();
    tern_sent_reply sent = tern_sent(c);
    tern_log_field fields[FIELDS];
    if (sent.status == 0)
        sent.status = CLIENT_LEFT;
    for (unsigned i = 0; i < g->count; i++)
        fields[i] = value_of(c, l, g->fields[i], sent, now_us - l->began_us);
    if (g->sink == NULL)
        tern_log_event(sent.status >= 500 ? TERN_LOG_ERROR : TERN_LOG_INFO, "request", fields, g->count);
    else
        write_to_file(c, l, sent, fields, now_us);
}

/* -- the piece -- */

static bool has_field(const logger *g, field wanted)
{
    for (unsigned i = 0; i < g->count; i++)
        if (g->fields[i] == wanted)
            return true;
    return false;
}

static bool is_skipped(tern_ctx *c, const char *prefix)
{
    return prefix != NULL && strncmp(tern_path(c), prefix, strlen(prefix)) == 0;
}

static tern_reply run(tern_ctx *c, void *options)
{
    const logger *g = options;
    if ((g->sink == NULL && !tern_log_enabled(TERN_LOG_INFO)) || is_skipped(c, g->options.skip_prefix))
        return tern_next(c);
    line *l = tern_alloc(c, sizeof *l);
    *l = (line){.logger = g, .began_us = tern_now_us(), .method = tern_method(c), .path = tern_path(c)};
    if (g->has_target)
        l->target = tern_target(c);
    if (g->has_host)
        l->host = tern_host(c);
    tern_after(c, write_line, l);
    return tern_next(c);
}

static void add_field(logger *g, tern_app *app, const char *name, size_t len)
{
    for (field f = 0; f < FIELDS; f++) {
        if (strlen(names[f]) != len || memcmp(names[f], name, len) != 0)
            continue;
        if (has_field(g, f))
            tern_mistake(app, "logger: .fields has \"%s\" twice", names[f]);
        else {
            g->heads[g->count].len =
                (size_t)snprintf(g->heads[g->count].text, sizeof g->heads[0].text, ",\"%s\":", names[f]);
            g->fields[g->count++] = f;
        }
        return;
    }
    tern_mistake(
        app,
        "logger: .fields has \"%.*s\": use method, path, target, protocol, status, bytes, us, address, "
        "request_id, host, route, user, user_agent and referer",
        (int)len, name);
}

static void read_fields(logger *g, tern_app *app, const char *list)
{
    static const char dividers[] = ", \t";
    g->count = 0;
    for (list += strspn(list, dividers); *list != '\0'; list += strspn(list, dividers)) {
        size_t len = strcspn(list, dividers);
        add_field(g, app, list, len);
        list += len;
    }
    if (g->count == 0)
        tern_mistake(app,
                     "logger: .fields is empty: leave it out, or name fields like \"method, path, status\"");
}

/** Whether the file can be appended to, without making it: a command like `APP routes` leaves no traces. */
static void check_file(tern_app *app, const char *path)
{
    struct stat found;
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    bool exists = stat(path, &found) == 0;
    if (len >= sizeof folder || path[0] == '\0') {
        tern_mistake(app, "logger: .file \"%s\" is not a path", path);
        return;
    }
    snprintf(folder, sizeof folder, "%.*s", (int)len, slash == NULL ? "." : path);
    if (exists && S_ISDIR(found.st_mode))
        tern_mistake(app, "logger: .file \"%s\" is a folder: name a file in it", path);
    else if (access(exists ? path : folder, W_OK) != 0)
        tern_mistake(app, "logger: cannot write .file \"%s\": %s", path, strerror(errno));
}

static void prepare(tern_app *app, void *options)
{
    logger *g = options;
    if (g == NULL) {
        tern_mistake(app, "logger: out of memory");
        return;
    }
    const tern_logger_options *o = &g->options;
    read_fields(g, app,
                o->fields != NULL ? o->fields : "method, path, status, bytes, us, address, request_id");
    g->has_target = o->format == TERN_LOGGER_COMBINED || has_field(g, FIELD_TARGET);
    g->has_host = has_field(g, FIELD_HOST);
    if (o->format == TERN_LOGGER_COMBINED && o->file == NULL)
        tern_mistake(app, "logger: the combined format is for files: add .file = \"access.log\"");
    if (o->format == TERN_LOGGER_COMBINED && o->fields != NULL)
        tern_mistake(app, "logger: the combined format has its own fields: leave .fields out");
    if (o->buffer_bytes != 0 && o->buffer_bytes < LEAST_BUFFER)
        tern_mistake(app, "logger: .buffer_bytes is %zu: use at least %d", o->buffer_bytes, LEAST_BUFFER);
    if (o->file == NULL)
        return;
    check_file(app, o->file);
    sink s = {.path = o->file, .room = o->buffer_bytes != 0 ? o->buffer_bytes : DEFAULT_BUFFER};
    g->sink = tern_keep(&s, sizeof s);
    if (g->sink == NULL) {
        tern_mistake(app, "logger: out of memory");
        return;
    }
    tern_on_start(app, start, g->sink);
    tern_on_stop(app, stop, g->sink);
}

tern_middleware tern_logger_with(const tern_logger_options *options)
{
    const logger g = {.options = *options};
    return (tern_middleware){.name = "logger",
                             .run = run,
                             .options = tern_keep(&g, sizeof g),
                             .skip = options->skip,
                             .prepare = prepare,
                             .stage = TERN_STAGE_LOG,
                             .repeats = true};
}
