#include "app/router/kind.h"

#include "base/text.h"

#include <string.h>

static bool is_letter(char byte)
{
    unsigned char lower = text_lower((unsigned char)byte);
    return lower >= 'a' && lower <= 'z';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_alpha(tern_str value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!is_letter(value.data[i]))
            return false;
    return true;
}

static bool is_alnum(tern_str value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!is_letter(value.data[i]) && !is_digit(value.data[i]))
            return false;
    return true;
}

static bool is_hex(tern_str value)
{
    for (size_t i = 0; i < value.len; i++)
        if (text_hex_value(value.data[i]) < 0)
            return false;
    return true;
}

static bool is_slug(tern_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        char byte = value.data[i];
        if (!is_letter(byte) && !is_digit(byte) && byte != '-' && byte != '_')
            return false;
    }
    return true;
}

static unsigned number_at(tern_str value, size_t at, size_t digits)
{
    unsigned number = 0;
    for (size_t i = at; i < at + digits; i++)
        number = number * 10 + (unsigned)(value.data[i] - '0');
    return number;
}

/** A day of the calendar: 2026-02-29 is not one. */
static bool is_date(tern_str value)
{
    enum { DATE_BYTES = 10, MONTH_AT = 5, DAY_AT = 8, FEBRUARY = 2 };
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (value.len != DATE_BYTES)
        return false;
    for (size_t i = 0; i < DATE_BYTES; i++) {
        bool is_dash = i == MONTH_AT - 1 || i == DAY_AT - 1;
        if (is_dash ? value.data[i] != '-' : !is_digit(value.data[i]))
            return false;
    }
    unsigned year = number_at(value, 0, 4), month = number_at(value, MONTH_AT, 2),
             day = number_at(value, DAY_AT, 2);
    if (month < 1 || month > 12)
        return false;
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day >= 1 && day <= days[month - 1] + (unsigned)(month == FEBRUARY && is_leap);
}

/* In order of precedence. */
static const route_kind kinds[] = {
    {.name = "date",
     .check = is_date,
     .pattern = "[0-9]{4}-[0-9]{2}-[0-9]{2}",
     .format = "date",
     .length = 10,
     .order = 1},
    {.name = "alpha", .check = is_alpha, .pattern = "[A-Za-z]+", .order = 2},
    {.name = "hex", .check = is_hex, .pattern = "[0-9A-Fa-f]+", .order = 3},
    {.name = "alnum", .check = is_alnum, .pattern = "[0-9A-Za-z]+", .order = 4},
    {.name = "slug", .check = is_slug, .pattern = "[-0-9A-Z_a-z]+", .order = 5},
};
const char route_kind_names[] = "int, uuid, date, alpha, hex, alnum, slug";

const route_kind *route_kind_find(const route_kind *own, tern_str name)
{
    for (; own != NULL; own = own->next)
        if (strlen(own->name) == name.len && memcmp(own->name, name.data, name.len) == 0)
            return own;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i].name) == name.len && memcmp(kinds[i].name, name.data, name.len) == 0)
            return &kinds[i];
    return NULL;
}
