/** Counts of times, in buckets that are at most 1/128 wide: percentiles with an error below 1 %. */
#ifndef RATE_HISTOGRAM_H
#define RATE_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_BITS = 7, /* buckets for each power of two: 2^7 */
    HISTOGRAM_BUCKETS = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS
};

typedef struct histogram {
    uint64_t count, most;
    double sum;
    uint64_t buckets[HISTOGRAM_BUCKETS];
} histogram;

/** Adds a time, in any unit. */
void histogram_add(histogram *h, uint64_t value);

/** A value that `percent` of the times do not exceed (the upper end of its bucket, at most the maximum); 0
 * when empty. */
uint64_t histogram_percentile(const histogram *h, double percent);

/** The average; 0 when empty. */
double histogram_mean(const histogram *h);

#endif
