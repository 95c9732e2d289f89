#include "tls/certificate.h"

#include "base/mem.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_BYTES = 1024 * 1024 /* a chain has a few KiB */ };

/* -- files -- */

static bool read_all(int fd, buf *out)
{
    char piece[8192];
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (!buf_add(out, piece, (size_t)n)) {
            errno = out->len + (size_t)n > FILE_BYTES ? EFBIG : ENOMEM;
            return false;
        }
    }
    return true;
}

/** The whole of a small file; false with errno set. */
static bool read_file(const char *file, buf *out)
{
    *out = (buf){.limit = FILE_BYTES};
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a FIFO must not hold the start up */
    if (fd < 0)
        return false;
    bool is_read = read_all(fd, out);
    int reason = errno;
    close(fd);
    errno = reason;
    return is_read;
}

static bool open_file(const char *file, buf *content, BIO **bio, buf *problem)
{
    *bio = NULL;
    if (!read_file(file, content)) {
        buf_add_printf(problem, "%s: cannot be read: %s", file, strerror(errno));
        return false;
    }
    *bio = openssl.BIO_new_mem_buf(content->len != 0 ? content->data : "", (int)content->len);
    if (*bio == NULL)
        buf_add_printf(problem, "%s: out of memory", file);
    return *bio != NULL;
}

static void close_file(buf *content, BIO *bio)
{
    openssl.BIO_free(bio);
    if (content->data != NULL)
        openssl.OPENSSL_cleanse(content->data, content->len); /* it may be a private key */
    buf_free(content);
}

static bool is_out_of_memory(void)
{
    return ERR_GET_REASON(openssl.ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
}

/** Certificates and keys in PEM form end with an error, too: that no further one begins. */
static bool is_end_of_pem(void)
{
    unsigned long error = openssl.ERR_peek_last_error();
    bool is_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    openssl.ERR_clear_error();
    return is_end;
}

static bool read_chain(tls_certificate *c, BIO *bio, buf *problem)
{
    X509 *next;
    c->leaf = openssl.PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (c->leaf == NULL) {
        if (is_out_of_memory())
            buf_add_printf(problem, "%s: out of memory", c->file);
        else if (is_end_of_pem())
            buf_add_printf(problem,
                           "%s: contains no certificate in PEM form (\"-----BEGIN CERTIFICATE-----\"); "
                           "`openssl x509 -inform DER -in FILE` converts one",
                           c->file);
        else
            buf_add_printf(problem, "%s: its certificate is damaged; copy the file again", c->file);
        return false;
    }
    c->chain = (STACK_OF(X509) *)openssl.OPENSSL_sk_new_null();
    while (c->chain != NULL && (next = openssl.PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        if (openssl.OPENSSL_sk_push((OPENSSL_STACK *)c->chain, next) <= 0) {
            openssl.X509_free(next);
            buf_add_printf(problem, "%s: out of memory", c->file);
            return false;
        }
    }
    if (c->chain == NULL || is_out_of_memory()) {
        buf_add_printf(problem, "%s: out of memory", c->file);
        return false;
    }
    if (!is_end_of_pem()) {
        buf_add_printf(problem, "%s: a certificate of its chain is damaged; copy the file again", c->file);
        return false;
    }
    return true;
}

/** Called for the pass phrase of an encrypted key: there is nobody to ask. */
static int refuse_passphrase(char *into, int size, int is_written, void *was_asked)
{
    (void)into, (void)size, (void)is_written;
    *(bool *)was_asked = true;
    return -1;
}

static bool read_key(tls_certificate *c, const char *file, const buf *content, BIO *bio, buf *problem)
{
    bool was_asked = false;
    c->key = openssl.PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &was_asked);
    if (c->key != NULL)
        return true;
    if (was_asked)
        buf_add_printf(problem,
                       "%s: the private key is encrypted, and nobody can be asked for its pass phrase; "
                       "`openssl pkey -in %s -out NEW` decrypts it",
                       file, file);
    else if (is_out_of_memory())
        buf_add_printf(problem, "%s: out of memory", file);
    else if (content->len == 0 || strstr(content->data, "PRIVATE KEY-----") == NULL)
        buf_add_printf(problem,
                       "%s: contains no private key in PEM form (\"-----BEGIN PRIVATE KEY-----\"); "
                       "name the certificate's key by --tls-key",
                       file);
    else
        buf_add_printf(problem, "%s: its private key is damaged; copy the file again", file);
    openssl.ERR_clear_error();
    return false;
}

static bool load_chain(tls_certificate *c, buf *problem)
{
    buf content;
    BIO *bio;
    bool is_read = open_file(c->file, &content, &bio, problem) && read_chain(c, bio, problem);
    close_file(&content, bio);
    return is_read;
}

static bool load_key(tls_certificate *c, const char *file, buf *problem)
{
    buf content;
    BIO *bio;
    bool is_read = open_file(file, &content, &bio, problem) && read_key(c, file, &content, bio, problem);
    close_file(&content, bio);
    return is_read;
}

/* -- checks -- */

static bool find_kind(tls_certificate *c, const tls_certificate_rules *rules, buf *problem)
{
    EVP_PKEY *key = openssl.X509_get0_pubkey(c->leaf);
    int bits = key != NULL ? openssl.EVP_PKEY_get_bits(key) : 0;
    switch (key != NULL ? openssl.EVP_PKEY_get_base_id(key) : 0) {
    case EVP_PKEY_EC:
        c->kind = TLS_KEY_EC;
        return true;
    case EVP_PKEY_ED25519:
        c->kind = TLS_KEY_ED25519;
        return true;
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        c->kind = TLS_KEY_RSA;
        if (bits >= (int)rules->least_rsa_bits)
            return true;
        buf_add_printf(
            problem,
            "%s: its RSA key has %d bits, and %u are the least; make a certificate with a longer key",
            c->file, bits, rules->least_rsa_bits);
        return false;
    default:
        buf_add_printf(problem,
                       "%s: its key is of a kind that TLS does not use here; ECDSA (P-256) and RSA are good",
                       c->file);
        return false;
    }
}

static bool check_times(const tls_certificate *c, const tls_certificate_rules *rules, buf *problem)
{
    char text[32];
    if (rules->now_s != 0 && c->not_after_s < rules->now_s) {
        buf_add_printf(problem, "%s: the certificate expired on %s; renew it", c->file,
                       tls_time_text(c->not_after_s, text, sizeof text));
        return false;
    }
    if (rules->now_s != 0 && c->not_before_s > rules->now_s) {
        buf_add_printf(
            problem,
            "%s: the certificate is not valid before %s; check this machine's clock, or use another one",
            c->file, tls_time_text(c->not_before_s, text, sizeof text));
        return false;
    }
    return true;
}

static bool check_pair(const tls_certificate *c, const char *key_file, buf *problem)
{
    bool fits = openssl.X509_check_private_key(c->leaf, c->key) == 1;
    openssl.ERR_clear_error();
    if (!fits)
        buf_add_printf(problem,
                       "%s: this private key is not the one of the certificate %s; name the key that the "
                       "certificate was made with, and put the server's own certificate before its chain",
                       key_file, c->file);
    return fits;
}

/* -- names -- */

static bool add_name(tls_certificate *c, const char *text, size_t len)
{
    char *name = mem_text(text, len);
    if (name == NULL)
        return false;
    for (size_t i = 0; i < len; i++)
        name[i] = (char)text_lower((unsigned char)name[i]);
    c->names[c->name_count++] = name;
    return true;
}

/** A subject alternative name of one of the two kinds that matter; others are passed over. */
static bool take_name(tls_certificate *c, const GENERAL_NAME *name)
{
    int kind;
    const ASN1_STRING *value = openssl.GENERAL_NAME_get0_value(name, &kind);
    if (kind != GEN_DNS && kind != GEN_IPADD)
        return true;
    const unsigned char *data = openssl.ASN1_STRING_get0_data(value);
    int len = openssl.ASN1_STRING_length(value);
    char address[INET6_ADDRSTRLEN];
    if (kind == GEN_DNS)
        return len <= 0 || memchr(data, '\0', (size_t)len) != NULL ||
               add_name(c, (const char *)data, (size_t)len);
    if ((len != 4 && len != 16) ||
        inet_ntop(len == 4 ? AF_INET : AF_INET6, data, address, sizeof address) == NULL)
        return true;
    return add_name(c, address, strlen(address));
}

static bool read_names(tls_certificate *c, buf *problem)
{
    OPENSSL_STACK *all = openssl.X509_get_ext_d2i(c->leaf, NID_subject_alt_name, NULL, NULL);
    int count = all != NULL ? openssl.OPENSSL_sk_num(all) : 0;
    bool is_complete = count == 0 || (c->names = mem_zero((size_t)count, sizeof *c->names)) != NULL;
    for (int i = 0; is_complete && i < count; i++)
        is_complete = take_name(c, openssl.OPENSSL_sk_value(all, i));
    if (all != NULL)
        openssl.GENERAL_NAMES_free((GENERAL_NAMES *)all);
    if (!is_complete)
        buf_add_printf(problem, "%s: out of memory", c->file);
    return is_complete;
}

bool tls_certificate_names(const tls_certificate *c, const char *host)
{
    const char *dot = strchr(host, '.');
    for (unsigned i = 0; i < c->name_count; i++) {
        const char *name = c->names[i];
        if (strcmp(name, host) == 0)
            return true;
        if (name[0] == '*' && name[1] == '.' && dot != NULL && dot != host && strcmp(name + 1, dot) == 0)
            return true;
    }
    return false;
}

/* -- times -- */

int64_t tls_time_of(const ASN1_TIME *time)
{
    struct tm broken;
    return time != NULL && openssl.ASN1_TIME_to_tm(time, &broken) == 1 ? (int64_t)timegm(&broken) : 0;
}

char *tls_time_text(int64_t time_s, char *out, size_t size)
{
    struct tm broken;
    time_t time = (time_t)time_s;
    if (gmtime_r(&time, &broken) == NULL || strftime(out, size, "%Y-%m-%d %H:%M:%S UTC", &broken) == 0)
        out[0] = '\0';
    return out;
}

/* -- the whole -- */

static bool load(tls_certificate *c, const char *key_file, const tls_certificate_rules *rules, buf *problem)
{
    if (!load_chain(c, problem))
        return false;
    c->not_before_s = tls_time_of(openssl.X509_get0_notBefore(c->leaf));
    c->not_after_s = tls_time_of(openssl.X509_get0_notAfter(c->leaf));
    return find_kind(c, rules, problem) && check_times(c, rules, problem) && load_key(c, key_file, problem) &&
           check_pair(c, key_file, problem) && read_names(c, problem);
}

tls_certificate *tls_certificate_load(const char *file, const char *key_file,
                                      const tls_certificate_rules *rules, buf *problem)
{
    tls_certificate *c = mem_zero(1, sizeof *c);
    if (c == NULL || (c->file = mem_text(file, strlen(file))) == NULL) {
        buf_add_printf(problem, "%s: out of memory", file);
        mem_free(c);
        return NULL;
    }
    c->references = 1;
    openssl.ERR_clear_error();
    if (load(c, key_file != NULL ? key_file : file, rules, problem))
        return c;
    tls_certificate_drop(c);
    return NULL;
}

tls_certificate *tls_certificate_share(tls_certificate *c)
{
    c->references++;
    return c;
}

static void free_entry(void *certificate)
{
    openssl.X509_free(certificate);
}

void tls_certificate_drop(tls_certificate *c)
{
    if (c == NULL || --c->references > 0)
        return;
    openssl.X509_free(c->leaf);
    openssl.EVP_PKEY_free(c->key);
    openssl.OPENSSL_sk_pop_free((OPENSSL_STACK *)c->chain, free_entry);
    for (unsigned i = 0; i < c->name_count; i++)
        mem_free(c->names[i]);
    mem_free(c->names);
    mem_free(c->file);
    mem_free(c);
}
