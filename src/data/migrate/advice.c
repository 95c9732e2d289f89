/* Advice for a migration that a view or trigger blocks. */
#include "data/migrate/command.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 128, ADVICES_MOST = 8 };

/** How an engine names a dependent object: the name is between the two texts. */
static const struct {
    const char *before, *after;
    const char *type; /* as in "drop view" */
} namings[] = {
    {"error in view ", ":", "view"}, /* SQLite */
    {"error in trigger ", ":", "trigger"},
    {"materialized view ", " depends on ", "materialized view"}, /* PostgreSQL */
    {"view ", " depends on ", "view"},
    {"trigger ", " depends on ", "trigger"},
    {"policy ", " depends on ", "policy"},
};

typedef struct advice {
    const char *type;
    char name[NAME_BYTES];
} advice;

/** The name at `at`, if there is one: "own on todo" for "own on table todo". */
static bool take_name(const char *at, const char *after, char *name)
{
    static const char on[] = " on table ";
    const char *end = strstr(at, after);
    size_t len = strcspn(at, " :;("), on_len = sizeof on - 1;
    if (end == NULL || end - at >= NAME_BYTES)
        return false;
    if (at + len == end)
        snprintf(name, NAME_BYTES, "%.*s", (int)len, at);
    else if (strncmp(at + len, on, on_len) == 0 &&
             at + len + on_len + strcspn(at + len + on_len, " ;(") == end)
        snprintf(name, NAME_BYTES, "%.*s on %.*s", (int)len, at, (int)(end - at - (long)(len + on_len)),
                 at + len + on_len);
    else
        return false;
    return true;
}

static bool is_found(const advice *found, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(found[i].name, found[count].name) == 0)
            return true;
    return false;
}

static unsigned find_advices(const char *text, advice *found)
{
    unsigned count = 0;
    while (*text != '\0' && count < ADVICES_MOST) {
        size_t skip = 1;
        for (size_t i = 0; i < sizeof namings / sizeof *namings; i++) {
            size_t len = strlen(namings[i].before);
            if (strncmp(text, namings[i].before, len) != 0 ||
                !take_name(text + len, namings[i].after, found[count].name))
                continue;
            if (!is_found(found, count))
                found[count++].type = namings[i].type;
            skip = len;
            break;
        }
        text += skip;
    }
    return count;
}

void migrate_add_advice(buf *problem, const char *file)
{
    advice found[ADVICES_MOST];
    unsigned count = problem->data != NULL ? find_advices(problem->data, found) : 0;
    for (unsigned i = count; i-- > 0;) /* each depends on those before it */
        buf_add_printf(problem, "%sdrop %s %s;", i + 1 == count ? "; write \"" : " ", found[i].type,
                       found[i].name);
    if (count != 0)
        buf_add_printf(problem,
                       "\" at the top of %s, and at its end a \"create %s\" that fits, if there is to "
                       "be one",
                       file, found[0].type);
}
