/* URLs, redirections, slots, hashes of scripts, and replies as they arrive. */
#include "base/arena.h"
#include "base/mem.h"
#include "check.h"
#include "crypto/sha1.h"
#include "redis/cluster.h"
#include "redis/reply.h"
#include "redis/url.h"

/* -- URLs -- */

static redis_url url;

static void read_url(const char *text)
{
    buf problem = {0};
    if (!redis_url_read(text, &url, &problem))
        CHECK_TEXT(problem.data, "");
    buf_free(&problem);
}

static void check_refused(const char *text, const char *want)
{
    buf problem = {0};
    CHECK(!redis_url_read(text, &url, &problem));
    if (strstr(problem.data, want) == NULL)
        CHECK_TEXT(problem.data, want);
    CHECK(strstr(problem.data, "s3cret") == NULL && strchr(problem.data, '\n') == NULL);
    buf_free(&problem);
}

TEST(urls_of_each_form_are_read)
{
    read_url("redis://ann:p%40ss:w/rd@db.example:6380/3");
    CHECK_TEXT(url.user, "ann");
    CHECK_TEXT(url.password, "p@ss:w/rd");
    CHECK_TEXT(url.hosts[0].name, "db.example");
    CHECK_INT(url.hosts[0].port, 6380);
    CHECK_INT(url.database, 3);
    redis_url_free(&url);
    read_url("rediss://:secret@[::1]");
    CHECK(url.is_tls && url.user == NULL);
    CHECK_TEXT(url.password, "secret");
    CHECK_TEXT(url.hosts[0].name, "::1");
    CHECK_INT(url.hosts[0].port, 6379);
    redis_url_free(&url);
    read_url("unix:/run/redis.sock?db=2");
    CHECK_TEXT(url.hosts[0].name, "/run/redis.sock");
    CHECK_INT(url.hosts[0].port, 0);
    CHECK_INT(url.database, 2);
    redis_url_free(&url);
    read_url("unix://:secret@/run/a%20b");
    CHECK_TEXT(url.hosts[0].name, "/run/a b");
    CHECK_TEXT(url.password, "secret");
    redis_url_free(&url);
    read_url("redis+sentinel://:a@one,two:5/main/4?sentinel_password=b");
    CHECK_INT(url.mode, REDIS_SENTINEL);
    CHECK_INT(url.hosts[0].port, 26379);
    CHECK_INT(url.hosts[1].port, 5);
    CHECK_TEXT(url.service, "main");
    CHECK_TEXT(url.sentinel_password, "b");
    CHECK_INT(url.database, 4);
    redis_url_free(&url);
    read_url("rediss+cluster://one,two,[fe80::1]:7");
    CHECK_INT(url.mode, REDIS_CLUSTER);
    CHECK_INT(url.host_count, 3);
    redis_url_free(&url);
}

TEST(urls_that_are_wrong_are_refused_without_their_password)
{
    static const char *const cases[][2] = {
        {"", "begin with"},
        {"redis:/host", "begin with"},
        {"redis://", "no host"},
        {"redis://:s3cret@", "no host"},
        {"redis://:s3cret@h:0", "port"},
        {"redis://:s3cret@h:65536", "port"},
        {"redis://h:", "port"},
        {"redis://h:+5", "port"},
        {"redis://a:b:c", "IPv6"},
        {"redis://[::1", "']'"},
        {"redis://[::1]x", "']'"},
        {"redis://a b", "characters"},
        {"redis://h/x", "database"},
        {"redis://h/-1", "database"},
        {"redis://h/9999999999", "database"},
        {"redis://:s3cret%2@h", "%25"},
        {"redis://:s3cret%00@h", "%25"},
        {"redis://ann@h", "without a password"},
        {"redis://a,b", "several hosts"},
        {"redis+sentinel://a", "name of a master"},
        {"redis+sentinel://a/", "name of a master"},
        {"redis+cluster://a/1", "cluster does not have"},
        {"redis+cluster://a?db=1", "cluster does not have"},
        {"redis://a?x=1", "not known"},
        {"redis://a?db", "without a value"},
        {"unix:relative", "no path"},
        {"redis+sentinel://a/m?sentinel_user=b", "sentinel_password"},
        {"redis+cluster://a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", "more than 16 hosts"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(cases[i][0], cases[i][1]);
}

TEST(a_failed_allocation_of_a_url_is_an_error)
{
    buf problem = {0};
    mem_fail_at(1, false);
    CHECK(!redis_url_read("redis://h", &url, &problem));
    mem_fail_at(0, false);
    CHECK_TEXT(problem.data, "redis: out of memory");
    buf_free(&problem);
}

/* -- clusters -- */

static unsigned slot(const char *key)
{
    return redis_cluster_slot((tern_str){key, strlen(key)});
}

TEST(slots_of_keys_are_those_of_the_specification)
{
    CHECK_INT(slot("123456789"), 0x31c3);
    CHECK_INT(slot("foo"), 12182);
    CHECK_INT(slot(""), 0);
    CHECK_INT(slot("{user1000}.following"), slot("{user1000}.followers"));
    CHECK_INT(slot("foo{bar}{zap}"), slot("bar"));
    CHECK_INT(slot("foo{{bar}}zap"), slot("{bar"));
    CHECK(slot("foo{}{bar}") != slot("bar"));
    CHECK(slot("foo{bar") != slot("bar"));
}

static bool redirects(const char *text, cluster_redirect *out)
{
    return redis_cluster_redirect_read((tern_str){text, strlen(text)}, out);
}

TEST(redirections_are_read_and_others_are_not)
{
    cluster_redirect to;
    CHECK(redirects("MOVED 3999 127.0.0.1:6381", &to) && !to.is_ask && to.slot == 3999 && to.port == 6381);
    CHECK_TEXT(to.host, "127.0.0.1");
    CHECK(redirects("ASK 16383 ::1:65535", &to) && to.is_ask && to.slot == 16383);
    CHECK_TEXT(to.host, "::1");
    CHECK(redirects("MOVED 1 [fe80::1]:6379", &to));
    CHECK_TEXT(to.host, "fe80::1");
    CHECK(redirects("MOVED 1 :6379", &to));
    CHECK_TEXT(to.host, "");
    CHECK(redirects("MOVED 1 ?:6379", &to));
    CHECK_TEXT(to.host, "");
    static const char *const wrong[] = {"",
                                        "MOVED",
                                        "MOVED ",
                                        "MOVED 1",
                                        "MOVED 16384 a:1",
                                        "MOVED -1 a:1",
                                        "MOVED 1 a",
                                        "MOVED 1 a:0",
                                        "MOVED 1 a:65536",
                                        "MOVED 1 a b:1",
                                        "MOVED x a:1",
                                        "ASK 99999999999999999999999 a:1",
                                        "moved 1 a:1",
                                        "ERR x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (redirects(wrong[i], &to))
            CHECK_TEXT(wrong[i], "refused");
    char longest[REDIS_HOST_BYTES + 40] = "MOVED 1 ";
    memset(longest + 8, 'a', REDIS_HOST_BYTES);
    strcpy(longest + 8 + REDIS_HOST_BYTES, ":1");
    CHECK(!redirects(longest, &to));
}

TEST(hashes_of_scripts_are_sha_1)
{
    char out[SHA1_HEX_BYTES], many[200];
    sha1_hex("", 0, out);
    CHECK_TEXT(out, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    sha1_hex("abc", 3, out);
    CHECK_TEXT(out, "a9993e364706816aba3e25717850c26c9cd0d89d");
    sha1_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, out);
    CHECK_TEXT(out, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    memset(many, 'a', sizeof many);
    sha1_hex(many, 64, out);
    CHECK_TEXT(out, "0098ba824b5c16427bd7a1122a5a442a25ec644d");
    sha1_hex(many, 119, out);
    CHECK_TEXT(out, "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56");
}

/* -- replies -- */

typedef struct reading {
    reply_reader reader;
    reply_place place;
    tern_redis_reply reply;
    arena memory;
} reading;

static void begin(reading *r, size_t memory_bytes)
{
    const char *why;
    memset(r, 0, sizeof *r);
    CHECK(hiredis_load(&why));
    CHECK(redis_reply_reader_open(&r->reader, 1000000));
    arena_init(&r->memory, NULL, 0, memory_bytes);
    r->place = (reply_place){.reply = &r->reply, .arena = &r->memory};
    r->reader.place = &r->place;
}

static void end(reading *r)
{
    redis_reply_reader_close(&r->reader);
    arena_free(&r->memory);
}

static const char nested[] = "*4\r\n:5\r\n$3\r\na\0b\r\n*2\r\n$-1\r\n-ERR x\r\n*0\r\n+OK\r\n";

static void check_nested(const tern_redis_reply *r)
{
    CHECK(r->kind == TERN_REDIS_ARRAY && r->count == 4);
    CHECK(r->items[0].kind == TERN_REDIS_INTEGER && r->items[0].integer == 5);
    CHECK_BYTES(r->items[1].text.data, r->items[1].text.len, "a\0b", 3);
    CHECK(r->items[2].count == 2 && r->items[2].items[0].kind == TERN_REDIS_NIL);
    CHECK(r->items[2].items[1].kind == TERN_REDIS_ERROR && r->items[2].items[1].fault == TERN_REDIS_REFUSED);
    CHECK(r->items[3].kind == TERN_REDIS_ARRAY && r->items[3].count == 0);
}

TEST(replies_are_the_same_in_any_pieces)
{
    for (size_t piece = 1; piece < sizeof nested; piece++) {
        reading r;
        begin(&r, 100000);
        size_t len = sizeof nested - 1 - 5; /* without the +OK after it */
        for (size_t at = 0; at < len; at += piece) {
            size_t now = len - at < piece ? len - at : piece;
            CHECK(redis_reply_feed(&r.reader, nested + at, now));
            CHECK_INT(redis_reply_next(&r.reader), at + now == len ? REPLY_COMPLETE : REPLY_PARTIAL);
        }
        check_nested(&r.reply);
        end(&r);
    }
}

TEST(a_reply_that_nobody_wants_any_more_is_read_past)
{
    for (size_t left = 0; left < sizeof nested - 1 - 5; left++) {
        reading r;
        tern_redis_reply second = {0};
        begin(&r, 100000);
        CHECK(redis_reply_feed(&r.reader, nested, left));
        CHECK_INT(redis_reply_next(&r.reader), REPLY_PARTIAL);
        r.place.reply = NULL;
        r.place.arena = NULL;
        arena_free(&r.memory); /* with what the reader has made of it */
        arena_init(&r.memory, NULL, 0, 1000);
        CHECK(redis_reply_feed(&r.reader, nested + left, sizeof nested - 1 - left));
        CHECK_INT(redis_reply_next(&r.reader), REPLY_COMPLETE);
        r.place = (reply_place){.reply = &second, .arena = &r.memory};
        CHECK_INT(redis_reply_next(&r.reader), REPLY_COMPLETE);
        CHECK_TEXT(second.text.data, "OK");
        end(&r);
    }
}

TEST(a_reply_without_room_is_read_past)
{
    reading r;
    begin(&r, 64);
    CHECK(redis_reply_feed(&r.reader, nested, sizeof nested - 1));
    CHECK_INT(redis_reply_next(&r.reader), REPLY_COMPLETE);
    CHECK(r.place.is_memory_short);
    end(&r);
}

TEST(replies_that_lie_are_errors)
{
    static const struct {
        const char *text;
        bool is_too_large;
    } cases[] = {{"*250001\r\n", true},      {"*2147483647\r\n", true}, {"$1000001\r\n", true},
                 {"$99999999999\r\n", true}, {"*-2\r\n", false},        {"$-2\r\n", false},
                 {":a\r\n", false},          {"x\r\n", false},          {"", false}};
    for (size_t i = 0; cases[i].text[0] != '\0'; i++) {
        reading r;
        begin(&r, 100000);
        CHECK(redis_reply_feed(&r.reader, cases[i].text, strlen(cases[i].text)));
        if (redis_reply_next(&r.reader) != REPLY_FAILED)
            CHECK_TEXT(cases[i].text, "refused");
        CHECK_INT(r.reader.is_too_large, cases[i].is_too_large);
        end(&r);
    }
}

TEST(fields_and_numbers_are_found_in_replies)
{
    const tern_redis_reply items[] = {{.kind = TERN_REDIS_STRING, .text = {"a", 1}},
                                      {.kind = TERN_REDIS_STRING, .text = {"-5", 2}},
                                      {.kind = TERN_REDIS_STRING, .text = {"odd", 3}}};
    const tern_redis_reply list = {.kind = TERN_REDIS_ARRAY, .items = items, .count = 3};
    CHECK_INT(tern_redis_integer(tern_redis_field(&list, "a"), 9), -5);
    CHECK(tern_redis_field(&list, "odd") == NULL && tern_redis_field(&list, "b") == NULL);
    CHECK_INT(tern_redis_integer(&items[0], 9), 9);
    CHECK_INT(tern_redis_integer(&(tern_redis_reply){0}, 9), 9);
    CHECK(tern_redis_field(&items[0], "a") == NULL);
}
