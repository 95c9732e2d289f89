/**
 * The tree of patterns with parameters: one level for each segment.
 *
 * Hot path: router_tree_walk. It allocates nothing. A segment's end is found once, however many nodes need
 * it; the rest of a node's work on a segment is bounded by the longest registered text or the 36 bytes of a
 * UUID.
 *
 * Why no path makes it slow: at every level at most five children are tried (text, int, uuid, plain, rest),
 * each a different node, and a node has one parent, so a walk visits a node at most once. The steps are
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

static uint32_t child_for(router *r, uint32_t node, const pattern_segment *segment)
{
    tern_str text = segment->text;
    bool is_text = segment->kind == SEGMENT_TEXT;
    uint32_t child = is_text ? name_table_find(&r->edges, node, text.data, text.len)
                             : r->nodes[node].children[segment->kind - SEGMENT_INT];
    if (child != 0 || (child = add_node(r)) == 0)
        return child;
    router_node *parent = &r->nodes[node];
    if (!is_text) {
        parent->children[segment->kind - SEGMENT_INT] = child;
        parent->has_values = true;
        return child;
    }
    parent->text_child = parent->has_text ? 0 : child;
    parent->text = text.data;
    parent->text_len = (uint32_t)text.len;
    parent->text_depth = 1;
    parent->has_text = true;
    return name_table_put(&r->edges, node, text.data, text.len, child) ? child : 0;
}

uint32_t *router_tree_place(router *r, uint32_t *root, const pattern *p)
{
    if (*root == 0 && (*root = add_node(r)) == 0)
        return NULL;
    uint32_t node = *root;
    for (unsigned i = 0; i < p->count; i++) {
        if (p->segments[i].kind == SEGMENT_REST) {
            r->nodes[node].has_values = true;
            return &r->nodes[node].rest;
        }
        node = child_for(r, node, &p->segments[i]);
        if (node == 0)
            return NULL;
    }
    return &r->nodes[node].endpoint;
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
        for (int k = 0; k < 3 && node->rest == 0; k++)
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
