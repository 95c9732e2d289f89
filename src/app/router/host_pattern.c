/** Hosts with parameters: `{user}.example.com`. Their labels are matched like segments of a path. */
#include "app/router/internal.h"

#include <string.h>
#include <strings.h>

/** Text of a host is compared in lower case; false for text that a host cannot contain. */
static bool take_text(router *r, const route *at, pattern_piece *piece)
{
    for (size_t i = 0; i < piece->text.len; i++) {
        unsigned char byte = text_lower((unsigned char)piece->text.data[i]);
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
        if (is_letter || byte == '-' || byte == '_')
            continue;
        router_problem(r, at, "host \"%s\": '%c' cannot be in a host with parameters", at->host,
                       piece->text.data[i]);
        return false;
    }
    char *lower = arena_text(&r->arena, piece->text.data, piece->text.len);
    if (lower == NULL) {
        r->memory_short = true;
        return false;
    }
    for (size_t i = 0; i < piece->text.len; i++)
        lower[i] = (char)text_lower((unsigned char)lower[i]);
    piece->text.data = lower;
    return true;
}

bool router_host_take(router *r, route *added)
{
    char problem[PATTERN_PROBLEM_BYTES];
    pattern p;
    added->host_piece_count = 0;
    if (added->host == NULL || strchr(added->host, '{') == NULL)
        return true;
    if (!pattern_parse_host(&p, added->host, r->kinds, problem)) {
        router_problem(r, added, "host \"%s\": %s", added->host, problem);
        return false;
    }
    pattern_piece *pieces = arena_alloc(&r->arena, p.count * sizeof *pieces);
    if (pieces == NULL) {
        r->memory_short = true;
        return false;
    }
    memcpy(pieces, p.pieces, p.count * sizeof *pieces);
    for (unsigned i = 0; i < p.count; i++)
        if (pieces[i].kind == SEGMENT_TEXT && !take_text(r, added, &pieces[i]))
            return false;
    added->host_pieces = pieces;
    added->host_piece_count = p.count;
    return true;
}

tern_str router_host_end(const route *at)
{
    const char *brace = strrchr(at->host, '}'), *dot = strchr(brace, '.');
    size_t len = dot != NULL ? strlen(dot) : 0;
    if (len > 0 && dot[len - 1] == '.')
        len--;
    return (tern_str){len != 0 ? dot : "", len};
}

/** Below 0 if the first host comes first, by its first label that decides; `*is_same` if only names differ. */
static int compare(const router_host *a, const router_host *b, bool *is_same)
{
    unsigned i = 0, k = 0, a_count, b_count;
    *is_same = false;
    for (; i < a->piece_count && k < b->piece_count; i += a_count, k += b_count) {
        a_count = pattern_segment_pieces(&a->pieces[i], a->piece_count - i);
        b_count = pattern_segment_pieces(&b->pieces[k], b->piece_count - k);
        if (special_is_same(&a->pieces[i], a_count, &b->pieces[k], b_count))
            continue;
        int order = special_order(&a->pieces[i], a_count, &b->pieces[k], b_count);
        if (order != 0)
            return order;
    }
    *is_same = i >= a->piece_count && k >= b->piece_count;
    for (i = 0; *is_same && i < a->piece_count; i++)
        *is_same = special_is_same(&a->pieces[i], 1, &b->pieces[i], 1);
    return 0;
}

/** Prepares the labels for matching; false with a problem reported. */
static bool compile_labels(router *r, const route *at)
{
    char problem[PATTERN_PROBLEM_BYTES];
    for (unsigned i = 0, count; i < at->host_piece_count; i += count) {
        pattern_piece *first = &at->host_pieces[i];
        count = pattern_segment_pieces(first, at->host_piece_count - i);
        if (!special_is_needed(first, count))
            continue;
        uint32_t added = router_add_special(r);
        if (added == 0) {
            r->memory_short = true;
            return false;
        }
        if (!special_compile(r->specials[added], first, count, problem)) {
            router_problem(r, at, "host \"%s\": %s", at->host, problem);
            return false;
        }
        first->special = r->specials[added];
    }
    return true;
}

bool router_host_place(router *r, const route *at, router_host *made, uint32_t *first, uint32_t *number)
{
    uint32_t before = 0;
    bool is_placed = false;
    for (uint32_t h = *first; h != 0; h = r->hosts[h].next) {
        bool is_same;
        int order = compare(&r->hosts[h], made, &is_same);
        if (is_same) {
            *number = h;
            return true;
        }
        const router_host *other = &r->hosts[h];
        if (order == 0 && router_pieces_are_ambiguous(r, other->pieces, other->piece_count, made->pieces,
                                                      made->piece_count)) {
            router_problem(r, at, "host \"%s\" may be the same as \"%s\", and neither is more specific",
                           at->host, other->name);
            return false;
        }
        is_placed |= order > 0;
        if (!is_placed)
            before = h;
    }
    if (!compile_labels(r, at))
        return false;
    made->next = before != 0 ? r->hosts[before].next : *first;
    if (before != 0)
        r->hosts[before].next = r->host_count;
    else
        *first = r->host_count;
    *number = r->host_count;
    r->hosts[r->host_count++] = *made;
    return true;
}

bool router_host_match(const router_host *h, tern_str name, tern_str *values)
{
    size_t at = 0;
    unsigned used = 0;
    for (unsigned i = 0, count; i < h->piece_count; i += count) {
        const pattern_piece *first = &h->pieces[i];
        count = pattern_segment_pieces(first, h->piece_count - i);
        if (at > name.len)
            return false;
        const char *dot = memchr(name.data + at, '.', name.len - at);
        size_t len = dot != NULL ? (size_t)(dot - name.data) - at : name.len - at;
        if (!special_read(first, (tern_str){name.data + at, len}, &values[used]))
            return false;
        used += first->special != NULL ? first->special->param_count : first->kind != SEGMENT_TEXT;
        at += len + 1;
    }
    return at == name.len + 1;
}

bool router_host_may_be(const char *own, const char *name, size_t len)
{
    char problem[PATTERN_PROBLEM_BYTES];
    pattern p;
    if (!pattern_parse_host(&p, own, &pattern_any_kind, problem))
        return false;
    size_t at = 0;
    for (unsigned i = 0, count; i < p.count; i += count, at++) {
        tern_str text = p.pieces[i].text;
        count = pattern_segment_pieces(&p.pieces[i], p.count - i);
        const char *dot = at < len ? memchr(name + at, '.', len - at) : NULL;
        size_t label = at >= len ? 0 : dot != NULL ? (size_t)(dot - name) - at : len - at;
        bool is_text = count == 1 && p.pieces[i].kind == SEGMENT_TEXT;
        if (label == 0 || (is_text && (label != text.len || strncasecmp(name + at, text.data, label) != 0)))
            return false;
        at += label;
    }
    return at == len + 1;
}
