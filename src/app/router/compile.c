#include "app/router/internal.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/** Far more than any application needs: 12 methods combined in every way. */
enum { ALLOWS_MAX = 4096 };

/** A new endpoint's number; 0 when out of memory. */
static uint32_t add_endpoint(router *r)
{
    if (r->endpoint_count + 1 >= r->endpoint_room) {
        unsigned room = r->endpoint_room != 0 ? r->endpoint_room * 2 : 32;
        uint32_t *slots = mem_realloc(r->slots, (size_t)room * r->stride * sizeof *slots);
        if (slots == NULL)
            return 0;
        r->slots = slots;
        uint64_t *masks = mem_realloc(r->masks, room * sizeof *masks);
        if (masks == NULL)
            return 0;
        r->masks = masks;
        r->endpoint_room = room;
    }
    uint32_t number = ++r->endpoint_count;
    memset(&r->slots[(size_t)number * r->stride], 0, r->stride * sizeof *r->slots);
    r->masks[number] = UINT64_C(1) << HTTP_OPTIONS;
    return number;
}

/** The endpoint of a pattern without parameters, created when new. */
static uint32_t plain_endpoint(router *r, uint32_t host, const char *text)
{
    size_t len = strlen(text);
    uint32_t endpoint = name_table_find(&r->plain, host, text, len);
    if (endpoint != 0)
        return endpoint;
    endpoint = add_endpoint(r);
    if (endpoint == 0 || !name_table_put(&r->plain, host, text, len, endpoint))
        return 0;
    bool has_slashless = r->slashes == TERN_SLASH_REDIRECT && len > 1 && text[len - 1] == '/';
    return !has_slashless || name_table_put(&r->slashless, host, text, len - 1, endpoint) ? endpoint : 0;
}

static uint32_t tree_endpoint(router *r, uint32_t host, const route *entered)
{
    uint32_t *place = router_tree_place(r, &r->hosts[host].root, entered);
    if (place != NULL && *place == 0)
        *place = add_endpoint(r);
    return place != NULL ? *place : 0;
}

/** Adds route number `index`, or reports the route that is already in its place. */
static void enter(router *r, unsigned index)
{
    const route *entered = &r->routes[index];
    uint32_t host;
    size_t reported = r->problems.len;
    if (!router_host_add(r, entered, &host))
        return;
    uint32_t endpoint = entered->param_count == 0 ? plain_endpoint(r, host, entered->pattern)
                                                  : tree_endpoint(r, host, entered);
    if (endpoint == 0) {
        r->memory_short |= r->problems.len == reported;
        return;
    }
    tern_str name = {entered->method_name, strlen(entered->method_name)};
    unsigned bit = router_method_bit(r, entered->method, name);
    uint32_t *slot = &r->slots[(size_t)endpoint * r->stride + bit];
    if (*slot != 0) {
        const route *first = &r->routes[*slot - 1];
        router_problem(r, entered, "conflicts with %s:%d: %s %s answers the same requests",
                       router_file(first), router_line(first), first->method_name, first->pattern);
        return;
    }
    *slot = index + 1;
    r->masks[endpoint] |= UINT64_C(1) << bit;
}

/** If there is a GET route but no HEAD route, GET's answers HEAD (RFC 9110 section 9.3.2). */
static void let_get_answer_head(router *r)
{
    for (uint32_t endpoint = 1; endpoint <= r->endpoint_count; endpoint++) {
        uint32_t *slots = &r->slots[(size_t)endpoint * r->stride];
        if (slots[HTTP_HEAD] == 0)
            slots[HTTP_HEAD] = slots[HTTP_GET];
        if (slots[HTTP_HEAD] != 0)
            r->masks[endpoint] |= UINT64_C(1) << HTTP_HEAD;
    }
}

/** Adds a mask to the set unless it is in it; false when out of memory or there are too many. */
static bool add_allow(router *r, unsigned *room, uint64_t mask)
{
    for (unsigned i = 0; i < r->allow_count; i++)
        if (r->allows[i].mask == mask)
            return true;
    if (r->allow_count == *room) {
        unsigned more = *room != 0 ? *room * 2 : 16;
        router_allow *allows = more <= ALLOWS_MAX ? mem_realloc(r->allows, more * sizeof *allows) : NULL;
        if (allows == NULL) {
            r->memory_short = more <= ALLOWS_MAX;
            return false;
        }
        r->allows = allows;
        *room = more;
    }
    r->allows[r->allow_count++] = (router_allow){.mask = mask};
    return true;
}

static const char *allow_text(router *r, uint64_t mask)
{
    const char *text = "";
    for (unsigned bit = 0; bit < r->stride - 1 && text != NULL; bit++) {
        if ((mask >> bit & 1) == 0)
            continue;
        const char *name =
            bit < HTTP_OTHER_METHOD ? http_method_name((http_method)bit) : r->others[bit - HTTP_OTHER_METHOD];
        text = arena_printf(&r->arena, "%s%s%s", text, *text != '\0' ? ", " : "", name);
    }
    return text;
}

static int compare_masks(const void *a, const void *b)
{
    uint64_t left = ((const router_allow *)a)->mask, right = ((const router_allow *)b)->mask;
    return left < right ? -1 : left > right;
}

/**
 * Makes the Allow texts: one for each union of endpoints' masks, since several patterns may match one path
 * and a 405 names the methods of all of them.
 */
static void build_allows(router *r)
{
    unsigned room = 0;
    bool fits = true;
    for (uint32_t endpoint = 1; endpoint <= r->endpoint_count && fits; endpoint++)
        fits = add_allow(r, &room, r->masks[endpoint]);
    unsigned distinct = r->allow_count;
    for (unsigned i = 0; i < distinct && fits; i++)
        for (unsigned k = 0, count = r->allow_count; k < count && fits; k++)
            fits = add_allow(r, &room, r->allows[i].mask | r->allows[k].mask);
    if (!fits) {
        if (!r->memory_short)
            buf_add_printf(&r->problems, "routes: more than %d different sets of methods\n", ALLOWS_MAX);
        return;
    }
    for (unsigned i = 0; i < r->allow_count; i++)
        if ((r->allows[i].text = allow_text(r, r->allows[i].mask)) == NULL)
            r->memory_short = true;
    if (r->allow_count != 0)
        qsort(r->allows, r->allow_count, sizeof *r->allows, compare_masks);
}

/** Puts the routes' names in a table; two routes given the same name are a problem. */
static void build_names(router *r)
{
    r->name_is_ambiguous = mem_zero(r->count, sizeof *r->name_is_ambiguous);
    if (r->name_is_ambiguous == NULL) {
        r->memory_short = true;
        return;
    }
    for (unsigned i = 0; i < r->count; i++) {
        const route *named = &r->routes[i];
        if (named->name == NULL)
            continue;
        size_t len = strlen(named->name);
        uint32_t space = named->options.name != NULL ? NAMES_GIVEN : NAMES_OF_HANDLERS;
        uint32_t first = name_table_find(&r->names, space, named->name, len);
        if (first == 0) {
            if (!name_table_put(&r->names, space, named->name, len, i + 1))
                r->memory_short = true;
            continue;
        }
        const route *other = &r->routes[first - 1];
        if (space == NAMES_GIVEN)
            router_problem(r, named, "the name \"%s\" is taken by %s:%d: %s %s", named->name,
                           router_file(other), router_line(other), other->method_name, other->pattern);
        else if (strcmp(other->pattern, named->pattern) != 0)
            r->name_is_ambiguous[first - 1] = true;
    }
}

bool router_compile(router *r, buf *problems)
{
    r->stride = HTTP_OTHER_METHOD + r->other_count + 1;
    for (unsigned i = 0; i < r->count; i++)
        enter(r, i);
    router_report_ambiguous(r);
    router_tree_finish(r);
    let_get_answer_head(r);
    build_allows(r);
    build_names(r);
    if (r->problems.len != 0)
        buf_add(problems, r->problems.data, r->problems.len);
    bool memory_short = r->memory_short || r->problems.failed;
    if (memory_short)
        buf_add_text(problems, "routes: out of memory while they were registered\n");
    return !memory_short && r->problems.len == 0;
}
