#include "schema/number/decimal.h"

#include <math.h>

enum { SCALE_MOST = 19 };

__extension__ typedef __int128 wide; /* fits any int64_t times 10^SCALE_MOST */

/** The units of a decimal with `scale` digits after its point, at least as many as it has. */
static wide units_at(tern_decimal d, unsigned scale)
{
    wide units = d.units;
    for (unsigned at = d.scale < SCALE_MOST ? d.scale : SCALE_MOST; at < scale; at++)
        units *= 10;
    return units;
}

static unsigned common_scale(tern_decimal a, tern_decimal b)
{
    unsigned scale = a.scale > b.scale ? a.scale : b.scale;
    return scale < SCALE_MOST ? scale : SCALE_MOST;
}

int decimal_compare(tern_decimal a, tern_decimal b)
{
    unsigned scale = common_scale(a, b);
    wide left = units_at(a, scale), right = units_at(b, scale);
    return (left > right) - (left < right);
}

bool decimal_is_multiple(tern_decimal value, tern_decimal step)
{
    unsigned scale = common_scale(value, step);
    return units_at(value, scale) % units_at(step, scale) == 0;
}

double decimal_nearest(tern_decimal d)
{
    double power = 1;
    for (unsigned at = 0; at < d.scale && at < SCALE_MOST; at++)
        power *= 10;
    return (double)d.units / power;
}

/* Each decimal of 15 digits has its own double. Up to 10^15 and 10^18 the division below rounds as reading
 * the decimal would: if the result is the same, this is what was written. */
bool decimal_of_number(long double number, tern_decimal *out)
{
    enum { DIGITS_18 = 18 };
    const double most = 1e15;
    if (number == truncl(number) && fabsl(number) < 1e18L) {
        *out = (tern_decimal){(int64_t)number, 0};
        return true;
    }
    double value = (double)number, power = 1;
    for (unsigned scale = 1; scale <= DIGITS_18; scale++) {
        power *= 10;
        double units = round(value * power);
        if (fabs(units) >= most)
            return false;
        if (units / power == value) {
            *out = (tern_decimal){(int64_t)units, (uint8_t)scale};
            return true;
        }
    }
    return false;
}
