/** What workers know of ACME: the answers to http-01, from files. */
#include "acme/acme.h"

#include "acme/base64url.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool acme_answer_http_01(const char *state_folder, tern_str token, char out[ACME_ANSWER_BYTES])
{
    char path[PATH_MAX];
    struct stat found;
    if (token.len == 0 || token.len > ACME_TOKEN_BYTES || !base64url_is(token))
        return false;
    int len = snprintf(path, sizeof path, "%s/acme/http-01/%.*s", state_folder, (int)token.len, token.data);
    if (len < 0 || (size_t)len >= sizeof path)
        return false;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = fstat(fd, &found) == 0 && S_ISREG(found.st_mode) ? read(fd, out, ACME_ANSWER_BYTES) : -1;
    close(fd);
    if (got <= 0 || got == ACME_ANSWER_BYTES)
        return false;
    out[got] = '\0';
    return true;
}
