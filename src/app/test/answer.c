/* Writes a test's requests as bytes, and parses answers. */
#include "app/test/internal.h"
#include "base/text.h"
#include "http/h1/chunk.h"
#include "schema/value/value.h"

#include <stdlib.h>
#include <string.h>

/* -- the request -- */

static bool has_own(const tern_test_request *request, const char *name)
{
    size_t len = strlen(name);
    for (const char *const *line = request->headers; line != NULL && *line != NULL; line++)
        if (strlen(*line) > len && (*line)[len] == ':' && text_equal_nocase(*line, name, len))
            return true;
    return false;
}

static void add_line(buf *out, const tern_test_request *request, const char *name, const char *value)
{
    if (value != NULL && !has_own(request, name))
        buf_add_printf(out, "%s: %s\r\n", name, value);
}

/** The request's body and its media type; data is NULL when there is no body. */
static tern_str body_of(const tern_test_request *request, const char **type)
{
    const struct {
        const char *data, *type;
        size_t len;
    } kinds[] = {{request->json, "application/json", 0},
                 {request->form, "application/x-www-form-urlencoded", 0},
                 {request->body, "application/octet-stream", request->len}};
    *type = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].data == NULL)
            continue;
        *type = request->type != NULL ? request->type : kinds[i].type;
        return (tern_str){kinds[i].data, kinds[i].len != 0 ? kinds[i].len : strlen(kinds[i].data)};
    }
    return (tern_str){0};
}

static void write_request(const tern_test *t, const char *method, const char *path,
                          const tern_test_request *request, tern_str body, const char *type, buf *out)
{
    char length[24] = "";
    length[text_put_u64(length, body.len)] = '\0';
    bool has_length = body.data != NULL || method[0] == 'P'; /* POST, PUT and PATCH say 0 */
    buf_add_printf(out, "%s %s HTTP/1.1\r\n", method, path);
    add_line(out, request, "Host", "localhost");
    add_line(out, request, "User-Agent", "tern-test");
    add_line(out, request, "Connection", "close");
    add_line(out, request, "Content-Type", type);
    if (!has_own(request, "Transfer-Encoding"))
        add_line(out, request, "Content-Length", has_length ? length : NULL);
    if (!has_own(request, "Cookie"))
        test_add_cookies(t, path, out);
    for (const test_header *header = t->headers; header != NULL; header = header->next)
        add_line(out, request, header->name, header->value);
    for (const char *const *line = request->headers; line != NULL && *line != NULL; line++)
        buf_add_printf(out, "%s\r\n", *line);
    buf_add_text(out, "\r\n");
    buf_add(out, body.data, body.len);
}

/* -- the answer -- */

/** Cuts off the line at `*at` and moves past it; NULL when the line is not complete. */
static char *next_line(char **at)
{
    char *line = *at, *end = strstr(line, "\r\n");
    if (end == NULL)
        return NULL;
    *end = '\0';
    *at = end + 2;
    return line;
}

static bool read_head(tern_test *t, char **at, tern_answer *a)
{
    char *line = next_line(at);
    if (line == NULL || strncmp(line, "HTTP/1.1 ", 9) != 0)
        return false;
    a->status = (int)strtol(line + 9, NULL, 10);
    unsigned room = 1;
    for (const char *p = *at; (p = strstr(p, "\r\n")) != NULL && strncmp(p, "\r\n\r\n", 4) != 0; p += 2)
        room++;
    tern_answer_header *headers = test_need(arena_alloc(&t->arena, room * sizeof *headers));
    a->header_count = 0;
    while ((line = next_line(at)) != NULL && line[0] != '\0') {
        char *colon = strchr(line, ':');
        if (colon == NULL)
            return false;
        *colon = '\0';
        headers[a->header_count++] = (tern_answer_header){line, colon + 1 + strspn(colon + 1, " ")};
    }
    a->headers = headers;
    return line != NULL;
}

static const char *read_body(char *data, size_t len, tern_answer *a)
{
    const char *coding = tern_answer_header_of(a, "transfer-encoding");
    const char *length = tern_answer_header_of(a, "content-length");
    if (coding != NULL) {
        const h1_chunk_limits limits = {UINT64_MAX / 4, SIZE_MAX / 64, SIZE_MAX / 64};
        h1_chunk chunk = {0};
        size_t used;
        if (h1_chunk_decode(&chunk, &limits, data, &len, &used) != H1_CHUNK_END)
            return "the answer broke off within its chunked body";
    } else if (length != NULL && strtoull(length, NULL, 10) != len) {
        return "the answer's body is not as long as its Content-Length says";
    }
    data[len] = '\0';
    a->body = data;
    a->len = len;
    return NULL;
}

const char *test_read_answer(tern_test *t, buf *heard, bool has_no_body, tern_answer *a)
{
    if (heard->failed)
        return "out of memory";
    if (heard->len == 0)
        return "the connection was closed without an answer";
    char *at = heard->data, *end = heard->data + heard->len;
    do {
        if (!read_head(t, &at, a))
            return "the answer's head is incomplete";
    } while (a->status < 200); /* 100 (Continue) comes before the answer */
    a->body = "";
    if (has_no_body || a->status == 204 || a->status == 304)
        return at == end ? NULL : "the answer has a body where none is allowed";
    return read_body(at, (size_t)(end - at), a);
}

tern_answer *test_send(tern_test *t, const char *method, const char *path, const tern_test_request *request,
                       const char **wrong)
{
    const char *type;
    const tern_str body = body_of(request, &type);
    tern_answer *a = test_need(arena_alloc(&t->arena, sizeof *a));
    *a = (tern_answer){.request = tern_test_sprintf(t, "%s %s", method, path)};
    if (body.data != NULL)
        a->sent_body = test_need(arena_text(&t->arena, body.data, body.len));
    buf bytes = {0}, heard = {0};
    write_request(t, method, path, request, body, type, &bytes);
    if (bytes.failed)
        test_need(NULL);
    t->doing = a->request;
    test_talk(t, bytes.data, bytes.len, &heard);
    t->doing = NULL;
    buf_free(&bytes);
    buf kept = {.data = arena_text(&t->arena, heard.len != 0 ? heard.data : "", heard.len), .len = heard.len};
    test_need(kept.data);
    kept.failed = heard.failed;
    buf_free(&heard);
    t->sent++;
    *wrong = test_read_answer(t, &kept, strcmp(method, "HEAD") == 0, a);
    if (*wrong != NULL)
        return NULL;
    test_take_cookies(t, a);
    return a;
}

tern_answer *tern_test_send_with(tern_test *t, const char *file, int line, const char *method,
                                 const char *path, const tern_test_request *request)
{
    const char *wrong;
    tern_answer *a = test_send(t, method, path, request, &wrong);
    if (a == NULL)
        tern_test_fail_at(file, line, "%s %s: %s", method, path, wrong);
    return a;
}

void tern_test_set_header(tern_test *t, const char *name, const char *value)
{
    test_header **at = &t->headers;
    while (*at != NULL &&
           (strlen((*at)->name) != strlen(name) || !text_equal_nocase((*at)->name, name, strlen(name))))
        at = &(*at)->next;
    if (value == NULL) {
        if (*at != NULL)
            *at = (*at)->next;
        return;
    }
    if (*at == NULL) {
        *at = test_need(arena_alloc(&t->arena, sizeof **at));
        **at = (test_header){.name = test_need(arena_text(&t->arena, name, strlen(name)))};
    }
    (*at)->value = test_need(arena_text(&t->arena, value, strlen(value)));
}

const char *tern_answer_header_of(const tern_answer *a, const char *name)
{
    size_t len = strlen(name);
    for (unsigned i = 0; i < a->header_count; i++)
        if (strlen(a->headers[i].name) == len && text_equal_nocase(a->headers[i].name, name, len))
            return a->headers[i].value;
    return NULL;
}

tern_value *tern_answer_json(tern_answer *a)
{
    if (a->json != NULL)
        return a->json;
    arena *memory = &test_current->arena;
    value_error error;
    tern_str text = {test_need(arena_text(memory, a->body, a->len)), a->len};
    a->json = value_parse(memory, text, NULL, &error);
    return a->json;
}
