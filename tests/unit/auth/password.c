/** Hashes of passwords: made, checked, and taken over from other programs. */
#include "base/mem.h"
#include "unit/app/ask.h"

TERN_MODEL(Attempt, (const char *, password), (const char *, hash, .optional = true))

TERN_HANDLER(make_hash, Attempt, in)
{
    return tern_text(c, tern_password_hash(c, in->password));
}

TERN_HANDLER(check_hash, Attempt, in)
{
    static const char *const names[] = {"wrong", "right", "old"};
    return tern_text(c, names[tern_password_check(c, in->password, in->hash)]);
}

static void open_app(void)
{
    tern_app *app = tern_app_new();
    tern_post(app, "/hash", make_hash);
    tern_post(app, "/check", check_hash);
    ask_open(app);
    ask_waits = true;
}

static char kept[512];

/** The hash of a password. */
static const char *hash_of(const char *password)
{
    char body[4096];
    snprintf(body, sizeof body, "{\"password\":\"%s\"}", password);
    CHECK_INT(ask("POST /hash", JSON, body), 200);
    snprintf(kept, sizeof kept, "%s", ask_said());
    return kept;
}

/** "right", "wrong" or "old". */
static const char *check(const char *password, const char *hash)
{
    char body[4096];
    snprintf(body, sizeof body, "{\"password\":\"%s\",\"hash\":%s%s%s}", password, hash != NULL ? "\"" : "",
             hash != NULL ? hash : "null", hash != NULL ? "\"" : "");
    CHECK_INT(ask("POST /check", JSON, body), 200);
    return ask_said();
}

TEST(a_hash_is_argon2id_with_the_cost_that_owasp_recommends)
{
    open_app();
    const char *hash = hash_of("correct horse"), *start = "$argon2id$v=19$m=19456,t=2,p=1$";
    CHECK_BYTES(hash, strlen(start), start, strlen(start));
    CHECK_INT(strlen(hash), strlen(start) + 22 + 1 + 43);
}

TEST(a_password_is_right_for_its_own_hash_alone)
{
    open_app();
    hash_of("correct horse");
    CHECK_TEXT(check("correct horse", kept), "right");
    CHECK_TEXT(check("Correct horse", kept), "wrong");
    CHECK_TEXT(check("correct horse ", kept), "wrong");
    CHECK_TEXT(check("correct hors", kept), "wrong");
}

TEST(two_hashes_of_one_password_differ)
{
    open_app();
    char first[512];
    snprintf(first, sizeof first, "%s", hash_of("correct horse"));
    CHECK(strcmp(first, hash_of("correct horse")) != 0);
}

TEST(a_missing_hash_is_wrong)
{
    open_app();
    CHECK_TEXT(check("correct horse", NULL), "wrong");
    CHECK_TEXT(check("correct horse", ""), "wrong");
    CHECK_TEXT(check("", NULL), "wrong");
}

/** "correct horse", by Django 5.2, Werkzeug 3, Passlib 1.7, argon2-cffi, bcrypt and htpasswd. */
static const char *const foreign[] = {
    "pbkdf2_sha256$20000$YfN4BFBtfzGzkuDXE0HTnd$99zgPhwzyCLHeAAmA1aewsF6OKnKPNuo+gMM6wfkOyk=",
    "pbkdf2_sha1$20000$H5cwpRCJ9j7UwyrSgy3HHS$nEm+zEcCMe9be6uXyMm51/vcNJw=",
    "argon2$argon2id$v=19$m=102400,t=2,p=8$TkVjdlF2MG9yN0pOSmxKVTBPM1kyaA$"
    "jGZS0w8/xzDfItt0qG8N0/H8+Y4Jp/vU8LKDJax53Wg",
    "bcrypt_sha256$$2b$04$XqcVQPTFpLaIXWjfMc2D/ugGQsJNh6v7GwZapqdp5Bqg8Mcc47S0K",
    "bcrypt$$2b$04$X6R9K1E88SRCC1AgxYEt2.Kkj5u7wf.UPQQ93gyd2ehLihuAj4sXC",
    "scrypt$16384$9yMPtyKt6zv5uGoPlAHLU4$8$5$37LmCB8yY4Xuqfqzw7eJQ0/"
    "HuDRpWTaD4GgO885o7DeZZoQDar4uwFw7bJq4MuxynsG2qYGnMo5oYfaMYJheLg==",
    "scrypt:1024:8:1$vFpt9Ls4IHlNcDqP$2a905f1f9ddfb3616a93e3154bc4a7b76eee5769ee71ff9b22c461644d9c6dae29652365"
    "6f315ab0ec9d92dbb32d513e1307ad586b77c28fa394ab5721641b3b",
    "pbkdf2:sha256:20000$H3XvCj1hdSGdTg5c$85b92d8030ba1cd57d961c739945699d8c0826d11180ef4597592963f0290d65",
    "pbkdf2:sha512:20000$Wh7fBZtEWi2h2xct$79a17a32110ed654edd40da2c0c98d54ef8c8e71ce1db4059a7809c86669d313920c2a"
    "ef8e190f883c508871f8d75a0656697bb7040c43a384d4b2a600b06e68",
    "$pbkdf2-sha256$20000$rfX.33tv7d37P4ew1pqzFg$GhV8tC5ergGHLh6PJ9xr7i1apWdkgKc06EpysJagY4c",
    "$pbkdf2-sha512$20000$/T9n7H3POcc4ByCEUOq9tw$O8mgd3tQwQeWwiVr.S2yj4ELUU/nZ/"
    "hIHJFYsMJiUxdY5lcz3JBA3J67Y2YpVtOFpWhnL56IX9anTW.a5bX5GQ",
    "$scrypt$ln=10,r=8,p=1$2BvDWMv5/z8nxPj/nxPiXA$x1IqtMIJ/2KUmbZbJ89/JvjADpsMtvXJdVEfUOIdAx4",
    "$6$YxbbeeS/Wy05Tv4j$uwT7myj8pPbUQqbGTYHz5uxACQqsnqheFpp9KKlHMvy3JoLofcAY58DFKFCO9gQx1HI/GXc2DHYUWp/NbBjgj1",
    "$5$rounds=6000$1S8SyJtGMUa4DgzO$1KriwJGxYkzHUQtboHd.Gn68ABfwvyrnszuDBBoGA1.",
    "$2b$04$c32eTeDFTCFd7bg5mzm0LeIHj2wYaLJsQy7XjeVZnx73zSz2pLGhq",
    "$2y$05$pVYROx.9iKXWJP.CWoqg8eEAgPlMYFhkTy6acwswEA6UL4bt0pzGy",
    "$argon2i$v=19$m=8192,t=3,p=1$+47WlIIK3PKuGmKlsJpmIw$nMCz6dIPFNS9QdTZLGOSVAbpxymn2CvgwQ1CwqoJH8U",
    "$bcrypt-sha256$v=2,t=2b,r=4$VJVSlYGaQecXjkf87K3wxu$bd6oeor1GdiYyp.8OxjzzjjnPP8K5NW",
};

TEST(passwords_of_other_programs_are_right_but_old)
{
    open_app();
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        if (strcmp(check("correct horse", foreign[i]), "old") != 0)
            check_fail(__FILE__, __LINE__, "%s is not old: %s", foreign[i], ask_said());
        if (strcmp(check("correct horsf", foreign[i]), "wrong") != 0)
            check_fail(__FILE__, __LINE__, "%s takes another password", foreign[i]);
    }
}

TEST(a_hash_that_another_program_made_at_the_same_cost_is_right)
{
    open_app();
    CHECK_TEXT(check("correct horse", "$argon2id$v=19$m=19456,t=2,p=1$wtuEu+xrDmZO1pYVJX1/4w$"
                                      "fKzKLaGX1J+Kt5znBR6UQfksKlImdEydjdIVOOPRr+8"),
               "right");
    CHECK_TEXT(check("correct horse", "$argon2id$v=19$m=19456,t=2,p=4$D8phRazJlFt0X7o99npGzg$"
                                      "KC6RNxVGCLhe50tjaYOA0TxpcEOVu94s88EIhYg8VOQ"),
               "right");
}

TEST(a_cut_hash_is_wrong)
{
    open_app();
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        char cut[256];
        for (size_t len = strlen(foreign[i]) - 3; len > 30; len /= 2) {
            snprintf(cut, sizeof cut, "%.*s", (int)len, foreign[i]);
            if (strcmp(check("correct horse", cut), "wrong") != 0)
                check_fail(__FILE__, __LINE__, "%s is %s", cut, ask_said());
        }
    }
}

TEST(a_hash_whose_cost_is_out_of_reason_is_wrong_at_once)
{
    static const char *const hashes[] = {
        "$argon2id$v=19$m=4194304,t=2,p=1$wtuEu+xrDmZO1pYVJX1/4w$fKzKLaGX1J+Kt5znBR6UQfksKlImdEydjdIVOOPRr+8",
        "$argon2id$v=19$m=19456,t=4000000000,p=1$wtuEu+xrDmZO1pYVJX1/4w$fKzKLaGX1J+Kt5znBR6UQfksKlImdEydjdIVOOPRr+8",
        "pbkdf2_sha256$2000000000$YfN4BFBtfzGzkuDXE0HTnd$99zgPhwzyCLHeAAmA1aewsF6OKnKPNuo+gMM6wfkOyk=",
        "pbkdf2_sha256$99999999999999999999$YfN4BFBtfzGzkuDXE0HTnd$99zgPhwzyCLHeAAmA1aewsF6OKnKPNuo+gMM6wfkOyk=",
        "$2b$31$c32eTeDFTCFd7bg5mzm0LeIHj2wYaLJsQy7XjeVZnx73zSz2pLGhq",
        "$6$rounds=999999999$YxbbeeS/Wy05Tv4j$uwT7myj8pPbUQqbGTYHz5uxACQqsnqheFpp9KKlHMvy3JoLofcAY58DFKFCO9gQx1HI/"
        "GXc2DHYUWp/NbBjgj1",
        "$scrypt$ln=30,r=8,p=1$2BvDWMv5/z8nxPj/nxPiXA$x1IqtMIJ/2KUmbZbJ89/JvjADpsMtvXJdVEfUOIdAx4",
        "scrypt:1024:8:1000000$vFpt9Ls4IHlNcDqP$2a905f1f9ddfb3616a93e3154bc4a7b76eee5769ee71ff9b22c461644d9c6dae2965"
        "23656f315ab0ec9d92dbb32d513e1307ad586b77c28fa394ab5721641b3b",
    };
    open_app();
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
        if (strcmp(check("correct horse", hashes[i]), "wrong") != 0)
            check_fail(__FILE__, __LINE__, "%s is %s", hashes[i], ask_said());
}

TEST(threat_093_a_password_of_more_than_1024_bytes_is_refused_without_work)
{
    char password[2000];
    open_app();
    hash_of("correct horse");
    memset(password, 'a', sizeof password);
    password[1024] = '\0';
    hash_of(password);
    CHECK_TEXT(check(password, kept), "right");
    password[1024] = 'a';
    password[1025] = '\0';
    CHECK_TEXT(check(password, kept), "wrong");
    char body[4096];
    snprintf(body, sizeof body, "{\"password\":\"%s\"}", password);
    CHECK_SAID(422, ask("POST /hash", JSON, body),
               ONE_FAULT("\"body\",\"password\"", "too_long", "must have at most 1024 bytes"));
}

TEST(threat_093_all_bytes_of_a_long_password_count)
{
    char password[201];
    open_app();
    memset(password, 'a', 200);
    password[200] = '\0';
    hash_of(password);
    password[72] = 'b';
    CHECK_TEXT(check(password, kept), "wrong");
    password[72] = 'a';
    password[199] = 'b';
    CHECK_TEXT(check(password, kept), "wrong");
}

TEST(threat_093_an_empty_password_is_refused)
{
    open_app();
    CHECK_SAID(422, ask("POST /hash", JSON, "{\"password\":\"\"}"),
               ONE_FAULT("\"body\",\"password\"", "too_short", "must not be empty"));
    CHECK_TEXT(check("", "$argon2id$v=19$m=19456,t=2,p=1$wtuEu+xrDmZO1pYVJX1/4w$"
                         "fKzKLaGX1J+Kt5znBR6UQfksKlImdEydjdIVOOPRr+8"),
               "wrong");
}

TEST(threat_093_a_nul_inside_is_refused_and_does_not_end_the_password)
{
    open_app();
    CHECK_INT(ask("POST /hash", JSON, "{\"password\":\"correct\\u0000horse\"}"), 422);
}

TEST(threat_093_one_text_in_two_forms_of_unicode_is_one_password)
{
    open_app();
    hash_of("caf\xc3\xa9 12");                           /* e with acute */
    CHECK_TEXT(check("cafe\xcc\x81 12", kept), "right"); /* e, combining acute */
    CHECK_TEXT(check("cafe 12", kept), "wrong");
    CHECK_TEXT(check("caf\xc3\xa9\xc2\xa0"
                     "12",
                     kept),
               "right");                      /* a space that does not break */
    hash_of("\xe1\xba\xad\xed\x95\x9c abcd"); /* a, circumflex and dot below; a syllable of Hangul */
    CHECK_TEXT(check("a\xcc\xa3\xcc\x82\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab abcd", kept), "right");
    CHECK_TEXT(check("\xc3\xa2\xcc\xa3\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab abcd", kept), "right");
}

TEST(threat_093_letters_that_only_look_alike_are_two_passwords)
{
    open_app();
    hash_of("fi\xef\xac\x81rst"); /* a ligature */
    CHECK_TEXT(check("fifirst", kept), "wrong");
    hash_of("\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93 wide"); /* full width digits */
    CHECK_TEXT(check("123 wide", kept), "wrong");
}

TEST(a_check_without_memory_is_503_and_never_right)
{
    const char *request =
        "POST /check HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: application/json\r\n"
        "Content-Length: 97\r\n\r\n{\"password\":\"wrong cafe\xcc\x81\",\"hash\":\"$2y$05$"
        "pVYROx.9iKXWJP.CWoqg8eEAgPlMYFhkTy6acwswEA6UL4bt0pzGy\"}";
    wire_script script = {.request = request, .len = strlen(request), .waits = true};
    bool is_answered = false;
    open_app();
    check("correct horse", foreign[15]); /* libraries are loaded */
    for (unsigned long n = 1; !is_answered; n++) {
        mem_fail_at(n, false);
        wire_talk(&script, ask_reply, sizeof ask_reply);
        is_answered = mem_tried() < n;
        mem_fail_at(0, false);
        bool is_wrong = strncmp(ask_reply, "HTTP/1.1 200", 12) == 0 && strcmp(ask_said(), "wrong") == 0;
        if (!is_wrong && strncmp(ask_reply, "HTTP/1.1 503", 12) != 0 && ask_reply[0] != '\0')
            check_fail(__FILE__, __LINE__, "allocation %lu: %s", n, ask_reply);
        CHECK(n < 1000);
    }
    CHECK_TEXT(ask_said(), "wrong");
}
