/* Shows people how a text or JSON value differs from the expected one. */
#include "app/test/internal.h"
#include "base/text.h"
#include "schema/value/value.h"

#include <string.h>

enum { LINES_BEFORE = 8, LINES_AFTER = 4, LINES_MARKED = 40, PATH_BYTES = 512 };

/* -- texts -- */

/** The end of the line that begins at `at`, including its line end. */
static const char *line_end(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline != NULL ? newline + 1 : end;
}

/** The start of the last line in `begin` .. `at`. */
static const char *line_begin(const char *begin, const char *at)
{
    if (at > begin)
        at--; /* its own line end */
    while (at > begin && at[-1] != '\n')
        at--;
    return at;
}

static void add_lines(buf *out, const char *mark, const char *at, const char *end, unsigned most)
{
    for (; at < end && most > 0; most--) {
        const char *next = line_end(at, end);
        size_t len = (size_t)(next - at) - (next > at && next[-1] == '\n');
        buf_add_text(out, mark);
        buf_add(out, at, len);
        buf_add_text(out, "\n");
        at = next;
    }
    if (at < end)
        buf_add_printf(out, "%s...\n", mark);
}

/** Appends a mark under the first byte that differs, when only one line does. */
static void add_caret(buf *out, const char *want, const char *seen, size_t want_len, size_t seen_len)
{
    size_t same = 0;
    while (same < want_len && same < seen_len && want[same] == seen[same] && want[same] != '\n')
        same++;
    size_t columns = 0; /* on the screen, if each character is one column wide */
    for (size_t i = 0; i < same; i++)
        columns += ((unsigned char)seen[i] & 0xc0) != 0x80;
    buf_add_printf(out, "    %*s^\n", (int)columns, "");
}

void test_add_diff(buf *out, const char *want, const char *seen)
{
    const char *want_end = want + strlen(want), *seen_end = seen + strlen(seen);
    const char *w = want, *s = seen;
    while (w < want_end && s < seen_end) { /* lines that both begin with */
        size_t len = (size_t)(line_end(w, want_end) - w);
        if (len != (size_t)(line_end(s, seen_end) - s) || memcmp(w, s, len) != 0)
            break;
        w += len;
        s += len;
    }
    const char *w_end = want_end, *s_end = seen_end;
    while (w_end > w && s_end > s) { /* and end with */
        const char *w_last = line_begin(w, w_end), *s_last = line_begin(s, s_end);
        size_t len = (size_t)(w_end - w_last);
        if (len != (size_t)(s_end - s_last) || memcmp(w_last, s_last, len) != 0)
            break;
        w_end = w_last;
        s_end = s_last;
    }
    const char *before = w;
    for (unsigned i = 0; i < LINES_BEFORE && before > want; i++)
        before = line_begin(want, before);
    if (before > want)
        buf_add_text(out, "    ...\n");
    add_lines(out, "    ", before, w, LINES_BEFORE);
    add_lines(out, "  - ", w, w_end, LINES_MARKED);
    add_lines(out, "  + ", s, s_end, LINES_MARKED);
    if (w < w_end && s < s_end && line_end(s, s_end) == s_end)
        add_caret(out, w, s, (size_t)(w_end - w), (size_t)(s_end - s));
    add_lines(out, "    ", w_end, want_end, LINES_AFTER);
    buf_add_text(out, "  (- wanted, + seen)\n");
}

/* -- JSON -- */

const char *test_pretty(const tern_value *value)
{
    json_out out;
    json_out_init(&out, &test_current->arena, 1024);
    if (!value_print(value, &out, 2) || !json_out_reserve(&out, 1))
        test_need(NULL);
    out.data[out.len] = '\0';
    return out.data;
}

/** Appends one step to a path, as JSON Pointer writes it; a full path is unchanged. */
static void go_down(buf *path, const char *key)
{
    buf_add_text(path, "/");
    for (; *key != '\0'; key++) {
        if (*key == '~' || *key == '/')
            buf_add_text(path, *key == '~' ? "~0" : "~1");
        else
            buf_add(path, key, 1);
    }
}

/** Extends `path` to the first difference between two unequal values; returns a description of it. The JSON
 * reader limits the depth. */
static const char *find_difference(const tern_value *want, const tern_value *seen, buf *path)
{
    tern_value_kind kind = tern_value_kind_of(want);
    size_t wants = tern_value_count(want), sees = tern_value_count(seen);
    char number[24];
    if (kind != tern_value_kind_of(seen) || (kind != TERN_JSON_ARRAY && kind != TERN_JSON_OBJECT))
        return "another value";
    for (size_t i = 0; i < wants; i++) {
        const char *key = tern_value_key(want, i);
        number[text_put_u64(number, i)] = '\0';
        const tern_value *other = key != NULL ? tern_value_get(seen, key) : tern_value_at(seen, i);
        if (other != NULL && tern_value_equal(tern_value_at(want, i), other))
            continue;
        go_down(path, key != NULL ? key : number);
        return other == NULL ? "missing" : find_difference(tern_value_at(want, i), other, path);
    }
    for (size_t i = 0; i < sees; i++) {
        const char *key = tern_value_key(seen, i);
        number[text_put_u64(number, i)] = '\0';
        if (key != NULL ? tern_value_get(want, key) != NULL : i < wants)
            continue;
        go_down(path, key != NULL ? key : number);
        return "not wanted";
    }
    return "another value";
}

/**
 * `seen` with the members of its objects in the order of `want`, so that a diff shows only real differences.
 */
static tern_value *arranged(const tern_value *want, tern_value *seen)
{
    arena *memory = &test_current->arena;
    tern_value_kind kind = tern_value_kind_of(seen);
    if (kind != tern_value_kind_of(want) || (kind != TERN_JSON_OBJECT && kind != TERN_JSON_ARRAY))
        return seen;
    tern_value *copy = test_need(kind == TERN_JSON_OBJECT ? value_object(memory) : value_array(memory));
    for (size_t i = 0; i < tern_value_count(want) && kind == TERN_JSON_OBJECT; i++) {
        const char *key = tern_value_key(want, i);
        tern_value *item = tern_value_get(seen, key);
        if (item != NULL)
            value_set(memory, copy, key, strlen(key), arranged(tern_value_at(want, i), item));
    }
    for (size_t i = 0; i < tern_value_count(seen); i++) {
        const char *key = tern_value_key(seen, i);
        if (key == NULL)
            value_add(memory, copy, arranged(tern_value_at(want, i), tern_value_at(seen, i)));
        else if (tern_value_get(want, key) == NULL)
            value_set(memory, copy, key, strlen(key), tern_value_at(seen, i));
    }
    return copy;
}

void test_add_json_diff(buf *out, const char *pointer, const tern_value *want, const tern_value *seen)
{
    char lent[PATH_BYTES];
    buf path = {.data = lent, .cap = sizeof lent, .limit = sizeof lent - 1};
    lent[0] = '\0';
    const char *what = find_difference(want, seen, &path);
    buf_add_printf(out, "what is at \"%s\" differs; first at \"%s%s\": %s\n", pointer, pointer, lent, what);
    test_add_diff(out, test_pretty(want), test_pretty(arranged(want, (tern_value *)seen)));
}
