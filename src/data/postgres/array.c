/* Reads arrays into lists. The binary format is: dimensions, whether there are nulls, the items' type; for
 * each dimension its length and first index; then each item's length and bytes (array_send in arrayfuncs.c of
 * PostgreSQL). */
#include "data/postgres/foreign.h"
#include "data/postgres/pool.h"
#include "data/postgres/wire.h"

enum { HEAD_BYTES = 12, DIMENSION_BYTES = 8, LENGTH_BYTES = 4, DIMENSIONS_MOST = 6 };

bool foreign_is_array(Oid oid, const char *data, size_t len)
{
    if (oid == OID_JSON || oid == OID_JSONB || oid == OID_TEXT || oid == OID_VARCHAR || oid == OID_BPCHAR ||
        len < HEAD_BYTES)
        return false;
    uint32_t dimensions = wire_get_32(data), has_nulls = wire_get_32(data + 4);
    return dimensions <= DIMENSIONS_MOST && has_nulls <= 1 &&
           len >= HEAD_BYTES + dimensions * DIMENSION_BYTES && (dimensions != 0 || len == HEAD_BYTES);
}

const char *foreign_array(const char *data, size_t len, const tern_type *type, void *out, arena *a)
{
    tern_bool_list *list = out; /* every list begins the same way */
    const char *at = data + HEAD_BYTES + DIMENSION_BYTES, *end = data + len;
    if (wire_get_32(data) == 0)
        return NULL;
    if (wire_get_32(data) != 1)
        return "an array of one dimension";
    Oid oid = wire_get_32(data + 8);
    size_t count = wire_get_32(data + HEAD_BYTES), size = type->item->size;
    if (count > (size_t)(end - at) / LENGTH_BYTES)
        return "an array";
    char *items = arena_alloc(a, count * size);
    if (items == NULL)
        return "smaller: out of memory";
    for (size_t i = 0; i < count; i++) {
        uint32_t bytes = end - at >= LENGTH_BYTES ? wire_get_32(at) : 0;
        if (bytes == UINT32_MAX)
            return "an array without nulls";
        at += LENGTH_BYTES;
        if (at > end || bytes > (size_t)(end - at))
            return "an array";
        const char *problem = pg_value_read(oid, at, bytes, type->item, items + i * size, a);
        if (problem != NULL) {
            const char *text = arena_printf(a, "an array whose items are each %s", problem);
            return text != NULL ? text : problem;
        }
        at += bytes;
    }
    list->items = (bool *)(void *)items;
    list->count = count;
    return NULL;
}
