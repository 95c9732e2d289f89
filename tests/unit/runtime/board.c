#include "runtime/board.h"

#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

static board *serving(unsigned workers, uint32_t capacity)
{
    board *b = board_new(workers, workers + 1);
    CHECK(b != NULL);
    for (unsigned i = 0; i < workers; i++) {
        board_reset(b, i);
        atomic_store(&b->records[i].state, BOARD_SERVING);
        atomic_store(&b->records[i].capacity, capacity);
        atomic_store(&b->current[i], (int)i);
    }
    return b;
}

TEST(board_keeps_a_connection_when_no_process_is_less_loaded)
{
    board *b = serving(3, 100);
    CHECK_INT(board_place(b, 2, 1000), 2);
    CHECK_INT(atomic_load(&b->records[2].load), 1);
    board_free(b);
}

TEST(board_places_at_the_least_loaded)
{
    board *b = serving(3, 100);
    atomic_store(&b->records[0].load, 5);
    atomic_store(&b->records[1].load, 3);
    atomic_store(&b->records[2].load, 4);
    CHECK_INT(board_place(b, 0, 1000), 1);
    CHECK_INT(board_place(b, 0, 1000), 1);
    CHECK_INT(board_place(b, 2, 1000), 2);
    board_free(b);
}

TEST(board_keeps_a_connection_among_many_unless_an_eighth_is_between)
{
    board *b = serving(2, 10000);
    atomic_store(&b->records[0].load, 800);
    atomic_store(&b->records[1].load, 700);
    CHECK_INT(board_place(b, 0, 1000), 0);
    atomic_store(&b->records[1].load, 690);
    CHECK_INT(board_place(b, 0, 1000), 1);
    CHECK_INT(atomic_load(&b->records[1].load), 691);
    board_free(b);
}

TEST(board_skips_processes_that_are_stuck_full_draining_or_gone)
{
    board *b = serving(5, 100);
    atomic_store(&b->records[0].load, 50);
    atomic_store(&b->records[1].busy_since_ms, 1000);
    atomic_store(&b->records[2].capacity, 0);
    atomic_store(&b->records[3].state, BOARD_DRAINING);
    atomic_store(&b->current[4], BOARD_NOBODY);
    CHECK_INT(board_place(b, 0, 1000 + BOARD_STUCK_MS + 1), 0);
    CHECK_INT(board_place(b, 0, 1000 + BOARD_STUCK_MS), 1);
    board_free(b);
}

TEST(board_finds_no_process_when_all_are_full)
{
    board *b = serving(2, 1);
    CHECK(board_place(b, 0, 1000) == 0);
    CHECK(board_has_room(b, 0, 1000));
    CHECK(board_place(b, 0, 1000) == 1);
    CHECK(!board_has_room(b, 0, 1000));
    CHECK_INT(board_place(b, 0, 1000), BOARD_NOBODY);
    board_release(b, 1);
    CHECK_INT(board_place(b, 0, 1000), 1);
    board_free(b);
}

/**
 * Each of four processes accepts `each` connections at the same time; returns the largest number that one of
 * them has.
 */
static uint32_t spread(int each)
{
    enum { WORKERS = 4 };
    board *b = serving(WORKERS, UINT32_MAX);
    for (unsigned i = 0; i < WORKERS; i++) {
        if (fork() != 0)
            continue;
        for (int k = 0; k < each; k++)
            if (board_place(b, i, 1000) == BOARD_NOBODY)
                _exit(1);
        _exit(0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        int status;
        CHECK(wait(&status) > 0 && status == 0);
    }
    uint32_t sum = 0, most = 0;
    for (unsigned i = 0; i < WORKERS; i++) {
        uint32_t load = atomic_load(&b->records[i].load);
        sum += load;
        most = load > most ? load : most;
    }
    CHECK_INT(sum, (uint32_t)each * WORKERS); /* none counted twice, none forgotten */
    board_free(b);
    return most;
}

TEST(board_spreads_evenly_when_processes_place_at_the_same_time)
{
    CHECK_INT(spread(1), 1);
    CHECK(spread(8) <= 9); /* 32 connections: far below 1.5 times the mean */
    CHECK(spread(2000) <= 2000 + 2000 / 8);
}

TEST(board_distinguishes_processes_with_the_same_record)
{
    board *b = serving(1, 1);
    uint64_t before = atomic_load(&b->records[0].incarnation);
    atomic_store(&b->records[0].load, 7);
    board_reset(b, 0);
    CHECK(atomic_load(&b->records[0].incarnation) != before);
    CHECK_INT(atomic_load(&b->records[0].load), 0);
    CHECK_INT(atomic_load(&b->records[0].state), BOARD_STARTING);
    board_free(b);
}
