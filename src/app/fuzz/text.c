/* Text that obeys the rules of a field, of a chosen length if that matters. */
#include "base/text.h"
#include "app/fuzz/internal.h"
#include "schema/pattern/pattern.h"
#include "schema/validate.h"

#include <string.h>

enum { TRIES = 24, USUAL_MOST = 24 };

static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static bool is_a_choice(const char *const *choices, const char *text)
{
    for (; *choices != NULL; choices++)
        if (strcmp(*choices, text) == 0)
            return true;
    return false;
}

bool fuzz_text_fits(const field_plan *f, const char *text)
{
    bool gave_up;
    size_t count = count_characters(text);
    if (f == NULL)
        return true;
    return (!f->has_min_length || count >= f->field->min_length) &&
           (!f->has_max_length || count <= f->field->max_length) &&
           (f->field->choices == NULL || is_a_choice(f->field->choices, text)) &&
           (f->format == NULL || f->format->is_valid(text, strlen(text))) &&
           (f->pattern == NULL || pattern_matches(f->pattern, text, strlen(text), &gave_up));
}

bool fuzz_text_is_free(const field_plan *f)
{
    return f == NULL || (f->field->choices == NULL && f->format == NULL && f->pattern == NULL &&
                         f->field->words == NULL && f->field->check == NULL);
}

/** Whether the text arrives unchanged where the value is sent. HTTP servers strip white space from headers, a
 * '/' splits a path, and a cookie allows few characters besides letters. */
static bool can_be_sent(const fuzz_maker *k, const char *text)
{
    const char *taken = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~@!$'()*:+.";
    if (k->source == TERN_FROM_BODY || k->source == TERN_FROM_QUERY)
        return utf8_valid(text, strlen(text));
    if (text[0] == '\0' || text[strspn(text, ".")] == '\0')
        return false;
    return text[strspn(text, taken)] == '\0';
}

/* -- text made only of letters -- */

static const char *const letters_of[] = {"", "abcdefghijklmnopqrstuvwxyz0123456789",
                                         "\xc3\xa9\xc3\x9f\xd0\xb6\xce\xb1",
                                         "\xe6\xbc\xa2\xe2\x82\xac\xe0\xa4\x85\xef\xbc\xa1",
                                         "\xf0\x9f\x99\x82\xf0\x90\x8d\x88\xf0\x9f\x8e\x89\xf0\x9f\x90\x9d"};

static const char *letters(fuzz_maker *k, size_t characters, unsigned width)
{
    bool is_wide = k->source == TERN_FROM_BODY || k->source == TERN_FROM_QUERY;
    enum { WIDEST = 4 };
    char *text = test_need(arena_alloc(k->arena, characters * WIDEST + 1)), *at = text;
    for (size_t i = 0; i < characters; i++) {
        unsigned bytes = width != 0 && is_wide ? width
                         : is_wide && i > 1 && fuzz_once_in(&k->random, 16)
                             ? 2 + (unsigned)fuzz_below(&k->random, 3)
                             : 1;
        const char *from = letters_of[bytes];
        memcpy(at, from + bytes * fuzz_below(&k->random, strlen(from) / bytes), bytes);
        at += bytes;
    }
    *at = '\0';
    return text;
}

static const char *of_format(fuzz_maker *k, const char *format, size_t characters)
{
    static const struct {
        const char *format, *before, *after;
    } around[] = {
        {"email", "", "@example.org"}, {"uri", "https://example.org/", ""}, {"hostname", "", ".example.org"}};
    enum { LABEL = 40 };
    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        if (strcmp(around[i].format, format) != 0)
            continue;
        size_t taken = strlen(around[i].before) + strlen(around[i].after);
        size_t own = characters == SIZE_MAX ? 8 : characters > taken ? characters - taken : 1;
        fuzz_maker plain = {.arena = k->arena, .random = k->random, .source = TERN_FROM_PATH};
        fuzz_next(&k->random);
        if (own > LABEL && strcmp(format, "uri") != 0)
            return NULL;
        return test_need(
            arena_printf(k->arena, "%s%s%s", around[i].before, letters(&plain, own, 1), around[i].after));
    }
    static const struct {
        const char *format;
        tern_type *type;
    } kinds[] = {{"uuid", &tern_uuid_type},
                 {"date", &tern_date_type},
                 {"time", &tern_time_type},
                 {"date-time", &tern_datetime_type},
                 {"duration", &tern_duration_type}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].format, format) == 0) {
            fuzz_node *value = fuzz_value(k, NULL, kinds[i].type);
            return value != NULL ? value->text : NULL;
        }
    unsigned last = 1 + (unsigned)fuzz_below(&k->random, 250);
    return test_need(strcmp(format, "ipv6") == 0 ? arena_printf(k->arena, "2001:db8::%x", last)
                                                 : arena_printf(k->arena, "192.0.2.%u", last));
}

/** Lengthens or cuts text, which many patterns allow: repeats its last character, or any other. */
static const char *fit_length(fuzz_maker *k, const char *text, size_t characters)
{
    size_t len = strlen(text);
    bool is_last = fuzz_once_in(&k->random, 2);
    if (characters == SIZE_MAX || count_characters(text) == characters || len == 0)
        return text;
    char *fitted = test_need(arena_alloc(k->arena, characters + 1));
    for (size_t i = 0; i < characters; i++)
        fitted[i] = i < len ? text[i] : text[is_last ? len - 1 : fuzz_below(&k->random, len)];
    fitted[characters] = '\0';
    return utf8_valid(fitted, characters) ? fitted : text;
}

/** The length for text of a pattern: its own, if the field's limits allow it. */
static size_t length_within(const field_plan *f, const char *text, size_t characters)
{
    size_t own = count_characters(text);
    if (characters != SIZE_MAX)
        return characters;
    if (f->has_min_length && own < f->field->min_length)
        return f->field->min_length;
    return f->has_max_length && own > f->field->max_length ? f->field->max_length : own;
}

/** Tries to make text for the field; NULL when this try failed. */
static const char *guess(fuzz_maker *k, const field_plan *f, size_t characters, unsigned width,
                         unsigned attempt)
{
    static const char *const common[] = {"a",  "abc",    "Abc1!xyz",     "1", "123", "a-b",
                                         "A1", "AB-123", "x@example.org"};
    const tern_field *field = f->field;
    const char *const samples[] = {field->example, field->fallback};
    if (field->choices != NULL) {
        size_t count = 0;
        while (field->choices[count] != NULL)
            count++;
        return count != 0 ? field->choices[fuzz_below(&k->random, count)] : NULL;
    }
    if (attempt >= TRIES - 2)
        return samples[attempt - (TRIES - 2)];
    if (attempt >= TRIES / 2 && f->pattern != NULL)
        return common[fuzz_below(&k->random, sizeof common / sizeof *common)];
    if (f->pattern != NULL) {
        const char *text = fuzz_regex(k->arena, &k->random, field->pattern);
        return text != NULL ? fit_length(k, text, length_within(f, text, characters)) : NULL;
    }
    if (f->format != NULL)
        return of_format(k, f->format->name, characters);
    return letters(k, characters, width);
}

static size_t usual_length(fuzz_maker *k, const field_plan *f)
{
    size_t least = f != NULL && f->has_min_length ? f->field->min_length : 0;
    size_t most = f != NULL && f->has_max_length ? f->field->max_length : SIZE_MAX;
    size_t wanted = 8 + fuzz_below(&k->random, USUAL_MOST - 8);
    return wanted < least ? least : wanted > most ? most : wanted;
}

const char *fuzz_text(fuzz_maker *k, const field_plan *f, size_t characters, unsigned width)
{
    bool is_any = characters == SIZE_MAX, is_free = f == NULL || (f->pattern == NULL && f->format == NULL);
    if (f != NULL && f->field->words != NULL) {
        size_t count = 0;
        while (f->field->words[count] != NULL)
            count++;
        return count != 0 ? f->field->words[fuzz_below(&k->random, count)] : NULL;
    }
    if (f != NULL && is_any && f->field->check != NULL && f->field->example != NULL &&
        fuzz_once_in(&k->random, 2))
        return f->field->example;
    for (unsigned attempt = 0; attempt < TRIES; attempt++) {
        size_t length = is_any && is_free ? usual_length(k, f) : characters;
        const char *text = f == NULL ? letters(k, length, width) : guess(k, f, length, width, attempt);
        if (text != NULL && fuzz_text_fits(f, text) && can_be_sent(k, text) &&
            (is_any || count_characters(text) == characters))
            return text;
    }
    return NULL;
}
