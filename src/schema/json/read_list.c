/**
 * Lists: one loop for each usual kind of item.
 *
 * Hot path: must not check an item's kind, and must not allocate except at the end.
 */
#include "schema/json/items.h"
#include "schema/json/read_fast.h"

/** The function that reads an item; a constant where read_items is inlined. */
typedef bool read_item(json_reader *r, const tern_type *type, void *out, const place *where);

/** Reads all items up to the closing bracket; returns their count, 0 when one is invalid or reading ended. */
static inline __attribute__((always_inline)) size_t read_items(json_reader *r, const tern_type *type,
                                                               json_items *items, const place *where,
                                                               size_t step, read_item *read)
{
    place here = {where, NULL, 0};
    bool is_right = true, is_end = false;
    for (; !is_end; here.index++) {
        if (!json_items_room(r, items, step))
            return 0;
        if (read(r, type, items->next, &here)) {
            items->next += step;
        } else { /* the item is not used, nor is the list */
            if (r->stop != NULL)
                return 0;
            is_right = false;
        }
        if (!json_pass_comma(r, ']', "expected ',' or ']'", &is_end))
            return 0;
    }
    return is_right ? here.index : 0;
}

/** The function that reads a number of the usual form; returns its end, or NULL. */
typedef const char *take_number(const char *at, const char *end, const tern_type *type, void *out);

/** Like read_items, for numbers: the text between two of the usual form is skipped without storing the
 * position. */
static inline __attribute__((always_inline)) size_t read_numbers(json_reader *r, const tern_type *type,
                                                                 json_items *items, const place *where,
                                                                 size_t step, take_number *take,
                                                                 read_item *read)
{
    place here = {where, NULL, 0};
    bool is_right = true, is_end = false;
    const char *at = r->at;
    for (; !is_end; here.index++) {
        if (!json_items_room(r, items, step))
            return 0;
        const char *behind = take(at, r->end, type, items->next);
        if (behind != NULL && *behind == ',' && (unsigned char)behind[1] > ' ') {
            items->next += step;
            at = behind + 1;
            continue;
        }
        r->at = behind != NULL ? behind : at;
        bool is_item_right = behind != NULL || read(r, type, items->next, &here);
        if (r->stop != NULL || !json_pass_comma(r, ']', "expected ',' or ']'", &is_end))
            return 0;
        items->next += is_item_right ? step : 0;
        is_right &= is_item_right;
        at = r->at;
    }
    return is_right ? here.index : 0;
}

static size_t read_items_of(json_reader *r, const tern_type *type, json_items *items, const place *where)
{
    switch (type->kind) {
    case TERN_KIND_INT:
    case TERN_KIND_UINT:
        return read_numbers(r, type, items, where, type->size, json_take_int, json_read_odd_int);
    case TERN_KIND_FLOAT:
        if (type->size == sizeof(double))
            return read_numbers(r, type, items, where, sizeof(double), json_take_double,
                                json_read_odd_double);
        return read_items(r, type, items, where, type->size, json_read_value);
    case TERN_KIND_TEXT:
        return read_items(r, type, items, where, sizeof(char *), json_read_plain_text);
    case TERN_KIND_MODEL:
        return read_items(r, type, items, where, type->size, json_read_model);
    case TERN_KIND_LIST:
        return read_items(r, type, items, where, type->size, json_read_list);
    default:
        return read_items(r, type, items, where, type->size, json_read_value);
    }
}

bool json_read_list(json_reader *r, const tern_type *type, void *out, const place *where)
{
    if (*r->at != '[')
        return json_wrong_kind(r, type, where);
    if (!json_enter(r))
        return false;
    if (json_space(r) == ']')
        return json_read_empty(r, out);
    json_items items;
    json_items_begin(r, &items, type->item->size);
    size_t count = read_items_of(r, type->item, &items, where);
    if (r->stop != NULL)
        return false;
    r->depth--;
    if (count != 0)
        return json_items_end(r, &items, count, out);
    r->pile = items.pile;
    return false;
}
