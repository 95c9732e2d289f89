#include "schema/number/decimal.h"

#include "check.h"

TEST(decimals_are_compared_by_value_and_not_by_digits)
{
    static const struct {
        tern_decimal a, b;
        int order;
    } cases[] = {
        {{50, 2}, {5, 1}, 0},
        {{51, 2}, {5, 1}, 1},
        {{-51, 2}, {-5, 1}, -1},
        {{0, 18}, {0, 0}, 0},
        {{999999999999999999, 0}, {999999999999999999, 18}, 1},
        {{1, 18}, {0, 0}, 1},
        {{INT64_MIN, 0}, {INT64_MAX, 19}, -1},
        {{INT64_MAX, 255}, {INT64_MAX, 19}, 0}, /* not a value that was read */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(decimal_compare(cases[i].a, cases[i].b), cases[i].order);
        CHECK_INT(decimal_compare(cases[i].b, cases[i].a), -cases[i].order);
    }
}

TEST(decimals_recognise_multiples_exactly)
{
    CHECK(decimal_is_multiple((tern_decimal){30, 2}, (tern_decimal){1, 1}));
    CHECK(decimal_is_multiple((tern_decimal){-3, 0}, (tern_decimal){15, 1}));
    CHECK(decimal_is_multiple((tern_decimal){0, 5}, (tern_decimal){7, 0}));
    CHECK(!decimal_is_multiple((tern_decimal){999999999999999999, 2}, (tern_decimal){5, 2}));
    CHECK(!decimal_is_multiple((tern_decimal){1, 1}, (tern_decimal){1, 0}));
}

TEST(decimals_are_the_numbers_in_the_source)
{
    static const struct {
        long double number;
        tern_decimal wanted;
    } cases[] = {
        {0, {0, 0}},
        {-5, {-5, 0}},
        {0.1, {1, 1}},
        {0.1L, {1, 1}},
        {-19.99, {-1999, 2}},
        {0.000001, {1, 6}},
        {1e-18, {1, 18}},
        {99999999999.9999, {999999999999999, 4}},
        {999999999999999999.0L, {999999999999999999, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tern_decimal d = {-1, 255};
        CHECK(decimal_of_number(cases[i].number, &d));
        CHECK_INT(d.units, cases[i].wanted.units);
        CHECK_INT(d.scale, cases[i].wanted.scale);
    }
}

TEST(decimals_refuse_numbers_whose_digits_a_double_does_not_keep)
{
    tern_decimal d;
    CHECK(!decimal_of_number(123456789012345.67, &d));
    CHECK(!decimal_of_number(1.0L / 3, &d));
    CHECK(!decimal_of_number(1e-19, &d));
    CHECK(!decimal_of_number(1e18L, &d));
    CHECK(!decimal_of_number(__builtin_nanl(""), &d));
}

TEST(decimals_convert_to_the_nearest_double)
{
    CHECK(decimal_nearest((tern_decimal){1999, 2}) == 19.99);
    CHECK(decimal_nearest((tern_decimal){-1, 18}) == -1e-18);
    CHECK(decimal_nearest((tern_decimal){5, 255}) == 5e-19);
}
