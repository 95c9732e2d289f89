#include "http/range.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHOLE = HTTP_RANGE_WHOLE, PARTS = HTTP_RANGE_PARTS, NONE = HTTP_RANGE_UNSATISFIABLE };

static http_range_answer read_ranges(const char *value, uint64_t size, http_ranges *ranges)
{
    return http_ranges_read((tern_str){value, strlen(value)}, size, ranges);
}

/** The parts as "first+length" with spaces between; "whole" and "none" without any. */
static const char *parts_of(const char *value, uint64_t size)
{
    static char text[1024];
    http_ranges ranges;
    const http_range_answer answer = read_ranges(value, size, &ranges);
    if (answer != HTTP_RANGE_PARTS)
        return answer == HTTP_RANGE_WHOLE ? "whole" : "none";
    size_t len = 0;
    for (unsigned i = 0; i < ranges.count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%llu+%llu", i == 0 ? "" : " ",
                                (unsigned long long)ranges.list[i].first,
                                (unsigned long long)ranges.list[i].length);
    return text;
}

typedef struct row {
    const char *value;
    uint64_t size;
    const char *parts;
} row;

static void check_rows(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *parts = parts_of(rows[i].value, rows[i].size);
        if (strcmp(parts, rows[i].parts) != 0)
            check_fail(__FILE__, __LINE__, "\"%s\" of %llu: %s, not %s", rows[i].value,
                       (unsigned long long)rows[i].size, parts, rows[i].parts);
    }
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof rows / sizeof *rows)

/* RFC 9110 section 14.1.2 has the first four rows, for a representation of 10000 bytes. */
TEST(one_range_is_the_part_it_names)
{
    static const row rows[] = {
        {"bytes=0-499", 10000, "0+500"},
        {"bytes=500-999", 10000, "500+500"},
        {"bytes=-500", 10000, "9500+500"},
        {"bytes=9500-", 10000, "9500+500"},
        {"bytes=0-0", 10, "0+1"},
        {"bytes=9-9", 10, "9+1"},
        {"bytes=0-", 10, "0+10"},
        {"bytes=0-9", 10, "0+10"},
        {"bytes=-10", 10, "0+10"},
        {"bytes=-1", 1, "0+1"},
        {"bytes=007-008", 10, "7+2"},
        {"Bytes=1-2", 10, "1+2"},
        {"BYTES=1-2", 10, "1+2"},
        {"bytes= 1-2", 10, "1+2"},
        {"bytes=1-2 ", 10, "1+2"},
        {"bytes=0-0", UINT64_MAX, "0+1"},
        {"bytes=18446744073709551614-", UINT64_MAX, "18446744073709551614+1"},
    };
    CHECK_ROWS(rows);
}

TEST(a_range_that_ends_after_the_last_byte_ends_there)
{
    static const row rows[] = {
        {"bytes=0-10", 10, "0+10"},
        {"bytes=0-1048575", 10, "0+10"},
        {"bytes=9-10", 10, "9+1"},
        {"bytes=-11", 10, "0+10"},
        {"bytes=-1000", 10, "0+10"},
        {"bytes=5-18446744073709551615", 10, "5+5"},
        {"bytes=5-18446744073709551616", 10, "5+5"},
        {"bytes=-18446744073709551616", 10, "0+10"},
        {"bytes=5-99999999999999999999999999999999999999999999", 10, "5+5"},
        {"bytes=0-18446744073709551615", UINT64_MAX, "0+18446744073709551615"},
    };
    CHECK_ROWS(rows);
}

TEST(ranges_of_no_byte_are_not_satisfiable)
{
    static const row rows[] = {
        {"bytes=10-", 10, "none"},
        {"bytes=10-10", 10, "none"},
        {"bytes=10-20", 10, "none"},
        {"bytes=-0", 10, "none"},
        {"bytes=-000", 10, "none"},
        {"bytes=18446744073709551615-", 10, "none"},
        {"bytes=18446744073709551616-", 10, "none"},
        {"bytes=99999999999999999999999999999999-", UINT64_MAX, "none"},
        {"bytes=10-,20-30,-0", 10, "none"},
    };
    CHECK_ROWS(rows);
}

TEST(ranges_of_no_byte_are_left_out_beside_others)
{
    static const row rows[] = {
        {"bytes=10-,0-1", 10, "0+2"},
        {"bytes=0-1,10-", 10, "0+2"},
        {"bytes=-0,0-0,-1", 10, "0+1 9+1"},
    };
    CHECK_ROWS(rows);
}

TEST(an_invalid_header_is_passed_over)
{
    static const char *const values[] = {
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=, ,",
        "bytes=-",
        "bytes=--1",
        "bytes=0--1",
        "bytes=1",
        "bytes=a-b",
        "bytes=1-b",
        "bytes=1-2-3",
        "bytes=+1-2",
        "bytes=1-+2",
        "bytes=0x1-2",
        "bytes=1.0-2",
        "bytes=1 -2",
        "bytes=1- 2",
        "bytes=1-2;",
        "bytes=1-2 3-4",
        "bytes=1-2,x",
        "bytes=1-2,3",
        "bytes=x,1-2",
        "bytes=*",
        "bytes:1-2",
        "bytes 1-2",
        "bytes =1-2",
        "byte=1-2",
        "bytesx=1-2",
        "xbytes=1-2",
        " bytes=1-2",
        "items=1-2",
        "bytes=\"1-2\"",
        "bytes=1-2,bytes=3-4",
        "bytes=5-4",
        "bytes=9-0",
        "bytes=0-1,5-4",
        "bytes=18446744073709551616-0",
        "bytes=0-1\n",
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        CHECK_TEXT(parts_of(values[i], 10), "whole");
}

TEST(an_empty_representation_is_sent_whole)
{
    static const row rows[] = {
        {"bytes=0-", 0, "whole"},
        {"bytes=-1", 0, "whole"},
        {"bytes=0-0", 0, "whole"},
        {"bytes=5-", 0, "whole"},
    };
    CHECK_ROWS(rows);
}

TEST(several_ranges_keep_the_order_of_the_request)
{
    static const row rows[] = {
        {"bytes=0-0,-1", 10, "0+1 9+1"},
        {"bytes=8-8,0-1,4-5", 10, "8+1 0+2 4+2"},
        {"bytes=0-0 , 2-2,\t4-4", 10, "0+1 2+1 4+1"},
        {"bytes=,,0-0,,2-2,", 10, "0+1 2+1"},
    };
    CHECK_ROWS(rows);
}

TEST(ranges_that_overlap_or_adjoin_are_joined_at_the_place_of_the_first)
{
    static const row rows[] = {
        {"bytes=500-600,601-999", 10000, "500+500"},
        {"bytes=500-700,601-999", 10000, "500+500"},
        {"bytes=2-3,0-1", 10, "0+4"},
        {"bytes=0-1,3-4", 10, "0+2 3+2"},
        {"bytes=0-9,3-4", 10, "0+10"},
        {"bytes=3-4,0-9", 10, "0+10"},
        {"bytes=0-0,9-9,2-3,1-1", 10, "0+4 9+1"},
        {"bytes=0-0,9-9,2-2,4-4,1-3", 10, "0+5 9+1"},
        {"bytes=4-4,9-9,2-2,0-0,1-3", 10, "0+5 9+1"},
        {"bytes=9-9,4-4,0-0,1-8", 10, "0+10"},
        {"bytes=-5,-3", 10, "5+5"},
    };
    CHECK_ROWS(rows);
}

static const char *repeated(const char *piece, unsigned times)
{
    static char text[64 * 1024];
    size_t len = (size_t)snprintf(text, sizeof text, "bytes=");
    for (unsigned i = 0; i < times; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i == 0 ? "" : ",", piece);
    return text;
}

TEST(threat_064_more_than_two_overlaps_are_answered_with_the_whole)
{
    CHECK_TEXT(parts_of(repeated("0-", 3), 100), "0+100");
    CHECK_TEXT(parts_of(repeated("0-", 4), 100), "whole");
    CHECK_TEXT(parts_of(repeated("0-", 1000), 100), "whole");
    CHECK_TEXT(parts_of("bytes=0-10,5-15,10-20,15-25", 100), "whole");
}

static const char *every_second_byte(unsigned count)
{
    static char text[64 * 1024];
    size_t len = (size_t)snprintf(text, sizeof text, "bytes=");
    for (unsigned i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%u-%u", i == 0 ? "" : ",", 2 * i, 2 * i);
    return text;
}

TEST(threat_064_more_ranges_than_the_limit_are_answered_with_the_whole)
{
    http_ranges ranges;
    CHECK_INT(read_ranges(every_second_byte(HTTP_RANGES_MAX), 5000, &ranges), PARTS);
    CHECK_INT(ranges.count, HTTP_RANGES_MAX);
    CHECK_INT(read_ranges(every_second_byte(HTTP_RANGES_MAX + 1), 5000, &ranges), WHOLE);
    CHECK_INT(read_ranges(every_second_byte(1000), 5000, &ranges), WHOLE);
}

TEST(threat_064_ranges_of_no_byte_do_not_count_towards_the_limit)
{
    CHECK_TEXT(parts_of(repeated("500-", 1000), 100), "none");
    CHECK_TEXT(parts_of(repeated("-0", 1000), 100), "none");
}

TEST(adjoining_ranges_do_not_count_towards_the_limits)
{
    char text[4096] = "bytes=";
    for (unsigned i = 0; i < 100; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%u-%u,", i * 10, i * 10 + 9);
    CHECK_TEXT(parts_of(text, 5000), "0+1000");
}

TEST(content_range_has_the_last_byte_and_the_size)
{
    char text[HTTP_CONTENT_RANGE_BYTES];
    CHECK_INT(http_content_range(text, &(http_range){0, 10}, 100), strlen("bytes 0-9/100"));
    CHECK_TEXT(text, "bytes 0-9/100");
    http_content_range(text, &(http_range){UINT64_MAX - 1, 1}, UINT64_MAX);
    CHECK_TEXT(text, "bytes 18446744073709551614-18446744073709551614/18446744073709551615");
}

TEST(content_range_of_a_416_has_only_the_size)
{
    char text[HTTP_CONTENT_RANGE_BYTES];
    CHECK_INT(http_content_range_unsatisfied(text, 0), strlen("bytes */0"));
    CHECK_TEXT(text, "bytes */0");
    http_content_range_unsatisfied(text, UINT64_MAX);
    CHECK_TEXT(text, "bytes */18446744073709551615");
}
