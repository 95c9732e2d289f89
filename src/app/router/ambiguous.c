/** Finds routes of which neither is more specific, though one request may match both. */
#include "app/router/internal.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/** A route with a segment of special.h. */
typedef struct suspect {
    const route *route;
    size_t text_len; /* of the pattern, up to its first segment that is not a text */
} suspect;

static bool has_special(const route *r)
{
    for (unsigned i = 0, count; i < r->piece_count; i += count) {
        count = pattern_segment_pieces(&r->pieces[i], r->piece_count - i);
        if (special_is_needed(&r->pieces[i], count))
            return true;
    }
    return false;
}

/** Bytes of the pattern before its first parameter or text with one. */
static size_t plain_len(const route *r)
{
    size_t brace = strcspn(r->pattern, "{");
    while (brace > 0 && r->pattern[brace] != '/')
        brace--;
    return brace;
}

static int compare(const void *left, const void *right)
{
    const suspect *a = left, *b = right;
    int order = strcmp(a->route->method_name, b->route->method_name);
    if (order != 0)
        return order;
    if (a->text_len != b->text_len)
        return a->text_len < b->text_len ? -1 : 1;
    return memcmp(a->route->pattern, b->route->pattern, a->text_len);
}

static bool has_same_host(const route *a, const route *b)
{
    return a->host == b->host || (a->host != NULL && b->host != NULL && strcasecmp(a->host, b->host) == 0);
}

/** Whether a path may match both routes, and no segment decides which one is tried first. */
static bool are_ambiguous(router *r, const route *a, const route *b)
{
    bool is_undecided = false;
    unsigned i = 0, k = 0, a_count, b_count;
    for (; i < a->piece_count && k < b->piece_count; i += a_count, k += b_count) {
        const pattern_piece *left = &a->pieces[i], *right = &b->pieces[k];
        a_count = pattern_segment_pieces(left, a->piece_count - i);
        b_count = pattern_segment_pieces(right, b->piece_count - k);
        if (special_is_same(left, a_count, right, b_count))
            continue;
        if (!is_undecided && special_order(left, a_count, right, b_count) != 0)
            return false;
        if (left->kind == SEGMENT_REST || right->kind == SEGMENT_REST)
            return true;
        if (!special_may_overlap(left, a_count, right, b_count, &r->memory_short))
            return false;
        is_undecided = true;
    }
    return is_undecided && i >= a->piece_count && k >= b->piece_count;
}

void router_report_ambiguous(router *r)
{
    unsigned count = 0;
    suspect *suspects = r->count != 0 ? mem_alloc(r->count * sizeof *suspects) : NULL;
    if (suspects == NULL) {
        r->memory_short |= r->count != 0;
        return;
    }
    for (unsigned i = 0; i < r->count; i++)
        if (has_special(&r->routes[i]))
            suspects[count++] = (suspect){&r->routes[i], plain_len(&r->routes[i])};
    if (count > 1)
        qsort(suspects, count, sizeof *suspects, compare);
    for (unsigned i = 0; i < count; i++)
        for (unsigned k = i + 1; k < count && compare(&suspects[i], &suspects[k]) == 0; k++) {
            const route *a = suspects[i].route, *b = suspects[k].route;
            const route *first = a < b ? a : b, *second = a < b ? b : a;
            if (has_same_host(a, b) && are_ambiguous(r, first, second))
                router_problem(r, second,
                               "may match the same requests as %s:%d: %s %s, and neither is more specific",
                               router_file(first), router_line(first), first->method_name, first->pattern);
        }
    mem_free(suspects);
}
