/*
 * What an operator writes and a server of Redis sends: URLs are read into hosts and ports in their bounds, or refused in
 * one line; redirections and slots are in their bounds; and replies are the same when they arrive in pieces, also when
 * nobody wants one any more. The first byte chooses.
 */
#include "base/arena.h"
#include "redis/cluster.h"
#include "redis/reply.h"
#include "redis/url.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

enum { MOST_BYTES = 100000 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_url(const char *text)
{
    redis_url url;
    buf problem = {0};
    if (!redis_url_read(text, &url, &problem)) {
        require(problem.len > 0 && strchr(problem.data, '\n') == NULL);
        buf_free(&problem);
        return;
    }
    require(problem.len == 0 && url.host_count >= 1 && url.host_count <= REDIS_HOSTS_MOST);
    require(url.host_count == 1 || url.mode != REDIS_SINGLE);
    require((url.service != NULL) == (url.mode == REDIS_SENTINEL));
    require(url.user == NULL || url.password != NULL);
    for (unsigned i = 0; i < url.host_count; i++) {
        size_t len = strlen(url.hosts[i].name);
        require(len > 0 && len < REDIS_HOST_BYTES && (url.hosts[i].port != 0) != url.is_unix);
    }
    redis_url_free(&url);
}

static void check_redirect(const char *text, size_t len)
{
    cluster_redirect to;
    if (redis_cluster_redirect_read((tern_str){text, len}, &to))
        require(to.slot < CLUSTER_SLOTS && to.port != 0 && strlen(to.host) < REDIS_HOST_BYTES);
    require(redis_cluster_slot((tern_str){text, len}) < CLUSTER_SLOTS);
}

static void check_ranges(const tern_redis_reply *reply)
{
    cluster_range range;
    for (size_t i = 0; i < reply->count; i++)
        if (redis_cluster_range_read(&reply->items[i], &range))
            require(range.first <= range.last && range.last < CLUSTER_SLOTS && range.port != 0 &&
                    strlen(range.host) < REDIS_HOST_BYTES);
}

static bool is_same(const tern_redis_reply *a, const tern_redis_reply *b)
{
    if (a->kind != b->kind || a->integer != b->integer || a->count != b->count ||
        a->text.len != b->text.len ||
        (a->text.len != 0 && memcmp(a->text.data, b->text.data, a->text.len) != 0))
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!is_same(&a->items[i], &b->items[i]))
            return false;
    return true;
}

typedef struct reading {
    reply_reader reader;
    reply_place place;
    tern_redis_reply reply;
    arena memory;
    reply_step step;
} reading;

/** Reads one reply in pieces of `piece` bytes; after `left` bytes nobody wants it. */
static void read_reply(reading *r, const char *data, size_t len, size_t piece, size_t left)
{
    memset(r, 0, sizeof *r);
    require(redis_reply_reader_open(&r->reader, MOST_BYTES));
    arena_init(&r->memory, NULL, 0, 4 * 1024 * 1024);
    r->place = (reply_place){.reply = &r->reply, .arena = &r->memory};
    r->reader.place = &r->place;
    for (size_t at = 0; at < len && r->step == REPLY_PARTIAL; at += piece) {
        size_t now = len - at < piece ? len - at : piece;
        if (at >= left && r->place.reply != NULL) {
            r->place.reply = NULL;
            arena_free(&r->memory);
            arena_init(&r->memory, NULL, 0, 0);
        }
        require(redis_reply_feed(&r->reader, data + at, now));
        r->step = redis_reply_next(&r->reader);
        require(r->step != REPLY_FAILED || r->reader.problem != NULL);
    }
}

static void end_reply(reading *r)
{
    redis_reply_reader_close(&r->reader);
    arena_free(&r->memory);
}

static void check_reply(const char *data, size_t len, size_t piece)
{
    reading whole, pieces, dropped;
    read_reply(&whole, data, len, len > 0 ? len : 1, SIZE_MAX);
    read_reply(&pieces, data, len, piece, SIZE_MAX);
    read_reply(&dropped, data, len, piece, len / 2);
    require((whole.step == REPLY_COMPLETE) == (pieces.step == REPLY_COMPLETE));
    require((whole.step == REPLY_COMPLETE) == (dropped.step == REPLY_COMPLETE));
    if (whole.step == REPLY_COMPLETE) {
        require(is_same(&whole.reply, &pieces.reply));
        check_ranges(&whole.reply);
    }
    end_reply(&whole);
    end_reply(&pieces);
    end_reply(&dropped);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    const char *why;
    if (size == 0 || size > 5000 || !hiredis_load(&why))
        return 0;
    char *text = malloc(size);
    require(text != NULL);
    memcpy(text, input + 1, size - 1);
    text[size - 1] = '\0';
    if (input[0] == 0)
        check_url(text);
    else if (input[0] == 1)
        check_redirect(text, size - 1);
    else
        check_reply(text, size - 1, input[0]);
    free(text);
    return 0;
}
