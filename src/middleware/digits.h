/** Numbers as digits, for lines and headers of every request: printf would cost more than the rest of those. */
#ifndef MIDDLEWARE_DIGITS_H
#define MIDDLEWARE_DIGITS_H

#include <stdint.h>
#include <string.h>

enum { DIGITS_MOST = 20 };

/** Writes `number` in decimal, at most DIGITS_MOST bytes without a NUL; returns their end. */
static inline char *digits_put(char *at, uint64_t number)
{
    char digits[DIGITS_MOST], *first = digits + sizeof digits;
    do
        *--first = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    size_t len = (size_t)(digits + sizeof digits - first);
    memcpy(at, first, len);
    return at + len;
}

#endif
