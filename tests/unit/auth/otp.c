/** One-time codes: the vectors of RFC 4226 and RFC 6238, base32 of RFC 4648. */
#include "auth/factor/otp.h"
#include "check.h"
#include "crypto/sodium.h"

static const char secret20[] = "12345678901234567890", secret32[] = "12345678901234567890123456789012";

static void load(void)
{
    const char *problem;
    if (!sodium_load(&problem))
        check_skip(problem);
}

TEST(the_codes_of_rfc_4226_appendix_d)
{
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};
    char code[OTP_DIGITS_MAX + 1];
    load();
    for (unsigned i = 0; i < 10; i++) {
        otp_code((const uint8_t *)secret20, 20, i, 6, TERN_OTP_SHA1, code);
        CHECK_TEXT(code, codes[i]);
    }
}

TEST(the_codes_of_rfc_6238_appendix_b)
{
    static const struct {
        uint64_t time_s;
        const char *sha1, *sha256;
    } cases[] = {{59, "94287082", "46119246"},         {1111111109, "07081804", "68084774"},
                 {1111111111, "14050471", "67062674"}, {1234567890, "89005924", "91819424"},
                 {2000000000, "69279037", "90698825"}, {20000000000, "65353130", "77737706"}};
    char code[OTP_DIGITS_MAX + 1];
    load();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        otp_code((const uint8_t *)secret20, 20, cases[i].time_s / 30, 8, TERN_OTP_SHA1, code);
        CHECK_TEXT(code, cases[i].sha1);
        otp_code((const uint8_t *)secret32, 32, cases[i].time_s / 30, 8, TERN_OTP_SHA256, code);
        CHECK_TEXT(code, cases[i].sha256);
    }
}

TEST(a_code_is_found_among_the_steps_of_the_window_alone)
{
    load();
    CHECK_INT(otp_find((const uint8_t *)secret20, 20, "287082", 0, 2, 6, TERN_OTP_SHA1), 1);
    CHECK_INT(otp_find((const uint8_t *)secret20, 20, "287082", -5, 1, 6, TERN_OTP_SHA1), 1);
    CHECK_INT(otp_find((const uint8_t *)secret20, 20, "287082", 2, 4, 6, TERN_OTP_SHA1), -1);
    CHECK_INT(otp_find((const uint8_t *)secret20, 20, "28708", 0, 2, 6, TERN_OTP_SHA1), -1);
    CHECK_INT(otp_find((const uint8_t *)secret20, 20, "2870820", 0, 2, 6, TERN_OTP_SHA1), -1);
    CHECK_INT(otp_find((const uint8_t *)secret20, 20, "", 0, 2, 6, TERN_OTP_SHA1), -1);
}

TEST(base32_is_that_of_rfc_4648)
{
    static const char *const pairs[][2] = {{"f", "MY"},           {"fo", "MZXQ"},
                                           {"foo", "MZXW6"},      {"foob", "MZXW6YQ"},
                                           {"fooba", "MZXW6YTB"}, {"foobar", "MZXW6YTBOI"}};
    uint8_t read[OTP_SECRET_MAX];
    char written[128];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        base32_write((const uint8_t *)pairs[i][0], strlen(pairs[i][0]), written);
        CHECK_TEXT(written, pairs[i][1]);
        size_t len = base32_read(pairs[i][1], read);
        CHECK_BYTES(read, len, pairs[i][0], strlen(pairs[i][0]));
    }
    CHECK_INT(base32_read("mzxw 6ytb-oi======", read), 6);
}

TEST(what_is_not_base32_is_refused)
{
    uint8_t read[OTP_SECRET_MAX];
    CHECK_INT(base32_read("", read), 0);
    CHECK_INT(base32_read("M", read), 0);
    CHECK_INT(base32_read("MZXW6YT1", read), 0);
    CHECK_INT(base32_read("MZ=XW", read), 0);
    CHECK_INT(base32_read("MZXW\xc3\xa9", read), 0);
    char longest[200];
    memset(longest, 'A', sizeof longest);
    longest[103] = '\0'; /* 64 bytes */
    CHECK_INT(base32_read(longest, read), 64);
    longest[103] = 'A';
    longest[104] = '\0';
    CHECK_INT(base32_read(longest, read), 0);
}
