/* The checks of a test, and their messages when one fails. */
#include "app/test/internal.h"
#include "http/exchange.h"
#include "schema/value/value.h"

#include <string.h>

enum { SHOWN_BODY_BYTES = 4000 };

static void add_indented(buf *out, const char *text, size_t len)
{
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t line = end != NULL ? (size_t)(end - text) : len;
        buf_add_text(out, "    ");
        buf_add(out, text, line);
        buf_add_text(out, "\n");
        line += end != NULL;
        text += line;
        len -= line;
    }
}

/** Appends a body for people: JSON is indented, anything else is unchanged. */
static void add_body(buf *out, const char *data, size_t len)
{
    value_error error;
    arena *memory = &test_current->arena;
    tern_str text = {test_need(arena_text(memory, data, len)), len};
    const tern_value *json = value_parse(memory, text, NULL, &error);
    if (json != NULL) {
        data = test_pretty(json);
        len = strlen(data);
    }
    add_indented(out, data, len < SHOWN_BODY_BYTES ? len : SHOWN_BODY_BYTES);
}

static void add_talk(buf *out, const tern_answer *a, bool with_body)
{
    const char *type = tern_answer_header_of(a, "content-type");
    buf_add_printf(out, "  asked: %s\n", a->request);
    if (a->sent_body != NULL)
        add_body(out, a->sent_body, strlen(a->sent_body));
    buf_add_printf(out, "  answered: %d %s%s%s\n", a->status, http_status_text(a->status),
                   type != NULL ? ", " : "", type != NULL ? type : "");
    if (with_body)
        add_body(out, a->body, a->len);
}

void tern_check_text_at(const char *file, int line, const char *what, const char *seen, const char *want)
{
    buf out = {0};
    if (seen == want || (seen != NULL && want != NULL && strcmp(seen, want) == 0))
        return;
    test_add_place(&out, file, line);
    if (seen == NULL || want == NULL) {
        buf_add_printf(&out, "%s is %s%s%s, expected %s%s%s\n", what, seen ? "\"" : "", seen ? seen : "NULL",
                       seen ? "\"" : "", want ? "\"" : "", want ? want : "NULL", want ? "\"" : "");
    } else {
        buf_add_printf(&out, "%s is not the expected text\n", what);
        test_add_diff(&out, want, seen);
    }
    test_fail_text(&out);
}

void tern_check_status_at(const char *file, int line, const tern_answer *a, int want)
{
    buf out = {0};
    if (a->status == want)
        return;
    test_add_place(&out, file, line);
    buf_add_printf(&out, "the status is %d %s, expected %d %s\n", a->status, http_status_text(a->status),
                   want, http_status_text(want));
    add_talk(&out, a, true);
    test_fail_text(&out);
}

void tern_check_header_at(const char *file, int line, const tern_answer *a, const char *name,
                          const char *want)
{
    const char *seen = tern_answer_header_of(a, name);
    buf out = {0};
    if (seen == want || (seen != NULL && want != NULL && strcmp(seen, want) == 0))
        return;
    test_add_place(&out, file, line);
    if (seen == NULL)
        buf_add_printf(&out, "there is no header %s, expected \"%s\"\n", name, want);
    else if (want == NULL)
        buf_add_printf(&out, "the header %s is \"%s\", expected none\n", name, seen);
    else
        buf_add_printf(&out, "the header %s is not the expected one\n", name);
    if (seen != NULL && want != NULL)
        test_add_diff(&out, want, seen);
    add_talk(&out, a, false);
    test_fail_text(&out);
}

void tern_check_body_at(const char *file, int line, const tern_answer *a, const char *want)
{
    buf out = {0};
    if (strlen(want) == a->len && memcmp(a->body, want, a->len) == 0)
        return;
    test_add_place(&out, file, line);
    buf_add_text(&out, "the body is not the expected one\n");
    test_add_diff(&out, want, a->body);
    add_talk(&out, a, false);
    test_fail_text(&out);
}

/** The value that the test expects, which must be JSON. */
static tern_value *read_wanted(const char *file, int line, const char *want)
{
    value_error error;
    arena *memory = &test_current->arena;
    tern_str text = {test_need(arena_text(memory, want, strlen(want))), strlen(want)};
    tern_value *value = value_parse(memory, text, NULL, &error);
    if (value == NULL)
        tern_test_fail_at(file, line, "the expected text is not JSON (%s): %s", error.message, want);
    return value;
}

void tern_check_json_at(const char *file, int line, tern_answer *a, const char *pointer, const char *want)
{
    buf out = {0};
    const tern_value *body = tern_answer_json(a);
    const tern_value *seen = tern_value_find(body, pointer);
    const tern_value *wanted = want != NULL ? read_wanted(file, line, want) : NULL;
    if (body != NULL && (wanted == NULL) == (seen == NULL) &&
        (seen == NULL || tern_value_equal(seen, wanted)))
        return;
    test_add_place(&out, file, line);
    if (body == NULL)
        buf_add_text(&out, "the body is not JSON\n");
    else if (seen == NULL)
        buf_add_printf(&out, "there is nothing at \"%s\", expected %s\n", pointer, want);
    else if (wanted == NULL)
        buf_add_printf(&out, "there is something at \"%s\", expected nothing\n", pointer);
    else
        test_add_json_diff(&out, pointer, wanted, seen);
    add_talk(&out, a, body == NULL || seen == NULL || wanted == NULL);
    test_fail_text(&out);
}

void tern_check_without_at(const char *file, int line, const tern_answer *a, const char *text)
{
    buf out = {0};
    const char *where = memmem(a->body, a->len, text, strlen(text)) != NULL ? "the body" : NULL;
    for (unsigned i = 0; where == NULL && i < a->header_count; i++)
        if (strstr(a->headers[i].value, text) != NULL)
            where = a->headers[i].name;
    if (where == NULL)
        return;
    test_add_place(&out, file, line);
    buf_add_printf(&out, "%s holds \"%s\"\n", where, text);
    add_talk(&out, a, true);
    test_fail_text(&out);
}
