#include "data/postgres/address.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Defaults that a URL may override. A peer that disappears silently is noticed within half a minute. */
static const struct {
    const char *name, *value;
} defaults[] = {
    {"fallback_application_name", "tern"}, {"keepalives_idle", "15"},
    {"keepalives_interval", "5"},          {"keepalives_count", "3"},
    {"tcp_user_timeout", "15000"},
};

bool address_parse(address *to, const char *url, buf *problems)
{
    char *reason = NULL;
    to->given = libpq.conninfoParse(url, &reason);
    if (to->given != NULL)
        return true;
    /* quoted text is from the URL, and may be its password */
    size_t shown = reason != NULL ? strcspn(reason, "\":\n") : 0;
    buf_add_printf(problems,
                   "the database's URL is not one of PostgreSQL (%.*s): write it as "
                   "postgres://user:password@host:5432/name, with %%40 and the like for other characters\n",
                   shown > 0 ? (int)shown : 13, shown > 0 ? reason : "out of memory");
    if (reason != NULL)
        libpq.freemem(reason);
    return false;
}

void address_free(address *to)
{
    if (to->given != NULL)
        libpq.conninfoFree(to->given);
    to->given = NULL;
}

static const char *option(const address *to, const char *name)
{
    for (const PQconninfoOption *at = to->given; at->keyword != NULL; at++)
        if (strcmp(at->keyword, name) == 0)
            return at->val != NULL ? at->val : at->envvar != NULL ? getenv(at->envvar) : NULL;
    return NULL;
}

/* -- host names -- */

static bool is_numeric(const char *host)
{
    struct in6_addr any;
    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

/* Reads the next item of a comma list into `piece`; false at its end. */
static bool next_piece(const char **list, char *piece, size_t room)
{
    if (*list == NULL)
        return false;
    size_t len = strcspn(*list, ",");
    snprintf(piece, room, "%.*s", (int)len, *list);
    *list = (*list)[len] == ',' ? *list + len + 1 : NULL;
    return true;
}

static bool is_name(const char *host)
{
    return host[0] != '\0' && host[0] != '/' && host[0] != '@' && !is_numeric(host);
}

bool address_needs_lookup(const address *to)
{
    char host[NI_MAXHOST];
    const char *hosts = option(to, "host"), *addresses = option(to, "hostaddr");
    if (addresses != NULL && addresses[0] != '\0')
        return false;
    while (next_piece(&hosts, host, sizeof host))
        if (is_name(host))
            return true;
    return false;
}

static void add_found(address_lookup *lookup, const char *host, const char *found, const char *port)
{
    const char *comma = lookup->found_hosts.len > 0 ? "," : "";
    buf_add_printf(&lookup->found_hosts, "%s%s", comma, host);
    buf_add_printf(&lookup->found_addresses, "%s%s", comma, found);
    buf_add_printf(&lookup->found_ports, "%s%s", comma, port);
}

static void look_up_one(address_lookup *lookup, const char *host, const char *port)
{
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char text[NI_MAXHOST];
    int status = getaddrinfo(host, NULL, &wanted, &found);
    if (status != 0) {
        snprintf(lookup->problem, sizeof lookup->problem, "looking up host %.80s: %s", host,
                 gai_strerror(status));
        return;
    }
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next)
        if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0)
            add_found(lookup, host, text, port);
    freeaddrinfo(found);
}

/* Runs on a thread. Every address of a name is tried in order, as libpq itself would. */
static void look_up(side_thread *job)
{
    address_lookup *lookup = list_owner(job, address_lookup, job);
    char host[NI_MAXHOST], port[NI_MAXSERV] = "";
    const char *hosts = lookup->hosts, *ports = lookup->ports;
    while (next_piece(&hosts, host, sizeof host)) {
        next_piece(&ports, port, sizeof port); /* a single one applies to all hosts */
        if (is_name(host))
            look_up_one(lookup, host, port);
        else
            add_found(lookup, host, is_numeric(host) ? host : "", port);
    }
}

static void free_lookup(side_thread *job)
{
    address_lookup *lookup = list_owner(job, address_lookup, job);
    buf_free(&lookup->found_hosts);
    buf_free(&lookup->found_addresses);
    buf_free(&lookup->found_ports);
    mem_free(lookup->hosts);
    mem_free(lookup->ports);
    mem_free(lookup);
}

address_lookup *address_look_up(const address *to, void *owner, void (*on_done)(side_thread *job))
{
    const char *hosts = option(to, "host"), *ports = option(to, "port");
    address_lookup *lookup = mem_zero(1, sizeof *lookup);
    if (lookup == NULL)
        return NULL;
    lookup->job = (side_thread){.work = look_up, .on_done = on_done, .free = free_lookup};
    lookup->owner = owner;
    lookup->hosts = mem_text(hosts, strlen(hosts));
    lookup->ports = ports != NULL ? mem_text(ports, strlen(ports)) : mem_text("", 0);
    if (lookup->hosts != NULL && lookup->ports != NULL && side_thread_start(&lookup->job))
        return lookup;
    free_lookup(&lookup->job);
    return NULL;
}

/* -- what to connect with -- */

static void set(address_options *options, const char *name, const char *value)
{
    unsigned at = 0;
    while (at < options->count && strcmp(options->names[at], name) != 0)
        at++;
    if (at == ADDRESS_OPTIONS_MOST)
        return;
    options->names[at] = name;
    options->values[at] = value;
    options->count += at == options->count;
}

void address_options_of(const address *to, const address_lookup *lookup, address_options *options)
{
    *options = (address_options){0};
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        set(options, defaults[i].name, defaults[i].value);
    for (const PQconninfoOption *at = to->given; at->keyword != NULL; at++)
        if (at->val != NULL)
            set(options, at->keyword, at->val);
    set(options, "client_encoding", "UTF8"); /* the URL must not set the encoding */
    if (lookup == NULL)
        return;
    set(options, "host", lookup->found_hosts.data);
    set(options, "hostaddr", lookup->found_addresses.data);
    set(options, "port", lookup->found_ports.data);
}
