/**
 * Maps: lists of keys and values, without duplicate keys.
 */
#include "base/mem.h"
#include "base/random.h"
#include "base/siphash.h"
#include "schema/json/items.h"

enum { FEW_ENTRIES = 8 };

/** The part of a map read so far. */
typedef struct entries {
    const char *data;
    size_t count, step;
} entries;

static const char *key_at(const entries *map, size_t i)
{
    const char *key;
    memcpy(&key, map->data + i * map->step, sizeof key);
    return key;
}

static bool add_duplicate(json_reader *r, const char *key, const place *where)
{
    const place here = {where, key, 0};
    fault_add(r->faults, &here, "duplicate", NULL, NULL, "is given twice");
    return false;
}

/** Puts the keys into a table by a keyed hash, so that no client can choose keys that collide. */
static bool are_many_different(json_reader *r, const entries *map, uint32_t *table, size_t mask,
                               const place *where)
{
    siphash_key secret;
    if (!random_bytes(&secret, sizeof secret))
        return json_stop_memory(r);
    bool is_right = true;
    for (size_t i = 0; i < map->count; i++) {
        const char *key = key_at(map, i);
        size_t slot = (size_t)siphash_1_3(&secret, key, strlen(key)) & mask;
        while (table[slot] != 0 && strcmp(key_at(map, table[slot] - 1), key) != 0)
            slot = (slot + 1) & mask;
        if (table[slot] != 0)
            is_right = add_duplicate(r, key, where);
        table[slot] = (uint32_t)(i + 1);
    }
    return is_right;
}

/** Whether no key is given twice; each duplicate is a fault. */
static bool are_different(json_reader *r, const entries *map, const place *where)
{
    bool is_right = true;
    if (map->count <= FEW_ENTRIES) {
        for (size_t i = 1; i < map->count; i++)
            for (size_t k = 0; k < i; k++)
                if (strcmp(key_at(map, i), key_at(map, k)) == 0) {
                    is_right = add_duplicate(r, key_at(map, i), where);
                    break;
                }
        return is_right;
    }
    size_t size = 2 * FEW_ENTRIES;
    while (size < 2 * map->count)
        size *= 2;
    if (!json_charge(r, size * sizeof(uint32_t)))
        return false;
    uint32_t *table = mem_zero(size, sizeof *table);
    if (table == NULL)
        return json_stop_memory(r);
    is_right = are_many_different(r, map, table, size - 1, where);
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

/** A key with U+0000 is a fault: as a C string it would be a different key. */
static bool read_entry(json_reader *r, const tern_type *type, char *entry, const char *key,
                       const place *where)
{
    bool has_nul = r->has_nul;
    const place here = {where, has_nul ? json_shown_key(r, key) : key, 0};
    memcpy(entry, &key, sizeof key);
    bool is_right = json_read_value(r, type->item, entry + sizeof key, &here);
    if (has_nul && r->stop == NULL)
        fault_add(r->faults, &here, "nul_in_text", NULL, NULL,
                  "the key must not contain the character U+0000");
    return is_right && !has_nul;
}

/** Reads all entries up to the closing brace, without those whose keys are not C strings. False when one is
 * invalid, or reading ended. */
static bool read_entries(json_reader *r, const tern_type *type, json_items *items, size_t *count,
                         const place *where)
{
    bool is_right = true, is_end = false;
    while (!is_end) {
        const char *key = json_items_room(r, items, items->step) ? read_key(r) : NULL;
        if (key == NULL)
            return false;
        bool is_cut = r->has_nul;
        if (!read_entry(r, type, items->next, key, where)) {
            if (r->stop != NULL)
                return false;
            is_right = false;
        }
        if (!is_cut) { /* only keys without U+0000 can be compared */
            items->next += items->step;
            ++*count;
        }
        if (!json_pass_comma(r, '}', "expected ',' or '}'", &is_end))
            return false;
    }
    return is_right;
}

bool json_read_map(json_reader *r, const tern_type *type, void *out, const place *where)
{
    if (*r->at != '{')
        return json_wrong_kind(r, type, where);
    if (!json_enter(r))
        return false;
    if (json_space(r) == '}')
        return json_read_empty(r, out);
    json_items items;
    size_t count = 0;
    json_items_begin(r, &items, list_step(type));
    bool is_right = read_entries(r, type, &items, &count, where);
    if (r->stop != NULL)
        return false;
    r->depth--;
    is_right &= are_different(r, &(entries){items.data, count, items.step}, where);
    if (r->stop == NULL && is_right)
        return json_items_end(r, &items, count, out);
    r->pile = items.pile;
    return false;
}
