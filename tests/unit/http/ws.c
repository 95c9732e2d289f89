/** The bytes of WebSockets: heads of frames, masks, UTF-8 in pieces, close codes, the handshake. */
#include "http/ws/frame.h"
#include "http/ws/handshake.h"

#include "check.h"

#include "base/text.h"

#include <string.h>

TEST(a_masked_head_is_read_in_each_of_its_three_forms)
{
    ws_head head;
    const uint8_t small[] = {0x81, 0x85, 1, 2, 3, 4}, medium[] = {0x82, 0xfe, 0x01, 0x00, 1, 2, 3, 4},
                  large[] = {0x02, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4};
    CHECK_INT(ws_head_bytes(small), 6);
    CHECK_INT(ws_head_bytes(medium), 8);
    CHECK_INT(ws_head_bytes(large), 14);
    CHECK(ws_head_read(&head, small, false, false) == NULL);
    CHECK_INT(head.length, 5);
    CHECK(memcmp(head.mask, "\1\2\3\4", 4) == 0);
    CHECK(ws_head_read(&head, medium, false, false) == NULL);
    CHECK_INT(head.length, 256);
    CHECK(ws_head_read(&head, large, false, false) == NULL);
    CHECK_INT(head.length, 65536);
}

TEST(threat_047_a_head_whose_length_is_huge_or_not_shortest_is_wrong)
{
    ws_head head;
    const uint8_t top_bit[] = {0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
                  long_form[] = {0x82, 0xfe, 0, 125, 0, 0, 0, 0},
                  longer_form[] = {0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
    CHECK(ws_head_read(&head, top_bit, false, false) != NULL);
    CHECK(ws_head_read(&head, long_form, false, false) != NULL);
    CHECK(ws_head_read(&head, longer_form, false, false) != NULL);
}

TEST(threat_050_bits_opcodes_and_places_of_frames_are_strict)
{
    static const struct {
        uint8_t first, second;
        bool may_compress, in_message, is_right;
    } rows[] = {
        {0x81, 0x80, false, false, true},  {0x81, 0x00, false, false, false},
        {0xc1, 0x80, false, false, false}, {0xc1, 0x80, true, false, true},
        {0xc9, 0x80, true, false, false},  {0xa1, 0x80, true, false, false},
        {0x91, 0x80, true, false, false},  {0x83, 0x80, false, false, false},
        {0x87, 0x80, false, false, false}, {0x8b, 0x80, false, false, false},
        {0x80, 0x80, false, false, false}, {0x80, 0x80, false, true, true},
        {0xc0, 0x80, true, true, false},   {0x81, 0x80, false, true, false},
        {0x89, 0x80, false, true, true},   {0x09, 0x80, false, false, false},
        {0x89, 0xfe, false, false, false}, {0x88, 0xfd, false, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ws_head head;
        const uint8_t bytes[WS_HEAD_MOST] = {rows[i].first, rows[i].second, 1, 2};
        CHECK_INT(ws_head_read(&head, bytes, rows[i].may_compress, rows[i].in_message) == NULL,
                  rows[i].is_right);
    }
}

TEST(heads_that_are_written_can_be_read)
{
    static const uint64_t lengths[] = {0, 125, 126, 65535, 65536, (uint64_t)1 << 40};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        uint8_t bytes[WS_HEAD_MOST] = {0};
        ws_head head;
        size_t len = ws_head_write(bytes, WS_FIN | WS_BINARY, lengths[i]);
        bytes[1] |= 0x80;
        CHECK_INT(ws_head_bytes(bytes), len + 4);
        CHECK(ws_head_read(&head, bytes, false, false) == NULL);
        CHECK(head.length == lengths[i]);
    }
}

TEST(a_mask_is_taken_off_whatever_the_pieces)
{
    const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t masked[64];
    char whole[64], pieces[64];
    for (unsigned i = 0; i < sizeof masked; i++)
        masked[i] = (uint8_t)(i * 7 ^ mask[i & 3]);
    ws_unmask(whole, masked, sizeof masked, mask, 0);
    for (unsigned i = 0; i < sizeof masked; i++)
        CHECK_INT((uint8_t)whole[i], (uint8_t)(i * 7));
    for (unsigned at = 0; at <= sizeof masked; at++) {
        ws_unmask(pieces, masked, at, mask, 0);
        ws_unmask(pieces + at, masked + at, sizeof masked - at, mask, at);
        CHECK(memcmp(whole, pieces, sizeof whole) == 0);
    }
}

TEST(threat_051_a_text_in_pieces_is_held_only_where_a_character_can_still_be_completed)
{
    static const char text[] = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x99\x82z";
    for (size_t at = 0; at < sizeof text; at++) {
        size_t tail = ws_utf8_tail(text, at);
        CHECK(utf8_valid(text, at - tail));
    }
    CHECK_INT(ws_utf8_tail("\xf4\x90", 2), 0);
    CHECK_INT(ws_utf8_tail("\xed\xa0", 2), 0);
    CHECK_INT(ws_utf8_tail("\xe0\x80", 2), 0);
    CHECK_INT(ws_utf8_tail("\xc0", 1), 0);
    CHECK_INT(ws_utf8_tail("\xf0\x9f\x99", 3), 3);
    CHECK_INT(ws_utf8_tail("\x80\x80\x80", 3), 0);
    CHECK_INT(ws_utf8_tail("", 0), 0);
}

TEST(threat_051_only_codes_that_may_be_sent_are_valid)
{
    static const unsigned right[] = {1000, 1001, 1002, 1003, 1007, 1011, 1012,
                                     1013, 1014, 3000, 3999, 4000, 4999},
                          wrong[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        CHECK(ws_code_is_valid(right[i]));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(!ws_code_is_valid(wrong[i]));
}

TEST(the_key_of_rfc_6455_has_its_answer)
{
    char accept[WS_ACCEPT_BYTES];
    ws_accept_of(TERN_STR("dGhlIHNhbXBsZSBub25jZQ=="), accept);
    CHECK_TEXT(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(ws_key_is_valid(TERN_STR("dGhlIHNhbXBsZSBub25jZQ==")));
    CHECK(!ws_key_is_valid(TERN_STR("dGhlIHNhbXBsZSBub25jZQ=A")));
    CHECK(!ws_key_is_valid(TERN_STR("dGhlIHNhbXBsZSBub25jZ===")));
    CHECK(!ws_key_is_valid(TERN_STR("dGhlIHNhbXBsZSBub25jZ\xff==")));
    CHECK(!ws_key_is_valid(TERN_STR("")));
}

TEST(the_first_of_our_subprotocols_that_is_offered_is_chosen)
{
    CHECK(ws_choose_protocol(TERN_STR("b, a"), TERN_STR("a ,b")).data[0] == 'b');
    CHECK(ws_choose_protocol(TERN_STR("b, a"), TERN_STR("x, a")).data[0] == 'a');
    CHECK_INT(ws_choose_protocol(TERN_STR("b, a"), TERN_STR("aa, B")).len, 0);
    CHECK_INT(ws_choose_protocol(TERN_STR("b"), TERN_STR("")).len, 0);
}

TEST(offers_of_compression_are_accepted_or_declined_as_a_whole)
{
    static const struct {
        const char *offer;
        bool is_right, is_on;
        unsigned bits;
    } rows[] = {
        {"permessage-deflate", true, true, 15},
        {"permessage-deflate; server_max_window_bits=10", true, true, 10},
        {"permessage-deflate; server_max_window_bits=\"8\"", true, true, 8},
        {"permessage-deflate; server_max_window_bits=7", true, false, 0},
        {"permessage-deflate; server_max_window_bits=10, permessage-deflate", true, true, 10},
        {"permessage-deflate; x=1, permessage-deflate", true, true, 15},
        {"foo; bar, , permessage-deflate;client_max_window_bits", true, true, 15},
        {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", true, false, 0},
        {"permessage-deflate;", true, false, 0},
        {";", false, false, 0},
        {"=", false, false, 0},
        {"", true, false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ws_deflate out;
        char answer[WS_EXTENSION_BYTES];
        CHECK_INT(ws_deflate_accept((tern_str){rows[i].offer, strlen(rows[i].offer)}, &out, answer),
                  rows[i].is_right);
        CHECK_INT(out.is_on, rows[i].is_on);
        CHECK_INT(out.window_bits, rows[i].bits);
        CHECK_INT(answer[0] != '\0', rows[i].is_on);
    }
}
