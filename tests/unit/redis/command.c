/* Commands: formats and values to bytes, and what is known by the name. */
#include "redis/command.h"

#include "check.h"

#include <math.h>

static arena memory;

static void begin(void)
{
    arena_init(&memory, NULL, 0, 1024 * 1024);
}

static void check_encoded(tern_redis_command command, const char *want, size_t len)
{
    command_words w;
    begin();
    CHECK(redis_command_format(&w, &memory, command));
    command_bytes bytes = redis_command_encode(&w);
    CHECK_BYTES(bytes.data, bytes.len, want, len);
    arena_free(&memory);
}

#define CHECK_ENCODED(want, ...) check_encoded(TERN_REDIS(__VA_ARGS__), want, sizeof want - 1)

static void check_wrong(tern_redis_command command, const char *want)
{
    command_words w;
    begin();
    CHECK(!redis_command_format(&w, &memory, command));
    CHECK(!w.is_memory_short);
    if (strstr(w.problem, want) == NULL)
        CHECK_TEXT(w.problem, want);
    arena_free(&memory);
}

#define CHECK_WRONG(want, ...) check_wrong(TERN_REDIS(__VA_ARGS__), want)

TEST(commands_are_arrays_of_bulk_strings)
{
    CHECK_ENCODED("*1\r\n$4\r\nPING\r\n", "PING");
    CHECK_ENCODED("*1\r\n$4\r\nPING\r\n", "  PING  ");
    CHECK_ENCODED("*3\r\n$3\r\nSET\r\n$3\r\nk:a\r\n$0\r\n\r\n", "SET k:%s %s", "a", "");
    CHECK_ENCODED("*2\r\n$3\r\nGET\r\n$7\r\na-b-5%\xff\r\n", "GET %s-%s-%d%%%s", "a", "b", 5, "\xff");
}

TEST(values_stay_in_their_argument)
{
    CHECK_ENCODED("*2\r\n$3\r\nGET\r\n$15\r\na b\r\n*1\r\n$1\r\nX \r\n", "GET %s", "a b\r\n*1\r\n$1\r\nX ");
    CHECK_ENCODED("*2\r\n$3\r\nGET\r\n$6\r\n%s %d\n\r\n", "GET %s", "%s %d\n");
}

TEST(values_of_each_type_are_printed)
{
    static const unsigned char bytes[] = {1, 0, 2};
    const tern_uuid uuid = {{0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0, 1, 2, 3, 4, 5, 6, 0xff}};
    CHECK_ENCODED("*3\r\n$1\r\nX\r\n$20\r\n-9223372036854775808\r\n$20\r\n18446744073709551615\r\n",
                  "X %lld %llu", INT64_MIN, UINT64_MAX);
    CHECK_ENCODED("*4\r\n$1\r\nX\r\n$1\r\n1\r\n$3\r\n-12\r\n$1\r\n7\r\n", "X %d %hhd %zu", true,
                  (signed char)-12, (size_t)7);
    CHECK_ENCODED("*3\r\n$1\r\nX\r\n$3\r\n0.1\r\n$1\r\n2\r\n", "X %f %g", 0.1, 2.0f);
    CHECK_ENCODED("*3\r\n$1\r\nX\r\n$3\r\n\1\0\2\r\n$2\r\n\1\0\r\n", "X %b %b", bytes, sizeof bytes, bytes,
                  2);
    CHECK_ENCODED("*3\r\n$1\r\nX\r\n$2\r\na\0\r\n$3\r\n\1\0\2\r\n", "X %b %s", ((tern_str){"a\0", 2}),
                  ((tern_bytes){bytes, 3}));
    CHECK_ENCODED("*2\r\n$1\r\nX\r\n$36\r\n12345678-9abc-def0-0001-0203040506ff\r\n", "X %s", uuid);
}

TEST(values_that_do_not_fit_are_named)
{
    CHECK_WRONG("it has no command", "");
    CHECK_WRONG("%s is given a whole number; write %d", "GET %s", 5);
    CHECK_WRONG("%s is given a double", "GET %s", 0.5);
    CHECK_WRONG("write %b", "GET %s", (const void *)"a");
    CHECK_WRONG("the value of %s is NULL", "GET %s", (const char *)NULL);
    CHECK_WRONG("the value of %b is NULL", "GET %b", (const void *)NULL, 4);
    CHECK_WRONG("without its length", "GET %b", "a");
    CHECK_WRONG("without its length", "GET %b", "a", -1);
    CHECK_WRONG("%b is not given bytes", "GET %b", 5, 5);
    CHECK_WRONG("%d is not given a whole number", "GET %d", "a");
    CHECK_WRONG("%f is given a whole number", "GET %f", 5);
    CHECK_WRONG("not a number that Redis reads", "GET %f", NAN);
    CHECK_WRONG("more values than are given", "GET %s%s", "a");
    CHECK_WRONG("more values are given than it has", "GET %s", "a", "b");
    CHECK_WRONG("only s, b, d", "GET %5d", 5);
    CHECK_WRONG("only s, b, d", "GET %");
    CHECK_WRONG("only s, b, d", "GET %ls", "a");
}

TEST(more_arguments_than_have_room_at_first_are_kept)
{
    char format[] = "A A A A A A A A A A A A A A A A A A A A A A A A A A A A A A A A A A A A A A A A";
    command_words w;
    begin();
    CHECK(redis_command_format(&w, &memory, (tern_redis_command){format, &(tern_redis_arg){0}}));
    CHECK_INT(w.count, 40);
    arena_free(&memory);
}

static const char *refusal(const char *format)
{
    command_words w;
    CHECK(redis_command_format(&w, &memory, (tern_redis_command){format, &(tern_redis_arg){0}}));
    return redis_command_refusal(&w);
}

TEST(commands_that_occupy_a_shared_connection_are_refused)
{
    static const char *const refused[] = {"AUTH a",
                                          "auth a",
                                          "SELECT 1",
                                          "SUBSCRIBE a",
                                          "MULTI",
                                          "exec",
                                          "WATCH a",
                                          "BLPOP a 0",
                                          "XREAD BLOCK 5 STREAMS a 0",
                                          "QUIT",
                                          "HELLO 3",
                                          "MONITOR",
                                          "CLIENT REPLY OFF",
                                          "client tracking on",
                                          "WAIT 1 0",
                                          "RESET",
                                          "ASKING"};
    static const char *const taken[] = {"GET a",
                                        "XREAD STREAMS block 0",
                                        "XREAD COUNT 5 STREAMS a 0",
                                        "CLIENT LIST",
                                        "AUTHOR",
                                        "AUT",
                                        "SELECTS",
                                        "PING",
                                        "EVAL x 0",
                                        "ZZZ",
                                        "A"};
    begin();
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (refusal(refused[i]) == NULL)
            CHECK_TEXT(refused[i], "refused");
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        CHECK_TEXT(refusal(taken[i]), NULL);
    arena_free(&memory);
}

TEST(keys_are_found_by_the_name_of_the_command)
{
    static const char *const cases[][2] = {{"GET a", "a"},
                                           {"PING", NULL},
                                           {"DBSIZE", NULL},
                                           {"EVAL x 1 a b", "a"},
                                           {"EVALSHA x 0 b", NULL},
                                           {"fcall f 2 a b", "a"},
                                           {"BITOP AND d a", "d"},
                                           {"OBJECT ENCODING a", "a"},
                                           {"ZUNION 2 a b", "a"},
                                           {"XREAD COUNT 1 STREAMS s 0", "s"},
                                           {"XGROUP CREATE s g 0", "s"},
                                           {"PUBLISH c m", NULL},
                                           {"EVAL", NULL},
                                           {"EVAL x 99999999999999999999999 a", NULL},
                                           {"XREAD STREAMS", NULL},
                                           {"CLUSTER NODES", NULL}};
    command_words w;
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(redis_command_format(&w, &memory, (tern_redis_command){cases[i][0], &(tern_redis_arg){0}}));
        tern_str key = redis_command_key(&w);
        CHECK_TEXT(key.data != NULL ? arena_text(&memory, key.data, key.len) : NULL, cases[i][1]);
    }
    arena_free(&memory);
}

TEST(names_in_messages_are_printable)
{
    char name[COMMAND_NAME_BYTES];
    command_words w;
    begin();
    const tern_str odd = {"get\n\xff", 5}, lengthy = {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 45};
    CHECK(redis_command_take(&w, &memory, &odd, 1));
    redis_command_name(&w, name);
    CHECK_TEXT(name, "GET??");
    CHECK(redis_command_take(&w, &memory, &lengthy, 1));
    redis_command_name(&w, name);
    CHECK_INT(strlen(name), COMMAND_NAME_BYTES - 1);
    arena_free(&memory);
}
