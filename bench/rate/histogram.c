#include "histogram.h"

#include <math.h>

enum { EACH = 1 << HISTOGRAM_BITS };

/* Values below 2^BITS have a bucket each. From there on the power of two chooses a row of 2^BITS buckets, and
 * the BITS bits behind the highest one choose within it. */
static unsigned bucket_of(uint64_t value)
{
    if (value < EACH)
        return (unsigned)value;
    unsigned power = 63U - (unsigned)__builtin_clzll(value);
    unsigned shift = power - HISTOGRAM_BITS;
    return (shift + 1) * EACH + (unsigned)((value >> shift) - EACH);
}

static uint64_t upper_end(unsigned bucket)
{
    if (bucket < EACH)
        return bucket;
    unsigned shift = bucket / EACH - 1;
    uint64_t first = (uint64_t)(EACH + bucket % EACH) << shift;
    return first + ((uint64_t)1 << shift) - 1;
}

void histogram_add(histogram *h, uint64_t value)
{
    h->buckets[bucket_of(value)]++;
    h->count++;
    h->sum += (double)value;
    if (value > h->most)
        h->most = value;
}

uint64_t histogram_percentile(const histogram *h, double percent)
{
    uint64_t wanted = (uint64_t)ceil((double)h->count * percent / 100.0), seen = 0;
    if (wanted == 0)
        wanted = 1;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= wanted) {
            uint64_t end = upper_end(i);
            return end < h->most ? end : h->most;
        }
    }
    return h->most;
}

double histogram_mean(const histogram *h)
{
    return h->count == 0 ? 0 : h->sum / (double)h->count;
}
