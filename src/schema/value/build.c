/** Making and changing a tern_value. */
#include "schema/value/value.h"

#include <math.h>
#include <string.h>

static tern_value *make(arena *a, tern_value content)
{
    tern_value *v = arena_alloc(a, sizeof *v);
    if (v != NULL)
        *v = content;
    return v;
}

tern_value *value_null(arena *a)
{
    return make(a, (tern_value){.form = VALUE_NULL});
}

tern_value *value_bool(arena *a, bool value)
{
    return make(a, (tern_value){.form = VALUE_BOOL, .is_true = value});
}

tern_value *value_int(arena *a, int64_t value)
{
    return make(a, (tern_value){.form = VALUE_INT, .i = value});
}

tern_value *value_uint(arena *a, uint64_t value)
{
    return make(a, (tern_value){.form = value > INT64_MAX ? VALUE_UINT : VALUE_INT, .u = value});
}

tern_value *value_double(arena *a, double value)
{
    return isfinite(value) ? make(a, (tern_value){.form = VALUE_DOUBLE, .d = value}) : NULL;
}

static bool copy_text(arena *a, tern_value *to, const char *text, size_t len)
{
    const char *copy = len < UINT32_MAX ? arena_text(a, text, len) : NULL;
    *to = (tern_value){.form = VALUE_TEXT, .len = (uint32_t)len, .text = copy};
    return copy != NULL;
}

tern_value *value_text(arena *a, const char *text, size_t len)
{
    tern_value v;
    return copy_text(a, &v, text, len) ? make(a, v) : NULL;
}

static tern_value *make_boxed(arena *a, value_form form)
{
    value_box *box = arena_alloc(a, sizeof *box);
    if (box == NULL)
        return NULL;
    *box = (value_box){0};
    return make(a, (tern_value){.form = (uint8_t)form, .is_boxed = true, .box = box});
}

tern_value *value_array(arena *a)
{
    return make_boxed(a, VALUE_ARRAY);
}

tern_value *value_object(arena *a)
{
    return make_boxed(a, VALUE_OBJECT);
}

/** Parsed items are contiguous, without room to grow; a box can grow. */
static bool ensure_box(arena *a, tern_value *v)
{
    if (v->is_boxed)
        return true;
    value_box *box = arena_alloc(a, sizeof *box);
    if (box == NULL)
        return false;
    *box = (value_box){.items = v->items, .count = v->len, .room = v->len};
    v->is_boxed = true;
    v->box = box;
    return true;
}

/** Makes a larger index when there are too many members for a linear search. */
static bool ensure_slots(arena *a, value_box *box, uint32_t room)
{
    if (room <= VALUE_LINEAR)
        return true;
    uint32_t slots = value_slots_for(room);
    if (box->slots != NULL && slots <= box->mask + 1)
        return true;
    uint32_t *table = value_has_secret() ? arena_alloc(a, slots * sizeof *table) : NULL;
    if (table == NULL)
        return false;
    box->slots = table;
    box->mask = slots - 1;
    value_index(box);
    return true;
}

/** Makes room for one more item of `parts` values. */
static bool ensure_room(arena *a, value_box *box, uint32_t parts)
{
    if (box->count < box->room)
        return true;
    if (box->count > UINT32_MAX / 8)
        return false;
    uint32_t room = box->count < 4 ? 4 : box->count * 2;
    if (parts == 2 && !ensure_slots(a, box, room))
        return false;
    tern_value *items = arena_alloc(a, (size_t)room * parts * sizeof *items);
    if (items == NULL)
        return false;
    if (box->count != 0)
        memcpy(items, box->items, (size_t)box->count * parts * sizeof *items);
    box->items = items;
    box->room = room;
    return true;
}

/** The value that stands for `item` in an array or object: a copy that shares what is below it. */
static bool share(arena *a, tern_value *item, tern_value *content)
{
    if (item != NULL && item->form >= VALUE_ARRAY && !ensure_box(a, item))
        return false;
    *content = item != NULL ? *item : (tern_value){.form = VALUE_NULL};
    return true;
}

bool value_add(arena *a, tern_value *array, tern_value *item)
{
    tern_value content;
    if (array == NULL || array->form != VALUE_ARRAY || !ensure_box(a, array) ||
        !ensure_room(a, array->box, 1) || !share(a, item, &content))
        return false;
    value_box *box = array->box;
    box->items[box->count++] = content;
    return true;
}

bool value_set(arena *a, tern_value *object, const char *key, size_t key_len, tern_value *item)
{
    tern_value content, name;
    if (object == NULL || object->form != VALUE_OBJECT || !share(a, item, &content))
        return false;
    long found = value_place_of(object, key, key_len);
    if (found >= 0) {
        value_items(object)[2 * found + 1] = content;
        return true;
    }
    if (!ensure_box(a, object) || !copy_text(a, &name, key, key_len) || !ensure_room(a, object->box, 2))
        return false;
    value_box *box = object->box;
    box->items[2 * (size_t)box->count] = name;
    box->items[2 * (size_t)box->count + 1] = content;
    box->count++;
    if (box->slots != NULL)
        value_index_last(box);
    return true;
}

bool tern_value_remove_at(tern_value *value, size_t index)
{
    size_t count = tern_value_count(value);
    if (index >= count)
        return false;
    size_t parts = value->form == VALUE_OBJECT ? 2 : 1;
    tern_value *items = value_items(value);
    memmove(items + index * parts, items + (index + 1) * parts, (count - index - 1) * parts * sizeof *items);
    if (!value->is_boxed) {
        value->len--;
        return true;
    }
    value->box->count--;
    if (value->box->slots != NULL)
        value_index(value->box); /* all positions after it have changed */
    return true;
}

bool tern_value_remove(tern_value *object, const char *key)
{
    if (object == NULL || object->form != VALUE_OBJECT)
        return false;
    long found = value_place_of(object, key, strlen(key));
    return found >= 0 && tern_value_remove_at(object, (size_t)found);
}
