/* The database part of the contract: single rows, many, a page made of them, and changes. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 10000, QUERIES = 20 };

static uint64_t chance_state = 88172645463325252u;

/** 1 to ROWS; xorshift, which is enough for picking rows. */
static int random_row(void)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return 1 + (int)(chance_state % ROWS);
}

TERN_HANDLER(one_row)
{
    return tern_json(c, World, tern_get_or_404(c, World, random_row()));
}

/** QUERIES rows at random, by a query each. */
static World_list random_rows(tern_ctx *c)
{
    tern_arg keys[QUERIES];
    for (int i = 0; i < QUERIES; i++)
        keys[i] = TERN_ARG(random_row());
    return tern_find_all(c, World, (tern_args){keys, QUERIES});
}

TERN_HANDLER(many_rows)
{
    return tern_json_list(c, World, random_rows(c));
}

static int by_id(const void *a, const void *b)
{
    return (int)(((const World *)a)->id - ((const World *)b)->id);
}

/** The rows are written in the order of their keys, so that two requests never wait for each other. */
TERN_HANDLER(change_rows)
{
    World_list rows = random_rows(c);
    qsort(rows.items, rows.count, sizeof *rows.items, by_id);
    for (size_t i = 0; i < rows.count; i++)
        rows.items[i].random_number = random_row();
    tern_update_all(c, World, rows);
    return tern_json_list(c, World, rows);
}

/* -- the page; Tern has no templates yet -- */

static const char *const escapes[256] = {
    ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&#34;", ['\''] = "&#39;"};

static char *put(char *at, const char *text)
{
    size_t len = strlen(text);
    memcpy(at, text, len);
    return at + len;
}

static char *put_escaped(char *at, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *escape = escapes[(unsigned char)*text];
        if (escape != NULL)
            at = put(at, escape);
        else
            *at++ = *text;
    }
    return at;
}

static int by_message(const void *a, const void *b)
{
    return strcmp(((const Fortune *)a)->message, ((const Fortune *)b)->message);
}

TERN_HANDLER(show_fortunes)
{
    static const char head[] =
        "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th>"
        "<th>message</th></tr>",
                      row[] = "<tr><td></td><td></td></tr>", foot[] = "</table></body></html>";
    Fortune_list found = tern_select(c, Fortune);
    Fortune *all = tern_alloc(c, (found.count + 1) * sizeof *all);
    size_t room = sizeof head + sizeof foot;
    memcpy(all, found.items, found.count * sizeof *all);
    all[found.count] = (Fortune){.id = 0, .message = "Additional fortune added at request time."};
    qsort(all, found.count + 1, sizeof *all, by_message);
    for (size_t i = 0; i <= found.count; i++)
        room += sizeof row + 20 + 5 * strlen(all[i].message);
    char *page = tern_alloc(c, room), *at = put(page, head);
    for (size_t i = 0; i <= found.count; i++) {
        at = put(at, "<tr><td>");
        at = put(at, tern_sprintf(c, "%lld", (long long)all[i].id));
        at = put(at, "</td><td>");
        at = put_escaped(at, all[i].message);
        at = put(at, "</td></tr>");
    }
    at = put(at, foot);
    *at = '\0';
    return tern_html(c, page);
}

void add_rows(tern_app *app)
{
    const char *url = getenv("BENCH_DATABASE");
    if (url == NULL)
        return;
    tern_database_with(app, (.url = url, .unmanaged = true), TERN_TYPE(World), TERN_TYPE(Fortune));
    tern_get(app, "/db", one_row);
    tern_get(app, "/queries", many_rows);
    tern_get(app, "/updates", change_rows);
    tern_get(app, "/fortunes", show_fortunes);
}
