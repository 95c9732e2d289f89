#include "http/scan/scan.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 200 };

static uint32_t random_state = 12345;

static uint32_t next_random(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

/** Compares every scan of `kit` with the scalar ones over [from, end) of a buffer that begins at `floor`. */
static void compare(const scan_kit *kit, const char *floor, const char *from, const char *end)
{
    CHECK(kit->field_name(floor, from, end) == scan_scalar.field_name(floor, from, end));
    CHECK(kit->field_value(floor, from, end) == scan_scalar.field_value(floor, from, end));
    CHECK(kit->target(floor, from, end) == scan_scalar.target(floor, from, end));
    bool is_plain = true, want_plain = true;
    const char *stop = kit->path(floor, from, end, &is_plain);
    CHECK(stop == scan_scalar.path(floor, from, end, &want_plain));
    CHECK_INT(is_plain, want_plain);
}

TEST(scans_stop_at_exactly_the_bytes_outside_their_class)
{
    for (int byte = 0; byte < 256; byte++) {
        char text = (char)byte;
        const char *end = &text + 1;
        bool is_plain = true;
        bool is_alnum =
            (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
        bool is_token = is_alnum || (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
        bool is_value = byte == '\t' || (byte >= ' ' && byte != 0x7f);
        bool is_target = byte > ' ' && byte < 0x7f && byte != '#';
        CHECK_INT(scan_is(SCAN_TOKEN, text), is_token);
        bool is_unreserved = is_alnum || (byte != 0 && strchr("-._~", byte) != NULL);
        CHECK_INT(scan_is(SCAN_UNRESERVED, text), is_unreserved);
        CHECK_INT(scan_scalar.field_name(&text, &text, end) == end, is_token && byte != '_');
        CHECK_INT(scan_scalar.field_value(&text, &text, end) == end, is_value);
        CHECK_INT(scan_scalar.target(&text, &text, end) == end, is_target);
        CHECK_INT(scan_scalar.path(&text, &text, end, &is_plain) == end, is_target && byte != '?');
        CHECK_INT(is_plain, byte != '%' && byte != '\\');
    }
}

TEST(vector_scans_answer_as_the_scalar_one_for_every_byte_at_every_place)
{
    const scan_kit *kits[SCAN_KITS];
    unsigned count = scan_kits(kits);
    CHECK(kits[0] == &scan_scalar && kits[count - 1] == scan_best);
    char *text = malloc(ROOM);
    for (unsigned k = 0; k < count; k++) {
        for (size_t len = 0; len <= 70; len++) {
            char *floor = text + ROOM - len; /* ends with the block, so that a read past it is detected */
            for (size_t place = 0; place < len; place++) {
                memset(floor, 'a', len);
                for (int byte = 0; byte < 256; byte++) {
                    floor[place] = (char)byte;
                    compare(kits[k], floor, floor, floor + len);
                }
                floor[place] = '\n';
                for (size_t from = 0; from <= len; from++)
                    compare(kits[k], floor, floor + from, floor + len);
            }
        }
    }
    free(text);
}

TEST(vector_scans_answer_as_the_scalar_one_on_random_text)
{
    static const char likely[] = "abcXYZ019-._~/./..//%\\?#: \t\r\n\x7f\x80\xff";
    const scan_kit *kits[SCAN_KITS];
    unsigned count = scan_kits(kits);
    char *text = malloc(ROOM);
    for (int round = 0; round < 20000; round++) {
        size_t len = next_random() % ROOM, from = len != 0 ? next_random() % len : 0;
        uint32_t spread = next_random() % sizeof likely; /* how far into the odd bytes this round goes */
        char *floor = text + ROOM - len;
        for (size_t i = 0; i < len; i++)
            floor[i] = next_random() % 64 == 0 ? (char)next_random() : likely[next_random() % (spread + 1)];
        for (unsigned k = 0; k < count; k++)
            compare(kits[k], floor, floor + from, floor + len);
    }
    free(text);
}
