/* The cookies of a test: kept as a browser keeps those of one site, except that time does not pass. */
#include "app/test/internal.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static test_cookie **place_of(tern_test *t, const char *name, const char *path)
{
    test_cookie **at = &t->cookies;
    while (*at != NULL && (strcmp((*at)->name, name) != 0 || strcmp((*at)->path, path) != 0))
        at = &(*at)->next;
    return at;
}

static void keep(tern_test *t, const char *name, const char *value, const char *path)
{
    test_cookie **at = place_of(t, name, path);
    if (value == NULL) {
        if (*at != NULL)
            *at = (*at)->next;
        return;
    }
    if (*at == NULL) {
        *at = test_need(arena_alloc(&t->arena, sizeof **at));
        **at = (test_cookie){.name = name, .path = path};
    }
    (*at)->value = value;
}

/** The value of an attribute of a Set-Cookie, cut off at its end; NULL when it is missing. `rest` begins
 * after the cookie's value. */
static const char *attribute(tern_test *t, const char *rest, const char *name)
{
    size_t len = strlen(name);
    while (*rest == ';') {
        rest++;
        rest += strspn(rest, " ");
        size_t all = strcspn(rest, ";");
        if (all > len && rest[len] == '=' && text_equal_nocase(rest, name, len))
            return test_need(arena_text(&t->arena, rest + len + 1, all - len - 1));
        rest += all;
    }
    return NULL;
}

static void take(tern_test *t, const char *line)
{
    size_t name_len = strcspn(line, "=;");
    if (line[name_len] != '=')
        return;
    const char *value = line + name_len + 1;
    size_t value_len = strcspn(value, ";");
    const char *path = attribute(t, value + value_len, "path");
    const char *age = attribute(t, value + value_len, "max-age");
    bool is_gone = age != NULL && strtol(age, NULL, 10) <= 0;
    keep(t, test_need(arena_text(&t->arena, line, name_len)),
         is_gone ? NULL : test_need(arena_text(&t->arena, value, value_len)),
         path != NULL && path[0] == '/' ? path : "/");
}

void test_take_cookies(tern_test *t, const tern_answer *a)
{
    for (unsigned i = 0; i < a->header_count; i++) {
        const char *name = a->headers[i].name;
        if (strlen(name) == 10 && text_equal_nocase(name, "set-cookie", 10))
            take(t, a->headers[i].value);
    }
}

/** RFC 6265 section 5.1.4. */
static bool is_for(const test_cookie *cookie, const char *path)
{
    size_t len = strlen(cookie->path);
    return strncmp(path, cookie->path, len) == 0 &&
           (cookie->path[len - 1] == '/' || path[len] == '\0' || path[len] == '/' || path[len] == '?');
}

void test_add_cookies(const tern_test *t, const char *path, buf *out)
{
    const char *before = "Cookie: ";
    for (const test_cookie *cookie = t->cookies; cookie != NULL; cookie = cookie->next) {
        if (!is_for(cookie, path))
            continue;
        buf_add_printf(out, "%s%s=%s", before, cookie->name, cookie->value);
        before = "; ";
    }
    if (before[0] == ';')
        buf_add_text(out, "\r\n");
}

const char *tern_test_cookie(tern_test *t, const char *name)
{
    for (const test_cookie *cookie = t->cookies; cookie != NULL; cookie = cookie->next)
        if (strcmp(cookie->name, name) == 0)
            return cookie->value;
    return NULL;
}

void tern_test_set_cookie(tern_test *t, const char *name, const char *value)
{
    keep(t, test_need(arena_text(&t->arena, name, strlen(name))),
         value == NULL ? NULL : test_need(arena_text(&t->arena, value, strlen(value))), "/");
}
