#include "fetch/message.h"

#include "app/bind/bind.h"
#include "base/text.h"
#include "http/url.h"
#include "schema/json/json.h"
#include "schema/scalar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- headers -- */

typedef enum given_header {
    GIVEN_USER_AGENT = 1,
    GIVEN_ACCEPT = 2,
    GIVEN_TYPE = 4,
    GIVEN_AUTHORIZATION = 8,
    GIVEN_KEY = 16,
    GIVEN_TRACE = 32,
    GIVEN_REQUEST_ID = 64,
} given_header;

static const struct {
    const char *name;
    unsigned given; /* 0: the client's own, refused */
} known_headers[] = {
    {"user-agent", GIVEN_USER_AGENT},
    {"accept", GIVEN_ACCEPT},
    {"content-type", GIVEN_TYPE},
    {"authorization", GIVEN_AUTHORIZATION},
    {"idempotency-key", GIVEN_KEY},
    {"traceparent", GIVEN_TRACE},
    {"x-request-id", GIVEN_REQUEST_ID},
    {"host", 0},
    {"content-length", 0},
    {"transfer-encoding", 0},
    {"connection", 0},
    {"keep-alive", 0},
    {"upgrade", 0},
    {"te", 0},
    {"trailer", 0},
    {"expect", 0},
    {"proxy-connection", 0},
};

static const char *check_header(tern_ctx *c, const char *line, unsigned *given)
{
    const char *colon = strchr(line, ':');
    size_t name_len = colon != NULL ? (size_t)(colon - line) : 0;
    if (colon == NULL || !http_field_is_valid(line, name_len, colon + 1, strlen(colon + 1)))
        return "a header is not \"Name: value\" without line ends";
    for (size_t i = 0; i < sizeof known_headers / sizeof *known_headers; i++) {
        if (strlen(known_headers[i].name) != name_len ||
            !text_equal_nocase(line, known_headers[i].name, name_len))
            continue;
        if (known_headers[i].given == 0)
            return tern_sprintf(c, "the header %s is the client's own, and cannot be given",
                                known_headers[i].name);
        *given |= known_headers[i].given;
    }
    return NULL;
}

/* Room is checked by the callers: the options' headers leave some for Tern's own. */
static void add_line(fetch_message *m, const char *line)
{
    m->lines[m->line_count++] = line;
}

static const char *add_headers(fetch_message *m, tern_ctx *c, unsigned *given)
{
    enum { OWN_MOST = 12 };
    for (const char *const *line = m->options->headers; line != NULL && *line != NULL; line++) {
        const char *problem = check_header(c, *line, given);
        if (problem != NULL)
            return problem;
        if (m->line_count == FETCH_LINES_MOST - OWN_MOST)
            return "it has more than 116 headers";
        add_line(m, *line);
    }
    return NULL;
}

static bool is_visible(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static const char *base64(tern_ctx *c, const char *text)
{
    size_t len = strlen(text);
    char *out = tern_alloc(c, (len + 2) / 3 * 4 + 1);
    base64_print((const uint8_t *)text, len, out);
    return out;
}

static const char *add_authorization(fetch_message *m, tern_ctx *c, unsigned given)
{
    const tern_fetch_options *o = m->options;
    if (o->bearer == NULL && o->basic == NULL)
        return NULL;
    if ((o->bearer != NULL && o->basic != NULL) || (given & GIVEN_AUTHORIZATION) != 0)
        return "it has two of .bearer, .basic and the header Authorization";
    if (!is_visible(o->bearer != NULL ? o->bearer : o->basic))
        return ".bearer or .basic contains a control character";
    add_line(m, o->bearer != NULL ? tern_sprintf(c, "Authorization: Bearer %s", o->bearer)
                                  : tern_sprintf(c, "Authorization: Basic %s", base64(c, o->basic)));
    return NULL;
}

/* version "00", 32 and 16 hex digits that are not all 0, flags: W3C Trace Context. */
static bool is_trace(const char *text)
{
    static const char zeros[] = "00000000000000000000000000000000";
    if (text == NULL || strlen(text) != 55 || memcmp(text, "00-", 3) != 0 || text[35] != '-' ||
        text[52] != '-')
        return false;
    for (size_t i = 3; i < 55; i++)
        if (i != 35 && i != 52 && (text_hex_value(text[i]) < 0 || (text[i] >= 'A' && text[i] <= 'F')))
            return false;
    return memcmp(text + 3, zeros, 32) != 0 && memcmp(text + 36, zeros, 16) != 0;
}

static void add_trace(fetch_message *m, tern_ctx *c, unsigned given)
{
    const char *trace = (given & GIVEN_TRACE) == 0 ? tern_header(c, "traceparent") : NULL;
    if (is_trace(trace)) {
        const char *state = tern_header(c, "tracestate");
        add_line(m, tern_sprintf(c, "traceparent: %s", trace));
        if (state != NULL && is_visible(state) && strlen(state) <= 512)
            add_line(m, tern_sprintf(c, "tracestate: %s", state));
    }
    if ((given & GIVEN_REQUEST_ID) == 0)
        add_line(m, tern_sprintf(c, "X-Request-ID: %s", tern_request_id(c)));
}

static void add_own(fetch_message *m, tern_ctx *c, unsigned given)
{
    if ((given & GIVEN_USER_AGENT) == 0) {
        const char *agent = m->settings->user_agent;
        if (strcmp(agent, "tern") == 0)
            add_line(m, "User-Agent: tern");
        else if (is_visible(agent))
            add_line(m, tern_sprintf(c, "User-Agent: %s", agent));
    }
    if ((given & GIVEN_ACCEPT) == 0)
        add_line(m, m->options->into != NULL ? "Accept: application/json" : "Accept: */*");
    add_trace(m, c, given);
}

/* -- the body -- */

static const char *encode_json(fetch_message *m, tern_ctx *c)
{
    const tern_typed *json = &m->options->json;
    json_out out;
    if (json->value == NULL)
        return "the value of .json is NULL";
    bind_need_plan(c, json->type);
    json_out_init(&out, ctx_arena(c), 512);
    if (!json_encode(json->type, json->value, &out))
        return out.refusal == JSON_NOT_REFUSED ? "out of memory for .json"
                                               : "the value of .json breaks its model's rules";
    m->body = (tern_str){out.data, out.len};
    return NULL;
}

static void encode_form(fetch_message *m, tern_ctx *c)
{
    char *text = tern_alloc(c, pairs_bytes(m->options->form));
    m->body = (tern_str){text, (size_t)(pairs_write(text, m->options->form) - text)};
}

static const char *make_body(fetch_message *m, tern_ctx *c, unsigned given)
{
    const tern_fetch_options *o = m->options;
    const char *type = NULL, *problem = NULL;
    int bodies = (o->json.type != NULL) + (o->json_text != NULL) + (o->form != NULL) +
                 (o->body.data != NULL) + (o->produce != NULL);
    if (bodies > 1)
        return "it has two bodies: give one of .json, .json_text, .form, .body and .produce";
    m->body = (tern_str){"", 0};
    m->has_body = bodies == 1;
    if (o->json.type != NULL)
        problem = encode_json(m, c);
    else if (o->json_text != NULL)
        m->body = (tern_str){o->json_text, strlen(o->json_text)};
    else if (o->form != NULL)
        encode_form(m, c);
    else if (o->body.data != NULL)
        m->body = o->body;
    m->is_produced = o->produce != NULL;
    if (o->json.type != NULL || o->json_text != NULL)
        type = "Content-Type: application/json";
    else if (o->form != NULL)
        type = "Content-Type: application/x-www-form-urlencoded";
    else if (bodies == 1 && o->content_type == NULL)
        type = "Content-Type: application/octet-stream";
    else if (bodies == 1 && is_visible(o->content_type))
        type = tern_sprintf(c, "Content-Type: %s", o->content_type);
    else if (bodies == 1)
        return ".content_type contains a control character";
    if (type != NULL && (given & GIVEN_TYPE) == 0)
        add_line(m, type);
    return problem;
}

/* -- all of it -- */

static bool is_one_of(const char *method, const char *list)
{
    const char *found = strstr(list, method);
    size_t len = strlen(method);
    return found != NULL && (found == list || found[-1] == ' ') && (found[len] == ' ' || found[len] == '\0');
}

static const char *set_method(fetch_message *m)
{
    const tern_fetch_options *o = m->options;
    bool has_body = o->json.type != NULL || o->json_text != NULL || o->form != NULL || o->body.data != NULL ||
                    o->produce != NULL;
    m->method = o->method != NULL ? o->method : has_body ? "POST" : "GET";
    if (*m->method == '\0' || strlen(m->method) > 32 ||
        !http_field_is_valid(m->method, strlen(m->method), "", 0)) {
        m->method = "(bad method)";
        return "its method is not a token of at most 32 characters";
    }
    if (strcmp(m->method, "CONNECT") == 0)
        return "CONNECT cannot be called";
    m->is_head = strcmp(m->method, "HEAD") == 0;
    m->is_idempotent = is_one_of(m->method, "GET HEAD PUT DELETE OPTIONS TRACE QUERY");
    return NULL;
}

static bool has_environment_proxy(void)
{
    return getenv("http_proxy") != NULL || getenv("all_proxy") != NULL || getenv("ALL_PROXY") != NULL;
}

static bool is_proxied(const fetch_message *m)
{
    const char *proxy = m->options->proxy != NULL ? m->options->proxy : m->settings->proxy;
    if (m->options->public_only)
        return false;
    return proxy != NULL ? *proxy != '\0' : has_environment_proxy();
}

const char *message_make(fetch_message *m, tern_ctx *c, const char *url, const tern_fetch_options *options,
                         const tern_fetch_settings *settings)
{
    unsigned given = 0;
    m->options = options;
    m->settings = settings;
    m->line_count = 0;
    m->target.shown = "(bad URL)";
    const char *problem = set_method(m);
    if (problem != NULL)
        return problem;
    problem = target_read(&m->target, ctx_arena(c), url, options->query);
    if (problem == NULL)
        problem = add_headers(m, c, &given);
    if (problem == NULL)
        problem = add_authorization(m, c, given);
    if (problem == NULL)
        problem = make_body(m, c, given);
    if (problem != NULL)
        return problem;
    if (!m->has_body && is_one_of(m->method, "POST PUT PATCH"))
        m->has_body = true;
    m->is_idempotent |= (given & GIVEN_KEY) != 0;
    m->is_idempotent &= !m->is_produced;
    m->is_proxied = is_proxied(m);
    if (options->public_only && options->proxy != NULL && *options->proxy != '\0')
        return ".public_only cannot see what a .proxy connects to";
    add_own(m, c, given);
    return NULL;
}

/* -- redirects -- */

static bool is_secret(const char *line)
{
    return strncasecmp(line, "authorization:", 14) == 0 || strncasecmp(line, "cookie:", 7) == 0 ||
           strncasecmp(line, "proxy-authorization:", 20) == 0;
}

static bool is_of_body(const char *line)
{
    return strncasecmp(line, "content-", 8) == 0;
}

static void drop_lines(fetch_message *m, bool (*drops)(const char *line))
{
    unsigned kept = 0;
    for (unsigned i = 0; i < m->line_count; i++)
        if (!drops(m->lines[i]))
            m->lines[kept++] = m->lines[i];
    m->line_count = kept;
}

const char *message_redirect(fetch_message *m, tern_ctx *c, int status, const char *location,
                             tern_fetch_error *error)
{
    fetch_target to;
    *error = TERN_FETCH_BROKEN;
    const char *problem = target_follow(&to, ctx_arena(c), &m->target, location);
    if (problem != NULL)
        return tern_sprintf(c, "it redirects to an address that cannot be called: %s", problem);
    if (m->target.is_tls && !to.is_tls) {
        *error = TERN_FETCH_FORBIDDEN;
        return tern_sprintf(c, "it redirects from https to %s", to.shown);
    }
    bool becomes_get = (status == 303 && !m->is_head) ||
                       ((status == 301 || status == 302) && strcmp(m->method, "POST") == 0);
    if (!becomes_get && m->is_produced)
        return "it redirects, but a produced body can be sent only once";
    if (becomes_get) {
        m->method = "GET";
        m->body = (tern_str){"", 0};
        m->has_body = m->is_produced = false;
        m->is_idempotent = true;
        drop_lines(m, is_of_body);
    }
    if (strcmp(to.origin, m->target.origin) != 0)
        drop_lines(m, is_secret);
    m->target = to;
    return NULL;
}
