/* An application that sends to Redis what the tests ask it to. Only the public interface is used. */
#include <tern.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
TERN_MODEL(Ask, (tern_text_list, word, .optional = true))
TERN_MODEL(Count, (int, times, .fallback = "1"), (const char *, key, .fallback = "count"))
/* clang-format on */

/** A reply as JSON; texts are in hexadecimal, because they may be any bytes. */
static void show(const tern_redis_reply *r, FILE *out)
{
    static const char *const kinds[] = {"nil", "integer", "string", "status", "array", "error"};
    fprintf(out, "{\"kind\":\"%s\",\"fault\":%d,\"integer\":%lld,\"hex\":\"", kinds[r->kind], (int)r->fault,
            (long long)r->integer);
    for (size_t i = 0; i < r->text.len && i < 4096; i++)
        fprintf(out, "%02x", (unsigned char)r->text.data[i]);
    fprintf(out, "\",\"length\":%zu,\"count\":%zu,\"items\":[", r->text.len, r->count);
    for (size_t i = 0; i < r->count && i < 100; i++) {
        if (i > 0)
            fputc(',', out);
        show(&r->items[i], out);
    }
    fputs("]}", out);
}

static tern_reply shown(tern_ctx *c, const tern_redis_reply *r)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    show(r, out);
    fclose(out);
    tern_defer(c, free, text);
    return tern_json_text(c, tern_sprintf(c, "%s", text));
}

static const tern_str *words_of(tern_ctx *c, const tern_text_list *list)
{
    tern_str *words = tern_alloc(c, (list->count + 1) * sizeof *words);
    for (size_t i = 0; i < list->count; i++)
        words[i] = (tern_str){list->items[i], strlen(list->items[i])};
    return words;
}

TERN_HANDLER(try_it, Ask, in)
{
    return shown(c, tern_redis_argv_try(c, words_of(c, &in->word), in->word.count));
}

TERN_HANDLER(must, Ask, in)
{
    return shown(c, tern_redis_argv(c, words_of(c, &in->word), in->word.count));
}

TERN_HANDLER(increment, Count, in)
{
    return tern_textf(c, "%lld", (long long)tern_redis(c, "INCR %s", in->key)->integer);
}

TERN_HANDLER(bytes)
{
    static const unsigned char nul[] = {'a', 0, 'b', '\r', '\n'};
    tern_redis(c, "SET {%s}:1 %b", "bytes", nul, sizeof nul);
    tern_redis(c, "SET {%s}:2 %b", "bytes", TERN_STR("x\0y"));
    tern_redis(c, "RPUSH {bytes}:3 %d %lld %u %f %s", -1, 1LL << 40, 7u, 0.25, "a b\r\nSET z 1");
    tern_redis_pipeline *p = tern_redis_pipeline_new(c);
    tern_redis_add(p, "GET {bytes}:1");
    tern_redis_add(p, "GET {bytes}:2");
    tern_redis_add(p, "LRANGE {bytes}:3 0 -1");
    tern_redis_add(p, "DEL {bytes}:1 {bytes}:2 {bytes}:3");
    return shown(c, tern_redis_send(p));
}

static void increment_task(tern_ctx *c, void *key)
{
    tern_redis(c, "INCR %s", (const char *)key);
}

/** Many at once, from one request. */
TERN_HANDLER(many, Count, in)
{
    tern_task **tasks = tern_alloc(c, (size_t)in->times * sizeof(tern_task *));
    for (int i = 0; i < in->times; i++)
        tasks[i] = tern_go(c, increment_task, (void *)(uintptr_t)in->key);
    for (int i = 0; i < in->times; i++)
        tern_wait(c, tasks[i]);
    return tern_text(c, tern_redis(c, "GET %s", in->key)->text.data);
}

TERN_HANDLER(pipeline, Count, in)
{
    tern_redis_pipeline *p = tern_redis_pipeline_new(c);
    for (int i = 0; i < in->times; i++)
        tern_redis_add(p, "INCR %s%d", in->key, i % 10);
    return shown(c, tern_redis_send_try(p));
}

TERN_HANDLER(exec, Count, in)
{
    tern_redis_pipeline *p = tern_redis_pipeline_new(c);
    tern_redis_add(p, "INCR {%s}", in->key);
    tern_redis_add(p, "LPUSH {%s} x", in->key); /* WRONGTYPE */
    tern_redis_add(p, "INCR {%s}", in->key);
    return shown(c, tern_redis_exec_try(p));
}

TERN_HANDLER(mixed, Count, in)
{
    tern_redis_pipeline *p = tern_redis_pipeline_new(c);
    tern_redis_add(p, "SET %s 1", in->key);
    tern_redis_add(p, "LPUSH %s x", in->key);
    return shown(c, tern_redis_send(p));
}

TERN_HANDLER(script, Count, in)
{
    static tern_redis_lua add = TERN_REDIS_LUA("return {KEYS[1], redis.call('INCRBY', KEYS[1], ARGV[1])}");
    return shown(c, tern_redis_script_try(c, &add, "1 %s %d", in->key, in->times));
}

TERN_HANDLER(wrong, Count, in)
{
    switch (in->times) {
    case 1:
        return shown(c, tern_redis_try(c, "SET %s %s", "a", 5));
    case 2:
        return shown(c, tern_redis_try(c, "SET %s %d", "a"));
    case 3:
        return shown(c, tern_redis_try(c, "GET %s", (const char *)NULL));
    case 4:
        return shown(c, tern_redis_try(c, "GET a", "b"));
    case 5:
        return shown(c, tern_redis_try(c, "SUBSCRIBE news"));
    default:
        return shown(c, tern_redis(c, "  "));
    }
}

static unsigned number(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : 0;
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Redis", .health = true);
    tern_redis_setup(app, .required = true, .timeout_ms = number("REDIS_TIMEOUT"),
                     .queue = number("REDIS_QUEUE"), .connect_timeout_ms = number("REDIS_CONNECT_TIMEOUT"),
                     .connections = number("REDIS_CONNECTIONS"), .max_reply = number("REDIS_MAX_REPLY"),
                     .ca_file = getenv("REDIS_CA"), .name = "test");
    tern_get(app, "/try", try_it);
    tern_get(app, "/must", must);
    tern_get(app, "/increment", increment);
    tern_get(app, "/bytes", bytes);
    tern_get(app, "/many", many);
    tern_get(app, "/pipeline", pipeline);
    tern_get(app, "/exec", exec);
    tern_get(app, "/mixed", mixed);
    tern_get(app, "/script", script);
    tern_get(app, "/wrong", wrong);
    return tern_run(app, argc, argv);
}
