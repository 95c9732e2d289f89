#include "check.h"

#include "schema/equal.h"

#include <stdio.h>

TERN_MODEL(Point, (int, x), (const char *, label), (tern_double_list, weights))

static const double ones[] = {1, 1};

static Point point(int x, const char *label)
{
    return (Point){.x = x, .label = label, .weights = {(double *)(uintptr_t)ones, 2}};
}

TEST(models_are_compared_by_value)
{
    char copy[] = "here";
    Point a = point(1, "here"), b = point(1, copy), c = point(1, "there"), d = point(1, NULL);
    CHECK(value_equal(&Point_type, &a, &b));
    CHECK(value_hash(&Point_type, &a) == value_hash(&Point_type, &b));
    CHECK(!value_equal(&Point_type, &a, &c));
    CHECK(!value_equal(&Point_type, &a, &d));
    b.tern_state.x = TERN_STATE_NULL;
    CHECK(!value_equal(&Point_type, &a, &b));
}

TEST(numbers_of_one_value_are_equal_in_any_notation)
{
    const tern_decimal a = {150, 2}, b = {15, 1}, c = {15, 0};
    const double zero = 0.0, minus_zero = -0.0;
    CHECK(value_equal(&tern_decimal_type, &a, &b) && !value_equal(&tern_decimal_type, &a, &c));
    CHECK(value_hash(&tern_decimal_type, &a) == value_hash(&tern_decimal_type, &b));
    CHECK(value_equal(&tern_double_type, &zero, &minus_zero));
    CHECK(value_hash(&tern_double_type, &zero) == value_hash(&tern_double_type, &minus_zero));
}

TEST(maps_are_equal_in_any_order)
{
    tern_int32_entry ab[] = {{"a", 1}, {"b", 2}}, ba[] = {{"b", 2}, {"a", 1}}, other[] = {{"b", 2}, {"a", 3}};
    const tern_int32_map x = {ab, 2}, y = {ba, 2}, z = {other, 2};
    CHECK(value_equal(&tern_int32_map_type, &x, &y) && !value_equal(&tern_int32_map_type, &x, &z));
    CHECK(value_hash(&tern_int32_map_type, &x) == value_hash(&tern_int32_map_type, &y));
}

TEST(threat_080_duplicates_among_100000_items_are_found_in_linear_time)
{
    enum { COUNT = 100000 };
    static int64_t numbers[COUNT];
    arena memory;
    size_t first, second;
    bool memory_short;
    arena_init(&memory, NULL, 0, 1 << 26);
    for (int i = 0; i < COUNT; i++)
        numbers[i] = (int64_t)i << 20;
    CHECK(!list_find_double(&tern_int64_type, numbers, COUNT, &memory, &first, &second, &memory_short));
    numbers[COUNT - 1] = numbers[7];
    CHECK(list_find_double(&tern_int64_type, numbers, COUNT, &memory, &first, &second, &memory_short));
    CHECK_INT(first, 7);
    CHECK_INT(second, COUNT - 1);
    arena_free(&memory);
}

TEST(finding_duplicates_without_memory_reports_it)
{
    const int64_t numbers[] = {1, 1};
    arena memory;
    size_t first, second;
    bool memory_short = false;
    arena_init(&memory, NULL, 0, 16);
    CHECK(!list_find_double(&tern_int64_type, numbers, 2, &memory, &first, &second, &memory_short));
    CHECK(memory_short);
}
