/** The named text formats of `.format`. Linear scans, no regular expressions: no input makes them slow. */
#include "schema/validate.h"

#include "base/text.h"
#include "schema/scalar.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_alnum(char byte)
{
    unsigned char lower = text_lower((unsigned char)byte);
    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9');
}

/** RFC 1123: labels of letters, digits and inner hyphens, at most 63 bytes each and 253 in all. */
static bool is_hostname(const char *text, size_t len)
{
    size_t label = 0;
    if (len == 0 || len > 253)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.') {
            if (label == 0 || text[i - 1] == '-')
                return false;
            label = 0;
            continue;
        }
        if (!is_alnum(text[i]) && (text[i] != '-' || label == 0))
            return false;
        if (++label > 63)
            return false;
    }
    return label > 0 && text[len - 1] != '-';
}

/** What HTML's e-mail input accepts: a dot-separated local part of at most 64 bytes at a host name with a
 * dot. */
static bool is_email(const char *text, size_t len)
{
    const char *at = memchr(text, '@', len);
    if (at == NULL || len > 254)
        return false;
    size_t local = (size_t)(at - text), domain = len - local - 1;
    if (local == 0 || local > 64 || text[0] == '.' || at[-1] == '.')
        return false;
    for (size_t i = 0; i < local; i++) {
        if (!is_alnum(text[i]) && (text[i] == '\0' || strchr(".!#$%&'*+/=?^_`{|}~-", text[i]) == NULL))
            return false;
        if (text[i] == '.' && text[i + 1] == '.')
            return false;
    }
    return is_hostname(at + 1, domain) && memchr(at + 1, '.', domain) != NULL;
}

/** RFC 3986: a scheme, ':', and then only characters a URI may have, with complete percent escapes. */
static bool is_uri(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && (is_alnum(text[i]) || (i > 0 && text[i] != '\0' && strchr("+-.", text[i]) != NULL)))
        i++;
    if (i == 0 || i >= len || text[i] != ':' || (text[0] >= '0' && text[0] <= '9') || i + 1 == len)
        return false;
    for (i++; i < len; i++) {
        if (text[i] == '%') {
            if (len - i < 3 || text_hex_value(text[i + 1]) < 0 || text_hex_value(text[i + 2]) < 0)
                return false;
            i += 2;
        } else if (!is_alnum(text[i]) &&
                   (text[i] == '\0' || strchr("-._~:/?#[]@!$&'()*+,;=", text[i]) == NULL)) {
            return false;
        }
    }
    return true;
}

static bool is_address(int family, const char *text, size_t len)
{
    char copy[INET6_ADDRSTRLEN];
    unsigned char parsed[16];
    if (len == 0 || len >= sizeof copy || memchr(text, '\0', len) != NULL)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return inet_pton(family, copy, parsed) == 1;
}

static bool is_ipv4(const char *text, size_t len)
{
    return is_address(AF_INET, text, len);
}

static bool is_ipv6(const char *text, size_t len)
{
    return is_address(AF_INET6, text, len);
}

static bool is_uuid(const char *text, size_t len)
{
    tern_uuid parsed;
    return uuid_read(text, len, &parsed);
}

static bool is_date(const char *text, size_t len)
{
    tern_date parsed;
    return date_read(text, len, &parsed);
}

static bool is_time(const char *text, size_t len)
{
    tern_time parsed;
    return time_read(text, len, &parsed);
}

static bool is_datetime(const char *text, size_t len)
{
    tern_datetime parsed;
    return datetime_read(text, len, &parsed);
}

static bool is_duration(const char *text, size_t len)
{
    tern_duration parsed;
    return duration_read(text, len, &parsed);
}

static const text_format formats[] = {
    {"email", "an e-mail address", is_email},
    {"uri", "a URI like https://example.org/", is_uri},
    {"hostname", "a host name", is_hostname},
    {"ipv4", "an IPv4 address", is_ipv4},
    {"ipv6", "an IPv6 address", is_ipv6},
    {"uuid", "a UUID", is_uuid},
    {"date", "a date like 2026-11-23", is_date},
    {"time", "a time of day like 17:30:00", is_time},
    {"date-time", "a date and time like 2026-11-23T17:30:00Z", is_datetime},
    {"duration", "a span of time like P1DT2H30M", is_duration},
};

const text_format *format_of(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}
