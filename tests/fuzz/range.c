/*
 * Range headers: the parts are within the representation, none touches another, and the Content-Range of each
 * is read as the same part.
 */
#include "http/range.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_parts(const http_ranges *ranges, uint64_t size)
{
    require(ranges->count > 0 && ranges->count <= HTTP_RANGES_MAX);
    for (unsigned i = 0; i < ranges->count; i++) {
        const http_range *a = &ranges->list[i];
        require(a->length > 0 && a->first < size && a->length <= size - a->first);
        for (unsigned j = 0; j < i; j++) {
            const http_range *b = &ranges->list[j];
            require(a->first > b->first + b->length || b->first > a->first + a->length);
        }
    }
}

/** "bytes 3-9/10" asks for its own part when it is a Range header: "bytes=3-9". */
static void check_content_range(const http_range *part, uint64_t size)
{
    char text[HTTP_CONTENT_RANGE_BYTES];
    http_ranges again;
    const size_t len = http_content_range(text, part, size);
    require(len < sizeof text && text[len] == '\0' && strlen(text) == len);
    text[5] = '=';
    const tern_str value = {text, (size_t)(strchr(text, '/') - text)};
    require(http_ranges_read(value, size, &again) == HTTP_RANGE_PARTS && again.count == 1);
    require(again.list[0].first == part->first && again.list[0].length == part->length);
}

static void check_value(const char *value, size_t len, uint64_t size)
{
    http_ranges ranges, more;
    const http_range_answer answer = http_ranges_read((tern_str){value, len}, size, &ranges);
    require(size != 0 || answer == HTTP_RANGE_WHOLE);
    if (answer != HTTP_RANGE_PARTS)
        return;
    check_parts(&ranges, size);
    for (unsigned i = 0; i < ranges.count; i++)
        check_content_range(&ranges.list[i], size);
    /* A range with a byte in this representation has one in a larger one too. */
    if (size < UINT64_MAX / 2)
        require(http_ranges_read((tern_str){value, len}, size * 2, &more) != HTTP_RANGE_UNSATISFIABLE);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static const uint64_t sizes[] = {0, 1, 10, 1000, INT64_MAX, UINT64_MAX};
    static const char unit[] = "bytes=";
    char *value = malloc(size + sizeof unit);
    require(value != NULL);
    memcpy(value, unit, sizeof unit - 1);
    if (size != 0)
        memcpy(value + sizeof unit - 1, input, size);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        check_value(value, size + sizeof unit - 1, sizes[i]);
        check_value(value + sizeof unit - 1, size, sizes[i]);
    }
    free(value);
    return 0;
}
