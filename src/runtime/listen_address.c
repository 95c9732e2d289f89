#include "runtime/listen_address.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool refuse(char *reason, size_t size, const char *why)
{
    snprintf(reason, size, "%s", why);
    return false;
}

/** Whether every byte may be part of a name or of an address (RFC 3986 section 3.2.2, and the '%' of a zone). */
static bool is_host(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte <= ' ' || byte >= 0x7f || strchr("/\\?#@[]<>\"'^`{|},;", byte) != NULL)
            return false;
    }
    return len > 0;
}

static bool take_host(listen_address *out, const char *host, size_t len, char *reason, size_t size)
{
    if (len == 0)
        return refuse(reason, size, "it has no host; 0.0.0.0 is every IPv4 interface, [::] every interface");
    if (len > LISTEN_HOST_MAX)
        return refuse(reason, size, "its host is longer than 253 bytes");
    if (!is_host(host, len))
        return refuse(reason, size, "its host has a character that names and addresses can't have");
    memcpy(out->host, host, len);
    out->host[len] = '\0';
    return true;
}

static bool take_path(listen_address *out, const char *path, size_t len, char *reason, size_t size)
{
    if (len == 0 || len > LISTEN_PATH_MAX)
        return refuse(reason, size, "the path must have 1 to 107 bytes");
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)path[i] < ' ' || path[i] == 0x7f)
            return refuse(reason, size, "the path has a control character");
    out->family = LISTEN_FILE;
    memcpy(out->host, path, len);
    out->host[len] = '\0';
    return true;
}

/** Splits "HOST:PORT" or "[HOST]:PORT"; `*host_len` and what follows the colon, NULL without a colon. */
static const char *split(const char **host, size_t *host_len, const char *end)
{
    const char *at = *host;
    const char *close = at < end && *at == '[' ? memchr(at, ']', (size_t)(end - at)) : NULL;
    if (close != NULL) {
        *host = at + 1;
        *host_len = (size_t)(close - at - 1);
        return close + 1 < end && close[1] == ':' ? close + 2 : NULL;
    }
    const char *colon = memchr(at, ':', (size_t)(end - at));
    *host_len = (size_t)((colon != NULL ? colon : end) - at);
    return colon != NULL ? colon + 1 : NULL;
}

/** "127.0.0.1:8000": what follows "http://". */
static bool take_authority(listen_address *out, const char *text, size_t len, char *reason, size_t size)
{
    if (len > 0 && text[len - 1] == '/')
        len--;
    const char *end = text + len, *host = text;
    size_t host_len;
    if (memchr(text, '/', len) != NULL)
        return refuse(reason, size, "nothing may follow its port");
    const char *port = split(&host, &host_len, end);
    if (port != NULL && host == text && memchr(port, ':', (size_t)(end - port)) != NULL)
        return refuse(reason, size, "an IPv6 address needs brackets, like http://[::1]:8000");
    if (!take_host(out, host, host_len, reason, size))
        return false;
    if (port == NULL)
        return refuse(reason, size, "it has no port, as in http://localhost:8000");
    uint64_t number;
    if (!text_get_u64(port, (size_t)(end - port), &number) || number > UINT16_MAX)
        return refuse(reason, size, "its port is not a number from 0 to 65535");
    out->port = (uint16_t)number;
    return true;
}

static bool begins(const char *text, size_t len, const char *with)
{
    return len >= strlen(with) && text_equal_nocase(text, with, strlen(with));
}

bool listen_address_read(const char *text, size_t len, listen_address *out, char *reason, size_t size)
{
    *out = (listen_address){.family = LISTEN_TCP};
    if (memchr(text, '\0', len) != NULL)
        return refuse(reason, size, "it has a NUL");
    if (begins(text, len, "unix:"))
        return take_path(out, text + 5, len - 5, reason, size);
    if (begins(text, len, "http://"))
        return take_authority(out, text + 7, len - 7, reason, size);
    if (begins(text, len, "https://")) {
        out->kind = LISTENER_TLS;
        return take_authority(out, text + 8, len - 8, reason, size);
    }
    if (len == strlen("systemd") && begins(text, len, "systemd")) {
        out->family = LISTEN_SYSTEMD;
        return true;
    }
    return refuse(reason, size, "write http://HOST:PORT, https://HOST:PORT, unix:/PATH or systemd");
}

bool listen_address_from_host(const char *host, uint16_t port, listen_address *out, char *reason, size_t size)
{
    *out = (listen_address){.family = LISTEN_TCP, .port = port};
    size_t len = strlen(host);
    if (begins(host, len, "unix:"))
        return take_path(out, host + 5, len - 5, reason, size);
    bool has_brackets = len >= 2 && host[0] == '[' && host[len - 1] == ']';
    return take_host(out, host + has_brackets, len - 2 * has_brackets, reason, size);
}

void listen_address_print(const listen_address *address, char out[LISTEN_TEXT_BYTES])
{
    const char *scheme = address->kind == LISTENER_TLS ? "https" : "http";
    bool needs_brackets = strchr(address->host, ':') != NULL;
    if (address->family == LISTEN_SYSTEMD)
        snprintf(out, LISTEN_TEXT_BYTES, "systemd");
    else if (address->family == LISTEN_FILE)
        snprintf(out, LISTEN_TEXT_BYTES, "unix:%s", address->host);
    else
        snprintf(out, LISTEN_TEXT_BYTES, needs_brackets ? "%s://[%s]:%u" : "%s://%s:%u", scheme,
                 address->host, address->port);
}

bool listen_address_is_same(const listen_address *a, const listen_address *b)
{
    if (a->family != b->family || (a->family == LISTEN_TCP && (a->port != b->port || a->port == 0)))
        return false;
    return a->family == LISTEN_FILE ? strcmp(a->host, b->host) == 0 : strcasecmp(a->host, b->host) == 0;
}
