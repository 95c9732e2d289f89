/* Values as written in a schema, in the forms of README.md's table for SQLite: exact, and sorted correctly.
 * PostgreSQL reads them too. */
#include "data/ddl/ddl.h"
#include "schema/scalar.h"

#include <string.h>

static const char *hexadecimal(arena *a, tern_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *out = arena_alloc(a, 2 * bytes.len + 1);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < bytes.len; i++) {
        out[2 * i] = digits[bytes.data[i] >> 4];
        out[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    out[2 * bytes.len] = '\0';
    return out;
}

/** A time or date-time with exactly six digits after the point. */
static const char *to_the_microsecond(arena *a, const char *text, size_t len)
{
    bool has_zone = len != 0 && text[len - 1] == 'Z';
    const char *end = text + len - has_zone, *point = memchr(text, '.', len);
    const char *whole_end = point != NULL ? point : end;
    int given = point != NULL ? (int)(end - point) - 1 : 0;
    int kept = given < 6 ? given : 6;
    return arena_printf(a, "%.*s.%.*s%.*s%s", (int)(whole_end - text), text, kept,
                        point != NULL ? point + 1 : "", 6 - kept, "000000", has_zone ? "Z" : "");
}

/** Without trailing zeros. */
static const char *shortest_decimal(arena *a, const char *text, size_t len)
{
    if (memchr(text, '.', len) != NULL) {
        while (text[len - 1] == '0')
            len--;
        len -= text[len - 1] == '.';
    }
    return arena_text(a, text, len);
}

const char *ddl_value_text(arena *a, const tern_type *type, const void *value)
{
    char printed[SCALAR_PRINT_BYTES];
    switch (type->kind) {
    case TERN_KIND_BYTES:
        return hexadecimal(a, *(const tern_bytes *)value);
    case TERN_KIND_DURATION:
        return arena_text(a, printed,
                          number_print_i64(((const tern_duration *)value)->microseconds, printed));
    case TERN_KIND_TIME:
    case TERN_KIND_DATETIME:
        return to_the_microsecond(a, printed, scalar_print(type, value, printed));
    case TERN_KIND_DECIMAL:
        return shortest_decimal(a, printed, scalar_print(type, value, printed));
    case TERN_KIND_FLOAT: /* like bound values: 0.1 of a float is not 0.1 of a double */
        return arena_text(a, printed,
                          number_print_double(type->size == sizeof(float) ? (double)*(const float *)value
                                                                          : *(const double *)value,
                                              printed));
    default:
        return arena_text(a, printed, scalar_print(type, value, printed));
    }
}
