/**
 * The items of a list, or the entries of a map, while it is being read.
 *
 * How many there are is known at the closing bracket. Until then they lie in the pile, a small stack
 * memory that all lists being read share from its front, and are copied once into the arena; a list that
 * outgrows its share moves to a growing block of its own. Both keep the items of the outer lists where they
 * are while an inner one is read.
 *
 * Memory is taken off what json_limits allows before it is used: `[{},{},...]` for a large struct is refused
 * in time.
 */
#ifndef SCHEMA_JSON_ITEMS_H
#define SCHEMA_JSON_ITEMS_H

#include "schema/json/read.h"

enum { JSON_PILE_SHARE = 4 }; /* of what is left of the pile, one in as many parts is lent to a list */

typedef struct json_items {
    char *data, *next, *limit; /* the first item; behind the last one; behind the room */
    size_t step;
    const char *begin; /* where the list begins in the text */
    char *pile;        /* the reader's, when the list began */
    bool is_alone;     /* in a block of its own */
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

/** Moves a full list to a block of its own, or makes that larger. False when reading ended. */
bool json_items_grow(json_reader *r, json_items *items);

/** Counts one more item, for which there is room at `next` then; false when reading ended. */
static inline bool json_items_room(json_reader *r, json_items *items, size_t step)
{
    return json_count_item(r) && ((size_t)(items->limit - items->next) >= step || json_items_grow(r, items));
}

/** Gives back what a block of its own has too much. */
void json_items_shrink(json_reader *r, json_items *items);

/** Copies out of the pile; both sides are whole multiples of 16 bytes long. */
static inline void json_copy_16s(char *to, const char *from, size_t rounded)
{
    if (rounded > 128) {
        memcpy(to, from, rounded);
        return;
    }
    for (size_t i = 0; i < rounded; i += 16) /* where a call would cost more than the copy */
        memcpy(to + i, from + i, 16);
}

/** Puts the `count` items, at least one, in their last place: into `out`, as the struct that every list and
 * map is. */
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

/** An array or object without anything in it, whose closing bracket r->at is on. */
static inline bool json_read_empty(json_reader *r, void *out)
{
    const tern_any nothing = {NULL, 0}; /* laid out as every list and map */
    r->at++;
    r->depth--;
    memcpy(out, &nothing, sizeof nothing);
    return true;
}

/** Behind an item: passes the comma, or the closing bracket (`*is_end`). False when neither is there. */
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
