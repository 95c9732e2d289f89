/**
 * Whether comparisons of secrets take a time that tells where a guess went wrong (after dudect, Reparaz et al. 2017).
 *
 * Usage: bench_timing [SAMPLES] (scripts/timing runs it with 1,000,000). Each comparison gets guesses that differ in the
 * first byte and guesses that differ in the last one, in random order; Welch's t of the two times, without the slowest
 * twentieth, is printed. Above 4.5 they differ: exit code 1. `memcmp` is measured too, as proof that the measure sees
 * something; it does not count.
 */
#include "crypto/signature.h"

#include <tern/access.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEN = 32, BATCH = 8 };

static char secret[LEN + 1] = "0123456789abcdef0123456789abcdef", guesses[2][64] __attribute__((aligned(64)));
static uint8_t mac[SIGNATURE_MOST], macs[2][SIGNATURE_MOST] __attribute__((aligned(64)));
static key *mac_key;
static volatile int sink;

static void by_secrets(unsigned kind)
{
    sink = tern_secrets_are_equal(guesses[kind], secret);
}

static void by_signature(unsigned kind)
{
    sink = signature_check(mac_key, "data", 4, macs[kind], 32);
}

static void by_memcmp(unsigned kind)
{
    char long_secret[2][4096];
    memset(long_secret, 'a', sizeof long_secret);
    long_secret[1][kind == 0 ? 0 : 4095] = 'b';
    __asm__ volatile("" : : "r"(long_secret) : "memory");
    sink = memcmp(long_secret[0], long_secret[1], 4096);
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/** Welch's t of the times of the two kinds. */
static double difference(void (*compare)(unsigned kind), size_t samples)
{
    double *times = calloc(samples, sizeof *times), *sorted = calloc(samples, sizeof *sorted);
    unsigned char *kinds = calloc(samples, 1);
    double sum[2] = {0}, squares[2] = {0}, count[2] = {0};
    if (times == NULL || sorted == NULL || kinds == NULL)
        abort();
    uint32_t random = 1;
    for (size_t i = 0; i < samples; i++) {
        random = random * 1664525 + 1013904223;
        kinds[i] = (unsigned char)(random >> 30 & 1);
        double began = now_ns();
        for (int n = 0; n < BATCH; n++)
            compare(kinds[i]);
        times[i] = now_ns() - began;
    }
    memcpy(sorted, times, samples * sizeof *times);
    qsort(sorted, samples, sizeof *sorted, by_value);
    double most = sorted[samples - samples / 20 - 1];
    for (size_t i = 0; i < samples; i++) {
        if (times[i] > most)
            continue;
        count[kinds[i]]++;
        sum[kinds[i]] += times[i];
        squares[kinds[i]] += times[i] * times[i];
    }
    double mean[2], spread = 0;
    for (int k = 0; k < 2; k++) {
        mean[k] = sum[k] / count[k];
        spread += (squares[k] / count[k] - mean[k] * mean[k]) / count[k];
    }
    free(times);
    free(sorted);
    free(kinds);
    return spread > 0 ? fabs(mean[0] - mean[1]) / sqrt(spread) : 0;
}

static bool report(const char *name, void (*compare)(unsigned kind), size_t samples)
{
    double t = difference(compare, samples);
    printf("%-24s t = %8.2f  %s\n", name, t, t < 4.5 ? "the same time" : "the time tells them apart");
    return t < 4.5;
}

int main(int argc, char **argv)
{
    const char *problem;
    size_t samples = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    if (!key_load(&problem) || samples < 1000) {
        printf("%s\n", samples < 1000 ? "SAMPLES must be at least 1000" : problem);
        return 2;
    }
    mac_key = key_of_secret(secret, LEN, &problem);
    signature_make(mac_key, "data", 4, mac);
    for (unsigned k = 0; k < 2; k++) {
        memcpy(guesses[k], secret, sizeof secret);
        memcpy(macs[k], mac, sizeof mac);
        guesses[k][k == 0 ? 0 : LEN - 1] ^= 1;
        macs[k][k == 0 ? 0 : 31] ^= 1;
    }
    report("memcmp (for comparison)", by_memcmp, samples / 10);
    bool are_same = report("tern_secrets_are_equal", by_secrets, samples);
    are_same &= report("HS256", by_signature, samples);
    return are_same ? 0 : 1;
}
