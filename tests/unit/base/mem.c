#include "base/mem.h"

#include "check.h"

#ifdef TERN_FAULTS
TEST(the_nth_allocation_fails_once)
{
    mem_fail_at(2, 0);
    void *a = mem_alloc(1), *b = mem_alloc(1), *c = mem_alloc(1);
    CHECK_INT(mem_tried(), 3);
    mem_fail_at(0, 0);
    CHECK(a != NULL && b == NULL && c != NULL);
    mem_free(a);
    mem_free(c);
}

TEST(allocations_fail_for_good_from_the_nth)
{
    mem_fail_at(2, 1);
    void *a = mem_zero(1, 1), *b = mem_zero(1, 1);
    char *text = mem_text("x", 1);
    void *grown = mem_realloc(a, 100);
    mem_fail_at(0, 0);
    CHECK(a != NULL && b == NULL && text == NULL && grown == NULL);
    mem_free(a);
}
#endif

TEST(size_0_gives_a_block)
{
    void *a = mem_alloc(0), *b = mem_zero(0, 0), *c = mem_realloc(NULL, 0);
    CHECK(a != NULL && b != NULL && c != NULL);
    mem_free(a);
    mem_free(b);
    mem_free(c);
    mem_free(NULL);
}

TEST(zeroed_memory_is_zero_and_its_size_checked)
{
    char *block = mem_zero(10, 10);
    for (unsigned i = 0; i < 100; i++)
        CHECK_INT(block[i], 0);
    mem_free(block);
    CHECK(mem_zero(SIZE_MAX / 2, 4) == NULL);
}

TEST(text_is_copied_with_a_nul)
{
    char *text = mem_text("abcdef", 3), *empty = mem_text(NULL, 0);
    CHECK_TEXT(text, "abc");
    CHECK_TEXT(empty, "");
    mem_free(text);
    mem_free(empty);
}
