/** Names and passwords: RFC 7617. */
#include <tern/access.h>
#include <tern/identity.h>
#include <tern/openapi.h>
#include <tern/task.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CRYPT_BYTES = 64 * 1024, FILE_BYTES = 4 * 1024 * 1024 };

typedef struct account {
    const char *name, *secret; /* a password, or its hash */
    bool is_hash;
    uint64_t verified; /* fingerprint of the last right name and password, in this worker; 0: none */
} account;

typedef struct basic_auth {
    tern_basic_auth_options options;
    const char *challenge;
    account *accounts;
    size_t count;
    const account *hashed;  /* one with a hash: what unknown names take as long as; NULL: none */
    const char *schemes[2]; /* for documentation; filled in by prepare */
} basic_auth;

/* -- crypt(3), loaded where it is needed -- */

typedef char *crypt_function(const char *password, const char *setting, void *data);

static struct {
    crypt_function *crypt;
    int (*check)(const char *setting); /* 0 and 3: fine; NULL: unknown */
} library;

static bool load_crypt(void)
{
    if (library.crypt != NULL)
        return true;
    void *opened = dlopen("libcrypt.so.1", RTLD_NOW);
    if (opened == NULL)
        opened = dlopen("libcrypt.so.2", RTLD_NOW);
    if (opened == NULL)
        return false;
    *(void **)&library.crypt = dlsym(opened, "crypt_r");
    *(void **)&library.check = dlsym(opened, "crypt_checksalt");
    return library.crypt != NULL;
}

typedef struct hashing {
    const char *password, *setting;
    char made[512]; /* "" when it could not be made */
} hashing;

/** On a thread of tern_offload. */
static void hash(void *arg)
{
    hashing *h = arg;
    void *data = calloc(1, CRYPT_BYTES);
    const char *made = data != NULL ? library.crypt(h->password, h->setting, data) : NULL;
    if (made != NULL && made[0] != '*' && strlen(made) < sizeof h->made)
        memcpy(h->made, made, strlen(made) + 1);
    free(data);
}

/* -- the list of users, at start -- */

static bool is_known_hash(const char *secret)
{
    int answer = library.check != NULL ? library.check(secret) : 0;
    return answer == 0 || answer == 3;
}

/** What is wrong with a line; NULL when it is right. Names no secret. */
static const char *check_account(const account *a)
{
    if (a->name[0] == '\0')
        return "it has no name: write it like \"ann:$2y$10$...\"";
    if (a->secret[0] == '\0')
        return "it has no password: write it like \"ann:$2y$10$...\"";
    if (strncmp(a->secret, "{SHA}", 5) == 0 || strncmp(a->secret, "$apr1$", 6) == 0)
        return "its hash is a weak one that crypt(3) does not know: make it by htpasswd -B";
    if (a->is_hash && !load_crypt())
        return "its hash needs libcrypt.so.1, which is not installed (Debian: libcrypt1)";
    if (a->is_hash && !is_known_hash(a->secret))
        return "its hash is not one that crypt(3) knows: make it by htpasswd -B";
    return NULL;
}

/** Reads one line, which is changed; false with a mistake. */
static bool add_account(basic_auth *b, tern_app *app, char *line, unsigned number)
{
    line[strcspn(line, "\r")] = '\0';
    line += strspn(line, " \t");
    if (line[0] == '\0' || line[0] == '#')
        return true;
    char *colon = strchr(line, ':');
    if (colon != NULL)
        *colon = '\0';
    account *a = &b->accounts[b->count];
    *a = (account){.name = line, .secret = colon != NULL ? colon + 1 : ""};
    a->is_hash = a->secret[0] == '$';
    const char *problem = check_account(a);
    for (size_t i = 0; i < b->count && problem == NULL; i++)
        if (strcmp(b->accounts[i].name, line) == 0)
            problem = "the name is there twice";
    if (problem != NULL) {
        tern_mistake(app, "basic_auth: user \"%s\" in line %u: %s", line, number, problem);
        return false;
    }
    b->count++;
    if (a->is_hash)
        b->hashed = a;
    return true;
}

static void read_accounts(basic_auth *b, tern_app *app, const char *text)
{
    size_t lines = 1;
    for (const char *at = text; *at != '\0'; at++)
        lines += *at == '\n';
    void *zero = calloc(lines, sizeof *b->accounts);
    char *line = tern_keep(text, strlen(text) + 1);
    b->accounts = zero != NULL ? tern_keep(zero, lines * sizeof *b->accounts) : NULL;
    free(zero);
    if (b->accounts == NULL || line == NULL) {
        tern_mistake(app, "basic_auth: out of memory");
        return;
    }
    bool is_right = true;
    for (unsigned number = 1; line != NULL; number++) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        is_right &= add_account(b, app, line, number);
        line = end != NULL ? end + 1 : NULL;
    }
    if (b->count == 0 && is_right)
        tern_mistake(app,
                     "basic_auth: there are no users: write lines like \"ann:$2y$10$...\" (htpasswd -B)");
}

static void read_file(basic_auth *b, tern_app *app, const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? calloc(1, FILE_BYTES + 1) : NULL;
    size_t len = text != NULL ? fread(text, 1, FILE_BYTES + 1, file) : 0;
    if (file == NULL || ferror(file))
        tern_mistake(app, "basic_auth: cannot read .file \"%s\": %s", path, strerror(errno));
    else if (text == NULL || len > FILE_BYTES)
        tern_mistake(app, "basic_auth: .file \"%s\" is larger than 4 MiB, or than the memory", path);
    else if (memchr(text, '\0', len) != NULL)
        tern_mistake(app, "basic_auth: .file \"%s\" is not a text: it has a NUL byte", path);
    else
        read_accounts(b, app, text);
    free(text);
    if (file != NULL)
        fclose(file);
}

static bool is_realm(const char *realm)
{
    bool is_right = strlen(realm) <= 200;
    for (; *realm != '\0' && is_right; realm++)
        is_right = *realm >= ' ' && *realm <= '~';
    return is_right;
}

/** `Basic realm="...", charset="UTF-8"`; NULL for a wrong realm, and when out of memory. */
static const char *make_challenge(const char *realm)
{
    char made[512], *at = made + sprintf(made, "Basic realm=\"");
    if (!is_realm(realm))
        return NULL;
    for (; *realm != '\0'; realm++) {
        if (*realm == '"' || *realm == '\\')
            *at++ = '\\';
        *at++ = *realm;
    }
    static const char end[] = "\", charset=\"UTF-8\"";
    memcpy(at, end, sizeof end);
    return tern_keep(made, strlen(made) + 1);
}

static const char *realm_of(const tern_basic_auth_options *o)
{
    return o->realm != NULL ? o->realm : "Restricted";
}

static void prepare(tern_app *app, void *options)
{
    basic_auth *b = options;
    if (b == NULL) {
        tern_mistake(app, "basic_auth: out of memory");
        return;
    }
    const tern_basic_auth_options *o = &b->options;
    int given = (o->users != NULL) + (o->file != NULL) + (o->check != NULL);
    if (given != 1)
        tern_mistake(app, "basic_auth: %s: give one of .users, .file and .check",
                     given == 0 ? "nobody may come in" : "there are several sources of users");
    else if (o->users != NULL)
        read_accounts(b, app, o->users);
    else if (o->file != NULL)
        read_file(b, app, o->file);
    if (b->challenge == NULL)
        tern_mistake(app, is_realm(realm_of(o))
                              ? "basic_auth: out of memory"
                              : "basic_auth: .realm must be at most 200 characters of visible ASCII");
    b->schemes[0] =
        tern_security_named(app, "basic_auth", &(tern_security_options){.type = TERN_SECURITY_BASIC});
}

/* -- the header -- */

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/** Decodes base64 in place, with its padding and without bits that count for nothing; false for other texts. */
static bool decode(char *text, size_t *size)
{
    size_t len = strlen(text), out = 0;
    unsigned bits = 0, held = 0;
    if (len == 0 || len % 4 != 0)
        return false;
    size_t padding = text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;
    for (size_t i = 0; i < len - padding; i++) {
        int digit = digit_of(text[i]);
        if (digit < 0)
            return false;
        bits = (bits << 6 | (unsigned)digit) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            text[out++] = (char)(bits >> held & 0xff);
        }
    }
    text[out] = '\0';
    *size = out;
    return (bits & ((1u << held) - 1)) == 0;
}

/** UTF-8 without control characters (RFC 7617 section 2.1). */
static bool is_plain_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        unsigned more = byte < 0x80                   ? 0
                        : byte >= 0xc2 && byte < 0xe0 ? 1
                        : (byte & 0xf0) == 0xe0       ? 2
                        : byte >= 0xf0 && byte < 0xf5 ? 3
                                                      : 4;
        if (byte < ' ' || byte == 0x7f || more == 4 || more >= len - i)
            return false;
        unsigned char second = more != 0 ? (unsigned char)text[i + 1] : 0x80;
        if ((byte == 0xe0 && second < 0xa0) || (byte == 0xed && second > 0x9f) ||
            (byte == 0xf0 && second < 0x90) || (byte == 0xf4 && second > 0x8f) ||
            (byte == 0xc2 && second < 0xa0))
            return false;
        while (more-- > 0)
            if (((unsigned char)text[++i] & 0xc0) != 0x80)
                return false;
    }
    return true;
}

/** Takes name and password from the request; false without those. */
static bool take_credentials(tern_ctx *c, const char **name, const char **password)
{
    const char *header = tern_header(c, "Authorization");
    if (header == NULL || tern_header_nth(c, "Authorization", 1) != NULL ||
        strncasecmp(header, "Basic ", 6) != 0)
        return false;
    char *text = tern_strdup(c, header + 6 + strspn(header + 6, " ")), *colon;
    size_t len;
    if (!decode(text, &len) || !is_plain_text(text, len) || (colon = strchr(text, ':')) == NULL)
        return false;
    *colon = '\0';
    *name = text;
    *password = colon + 1;
    return true;
}

/* -- the check -- */

/** Compares a password with a hash, which takes long: on another thread, unless it was right just now. */
static bool verify(tern_ctx *c, account *a, const char *setting, const char *name, const char *password)
{
    const char *both = tern_sprintf(c, "%s:%s", name, password);
    uint64_t fingerprint = tern_fingerprint(both, strlen(both));
    if (a != NULL && fingerprint != 0 && a->verified == fingerprint)
        return true;
    hashing *h = tern_alloc(c, sizeof *h);
    *h = (hashing){.password = password, .setting = setting};
    tern_offload(c, hash, h);
    bool is_right = h->made[0] != '\0' && tern_secrets_are_equal(h->made, setting) && a != NULL;
    if (is_right)
        a->verified = fingerprint;
    return is_right;
}

static bool is_user(tern_ctx *c, basic_auth *b, const char *name, const char *password)
{
    account *found = NULL;
    if (b->options.check != NULL)
        return b->options.check(c, name, password);
    for (size_t i = 0; i < b->count; i++) /* all of them: the time does not tell which one it is */
        if (tern_secrets_are_equal(name, b->accounts[i].name))
            found = &b->accounts[i];
    if (found != NULL && !found->is_hash)
        return tern_secrets_are_equal(password, found->secret);
    const char *setting = found != NULL ? found->secret : b->hashed != NULL ? b->hashed->secret : NULL;
    return setting != NULL && verify(c, found, setting, name, password);
}

static tern_reply run(tern_ctx *c, void *options)
{
    basic_auth *b = options;
    const char *name, *password;
    bool has_credentials = take_credentials(c, &name, &password);
    if (has_credentials && is_user(c, b, name, password)) {
        if (tern_identity_of(c) == NULL) /* .check may have set one */
            tern_set_identity(c, &(tern_identity){.id = name, .way = "basic auth"});
        return tern_next(c);
    }
    tern_set_header(c, "WWW-Authenticate", b->challenge);
    return tern_problem_reply(c, &(tern_problem){.status = 401,
                                                 .detail = has_credentials
                                                               ? "the name or the password is wrong"
                                                               : "a name and a password are needed"});
}

tern_middleware tern_basic_auth_with(const tern_basic_auth_options *options)
{
    const basic_auth b = {.options = *options, .challenge = make_challenge(realm_of(options))};
    basic_auth *kept = tern_keep(&b, sizeof b);
    return (tern_middleware){.name = "basic_auth",
                             .run = run,
                             .options = kept,
                             .identifies = true,
                             .demands = true,
                             .challenge = b.challenge,
                             .security = kept != NULL ? kept->schemes : NULL,
                             .skip = options->skip,
                             .prepare = prepare,
                             .answers = "401",
                             .stage = TERN_STAGE_AUTH};
}
