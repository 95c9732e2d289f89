#include "base/arena.h"

#include "base/mem.h"
#include "check.h"

enum { LIMIT = 1 << 20 };

static bool is_aligned(const void *block)
{
    return ((uintptr_t)block & 15) == 0;
}

TEST(small_allocations_come_from_the_lent_block)
{
    char lent[256];
    arena a;
    arena_init(&a, lent, sizeof lent, LIMIT);
    char *first = arena_alloc(&a, 10), *second = arena_alloc(&a, 1);
    CHECK(first >= lent && second < lent + sizeof lent);
    CHECK(second - first == 16);
    CHECK(is_aligned(first) && is_aligned(second));
    CHECK_INT(a.taken_bytes, 0);
}

TEST(a_lent_block_may_start_anywhere)
{
    char lent[256];
    for (size_t skip = 0; skip < 17; skip++) {
        arena a;
        arena_init(&a, lent + skip, sizeof lent - skip, LIMIT);
        CHECK(is_aligned(arena_alloc(&a, 1)));
    }
}

TEST(an_arena_grows_past_its_lent_block_and_frees_all)
{
    char lent[64];
    arena a;
    arena_init(&a, lent, sizeof lent, LIMIT);
    for (unsigned i = 0; i < 2000; i++) {
        char *block = arena_alloc(&a, i % 100);
        CHECK(block != NULL && is_aligned(block));
        memset(block, (int)i, i % 100);
    }
    CHECK(a.taken_bytes > 50000);
    arena_free(&a);
    CHECK_INT(a.taken_bytes, 0);
}

TEST(size_0_gives_a_block_even_of_an_empty_arena)
{
    arena a;
    arena_init(&a, NULL, 0, LIMIT);
    void *first = arena_alloc(&a, 0), *second = arena_alloc(&a, 0);
    CHECK(first != NULL && second != NULL && first != second);
    arena_free(&a);
}

TEST(the_limit_is_enforced_and_existing_blocks_stay_usable)
{
    arena a;
    arena_init(&a, NULL, 0, 10000);
    CHECK(arena_alloc(&a, 10001) == NULL);
    CHECK(arena_alloc(&a, 4000) != NULL);
    CHECK(arena_alloc(&a, 7000) == NULL);
    CHECK(arena_alloc(&a, 5000) != NULL);
    CHECK(a.taken_bytes <= 10000);
    arena_free(&a);
}

TEST(a_size_that_overflows_is_refused)
{
    char lent[64];
    arena a;
    arena_init(&a, lent, sizeof lent, SIZE_MAX);
    CHECK(arena_alloc(&a, SIZE_MAX) == NULL);
    CHECK(arena_alloc(&a, SIZE_MAX - 20) == NULL);
}

TEST(a_large_allocation_leaves_the_current_chunk_in_use)
{
    arena a;
    arena_init(&a, NULL, 0, LIMIT);
    char *before = arena_alloc(&a, 16);
    CHECK(arena_alloc(&a, 100000) != NULL);
    char *after = arena_alloc(&a, 16);
    CHECK(after == before + 16);
    arena_free(&a);
}

TEST(text_is_copied_with_a_nul)
{
    char lent[64];
    arena a;
    arena_init(&a, lent, sizeof lent, LIMIT);
    CHECK_TEXT(arena_text(&a, "abcdef", 3), "abc");
    CHECK_TEXT(arena_text(&a, NULL, 0), "");
}

TEST(printf_fits_at_every_place_of_a_chunk)
{
    for (size_t lent_bytes = 0; lent_bytes < 64; lent_bytes++) {
        char lent[64];
        arena a;
        arena_init(&a, lent, lent_bytes, LIMIT);
        CHECK_TEXT(arena_printf(&a, "%s-%d", "abcdefgh", 12), "abcdefgh-12");
        CHECK_TEXT(arena_printf(&a, "%d", 1234), "1234");
        arena_free(&a);
    }
}

TEST(resized_block_keeps_its_bytes_and_its_neighbours)
{
    arena a;
    arena_init(&a, NULL, 0, LIMIT);
    char *first = arena_resize(&a, NULL, 100), *text = arena_text(&a, "neighbour", 9);
    char *second = arena_resize(&a, NULL, 16);
    CHECK(first != NULL && second != NULL);
    memset(first, 'a', 100);
    memset(second, 'b', 16);
    first = arena_resize(&a, first, 5000);
    second = arena_resize(&a, second, 3000);
    CHECK(first != NULL && second != NULL && first[99] == 'a' && second[15] == 'b');
    memset(first, 'a', 5000);
    first = arena_resize(&a, first, 32);
    CHECK(first != NULL && first[31] == 'a' && second[15] == 'b');
    CHECK_TEXT(text, "neighbour");
    arena_free(&a);
}

TEST(resizing_counts_against_the_limit)
{
    arena a;
    arena_init(&a, NULL, 0, LIMIT);
    char *block = arena_resize(&a, NULL, LIMIT / 2);
    CHECK(block != NULL && arena_resize(&a, block, LIMIT + 16) == NULL);
    CHECK(arena_resize(&a, block, SIZE_MAX) == NULL);
    block = arena_resize(&a, block, LIMIT & ~15);
    CHECK(block != NULL && arena_alloc(&a, 16) == NULL);
    block = arena_resize(&a, block, LIMIT / 2);
    CHECK(block != NULL && arena_alloc(&a, 16) != NULL);
    arena_free(&a);
}

#ifdef TERN_FAULTS
TEST(every_failing_allocation_gives_null_and_no_leak)
{
    for (unsigned long n = 1; n <= 3; n++) {
        arena a;
        arena_init(&a, NULL, 0, LIMIT);
        mem_fail_at(n, 1);
        unsigned got = 0;
        while (arena_alloc(&a, 3000) != NULL)
            got++;
        mem_fail_at(0, 0);
        CHECK(got < 20);
        CHECK(arena_printf(&a, "%0*d", 5000, 1) != NULL);
        arena_free(&a);
    }
}
#endif

TEST(a_checked_arena_counts_its_room_as_without)
{
    char lent[64];
    arena a;
    arena_init(&a, lent, sizeof lent, 10000);
    arena_check(&a);
    char *first = arena_alloc(&a, 10), *second = arena_alloc(&a, 0);
    CHECK(first != NULL && second != NULL && is_aligned(first) && is_aligned(second));
    CHECK_INT(a.taken_bytes, 0);
    CHECK_INT(arena_holds(&a), BASE_ASAN);
    CHECK(arena_alloc(&a, 10001) == NULL);
    CHECK_TEXT(arena_printf(&a, "%s-%d", "abcdefgh", 12), "abcdefgh-12");
    arena_free(&a);
    CHECK(!arena_holds(&a));
}

#if BASE_ASAN
#include <sanitizer/asan_interface.h>

TEST(a_checked_arena_has_red_zones_and_leaves_nothing_usable)
{
    char lent[256];
    arena a;
    arena_init(&a, lent, sizeof lent, 10000);
    arena_check(&a);
    char *text = arena_text(&a, "sixteen bytes...", 16);
    CHECK(!__asan_address_is_poisoned(text + 16));
    CHECK(__asan_address_is_poisoned(text + 17));
    arena_free(&a);
    CHECK(__asan_address_is_poisoned(text));
}
#endif
