/**
 * Who may come in: names and passwords (basic auth), keys, and lists of addresses.
 *
 *     tern_use(app, tern_basic_auth(.users = "ann:$2y$10$...", .realm = "Staff"));
 *     tern_group *api = tern_group_new(app, "/api", .use = TERN_USE(tern_key_auth(.keys = getenv("API_KEYS"))));
 *     tern_group *admin = tern_group_new(app, "/admin", .use = TERN_USE(tern_ip_filter(.allow = "10.0.0.0/8")));
 *
 * Secrets are compared in a time that does not depend on them. Refusals are problems (tern/problem.h).
 */
#ifndef TERN_ACCESS_H
#define TERN_ACCESS_H

#include <tern/middleware.h>

typedef struct tern_basic_auth_options {
    const char *realm; /* what browsers show with the question; default "Restricted" */
    /* "ann:secret", or several lines as htpasswd writes them: "ann:$2y$10$...\nbob:$6$..."; '#' begins a comment. A
     * password that begins with '$' is a hash that crypt(3) knows: $2y$ (htpasswd -B), $5$, $6$, $y$. Not others of
     * htpasswd: its MD5 ("$apr1$") and "{SHA}". */
    const char *users;
    const char *file; /* the same, in a file that is read at start: "/etc/app/htpasswd" */
    /* Instead of the two: whether this is a user's password. It may query and wait. */
    bool (*check)(tern_ctx *c, const char *user, const char *password);
    bool (*skip)(tern_ctx *c);
} tern_basic_auth_options;
tern_middleware tern_basic_auth_with(const tern_basic_auth_options *options);
/**
 * Asks for a name and a password: 401 with `WWW-Authenticate: Basic realm="...", charset="UTF-8"` without them or for
 * wrong ones (RFC 7617). tern_user(c) is then the name.
 *
 * Names and passwords are UTF-8 without control characters. A header that is not one of Basic, or not as the RFC has it,
 * is answered with 401 too. Hashes are computed on the threads of tern_offload, since they take tens of milliseconds;
 * a worker remembers the last right password of each user as a fingerprint. Use it over TLS only.
 */
#define tern_basic_auth(...) tern_basic_auth_with(&(tern_basic_auth_options){__VA_ARGS__})

typedef struct tern_key_auth_options {
    const char *keys; /* keys, divided by commas or white space, of at least 16 characters each */
    /* Instead of it: whether this is a key. It may query and wait. */
    bool (*check)(tern_ctx *c, const char *key);
    /* Where the key is: the first of these that the request has. Without any of them: `Authorization: Bearer KEY`. */
    const char *header; /* "X-API-Key" */
    const char *query;  /* "key": such keys end up in logs and histories */
    const char *cookie; /* "key" */
    bool bearer;        /* the Authorization header, beside those named here */
    bool (*skip)(tern_ctx *c);
} tern_key_auth_options;
tern_middleware tern_key_auth_with(const tern_key_auth_options *options);
/** Asks for a key: 401 without one or for a wrong one, with `WWW-Authenticate: Bearer` where the Authorization header
 * may have it (RFC 6750). */
#define tern_key_auth(...) tern_key_auth_with(&(tern_key_auth_options){__VA_ARGS__})

/** The user of the request, whom tern_basic_auth or tern_set_user has named; NULL without one. For logs too. */
const char *tern_user(tern_ctx *c);
/** Names the user: for an application's own authentication. The text must live as long as the request. */
void tern_set_user(tern_ctx *c, const char *user);

typedef struct tern_ip_filter_options {
    const char
        *allow; /* networks of the clients that may come in: "10.0.0.0/8, 2001:db8::/32, unix"; NULL: all */
    const char *deny; /* networks of those that may not, whatever .allow says */
    bool (*skip)(tern_ctx *c);
} tern_ip_filter_options;
tern_middleware tern_ip_filter_with(const tern_ip_filter_options *options);
/** Refuses clients by their address (tern_remote_address, so after trusted proxies) with 403. */
#define tern_ip_filter(...) tern_ip_filter_with(&(tern_ip_filter_options){__VA_ARGS__})

/* -- for an application's own middleware -- */

/** Networks to compare addresses with. */
typedef struct tern_networks tern_networks;
/** Reads "10.0.0.0/8, 2001:db8::/32, 192.0.2.1, unix", divided by commas or white space, for as long as the process
 * lives. NULL, with tern_mistake("WHO: ..."), for a text that is not such a list, and when out of memory. */
const tern_networks *tern_networks_new(tern_app *app, const char *who, const char *list);
/** Whether the address ("192.0.2.1", "::1", "unix:") is in one of them. An IPv4 address within IPv6
 * ("::ffff:192.0.2.1") is taken for what it is. */
bool tern_networks_have(const tern_networks *networks, const char *address);

/** Whether two secrets are equal, in a time that depends on the length of `given` alone. NULL equals nothing. */
bool tern_secrets_are_equal(const char *given, const char *secret);
/** A number for these bytes that nobody outside of the process can predict (SipHash with a random key): for tables of
 * what clients choose. 0 when the kernel has no randomness. */
uint64_t tern_fingerprint(const void *data, size_t size);

#endif
