/**
 * Unicode's normal form C (UAX #15): decompose, order the marks, compose.
 *
 * Keyboards differ in how they send an accented letter, as one character or as two, and a hash differs by it. Text below
 * U+0300 is normal already, which is that of most passwords.
 */
#include "auth/password/normal.h"

#include "auth/password/internal.h"

#include <tern/context.h>

#include <string.h>

enum {
    FIRST_MARK = 0x300,
    HANGUL = 0xac00,
    HANGUL_COUNT = 11172,
    LEADING = 0x1100, /* of 19 leading consonants */
    LEADING_COUNT = 19,
    VOWEL = 0x1161, /* of 21 vowels */
    VOWEL_COUNT = 21,
    TRAILING = 0x11a7, /* before the first of 27 trailing consonants */
    TRAILING_COUNT = 28,
    MOST_PARTS = 4 /* of one character */
};

typedef struct points {
    uint32_t *at;
    size_t count;
} points;

/* -- UTF-8; the text is valid, as all text of a request is, and other bytes are taken for themselves -- */

static uint32_t read_point(const unsigned char **at)
{
    const unsigned char *s = *at;
    unsigned more = s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : s[0] >= 0xc0 ? 1 : 0;
    uint32_t point = more == 3 ? s[0] & 7u : more == 2 ? s[0] & 15u : more == 1 ? s[0] & 31u : s[0];
    for (unsigned i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            more = i - 1;
            break;
        }
        point = point << 6 | (s[i] & 63u);
    }
    *at += more + 1;
    return point;
}

static char *write_point(char *out, uint32_t point)
{
    if (point < 0x80) {
        *out++ = (char)point;
        return out;
    }
    unsigned more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned char heads[] = {0, 0xc0, 0xe0, 0xf0};
    *out++ = (char)(heads[more] | point >> (6 * more));
    while (more-- > 0)
        *out++ = (char)(0x80 | (point >> (6 * more) & 63));
    return out;
}

/* -- the tables -- */

static unsigned class_of(uint32_t point)
{
    unsigned low = 0, high = normal_classes_count;
    if (point < FIRST_MARK)
        return 0;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const normal_class *run = &normal_classes[middle];
        if (point < run->first)
            high = middle;
        else if (point > run->first + run->more)
            low = middle + 1;
        else
            return run->value;
    }
    return 0;
}

static bool find_pair(uint32_t composed, normal_pair *out)
{
    for (unsigned i = 0; i < normal_pairs_count; i++)
        if (normal_pairs[i].composed == composed) {
            *out = normal_pairs[i];
            return true;
        }
    unsigned low = 0, high = normal_short_pairs_count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const normal_short_pair *p = &normal_short_pairs[middle];
        if (composed == p->composed) {
            *out = (normal_pair){p->composed, p->first, p->second & ~(uint32_t)NORMAL_SHORT_APART};
            return true;
        }
        if (composed < p->composed)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

/** The composition of the two; 0 if there is none. */
static uint32_t compose(uint32_t first, uint32_t second)
{
    if (first >= LEADING && first < LEADING + LEADING_COUNT && second >= VOWEL &&
        second < VOWEL + VOWEL_COUNT)
        return HANGUL + ((first - LEADING) * VOWEL_COUNT + (second - VOWEL)) * TRAILING_COUNT;
    if (first >= HANGUL && first < HANGUL + HANGUL_COUNT && (first - HANGUL) % TRAILING_COUNT == 0 &&
        second > TRAILING && second < TRAILING + TRAILING_COUNT)
        return first + (second - TRAILING);
    for (unsigned i = 0; i < normal_short_pairs_count && second < NORMAL_SHORT_APART; i++)
        if (normal_short_pairs[i].first == first && normal_short_pairs[i].second == second)
            return normal_short_pairs[i].composed;
    for (unsigned i = 0; i < normal_pairs_count; i++)
        if (normal_pairs[i].first == first && normal_pairs[i].second == second)
            return normal_pairs[i].composed;
    return 0;
}

/* -- the form -- */

static void decompose(points *p, uint32_t point)
{
    normal_pair pair;
    if (point >= HANGUL && point < HANGUL + HANGUL_COUNT) {
        uint32_t number = point - HANGUL, trailing = number % TRAILING_COUNT;
        p->at[p->count++] = LEADING + number / (VOWEL_COUNT * TRAILING_COUNT);
        p->at[p->count++] = VOWEL + number / TRAILING_COUNT % VOWEL_COUNT;
        if (trailing != 0)
            p->at[p->count++] = TRAILING + trailing;
        return;
    }
    if (point < 0xc0 || !find_pair(point, &pair)) {
        p->at[p->count++] = point;
        return;
    }
    decompose(p, pair.first); /* 3 deep at most */
    if ((pair.second & ~NORMAL_APART) != 0)
        p->at[p->count++] = pair.second & ~NORMAL_APART;
}

/** Orders each run of marks by their class, those of one class as they were. */
static void order(points *p)
{
    for (size_t i = 1; i < p->count; i++) {
        uint32_t moved = p->at[i];
        unsigned own = class_of(moved);
        size_t to = i;
        while (own != 0 && to > 0 && class_of(p->at[to - 1]) > own) {
            p->at[to] = p->at[to - 1];
            to--;
        }
        p->at[to] = moved;
    }
}

static void compose_all(points *p)
{
    size_t starter = SIZE_MAX, kept = 0;
    unsigned last = 0; /* the class of the last one that was kept after the starter */
    for (size_t i = 0; i < p->count; i++) {
        unsigned own = class_of(p->at[i]);
        bool is_blocked = starter == SIZE_MAX || (kept - starter > 1 && (last >= own || last == 0));
        uint32_t composed = !is_blocked ? compose(p->at[starter], p->at[i]) : 0;
        if (composed != 0) {
            p->at[starter] = composed;
            continue;
        }
        if (own == 0)
            starter = kept;
        last = own;
        p->at[kept++] = p->at[i];
    }
    p->count = kept;
}

static bool is_space(uint32_t point)
{
    return point == 0xa0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200a) || point == 0x202f ||
           point == 0x205f || point == 0x3000;
}

/** Whether the form is another text, maybe. */
static bool may_change(const unsigned char *text)
{
    while (*text != '\0') {
        uint32_t point = read_point(&text);
        if (point >= FIRST_MARK || is_space(point))
            return true;
    }
    return false;
}

const char *password_normal(tern_ctx *c, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    if (!may_change(at))
        return text;
    points p = {.at = tern_alloc(c, strlen(text) * MOST_PARTS * sizeof *p.at)};
    while (*at != '\0') {
        uint32_t point = read_point(&at);
        decompose(&p, is_space(point) ? ' ' : point);
    }
    order(&p);
    compose_all(&p);
    char *normal = tern_alloc(c, p.count * 4 + 1), *end = normal;
    for (size_t i = 0; i < p.count; i++)
        end = write_point(end, p.at[i]);
    *end = '\0';
    return normal;
}
