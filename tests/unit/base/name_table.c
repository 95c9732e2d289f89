#include "base/name_table.h"

#include "base/mem.h"
#include "check.h"

#include <stdio.h>

TEST(name_table_finds_only_stored_names)
{
    name_table table = {0};
    CHECK_INT(name_table_find(&table, 0, "a", 1), 0);
    CHECK(name_table_put(&table, 0, "a", 1, 7));
    CHECK_INT(name_table_find(&table, 0, "a", 1), 7);
    CHECK_INT(name_table_find(&table, 0, "b", 1), 0);
    CHECK_INT(name_table_find(&table, 0, "ab", 2), 0);
    name_table_free(&table);
}

TEST(name_table_separates_equal_names_by_space)
{
    name_table table = {0};
    CHECK(name_table_put(&table, 1, "a", 1, 7));
    CHECK(name_table_put(&table, 2, "a", 1, 8));
    CHECK_INT(name_table_find(&table, 1, "a", 1), 7);
    CHECK_INT(name_table_find(&table, 2, "a", 1), 8);
    CHECK_INT(name_table_find(&table, 3, "a", 1), 0);
    name_table_free(&table);
}

TEST(name_table_gives_a_name_its_newest_value)
{
    name_table table = {0};
    CHECK(name_table_put(&table, 0, "a", 1, 7));
    CHECK(name_table_put(&table, 0, "a", 1, 8));
    CHECK_INT(name_table_find(&table, 0, "a", 1), 8);
    CHECK_INT(table.count, 1);
    name_table_free(&table);
}

TEST(name_table_finds_each_of_many_names)
{
    enum { COUNT = 5000, BYTES = 16 };
    static char names[COUNT][BYTES];
    name_table table = {0};
    for (unsigned i = 0; i < COUNT; i++) {
        size_t len = (size_t)snprintf(names[i], BYTES, "name_%u", i);
        CHECK(name_table_put(&table, 0, names[i], len, i + 1));
    }
    for (unsigned i = 0; i < COUNT; i++)
        CHECK_INT(name_table_find(&table, 0, names[i], strlen(names[i])), i + 1);
    name_table_free(&table);
}

TEST(name_table_that_cannot_grow_keeps_its_names)
{
    name_table table = {0};
    CHECK(name_table_put(&table, 0, "a", 1, 7));
    mem_fail_at(1, 1);
    unsigned put = 0;
    static const char names[] = "bcdefghijklmnopq";
    while (put < sizeof names - 1 && name_table_put(&table, 0, names + put, 1, 9))
        put++;
    bool has_failed = put < sizeof names - 1;
    mem_fail_at(0, 0);
    CHECK(has_failed);
    CHECK_INT(name_table_find(&table, 0, "a", 1), 7);
    name_table_free(&table);
}
