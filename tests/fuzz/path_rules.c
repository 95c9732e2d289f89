/* Rules of paths: a rule that passes the checks can be applied to any path, inside of its bounds; what it makes is as
 * long as was measured. Input: the rule's two paths and the request's, each ended by a line feed. */
#include "middleware/path_rules.c"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static char *take_line(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *stop = memchr(*at, '\n', (size_t)(end - *at));
    size_t len = (size_t)((stop != NULL ? stop : end) - *at);
    char *line = malloc(len + 1);
    if (line == NULL || memchr(*at, '\0', len) != NULL) {
        free(line);
        return NULL;
    }
    memcpy(line, *at, len);
    line[len] = '\0';
    *at = stop != NULL ? stop + 1 : end;
    return line;
}

static void apply(const char *from, const char *to, const char *path)
{
    captures names = {0}, found = {0};
    if (check_from(from, &names) != NULL || check_to(to, &names, true) != NULL)
        return;
    tern_str target = {path, strcspn(path, "?")};
    if (!match(from, target, &found))
        return;
    if (found.count != names.count)
        abort();
    size_t size = fill(to, &found, (tern_str){"q=1", 3}, NULL);
    char *made = malloc(size);
    if (made == NULL || fill(to, &found, (tern_str){"q=1", 3}, made) != size)
        abort();
    free(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    const uint8_t *end = input + size;
    char *from = take_line(&input, end), *to = from != NULL ? take_line(&input, end) : NULL;
    char *path = to != NULL ? take_line(&input, end) : NULL;
    if (path != NULL)
        apply(from, to, path);
    free(from);
    free(to);
    free(path);
    return 0;
}
