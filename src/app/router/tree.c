/**
 * The tree of patterns with parameters: one level for each segment.
 *
 * Hot path: router_tree_walk. It allocates nothing. A segment's end is found once, however many nodes need
 * it; the rest of a node's work on a segment is bounded by the longest registered text or the 36 bytes of a
 * UUID.
 *
 * Why no path makes it slow: at every level the children that are tried (text, int, uuid, plain, rest, and those
 * of special.h) are different nodes, and a node has one parent, so a walk visits a node at most once. The steps are
 * therefore bounded by the nodes that the application registered, not by the path, and in practice by the
 * handful that fit the path's first segments. Recursion is at most PATTERN_SEGMENTS_MAX deep.
 */
#include "app/router/internal.h"

#include "base/mem.h"

#include <string.h>

/** The offset of the first '/' at or after `from`, or the path's length. */
static inline size_t segment_end(const char *text, size_t len, size_t from)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t ones = 0x0101010101010101u, slashes = ones * '/';
    for (; len - from >= 8;
         from += 8) { /* eight bytes per step: the lowest zero byte of `x` is the first '/' */
        uint64_t x;
        memcpy(&x, text + from, 8);
        x ^= slashes;
        uint64_t zeros = (x - ones) & ~x & (ones << 7);
        if (zeros != 0)
            return from + (size_t)__builtin_ctzll(zeros) / 8;
    }
    if (len >= 8 && from < len) { /* the last few bytes, moved down to the lowest positions */
        uint64_t x;
        memcpy(&x, text + len - 8, 8);
        x = (x >> 8 * (8 - (len - from))) ^ slashes;
        uint64_t zeros = (x - ones) & ~x & (ones << 7);
        return zeros != 0 ? from + (size_t)__builtin_ctzll(zeros) / 8 : len;
    }
#endif
    while (from < len && text[from] != '/')
        from++;
    return from;
}

/** The end of the segment at `depth`, which begins at `start`: found once per match. */
static inline size_t end_of(router_walk *w, unsigned depth, size_t start)
{
    uint64_t bit = UINT64_C(1) << depth;
    if ((w->ends_known & bit) == 0) {
        w->ends_known |= bit;
        w->ends[depth] = (uint32_t)segment_end(w->path.data, w->path.len, start);
    }
    return w->ends[depth];
}

/** The path has ended at this node. */
static const route *finish(router_walk *w, uint32_t node)
{
    const router *r = w->r;
    if (w->add_slash && (node = name_table_find(&r->edges, node, "", 0)) == 0)
        return NULL;
    uint32_t endpoint = r->nodes[node].endpoint;
    return endpoint != 0 ? router_take(w, endpoint) : NULL;
}

/** The position of a walk. */
typedef struct walk_place {
    uint32_t node;
    unsigned depth;  /* segments before it */
    unsigned params; /* parameters among them */
    size_t start;    /* of the next segment; past the path's end if there is none */
} walk_place;

/** Moves `*place` along the text in the path there; false when no child matches it. */
__attribute__((always_inline)) static inline bool follow_text(router_walk *w, const router_node *node,
                                                              walk_place *place)
{
    const char *text = w->path.data + place->start;
    size_t left = w->path.len - place->start, len = node->text_len;
    if (node->text_child != 0) { /* only one child, or a chain of them: no table */
        if (left < len || !name_table_equal(text, node->text, len) || (left > len && text[len] != '/'))
            return false;
        place->node = node->text_child;
        place->depth += node->text_depth;
    } else {
        len = end_of(w, place->depth, place->start) - place->start;
        uint32_t child = name_table_find(&w->r->edges, place->node, text, len);
        if (child == 0)
            return false;
        place->node = child;
        place->depth++;
    }
    place->start += len + 1;
    return true;
}

static const route *walk_from(router_walk *w, walk_place place);

/** Tries every segment that the node has, best first: those of special.h are among them. */
static __attribute__((noinline)) const route *try_specials(router_walk *w, const router_node *node,
                                                           walk_place place)
{
    const char *text = w->path.data + place.start;
    size_t end = end_of(w, place.depth, place.start), len = end - place.start;
    walk_place next = {0, place.depth + 1, 0, end + 1};
    const route *found = NULL;
    uint32_t at = len != 0 ? node->specials : 0;
    for (int i = -1; i < 3 && found == NULL && len != 0; i++) {
        /* texts with parameters, int, uuid, other kinds and expressions, plain */
        bool is_mixed = i < 0, is_checked = i == 2;
        for (; at != 0 && found == NULL && (is_mixed || is_checked); at = w->r->specials[at]->next) {
            const router_special *s = w->r->specials[at];
            if (is_mixed && s->count == 1)
                break;
            next.node = s->child;
            next.params = place.params + s->param_count;
            if (special_match(s, text, len, &w->params[place.params]))
                found = walk_from(w, next);
        }
        if (is_mixed || found != NULL || node->children[i] == 0 || (i == 0 && !segment_is_int(text, len)) ||
            (i == 1 && !segment_is_uuid(text, len)))
            continue;
        next.node = node->children[i];
        next.params = place.params + 1;
        w->params[place.params] = (tern_str){text, len};
        found = walk_from(w, next);
    }
    tern_str rest = {text, w->path.len - place.start};
    if (found != NULL || node->rest == 0 || rest.len == 0)
        return found;
    w->params[place.params] = rest;
    return router_take(w, node->rest);
}

/**
 * Tries the parameters at `*place`, best first. NULL with `*goes_on` when the walk must continue with the
 * last of them at the new `*place`: no alternatives are left.
 */
__attribute__((always_inline)) static inline const route *try_values(router_walk *w, const router_node *node,
                                                                     walk_place *place, bool *goes_on)
{
    const char *text = w->path.data + place->start;
    size_t end = end_of(w, place->depth, place->start), len = end - place->start;
    if (node->has_one_value) { /* the usual case: no choice */
        int kind = node->last_value;
        *goes_on =
            len != 0 && (kind == 2 || (kind == 0 ? segment_is_int(text, len) : segment_is_uuid(text, len)));
        w->params[place->params] = (tern_str){text, len};
        *place = (walk_place){node->children[kind], place->depth + 1, place->params + 1, end + 1};
        return NULL;
    }
    tern_str rest = {text, w->path.len - place->start};
    *goes_on = false;
    if (node->specials != 0)
        return try_specials(w, node, *place);
    if (len != 0) {
        w->params[place->params] = (tern_str){text, len}; /* deeper levels do not change this one */
        walk_place next = {0, place->depth + 1, place->params + 1, end + 1};
        for (int i = 0; i < 3; i++) {
            next.node = node->children[i];
            if (next.node == 0 || (i == 0 && !segment_is_int(text, len)) ||
                (i == 1 && !segment_is_uuid(text, len)))
                continue;
            if (i == node->last_value) {
                *place = next;
                *goes_on = true;
                return NULL;
            }
            const route *found = walk_from(w, next);
            if (found != NULL)
                return found;
        }
    }
    if (node->rest == 0 || rest.len == 0)
        return NULL;
    w->params[place->params] = rest;
    return router_take(w, node->rest);
}

/** The best route from `place` on. It calls itself only when alternatives are left. */
static const route *walk_from(router_walk *w, walk_place place)
{
    const router_node *nodes = w->r->nodes;
    for (;;) {
        const router_node *node = &nodes[place.node];
        w->steps++;
        if (place.start > w->path.len)
            return finish(w, place.node);
        if (!node->has_values) {
            if (!node->has_text || !follow_text(w, node, &place))
                return NULL;
            continue;
        }
        walk_place next = place;
        if (node->has_text && follow_text(w, node, &next)) {
            const route *found = walk_from(w, next);
            if (found != NULL)
                return found;
        }
        bool goes_on;
        const route *found = try_values(w, node, &place, &goes_on);
        if (!goes_on)
            return found;
    }
}

const route *router_tree_walk(router_walk *w, uint32_t root)
{
    return walk_from(w, (walk_place){.node = root, .start = 1});
}

/** A new node's number; 0 when out of memory. Number 0 itself is never a node. */
static uint32_t add_node(router *r)
{
    if (r->node_count + 1 >= r->node_room) {
        unsigned room = r->node_room != 0 ? r->node_room * 2 : 32;
        router_node *nodes = mem_realloc(r->nodes, room * sizeof *nodes);
        if (nodes == NULL)
            return 0;
        r->nodes = nodes;
        r->node_room = room;
    }
    r->nodes[++r->node_count] = (router_node){0};
    return r->node_count;
}

static uint32_t text_child(router *r, uint32_t node, tern_str text)
{
    uint32_t child = name_table_find(&r->edges, node, text.data, text.len);
    if (child != 0 || (child = add_node(r)) == 0)
        return child;
    router_node *parent = &r->nodes[node];
    parent->text_child = parent->has_text ? 0 : child;
    parent->text = text.data;
    parent->text_len = (uint32_t)text.len;
    parent->text_depth = 1;
    parent->has_text = true;
    return name_table_put(&r->edges, node, text.data, text.len, child) ? child : 0;
}

static uint32_t value_child(router *r, uint32_t node, segment_kind kind)
{
    unsigned index = kind == SEGMENT_INT ? 0 : kind == SEGMENT_UUID ? 1 : 2;
    uint32_t child = r->nodes[node].children[index];
    if (child != 0 || (child = add_node(r)) == 0)
        return child;
    r->nodes[node].children[index] = child;
    r->nodes[node].has_values = true;
    return child;
}

/** Room for one more of the router's specials; its number, or 0 when out of memory. */
static uint32_t add_special(router *r)
{
    if (r->special_count + 1 >= r->special_room) {
        unsigned room = r->special_room != 0 ? r->special_room * 2 : 16;
        router_special **specials = mem_realloc(r->specials, room * sizeof *specials);
        if (specials == NULL)
            return 0;
        r->specials = specials;
        r->special_room = room;
        r->special_count += r->special_count == 0; /* number 0 is "none" */
    }
    router_special *added = arena_alloc(&r->arena, sizeof *added);
    if (added == NULL)
        return 0;
    *added = (router_special){0};
    r->specials[r->special_count] = added;
    return r->special_count++;
}

/** The child for a segment of special.h, which is put in its place among the others of the node. */
static uint32_t special_child(router *r, uint32_t node, const route *placed, pattern_piece *first,
                              unsigned count)
{
    char problem[PATTERN_PROBLEM_BYTES];
    uint32_t before = 0;
    bool is_placed = false;
    for (uint32_t at = r->nodes[node].specials; at != 0; at = r->specials[at]->next) {
        const router_special *s = r->specials[at];
        if (special_is_same(s->pieces, s->count, first, count)) {
            first->special = s;
            return s->child;
        }
        is_placed |= special_order(s->pieces, s->count, first, count) > 0;
        if (!is_placed)
            before = at;
    }
    uint32_t added = add_special(r), child = added != 0 ? add_node(r) : 0;
    if (child == 0)
        return 0;
    router_special *s = r->specials[added];
    if (!special_compile(s, first, count, problem)) {
        router_problem(r, placed, "%s", problem);
        return 0;
    }
    uint32_t *link = before != 0 ? &r->specials[before]->next : &r->nodes[node].specials;
    s->next = *link;
    s->child = child;
    *link = added;
    r->nodes[node].has_values = true;
    first->special = s;
    return child;
}

uint32_t *router_tree_place(router *r, uint32_t *root, const route *placed)
{
    if (*root == 0 && (*root = add_node(r)) == 0)
        return NULL;
    uint32_t node = *root;
    for (unsigned i = 0, count; i < placed->piece_count && node != 0; i += count) {
        pattern_piece *first = &placed->pieces[i];
        count = pattern_segment_pieces(first, placed->piece_count - i);
        if (first->kind == SEGMENT_REST) {
            r->nodes[node].has_values = true;
            return &r->nodes[node].rest;
        }
        node = special_is_needed(first, count) ? special_child(r, node, placed, first, count)
               : first->kind == SEGMENT_TEXT   ? text_child(r, node, first->text)
                                               : value_child(r, node, first->kind);
    }
    return node != 0 ? &r->nodes[node].endpoint : NULL;
}

/** Whether this node has exactly one child, by text, and no pattern ends here. */
static bool is_passage(const router_node *node)
{
    return node->text_child != 0 && !node->has_values && node->endpoint == 0;
}

void router_tree_finish(router *r)
{
    /* A child has a higher number than its parent: from the back, its descendants are already joined. */
    for (uint32_t i = r->node_count; i > 0; i--) {
        router_node *node = &r->nodes[i];
        int values = 0;
        node->last_value = -1;
        for (int k = 0; k < 3 && node->rest == 0 && node->specials == 0; k++)
            if (node->children[k] != 0) {
                node->last_value = (int8_t)k;
                values++;
            }
        node->has_one_value = values == 1;
        if (node->text_child == 0)
            continue;
        const router_node *child = &r->nodes[node->text_child];
        if (!is_passage(child) || child->text_len == 0) /* a final '/' stays separate: see finish */
            continue;
        node->text =
            child->text - node->text_len - 1; /* the same text and '/' are before it in its pattern */
        node->text_len += 1 + child->text_len;
        node->text_depth = (uint8_t)(node->text_depth + child->text_depth);
        node->text_child = child->text_child;
    }
}
