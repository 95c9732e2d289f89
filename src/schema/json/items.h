/**
 * The items of a list, or the entries of a map, while it is being read.
 *
 * Their number is known at the closing bracket. Until then they are in the pile, a small block on the stack
 * that all lists being read share from its front; then they are copied once into the arena. A list that
 * outgrows its share moves to its own growing block. Either way the items of the outer lists stay in place
 * while an inner list is read.
 *
 * Memory is counted against json_limits before it is used: `[{},{},...]` for a large struct is rejected in
 * time.
 */
#ifndef SCHEMA_JSON_ITEMS_H
#define SCHEMA_JSON_ITEMS_H

#include "schema/json/read.h"

enum { JSON_PILE_SHARE = 4 }; /* a list may use one part in this many of the rest of the pile */

typedef struct json_items {
    char *data, *next, *limit; /* the first item; the end of the items; the end of the room */
    size_t step;
    const char *begin; /* the list's begin in the text */
    char *pile;        /* the reader's, when the list began */
    bool is_alone;     /* in its own block */
} json_items;

static inline void json_items_begin(json_reader *r, json_items *items, size_t step)
{
    size_t share = (size_t)(r->pile_end - r->pile) / JSON_PILE_SHARE & ~(size_t)15;
    *items = (json_items){.data = r->pile,
                          .next = r->pile,
                          .limit = r->pile + share,
                          .step = step,
                          .begin = r->at,
                          .pile = r->pile};
    r->pile += share;
}

/** Moves a full list to its own block, or enlarges that. False when reading ended. */
bool json_items_grow(json_reader *r, json_items *items);

/** Counts one more item and makes room for it at `next`; false when reading ended. */
static inline bool json_items_room(json_reader *r, json_items *items, size_t step)
{
    return json_count_item(r) && ((size_t)(items->limit - items->next) >= step || json_items_grow(r, items));
}

/** Gives back the unused rest of the list's own block. */
void json_items_shrink(json_reader *r, json_items *items);

/** Copies out of the pile; both sides are whole multiples of 16 bytes long. */
static inline void json_copy_16s(char *to, const char *from, size_t rounded)
{
    if (rounded > 128) {
        memcpy(to, from, rounded);
        return;
    }
    for (size_t i = 0; i < rounded; i += 16) /* a call would cost more than the copy */
        memcpy(to + i, from + i, 16);
}

/** Moves the `count` items, at least one, to their final location, and sets `out`, the struct of every list
 * and map. */
static inline bool json_items_end(json_reader *r, json_items *items, size_t count, void *out)
{
    r->pile = items->pile;
    if (items->is_alone) {
        json_items_shrink(r, items);
    } else {
        size_t rounded = ((size_t)(items->next - items->data) + 15) & ~(size_t)15;
        if (!json_charge(r, rounded))
            return false;
        char *block = arena_alloc(r->arena, rounded);
        if (block == NULL)
            return json_stop_memory(r);
        json_copy_16s(block, items->data, rounded);
        items->data = block;
    }
    const tern_any laid_out = {items->data, count};
    memcpy(out, &laid_out, sizeof laid_out);
    return true;
}

/** An empty array or object, with r->at on its closing bracket. */
static inline bool json_read_empty(json_reader *r, void *out)
{
    const tern_any nothing = {NULL, 0}; /* the layout of every list and map */
    r->at++;
    r->depth--;
    memcpy(out, &nothing, sizeof nothing);
    return true;
}

/** After an item: skips the comma, or the closing bracket (`*is_end`). False when neither follows. */
static inline bool json_pass_comma(json_reader *r, char closing, const char *expected, bool *is_end)
{
    const char *at = json_behind_space(r, r->at);
    char byte = *at;
    *is_end = byte == closing;
    if (byte == ',') {
        r->at = json_behind_space(r, at + 1);
        return true;
    }
    r->at = at + *is_end;
    return *is_end || json_stop(r, expected);
}

#endif
