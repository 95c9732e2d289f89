/**
 * Lists and maps.
 *
 * How many items there are is known at the closing bracket. Until then they lie in the pile, a small stack
 * memory that all lists being read share from its front, and are copied once into the arena; a list that
 * outgrows its share moves to a growing block of its own. Both keep the items of the outer lists where they
 * are while an inner one is read.
 *
 * Memory is taken off what json_limits allows before it is used: `[{},{},...]` for a large struct is refused
 * in time.
 */
#include "base/mem.h"
#include "base/random.h"
#include "base/siphash.h"
#include "schema/json_read_usual.h"

enum { PILE_SHARE = 4, FEW_ENTRIES = 8 };

/** The items of one list. */
typedef struct items {
    char *data;
    size_t count, step;
    size_t used, room; /* bytes */
    const char *begin; /* where the list begins in the text */
    char *pile;        /* the reader's, when the list began */
    bool is_alone;
} items;

static inline void items_begin(json_reader *r, items *list, size_t step)
{
    size_t share = (size_t)(r->pile_end - r->pile) / PILE_SHARE & ~(size_t)15;
    *list = (items){.data = r->pile, .step = step, .room = share, .begin = r->at, .pile = r->pile};
    r->pile += share;
}

/** How many items there will be, if the rest of the text is like this list so far; never above twice as many,
 * nor so few more that growing gets slow. */
static size_t guess_count(const json_reader *r, const items *list)
{
    size_t done = (size_t)(r->at - list->begin), left = (size_t)(r->end - r->at);
    size_t more = done != 0 ? (size_t)((double)left / (double)done * (double)list->count) + 4 : 4;
    if (more > list->count)
        more = list->count;
    if (more < list->count / 16 + 1)
        more = list->count / 16 + 1;
    return list->count + more;
}

/** Moves a full list to a block of its own, or makes that larger. */
static __attribute__((noinline)) bool items_grow(json_reader *r, items *list)
{
    size_t old_bytes = list->is_alone ? list->room : 0;
    size_t most = (r->memory_left + old_bytes) & ~(size_t)15;
    size_t room = arena_rounded(guess_count(r, list) * list->step);
    if (room > most && most >= list->used + list->step)
        room = most;
    if (!json_charge(r, room - old_bytes))
        return false;
    void *block = arena_resize(r->arena, list->is_alone ? list->data : NULL, room);
    if (block == NULL)
        return json_stop_memory(r);
    if (!list->is_alone && list->used != 0)
        memcpy(block, list->data, list->used);
    list->is_alone = true;
    list->data = block;
    list->room = room;
    r->pile = list->pile;
    return true;
}

/** Room for one more item, NULL when reading ended. */
static inline char *items_next(json_reader *r, items *list)
{
    if (!json_count_item(r) || (list->used + list->step > list->room && !items_grow(r, list)))
        return NULL;
    char *item = list->data + list->used;
    list->used += list->step;
    list->count++;
    return item;
}

/** The item that was read last is wrong: nobody will see it, nor the list. */
static inline void items_drop(items *list)
{
    list->used -= list->step;
    list->count--;
}

/** Copies out of the pile; both sides are whole multiples of 16 bytes long. */
static inline void copy_16s(char *to, const char *from, size_t rounded)
{
    if (rounded > 128) {
        memcpy(to, from, rounded);
        return;
    }
    for (size_t i = 0; i < rounded; i += 16) /* where a call would cost more than the copy */
        memcpy(to + i, from + i, 16);
}

/** Gives back what a block of its own has too much; when that fails it stays larger than it need be. */
static void items_shrink(json_reader *r, items *list)
{
    size_t rounded = arena_rounded(list->used);
    void *block = arena_resize(r->arena, list->data, rounded);
    if (block == NULL)
        return;
    r->memory_left += list->room - rounded;
    list->data = block;
}

/** The items in their last place, as the struct that every list and map is. */
static inline bool items_end(json_reader *r, items *list, void *out)
{
    r->pile = list->pile;
    if (list->count == 0) {
        list->data = NULL;
    } else if (list->is_alone) {
        items_shrink(r, list);
    } else {
        size_t rounded = arena_rounded(list->used);
        if (!json_charge(r, rounded))
            return false;
        char *block = arena_alloc(r->arena, rounded);
        if (block == NULL)
            return json_stop_memory(r);
        copy_16s(block, list->data, rounded);
        list->data = block;
    }
    const tern_any laid_out = {list->data, list->count};
    memcpy(out, &laid_out, sizeof laid_out);
    return true;
}

/** Behind an item: passes the comma, or the closing bracket (`*is_end`). False when neither is there. */
static inline bool pass_comma(json_reader *r, char closing, const char *expected, bool *is_end)
{
    char byte = json_space(r);
    *is_end = byte == closing;
    if (byte != ',' && byte != closing)
        return json_stop(r, expected);
    r->at++;
    if (byte == ',')
        json_space(r);
    return true;
}

/** How an item is read; known where read_items is inlined. */
typedef bool read_item(json_reader *r, const tern_type *type, void *out, const place *where);

/** All items up to the closing bracket. False when one is wrong, or reading ended. */
static inline __attribute__((always_inline)) bool read_items(json_reader *r, const tern_type *type,
                                                             items *list, const place *where, read_item *read)
{
    place here = {where, NULL, 0};
    bool is_right = true;
    for (bool is_end = false; !is_end; here.index++) {
        void *item = items_next(r, list);
        if (item == NULL)
            return false;
        if (!read(r, type, item, &here)) {
            if (r->stop != NULL)
                return false;
            items_drop(list);
            is_right = false;
        }
        if (!pass_comma(r, ']', "expected ',' or ']'", &is_end))
            return false;
    }
    return is_right;
}

static bool read_items_of(json_reader *r, const tern_type *type, items *list, const place *where)
{
    switch (type->kind) {
    case TERN_INT:
    case TERN_UINT:
        return read_items(r, type, list, where, json_read_int);
    case TERN_FLOAT:
        if (type->size == sizeof(double))
            return read_items(r, type, list, where, json_read_double);
        return read_items(r, type, list, where, json_read_value);
    case TERN_TEXT:
        return read_items(r, type, list, where, json_read_plain_text);
    case TERN_MODEL_KIND:
        return read_items(r, type, list, where, json_read_model);
    case TERN_LIST_KIND:
        return read_items(r, type, list, where, json_read_list);
    default:
        return read_items(r, type, list, where, json_read_value);
    }
}

bool json_read_list(json_reader *r, const tern_type *type, void *out, const place *where)
{
    if (*r->at != '[')
        return json_wrong_kind(r, type, where);
    if (!json_enter(r))
        return false;
    if (json_space(r) == ']') {
        r->at++;
        r->depth--;
        memset(out, 0, type->size);
        return true;
    }
    items list;
    items_begin(r, &list, type->item->size);
    bool is_right = read_items_of(r, type->item, &list, where);
    if (r->stop != NULL)
        return false;
    r->depth--;
    return items_end(r, &list, out) && is_right;
}

/* -- maps -- */

static const char *key_at(const items *list, size_t i)
{
    const char *key;
    memcpy(&key, list->data + i * list->step, sizeof key);
    return key;
}

static bool add_doubled(json_reader *r, const char *key, const place *where)
{
    const place here = {where, key, 0};
    fault_add(r->faults, &here, "doubled", NULL, NULL, "is given twice");
    return false;
}

/** Enters the keys into a table by a keyed hash: no client can choose keys that collide. */
static bool are_many_different(json_reader *r, const items *list, uint32_t *table, size_t mask,
                               const place *where)
{
    siphash_key secret;
    if (!random_bytes(&secret, sizeof secret))
        return json_stop_memory(r);
    bool is_right = true;
    for (size_t i = 0; i < list->count; i++) {
        const char *key = key_at(list, i);
        size_t slot = (size_t)siphash_1_3(&secret, key, strlen(key)) & mask;
        while (table[slot] != 0 && strcmp(key_at(list, table[slot] - 1), key) != 0)
            slot = (slot + 1) & mask;
        if (table[slot] != 0)
            is_right = add_doubled(r, key, where);
        table[slot] = (uint32_t)(i + 1);
    }
    return is_right;
}

/** Whether no key stands twice; each one that does is a fault. */
static bool are_different(json_reader *r, const items *list, const place *where)
{
    bool is_right = true;
    if (list->count <= FEW_ENTRIES) {
        for (size_t i = 1; i < list->count; i++)
            for (size_t k = 0; k < i; k++)
                if (strcmp(key_at(list, i), key_at(list, k)) == 0) {
                    is_right = add_doubled(r, key_at(list, i), where);
                    break;
                }
        return is_right;
    }
    size_t size = 2 * FEW_ENTRIES;
    while (size < 2 * list->count)
        size *= 2;
    if (!json_charge(r, size * sizeof(uint32_t)))
        return false;
    uint32_t *table = mem_zero(size, sizeof *table);
    if (table == NULL)
        return json_stop_memory(r);
    is_right = are_many_different(r, list, table, size - 1, where);
    mem_free(table);
    r->memory_left += size * sizeof(uint32_t);
    return is_right;
}

/** Reads a key with its colon, up to the value; NULL when reading ended. */
static const char *read_key(json_reader *r)
{
    if (*r->at != '"') {
        json_stop(r, "expected a key in double quotes");
        return NULL;
    }
    const char *key = json_read_text(r);
    if (key == NULL)
        return NULL;
    if (json_space(r) != ':') {
        json_stop(r, "expected ':' after the key");
        return NULL;
    }
    r->at++;
    json_space(r);
    return key;
}

static bool read_entry(json_reader *r, const tern_type *type, char *entry, const char *key, const place *here)
{
    bool has_nul = r->has_nul;
    memcpy(entry, &key, sizeof key);
    bool is_right = json_read_value(r, type->item, entry + sizeof key, here);
    if (has_nul && r->stop == NULL)
        fault_add(r->faults, here, "nul_in_text", NULL, NULL, "the key must not hold the character U+0000");
    return is_right && !has_nul;
}

bool json_read_map(json_reader *r, const tern_type *type, void *out, const place *where)
{
    if (*r->at != '{')
        return json_wrong_kind(r, type, where);
    if (!json_enter(r))
        return false;
    items list;
    items_begin(r, &list, list_step(type));
    bool is_right = true, is_end = json_space(r) == '}';
    if (is_end)
        r->at++;
    while (!is_end) {
        char *entry = items_next(r, &list);
        const char *key = entry != NULL ? read_key(r) : NULL;
        if (key == NULL)
            return false;
        const place here = {where, key, 0};
        if (!read_entry(r, type, entry, key, &here)) {
            if (r->stop != NULL)
                return false;
            is_right = false;
        }
        if (!pass_comma(r, '}', "expected ',' or '}'", &is_end))
            return false;
    }
    r->depth--;
    is_right &= are_different(r, &list, where);
    return r->stop == NULL && items_end(r, &list, out) && is_right;
}
