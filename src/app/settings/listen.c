/* Where to listen: --listen, and the pair of --host and --port. */
#include "app/settings/settings.h"

#include "base/text.h"
#include "http/forwarded.h"
#include "runtime/systemd.h"

#include <string.h>

enum { REASON_BYTES = 128 };

bool settings_add_listener(settings *out, const char *text, size_t len, buf *problem)
{
    char reason[REASON_BYTES];
    listen_list *list = &out->listen;
    if (list->list.count == LISTENERS_MAX) {
        buf_add_printf(problem, "there are more than %d addresses", LISTENERS_MAX);
        return false;
    }
    listen_address *address = &list->items[list->list.count];
    if (!listen_address_read(text, len, address, reason, sizeof reason)) {
        buf_add_printf(problem, "\"%.*s\" is not an address to listen on: %s", (int)len, text, reason);
        return false;
    }
    for (unsigned i = 0; i < list->list.count; i++)
        if (listen_address_is_same(&list->items[i], address)) {
            buf_add_printf(problem, "\"%.*s\" is given twice", (int)len, text);
            return false;
        }
    list->list.count++;
    return true;
}

static bool add_network(network_list *list, const char *text, size_t len, buf *problem)
{
    char reason[REASON_BYTES];
    if (list->list.count == HTTP_NETWORKS_MAX) {
        buf_add_printf(problem, "there are more than %d networks", HTTP_NETWORKS_MAX);
        return false;
    }
    if (!http_network_read(text, len, &list->items[list->list.count], reason, sizeof reason)) {
        buf_add_printf(problem, "\"%.*s\" is not a network: %s", (int)len, text, reason);
        return false;
    }
    list->list.count++;
    return true;
}

bool settings_add_proxy(settings *out, const char *text, size_t len, buf *problem)
{
    return add_network(&out->proxies, text, len, problem);
}

bool settings_add_trusted(settings *out, const char *text, size_t len, buf *problem)
{
    return add_network(&out->trusted, text, len, problem);
}

bool settings_add_forwarded(settings *out, const char *text, size_t len, buf *problem)
{
    static const struct {
        const char *name;
        unsigned field;
    } names[] = {{"forwarded", FORWARDED_STANDARD},    {"x-forwarded", FORWARDED_FOR | FORWARDED_PROTO},
                 {"x-forwarded-for", FORWARDED_FOR},   {"x-forwarded-proto", FORWARDED_PROTO},
                 {"x-forwarded-host", FORWARDED_HOST}, {"x-forwarded-port", FORWARDED_PORT}};
    forwarded_list *list = &out->forwarded;
    unsigned field = 0;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == len && text_equal_nocase(names[i].name, text, len))
            field = names[i].field;
    if (field == 0) {
        buf_add_printf(problem,
                       "\"%.*s\" is not forwarded, x-forwarded (for and proto), x-forwarded-for, "
                       "x-forwarded-proto, x-forwarded-host or x-forwarded-port",
                       (int)len, text);
        return false;
    }
    list->fields = (list->list.count == 0 ? 0 : list->fields) | field;
    list->list.count++;
    if ((list->fields & FORWARDED_STANDARD) == 0 || list->fields == FORWARDED_STANDARD)
        return true;
    buf_add_text(problem,
                 "\"forwarded\" excludes the others: a client could send those that the proxy does not set");
    return false;
}

static bool choose_host(settings *out, buf *problem)
{
    char reason[REASON_BYTES];
    out->listen.list.count = 1;
    if (listen_address_from_host(out->host, (uint16_t)out->port, &out->listen.items[0], reason,
                                 sizeof reason))
        return true;
    buf_add_printf(problem, "--host: \"%s\" is not a host: %s", out->host, reason);
    return false;
}

bool settings_choose_listeners(settings *out, buf *problem)
{
    setting_source source = out->listen.list.source;
    if (source > out->host_source)
        return true;
    if (source == out->host_source && source != SET_BY_DEFAULT) {
        bool is_flag = source == SET_BY_FLAG;
        buf_add_printf(problem, "%s and %s are two ways to say where to listen; give one of them",
                       is_flag ? "--listen" : "TERN_LISTEN",
                       is_flag ? "--host or --port" : "TERN_HOST or TERN_PORT");
        return false;
    }
    if (out->host_source == SET_BY_DEFAULT && systemd_has_sockets()) {
        out->listen = (listen_list){.list.count = 1, .items = {{.family = LISTEN_SYSTEMD}}};
        return true;
    }
    return choose_host(out, problem);
}
