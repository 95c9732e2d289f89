/** Addresses of providers. */
#include "auth/login/address.h"

#include <string.h>

enum { MOST_ADDRESS = 2048 };

static bool is_unreserved(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

/** Whether a host is this machine, without a question to a name server. */
static bool is_this_machine(const char *host, size_t len)
{
    if (len == 9 && strncmp(host, "localhost", 9) == 0)
        return true;
    if (len == 5 && strncmp(host, "[::1]", 5) == 0)
        return true;
    if (len < 7 || strncmp(host, "127.", 4) != 0)
        return false;
    for (size_t i = 4; i < len; i++)
        if ((host[i] < '0' || host[i] > '9') && host[i] != '.')
            return false;
    return true;
}

bool login_address_is_plain(const char *url)
{
    return strncmp(url, "http://", 7) == 0;
}

bool login_address_is_safe(const char *url)
{
    bool is_plain = login_address_is_plain(url);
    if (!is_plain && strncmp(url, "https://", 8) != 0)
        return false;
    const char *host = url + (is_plain ? 7 : 8);
    size_t authority = strcspn(host, "/?"),
           name = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?");
    if (authority == 0 || name == 0 || name > authority || strlen(url) > MOST_ADDRESS)
        return false;
    for (const char *at = url; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~' || strchr("\"#<>\\^`{|}", *at) != NULL)
            return false;
    if (memchr(host, '@', authority) != NULL)
        return false;
    for (const char *port = host + name; port < host + authority; port++)
        if (port == host + name ? *port != ':' : (*port < '0' || *port > '9'))
            return false;
    return !is_plain || is_this_machine(host, name);
}

static char *encode_to(char *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        if (is_unreserved(*text)) {
            *out++ = *text;
            continue;
        }
        *out++ = '%';
        *out++ = digits[(unsigned char)*text >> 4];
        *out++ = digits[*text & 15];
    }
    *out = '\0';
    return out;
}

const char *login_encode(tern_ctx *c, const char *text)
{
    char *encoded = tern_alloc(c, 3 * strlen(text) + 1);
    encode_to(encoded, text);
    return encoded;
}

const char *login_address_with(tern_ctx *c, const char *url, const char *const *pairs)
{
    size_t room = strlen(url) + 1;
    for (const char *const *pair = pairs; *pair != NULL; pair += 2)
        if (pair[1] != NULL)
            room += 3 * (strlen(pair[0]) + strlen(pair[1])) + 2;
    char *made = tern_alloc(c, room), *out = stpcpy(made, url);
    const char *divider = strchr(url, '?') == NULL ? "?" : strchr("?&", out[-1]) != NULL ? "" : "&";
    for (const char *const *pair = pairs; *pair != NULL; pair += 2) {
        if (pair[1] == NULL)
            continue;
        out = encode_to(stpcpy(out, divider), pair[0]);
        *out++ = '=';
        out = encode_to(out, pair[1]);
        divider = "&";
    }
    return made;
}

const char *login_find_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = text; at != NULL && *at != '\0';) {
        at += strspn(at, " ");
        size_t found = strcspn(at, " ");
        if (found == len && strncmp(at, word, len) == 0)
            return at;
        at += found;
    }
    return NULL;
}
