/**
 * The tree of patterns with parameters: one level for each segment.
 *
 * Hot path: router_tree_walk. It allocates nothing and reads each byte of the path a fixed number of times: a
 * segment is cut, hashed and classified at most once, whatever the number of nodes that ask.
 *
 * Why no path makes it slow: at every level at most five things are tried (text, int, uuid, plain, rest),
 * each a different node, and a node has one parent, so that a walk visits a node at most once. The steps are
 * therefore bounded by the nodes that the application registered, not by the path, and in practice by the
 * handful that fit the path's first segments. Recursion goes no deeper than PATTERN_SEGMENTS_MAX.
 */
#include "app/router_inside.h"

#include "base/mem.h"

#include <string.h>

enum { KIND_BIT_TEXT = 1 << SEGMENT_TEXT };

/** Where the first '/' at or after `from` stands, or the end. */
static size_t segment_end(tern_str path, size_t from)
{
    const uint64_t ones = 0x0101010101010101u, slashes = ones * '/';
    for (; path.len - from >= 8; from += 8) { /* eight bytes a step: a zero byte of `x` is a '/' */
        uint64_t x;
        memcpy(&x, path.data + from, 8);
        x ^= slashes;
        uint64_t zeros = (x - ones) & ~x & (ones << 7);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (zeros != 0)
            return from + (size_t)__builtin_ctzll(zeros) / 8;
#else
        if (zeros != 0)
            break; /* the plain loop below finds it */
#endif
    }
    while (from < path.len && path.data[from] != '/')
        from++;
    return from;
}

/** The segment at `depth` of the path, NULL when the path has ended before it. */
static inline walk_segment *segment_at(router_walk *w, unsigned depth)
{
    walk_segment *segment = &w->segments[depth];
    if (depth < w->segments_known)
        return segment;
    size_t start = depth == 0 ? 1 : (size_t)segment[-1].start + segment[-1].len + 1;
    if (start > w->path.len)
        return NULL;
    segment->start = (uint32_t)start;
    segment->len = (uint32_t)(segment_end(w->path, start) - start);
    segment->known = segment->is = 0;
    w->segments_known = depth + 1;
    return segment;
}

static inline bool segment_is(router_walk *w, walk_segment *segment, segment_kind kind)
{
    uint8_t bit = (uint8_t)(1 << kind);
    if ((segment->known & bit) == 0) {
        const char *text = w->path.data + segment->start;
        segment->known |= bit;
        if (kind == SEGMENT_INT ? segment_is_int(text, segment->len) : segment_is_uuid(text, segment->len))
            segment->is |= bit;
    }
    return (segment->is & bit) != 0;
}

static inline uint32_t child_by_text(router_walk *w, uint32_t node, walk_segment *segment)
{
    const router_hash *edges = &w->r->edges;
    if (segment->len > edges->longest)
        return 0;
    const char *text = w->path.data + segment->start;
    if ((segment->known & KIND_BIT_TEXT) == 0) {
        segment->known |= KIND_BIT_TEXT;
        segment->hash = router_hash_text(text, segment->len);
    }
    return router_hash_get(edges, node, text, segment->len, segment->hash);
}

/** The path has ended at this node. */
static const route *finish(router_walk *w, uint32_t node)
{
    const router *r = w->r;
    if (w->add_slash) {
        node = router_hash_get(&r->edges, node, "", 0, router_hash_text("", 0));
        if (node == 0)
            return NULL;
    }
    uint32_t endpoint = r->nodes[node].endpoint;
    return endpoint != 0 ? router_take(w, endpoint) : NULL;
}

/** The best route below `at`, which `depth` segments with `params` parameters have led to. */
static const route *walk_from(router_walk *w, uint32_t at, unsigned depth, unsigned params)
{
    for (;;) {
        const router_node *node = &w->r->nodes[at];
        w->steps++;
        walk_segment *segment = segment_at(w, depth);
        if (segment == NULL)
            return finish(w, at);

        /* The children that fit, best first. */
        uint32_t next[4], by_text = 0;
        unsigned count = 0;
        if (node->has_text && (by_text = child_by_text(w, at, segment)) != 0)
            next[count++] = by_text;
        if (segment->len != 0) {
            if (node->children[0] != 0 && segment_is(w, segment, SEGMENT_INT))
                next[count++] = node->children[0];
            if (node->children[1] != 0 && segment_is(w, segment, SEGMENT_UUID))
                next[count++] = node->children[1];
            if (node->children[2] != 0)
                next[count++] = node->children[2];
        }
        tern_str value = {w->path.data + segment->start, segment->len};
        tern_str rest = {value.data, w->path.len - segment->start};
        bool has_rest = node->rest != 0 && rest.len != 0;

        for (unsigned i = 0; i < count; i++) {
            unsigned params_then = params + (next[i] != by_text);
            if (params_then != params)
                w->params[params] = value;
            if (i == count - 1 && !has_rest) { /* nothing else to come back for */
                at = next[i];
                params = params_then;
                break;
            }
            const route *found = walk_from(w, next[i], depth + 1, params_then);
            if (found != NULL)
                return found;
        }
        if (has_rest) {
            w->params[params] = rest;
            return router_take(w, node->rest);
        }
        if (count == 0)
            return NULL;
        depth++;
    }
}

const route *router_tree_walk(router_walk *w, uint32_t root)
{
    return walk_from(w, root, 0, 0);
}

/** A new node's number; 0 when memory is short. Number 0 itself is never a node. */
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
    uint32_t child =
        is_text ? router_hash_get(&r->edges, node, text.data, text.len, router_hash_text(text.data, text.len))
                : r->nodes[node].children[segment->kind - SEGMENT_INT];
    if (child != 0 || (child = add_node(r)) == 0)
        return child;
    if (!is_text) {
        r->nodes[node].children[segment->kind - SEGMENT_INT] = child;
        return child;
    }
    r->nodes[node].has_text = true;
    return router_hash_put(&r->edges, node, text.data, text.len, child) ? child : 0;
}

uint32_t *router_tree_place(router *r, uint32_t *root, const pattern *p)
{
    if (*root == 0 && (*root = add_node(r)) == 0)
        return NULL;
    uint32_t node = *root;
    for (unsigned i = 0; i < p->count; i++) {
        if (p->segments[i].kind == SEGMENT_REST)
            return &r->nodes[node].rest;
        node = child_for(r, node, &p->segments[i]);
        if (node == 0)
            return NULL;
    }
    return &r->nodes[node].endpoint;
}
