/** Which patterns can be in a document that programs in other languages read. */
#include "schema/pattern/pattern.h"

#include <string.h>

/** An escape with the same meaning in ECMA-262 (with its flag u). */
static bool is_escape(const char *at)
{
    if (at[1] == 'x' || at[1] == 'o' || at[1] == 'N')
        return at[1] == 'x' && at[2] != '{';
    return at[1] != '\0' && strchr("dDwWsSbBfnrtv0123456789uk^$\\.*+?()[]{}|/-", at[1]) != NULL;
}

/** A group that ECMA-262 has; `at` is on its '('. */
static bool is_group(const char *at)
{
    if (at[1] == '*')
        return false;
    return at[1] != '?' || at[2] == ':' || at[2] == '=' || at[2] == '!' || at[2] == '<';
}

static bool is_quantifier(char byte)
{
    return byte == '*' || byte == '+' || byte == '?' || byte == '}';
}

/** Skips a class from its '['; NULL when ECMA-262 does not have it. */
static const char *pass_class(const char *at)
{
    at++;
    at += *at == '^';
    if (*at == ']') /* a literal in PCRE2, the end in ECMA-262 */
        return NULL;
    for (; *at != '\0' && *at != ']'; at++) {
        if (*at == '[' && at[1] != '\0' && strchr(":.=", at[1]) != NULL)
            return NULL;
        if (*at == '\\' && !is_escape(at++))
            return NULL;
    }
    return *at == ']' ? at : NULL;
}

bool pattern_is_portable(const char *pattern)
{
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at == '\\') {
            if (!is_escape(at++))
                return false;
            continue;
        }
        if (*at == '[' && (at = pass_class(at)) == NULL)
            return false;
        if (*at == '(' && !is_group(at))
            return false;
        if (*at == '+' && at > pattern && is_quantifier(at[-1]) && (at < pattern + 2 || at[-2] != '\\'))
            return false; /* possessive */
    }
    return true;
}
