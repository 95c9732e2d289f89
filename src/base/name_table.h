/**
 * A table from (space, text) to a small number: filled at start-up with what the application declares, read
 * by every request.
 *
 * Hot path: a look-up hashes 8 bytes a step and almost always ends at the first entry. The hash needs no
 * secret: requests only look keys up and never add one, so a client can only choose which of the
 * application's own keys its text is compared with. The load stays below a quarter, which keeps runs of
 * entries short. A table that clients fill needs a keyed hash instead (siphash.h).
 */
#ifndef BASE_NAME_TABLE_H
#define BASE_NAME_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct name_table_entry {
    const char *text; /* not owned */
    uint32_t len;
    uint32_t space;
    uint32_t tag;   /* the upper half of the key's hash */
    uint32_t value; /* 0: the entry is free */
} name_table_entry;

/** Zeroed is an empty table. */
typedef struct name_table {
    name_table_entry *entries;
    uint32_t mask; /* entries - 1, a power of two less one */
    uint32_t count;
    size_t longest;   /* bytes of the longest text */
    uint64_t lengths; /* bit n: a text's length is n modulo 64 */
} name_table;

/** Makes `value` (not 0) the value of the key, new or not. False when out of memory. */
bool name_table_put(name_table *h, uint32_t space, const char *text, size_t len, uint32_t value);
void name_table_free(name_table *h);

/** The hash of a text, the same for all spaces. */
static inline uint64_t name_table_hash_text(const char *text, size_t len)
{
    const uint64_t odd = 0x9e3779b97f4a7c15u;
    uint64_t hash = len * odd, piece = 0;
    for (; len >= 8; text += 8, len -= 8) {
        memcpy(&piece, text, 8);
        hash = (hash ^ piece) * odd;
        hash ^= hash >> 32;
    }
    piece = 0;
    if (len >= 4) { /* the two reads overlap when there are fewer than 8 */
        uint32_t low, high;
        memcpy(&low, text, 4);
        memcpy(&high, text + len - 4, 4);
        piece = (uint64_t)high << 32 | low;
    } else if (len > 0) {
        piece = (uint64_t)(unsigned char)text[0] | (uint64_t)(unsigned char)text[len / 2] << 8 |
                (uint64_t)(unsigned char)text[len - 1] << 16;
    }
    hash = (hash ^ piece) * odd;
    return hash ^ hash >> 32;
}

/** The hash of a key, from the hash of its text. */
static inline uint64_t name_table_hash_key(uint32_t space, uint64_t text_hash)
{
    uint64_t hash = (text_hash + space) * 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

/** Whether `len` bytes are the same: memcmp without the call, which costs more than most of our texts. */
static inline bool name_table_equal(const char *a, const char *b, size_t len)
{
    uint64_t left = 0, right = 0;
    if (len >= 8) {
        for (; len > 8; a += 8, b += 8, len -= 8) {
            memcpy(&left, a, 8);
            memcpy(&right, b, 8);
            if (left != right)
                return false;
        }
        a -= 8 - len; /* the last 8 bytes, some of them for the second time */
        b -= 8 - len;
        memcpy(&left, a, 8);
        memcpy(&right, b, 8);
        return left == right;
    }
    if (len >= 4) {
        uint32_t low, high;
        memcpy(&low, a, 4);
        memcpy(&high, b, 4);
        if (low != high)
            return false;
        memcpy(&low, a + len - 4, 4);
        memcpy(&high, b + len - 4, 4);
        return low == high;
    }
    return len == 0 || (a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1]);
}

/** Whether a text of that length can be in the table: asked before a text is hashed. */
static inline bool name_table_may_have(const name_table *h, size_t len)
{
    return len <= h->longest && (h->lengths >> (len & 63) & 1) != 0;
}

/** The value of the key, 0 when it has none. The caller has asked name_table_may_have: the table is not
 * empty.
 */
static inline uint32_t name_table_get(const name_table *h, uint32_t space, const char *text, size_t len,
                                      uint64_t text_hash)
{
    uint64_t hash = name_table_hash_key(space, text_hash);
    uint32_t tag = (uint32_t)(hash >> 32);
    for (uint32_t at = (uint32_t)hash & h->mask;; at = (at + 1) & h->mask) {
        const name_table_entry *entry = &h->entries[at];
        if (entry->value == 0)
            return 0;
        if (entry->tag == tag && entry->len == len && entry->space == space &&
            name_table_equal(entry->text, text, len))
            return entry->value;
    }
}

/** As name_table_get, without a hash made before. */
static inline uint32_t name_table_find(const name_table *h, uint32_t space, const char *text, size_t len)
{
    return name_table_may_have(h, len) ? name_table_get(h, space, text, len, name_table_hash_text(text, len))
                                       : 0;
}

#endif
