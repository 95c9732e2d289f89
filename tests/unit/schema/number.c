/* Numbers as text: compared with the C library over many random values, and known hard cases. */
#include "base/clock.h"
#include "base/text.h"
#include "check.h"
#include "schema/scalar.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ENOUGH_MS = 400 }; /* the time of each random comparison */

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static uint64_t deadline(void)
{
    return clock_ns() + ENOUGH_MS * UINT64_C(1000000);
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/** The front of `text` with bytes after it, as many as the fast path may read. */
static bool take_with_more(const char *text, double *out)
{
    char longer[128];
    size_t len = strlen(text);
    if (len > 64)
        return number_read_double(text, len, out);
    memcpy(longer, text, len);
    memset(longer + len, ']', sizeof longer - len);
    return number_take_double(longer, sizeof longer, out) == len;
}

/** Reads `text` (which has a NUL) both ways. */
static void check_as_strtod(const char *text)
{
    double seen = 7, taken = 7, want = strtod(text, NULL);
    bool is_read = number_read_double(text, strlen(text), &seen);
    if (take_with_more(text, &taken) != is_read || (is_read && bits_of(taken) != bits_of(seen)))
        check_fail(__FILE__, __LINE__, "%.60s is %a at the end of a text, and %a before more", text, seen,
                   taken);
    if (isinf(want)) {
        if (is_read)
            check_fail(__FILE__, __LINE__, "%.60s is too big, but was read as %a", text, seen);
        return;
    }
    if (!is_read || bits_of(seen) != bits_of(want))
        check_fail(__FILE__, __LINE__, "%.800s is %a, not %a", text, want, seen);
}

/** Prints `value`, reads it back, and checks that no text with fewer digits would do. */
static void check_shortest(double value)
{
    char text[64], shorter[64];
    size_t len = number_print_double(value, text);
    text[len] = '\0';
    if (len > 25 || bits_of(strtod(text, NULL)) != bits_of(value))
        check_fail(__FILE__, __LINE__, "%a was printed as %s", value, text);
    int digits = 0, zeros = 0;
    for (const char *at = text; *at != '\0' && *at != 'e'; at++) {
        if (*at == '0')
            zeros += digits > 0;
        else if (*at >= '1' && *at <= '9') {
            digits += zeros + 1;
            zeros = 0;
        }
    }
    if (digits < 2)
        return;
    snprintf(shorter, sizeof shorter, "%.*e", digits - 2, value);
    if (bits_of(strtod(shorter, NULL)) == bits_of(value))
        check_fail(__FILE__, __LINE__, "%s was printed, but %s is enough", text, shorter);
}

TEST(number_reads_every_bit_pattern_from_17_digits)
{
    char text[64];
    for (uint64_t end = deadline(); clock_ns() < end;)
        for (int i = 0; i < 1000; i++) {
            double value = double_of(next_random());
            if (!isfinite(value))
                continue;
            snprintf(text, sizeof text, "%.17g", value);
            char *plus = strstr(text, "e+");
            if (plus != NULL)
                memmove(plus + 1, plus + 2, strlen(plus + 2) + 1);
            double seen;
            if (!number_read_double(text, strlen(text), &seen) || bits_of(seen) != bits_of(value))
                check_fail(__FILE__, __LINE__, "%s is not read as %a", text, value);
        }
}

TEST(number_reads_random_digits_as_strtod_does)
{
    char text[128];
    for (uint64_t end = deadline(); clock_ns() < end;)
        for (int i = 0; i < 1000; i++) {
            uint64_t r = next_random();
            unsigned whole = (unsigned)(r % 25), fraction = (unsigned)(r >> 8) % 25;
            size_t len = 0;
            if ((r >> 16 & 1) != 0)
                text[len++] = '-';
            text[len++] = whole == 0 ? '0' : (char)('1' + (r >> 20) % 9);
            for (unsigned d = 1; d < whole; d++)
                text[len++] = (char)('0' + next_random() % 10);
            if (fraction != 0)
                text[len++] = '.';
            for (unsigned d = 0; d < fraction; d++)
                text[len++] = (char)('0' + next_random() % 10);
            text[len] = '\0';
            if ((r >> 17 & 1) != 0)
                snprintf(text + len, sizeof text - len, "%c%d", (r >> 18 & 1) != 0 ? 'e' : 'E',
                         (int)(next_random() % 700) - 350);
            check_as_strtod(text);
        }
}

TEST(number_reads_decimals_as_people_write_them)
{
    char text[64];
    for (uint64_t end = deadline(); clock_ns() < end;)
        for (int i = 0; i < 1000; i++) {
            uint64_t r = next_random();
            unsigned digits = (unsigned)(r % 20), places = (unsigned)(r >> 8) % 20;
            double scale = 1;
            for (unsigned d = 0; d < digits; d++)
                scale *= 10;
            snprintf(text, sizeof text, "%.*f", (int)places, ((double)(r >> 11) * 0x1p-53 - 0.5) * scale);
            check_as_strtod(text);
        }
}

TEST(number_reads_the_middle_between_two_doubles_as_strtod_does)
{
    static char text[2048];
    for (uint64_t end = deadline(); clock_ns() < end;)
        for (int i = 0; i < 20; i++) {
            double below = double_of(next_random() >> 1), above = nextafter(below, INFINITY);
            if (!isfinite(above))
                continue;
            /* a long double represents the middle exactly; %.*Lf of 1,100 digits prints all of it */
            long double middle = ((long double)below + (long double)above) / 2;
            size_t len = (size_t)snprintf(text, sizeof text - 2, "%.1100Lf", middle);
            check_as_strtod(text);
            text[len - 1]++; /* just above */
            check_as_strtod(text);
        }
}

TEST(number_reads_hard_cases_exactly)
{
    static const char *const texts[] = {
        "0",
        "-0",
        "0.0",
        "0e999999999999999999999",
        "-0.0e-5",
        "0.1",
        "1",
        "1e22",
        "1e23",
        "8.5e22",
        "123456789012345678",
        "9007199254740991",
        "9007199254740992",
        "9007199254740993",
        "9007199254740993.0",
        "9007199254740993.00000000000000000001",
        "9007199254740992.99999999999999999",
        "9007199254740995",
        "18446744073709551615",
        "18446744073709551616",
        "1.0000000000000000",
        "0.50000000000000000000000000000000000",
        "1e308",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.797693134862315807e308",
        "1.797693134862315809e308",
        "1e309",
        "1e999999",
        "5e-324",
        "4.9e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.48e-324",
        "1e-323",
        "1e-324",
        "1e-400",
        "1e-999999999999999999999",
        "2.2250738585072011e-308",
        "2.2250738585072012e-308",
        "2.2250738585072014e-308",
        "6.631236871469758276785396630275e-316",
        "3."
        "2378839133029012895883524125015321748630376694231080599012970495523019706706765657868357425877995578"
        "6061577655983828343551439108415316925268919056439645957739461803892836530514346395510035669666562920"
        "2017331344031730044369360205258345803431471660032699580731300954848363975548690010751530018881758184"
        "1745696521731104736960227499346384253806233697747365600089974040609674980283891918789639685754392222"
        "0641698146269011334252400272438594165105129355260142115533343022523729152384332233132613843147782359"
        "1142408800030775170625915670728657003151953664260769822494937951845801530895238439819708403389937873"
        "2414634842056080000272705311068273879077914449185347715987501628125488627684932015189916680282517302"
        "99953143924168545708663913273994694463908672332763671875E-319",
        "1090544144181609348835077142190",
        "7.1e-7",
        "100000000000000000000",
        "1797693134862315807937289714053034150799341327100378269361737789804449682927647509466490179775872070"
        "9633028641669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447"
        "5730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
        "0."
        "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "00000000000000000000000000000000001e130",
        "4.4501477170144023e-308",
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124",
        "1.00000000000000011102230246251565404236316680908203126",
        "1.000000000000000111022302462515654042363166809082031250000000000000000000000000000000001",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_as_strtod(texts[i]);
}

TEST(number_reads_only_the_grammar_of_json)
{
    static const char *const texts[] = {
        "",     "-",     "+1",  "01",       "-01",   "00",        ".5",         "5.",  "-.5",
        "1.e5", "1e",    "1e+", "1e-",      "1e1.5", "0x10",      "1_000",      "1,5", " 1",
        "1 ",   "NaN",   "nan", "Infinity", "-inf",  "1e5x",      "--1",        "-+1", "1-",
        "1..2", "1.2.3", "e5",  "1d",       "1f",    "12345678x", "1.12345678x"};
    double value = 7;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (number_read_double(texts[i], strlen(texts[i]), &value))
            check_fail(__FILE__, __LINE__, "%s was read as %g", texts[i], value);
    CHECK(value == 7);
    CHECK(!number_read_double("1\0"
                              "2",
                              3, &value));
}

TEST(number_reads_the_front_of_a_text)
{
    double value;
    CHECK_INT(number_take_double("12.5e1,3", 8, &value), 6);
    CHECK(value == 125);
    CHECK_INT(number_take_double("12345678]", 9, &value), 8);
    CHECK(value == 12345678);
    CHECK_INT(number_take_double("]", 1, &value), 0);
    CHECK_INT(number_take_double("1.]", 3, &value), 0);
}

/** A text of `zeros` times '0' between `front` and `back`. */
static double read_long(const char *front, char filler, size_t count, const char *back, double *took_ms)
{
    size_t front_len = strlen(front), back_len = strlen(back), len = front_len + count + back_len;
    char *text = malloc(len);
    CHECK(text != NULL);
    memcpy(text, front, front_len);
    memset(text + front_len, filler, count);
    memcpy(text + front_len + count, back, back_len);
    double value = 0;
    uint64_t start = clock_ns();
    CHECK(number_read_double(text, len, &value));
    *took_ms = (double)(clock_ns() - start) / 1e6;
    free(text);
    return value;
}

TEST(threat_076_a_hundred_thousand_digits_take_linear_time)
{
    double ms;
    CHECK(read_long("0.", '3', 100000, "", &ms) == 1.0 / 3);
    CHECK(ms < 100);
    CHECK(read_long("1", '0', 100000, "e-100000", &ms) == 1);
    CHECK(ms < 100);
    CHECK(read_long("0.", '0', 100000, "1e100001", &ms) == 1);
    CHECK(ms < 100);
    /* the exact comparison, which must see the very last digit */
    CHECK(read_long("9007199254740993.", '0', 100000, "", &ms) == 9007199254740992.0);
    CHECK(read_long("9007199254740993.", '0', 100000, "1", &ms) == 9007199254740994.0);
    CHECK(ms < 100);
    CHECK(read_long("9007199254740993", '0', 100000, "e-100000", &ms) == 9007199254740992.0);
    CHECK(read_long("9007199254740993", '0', 100000, "1e-100001", &ms) == 9007199254740994.0);
    CHECK(read_long("9007199254740993", '0', 1000, ".0001e-1000", &ms) == 9007199254740994.0);
    CHECK(read_long("9007199254740992", '9', 1000, ".9999e-1000", &ms) == 9007199254740992.0);
}

TEST(number_prints_doubles_in_their_shortest_form)
{
    static const struct {
        double value;
        const char *want;
    } cases[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {1.0, "1"},
        {-1.0, "-1"},
        {0.1, "0.1"},
        {0.5, "0.5"},
        {1.0 / 3, "0.3333333333333333"},
        {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"},
        {100, "100"},
        {123456.789, "123456.789"},
        {1e20, "100000000000000000000"},
        {1e21, "1e21"},
        {1.5e21, "1.5e21"},
        {123456789012345680000.0, "123456789012345680000"},
        {1e-6, "0.000001"},
        {1e-7, "1e-7"},
        {-1.25e-7, "-1.25e-7"},
        {1.2345678901234567e-6, "0.0000012345678901234567"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
        {-2.2250738585072014e-308, "-2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308"},
        {9007199254740991.0, "9007199254740991"},
        {9007199254740992.0, "9007199254740992"},
        {9007199254740994.0, "9007199254740994"},
        {1e23, "1e23"},
        {9.5367431640625e-7, "9.5367431640625e-7"},
        {9007199254740993.0 * 2, "18014398509481984"},
        {4.35, "4.35"},
        {2e-323, "2e-323"},
        {1e15 + 0.5, "1000000000000000.5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        text[number_print_double(cases[i].value, text)] = '\0';
        CHECK_TEXT(text, cases[i].want);
    }
}

TEST(number_prints_random_doubles_so_that_they_read_back_and_are_not_longer_than_needed)
{
    for (uint64_t end = deadline(); clock_ns() < end;)
        for (int i = 0; i < 1000; i++) {
            uint64_t bits = next_random();
            if (isfinite(double_of(bits)))
                check_shortest(double_of(bits));
            check_shortest((double)(int64_t)(bits >> 34) / 1000); /* as people write them */
        }
    for (int e = 0; e < 2047; e++) /* powers of two, whose neighbours are not equally far, and those */
        for (int64_t d = -1; d <= 1; d++) {
            int64_t bits = ((int64_t)e << 52) + d;
            if (bits > 0)
                check_shortest(double_of((uint64_t)bits));
        }
}

TEST(number_prints_floats_so_that_they_read_back)
{
    uint32_t bits = 0;
    char text[64];
    for (uint64_t end = deadline(); clock_ns() < end;)
        for (int i = 0; i < 1000; i++) {
            float value;
            bits += 2654435761u; /* visits all of them, in a scattered order */
            memcpy(&value, &bits, sizeof value);
            if (!isfinite(value))
                continue;
            text[number_print_float(value, text)] = '\0';
            float again = strtof(text, NULL);
            if (again != value || signbit(again) != signbit(value) || strlen(text) > 25)
                check_fail(__FILE__, __LINE__, "%a was printed as %s", (double)value, text);
        }
    static const struct {
        float value;
        const char *want;
    } cases[] = {{0.1f, "0.1"},
                 {-0.0f, "-0"},
                 {0, "0"},
                 {16777216, "16777216"},
                 {3.4028235e38f, "3.4028235e38"},
                 {1e-45f, "1e-45"},
                 {1.17549435e-38f, "1.1754944e-38"},
                 {0.3f, "0.3"},
                 {1, "1"},
                 {8388608.5f, "8388608"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text[number_print_float(cases[i].value, text)] = '\0';
        CHECK_TEXT(text, cases[i].want);
    }
}

TEST(number_prints_whole_numbers_of_every_length)
{
    char seen[32], want[32];
    uint64_t edge = 1;
    for (int digits = 0; digits < 20; digits++, edge *= 10)
        for (int64_t d = -1; d <= 1; d++) {
            uint64_t value = edge + (uint64_t)d;
            seen[number_print_u64(value, seen)] = '\0';
            snprintf(want, sizeof want, "%" PRIu64, value);
            CHECK_TEXT(seen, want);
            seen[number_print_i64(-(int64_t)value, seen)] = '\0';
            snprintf(want, sizeof want, "%" PRId64, -(int64_t)value);
            CHECK_TEXT(seen, want);
        }
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, 0, -1};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        seen[number_print_i64(ends[i], seen)] = '\0';
        snprintf(want, sizeof want, "%" PRId64, ends[i]);
        CHECK_TEXT(seen, want);
    }
    for (int i = 0; i < 100000; i++) {
        uint64_t value = next_random() >> (next_random() & 63);
        seen[number_print_u64(value, seen)] = '\0';
        snprintf(want, sizeof want, "%" PRIu64, value);
        CHECK_TEXT(seen, want);
    }
}
