#include "redis/command.h"

#include "base/text.h"
#include "schema/scalar.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* -- arguments -- */

static bool out_of_memory(command_words *w)
{
    w->is_memory_short = true;
    return false;
}

static bool add_word(command_words *w, tern_str word)
{
    if (w->count == w->room) {
        tern_str *more = arena_alloc(w->arena, 2 * w->room * sizeof *more);
        if (more == NULL)
            return out_of_memory(w);
        memcpy(more, w->list, w->count * sizeof *more);
        w->list = more;
        w->room *= 2;
    }
    w->list[w->count++] = word;
    return true;
}

/** Appends a piece to the word being read; `data` is NULL before the first one. */
static bool join(command_words *w, tern_str *word, tern_str piece)
{
    if (word->data == NULL) {
        *word = piece;
        return true;
    }
    char *both = arena_alloc(w->arena, word->len + piece.len + 1);
    if (both == NULL)
        return out_of_memory(w);
    memcpy(both, word->data, word->len);
    if (piece.len != 0)
        memcpy(both + word->len, piece.data, piece.len);
    *word = (tern_str){both, word->len + piece.len};
    return true;
}

static bool wrong(command_words *w, const char *format, const char *why)
{
    w->problem = arena_printf(w->arena, "\"%.80s\": %s", format, why);
    if (w->problem == NULL)
        return out_of_memory(w);
    return false;
}

/* -- values -- */

static bool print_number(command_words *w, const tern_redis_arg *arg, tern_str *out)
{
    char *text = arena_alloc(w->arena, SCALAR_PRINT_BYTES);
    if (text == NULL)
        return out_of_memory(w);
    size_t len = arg->kind == TERN_REDIS_ARG_INT    ? number_print_i64(arg->integer, text)
                 : arg->kind == TERN_REDIS_ARG_UINT ? number_print_u64(arg->natural, text)
                                                    : number_print_double(arg->real, text);
    *out = (tern_str){text, len};
    return true;
}

static bool print_uuid(command_words *w, const tern_uuid *uuid, tern_str *out)
{
    static const char digits[] = "0123456789abcdef";
    char *text = arena_alloc(w->arena, 36), *at = text;
    if (text == NULL)
        return out_of_memory(w);
    for (unsigned i = 0; i < sizeof uuid->bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = digits[uuid->bytes[i] >> 4];
        *at++ = digits[uuid->bytes[i] & 15];
    }
    *out = (tern_str){text, 36};
    return true;
}

static bool take_text(command_words *w, const char *format, const tern_redis_arg *arg, tern_str *out)
{
    if (arg->kind == TERN_REDIS_ARG_UUID)
        return print_uuid(w, &arg->uuid, out);
    if (arg->kind == TERN_REDIS_ARG_INT || arg->kind == TERN_REDIS_ARG_UINT)
        return wrong(w, format, "%s is given a whole number; write %d");
    if (arg->kind == TERN_REDIS_ARG_DOUBLE)
        return wrong(w, format, "%s is given a double; write %f");
    if (arg->kind == TERN_REDIS_ARG_POINTER)
        return wrong(w, format,
                     "%s is given a pointer that is not a text; write %b, and give its length too");
    *out = arg->text;
    if (out->data == NULL && (arg->kind == TERN_REDIS_ARG_TEXT || out->len != 0))
        return wrong(w, format, "the value of %s is NULL");
    if (out->data == NULL)
        out->data = "";
    return true;
}

/** `%b`: one value that has a length, or two. `*arg` moves past the second. */
static bool take_bytes(command_words *w, const char *format, const tern_redis_arg **arg, tern_str *out)
{
    const tern_redis_arg *first = *arg, *second = first + 1;
    if (first->kind == TERN_REDIS_ARG_SLICE)
        return take_text(w, format, first, out);
    if (first->kind != TERN_REDIS_ARG_POINTER && first->kind != TERN_REDIS_ARG_TEXT)
        return wrong(w, format, "%b is not given bytes: give a tern_str, or a pointer and its length");
    bool is_length = (second->kind == TERN_REDIS_ARG_INT && second->integer >= 0) ||
                     (second->kind == TERN_REDIS_ARG_UINT && second->natural <= PTRDIFF_MAX);
    if (!is_length)
        return wrong(w, format, "%b is given a pointer without its length, which is the next value");
    *arg = second;
    *out = (tern_str){first->text.data, (size_t)second->natural};
    if (out->data == NULL && out->len != 0)
        return wrong(w, format, "the value of %b is NULL");
    if (out->data == NULL)
        out->data = "";
    return true;
}

static bool take_number(command_words *w, const char *format, const tern_redis_arg *arg, bool is_whole,
                        tern_str *out)
{
    bool is_given_whole = arg->kind == TERN_REDIS_ARG_INT || arg->kind == TERN_REDIS_ARG_UINT;
    if (is_whole != is_given_whole || (!is_whole && arg->kind != TERN_REDIS_ARG_DOUBLE))
        return wrong(w, format,
                     is_whole         ? "%d is not given a whole number"
                     : is_given_whole ? "%f is given a whole number; write %d"
                                      : "%f is not given a double");
    if (!is_whole && !isfinite(arg->real))
        return wrong(w, format, "the value of %f is not a number that Redis reads");
    return print_number(w, arg, out);
}

/**
 * Reads the conversion that `*at` points into, after its '%', and its value. `*at` and `*arg` move past them.
 */
static bool take_value(command_words *w, const char *format, const char **at, const tern_redis_arg **arg,
                       tern_str *out)
{
    const char *type = *at + strspn(*at, "hlzjt");
    bool has_length = type != *at, is_taken = false;
    if (*type == '%' && !has_length) {
        *out = (tern_str){type, 1};
        *at = type + 1;
        return true;
    }
    if (*type == '\0' || strchr("sbdiufg", *type) == NULL || (has_length && strchr("sb", *type) != NULL))
        return wrong(w, format,
                     "after a % only s, b, d, i, u, f, g and % are known; write %% for a percent sign");
    if ((*arg)->kind == TERN_REDIS_ARG_END)
        return wrong(w, format, "it has more values than are given");
    if (*type == 's')
        is_taken = take_text(w, format, *arg, out);
    else if (*type == 'b')
        is_taken = take_bytes(w, format, arg, out);
    else
        is_taken = take_number(w, format, *arg, *type != 'f' && *type != 'g', out);
    ++*arg;
    *at = type + 1;
    return is_taken;
}

static void words_open(command_words *w, arena *a)
{
    w->arena = a;
    w->list = w->few;
    w->count = 0;
    w->room = COMMAND_WORDS_INLINE;
    w->is_memory_short = false;
    w->problem = NULL;
}

bool redis_command_format(command_words *w, arena *a, tern_redis_command command)
{
    const tern_redis_arg *arg = command.args;
    words_open(w, a);
    for (const char *at = command.format; *at != '\0';) {
        tern_str word = {0};
        if (*at == ' ') {
            at++;
            continue;
        }
        while (*at != '\0' && *at != ' ') {
            size_t len = strcspn(at, " %");
            tern_str piece = {at, len};
            at += len;
            if (len == 0) {
                at++; /* the '%' */
                if (!take_value(w, command.format, &at, &arg, &piece))
                    return false;
            }
            if (!join(w, &word, piece))
                return false;
        }
        if (!add_word(w, word))
            return false;
    }
    if (arg->kind != TERN_REDIS_ARG_END)
        return wrong(w, command.format, "more values are given than it has");
    return w->count != 0 || wrong(w, command.format, "it has no command");
}

bool redis_command_take(command_words *w, arena *a, const tern_str *list, size_t count)
{
    words_open(w, a);
    w->list = (tern_str *)(uintptr_t)list; /* which is only read from here on */
    w->count = w->room = count;
    if (count == 0 || count > COMMAND_ARGS_MOST) {
        w->problem = count == 0 ? "a command needs a name: no argument is given"
                                : "a command of more than 1,048,576 arguments, which Redis does not take";
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (list[i].data != NULL || list[i].len == 0)
            continue;
        w->problem = arena_printf(a, "argument %zu is NULL", i);
        w->is_memory_short = w->problem == NULL;
        return false;
    }
    return true;
}

/* -- the protocol -- */

static unsigned digits_of(size_t number)
{
    unsigned digits = 1;
    for (; number >= 10; number /= 10)
        digits++;
    return digits;
}

static char *put_head(char *at, char type, size_t number)
{
    *at++ = type;
    at += text_put_u64(at, number);
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

command_bytes redis_command_encode(const command_words *w)
{
    size_t len = 3 + digits_of(w->count);
    for (size_t i = 0; i < w->count; i++)
        len += 5 + digits_of(w->list[i].len) + w->list[i].len;
    char *data = arena_alloc(w->arena, len), *at = data;
    if (data == NULL)
        return (command_bytes){0};
    at = put_head(at, '*', w->count);
    for (size_t i = 0; i < w->count; i++) {
        at = put_head(at, '$', w->list[i].len);
        if (w->list[i].len != 0)
            memcpy(at, w->list[i].data, w->list[i].len);
        at += w->list[i].len;
        *at++ = '\r';
        *at++ = '\n';
    }
    return (command_bytes){data, len};
}

/* -- facts about commands -- */

typedef enum command_kind {
    USUAL,     /* its first key is its first argument */
    NO_KEY,    /* any node of a cluster */
    SECOND,    /* the key is the second argument */
    COUNTED_1, /* the first argument says how many keys follow it */
    COUNTED_2, /* the second one does */
    STREAMS,   /* keys follow the word STREAMS; with BLOCK it waits */
    CHANGES,   /* changes its connection */
    LISTENS,   /* turns its connection into one that only receives */
    GROUPS,    /* begins or ends a transaction */
    WAITS      /* may occupy its connection for long */
} command_kind;

/** In alphabetical order. */
static const struct {
    const char *name;
    command_kind kind;
} commands[] = {
    {"ACL", NO_KEY},           {"ASKING", CHANGES},       {"AUTH", CHANGES},     {"BGREWRITEAOF", NO_KEY},
    {"BGSAVE", NO_KEY},        {"BITOP", SECOND},         {"BLMOVE", WAITS},     {"BLMPOP", WAITS},
    {"BLPOP", WAITS},          {"BRPOP", WAITS},          {"BRPOPLPUSH", WAITS}, {"BZMPOP", WAITS},
    {"BZPOPMAX", WAITS},       {"BZPOPMIN", WAITS},       {"CLIENT", CHANGES},   {"CLUSTER", NO_KEY},
    {"COMMAND", NO_KEY},       {"CONFIG", NO_KEY},        {"DBSIZE", NO_KEY},    {"DEBUG", NO_KEY},
    {"DISCARD", GROUPS},       {"ECHO", NO_KEY},          {"EVAL", COUNTED_2},   {"EVALSHA", COUNTED_2},
    {"EVALSHA_RO", COUNTED_2}, {"EVAL_RO", COUNTED_2},    {"EXEC", GROUPS},      {"FAILOVER", NO_KEY},
    {"FCALL", COUNTED_2},      {"FCALL_RO", COUNTED_2},   {"FLUSHALL", NO_KEY},  {"FLUSHDB", NO_KEY},
    {"FUNCTION", NO_KEY},      {"HELLO", CHANGES},        {"INFO", NO_KEY},      {"KEYS", NO_KEY},
    {"LASTSAVE", NO_KEY},      {"LATENCY", NO_KEY},       {"LMPOP", COUNTED_1},  {"MEMORY", SECOND},
    {"MODULE", NO_KEY},        {"MONITOR", LISTENS},      {"MULTI", GROUPS},     {"OBJECT", SECOND},
    {"PING", NO_KEY},          {"PSUBSCRIBE", LISTENS},   {"PSYNC", LISTENS},    {"PUBLISH", NO_KEY},
    {"PUBSUB", NO_KEY},        {"PUNSUBSCRIBE", LISTENS}, {"QUIT", CHANGES},     {"RANDOMKEY", NO_KEY},
    {"READONLY", CHANGES},     {"READWRITE", CHANGES},    {"RESET", CHANGES},    {"ROLE", NO_KEY},
    {"SAVE", NO_KEY},          {"SCAN", NO_KEY},          {"SCRIPT", NO_KEY},    {"SELECT", CHANGES},
    {"SHUTDOWN", NO_KEY},      {"SINTERCARD", COUNTED_1}, {"SLOWLOG", NO_KEY},   {"SSUBSCRIBE", LISTENS},
    {"SUBSCRIBE", LISTENS},    {"SUNSUBSCRIBE", LISTENS}, {"SWAPDB", NO_KEY},    {"SYNC", LISTENS},
    {"TIME", NO_KEY},          {"UNSUBSCRIBE", LISTENS},  {"UNWATCH", GROUPS},   {"WAIT", WAITS},
    {"WAITAOF", WAITS},        {"WATCH", GROUPS},         {"XGROUP", SECOND},    {"XINFO", SECOND},
    {"XREAD", STREAMS},        {"XREADGROUP", STREAMS},   {"ZDIFF", COUNTED_1},  {"ZINTER", COUNTED_1},
    {"ZINTERCARD", COUNTED_1}, {"ZMPOP", COUNTED_1},      {"ZUNION", COUNTED_1},
};

static bool is_word(tern_str word, const char *name)
{
    size_t len = strlen(name);
    return word.len == len && text_equal_nocase(word.data, name, len);
}

/** Like strcmp of a word in any case and a name in capitals. */
static int compare(tern_str word, const char *name)
{
    for (size_t i = 0; i < word.len; i++) {
        int byte = (unsigned char)word.data[i];
        byte = byte >= 'a' && byte <= 'z' ? byte - 32 : byte;
        if (byte != name[i] || name[i] == '\0')
            return byte - name[i];
    }
    return -(int)(name[word.len] != '\0');
}

static command_kind kind_of(const command_words *w)
{
    size_t from = 0, to = sizeof commands / sizeof *commands;
    while (from < to) {
        size_t middle = (from + to) / 2;
        int order = compare(w->list[0], commands[middle].name);
        if (order == 0)
            return commands[middle].kind;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return USUAL;
}

static size_t place_of(const command_words *w, const char *name)
{
    for (size_t i = 1; i < w->count; i++)
        if (is_word(w->list[i], name))
            return i;
    return w->count;
}

/** CLIENT has harmless subcommands. */
static bool client_changes(const command_words *w)
{
    static const char *const harmless[] = {"LIST", "INFO",  "ID",      "GETNAME",
                                           "KILL", "PAUSE", "UNPAUSE", "UNBLOCK"};
    for (size_t i = 0; w->count > 1 && i < sizeof harmless / sizeof *harmless; i++)
        if (is_word(w->list[1], harmless[i]))
            return false;
    return true;
}

const char *redis_command_refusal(const command_words *w)
{
    switch (kind_of(w)) {
    case CHANGES:
        if (is_word(w->list[0], "CLIENT") && !client_changes(w))
            return NULL;
        return "it changes the connection, which other requests use too: set user, password and database in the "
               "URL";
    case LISTENS:
        return "it turns its connection into one that only receives, and other requests use it too";
    case GROUPS:
        return "other requests use the connection too: collect the commands by tern_redis_add, and send them by "
               "tern_redis_exec";
    case STREAMS:
        if (place_of(w, "BLOCK") >= place_of(w, "STREAMS"))
            return NULL; /* fall through */
    case WAITS:
        return "it occupies the connection while it waits, and other requests use it too: ask again without "
               "waiting";
    default:
        return NULL;
    }
}

static tern_str word_at(const command_words *w, size_t place)
{
    return place < w->count ? w->list[place] : (tern_str){0};
}

/** The key after the number of keys at `place`. */
static tern_str counted(const command_words *w, size_t place)
{
    uint64_t count;
    tern_str number = word_at(w, place);
    bool is_number = number.len != 0 && number.len <= 20 && text_get_u64(number.data, number.len, &count);
    return is_number && count > 0 ? word_at(w, place + 1) : (tern_str){0};
}

tern_str redis_command_key(const command_words *w)
{
    switch (kind_of(w)) {
    case USUAL:
        return word_at(w, 1);
    case SECOND:
        return word_at(w, 2);
    case COUNTED_1:
        return counted(w, 1);
    case COUNTED_2:
        return counted(w, 2);
    case STREAMS:
        return word_at(w, place_of(w, "STREAMS") + 1);
    default:
        return (tern_str){0};
    }
}

void redis_command_name(const command_words *w, char out[COMMAND_NAME_BYTES])
{
    size_t len = w->list[0].len < COMMAND_NAME_BYTES ? w->list[0].len : COMMAND_NAME_BYTES - 1;
    for (size_t i = 0; i < len; i++) {
        char byte = w->list[0].data[i];
        out[i] = byte >= 'a' && byte <= 'z' ? (char)(byte - 32) : byte > ' ' && byte < 127 ? byte : '?';
    }
    out[len] = '\0';
}
