/* Texts as the database holds them: of fixed width where order matters. */
#include "data/sqlite/inside.h"

#include "base/text.h"
#include "schema/moment.h"
#include "schema/scalar.h"

#include <string.h>

enum { DATE_BYTES = 10, CLOCK_BYTES = 8 /* "17:30:00" */, FRACTION_BYTES = 7 /* ".250000" */ };

/* Bits that are set when a byte of the eight is not ASCII or, from the lowest such byte on, is NUL. */
static inline uint64_t suspects(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return (word | (word - 0x0101010101010101u)) & 0x8080808080808080u;
}

bool sqlite_text_is_sound(const char *text, size_t len)
{
    uint64_t seen = 0;
    size_t i = 0;
    for (; i + sizeof seen <= len; i += sizeof seen)
        seen |= suspects(text + i);
    if (i < len && len >= sizeof seen)
        seen |= suspects(text + len - sizeof seen);
    else
        for (; i < len; i++)
            seen |= (unsigned char)(text[i] - 1) >= 0x7f;
    return seen == 0 || (memchr(text, '\0', len) == NULL && utf8_valid(text, len));
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
