/** Models in MessagePack and CBOR as bodies and replies. */
#include "unit/app/ask.h"

#include <tern/formats.h>

TERN_MODEL(Note, (int64_t, id, .read_only = true), (const char *, title, .min_length = 1, .max_length = 5),
           (bool, done, .optional = true), (tern_text_list, tags, .optional = true), (tern_bytes, data, .optional = true))

TERN_HANDLER(add, Note, in)
{
    in->id = 7;
    return tern_created(c, Note, in);
}

TERN_HANDLER(list)
{
    Note notes[] = {{.id = 1, .title = "a", .data = {(const uint8_t *)"\1\2", 2}}, {.id = 2, .title = "b"}};
    Note *kept = tern_alloc(c, sizeof notes);
    memcpy(kept, notes, sizeof notes);
    return tern_page(c, Note, ((Note_list){kept, 2}), 2);
}

TERN_HANDLER(read_self)
{
    return tern_json(c, Note, tern_json_read(c, Note));
}

TERN_HANDLER(versioned)
{
    tern_set_etag(c, "v1");
    return tern_conditional(c, tern_json_text(c, "{\"a\":1}"));
}

static void open_app(unsigned formats)
{
    tern_app *app = tern_app_new();
    tern_formats(app, formats);
    tern_post(app, "/notes", add);
    tern_post(app, "/wrapped", add, .takes_in = "note", .wrapped = "note", .returns = TERN_TYPE(Note));
    tern_get(app, "/notes", list, .returns = TERN_LIST(Note), .paged = true);
    tern_post(app, "/self", read_self);
    tern_get(app, "/versioned", versioned);
    ask_open(app);
}

/** Sends a body of bytes that may be 0; the status. */
static int ask_bytes(const char *line, const char *headers, const void *body, size_t len)
{
    static char request[16 * 1024];
    int head = snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n",
                        line, headers, len);
    if (len != 0)
        memcpy(request + head, body, len);
    wire_script script = {.request = request, .len = (size_t)head + len};
    CHECK(wire_talk(&script, ask_reply, sizeof ask_reply) > 12);
    return atoi(ask_reply + 9);
}

#define MSGPACK "Content-Type: application/msgpack\r\n"
#define CBOR "Content-Type: application/cbor\r\n"
#define BYTES(text) text, sizeof text - 1

TEST(a_model_comes_and_goes_in_each_format)
{
    open_app(TERN_MSGPACK | TERN_CBOR);
    CHECK_INT(ask_bytes("POST /notes", MSGPACK, BYTES("\x82\xa5title\xa2hi\xa4" "done\xc3")), 201);
    CHECK(strstr(ask_reply, "Content-Type: application/json\r\n") != NULL);
    CHECK(strstr(ask_reply, "Vary: Accept\r\n") != NULL);
    CHECK_TEXT(ask_said(), "{\"id\":7,\"title\":\"hi\",\"done\":true}");
    CHECK_INT(ask_bytes("POST /notes", CBOR "Accept: application/msgpack\r\n", BYTES("\xa1\x65title\x62hi")), 201);
    CHECK(strstr(ask_reply, "Content-Type: application/msgpack\r\n") != NULL);
    CHECK_TEXT(ask_said(), "\x82\xa2id\x07\xa5title\xa2hi");
    CHECK_INT(ask_bytes("POST /notes", "Content-Type: application/json\r\nAccept: application/cbor\r\n",
                        BYTES("{\"title\":\"hi\",\"data\":\"AQI=\"}")),
              201);
    CHECK_TEXT(ask_said(), "\xa3\x62id\x07\x65title\x62hi\x64" "data\x42\1\2");
}

TEST(faults_are_those_of_json_with_their_places)
{
    open_app(TERN_MSGPACK | TERN_CBOR);
    CHECK_INT(ask_bytes("POST /notes", MSGPACK, BYTES("\x83\xa5title\xa6longer\xa4tags\x92\xa1x\x05\xa1z\x01")), 422);
    CHECK_TEXT(ask_said(),
               FAULTS("3 values are wrong",
                      "{\"location\":[\"body\",\"title\"],\"code\":\"too_long\",\"message\":\"must have at most 5 "
                      "characters\",\"max_length\":5},"
                      FAULT("\"body\",\"tags\",1", "not_text", "must be text") ","
                      FAULT("\"body\",\"z\"", "unknown", "is not a known field")));
    CHECK_SAID(422, ask_bytes("POST /notes", CBOR, BYTES("\xa1\x65title\x42hi")),
               ONE_FAULT("\"body\",\"title\"", "not_text", "must be text"));
}

TEST(threat_075_a_key_given_twice_is_a_fault_in_every_format)
{
    open_app(TERN_MSGPACK | TERN_CBOR);
    CHECK_SAID(422, ask_bytes("POST /notes", MSGPACK, BYTES("\x82\xa5title\xa1" "a\xa5title\xa1" "b")),
               ONE_FAULT("\"body\",\"title\"", "duplicate", "is given twice"));
    CHECK_SAID(422, ask_bytes("POST /notes", CBOR, BYTES("\xa2\x65title\x61" "a\x65title\x61" "b")),
               ONE_FAULT("\"body\",\"title\"", "duplicate", "is given twice"));
}

TEST(threat_077_a_nul_in_a_text_is_a_fault_in_every_format)
{
    open_app(TERN_MSGPACK | TERN_CBOR);
    CHECK_SAID(422, ask_bytes("POST /notes", MSGPACK, BYTES("\x81\xa5title\xa3" "a\0b")),
               ONE_FAULT("\"body\",\"title\"", "nul_in_text", "must not contain the character U+0000"));
}

#define BROKEN(detail) "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"detail\":\"" detail "\"}"

TEST(a_broken_body_is_a_400_with_the_byte)
{
    open_app(TERN_MSGPACK | TERN_CBOR);
    CHECK_SAID(400, ask_bytes("POST /notes", MSGPACK, BYTES("\x81\xa5titl")),
               BROKEN("the body is not MessagePack as Tern reads it, byte 2: a text that is longer than the body"));
    CHECK_SAID(400, ask_bytes("POST /notes", CBOR, BYTES("\xa1\x01\x02")),
               BROKEN("the body is not CBOR as Tern reads it, byte 2: a key that is not text"));
    CHECK_SAID(400, ask_bytes("POST /notes", CBOR, BYTES("\xa1\x65title\x61" "a\x00")),
               BROKEN("the body is not CBOR as Tern reads it, byte 9: bytes after the value"));
}

TEST(formats_that_are_not_switched_on_are_a_415_which_names_those_that_are)
{
    open_app(TERN_CBOR);
    CHECK_INT(ask_bytes("POST /notes", MSGPACK, BYTES("\x80")), 415);
    CHECK(strstr(ask_said(), "the body must be application/cbor, application/json, application/x-www-form-urlencoded or "
                             "multipart/form-data, not application/msgpack") != NULL);
    CHECK_INT(ask_bytes("GET /notes", "Accept: application/msgpack, application/cbor;q=0.1\r\n", "", 0), 200);
    CHECK(strstr(ask_reply, "Content-Type: application/cbor\r\n") != NULL);
}

TEST(without_formats_nothing_changes)
{
    open_app(0);
    CHECK_INT(ask_bytes("GET /notes", "Accept: application/cbor\r\n", "", 0), 200);
    CHECK(strstr(ask_reply, "Content-Type: application/json\r\n") != NULL);
    CHECK(strstr(ask_reply, "Vary") == NULL);
}

TEST(pages_and_wrapped_models_keep_their_fields_kinds)
{
    open_app(TERN_MSGPACK | TERN_CBOR);
    CHECK_INT(ask_bytes("GET /notes", "Accept: application/cbor\r\n", "", 0), 200);
    CHECK(strncmp(ask_said(), "\xa2\x65items\x82\xa5\x62id\x01", 12) == 0);
    CHECK(strstr(ask_said(), "\x64" "data\x42\1\2") != NULL);
    CHECK_INT(ask_bytes("POST /wrapped", MSGPACK "Accept: application/msgpack\r\n",
                        BYTES("\x81\xa4note\x82\xa5title\xa2hi\xa4" "data\xc4\2\1\2")),
              201);
    CHECK_TEXT(ask_said(), "\x81\xa4note\x83\xa2id\x07\xa5title\xa2hi\xa4" "data\xc4\2\1\2");
}

TEST(a_body_that_a_handler_reads_itself_may_have_each_format)
{
    open_app(TERN_MSGPACK | TERN_CBOR);
    CHECK_SAID(200, ask_bytes("POST /self", CBOR, BYTES("\xa1\x65title\x62hi")), "{\"id\":0,\"title\":\"hi\"}");
}

TEST(each_format_has_its_own_strong_tag)
{
    open_app(TERN_CBOR);
    CHECK_INT(ask_bytes("GET /versioned", "Accept: application/cbor\r\n", "", 0), 200);
    CHECK(strstr(ask_reply, "ETag: \"v1+cbor\"\r\n") != NULL);
    CHECK_INT(ask_bytes("GET /versioned", "Accept: application/cbor\r\nIf-None-Match: \"v1+cbor\"\r\n", "", 0), 304);
    CHECK_INT(ask_bytes("GET /versioned", "If-None-Match: \"v1+cbor+gzip\"\r\n", "", 0), 304);
}
