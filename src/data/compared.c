#include "data/compared.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_of_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

size_t compared_word_len(const char *at)
{
    size_t len = 0;
    while (is_of_word(at[len]))
        len++;
    return len;
}

static bool is_word(const char *at, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(at, word, len) == 0;
}

void compared_pass(compared_place *place, const char *at, size_t len)
{
    if (*at == '(') {
        place->depth++;
    } else if (*at == ')') {
        if (place->depth == place->query_depth)
            place->query_depth = 0;
        place->depth -= place->depth != 0;
    } else if (is_word(at, len, "select") && place->query_depth == 0) {
        place->query_depth = place->depth;
        place->is_query = place->depth == 0;
    }
}

/* -- reads backwards from a `?`, at most to `text`. It never passes a closing quote, so what it reads is
 * outside quotes, except for a quoted name. -- */

const char *compared_before_space(const char *text, const char *end)
{
    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    return end;
}

const char *compared_before_word(const char *text, const char *end)
{
    while (end > text && is_of_word(end[-1]))
        end--;
    return end;
}

/** Where the operator that ends at `end` begins; NULL when it is not a comparison. */
static const char *before_comparison(const char *text, const char *end)
{
    static const char *const comparisons[] = {"=", "<>", "!=", "<", "<=", ">", ">="};
    const char *begin = end;
    while (begin > text && strchr("=<>!~@#%^&|*+-/:?", begin[-1]) != NULL)
        begin--;
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        if (is_word(begin, (size_t)(end - begin), comparisons[i]))
            return begin;
    return NULL;
}

const char *compared_before_list(const char *text, const char *end)
{
    while (end > text && end[-1] == ',') {
        end = compared_before_space(text, end - 1);
        if (end == text || end[-1] != '?')
            return NULL;
        end = compared_before_space(text, end - 1);
    }
    if (end == text || end[-1] != '(')
        return NULL;
    end = compared_before_space(text, end - 1);
    const char *in = compared_before_word(text, end);
    if (!is_word(in, (size_t)(end - in), "in"))
        return NULL;
    end = compared_before_space(text, in);
    const char *negation = compared_before_word(text, end);
    return is_word(negation, (size_t)(end - negation), "not") ? negation : in;
}

const char *compared_sole_list(const char *text, const char *question, bool *is_negated)
{
    const char *end = compared_before_space(text, question), *after = question + 1;
    while (isspace((unsigned char)*after))
        after++;
    if (end == text || end[-1] != '(' || *after != ')')
        return NULL;
    const char *in = compared_before_list(text, end);
    *is_negated = in != NULL && strncasecmp(in, "not", 3) == 0;
    return in;
}

/** Whether an operand may begin at `at`. */
static bool begins_operand(const char *text, const char *at)
{
    static const char *const before[] = {"and", "or", "not", "when"};
    const char *end = compared_before_space(text, at);
    const char *word = compared_before_word(text, end);
    if (end == text || end[-1] == '(')
        return true;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        if (is_word(word, (size_t)(end - word), before[i]))
            return true;
    return false;
}

/** The column whose name, plain or quoted, ends at `end` and is an operand. */
static const data_column *column_before(const data_table *table, const char *text, const char *end)
{
    bool is_quoted = end > text && end[-1] == '"';
    const char *name = compared_before_word(text, end - is_quoted);
    size_t len = (size_t)(end - is_quoted - name);
    const char *begin = name - is_quoted;
    if (is_quoted && (name == text || *begin != '"'))
        return NULL;
    for (unsigned i = 0; i < table->column_count && begins_operand(text, begin); i++)
        if (strlen(table->columns[i].name) == len && memcmp(table->columns[i].name, name, len) == 0)
            return &table->columns[i];
    return NULL;
}

bool compared_ends_operand(const char *after)
{
    while (isspace((unsigned char)*after))
        after++;
    return *after == '\0' || *after == ')' || *after == ',' || is_of_word(*after);
}

const data_column *compared_with(const data_table *table, const compared_place *place, const char *text,
                                 const char *question)
{
    if (place->is_query || place->query_depth != 0 || !compared_ends_operand(question + 1))
        return NULL;
    const char *end = compared_before_space(text, question);
    const char *sign = before_comparison(text, end);
    if (sign == NULL)
        sign = compared_before_list(text, end);
    return sign != NULL ? column_before(table, text, compared_before_space(text, sign)) : NULL;
}
