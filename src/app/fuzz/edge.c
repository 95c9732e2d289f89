/* The edges of single values, and one step past them: the verdict follows from the rules alone, not from the
 * code under test. Only patterns and formats are judged by their own matcher. */
#include "app/fuzz/internal.h"
#include "schema/pattern/pattern.h"
#include "schema/scalar.h"
#include "schema/validate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void put_number(fuzz_mutator *m, const fuzz_spot *at, const char *text, fuzz_verdict verdict,
                       const char *what)
{
    fuzz_put(m, at, fuzz_bare(m->k->arena, text), verdict, what);
}

static void put_text(fuzz_mutator *m, const fuzz_spot *at, const char *text, fuzz_verdict verdict,
                     const char *what)
{
    fuzz_put(m, at, text != NULL ? fuzz_quoted(m->k->arena, text) : NULL, verdict, what);
}

/* -- integers -- */

/** `value` and one more or less, even past the ends of 64 bits. */
static const char *next_to(fuzz_maker *k, int64_t value, int step)
{
    if (value == INT64_MAX && step > 0)
        return "9223372036854775808";
    if (value == INT64_MIN && step < 0)
        return "-9223372036854775809";
    return test_need(arena_printf(k->arena, "%lld", (long long)value + step));
}

static bool is_multiple(const field_plan *f, int64_t value)
{
    return f == NULL || !f->has_multiple || value % f->multiple_int == 0;
}

static void mutate_int(fuzz_mutator *m, const fuzz_spot *at)
{
    const field_plan *f = at->f;
    int64_t least, most;
    fuzz_int_range(f, at->type, &least, &most);
    bool is_open = at->type->kind == TERN_KIND_UINT && at->type->size == 8 && (f == NULL || !f->has_max);
    bool is_referring = f != NULL && f->field->references != NULL;
    fuzz_verdict right = is_referring ? FUZZ_ANY : FUZZ_VALID;
    if (fuzz_is_due(m))
        put_number(m, at, next_to(m->k, least, 0), is_multiple(f, least) ? right : FUZZ_INVALID,
                   "the minimum");
    if (fuzz_is_due(m))
        put_number(m, at, next_to(m->k, least, -1), FUZZ_INVALID, "the minimum - 1");
    if (fuzz_is_due(m))
        put_number(m, at, is_open ? "18446744073709551615" : next_to(m->k, most, 0),
                   is_open                ? FUZZ_ANY
                   : is_multiple(f, most) ? right
                                          : FUZZ_INVALID,
                   "the maximum");
    if (fuzz_is_due(m))
        put_number(m, at, is_open ? "18446744073709551616" : next_to(m->k, most, 1), FUZZ_INVALID,
                   "the maximum + 1");
    if (least < 0 && most >= 0 && fuzz_is_due(m))
        put_number(m, at, "0", right, "zero");
    if (f != NULL && f->has_multiple && f->multiple_int > 1 && most - least > f->multiple_int &&
        fuzz_is_due(m)) {
        int64_t between = least - least % f->multiple_int + f->multiple_int + 1;
        put_number(m, at, next_to(m->k, between, 0), between <= most ? FUZZ_INVALID : FUZZ_ANY,
                   "not a multiple");
    }
    if (fuzz_is_due(m))
        put_number(m, at, "123456789012345678901234567890", FUZZ_INVALID, "a huge number");
}

/* -- floats and decimals -- */

static const char *double_text(fuzz_maker *k, const tern_type *type, double value)
{
    char text[SCALAR_PRINT_BYTES];
    size_t len = type->size == sizeof(float) ? number_print_float((float)value, text)
                                             : number_print_double(value, text);
    return test_need(arena_text(k->arena, text, len));
}

static double step_from(const tern_type *type, double value, double towards)
{
    return type->size == sizeof(float) ? (double)nextafterf((float)value, (float)towards)
                                       : nextafter(value, towards);
}

/** One end of a range of floats: its value, and the nearest ones on both sides. */
static void float_end(fuzz_mutator *m, const fuzz_spot *at, double end, bool is_excluded, double outwards)
{
    bool has_multiple = at->f->has_multiple;
    if (fuzz_is_due(m))
        put_number(m, at, double_text(m->k, at->type, end),
                   is_excluded    ? FUZZ_INVALID
                   : has_multiple ? FUZZ_ANY
                                  : FUZZ_VALID,
                   "the limit");
    if (fuzz_is_due(m))
        put_number(m, at, double_text(m->k, at->type, step_from(at->type, end, outwards)), FUZZ_INVALID,
                   "just past the limit");
    if (fuzz_is_due(m))
        put_number(m, at, double_text(m->k, at->type, step_from(at->type, end, -outwards)),
                   has_multiple ? FUZZ_ANY : FUZZ_VALID, "just within the limit");
}

static void mutate_float(fuzz_mutator *m, const fuzz_spot *at)
{
    const field_plan *f = at->f;
    bool has_min = f != NULL && f->has_min, has_max = f != NULL && f->has_max;
    if (has_min)
        float_end(m, at, f->min_float, f->is_min_excluded, (double)-INFINITY);
    if (has_max)
        float_end(m, at, f->max_float, f->is_max_excluded, (double)INFINITY);
    if (fuzz_is_due(m))
        put_number(m, at, "1e400", FUZZ_INVALID, "too large for a double");
    if (!has_max && fuzz_is_due(m))
        put_number(m, at, at->type->size == sizeof(float) ? "3e38" : "1.7e308",
                   f != NULL && f->has_multiple ? FUZZ_ANY : FUZZ_VALID, "about the largest");
    if (!has_min && !has_max && fuzz_is_due(m))
        put_number(m, at, "-0.0", FUZZ_VALID, "minus zero");
}

static const char *decimal_text(fuzz_maker *k, tern_decimal value, int step)
{
    static const int64_t MOST = INT64_C(99999999999999999);
    char text[SCALAR_PRINT_BYTES];
    if (step != 0 && value.units > -MOST / 10 && value.units < MOST / 10 && value.scale < 15) {
        value.units *= 10; /* steps by a tenth of the last digit */
        value.scale++;
    }
    value.units += step;
    return test_need(arena_text(k->arena, text, scalar_print(&tern_decimal_type, &value, text)));
}

static void decimal_end(fuzz_mutator *m, const fuzz_spot *at, tern_decimal end, bool is_excluded,
                        int outwards)
{
    fuzz_verdict within = at->f->has_multiple ? FUZZ_ANY : FUZZ_VALID;
    if (fuzz_is_due(m))
        put_number(m, at, decimal_text(m->k, end, 0), is_excluded ? FUZZ_INVALID : within, "the limit");
    if (fuzz_is_due(m))
        put_number(m, at, decimal_text(m->k, end, outwards), FUZZ_INVALID, "just past the limit");
    if (fuzz_is_due(m))
        put_number(m, at, decimal_text(m->k, end, -outwards), within, "just within the limit");
}

static void mutate_decimal(fuzz_mutator *m, const fuzz_spot *at)
{
    const field_plan *f = at->f;
    if (f != NULL && f->has_min)
        decimal_end(m, at, f->min_decimal, f->is_min_excluded, -1);
    if (f != NULL && f->has_max)
        decimal_end(m, at, f->max_decimal, f->is_max_excluded, 1);
    if (fuzz_is_due(m))
        put_number(m, at, "1234567890123456789.5", FUZZ_INVALID, "more digits than a decimal has");
    if ((f == NULL || (!f->has_max && !f->has_multiple)) && fuzz_is_due(m))
        put_number(m, at, "999999999999999999", FUZZ_VALID, "the largest decimal");
}

/* -- moments -- */

static void moment_end(fuzz_mutator *m, const fuzz_spot *at, int64_t end, const moment_limit *limit,
                       int outwards)
{
    static const int64_t HOUR_US = INT64_C(3600000000);
    int64_t least, most,
        unit = at->type->kind == TERN_KIND_DATE || at->type->kind == TERN_KIND_DATETIME ? 1 : 1000;
    if (limit->is_moving) /* the clock advances before the request arrives */
        unit = at->type->kind == TERN_KIND_DATE ? 2 : HOUR_US;
    if (at->type->kind == TERN_KIND_DURATION)
        unit = 1000000;
    fuzz_moment_range(NULL, at->type, &least, &most);
    bool has_beyond = outwards < 0 ? end >= least + unit : end <= most - unit;
    if (!limit->is_moving && fuzz_is_due(m))
        put_text(m, at, fuzz_moment_text(m->k, at->type, end), FUZZ_VALID, "the limit");
    if (has_beyond && fuzz_is_due(m))
        put_text(m, at, fuzz_moment_text(m->k, at->type, end + outwards * unit), FUZZ_INVALID,
                 "past the limit");
}

static void mutate_moment(fuzz_mutator *m, const fuzz_spot *at)
{
    static const struct {
        tern_kind kind;
        const char *text;
        fuzz_verdict verdict;
        const char *what;
    } cases[] = {
        {TERN_KIND_DATE, "2023-02-29", FUZZ_INVALID, "no such day"},
        {TERN_KIND_DATE, "2024-13-01", FUZZ_INVALID, "no such month"},
        {TERN_KIND_DATE, "2024-02-29", FUZZ_VALID, "a leap day"},
        {TERN_KIND_DATE, "9999-12-31", FUZZ_VALID, "the last day"},
        {TERN_KIND_DATE, "0001-01-01", FUZZ_VALID, "an early day"},
        {TERN_KIND_TIME, "24:00:00", FUZZ_INVALID, "no such hour"},
        {TERN_KIND_TIME, "23:59:59.999999", FUZZ_VALID, "the end of a day"},
        {TERN_KIND_TIME, "00:00:00", FUZZ_VALID, "the beginning of a day"},
        {TERN_KIND_DATETIME, "2023-02-29T00:00:00Z", FUZZ_INVALID, "no such day"},
        {TERN_KIND_DATETIME, "2024-02-29T23:59:59.999999Z", FUZZ_VALID, "a leap day"},
        {TERN_KIND_DATETIME, "1969-12-31T23:59:59.5-12:00", FUZZ_VALID, "before 1970, with an offset"},
        {TERN_KIND_DATETIME, "9999-12-31T23:59:59Z", FUZZ_VALID, "the last second"},
        {TERN_KIND_DURATION, "P1Y", FUZZ_INVALID, "a year has no length"},
        {TERN_KIND_DURATION, "PT0S", FUZZ_VALID, "no time"}};
    const field_plan *f = at->f;
    int64_t least, most;
    bool has_min = f != NULL && f->min_moment.text != NULL, has_max = f != NULL && f->max_moment.text != NULL;
    fuzz_moment_range(f, at->type, &least, &most);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].kind != at->type->kind || !fuzz_is_due(m))
            continue;
        bool is_limited = cases[i].verdict == FUZZ_VALID && (has_min || has_max);
        put_text(m, at, cases[i].text, is_limited ? FUZZ_ANY : cases[i].verdict, cases[i].what);
    }
    if (has_min)
        moment_end(m, at, least, &f->min_moment, -1);
    if (has_max)
        moment_end(m, at, most, &f->max_moment, 1);
}

/* -- text -- */

/** Text that a pattern, a format or a list of choices rejects, judged by its matcher. */
static const char *refused_text(const field_plan *f)
{
    static const char *const tries[] = {"?! \xe2\x98\x83", "\x7f", "zz zz", "_", "0", "a"};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        size_t length = strlen(tries[i]);
        bool is_long_enough = !f->has_min_length || length >= f->field->min_length;
        if (!fuzz_text_fits(f, tries[i]) && is_long_enough &&
            (!f->has_max_length || length <= f->field->max_length))
            return tries[i];
    }
    return NULL;
}

/** Texts that have broken programs: none of them breaks a rule of free text. */
static void odd_texts(fuzz_mutator *m, const fuzz_spot *at)
{
    static const char *const texts[] = {"'; drop table x; --",
                                        "%s%n%d",
                                        "\"quoted\\\"",
                                        "a\nb\r\n\tc",
                                        "\xe2\x80\xaeright to left",
                                        "<script>alert(1)</script>",
                                        "../../etc/passwd",
                                        "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80",
                                        "null",
                                        "-1",
                                        "%",
                                        "_*\"x"};
    if (m->k->source != TERN_FROM_BODY && m->k->source != TERN_FROM_QUERY)
        return;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (fuzz_text_fits(at->f, texts[i]) && fuzz_is_due(m))
            put_text(m, at, texts[i], FUZZ_VALID, texts[i]);
}

static void mutate_lengths(fuzz_mutator *m, const fuzz_spot *at)
{
    enum { LONGEST = 60000, LONGEST_ELSEWHERE = 2000 };
    const field_plan *f = at->f;
    size_t room = m->k->source == TERN_FROM_BODY ? LONGEST : LONGEST_ELSEWHERE;
    bool is_free = fuzz_text_is_free(f),
         is_wide = m->k->source == TERN_FROM_BODY || m->k->source == TERN_FROM_QUERY;
    bool has_max = f != NULL && f->has_max_length && f->field->max_length < room;
    size_t least = f != NULL && f->has_min_length ? f->field->min_length : 0;
    size_t most = has_max ? f->field->max_length : 0;
    const field_plan *none = is_free ? NULL : f;
    fuzz_maker *k = m->k;
    fuzz_verdict right = f != NULL && f->field->words != NULL ? FUZZ_ANY : FUZZ_VALID;
    if (least > 0 && least < room && fuzz_is_due(m))
        put_text(m, at, fuzz_text(k, f, least, 1), right, "min_length");
    if (is_wide && (least > 1 || (least == 1 && m->k->source == TERN_FROM_BODY)) && least < room &&
        fuzz_is_due(m))
        put_text(m, at, fuzz_text(k, NULL, least - 1, is_free ? 4 : 1), FUZZ_INVALID, "min_length - 1");
    if (has_max && fuzz_is_due(m))
        put_text(m, at, fuzz_text(k, f, most, 1), right, "max_length");
    if (has_max && is_wide && is_free && fuzz_is_due(m))
        put_text(m, at, fuzz_text(k, f, most, 4), FUZZ_VALID, "max_length in characters of four bytes");
    if (has_max && fuzz_is_due(m))
        put_text(m, at, fuzz_text(k, NULL, most + 1, none == NULL && is_wide ? 3 : 1), FUZZ_INVALID,
                 "max_length + 1");
    if (least == 0 && is_free && m->k->source == TERN_FROM_BODY && fuzz_is_due(m))
        put_text(m, at, "", FUZZ_VALID, "empty text");
    if (!has_max && is_free && (f == NULL || !f->has_max_length) && is_wide && fuzz_is_due(m))
        put_text(m, at, fuzz_text(k, NULL, LONGEST_ELSEWHERE, 0), FUZZ_VALID, "2000 characters");
}

void fuzz_mutate_text(fuzz_mutator *m, const fuzz_spot *at)
{
    const field_plan *f = at->f;
    bool is_ruled = f != NULL && (f->field->choices != NULL || f->format != NULL || f->pattern != NULL);
    mutate_lengths(m, at);
    if (!fuzz_is_plain(m->k) && fuzz_is_due(m))
        put_number(m, at, "\"a\\u0000b\"", FUZZ_INVALID, "U+0000 within");
    bool is_wide = m->k->source == TERN_FROM_BODY || m->k->source == TERN_FROM_QUERY;
    if (is_ruled && is_wide && fuzz_is_due(m))
        put_text(m, at, refused_text(f), FUZZ_INVALID, "against its rule");
    if (fuzz_text_is_free(f))
        odd_texts(m, at);
}

static void mutate_bytes_field(fuzz_mutator *m, const fuzz_spot *at)
{
    enum { LONGEST = 20000 };
    const field_plan *f = at->f;
    if (f == NULL || !f->has_max_length || f->field->max_length > LONGEST || !fuzz_is_due(m))
        return;
    size_t len = f->field->max_length + 1;
    uint8_t *data = test_need(arena_alloc(m->k->arena, len));
    char *text = test_need(arena_alloc(m->k->arena, 4 * ((len + 2) / 3) + 1));
    memset(data, 'x', len);
    text[base64_print(data, len, text)] = '\0';
    put_text(m, at, text, FUZZ_INVALID, "max_length + 1");
}

void fuzz_mutate_scalar(fuzz_mutator *m, const fuzz_spot *at)
{
    switch (at->type->kind) {
    case TERN_KIND_INT:
    case TERN_KIND_UINT:
        mutate_int(m, at);
        break;
    case TERN_KIND_FLOAT:
        mutate_float(m, at);
        break;
    case TERN_KIND_DECIMAL:
        mutate_decimal(m, at);
        break;
    case TERN_KIND_DATE:
    case TERN_KIND_TIME:
    case TERN_KIND_DATETIME:
    case TERN_KIND_DURATION:
        mutate_moment(m, at);
        break;
    case TERN_KIND_TEXT:
        fuzz_mutate_text(m, at);
        break;
    case TERN_KIND_BYTES:
        mutate_bytes_field(m, at);
        break;
    case TERN_KIND_UUID:
        if (fuzz_is_due(m))
            put_text(m, at, "00000000-0000-0000-0000-000000000000", FUZZ_VALID, "a UUID of zeros");
        break;
    case TERN_KIND_ANY:
        if (!fuzz_is_plain(m->k) && fuzz_is_due(m))
            put_number(m, at, "[1e999, -0.0, \"\\u0000\", {\"\": []}]", FUZZ_VALID, "odd JSON");
        break;
    default:
        break;
    }
}
