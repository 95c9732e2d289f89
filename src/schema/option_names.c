/** Parses the options of a field as written in the source: as much of C's initialiser syntax as a list of
 * names needs. */
#include "schema/plan/options.h"

#include <ctype.h>
#include <string.h>

/** The end of the string or character literal that opens at `at`. */
static const char *skip_literal(const char *at)
{
    char quote = *at++;
    while (*at != '\0' && *at != quote)
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    return *at != '\0' ? at + 1 : at;
}

/** The comma that ends this option, or the end of the text; commas in literals and brackets belong to the
 * option. */
static const char *skip_option(const char *at)
{
    int depth = 0;
    while (*at != '\0' && !(*at == ',' && depth == 0)) {
        if (*at == '"' || *at == '\'') {
            at = skip_literal(at);
            continue;
        }
        depth += strchr("([{", *at) != NULL;
        depth -= strchr(")]}", *at) != NULL;
        at++;
    }
    return at;
}

const char *written_next(const char *written, const char **name, size_t *len)
{
    const char *at = written;
    while (isspace((unsigned char)*at))
        at++;
    if (*at == '\0')
        return NULL;
    *name = at;
    *len = 0;
    if (*at == '.') {
        *name = ++at;
        while (isalnum((unsigned char)*at) || *at == '_')
            at++;
        *len = (size_t)(at - *name);
    }
    at = skip_option(at);
    return *at == ',' ? at + 1 : at;
}
