#include "data/cast.h"

#include "data/compared.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/*
 * Functions whose arguments of a kind need a cast. A text needs one where a function accepts any type. A
 * whole number needs one where a function accepts only PostgreSQL's integer, which is never the first
 * argument.
 */
static const struct {
    const char *name;
    tern_arg_kind kind;
} calls[] = {
    {"array_agg", TERN_ARG_TEXT},
    {"concat", TERN_ARG_TEXT},
    {"concat_ws", TERN_ARG_TEXT},
    {"format", TERN_ARG_TEXT},
    {"json_agg", TERN_ARG_TEXT},
    {"json_build_array", TERN_ARG_TEXT},
    {"json_build_object", TERN_ARG_TEXT},
    {"jsonb_agg", TERN_ARG_TEXT},
    {"jsonb_build_array", TERN_ARG_TEXT},
    {"jsonb_build_object", TERN_ARG_TEXT},
    {"left", TERN_ARG_INT},
    {"lpad", TERN_ARG_INT},
    {"num_nonnulls", TERN_ARG_TEXT},
    {"num_nulls", TERN_ARG_TEXT},
    {"pg_typeof", TERN_ARG_TEXT},
    {"repeat", TERN_ARG_INT},
    {"right", TERN_ARG_INT},
    {"round", TERN_ARG_INT},
    {"rpad", TERN_ARG_INT},
    {"split_part", TERN_ARG_INT},
    {"substr", TERN_ARG_INT},
    {"substring", TERN_ARG_INT},
    {"to_json", TERN_ARG_TEXT},
    {"to_jsonb", TERN_ARG_TEXT},
    {"trunc", TERN_ARG_INT},
};

static bool is_word(const char *at, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(at, word, len) == 0;
}

static uint8_t kind_of_call(const char *at, size_t len)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (is_word(at, len, calls[i].name))
            return (uint8_t)calls[i].kind;
    return 0;
}

_Static_assert(TERN_ARG_NULL == 0, "no call needs a cast for a value without a type alone");

void cast_pass(cast_place *place, const char *at, size_t len)
{
    if (isspace((unsigned char)*at))
        return;
    if (*at == '(' && ++place->depth < CAST_DEPTH_MOST)
        place->calls[place->depth] = place->word;
    else if (*at == ')')
        place->depth -= place->depth != 0;
    place->word = compared_word_len(at) == len ? kind_of_call(at, len) : 0;
    place->begins_first = *at == '(';
    place->begins_other = *at == ',';
}

static const char *skip_space(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

/* The text after the word at `at`, if the word is this one; otherwise NULL. */
static const char *after_word(const char *at, const char *word)
{
    size_t len = compared_word_len(at);
    return is_word(at, len, word) ? skip_space(at + len) : NULL;
}

static bool asks_whether_null(const char *after)
{
    after = skip_space(after);
    if (after_word(after, "isnull") != NULL || after_word(after, "notnull") != NULL)
        return true;
    after = after_word(after, "is");
    if (after != NULL && after_word(after, "not") != NULL)
        after = after_word(after, "not");
    return after != NULL && after_word(after, "null") != NULL;
}

const char *cast_for(const cast_place *place, tern_arg_kind kind, const char *after)
{
    bool is_text = kind == TERN_ARG_TEXT || kind == TERN_ARG_NULL;
    if (!is_text && kind != TERN_ARG_INT)
        return "";
    if (is_text && asks_whether_null(after))
        return "::text "; /* the word may follow directly */
    after = skip_space(after);
    bool is_whole =
        (place->begins_other || (place->begins_first && is_text)) && (*after == ',' || *after == ')');
    if (!is_whole || place->depth >= CAST_DEPTH_MOST ||
        place->calls[place->depth] != (is_text ? TERN_ARG_TEXT : TERN_ARG_INT))
        return "";
    return is_text ? "::text" : "::integer";
}
