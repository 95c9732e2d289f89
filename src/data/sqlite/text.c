/* Texts as the database holds them: of fixed width where order matters. */
#include "data/sqlite/inside.h"

#include "base/text.h"
#include "schema/moment.h"
#include "schema/scalar.h"

#include <string.h>

enum { DATE_BYTES = 10, CLOCK_BYTES = 8 /* "17:30:00" */, FRACTION_BYTES = 7 /* ".250000" */ };

bool sqlite_text_is_sound(const char *text, size_t len)
{
    return memchr(text, '\0', len) == NULL && utf8_valid(text, len);
}

/* Makes the fraction that stands from `whole` to `len`, if any, one of six digits; the new length. */
static size_t fix_fraction(char *out, size_t whole, size_t len)
{
    size_t end = whole + FRACTION_BYTES;
    if (len == whole)
        out[len++] = '.';
    while (len < end)
        out[len++] = '0';
    return end;
}

size_t sqlite_print_time(tern_time time, char *out)
{
    return fix_fraction(out, CLOCK_BYTES, time_print(time, out));
}

size_t sqlite_print_datetime(tern_datetime moment, char *out)
{
    size_t len = datetime_print(moment, out) - 1; /* without 'Z' */
    len = fix_fraction(out, DATE_BYTES + 1 + CLOCK_BYTES, len);
    out[len++] = 'Z';
    return len;
}

size_t sqlite_print_decimal(tern_decimal value, char *out)
{
    while (value.scale > 0 && value.units % 10 == 0) {
        value.units /= 10;
        value.scale--;
    }
    return scalar_print(&tern_decimal_type, &value, out);
}
