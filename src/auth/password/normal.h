/** Tables of Unicode's normal form C, made by scripts/normal-form. */
#ifndef AUTH_PASSWORD_NORMAL_H
#define AUTH_PASSWORD_NORMAL_H

#include <stdint.h>

/** In `second`: the two are not composed again. */
#define NORMAL_SHORT_APART 0x8000
#define NORMAL_APART       0x80000000

/** A character and what it is made of; `second` is 0 where it is another name of `first`. Ordered by `composed`. */
typedef struct normal_short_pair {
    uint16_t composed, first, second;
} normal_short_pair;
typedef struct normal_pair {
    uint32_t composed, first, second;
} normal_pair;

/** Characters from `first`, `more` of them after it, that have this combining class. Ordered. */
typedef struct normal_class {
    uint32_t first;
    uint16_t more;
    uint8_t value;
} normal_class;

extern const normal_short_pair normal_short_pairs[];
extern const normal_pair normal_pairs[];
extern const normal_class normal_classes[];
extern const unsigned normal_short_pairs_count, normal_pairs_count, normal_classes_count;

#endif
