/** Writes bodies to the log, for development. */
#include <tern/log.h>
#include <tern/middleware.h>

#include <string.h>
#include <strings.h>

enum { MAX_BYTES = 2048, WORDS_MOST = 32 };

typedef struct dumper {
    tern_body_dump_options options;
    const char *words[WORDS_MOST]; /* what names of secrets contain */
    size_t lens[WORDS_MOST];
    unsigned count;
} dumper;

static const char usual_words[] =
    "password, passwd, secret, token, authorization, api_key, apikey, private_key, credit, card, "
    "cvc, cvv, iban, pin, ssn, session, cookie, otp";

static void prepare(tern_app *app, void *options)
{
    dumper *self = options;
    if (self == NULL) {
        tern_mistake(app, "body_dump: out of memory");
        return;
    }
    self->count = 0;
    for (const char *at = self->options.secrets; *(at += strspn(at, ", ")) != '\0';) {
        const size_t len = strcspn(at, ", ");
        if (self->count == WORDS_MOST) {
            tern_mistake(app, "body_dump: .secrets has more than %d words", WORDS_MOST);
            return;
        }
        self->words[self->count] = at;
        self->lens[self->count++] = len;
        at += len;
    }
    tern_log(TERN_LOG_WARN,
             "body_dump: at the level debug, bodies of requests and replies are written to the log; this is "
             "for development alone");
}

/* -- masking -- */

static bool contains(const char *text, size_t len, const char *word, size_t word_len)
{
    for (size_t i = 0; i + word_len <= len; i++)
        if (strncasecmp(text + i, word, word_len) == 0)
            return true;
    return false;
}

static bool is_secret(const dumper *self, const char *name, size_t len)
{
    for (unsigned i = 0; i < self->count; i++)
        if (contains(name, len, self->words[i], self->lens[i]))
            return true;
    return false;
}

/** The end of a string in JSON that begins at `at`, after its closing quote or at the end of the text. */
static const char *after_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        at += *at == '\\' && at + 1 < end;
    return at < end ? at + 1 : end;
}

/** The end of a value in JSON; at the end of the text if it is cut. */
static const char *after_value(const char *at, const char *end)
{
    unsigned depth = 0;
    while (at < end) {
        if (*at == '"')
            at = after_string(at, end);
        else if (depth == 0 && memchr(",}] \n\r\t", *at, 7) != NULL)
            return at;
        else
            depth += (unsigned)(*at == '{' || *at == '['),
                depth -= (unsigned)(depth != 0 && (*at == '}' || *at == ']')), at++;
        if (depth == 0 && (at == end || at[-1] == '"' || at[-1] == '}' || at[-1] == ']'))
            return at;
    }
    return end;
}

/** A copy of JSON in which the values of secret keys are "***". */
static const char *mask_json(tern_ctx *c, const dumper *self, const char *at, const char *end)
{
    char *text = tern_alloc(c, 2 * (size_t)(end - at) + 16), *out = text;
    while (at < end) {
        const char *from = at;
        at = *at == '"' ? after_string(at, end) : at + 1;
        memcpy(out, from, (size_t)(at - from));
        out += at - from;
        if (*from != '"')
            continue;
        const char *colon = at;
        while (colon < end && memchr(" \n\r\t", *colon, 4) != NULL)
            colon++;
        if (colon == end || *colon != ':' || !is_secret(self, from, (size_t)(at - from)))
            continue;
        for (colon++; colon < end && memchr(" \n\r\t", *colon, 4) != NULL;)
            colon++;
        out = stpcpy(out, ":\"***\"");
        at = after_value(colon, end);
    }
    *out = '\0';
    return text;
}

/** A copy of a form in which the values of secret fields are "***". */
static const char *mask_form(tern_ctx *c, const dumper *self, const char *at, const char *end)
{
    char *text = tern_alloc(c, 4 * (size_t)(end - at) + 16), *out = text;
    while (at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        stop = stop != NULL ? stop : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        const bool hides = equals != NULL && is_secret(self, at, (size_t)(equals - at));
        const char *copied = hides ? equals + 1 : stop;
        memcpy(out, at, (size_t)(copied - at));
        out += copied - at;
        out = hides ? stpcpy(out, "***") : out;
        at = stop < end ? stop + 1 : end;
        if (stop < end)
            *out++ = '&';
    }
    *out = '\0';
    return text;
}

static bool has_type(const char *type, const char *part)
{
    return type != NULL && strcasestr(type, part) != NULL;
}

/** The body as a line of the log has it. */
static const char *shown(tern_ctx *c, const dumper *self, const char *type, const char *data, size_t len)
{
    const size_t most = self->options.max_bytes, kept = len < most ? len : most;
    const char *text, *cut = len > most ? tern_sprintf(c, "... (%zu bytes)", len) : "";
    if (len == 0)
        return "";
    if (has_type(type, "json"))
        text = mask_json(c, self, data, data + kept);
    else if (has_type(type, "form-urlencoded"))
        text = mask_form(c, self, data, data + kept);
    else if (has_type(type, "text/plain") || has_type(type, "text/html"))
        text = tern_sprintf(c, "%.*s", (int)kept, data);
    else
        return tern_sprintf(c, "(%zu bytes of %s)", len, type != NULL ? type : "no type");
    return tern_sprintf(c, "%s%s", text, cut);
}

static const char *shown_reply(tern_ctx *c, const dumper *self, const tern_reply *reply)
{
    const char *type = tern_reply_header(c, "Content-Type");
    if (type == NULL)
        type = reply->type;
    if (reply->kind == TERN_REPLY_FILE)
        return "(a file)";
    if (reply->kind == TERN_REPLY_STREAM)
        return "(a stream)";
    if (tern_reply_header(c, "Content-Encoding") != NULL)
        return tern_sprintf(c, "(%zu bytes of %s, encoded)", reply->len, type != NULL ? type : "no type");
    return shown(c, self, type, reply->data, reply->len);
}

static tern_reply run(tern_ctx *c, void *options)
{
    const dumper *self = options;
    if (!tern_log_enabled(TERN_LOG_DEBUG))
        return tern_next(c);
    const char *request = "(a stream)";
    if (!tern_streams_body(c)) { /* now: the reader of JSON changes it */
        const tern_str body = tern_body(c);
        request = shown(c, self, tern_header(c, "Content-Type"), body.data, body.len);
    }
    tern_reply reply = tern_next(c);
    const tern_log_field fields[] = {{.name = "method", .text = tern_method(c)},
                                     {.name = "path", .text = tern_path(c)},
                                     {.name = "request", .text = request},
                                     {.name = "status", .number = reply.status},
                                     {.name = "reply", .text = shown_reply(c, self, &reply)},
                                     {.name = "request_id", .text = tern_request_id(c)}};
    tern_log_event(TERN_LOG_DEBUG, "bodies", fields, sizeof fields / sizeof *fields);
    return reply;
}

tern_middleware tern_body_dump_with(const tern_body_dump_options *options)
{
    dumper made = {.options = *options};
    if (made.options.secrets == NULL)
        made.options.secrets = usual_words;
    if (made.options.max_bytes == 0)
        made.options.max_bytes = MAX_BYTES;
    return (tern_middleware){.name = "body_dump",
                             .run = run,
                             .options = tern_keep(&made, sizeof made),
                             .skip = options->skip,
                             .prepare = prepare};
}
