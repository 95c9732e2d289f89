#include "app/tls_start.h"

#include "base/mem.h"
#include "http/exchange.h"

#include <tern/log.h>

#include <string.h>
#include <sys/stat.h>

enum { HTTPS_PORT = 443 };

static const char *const protocols[] = {"h2", "http/1.1", NULL};

/* -- which listeners -- */

static const listen_address *first_https(const settings *s)
{
    for (unsigned i = 0; i < s->listen.list.count; i++)
        if (s->listen.items[i].kind == LISTENER_TLS)
            return &s->listen.items[i];
    return NULL;
}

/** A socket of systemd may be one of https: only its name says so. */
static bool may_have_https(const settings *s)
{
    for (unsigned i = 0; i < s->listen.list.count; i++)
        if (s->listen.items[i].family == LISTEN_SYSTEMD)
            return true;
    return first_https(s) != NULL;
}

uint16_t tls_start_port(const settings *s)
{
    const listen_address *https = first_https(s);
    if (s->https_port != 0)
        return (uint16_t)s->https_port;
    return https != NULL && https->port != 0 ? https->port : HTTPS_PORT;
}

const char *tls_start_hsts(const settings *s)
{
    if (s->hsts == NULL || strcmp(s->hsts, "auto") == 0)
        return s->redirect_https && !s->tls_dev ? "max-age=31536000" : NULL;
    return strcmp(s->hsts, "off") == 0 ? NULL : s->hsts;
}

/* -- checks -- */

static bool has_certificates(const settings *s)
{
    return s->tls_certificates.list.count > 0 || s->acme.certificates.list.count > 0 || s->tls_dev;
}

/** A flag that has no effect is a mistake of its user. */
static bool check_use(const settings *s, buf *problem)
{
    const char *flag = s->tls_certificates.list.count > 0    ? "--tls-cert"
                       : s->tls_keys.list.count > 0          ? "--tls-key"
                       : s->tls_dev                          ? "--tls-dev"
                       : s->acme.certificates.list.count > 0 ? "--acme"
                       : s->tls_client_ca != NULL            ? "--tls-client-ca"
                                                             : NULL;
    if (flag == NULL || may_have_https(s))
        return true;
    buf_add_printf(problem, "%s: no listener speaks https; add one by --listen https://HOST:PORT\n", flag);
    return false;
}

static bool check_certificates(const settings *s, buf *problem)
{
    char address[LISTEN_TEXT_BYTES];
    const listen_address *https = first_https(s);
    if (has_certificates(s))
        return true;
    if (https != NULL)
        listen_address_print(https, address);
    buf_add_printf(
        problem,
        "--listen %s: there is no certificate; give --tls-cert FILE and --tls-key FILE, --acme NAME, or "
        "--tls-dev for development\n",
        https != NULL ? address : "systemd");
    return false;
}

static bool check_hsts(const settings *s, buf *problem)
{
    const char *value = tls_start_hsts(s);
    static const char name[] = "Strict-Transport-Security";
    if (value == NULL || (strncmp(value, "max-age=", 8) == 0 &&
                          http_field_is_valid(name, sizeof name - 1, value, strlen(value))))
        return true;
    buf_add_printf(problem, "--hsts: \"%s\" is not auto, off, or like max-age=31536000; includeSubDomains\n",
                   value);
    return false;
}

static bool check_client_auth(const settings *s, buf *problem)
{
    bool is_on = s->tls_client_auth != NULL && strcmp(s->tls_client_auth, "off") != 0;
    if (!is_on || s->tls_client_ca != NULL)
        return true;
    buf_add_printf(
        problem,
        "--tls-client-auth: \"%s\" needs the authorities of client certificates; name their file by "
        "--tls-client-ca FILE\n",
        s->tls_client_auth);
    return false;
}

static tls_client_auth client_auth_of(const settings *s)
{
    if (s->tls_client_ca == NULL)
        return TLS_CLIENT_AUTH_OFF;
    if (s->tls_client_auth == NULL || strcmp(s->tls_client_auth, "required") == 0)
        return TLS_CLIENT_AUTH_REQUIRED;
    return strcmp(s->tls_client_auth, "optional") == 0 ? TLS_CLIENT_AUTH_OPTIONAL : TLS_CLIENT_AUTH_OFF;
}

/* -- certificates -- */

/** Copies the paths, of which the lists have slices. */
static char *copy_paths(const path_list *list, char *at, const char *out[])
{
    for (unsigned i = 0; i < list->list.count; i++) {
        out[i] = at;
        memcpy(at, list->items[i].data, list->items[i].len);
        at[list->items[i].len] = '\0';
        at += list->items[i].len + 1;
    }
    return at;
}

static size_t bytes_of(const path_list *list)
{
    size_t bytes = 1;
    for (unsigned i = 0; i < list->list.count; i++)
        bytes += list->items[i].len + 1;
    return bytes;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/** Keys belong to the files in their order; a folder has its own. */
static bool pair_files(tls_start *t, const settings *s, buf *problem)
{
    const char *certificates[PATHS_MAX], *keys[PATHS_MAX];
    unsigned used = 0;
    t->paths = mem_alloc(bytes_of(&s->tls_certificates) + bytes_of(&s->tls_keys));
    if (t->paths == NULL) {
        buf_add_text(problem, "out of memory\n");
        return false;
    }
    copy_paths(&s->tls_keys, copy_paths(&s->tls_certificates, t->paths, certificates), keys);
    for (unsigned i = 0; i < s->tls_certificates.list.count; i++) {
        bool has_key = used < s->tls_keys.list.count && !is_folder(certificates[i]);
        t->sources[t->source_count++] = (tls_source){certificates[i], has_key ? keys[used++] : NULL};
    }
    if (used == s->tls_keys.list.count)
        return true;
    buf_add_printf(problem, "--tls-key: %s has no certificate; give a --tls-cert FILE for each key\n",
                   keys[used]);
    return false;
}

static bool add_dev(tls_start *t, const settings *s, buf *problem)
{
    if (!s->tls_dev)
        return true;
    if (!tls_dev_prepare(&t->dev, problem))
        return false;
    t->sources[t->source_count++] = (tls_source){t->dev.certificate.data, t->dev.key.data};
    return true;
}

static void add_acme(tls_start *t, const app_acme *acme)
{
    for (unsigned i = 0; i < acme->config.certificate_count; i++)
        t->sources[t->source_count++] = (tls_source){acme->certificates[i], NULL};
}

/** What clients may choose from, the preferred one first. */
static const char *const *protocols_of(const settings *s)
{
    const char *problem = NULL;
    if (s->http2 && http_can_speak_2(&problem))
        return protocols;
    if (problem != NULL)
        tern_log(TERN_LOG_WARN, "%s. Clients get HTTP/1.1 (--http2=off leaves this message out)", problem);
    return protocols + 1;
}

bool tls_start_open(tls_start *t, const settings *s, const app_acme *acme, buf *problem)
{
    if (!check_use(s, problem) || !check_hsts(s, problem) || !check_client_auth(s, problem))
        return false;
    if (first_https(s) == NULL && !(may_have_https(s) && has_certificates(s)))
        return true;
    if (!check_certificates(s, problem) || !pair_files(t, s, problem) || !add_dev(t, s, problem))
        return false;
    add_acme(t, acme);
    const tls_settings how = {.sources = t->sources,
                              .source_count = t->source_count,
                              .protocols = protocols_of(s),
                              .challenge_folder = acme->challenges.data,
                              .client_ca = s->tls_client_ca,
                              .client_auth = client_auth_of(s)};
    t->context = tls_context_new(&how, problem);
    return t->context != NULL;
}

void tls_start_close(tls_start *t)
{
    tls_context_free(t->context);
    tls_dev_free(&t->dev);
    mem_free(t->paths);
    *t = (tls_start){0};
}

void tls_start_tell(const tls_start *t, const settings *s)
{
    if (s->tls_dev && t->context != NULL)
        tern_log(
            TERN_LOG_INFO,
            "the certificate for development is signed by %s: `curl --cacert %s` trusts it, and so do browsers that "
            "import this file as an authority",
            t->dev.authority.data, t->dev.authority.data);
}
