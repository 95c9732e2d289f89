#include <tern/shared.h>

#include "base/clock.h"
#include "base/mem.h"
#include "check.h"
#include "runtime/unwind.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `work` in a child process; returns its pid. */
static pid_t in_child(void (*work)(unsigned number), unsigned number)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves no process running */
        work(number);
        _exit(0);
    }
    return pid;
}

static void wait_for(pid_t pid)
{
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* -- counters -- */

static tern_shared_counter *counter;

static void count_up(unsigned number)
{
    for (unsigned i = 0; i < 20000; i++)
        tern_shared_add(counter, number % 2 == 0 ? 1 : 2);
}

TEST(a_counter_counts_the_additions_of_all_processes)
{
    pid_t children[4];
    counter = tern_shared_counter_new("hits");
    CHECK(counter != NULL);
    for (unsigned i = 0; i < 4; i++)
        children[i] = in_child(count_up, i);
    for (unsigned i = 0; i < 4; i++)
        wait_for(children[i]);
    CHECK_INT(tern_shared_get(counter), 120000);
}

TEST(a_counter_is_set_and_goes_below_zero)
{
    tern_shared_counter *c = tern_shared_counter_new("c");
    CHECK_INT(tern_shared_get(c), 0);
    tern_shared_set(c, 5);
    CHECK_INT(tern_shared_add(c, -7), -2);
    tern_shared_set(c, INT64_MAX);
    CHECK(tern_shared_add(c, 1) == INT64_MIN);
}

TEST(one_name_is_one_thing)
{
    tern_shared_counter *c = tern_shared_counter_new("name");
    CHECK(c != NULL && tern_shared_counter_new("name") == c);
    CHECK(tern_shared_counter_new("nam") != c);
    CHECK(tern_shared_map_new("name", .entries = 10) == NULL && errno == EEXIST);
    tern_shared_map *map = tern_shared_map_new("map", .entries = 10);
    CHECK(map != NULL && tern_shared_map_new("map", .entries = 10) == map);
    CHECK(tern_shared_map_new("map", .entries = 11) == NULL && errno == EEXIST);
    CHECK(tern_shared_map_new("map", .entries = 10, .key_bytes = 8) == NULL && errno == EEXIST);
}

TEST(names_have_1_to_47_bytes)
{
    char name[49];
    memset(name, 'n', sizeof name);
    name[48] = '\0';
    CHECK(tern_shared_counter_new(name) == NULL && errno == ENAMETOOLONG);
    name[47] = '\0';
    CHECK(tern_shared_counter_new(name) != NULL);
    CHECK(tern_shared_counter_new("") == NULL && errno == EINVAL);
}

/* -- maps, in one process -- */

static bool has(tern_shared_map *map, const char *key, const char *want)
{
    char value[64];
    size_t len = 99;
    bool is_found = tern_shared_map_get(map, key, strlen(key), value, sizeof value, &len);
    if (is_found && want != NULL)
        CHECK_BYTES(value, len, want, strlen(want));
    return is_found;
}

static bool put(tern_shared_map *map, const char *key, const char *value, uint64_t ttl_ms)
{
    return tern_shared_map_put(map, key, strlen(key), value, strlen(value), ttl_ms);
}

TEST(a_map_keeps_its_entries)
{
    tern_shared_map *map = tern_shared_map_new("m", .entries = 100);
    CHECK(!has(map, "a", NULL));
    CHECK(put(map, "a", "one", 0));
    CHECK(put(map, "b", "two", 0));
    CHECK(put(map, "", "empty key", 0));
    CHECK(has(map, "a", "one") && has(map, "b", "two") && has(map, "", "empty key"));
    CHECK(put(map, "a", "", 0));
    CHECK(has(map, "a", ""));
    CHECK_INT(tern_shared_map_count(map), 3);
    CHECK(tern_shared_map_delete(map, "a", 1));
    CHECK(!tern_shared_map_delete(map, "a", 1));
    CHECK(!has(map, "a", NULL));
    CHECK_INT(tern_shared_map_count(map), 2);
}

TEST(a_short_buffer_gets_the_first_bytes_and_the_whole_length)
{
    tern_shared_map *map = tern_shared_map_new("m", .entries = 10);
    char value[4] = "....";
    size_t len;
    put(map, "k", "abcdef", 0);
    CHECK(tern_shared_map_get(map, "k", 1, value, 3, &len));
    CHECK_BYTES(value, 4, "abc.", 4);
    CHECK_INT(len, 6);
    CHECK(tern_shared_map_get(map, "k", 1, NULL, 0, NULL));
}

TEST(a_key_or_value_that_is_too_long_is_refused)
{
    tern_shared_map *map = tern_shared_map_new("m", .entries = 10, .key_bytes = 5, .value_bytes = 3);
    CHECK(put(map, "12345", "123", 0));
    CHECK(!put(map, "123456", "1", 0));
    CHECK(!put(map, "1", "1234", 0));
    CHECK(has(map, "12345", "123"));
    CHECK(!has(map, "123456", NULL));
    CHECK(!tern_shared_map_delete(map, "123456", 6));
    CHECK_INT(tern_shared_map_count(map), 1);
}

TEST(options_that_make_no_sense_are_refused)
{
    CHECK(tern_shared_map_new("m", .entries = 0) == NULL && errno == EINVAL);
    CHECK(tern_shared_map_new("m", .entries = SIZE_MAX) == NULL && errno == EINVAL);
    CHECK(tern_shared_map_new("m", .entries = 1, .value_bytes = SIZE_MAX) == NULL && errno == EINVAL);
    CHECK(tern_shared_map_new("m", .entries = 1 << 20, .value_bytes = 1 << 30) == NULL && errno == EINVAL);
}

static void pass_ms(uint64_t ms)
{
    uint64_t until_ms = clock_coarse_ms() + ms;
    while (clock_coarse_ms() < until_ms)
        usleep(500);
}

TEST(threat_117_entries_expire_on_the_monotonic_clock)
{
    /* The wall clock is not used: only clock_coarse_ms decides. */
    tern_shared_map *map = tern_shared_map_new("m", .entries = 10);
    put(map, "soon", "x", 20);
    put(map, "late", "y", 3600000);
    put(map, "ever", "z", 0);
    put(map, "huge", "w", UINT64_MAX);
    CHECK(has(map, "soon", "x"));
    pass_ms(21);
    CHECK(!has(map, "soon", NULL));
    CHECK(has(map, "late", "y") && has(map, "ever", "z") && has(map, "huge", "w"));
    CHECK_INT(tern_shared_map_count(map), 3);
    CHECK(!tern_shared_map_delete(map, "soon", 4));
}

TEST(putting_again_sets_a_new_end)
{
    tern_shared_map *map = tern_shared_map_new("m", .entries = 10);
    put(map, "k", "x", 1);
    put(map, "k", "y", 0);
    pass_ms(10);
    CHECK(has(map, "k", "y"));
    CHECK_INT(tern_shared_map_count(map), 1);
}

TEST(as_many_entries_as_configured_fit)
{
    enum { ENTRIES = 20000 };
    tern_shared_map *map = tern_shared_map_new("m", .entries = ENTRIES, .key_bytes = 8, .value_bytes = 8);
    unsigned missing = 0;
    for (uint32_t i = 0; i < ENTRIES; i++)
        CHECK(tern_shared_map_put(map, &i, sizeof i, &i, sizeof i, 0));
    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint32_t value = 0;
        if (!tern_shared_map_get(map, &i, sizeof i, &value, sizeof value, NULL))
            missing++;
        else
            CHECK(value == i);
    }
    CHECK(missing <= ENTRIES / 2000);
    CHECK_INT(tern_shared_map_count(map), ENTRIES - missing);
}

TEST(a_full_map_drops_the_entry_that_expires_first)
{
    tern_shared_map *map = tern_shared_map_new("m", .entries = 4);
    for (unsigned i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof key, "key %u", i);
        CHECK(put(map, key, key, 1000000 - i * 1000));
        CHECK(has(map, key, key));
    }
    size_t kept = tern_shared_map_count(map);
    CHECK(kept >= 4 && kept < 20);
    for (unsigned i = 0; i < kept - 1; i++) { /* the last one replaced the one that expires first */
        char key[16];
        snprintf(key, sizeof key, "key %u", i);
        CHECK(has(map, key, key));
    }
}

TEST(a_full_map_reuses_expired_entries_first)
{
    tern_shared_map *map = tern_shared_map_new("m", .entries = 1);
    char key[16];
    for (unsigned i = 0; i < 7; i++) {
        snprintf(key, sizeof key, "key %u", i);
        put(map, key, "x", 0);
    }
    put(map, "short", "x", 1);
    pass_ms(5);
    put(map, "new", "x", 0);
    for (unsigned i = 0; i < 7; i++) {
        snprintf(key, sizeof key, "key %u", i);
        CHECK(has(map, key, "x"));
    }
    CHECK(has(map, "new", "x"));
}

static bool append_x(void *arg, void *value, size_t *value_len)
{
    char *text = value;
    text[(*value_len)++] = 'x';
    return *(bool *)arg;
}

TEST(an_update_changes_one_entry_or_leaves_it)
{
    bool yes = true, no = false;
    tern_shared_map *map = tern_shared_map_new("m", .entries = 10, .value_bytes = 8);
    CHECK(!tern_shared_map_update(map, "k", 1, 0, append_x, &no));
    CHECK(!has(map, "k", NULL));
    CHECK(tern_shared_map_update(map, "k", 1, 0, append_x, &yes));
    CHECK(tern_shared_map_update(map, "k", 1, 0, append_x, &yes));
    CHECK(!tern_shared_map_update(map, "k", 1, 0, append_x, &no));
    CHECK(has(map, "k", "xx"));
    CHECK(!tern_shared_map_update(map, "a key longer than sixty-four bytes ..............................",
                                  65, 0, append_x, &yes));
}

TEST(an_update_keeps_the_entrys_end)
{
    bool yes = true;
    tern_shared_map *map = tern_shared_map_new("m", .entries = 10);
    CHECK(tern_shared_map_update(map, "k", 1, 300, append_x, &yes));
    CHECK(tern_shared_map_update(map, "k", 1, 3600000, append_x, &yes));
    CHECK(has(map, "k", "xx"));
    pass_ms(301);
    CHECK(!has(map, "k", NULL));
    CHECK(tern_shared_map_update(map, "k", 1, 3600000, append_x, &yes));
    CHECK(has(map, "k", "x"));
}

static bool grow_too_long(void *arg, void *value, size_t *value_len)
{
    (void)arg;
    (void)value;
    *value_len = 9;
    return true;
}

TEST(a_renewal_gives_the_entry_a_new_end)
{
    bool yes = true, no = false;
    tern_shared_map *map = tern_shared_map_new("m", .entries = 10);
    CHECK(tern_shared_map_renew(map, "k", 1, 50, append_x, &yes));
    CHECK(tern_shared_map_renew(map, "k", 1, 3600000, append_x, &yes));
    CHECK(!tern_shared_map_renew(map, "k", 1, 1, append_x, &no));
    pass_ms(60);
    CHECK(has(map, "k", "xx"));
}

TEST(memory_of_a_name_is_zeroed_and_the_same_in_all_processes)
{
    uint64_t *numbers = tern_shared_memory_new("numbers", 3 * sizeof *numbers);
    CHECK(numbers != NULL && numbers[0] == 0 && numbers[2] == 0);
    CHECK(tern_shared_memory_new("numbers", 3 * sizeof *numbers) == numbers);
    CHECK(tern_shared_memory_new("numbers", 8) == NULL && errno == EEXIST);
    CHECK(tern_shared_counter_new("numbers") == NULL && errno == EEXIST);
    CHECK(tern_shared_memory_new("none", 0) == NULL && errno == EINVAL);
}

TEST(an_update_to_a_value_too_long_is_refused)
{
    tern_shared_map *map = tern_shared_map_new("m", .entries = 10, .value_bytes = 8);
    put(map, "k", "old", 0);
    CHECK(!tern_shared_map_update(map, "k", 1, 0, grow_too_long, NULL));
    CHECK(has(map, "k", "old"));
}

static bool use_the_map_itself(void *arg, void *value, size_t *value_len)
{
    (void)value;
    (void)value_len;
    CHECK(!put(arg, "k", "x", 0));
    CHECK(!has(arg, "k", NULL));
    return false;
}

static bool throw_out(void *arg, void *value, size_t *value_len)
{
    (void)arg;
    (void)value;
    (void)value_len;
    unwind_throw(UNWIND_FAIL);
}

static bool update_throws(tern_shared_map *map)
{
    unwind_point point;
    if (unwind_catch(&point) != 0)
        return point.reason == UNWIND_FAIL;
    tern_shared_map_update(map, "k", 1, 0, throw_out, NULL);
    unwind_release(&point);
    return false;
}

TEST(a_change_that_breaks_the_rules_blocks_no_process)
{
    tern_shared_map *map = tern_shared_map_new("m", .entries = 10);
    put(map, "k", "old", 0);
    CHECK(!tern_shared_map_update(map, "k", 1, 0, use_the_map_itself, map));
    CHECK(update_throws(map));
    CHECK(has(map, "k", "old"));
}

static bool do_nothing(void *arg, void *value, size_t *value_len)
{
    (void)arg;
    (void)value;
    (void)value_len;
    return false;
}

TEST(threat_061_keys_spread_by_a_secret_of_each_map)
{
    /* Two maps too small for all the keys keep different ones: which keys share a bucket cannot be known. */
    tern_shared_map *a = tern_shared_map_new("a", .entries = 600),
                    *b = tern_shared_map_new("b", .entries = 600);
    unsigned differ = 0;
    for (uint32_t i = 0; i < 3000; i++) {
        tern_shared_map_put(a, &i, sizeof i, "", 0, 0);
        tern_shared_map_put(b, &i, sizeof i, "", 0, 0);
    }
    for (uint32_t i = 0; i < 3000; i++)
        differ += tern_shared_map_get(a, &i, sizeof i, NULL, 0, NULL) !=
                  tern_shared_map_get(b, &i, sizeof i, NULL, 0, NULL);
    CHECK(differ > 20);
    CHECK(!tern_shared_map_update(a, "k", 1, 0, do_nothing, NULL));
}

#ifdef TERN_FAULTS
TEST(without_memory_nothing_is_made_and_the_name_stays_free)
{
    for (unsigned long n = 1; n <= 2; n++) {
        mem_fail_at(n, 0);
        tern_shared_map *map = tern_shared_map_new("m", .entries = 10);
        mem_fail_at(0, 0);
        CHECK(map == NULL && errno == ENOMEM);
    }
    CHECK(tern_shared_map_new("m", .entries = 10) != NULL);
}
#endif

/* -- maps, among processes -- */

static tern_shared_map *shared;

static bool increment(void *arg, void *value, size_t *value_len)
{
    uint64_t sum = 0;
    (void)arg;
    if (*value_len == sizeof sum)
        memcpy(&sum, value, sizeof sum);
    sum++;
    memcpy(value, &sum, sizeof sum);
    *value_len = sizeof sum;
    return true;
}

static void increment_keys(unsigned number)
{
    (void)number;
    for (uint32_t i = 0; i < 8000; i++) {
        uint32_t key = i % 16;
        CHECK(tern_shared_map_update(shared, &key, sizeof key, 0, increment, NULL));
    }
}

TEST(updates_of_many_processes_lose_nothing)
{
    pid_t children[4];
    shared = tern_shared_map_new("m", .entries = 1000);
    for (unsigned i = 0; i < 4; i++)
        children[i] = in_child(increment_keys, i);
    for (unsigned i = 0; i < 4; i++)
        wait_for(children[i]);
    for (uint32_t key = 0; key < 16; key++) {
        uint64_t sum = 0;
        CHECK(tern_shared_map_get(shared, &key, sizeof key, &sum, sizeof sum, NULL));
        CHECK_INT(sum, 2000);
    }
}

/* A whole value is one byte repeated: half of one write and half of another would show. It is large, so that
 * most of the time goes into copying and a kill is likely to come in the middle. */
enum { WHOLE_BYTES = 200000, KILLS = 100 };

static bool repeat_next_byte(void *arg, void *value, size_t *value_len)
{
    unsigned char *bytes = value;
    unsigned char next = *value_len != 0 ? (unsigned char)(bytes[0] + 1) : 1;
    (void)arg;
    memset(bytes, next, WHOLE_BYTES);
    *value_len = WHOLE_BYTES;
    return true;
}

static void check_whole(uint32_t key)
{
    static unsigned char bytes[WHOLE_BYTES];
    size_t len;
    if (!tern_shared_map_get(shared, &key, sizeof key, bytes, sizeof bytes, &len))
        return;
    CHECK_INT(len, WHOLE_BYTES);
    CHECK(memcmp(bytes, bytes + 1, WHOLE_BYTES - 1) == 0);
}

static void write_for_ever(unsigned number)
{
    for (uint32_t i = number;; i++) {
        uint32_t key = i % 24;
        tern_shared_map_update(shared, &key, sizeof key, 0, repeat_next_byte, NULL);
        if (i % 7 == 0)
            tern_shared_map_delete(shared, &key, sizeof key);
        if (i % 5 == 0)
            check_whole((key + 1) % 24);
    }
}

/** The kernel releases the lock of a process that died; an emulator of another processor may not. */
static void need_robust_locks(void)
{
    void *head;
    size_t len;
    if (syscall(SYS_get_robust_list, 0, &head, &len) != 0 || head == NULL)
        check_skip("needs a kernel that frees a dead process's locks");
}

static void kill_child(pid_t pid)
{
    int status;
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL); /* not ended by a failed check */
}

TEST(a_worker_killed_in_the_middle_of_an_update_blocks_no_process_and_breaks_no_entry)
{
    need_robust_locks();
    shared = tern_shared_map_new("m", .entries = 64, .value_bytes = WHOLE_BYTES);
    pid_t other = in_child(write_for_ever, 1000);
    for (unsigned kills = 0; kills < KILLS; kills++) {
        pid_t child = in_child(write_for_ever, kills);
        usleep(500 + kills * 37 % 1500);
        kill_child(child);
        uint32_t key = kills % 24;
        CHECK(tern_shared_map_update(shared, &key, sizeof key, 0, repeat_next_byte, NULL));
        for (key = 0; key < 24; key++)
            check_whole(key);
    }
    kill_child(other);
    CHECK(tern_shared_map_count(shared) <= 24);
    CHECK(put(shared, "after", "it all", 0) && has(shared, "after", "it all"));
}

static void update_for_ever(unsigned number)
{
    for (uint32_t i = number;; i++) {
        uint32_t key = i % 8;
        tern_shared_map_update(shared, &key, sizeof key, 0, repeat_next_byte, NULL);
    }
}

TEST(a_worker_killed_in_the_middle_of_an_update_loses_no_entry)
{
    need_robust_locks();
    shared = tern_shared_map_new("m", .entries = 64, .value_bytes = WHOLE_BYTES);
    for (uint32_t key = 0; key < 8; key++)
        CHECK(tern_shared_map_update(shared, &key, sizeof key, 0, repeat_next_byte, NULL));
    for (unsigned kills = 0; kills < KILLS; kills++) {
        pid_t child = in_child(update_for_ever, kills);
        usleep(500 + kills * 37 % 1500);
        kill_child(child);
        CHECK_INT(tern_shared_map_count(shared), 8);
        for (uint32_t key = 0; key < 8; key++) {
            CHECK(tern_shared_map_update(shared, &key, sizeof key, 0, repeat_next_byte, NULL));
            check_whole(key);
        }
        CHECK_INT(tern_shared_map_count(shared), 8);
    }
}

static bool die(void *arg, void *value, size_t *value_len)
{
    (void)arg;
    memset(value, 'd', 3);
    *value_len = 3;
    kill(getpid(), SIGKILL);
    return true;
}

static void update_and_die(unsigned number)
{
    (void)number;
    tern_shared_map_update(shared, "k", 1, 0, die, NULL);
}

TEST(a_worker_that_dies_inside_its_change_leaves_the_old_value)
{
    need_robust_locks();
    shared = tern_shared_map_new("m", .entries = 10);
    put(shared, "k", "old", 0);
    put(shared, "other", "kept", 0);
    for (unsigned i = 0; i < 20; i++) {
        int status;
        CHECK(waitpid(in_child(update_and_die, i), &status, 0) > 0);
        CHECK(has(shared, "k", "old") && has(shared, "other", "kept"));
    }
    CHECK(put(shared, "k", "new", 0) && has(shared, "k", "new"));
}
