/* Recorded replies of tests: a file of JSON with one call a line. A program without stubs does not link this file. */
#include "fetch/record.h"

#include "app/test/internal.h"
#include "base/text.h"
#include "schema/json/json.h"

#include <tern/fetch_test.h>
#include <tern/log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
TERN_MODEL(Recorded,
    (const char *, method),
    (const char *, url),
    (int, status, .min = 200, .max = 999),
    (tern_text_list, headers),
    (const char *, body, .optional = true, .nullable = false),
    (tern_bytes, body_base64, .optional = true, .nullable = false)) /* what is not text */
/* clang-format on */

enum { FILE_MOST = 64 * 1024 * 1024 };

/* Headers that are secrets, or about the bytes on the wire, which are decoded here. */
static const char *const left_out[] = {"set-cookie",           "set-cookie2",         "cookie",
                                       "authorization",        "proxy-authorization", "x-api-key",
                                       "x-auth-token",         "x-csrf-token",        "x-xsrf-token",
                                       "x-amz-security-token", "content-length",      "content-encoding",
                                       "transfer-encoding",    "connection",          "keep-alive"};

static struct {
    const char *path; /* NULL: no file */
    bool is_recording;
    bool *is_used; /* by entry, when it is not recording */
    Recorded_list list;
    size_t room; /* of list.items */
} self;

static void *keep(size_t size)
{
    return test_need(arena_alloc(&test_current->arena, size));
}

static void prepare_model(void)
{
    buf problems = {0};
    if (!schema_prepare((tern_type *)(uintptr_t)TERN_LIST(Recorded), &problems))
        tern_test_fail("out of memory");
    buf_free(&problems);
}

/* -- replaying -- */

static tern_str read_file(const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL && errno == ENOENT)
        tern_test_fail("%s does not exist: run the test with TERN_RECORD=1 to record it", path);
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        tern_test_fail("%s cannot be read: %s", path, strerror(errno));
    long size = ftell(file);
    if (size < 0 || size > FILE_MOST)
        tern_test_fail("%s cannot be read: it is larger than 64 MiB, or not a file", path);
    char *text = keep((size_t)size + 1);
    rewind(file);
    size_t len = fread(text, 1, (size_t)size, file);
    fclose(file);
    text[len] = '\0';
    return (tern_str){text, len};
}

static void load(const char *path)
{
    static const place where = {.name = "file"};
    const json_limits limits = {.memory_bytes = SIZE_MAX / 2};
    tern_faults faults;
    tern_str text = read_file(path);
    faults_init(&faults, &test_current->arena);
    if (!json_decode(TERN_LIST(Recorded), &self.list, text, &limits, &where, &test_current->arena, &faults)) {
        buf lines = {.limit = 2048};
        faults_print(&faults, &lines);
        tern_test_fail("%s is not what TERN_RECORD=1 has written: %s", path,
                       lines.len != 0 ? lines.data : "");
    }
    self.is_used = keep(self.list.count + 1);
    memset(self.is_used, 0, self.list.count + 1);
}

static void replay(fetch_attempt *a, const Recorded *r)
{
    bool has_lines = true;
    tern_str body = r->body != NULL ? (tern_str){r->body, strlen(r->body)}
                                    : (tern_str){(const char *)r->body_base64.data, r->body_base64.len};
    a->status = r->status;
    for (size_t i = 0; i < r->headers.count && has_lines; i++)
        has_lines = attempt_add_line(a, r->headers.items[i], strlen(r->headers.items[i]));
    if (has_lines) {
        attempt_end_head(a);
        if (body.len != 0)
            attempt_add_body(a, body.data, body.len);
    }
    attempt_end(a, a->error, a->problem);
}

bool record_answers(fetch_attempt *a)
{
    const fetch_message *m = a->message;
    unsigned before = 0;
    if (self.path == NULL || self.is_recording)
        return false;
    for (size_t i = 0; i < self.list.count; i++) {
        const Recorded *r = &self.list.items[i];
        if (strcmp(r->method, m->method) != 0 || strcmp(r->url, m->target.url) != 0)
            continue;
        before++;
        if (self.is_used[i])
            continue;
        self.is_used[i] = true;
        replay(a, r);
        return true;
    }
    const char *problem = tern_test_sprintf(
        test_current, "%s has %s reply to %s %s: run the test with TERN_RECORD=1 to record it again",
        self.path, before != 0 ? "no further" : "no", m->method, m->target.url);
    tern_log(TERN_LOG_ERROR, "fetch: %s", problem);
    attempt_end(a, TERN_FETCH_WRONG, problem);
    return true;
}

/* -- recording -- */

bool record_watches(fetch_attempt *a)
{
    a->is_watched = self.path != NULL && self.is_recording && !a->is_streamed;
    if (self.is_recording && a->is_streamed)
        tern_log(TERN_LOG_WARN, "fetch: %s %s is a stream, which is not recorded", a->message->method,
                 a->message->target.url);
    return self.path != NULL && self.is_recording;
}

static bool is_left_out(const char *line, size_t name_len)
{
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (strlen(left_out[i]) == name_len && strncasecmp(line, left_out[i], name_len) == 0)
            return true;
    return false;
}

static void take_headers(Recorded *r, const fetch_attempt *a)
{
    const char **lines = keep((a->head_len / 2 + 1) * sizeof *lines);
    size_t count = 0;
    for (const char *at = a->head, *end = a->head + a->head_len; at < end;) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((lf != NULL ? lf : end) - at), name_len = strcspn(at, ":\r\n");
        const char *line = at;
        at += len + 1;
        while (len > 0 && line[len - 1] == '\r')
            len--;
        if (len > 0 && name_len < len && !is_left_out(line, name_len))
            lines[count++] = test_need(arena_text(&test_current->arena, line, len));
    }
    r->headers.items = lines;
    r->headers.count = count;
}

static void take_reply(Recorded *r, const fetch_attempt *a)
{
    const fetch_message *m = a->message;
    char *body = keep(a->body_len + 1);
    if (a->body_len != 0)
        memcpy(body, a->body, a->body_len);
    body[a->body_len] = '\0';
    bool is_text = utf8_valid(body, a->body_len) && strlen(body) == a->body_len;
    *r = (Recorded){.method = test_need(arena_text(&test_current->arena, m->method, strlen(m->method))),
                    .url = test_need(arena_text(&test_current->arena, m->target.url, strlen(m->target.url))),
                    .status = a->status,
                    .body = is_text ? body : NULL};
    if (!is_text)
        r->body_base64 = (tern_bytes){(const uint8_t *)body, a->body_len};
    r->tern_state.body = is_text ? TERN_STATE_VALUE : TERN_STATE_ABSENT;
    r->tern_state.body_base64 = is_text ? TERN_STATE_ABSENT : TERN_STATE_VALUE;
    take_headers(r, a);
}

static void write_file(void)
{
    char *path = tern_test_sprintf(test_current, "%s.new", self.path);
    FILE *file = fopen(path, "wbe");
    if (file == NULL)
        tern_test_fail("%s cannot be written: %s", path, strerror(errno));
    fputs("[", file);
    for (size_t i = 0; i < self.list.count; i++) {
        json_out out;
        json_out_init(&out, &test_current->arena, 1024);
        if (!json_encode(TERN_TYPE(Recorded), &self.list.items[i], &out))
            tern_test_fail("the reply to %s cannot be written as JSON", self.list.items[i].url);
        fprintf(file, "%s\n%.*s", i != 0 ? "," : "", (int)out.len, out.data);
    }
    fputs("\n]\n", file);
    bool is_written = ferror(file) == 0;
    is_written = fclose(file) == 0 && is_written && rename(path, self.path) == 0;
    if (!is_written)
        tern_test_fail("%s cannot be written: %s", self.path, strerror(errno));
}

void record_ended(fetch_attempt *a)
{
    bool is_whole = a->is_watched && a->is_done && a->error == TERN_FETCH_OK;
    a->is_watched = false;
    if (!is_whole)
        return;
    if (self.list.count == self.room) {
        Recorded *larger = keep((2 * self.room + 8) * sizeof *larger);
        if (self.room != 0)
            memcpy(larger, self.list.items, self.list.count * sizeof *larger);
        self.list.items = larger;
        self.room = 2 * self.room + 8;
    }
    take_reply(&self.list.items[self.list.count++], a);
    write_file();
}

void record_open(const char *path)
{
    const char *asked = getenv("TERN_RECORD");
    if (self.path != NULL)
        tern_test_fail("a test has one file of recorded replies: %s is open already", self.path);
    prepare_model();
    self.path = test_need(arena_text(&test_current->arena, path, strlen(path)));
    self.is_recording = asked != NULL && *asked != '\0' && strcmp(asked, "0") != 0;
    if (self.is_recording)
        write_file();
    else
        load(path);
}
