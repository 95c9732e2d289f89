#include <tern/store.h>

#include "base/mem.h"
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KIB = 1024, MIB = 1024 * 1024 };

static tern_shared_store *store;
static char value[2 * MIB], seen[2 * MIB];

static tern_stored put(const char *key, const void *data, size_t len)
{
    return tern_shared_store_put(store, key, strlen(key), data, len, (tern_stay){0});
}

static bool get(const char *key, size_t *len)
{
    return tern_shared_store_get(store, key, strlen(key), seen, sizeof seen, len);
}

static bool has(const char *key, const char *text)
{
    size_t len;
    return get(key, &len) && len == strlen(text) && memcmp(seen, text, len) == 0;
}

/* A value whose every byte follows from its number, so that a mixture of two is noticed. */
static void fill_value(unsigned number, size_t len)
{
    memset(value, (int)('a' + number % 26), len);
}

static bool is_whole(size_t len)
{
    for (size_t i = 1; i < len; i++)
        if (seen[i] != seen[0])
            return false;
    return true;
}

TEST(a_value_of_any_size_up_to_the_limit_comes_back_whole)
{
    static const size_t sizes[] = {0, 1, 470, 471, 472, 473, 979, 980, 981, 4096, 65536, MIB - 8};
    store = tern_shared_store_new("sizes", .bytes = 8 * MIB);
    CHECK(store != NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t len;
        for (size_t n = 0; n < sizes[i]; n++)
            value[n] = (char)(n * 31 + n / 253);
        CHECK_INT(put("key", value, sizes[i]), TERN_STORED);
        CHECK(get("key", &len));
        CHECK_INT(len, sizes[i]);
        CHECK(memcmp(seen, value, len) == 0);
    }
}

TEST(a_value_longer_than_the_limit_is_refused_and_the_old_one_stays)
{
    store = tern_shared_store_new("limit", .bytes = MIB, .value_bytes = 1000);
    CHECK_INT(put("key", "old", 3), TERN_STORED);
    CHECK_INT(put("key", value, 998), TERN_STORED_NO_ROOM);
    CHECK(has("key", "old"));
    CHECK_INT(put("key", value, 997), TERN_STORED);
}

TEST(a_long_key_is_compared_to_its_last_byte)
{
    static char key[3000], other[3000];
    memset(key, 'k', sizeof key);
    memset(other, 'k', sizeof other);
    other[2999] = 'l';
    store = tern_shared_store_new("keys", .bytes = MIB);
    CHECK_INT(tern_shared_store_put(store, key, sizeof key, "v", 1, (tern_stay){0}), TERN_STORED);
    size_t len;
    CHECK(tern_shared_store_get(store, key, sizeof key, seen, sizeof seen, &len) && len == 1);
    CHECK(!tern_shared_store_get(store, other, sizeof other, seen, sizeof seen, &len));
}

TEST(a_short_buffer_gets_the_beginning_and_the_whole_length)
{
    char small[4] = "....";
    size_t len;
    store = tern_shared_store_new("short", .bytes = MIB);
    put("key", "abcdef", 6);
    CHECK(tern_shared_store_get(store, "key", 3, small, 3, &len));
    CHECK_INT(len, 6);
    CHECK_BYTES(small, 4, "abc.", 4);
}

TEST(only_one_of_several_adds_stores)
{
    store = tern_shared_store_new("adds", .bytes = MIB);
    CHECK_INT(tern_shared_store_add(store, "k", 1, "a", 1, (tern_stay){0}), TERN_STORED);
    CHECK_INT(tern_shared_store_add(store, "k", 1, "b", 1, (tern_stay){0}), TERN_STORED_NOT);
    CHECK(has("k", "a"));
}

TEST(replace_and_delete_ask_for_the_exact_old_value)
{
    store = tern_shared_store_new("swaps", .bytes = MIB);
    CHECK_INT(tern_shared_store_replace(store, "k", 1, "a", 1, "b", 1, (tern_stay){0}), TERN_STORED_NOT);
    put("k", "a", 1);
    CHECK_INT(tern_shared_store_replace(store, "k", 1, "ab", 2, "c", 1, (tern_stay){0}), TERN_STORED_NOT);
    CHECK_INT(tern_shared_store_replace(store, "k", 1, "a", 1, "b", 1, (tern_stay){0}), TERN_STORED);
    CHECK_INT(tern_shared_store_delete(store, "k", 1, "a", 1), TERN_STORED_NOT);
    CHECK_INT(tern_shared_store_delete(store, "k", 1, "b", 1), TERN_STORED);
    CHECK_INT(tern_shared_store_delete(store, "k", 1, NULL, 0), TERN_STORED_NOT);
}

TEST(a_value_ends_after_its_time)
{
    size_t len;
    store = tern_shared_store_new("times", .bytes = MIB);
    tern_shared_store_put(store, "k", 1, "a", 1, (tern_stay){.ms = 1});
    while (get("k", &len))
        ;
    CHECK_INT(tern_shared_store_usage(store).entries, 0);
    CHECK_INT(tern_shared_store_add(store, "k", 1, "b", 1, (tern_stay){.ms = UINT64_MAX}), TERN_STORED);
    CHECK(has("k", "b"));
}

TEST(what_is_read_often_outlives_what_is_stored_once)
{
    char key[32];
    store = tern_shared_store_new("busy", .bytes = 256 * KIB, .value_bytes = 8 * KIB);
    put("busy", "b", 1);
    for (unsigned i = 0; i < 5000; i++) {
        size_t len;
        snprintf(key, sizeof key, "once %u", i);
        CHECK_INT(put(key, value, 3000), TERN_STORED);
        CHECK(get("busy", &len));
    }
    CHECK(tern_shared_store_usage(store).evicted > 4000);
}

TEST(a_claimed_value_never_makes_room_before_its_end)
{
    char key[32];
    unsigned stored = 0;
    store = tern_shared_store_new("claims", .bytes = 64 * KIB, .value_bytes = 8 * KIB);
    for (tern_stored outcome = TERN_STORED; outcome == TERN_STORED; stored += outcome == TERN_STORED) {
        snprintf(key, sizeof key, "%u", stored);
        outcome = tern_shared_store_add(store, key, strlen(key), "", 0, (tern_stay){60000, true});
    }
    CHECK(stored > 80);
    CHECK_INT(put("more", "m", 1), TERN_STORED_NO_ROOM);
    for (unsigned i = 0; i < stored; i++) {
        snprintf(key, sizeof key, "%u", i);
        CHECK(has(key, ""));
    }
    CHECK_INT(tern_shared_store_delete(store, "7", 1, NULL, 0), TERN_STORED);
    CHECK_INT(put("more", "m", 1), TERN_STORED);
}

TEST(a_store_never_uses_more_than_its_bytes)
{
    char key[32];
    store = tern_shared_store_new("full", .bytes = MIB);
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "%u", i);
        CHECK_INT(put(key, value, i * 37 % 20000), TERN_STORED);
    }
    tern_shared_store_use use = tern_shared_store_usage(store);
    CHECK(use.bytes <= use.capacity && use.capacity < MIB && use.capacity > MIB * 9 / 10);
}

/* -- several processes -- */

/* Stores and reads values of all sizes for ever; ends with 1 when one is not whole. */
static void churn(unsigned seed)
{
    char key[32];
    size_t len;
    for (unsigned i = seed;; i += 7) {
        snprintf(key, sizeof key, "%u", i % 50);
        fill_value(i, i * 131 % 30000);
        put(key, value, i * 131 % 30000);
        snprintf(key, sizeof key, "%u", (i + 25) % 50);
        if (get(key, &len) && !is_whole(len))
            _exit(1);
        if (i % 11 == 0)
            tern_shared_store_delete(store, key, strlen(key), NULL, 0);
    }
}

static pid_t start_churn(unsigned seed)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves no process running */
        churn(seed);
    }
    return pid;
}

static void kill_churn(pid_t pid)
{
    int status;
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status)); /* otherwise it has found a value that is not whole */
}

TEST(processes_killed_at_any_moment_leave_a_sound_store)
{
    char key[32];
    size_t len;
    store = tern_shared_store_new("deaths", .bytes = MIB / 2, .value_bytes = 32 * KIB);
    for (unsigned round = 0; round < 60; round++) {
        pid_t first = start_churn(round), second = start_churn(round + 3);
        usleep(500 + round % 13 * 200); /* any moment will do */
        kill_churn(first);
        kill_churn(second);
        for (unsigned i = 0; i < 50; i++) {
            snprintf(key, sizeof key, "%u", i);
            CHECK(!get(key, &len) || is_whole(len));
        }
    }
    for (unsigned i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "%u", i);
        tern_shared_store_delete(store, key, strlen(key), NULL, 0);
    }
    CHECK_INT(tern_shared_store_usage(store).bytes, 0); /* no block was lost */
}

/* -- making one -- */

TEST(the_same_name_and_sizes_give_the_same_store)
{
    store = tern_shared_store_new("one", .bytes = MIB);
    CHECK(store != NULL && tern_shared_store_new("one", .bytes = MIB) == store);
    CHECK(tern_shared_store_new("one", .bytes = 2 * MIB) == NULL && errno == EEXIST);
}

TEST(sizes_that_make_no_sense_are_refused)
{
    CHECK(tern_shared_store_new("tiny", .bytes = 1000) == NULL && errno == EINVAL);
    CHECK(tern_shared_store_new("long", .bytes = MIB, .value_bytes = MIB / 2) == NULL && errno == EINVAL);
    CHECK(tern_shared_store_new("huge", .bytes = (size_t)1 << 50) == NULL && errno == EINVAL);
}

TEST(without_memory_there_is_no_store)
{
    mem_fail_at(2, 0);
    CHECK(tern_shared_store_new("short", .bytes = MIB) == NULL && errno == ENOMEM);
    mem_fail_at(0, 0);
    CHECK(tern_shared_store_new("short", .bytes = MIB) != NULL);
}
