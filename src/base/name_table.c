#include "base/name_table.h"

#include "base/mem.h"

enum { FIRST_ENTRIES = 16, ENTRIES_PER_KEY = 4 };

/** The entry of the key, or the free entry where it belongs. */
static name_table_entry *find_place(name_table_entry *entries, uint32_t mask, const name_table_entry *key,
                                    uint64_t hash)
{
    for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask) {
        name_table_entry *entry = &entries[at];
        if (entry->value == 0)
            return entry;
        if (entry->space == key->space && entry->len == key->len &&
            name_table_equal(entry->text, key->text, key->len))
            return entry;
    }
}

static bool grow(name_table *h)
{
    uint32_t size = h->entries != NULL ? (h->mask + 1) * 2 : FIRST_ENTRIES;
    name_table_entry *entries = mem_zero(size, sizeof *entries);
    if (entries == NULL)
        return false;
    for (uint32_t i = 0; h->entries != NULL && i <= h->mask; i++) {
        const name_table_entry *old = &h->entries[i];
        if (old->value != 0)
            *find_place(entries, size - 1, old,
                        name_table_hash_key(old->space, name_table_hash_text(old->text, old->len))) = *old;
    }
    mem_free(h->entries);
    h->entries = entries;
    h->mask = size - 1;
    return true;
}

bool name_table_put(name_table *h, uint32_t space, const char *text, size_t len, uint32_t value)
{
    if ((h->entries == NULL || (h->count + 1) * ENTRIES_PER_KEY > h->mask) && !grow(h))
        return false;
    uint64_t hash = name_table_hash_key(space, name_table_hash_text(text, len));
    name_table_entry key = {
        .text = text, .len = (uint32_t)len, .space = space, .tag = (uint32_t)(hash >> 32), .value = value};
    name_table_entry *entry = find_place(h->entries, h->mask, &key, hash);
    if (entry->value == 0)
        h->count++;
    *entry = key;
    if (len > h->longest)
        h->longest = len;
    h->lengths |= UINT64_C(1) << (len & 63);
    return true;
}

void name_table_free(name_table *h)
{
    mem_free(h->entries);
    *h = (name_table){0};
}
