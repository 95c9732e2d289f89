#include "data/items.h"
#include "data/convert.h"
#include "data/misuse.h"

/* By tern_item. */
static const struct {
    tern_arg_kind kind;
    size_t size;
} items[] = {
    [TERN_ITEM_BOOL] = {TERN_ARG_BOOL, sizeof(bool)},
    [TERN_ITEM_INT8] = {TERN_ARG_INT, sizeof(int8_t)},
    [TERN_ITEM_INT16] = {TERN_ARG_INT, sizeof(int16_t)},
    [TERN_ITEM_INT32] = {TERN_ARG_INT, sizeof(int32_t)},
    [TERN_ITEM_INT64] = {TERN_ARG_INT, sizeof(int64_t)},
    [TERN_ITEM_UINT8] = {TERN_ARG_INT, sizeof(uint8_t)},
    [TERN_ITEM_UINT16] = {TERN_ARG_INT, sizeof(uint16_t)},
    [TERN_ITEM_UINT32] = {TERN_ARG_INT, sizeof(uint32_t)},
    [TERN_ITEM_UINT64] = {TERN_ARG_INT, sizeof(uint64_t)},
    [TERN_ITEM_FLOAT] = {TERN_ARG_DOUBLE, sizeof(float)},
    [TERN_ITEM_DOUBLE] = {TERN_ARG_DOUBLE, sizeof(double)},
    [TERN_ITEM_TEXT] = {TERN_ARG_TEXT, sizeof(const char *)},
    [TERN_ITEM_SLICE] = {TERN_ARG_TEXT, sizeof(tern_str)},
    [TERN_ITEM_BYTES] = {TERN_ARG_BYTES, sizeof(tern_bytes)},
    [TERN_ITEM_UUID] = {TERN_ARG_UUID, sizeof(tern_uuid)},
    [TERN_ITEM_DATE] = {TERN_ARG_DATE, sizeof(tern_date)},
    [TERN_ITEM_TIME] = {TERN_ARG_TIME, sizeof(tern_time)},
    [TERN_ITEM_DATETIME] = {TERN_ARG_DATETIME, sizeof(tern_datetime)},
    [TERN_ITEM_DURATION] = {TERN_ARG_DURATION, sizeof(tern_duration)},
    [TERN_ITEM_DECIMAL] = {TERN_ARG_DECIMAL, sizeof(tern_decimal)},
};

tern_arg tern_arg_items_of(tern_item item, const void *first, size_t count)
{
    return (tern_arg){.kind = items_list_of(items[item].kind), .item = (uint8_t)item, .list = {first, count}};
}

#define LIST_ARG(name, item)                                                                                 \
    tern_arg tern_arg_##name##_list(tern_##name##_list list)                                                 \
    {                                                                                                        \
        return tern_arg_items_of(item, list.items, list.count);                                              \
    }
LIST_ARG(bool, TERN_ITEM_BOOL)
LIST_ARG(int8, TERN_ITEM_INT8)
LIST_ARG(int16, TERN_ITEM_INT16)
LIST_ARG(int32, TERN_ITEM_INT32)
LIST_ARG(int64, TERN_ITEM_INT64)
LIST_ARG(uint8, TERN_ITEM_UINT8)
LIST_ARG(uint16, TERN_ITEM_UINT16)
LIST_ARG(uint32, TERN_ITEM_UINT32)
LIST_ARG(uint64, TERN_ITEM_UINT64)
LIST_ARG(float, TERN_ITEM_FLOAT)
LIST_ARG(double, TERN_ITEM_DOUBLE)
LIST_ARG(text, TERN_ITEM_TEXT)
LIST_ARG(bytes, TERN_ITEM_BYTES)
LIST_ARG(uuid, TERN_ITEM_UUID)
LIST_ARG(date, TERN_ITEM_DATE)
LIST_ARG(time, TERN_ITEM_TIME)
LIST_ARG(datetime, TERN_ITEM_DATETIME)
LIST_ARG(duration, TERN_ITEM_DURATION)
LIST_ARG(decimal, TERN_ITEM_DECIMAL)

size_t items_size(const tern_arg *list)
{
    return items[list->item].size;
}

tern_arg items_at(const tern_arg *list, size_t number)
{
    const void *at = list->list.items;
    switch ((tern_item)list->item) {
    case TERN_ITEM_BOOL:
        return tern_arg_bool(((const bool *)at)[number]);
    case TERN_ITEM_INT8:
        return tern_arg_int(((const int8_t *)at)[number]);
    case TERN_ITEM_INT16:
        return tern_arg_int(((const int16_t *)at)[number]);
    case TERN_ITEM_INT32:
        return tern_arg_int(((const int32_t *)at)[number]);
    case TERN_ITEM_INT64:
        return tern_arg_int(((const int64_t *)at)[number]);
    case TERN_ITEM_UINT8:
        return tern_arg_int(((const uint8_t *)at)[number]);
    case TERN_ITEM_UINT16:
        return tern_arg_int(((const uint16_t *)at)[number]);
    case TERN_ITEM_UINT32:
        return tern_arg_int(((const uint32_t *)at)[number]);
    case TERN_ITEM_UINT64:
        return tern_arg_uint(((const uint64_t *)at)[number]);
    case TERN_ITEM_FLOAT:
        return tern_arg_double((double)((const float *)at)[number]);
    case TERN_ITEM_DOUBLE:
        return tern_arg_double(((const double *)at)[number]);
    case TERN_ITEM_TEXT:
        return tern_arg_text(((const char *const *)at)[number]);
    case TERN_ITEM_SLICE:
        return tern_arg_slice(((const tern_str *)at)[number]);
    case TERN_ITEM_BYTES:
        return tern_arg_bytes(((const tern_bytes *)at)[number]);
    case TERN_ITEM_UUID:
        return tern_arg_uuid(((const tern_uuid *)at)[number]);
    case TERN_ITEM_DATE:
        return tern_arg_date(((const tern_date *)at)[number]);
    case TERN_ITEM_TIME:
        return tern_arg_time(((const tern_time *)at)[number]);
    case TERN_ITEM_DATETIME:
        return tern_arg_datetime(((const tern_datetime *)at)[number]);
    case TERN_ITEM_DURATION:
        return tern_arg_duration(((const tern_duration *)at)[number]);
    case TERN_ITEM_DECIMAL:
        return tern_arg_decimal(((const tern_decimal *)at)[number]);
    }
    return tern_arg_null(NULL);
}

/** A bool and a text, each in the form of a list of its kind. */
static void put(const tern_arg *value, void *to, size_t number)
{
    if (value->kind == TERN_ARG_BOOL)
        ((bool *)to)[number] = value->boolean;
    else
        ((const char **)to)[number] = value->text.data;
}

tern_arg items_convert(tern_ctx *c, const data_column *column, const tern_arg *list)
{
    size_t count = list->list.count;
    bool is_of_bools = column->kind == TERN_ARG_BOOL;
    size_t size = is_of_bools ? sizeof(bool) : sizeof(const char *);
    bool fits = count <= SIZE_MAX / size;
    void *converted = ctx_need(c, fits ? arena_alloc(ctx_arena(c), count * size) : NULL);
    for (size_t i = 0; i < count; i++) {
        const tern_arg number = items_at(list, i);
        if (number.kind == TERN_ARG_TOO_BIG)
            data_misuse(c, "%s is compared with a list that has a number above %lld", column->name,
                        (long long)INT64_MAX);
        const tern_arg value = data_convert(c, column, &number);
        put(&value, converted, i);
    }
    return tern_arg_items_of(is_of_bools ? TERN_ITEM_BOOL : TERN_ITEM_TEXT, converted, count);
}
