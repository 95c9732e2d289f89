/**
 * The range API of "Have I Been Pwned": the first 5 digits of the password's SHA-1 are sent, and the reply has the other
 * 35 of all that begin so, with counts: "0018A45C4D1DEF81644B54AB7F969B88D65:10" on each line. Padding has a count of 0.
 */
#include "auth/password/stolen.h"

#include "auth/password/internal.h"
#include "crypto/sha1.h"

#include <tern/fetch.h>
#include <tern/log.h>

#include <string.h>
#include <strings.h>

enum { SENT_DIGITS = 5, TIMEOUT_MS = 3000, MOST_REPLY = 1024 * 1024 };

/** Whether the reply has a line of these digits whose count is not 0. */
static bool has_line(const char *reply, const char *digits)
{
    size_t len = strlen(digits);
    for (const char *line = reply; *line != '\0';) {
        if (strncasecmp(line, digits, len) == 0 && line[len] == ':')
            return line[len + 1] != '0';
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return false;
}

bool stolen_is_known(tern_ctx *c, const char *password)
{
    char digits[SHA1_HEX_BYTES];
    sha1_hex(password, strlen(password), digits);
    const char *url = tern_sprintf(c, "%s%.*s", password_settings.stolen_url, SENT_DIGITS, digits);
    tern_fetched *reply = tern_fetch_try(c, url, .timeout_ms = TIMEOUT_MS, .max_bytes = MOST_REPLY,
                                         .headers = TERN_HEADERS("Add-Padding: true"));
    if (reply->ok)
        return has_line(reply->body.data, digits + SENT_DIGITS);
    tern_log(TERN_LOG_WARN,
             "passwords: a new password was accepted without looking it up in the lists of stolen ones: %s",
             reply->problem != NULL
                 ? reply->problem
                 : tern_sprintf(c, "%s replied %d", password_settings.stolen_url, reply->status));
    return false;
}
