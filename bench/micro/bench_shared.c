/**
 * What an update of a shared map costs: one process, and several that update keys of their own or one key.
 *
 * Usage: bench_shared [PROCESSES]. Prints nanoseconds an update, the best of several rounds.
 */
#include "base/clock.h"

#include <tern/shared.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 7, UPDATES = 300000, KEYS = 50000 };

static tern_shared_map *map;

static bool count(void *arg, void *value, size_t *value_len)
{
    uint64_t words[2] = {0, 0};
    (void)arg;
    if (*value_len == sizeof words)
        memcpy(words, value, sizeof words);
    words[1]++;
    memcpy(value, words, sizeof words);
    *value_len = sizeof words;
    return true;
}

static double update_ns(unsigned keys, unsigned seed)
{
    uint64_t best_ns = UINT64_MAX;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t began_ns = clock_ns();
        for (unsigned i = 0; i < UPDATES; i++) {
            uint32_t key[4] = {keys == 1 ? 0 : (i * 2654435761u + seed) % keys, 7, 7, 7};
            tern_shared_map_renew(map, key, sizeof key, 60000, count, NULL);
        }
        uint64_t ns = clock_ns() - began_ns;
        best_ns = ns < best_ns ? ns : best_ns;
    }
    return (double)best_ns / UPDATES;
}

static void print_with(unsigned processes, unsigned keys, const char *what)
{
    for (unsigned i = 0; i < processes; i++)
        if (fork() == 0) {
            double ns = update_ns(keys, i * 977);
            if (i == 0)
                printf("%-34s %u process%s: %6.0f ns an update\n", what, processes, processes > 1 ? "es" : "",
                       ns);
            exit(0);
        }
    while (wait(NULL) > 0) {
    }
}

int main(int argc, char **argv)
{
    unsigned processes = argc > 1 ? (unsigned)atoi(argv[1]) : 2;
    map = tern_shared_map_new("bench", .entries = 100000, .value_bytes = 32);
    setlinebuf(stdout);
    print_with(1, 1, "one key,");
    print_with(1, KEYS, "50,000 keys,");
    print_with(processes, 1, "one key for all,");
    print_with(processes, KEYS, "50,000 keys,");
    return 0;
}
