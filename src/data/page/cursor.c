#include "data/page/cursor.h"

#include "crypto/base64url.h"
#include "data/keyset.h"
#include "data/text.h"
#include "schema/scalar.h"

#include <string.h>

enum { VERSION = 0x10, HEAD_BYTES = 5, RAW_MOST_BYTES = CURSOR_MOST_BYTES / 4 * 3 };

/* The bytes before the values: one for VERSION and cursor_form, and the fingerprint of table and order. */
typedef struct head {
    uint8_t bytes[HEAD_BYTES];
} head;

static uint32_t print_bytes(uint32_t print, const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        print = (print ^ ((const uint8_t *)data)[i]) * 16777619; /* FNV-1a: security does not depend on it */
    return print;
}

/** A fingerprint that distinguishes cursors of different orders. */
static head head_of(const data_table *table, const data_order *order, cursor_form form)
{
    uint32_t print = print_bytes(2166136261, table->name, strlen(table->name) + 1);
    for (unsigned i = 0; i < order->count; i++) {
        const data_column *column = order->terms[i].column;
        const uint8_t facts[] = {order->terms[i].is_descending, (uint8_t)column->plan->type->kind};
        print = print_bytes(print, column->name, strlen(column->name) + 1);
        print = print_bytes(print, facts, sizeof facts);
    }
    return (head){{(uint8_t)(VERSION | form), (uint8_t)print, (uint8_t)(print >> 8), (uint8_t)(print >> 16),
                   (uint8_t)(print >> 24)}};
}

static bool is_plain(const data_column *column)
{
    return column->kind != TERN_ARG_JSON && column->kind != TERN_ARG_NULL;
}

bool cursor_may_be(const data_order *order)
{
    return order->is_total && order->count != 0 && order->count <= KEYSET_COLUMNS_MOST;
}

/* -- writing -- */

typedef struct writer {
    uint8_t *bytes;
    size_t len, limit;
    bool is_full;
} writer;

static void put(writer *w, const void *data, size_t len)
{
    w->is_full |= len > w->limit - w->len;
    if (w->is_full)
        return;
    memcpy(w->bytes + w->len, data, len);
    w->len += len;
}

/** A length, or 0 for null. Two bytes are enough, because a value is not longer than the whole cursor. */
static void put_length(writer *w, size_t length)
{
    const uint8_t bytes[] = {(uint8_t)(length & 255), (uint8_t)(length >> 8 & 255)};
    put(w, bytes, sizeof bytes);
}

static void put_value(writer *w, const data_column *column, const void *row)
{
    char printed[SCALAR_PRINT_BYTES];
    const tern_type *type = column->plan->type;
    const void *value = plan_value(column->plan, row);
    tern_str text = {printed, 0};
    if (data_column_is_null(column, row)) {
        put_length(w, 0);
        return;
    }
    if (type->kind == TERN_KIND_TEXT) {
        text.data = *(const char *const *)value;
        text.len = text.data != NULL ? strlen(text.data) : 0;
    } else if (type->kind == TERN_KIND_BYTES) {
        text = (tern_str){(const char *)((const tern_bytes *)value)->data, ((const tern_bytes *)value)->len};
    } else {
        text.len = scalar_print(type, value, printed);
    }
    w->is_full |= text.len >= RAW_MOST_BYTES;
    put_length(w, text.len + 1);
    if (text.len != 0)
        put(w, text.data, text.len);
}

static void put_head(writer *w, const data_table *table, const data_order *order, cursor_form form)
{
    const head begin = head_of(table, order, form);
    w->len = 0;
    w->is_full = false;
    put(w, begin.bytes, sizeof begin.bytes);
}

/** Whether each value of the order is visible and short enough. */
static bool write_values(writer *w, const data_table *table, const data_order *order, const void *row)
{
    w->limit = CURSOR_VALUES_MOST_BYTES;
    put_head(w, table, order, CURSOR_OF_VALUES);
    for (unsigned i = 0; i < order->count; i++) {
        const data_column *column = order->terms[i].column;
        if (!is_plain(column) || column->plan->field->write_only)
            return false;
        put_value(w, column, row);
    }
    return !w->is_full;
}

static bool write_key(writer *w, const data_table *table, const data_order *order, const void *row)
{
    w->limit = RAW_MOST_BYTES;
    put_head(w, table, order, CURSOR_OF_KEY);
    for (unsigned i = 0; i < table->key_count; i++)
        put_value(w, &table->columns[table->keys[i]], row);
    return !w->is_full && table->key_count != 0;
}

const char *cursor_write(arena *a, const data_table *table, const data_order *order, const void *row)
{
    uint8_t raw[RAW_MOST_BYTES];
    writer w = {.bytes = raw};
    if (!write_values(&w, table, order, row) && !write_key(&w, table, order, row))
        return NULL;
    char *text = arena_alloc(a, BASE64URL_LEN(w.len) + 1);
    if (text != NULL)
        text[base64url_write(raw, w.len, text)] = '\0';
    return text;
}

/* -- reading -- */

typedef struct reader {
    const uint8_t *at;
    size_t left;
} reader;

static const uint8_t *take(reader *r, size_t len)
{
    const uint8_t *at = r->at;
    if (len > r->left)
        return NULL;
    r->at += len;
    r->left -= len;
    return at;
}

static bool read_text(const data_column *column, const char *text, size_t len, void *value, arena *a)
{
    const tern_type *type = column->plan->type;
    if (type->kind != TERN_KIND_TEXT && type->kind != TERN_KIND_BYTES)
        return scalar_read(type, text, len, value, a) == NULL;
    char *copy = arena_text(a, text, len);
    if (copy == NULL || (type->kind == TERN_KIND_TEXT && !data_text_is_sound(copy, len)))
        return false;
    if (type->kind == TERN_KIND_TEXT)
        *(const char **)value = copy;
    else
        *(tern_bytes *)value = (tern_bytes){.data = (uint8_t *)copy, .len = len};
    return true;
}

/** Reads the next value into its field of the row; false unless it fits the column. */
static bool read_value(reader *r, const data_column *column, void *row, arena *a)
{
    const uint8_t *length = take(r, 2);
    tern_arg unused;
    data_error error;
    if (length == NULL || !is_plain(column))
        return false;
    size_t len = length[0] | (size_t)length[1] << 8;
    if (len == 0) {
        *plan_state(column->plan, row) = TERN_STATE_NULL;
        return column->is_nullable;
    }
    const uint8_t *text = take(r, len - 1);
    *plan_state(column->plan, row) = TERN_STATE_VALUE;
    return text != NULL && read_text(column, (const char *)text, len - 1, plan_value(column->plan, row), a) &&
           data_column_arg(column, row, a, &unused, &error);
}

cursor_form cursor_read(arena *a, const data_table *table, const data_order *order, const char *text,
                        void **row)
{
    uint8_t raw[RAW_MOST_BYTES];
    size_t text_len = strnlen(text, CURSOR_MOST_BYTES + 1);
    long len = text_len <= CURSOR_MOST_BYTES ? base64url_parse(text, text_len, raw) : -1;
    cursor_form form = len >= HEAD_BYTES ? (cursor_form)(raw[0] & ~VERSION) : CURSOR_NONE;
    unsigned count = form == CURSOR_OF_KEY ? table->key_count : order->count;
    if (form != CURSOR_OF_VALUES && form != CURSOR_OF_KEY)
        return CURSOR_NONE;
    const head begin = head_of(table, order, form);
    reader r = {raw + HEAD_BYTES, (size_t)len - HEAD_BYTES};
    *row = arena_alloc(a, table->type->size);
    if (*row == NULL || memcmp(raw, begin.bytes, HEAD_BYTES) != 0)
        return CURSOR_NONE;
    memset(*row, 0, table->type->size);
    for (unsigned i = 0; i < table->type->field_count; i++)
        *plan_state(&plan_of(table->type)->fields[i], *row) = TERN_STATE_ABSENT;
    for (unsigned i = 0; i < count; i++) {
        const data_column *column =
            form == CURSOR_OF_KEY ? &table->columns[table->keys[i]] : order->terms[i].column;
        if (!read_value(&r, column, *row, a))
            return CURSOR_NONE;
    }
    return r.left == 0 ? form : CURSOR_NONE;
}
