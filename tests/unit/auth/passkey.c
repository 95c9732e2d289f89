/** What authenticators send, byte by byte. */
#include "auth/passkey/authenticator.h"
#include "check.h"

#include <stdlib.h>

/** Authenticator data with a credential: an id of 4 bytes, and a key {1: 2, 3: -7}. */
static size_t make_data(uint8_t *out, uint8_t flags)
{
    static const uint8_t tail[] = {0,  0,  0,   9, /* counter */
                                   1,  2,  3,   4,   5,   6,   7,    8, 9, 10, 11,
                                   12, 13, 14,  15,  16, /* AAGUID */
                                   0,  4,  'k', 'e', 'y', '1', 0xa2, 1, 2, 3,  0x26};
    memset(out, 7, AUTHENTICATOR_HASH_BYTES);
    out[AUTHENTICATOR_HASH_BYTES] = flags;
    memcpy(out + AUTHENTICATOR_HASH_BYTES + 1, tail, sizeof tail);
    return AUTHENTICATOR_HASH_BYTES + 1 + sizeof tail;
}

/** In a block of its own, so that the sanitizer sees a read past its end. */
static bool reads(const uint8_t *bytes, size_t len, authenticator_data *read, const char **problem)
{
    static uint8_t *block;
    free(block);
    block = malloc(len != 0 ? len : 1);
    memcpy(block, bytes, len);
    return authenticator_read((authenticator_bytes){block, len}, read, problem);
}

TEST(authenticator_data_is_read_in_all_its_parts)
{
    uint8_t bytes[256];
    authenticator_data read;
    const char *problem = NULL;
    size_t len = make_data(bytes, 0x5d);
    CHECK(reads(bytes, len, &read, &problem));
    CHECK(read.is_user_present && read.is_user_verified && read.is_backup_eligible && read.is_backed_up);
    CHECK_INT(read.counter, 9);
    CHECK_BYTES(read.credential_id.data, read.credential_id.len, "key1", 4);
    CHECK_INT(read.key.len, 5);
    CHECK_INT(read.aaguid[15], 16);
}

TEST(authenticator_data_cut_anywhere_is_refused)
{
    uint8_t bytes[256];
    authenticator_data read;
    size_t len = make_data(bytes, 0x45);
    for (size_t cut = 0; cut < len; cut++) {
        const char *problem = NULL;
        CHECK(!reads(bytes, cut, &read, &problem));
        CHECK(problem != NULL);
    }
}

TEST(a_key_that_is_not_canonical_cbor_is_refused)
{
    static const struct {
        const char *bytes;
        size_t len;
    } keys[] = {
        {"\xa2\x03\x26\x01\x02", 5},                          /* keys out of order */
        {"\xa2\x01\x02\x01\x02", 5},                          /* one twice */
        {"\xa1\x18\x01\x02", 4},                              /* a number longer than it need be */
        {"\xa1\x19\x00\xff\x02", 5},                          /* and another */
        {"\xbf\x01\x02\xff", 4},                              /* without a length */
        {"\xa1\x01\xc1\x02", 4},                              /* with a tag */
        {"\xa1\x01\x1c", 3},                                  /* a reserved length */
        {"\xa1\x01\xf8\x10", 4},                              /* a simple value longer than it need be */
        {"\xb8\x41", 2},                                      /* 65 pairs */
        {"\xa1\x01\x5b\xff\xff\xff\xff\xff\xff\xff\xff", 11}, /* bytes beyond the end */
        {"\xa1\x01\x9b\xff\xff\xff\xff\xff\xff\xff\xff", 11}, /* a list beyond it */
        {"\xa1\x01\x81\x81\x81\x81\x01", 7},                  /* 5 deep */
        {"\x81\x01", 2},                                      /* a list */
    };
    uint8_t bytes[256];
    authenticator_data read;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *problem = NULL;
        size_t len = make_data(bytes, 0x45) - 5;
        memcpy(bytes + len, keys[i].bytes, keys[i].len);
        if (reads(bytes, len + keys[i].len, &read, &problem))
            check_fail(__FILE__, __LINE__, "key %zu is taken", i);
    }
}

TEST(an_attestation_object_has_its_members_in_any_order)
{
    static const char *const objects[] = {"\xa3\x63"
                                          "fmt\x64none\x67"
                                          "attStmt\xa0\x68"
                                          "authData\x41x",
                                          "\xa3\x68"
                                          "authData\x41x\x63"
                                          "fmt\x64none\x67"
                                          "attStmt\xa0"};
    attestation read;
    const char *problem = NULL;
    for (size_t i = 0; i < 2; i++) {
        CHECK(attestation_read((authenticator_bytes){(const uint8_t *)objects[i], 30}, &read, &problem));
        CHECK_BYTES(read.format.data, read.format.len, "none", 4);
        CHECK_BYTES(read.data.data, read.data.len, "x", 1);
        CHECK(read.is_empty);
    }
}
