/** Finds an object's member: by linear search in a small object, by a keyed hash in a large one. */
#include "base/random.h"
#include "base/siphash.h"
#include "schema/value/value.h"

#include <pthread.h>
#include <string.h>

static siphash_key secret;
static bool has_secret;

static void draw_secret(void)
{
    has_secret = random_bytes(&secret, sizeof secret);
}

bool value_has_secret(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, draw_secret);
    return has_secret;
}

uint32_t value_slots_for(uint32_t room)
{
    uint32_t slots = 4;
    while ((uint64_t)slots * 3 < (uint64_t)room * 4) /* at most three in four are taken */
        slots *= 2;
    return slots;
}

static bool is_key(const tern_value *key, const char *text, size_t len)
{
    return key->len == len && memcmp(key->text, text, len) == 0;
}

/** The slot of a key: its member's, or the empty one where it belongs. */
static uint32_t slot_of(const value_box *box, const char *key, size_t len)
{
    uint32_t slot = (uint32_t)siphash_1_3(&secret, key, len) & box->mask;
    while (box->slots[slot] != 0 && !is_key(&box->items[2 * (size_t)(box->slots[slot] - 1)], key, len))
        slot = (slot + 1) & box->mask;
    return slot;
}

long value_index(value_box *box)
{
    memset(box->slots, 0, ((size_t)box->mask + 1) * sizeof *box->slots);
    for (uint32_t i = 0; i < box->count; i++) {
        const tern_value *key = &box->items[2 * (size_t)i];
        uint32_t slot = slot_of(box, key->text, key->len);
        if (box->slots[slot] != 0)
            return i;
        box->slots[slot] = i + 1;
    }
    return -1;
}

void value_index_last(value_box *box)
{
    const tern_value *key = &box->items[2 * (size_t)(box->count - 1)];
    box->slots[slot_of(box, key->text, key->len)] = box->count;
}

long value_place_of(const tern_value *object, const char *key, size_t len)
{
    if (object->is_boxed && object->box->slots != NULL)
        return (long)object->box->slots[slot_of(object->box, key, len)] - 1;
    const tern_value *items = value_items(object);
    size_t count = value_count(object);
    for (size_t i = 0; i < count; i++)
        if (is_key(&items[2 * i], key, len))
            return (long)i;
    return -1;
}
