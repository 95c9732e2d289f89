#include "schema/json/items.h"

/** Estimates the number of items, assuming that the rest of the text is like the list so far; at most twice
 * as many as now, but enough that growing stays fast. */
static size_t guess_count(const json_reader *r, const json_items *items)
{
    size_t done = (size_t)(r->at - items->begin), left = (size_t)(r->end - r->at);
    size_t count = (size_t)(items->next - items->data) / items->step;
    size_t more = done != 0 ? (size_t)((double)left / (double)done * (double)count) + 4 : 4;
    if (more > count)
        more = count;
    if (more < count / 16 + 1)
        more = count / 16 + 1;
    return count + more;
}

bool json_items_grow(json_reader *r, json_items *items)
{
    size_t used = (size_t)(items->next - items->data);
    size_t old_bytes = items->is_alone ? (size_t)(items->limit - items->data) : 0;
    size_t most = (r->memory_left + old_bytes) & ~(size_t)15;
    size_t room = arena_rounded(guess_count(r, items) * items->step);
    if (room > most && most >= used + items->step)
        room = most;
    if (!json_charge(r, room - old_bytes))
        return false;
    char *block = arena_resize(r->arena, items->is_alone ? items->data : NULL, room);
    if (block == NULL)
        return json_stop_memory(r);
    if (!items->is_alone && used != 0)
        memcpy(block, items->data, used);
    items->is_alone = true;
    items->data = block;
    items->next = block + used;
    items->limit = block + room;
    r->pile = items->pile;
    return true;
}

void json_items_shrink(json_reader *r, json_items *items)
{
    size_t rounded = arena_rounded((size_t)(items->next - items->data));
    void *block = arena_resize(r->arena, items->data, rounded);
    if (block == NULL) /* it stays larger than needed */
        return;
    r->memory_left += (size_t)(items->limit - items->data) - rounded;
    items->data = block;
}
