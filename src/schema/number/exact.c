/*
 * The last resort of reading doubles: whole numbers of any size. Perhaps one text in a billion needs it, and
 * those crafted to.
 */
#include "schema/number/read.h"

enum {
    /* The middle between two doubles has at most 767 digits: in longer texts it matters only whether anything
     * follows. */
    DIGITS_MOST = 770,
    /* 770 digits are 2,558 bits; the other side is 54 bits times 5^1112 (2,582 bits); they are shifted only
     * as much as comparing them needs. */
    WORDS_MOST = 64
};

typedef struct whole {
    uint64_t words[WORDS_MOST]; /* least significant first */
    unsigned count;             /* the last word is not 0 */
} whole;

static void multiply_add(whole *w, uint64_t factor, uint64_t add)
{
    for (unsigned i = 0; i < w->count; i++) {
        unsigned __int128 sum = (unsigned __int128)w->words[i] * factor + add;
        w->words[i] = (uint64_t)sum;
        add = (uint64_t)(sum >> 64);
    }
    if (add != 0 && w->count < WORDS_MOST)
        w->words[w->count++] = add;
}

static void multiply_fives(whole *w, int64_t power)
{
    const uint64_t five_27 = UINT64_C(7450580596923828125);
    for (; power >= 27; power -= 27)
        multiply_add(w, five_27, 0);
    for (; power > 0; power--)
        multiply_add(w, 5, 0);
}

static void multiply_twos(whole *w, int64_t power)
{
    for (; power >= 63; power -= 63)
        multiply_add(w, UINT64_C(1) << 63, 0);
    multiply_add(w, UINT64_C(1) << power, 0);
}

static int compare(const whole *a, const whole *b)
{
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (unsigned i = a->count; i-- > 0;)
        if (a->words[i] != b->words[i])
            return a->words[i] < b->words[i] ? -1 : 1;
    return 0;
}

/** The digits as one whole number; returns the power of ten of its last digit. A 1 stands for all omitted
 * digits. */
static int64_t take_whole(const number_parts *parts, whole *w)
{
    unsigned taken = 0;
    int64_t exponent = parts->text_exponent;
    const char *at = parts->text;
    w->count = 0;
    for (; at < parts->end && taken < DIGITS_MOST; at++) {
        if (*at == '.' || (taken == 0 && *at == '0'))
            continue;
        multiply_add(w, 10, (uint64_t)(*at - '0'));
        taken++;
    }
    bool is_more = false;
    for (; at < parts->end; at++) {
        is_more |= *at != '0' && *at != '.';
        exponent += *at != '.';
    }
    if (!is_more)
        return exponent;
    multiply_add(w, 10, 1);
    return exponent - 1;
}

uint64_t number_round_exactly(const number_parts *parts, uint64_t below)
{
    whole text, middle = {.count = 1};
    int64_t tens = take_whole(parts, &text);
    uint64_t fraction = below & ((UINT64_C(1) << 52) - 1);
    int64_t biased = (int64_t)(below >> 52);
    if (biased != 0)
        fraction |= UINT64_C(1) << 52;
    middle.words[0] = 2 * fraction + 1;
    int64_t twos = (biased != 0 ? biased : 1) - 1075 - 1; /* of the midpoint: half a unit of the last place */
    if (tens >= 0)
        multiply_fives(&text, tens);
    else
        multiply_fives(&middle, -tens);
    if (tens > twos)
        multiply_twos(&text, tens - twos);
    else
        multiply_twos(&middle, twos - tens);
    int order = compare(&text, &middle);
    return below + (order > 0 || (order == 0 && (fraction & 1) != 0));
}
