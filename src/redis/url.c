#include "redis/url.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

static const struct {
    const char *scheme;
    redis_mode mode;
    bool is_tls, is_unix;
} schemes[] = {
    {"redis://", REDIS_SINGLE, false, false},
    {"rediss://", REDIS_SINGLE, true, false},
    {"unix://", REDIS_SINGLE, false, true},
    {"unix:", REDIS_SINGLE, false, true},
    {"redis+unix://", REDIS_SINGLE, false, true},
    {"redis+sentinel://", REDIS_SENTINEL, false, false},
    {"rediss+sentinel://", REDIS_SENTINEL, true, false},
    {"redis+cluster://", REDIS_CLUSTER, false, false},
    {"rediss+cluster://", REDIS_CLUSTER, true, false},
};

static bool refuse(buf *problem, const char *why)
{
    buf_add_printf(problem, "redis: the URL %s", why);
    return false;
}

/** Decodes %XX in place; false when it is malformed, or a NUL. */
static bool decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        int high = text_hex_value(from[1]), low = high >= 0 ? text_hex_value(from[2]) : -1;
        if (low < 0 || high + low == 0)
            return false;
        *to++ = (char)(high * 16 + low);
        from += 2;
    }
    *to = '\0';
    return true;
}

static bool read_database(const char *text, redis_url *out, buf *problem)
{
    uint64_t number;
    size_t len = strlen(text);
    if (len == 0 || len > 9 || !text_get_u64(text, len, &number))
        return refuse(problem, "has a database that is not a number: write /0 at its end");
    out->database = (unsigned)number;
    return true;
}

/** The part before '@': user and password. */
static bool read_user(char *text, redis_url *out, buf *problem)
{
    char *colon = strchr(text, ':');
    if (colon != NULL)
        *colon++ = '\0';
    if (!decode(text) || (colon != NULL && !decode(colon)))
        return refuse(problem,
                      "has a user or password with a '%' that is not followed by two hexadecimal digits: "
                      "write %25");
    if (text[0] != '\0')
        out->user = text;
    if (colon != NULL && colon[0] != '\0')
        out->password = colon;
    if (out->user != NULL && out->password == NULL)
        return refuse(problem, "has a user without a password: write USER:PASSWORD@, or :PASSWORD@");
    return true;
}

static bool is_name(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len < REDIS_HOST_BYTES &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%") == len;
}

/** "host", "host:6379", "[::1]:6379". */
static bool read_host(char *text, uint16_t usual_port, redis_host *out, buf *problem)
{
    char *port = NULL;
    if (text[0] == '[') {
        char *end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return refuse(problem, "has an address that begins with '[', and does not end with ']'");
        port = end[1] == ':' ? end + 2 : NULL;
        *end = '\0';
        text++;
    } else if ((port = strchr(text, ':')) != NULL) {
        *port++ = '\0';
        if (strchr(port, ':') != NULL)
            return refuse(problem, "has more than one ':' after a host: write an IPv6 address in [ ]");
    }
    uint64_t number = usual_port;
    if (port != NULL && (port[0] == '\0' || strlen(port) > 5 || !text_get_u64(port, strlen(port), &number) ||
                         number == 0 || number > 65535))
        return refuse(problem, "has a port that is not a number from 1 to 65535");
    if (!is_name(text))
        return refuse(problem,
                      "has no host, or one with other characters than letters, digits, '.', '-' and '_'");
    *out = (redis_host){text, (uint16_t)number};
    return true;
}

static bool read_hosts(char *text, redis_url *out, buf *problem)
{
    uint16_t port = out->mode == REDIS_SENTINEL ? REDIS_SENTINEL_PORT : REDIS_PORT;
    for (char *next; text != NULL; text = next) {
        next = strchr(text, ',');
        if (next != NULL)
            *next++ = '\0';
        if (out->host_count == REDIS_HOSTS_MOST)
            return refuse(problem, "has more than 16 hosts");
        if (!read_host(text, port, &out->hosts[out->host_count], problem))
            return false;
        out->host_count++;
    }
    if (out->host_count > 1 && out->mode == REDIS_SINGLE)
        return refuse(problem, "has several hosts: write redis+cluster:// or redis+sentinel:// before them");
    return true;
}

/** The part after the hosts: "/0", or "/name/0" of sentinels. */
static bool read_path(char *path, redis_url *out, buf *problem)
{
    if (out->mode == REDIS_SENTINEL) {
        char *database = strchr(path, '/');
        if (database != NULL)
            *database++ = '\0';
        if (!decode(path) || path[0] == '\0')
            return refuse(problem, "has no name of a master after the sentinels: write "
                                   "redis+sentinel://HOST,HOST/NAME");
        out->service = path;
        return database == NULL || database[0] == '\0' || read_database(database, out, problem);
    }
    if (path[0] == '\0')
        return true;
    if (out->mode == REDIS_CLUSTER && strcmp(path, "0") != 0)
        return refuse(problem, "has a database, which a cluster does not have: leave it out");
    return read_database(path, out, problem);
}

static bool read_option(const char *name, char *value, redis_url *out, buf *problem)
{
    if (!decode(value))
        return refuse(problem, "has a '%' after '?' that is not followed by two hexadecimal digits");
    if (strcmp(name, "db") == 0)
        return out->mode == REDIS_CLUSTER ? refuse(problem, "has a database, which a cluster does not have")
                                          : read_database(value, out, problem);
    if (out->mode == REDIS_SENTINEL && strcmp(name, "sentinel_user") == 0) {
        out->sentinel_user = value;
        return true;
    }
    if (out->mode == REDIS_SENTINEL && strcmp(name, "sentinel_password") == 0) {
        out->sentinel_password = value;
        return true;
    }
    return refuse(problem, "has an option that is not known after '?': there are db, and with sentinels "
                           "sentinel_user and sentinel_password");
}

static bool read_options(char *text, redis_url *out, buf *problem)
{
    for (char *next; text != NULL && text[0] != '\0'; text = next) {
        next = strchr(text, '&');
        if (next != NULL)
            *next++ = '\0';
        char *value = strchr(text, '=');
        if (value == NULL)
            return refuse(problem, "has an option after '?' without a value: write db=0");
        *value++ = '\0';
        if (!read_option(text, value, out, problem))
            return false;
    }
    if (out->sentinel_user != NULL && out->sentinel_password == NULL)
        return refuse(problem, "has sentinel_user without sentinel_password");
    return true;
}

static bool read_scheme(char **text, redis_url *out, buf *problem)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i].scheme);
        if (strncmp(*text, schemes[i].scheme, len) != 0)
            continue;
        *text += len;
        out->mode = schemes[i].mode;
        out->is_tls = schemes[i].is_tls;
        out->is_unix = schemes[i].is_unix;
        return true;
    }
    return refuse(problem,
                  "has to begin with redis://, rediss://, unix:, redis+sentinel://, rediss+sentinel://, "
                  "redis+cluster:// or rediss+cluster://");
}

static bool read_all(char *text, redis_url *out, buf *problem)
{
    if (!read_scheme(&text, out, problem))
        return false;
    char *options = strchr(text, '?');
    /* a '?' in a password is written as %3F: what follows would else be quoted nowhere, and be lost */
    if (options != NULL)
        *options++ = '\0';
    char *at = strrchr(text, '@'), *slash;
    if (at != NULL) {
        *at = '\0';
        if (!read_user(text, out, problem))
            return false;
        text = at + 1;
    }
    if (out->is_unix) {
        if (text[0] != '/' || !decode(text))
            return refuse(problem, "has no path of a socket: write unix:/run/redis.sock");
        if (strlen(text) > 107)
            return refuse(problem,
                          "has a path of a socket of more than 107 bytes, which Linux does not take");
        out->hosts[0] = (redis_host){text, 0};
        out->host_count = 1;
        return read_options(options, out, problem);
    }
    slash = strchr(text, '/');
    if (slash != NULL)
        *slash++ = '\0';
    return read_hosts(text, out, problem) &&
           read_path(slash != NULL ? slash : text + strlen(text), out, problem) &&
           read_options(options, out, problem);
}

bool redis_url_read(const char *text, redis_url *out, buf *problem)
{
    *out = (redis_url){.memory = mem_text(text, strlen(text))};
    if (out->memory == NULL) {
        buf_add_text(problem, "redis: out of memory");
        return false;
    }
    if (read_all(out->memory, out, problem))
        return true;
    redis_url_free(out);
    return false;
}

void redis_url_free(redis_url *url)
{
    mem_free(url->memory);
    *url = (redis_url){0};
}
