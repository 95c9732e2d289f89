/** Sealing, proofs, base64url, randomness: vectors of the RFCs, and every bit that may flip. */
#include "check.h"

#include "crypto/base64url.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "crypto/seal.h"
#include "crypto/sodium.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void load(void)
{
    const char *problem = NULL;
    if (!sodium_load(&problem))
        check_skip(problem);
}

static void check_hex(const uint8_t *seen, size_t len, const char *want)
{
    char text[256] = "";
    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", seen[i]);
    CHECK_TEXT(text, want);
}

TEST(hmac_sha256_is_that_of_rfc_4231)
{
    uint8_t mac[MAC_BYTES];
    load();
    const mac_part parts[] = {{"what do ya want ", 16}, {"for nothing?", 12}};
    mac_of("Jefe", 4, parts, 2, mac);
    check_hex(mac, sizeof mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* RFC 5869, A.3, has an empty salt and an empty info. */
TEST(hkdf_is_that_of_rfc_5869)
{
    uint8_t secret[22], out[42];
    load();
    memset(secret, 0x0b, sizeof secret);
    mac_hkdf(secret, sizeof secret, "", out, sizeof out);
    check_hex(out, sizeof out,
              "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(purposes_give_keys_that_differ)
{
    uint8_t one[MAC_BYTES], other[MAC_BYTES];
    load();
    mac_hkdf("secret", 6, "a", one, sizeof one);
    mac_hkdf("secret", 6, "b", other, sizeof other);
    CHECK(!mac_equal(one, other, sizeof one));
    mac_hkdf("secret", 6, "a", other, sizeof other);
    CHECK(mac_equal(one, other, sizeof one));
}

TEST(sealed_bytes_open_with_the_same_key_and_head_alone)
{
    uint8_t key[SEAL_KEY_BYTES] = {1}, wrong[SEAL_KEY_BYTES] = {2}, sealed[5 + SEAL_EXTRA], text[6] = "";
    load();
    CHECK(seal_close(key, "head", 4, "hello", 5, sealed));
    CHECK(seal_open(key, "head", 4, sealed, sizeof sealed, text));
    CHECK_TEXT((char *)text, "hello");
    CHECK(!seal_open(wrong, "head", 4, sealed, sizeof sealed, text));
    CHECK(!seal_open(key, "Head", 4, sealed, sizeof sealed, text));
    CHECK(!seal_open(key, "hea", 3, sealed, sizeof sealed, text));
}

TEST(threat_086_a_seal_with_one_bit_flipped_or_one_byte_missing_does_not_open)
{
    uint8_t key[SEAL_KEY_BYTES] = {1}, sealed[5 + SEAL_EXTRA], text[5];
    load();
    CHECK(seal_close(key, NULL, 0, "hello", 5, sealed));
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!seal_open(key, NULL, 0, sealed, sizeof sealed, text));
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < sizeof sealed; len++)
        CHECK(!seal_open(key, NULL, 0, sealed, len, text));
    CHECK(seal_open(key, NULL, 0, sealed, sizeof sealed, text));
}

TEST(the_same_text_is_sealed_differently_each_time)
{
    uint8_t key[SEAL_KEY_BYTES] = {1}, one[3 + SEAL_EXTRA], other[3 + SEAL_EXTRA];
    load();
    CHECK(seal_close(key, NULL, 0, "yes", 3, one) && seal_close(key, NULL, 0, "yes", 3, other));
    CHECK(memcmp(one, other, sizeof one) != 0);
}

TEST(base64url_has_the_letters_of_rfc_4648_and_no_padding)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } cases[] = {{"", 0, ""},
                 {"f", 1, "Zg"},
                 {"fo", 2, "Zm8"},
                 {"foo", 3, "Zm9v"},
                 {"foobar", 6, "Zm9vYmFy"},
                 {"\xfb\xff\xfe", 3, "-__-"},
                 {"\0", 1, "AA"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16], bytes[16];
        size_t len = base64url_write(cases[i].bytes, cases[i].len, text);
        CHECK_INT(len, BASE64URL_LEN(cases[i].len));
        CHECK_BYTES(text, len, cases[i].text, strlen(cases[i].text));
        CHECK_INT(base64url_parse(text, len, bytes), cases[i].len);
        CHECK_BYTES(bytes, cases[i].len, cases[i].bytes, cases[i].len);
    }
}

TEST(each_byte_outside_of_the_alphabet_is_refused)
{
    char text[4] = "AAAA", out[3];
    unsigned accepted = 0;
    for (int byte = 0; byte < 256; byte++) {
        text[2] = (char)byte;
        bool is_letter = base64url_parse(text, 4, out) == 3;
        accepted += is_letter;
        CHECK(is_letter ==
              (byte != 0 &&
               strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", byte) != NULL));
    }
    CHECK_INT(accepted, 64);
}

TEST(one_value_has_one_text)
{
    char out[8];
    CHECK_INT(base64url_parse("Zh", 2, out), -1); /* unused bits that are not 0 */
    CHECK_INT(base64url_parse("Zm9", 3, out), -1);
    CHECK_INT(base64url_parse("Z", 1, out), -1);
    CHECK_INT(base64url_parse("Zg==", 4, out), -1);
    CHECK_INT(base64url_parse("Zm9vY", 5, out), -1);
}

TEST(sha_256_and_the_digest_are_what_others_compute)
{
    uint8_t out[MAC_BYTES];
    load();
    mac_sha256("abc", 3, out);
    check_hex(out, sizeof out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    mac_digest("abc", 3, out);
    check_hex(out, sizeof out, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

/* -- ids over forks -- */

enum { PROCESSES = 8, IDS_EACH = 125000, ID_BYTES = 24 };

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, ID_BYTES);
}

TEST(threat_087_a_million_ids_of_eight_forked_processes_all_differ)
{
    int ends[2];
    char warm[BASE64URL_LEN(ID_BYTES) + 1];
    CHECK(random_text(warm, ID_BYTES)); /* before the fork: nothing of it is inherited */
    CHECK(pipe(ends) == 0);
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid != 0)
            continue;
        for (int n = 0; n < IDS_EACH; n++) {
            char text[BASE64URL_LEN(ID_BYTES) + 1], id[ID_BYTES];
            if (!random_text(text, ID_BYTES) || base64url_parse(text, sizeof text - 1, id) != ID_BYTES ||
                write(ends[1], id, ID_BYTES) != ID_BYTES)
                _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    size_t size = (size_t)PROCESSES * IDS_EACH * ID_BYTES, len = 0;
    char *ids = malloc(size);
    CHECK(ids != NULL);
    for (ssize_t got; (got = read(ends[0], ids + len, size - len)) > 0;)
        len += (size_t)got;
    CHECK_INT(len, size);
    qsort(ids, (size_t)PROCESSES * IDS_EACH, ID_BYTES, compare);
    for (size_t i = ID_BYTES; i < size; i += ID_BYTES)
        CHECK(memcmp(ids + i - ID_BYTES, ids + i, ID_BYTES) != 0);
    free(ids);
    for (int i = 0; i < PROCESSES; i++)
        wait(NULL);
}
