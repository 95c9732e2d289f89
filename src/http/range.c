#include "http/range.h"

#include "base/text.h"

#include <stdbool.h>
#include <string.h>

/* -- the grammar: section 14.1.1 and 14.1.2 -- */

static void skip(tern_str *rest, size_t len)
{
    *rest = (tern_str){rest->data + len, rest->len - len};
}

static void skip_blanks(tern_str *rest)
{
    while (rest->len != 0 && (*rest->data == ' ' || *rest->data == '\t'))
        skip(rest, 1);
}

static bool take_byte(tern_str *rest, char byte)
{
    if (rest->len == 0 || *rest->data != byte)
        return false;
    skip(rest, 1);
    return true;
}

/** Takes digits; false when there are none. A number too large for 64 bits becomes the largest one: no
 * representation is that long. */
static bool take_number(tern_str *rest, uint64_t *value)
{
    size_t len = 0;
    *value = 0;
    for (; len < rest->len && rest->data[len] >= '0' && rest->data[len] <= '9'; len++) {
        const uint64_t digit = (uint64_t)(rest->data[len] - '0');
        *value = *value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *value * 10 + digit;
    }
    skip(rest, len);
    return len != 0;
}

/** Takes one range-spec; false when it is invalid. `range->length` is 0 when it is not satisfiable. */
static bool take_range(tern_str *rest, uint64_t size, http_range *range)
{
    uint64_t first, last, suffix;
    if (take_byte(rest, '-')) {
        if (!take_number(rest, &suffix))
            return false;
        range->length = suffix < size ? suffix : size;
        range->first = size - range->length;
        return true;
    }
    if (!take_number(rest, &first) || !take_byte(rest, '-'))
        return false;
    if (!take_number(rest, &last))
        last = UINT64_MAX;
    else if (last < first)
        return false;
    range->first = first;
    range->length = first >= size ? 0 : last < size ? last - first + 1 : size - first;
    return true;
}

/** Moves past "bytes="; the names of units ignore case. */
static bool take_unit(tern_str *rest)
{
    static const char unit[] = "bytes=";
    const size_t len = sizeof unit - 1;
    if (rest->len < len || !text_equal_nocase(rest->data, unit, len))
        return false;
    skip(rest, len);
    return true;
}

/* -- joining -- */

static bool touches(const http_range *a, const http_range *b)
{
    return a->first <= b->first + b->length && b->first <= a->first + a->length;
}

static bool overlaps(const http_range *a, const http_range *b)
{
    return a->first < b->first + b->length && b->first < a->first + a->length;
}

static http_range join(const http_range *a, const http_range *b)
{
    const uint64_t a_end = a->first + a->length, b_end = b->first + b->length;
    const uint64_t first = a->first < b->first ? a->first : b->first;
    return (http_range){first, (a_end > b_end ? a_end : b_end) - first};
}

/** Adds a range to the list, joined with those that it touches, at the place of the first of them. False when
 * the list is full. */
static bool add(http_ranges *ranges, http_range range, unsigned *overlapping)
{
    unsigned kept = 0, at = HTTP_RANGES_MAX;
    bool is_overlap = false;
    for (unsigned i = 0; i < ranges->count; i++) {
        const http_range other = ranges->list[i];
        is_overlap |= overlaps(&other, &range);
        if (!touches(&other, &range)) {
            ranges->list[kept++] = other;
            continue;
        }
        /* None of those already passed touches the union: it would have touched `range` or `other`. */
        range = join(&other, &range);
        if (at == HTTP_RANGES_MAX)
            at = kept++;
    }
    *overlapping += is_overlap;
    if (at == HTTP_RANGES_MAX) {
        if (kept == HTTP_RANGES_MAX)
            return false;
        at = kept++;
    }
    ranges->list[at] = range;
    ranges->count = kept;
    return true;
}

http_range_answer http_ranges_read(tern_str value, uint64_t size, http_ranges *ranges)
{
    bool has_range = false;
    unsigned overlapping = 0;
    ranges->count = 0;
    if (size == 0 || !take_unit(&value))
        return HTTP_RANGE_WHOLE;
    for (skip_blanks(&value); value.len != 0; skip_blanks(&value)) {
        http_range range;
        if (take_byte(&value, ',')) /* empty elements are ignored: section 5.6.1.2 */
            continue;
        if (!take_range(&value, size, &range))
            return HTTP_RANGE_WHOLE;
        has_range = true;
        if (range.length != 0 && !add(ranges, range, &overlapping))
            return HTTP_RANGE_WHOLE;
        skip_blanks(&value);
        if (overlapping > HTTP_OVERLAPS_MAX || (value.len != 0 && *value.data != ','))
            return HTTP_RANGE_WHOLE;
    }
    return !has_range ? HTTP_RANGE_WHOLE : ranges->count != 0 ? HTTP_RANGE_PARTS : HTTP_RANGE_UNSATISFIABLE;
}

/* -- Content-Range: section 14.4 -- */

static const char unit_and_space[] = "bytes ";

/** Ends the value that begins at `out` and continues at `at`. */
static size_t put_size(const char *out, char *at, uint64_t size)
{
    *at++ = '/';
    at += text_put_u64(at, size);
    *at = '\0';
    return (size_t)(at - out);
}

size_t http_content_range(char out[HTTP_CONTENT_RANGE_BYTES], const http_range *range, uint64_t size)
{
    char *at = out + sizeof unit_and_space - 1;
    memcpy(out, unit_and_space, sizeof unit_and_space - 1);
    at += text_put_u64(at, range->first);
    *at++ = '-';
    at += text_put_u64(at, range->first + range->length - 1);
    return put_size(out, at, size);
}

size_t http_content_range_unsatisfied(char out[HTTP_CONTENT_RANGE_BYTES], uint64_t size)
{
    char *at = out + sizeof unit_and_space - 1;
    memcpy(out, unit_and_space, sizeof unit_and_space - 1);
    *at++ = '*';
    return put_size(out, at, size);
}
