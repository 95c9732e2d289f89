#include "tls/make.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

EVP_PKEY *tls_make_key(const char *kind, unsigned bits)
{
    if (strcmp(kind, "EC") == 0)
        return openssl.EVP_PKEY_Q_keygen(NULL, NULL, kind, "P-256");
    if (strcmp(kind, "RSA") == 0)
        return openssl.EVP_PKEY_Q_keygen(NULL, NULL, kind, (size_t)bits);
    return openssl.EVP_PKEY_Q_keygen(NULL, NULL, kind);
}

/* -- certificates -- */

static bool set_serial(X509 *c)
{
    unsigned char random[16];
    if (openssl.RAND_bytes(random, sizeof random) != 1)
        return false;
    random[0] =
        (unsigned char)((random[0] & 0x7f) | 0x40); /* positive, and of 16 bytes: RFC 5280 section 4.1.2.2 */
    BIGNUM *number = openssl.BN_bin2bn(random, sizeof random, NULL);
    bool is_set =
        number != NULL && openssl.BN_to_ASN1_INTEGER(number, openssl.X509_get_serialNumber(c)) != NULL;
    openssl.BN_free(number);
    return is_set;
}

static bool set_names(X509 *c, const tls_wish *wish)
{
    X509_NAME *subject = openssl.X509_get_subject_name(c);
    if (openssl.X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)wish->subject,
                                           -1, -1, 0) != 1)
        return false;
    X509_NAME *issuer = wish->issuer != NULL ? openssl.X509_get_subject_name(wish->issuer) : subject;
    return openssl.X509_set_issuer_name(c, issuer) == 1;
}

static bool add_extension(X509 *c, X509V3_CTX *about, int id, const char *value)
{
    X509_EXTENSION *extension = openssl.X509V3_EXT_conf_nid(NULL, about, id, value);
    if (extension == NULL)
        return false;
    bool is_added = openssl.X509_add_ext(c, extension, -1) == 1;
    openssl.X509_EXTENSION_free(extension);
    return is_added;
}

static bool add_alternative_names(X509 *c, X509V3_CTX *about, const char *const *names)
{
    buf list = {0};
    unsigned char address[16];
    for (const char *const *name = names; *name != NULL; name++) {
        bool is_address = inet_pton(AF_INET, *name, address) == 1 || inet_pton(AF_INET6, *name, address) == 1;
        buf_add_printf(&list, "%s%s:%s", name == names ? "" : ",", is_address ? "IP" : "DNS", *name);
    }
    bool is_added = !list.failed && add_extension(c, about, NID_subject_alt_name, list.data);
    buf_free(&list);
    return is_added;
}

static bool add_extensions(X509 *c, const tls_wish *wish)
{
    X509V3_CTX about;
    openssl.X509V3_set_ctx(&about, wish->issuer != NULL ? wish->issuer : c, c, NULL, NULL, 0);
    const char *uses = wish->is_client ? "clientAuth" : "serverAuth";
    if (!add_extension(c, &about, NID_subject_key_identifier, "hash"))
        return false;
    if (wish->is_authority)
        return add_extension(c, &about, NID_basic_constraints, "critical,CA:TRUE") &&
               add_extension(c, &about, NID_key_usage, "critical,keyCertSign,cRLSign");
    return add_extension(c, &about, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(c, &about, NID_key_usage, "critical,digitalSignature") &&
           add_extension(c, &about, NID_ext_key_usage, uses) &&
           (wish->issuer == NULL || add_extension(c, &about, NID_authority_key_identifier, "keyid")) &&
           (wish->names == NULL || add_alternative_names(c, &about, wish->names)) &&
           (wish->more == NULL || openssl.X509_add_ext(c, wish->more, -1) == 1);
}

/** Ed25519 has its own digest. */
static const EVP_MD *digest_for(const EVP_PKEY *key)
{
    return openssl.EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : openssl.EVP_sha256();
}

X509 *tls_make_certificate(const tls_wish *wish)
{
    X509 *c = openssl.X509_new();
    EVP_PKEY *signer = wish->issuer_key != NULL ? wish->issuer_key : wish->key;
    if (c != NULL && openssl.X509_set_version(c, 2) == 1 && set_serial(c) && set_names(c, wish) &&
        openssl.X509_gmtime_adj(openssl.X509_getm_notBefore(c), wish->from_s) != NULL &&
        openssl.X509_gmtime_adj(openssl.X509_getm_notAfter(c), wish->until_s) != NULL &&
        openssl.X509_set_pubkey(c, wish->key) == 1 && add_extensions(c, wish) &&
        openssl.X509_sign(c, signer, digest_for(signer)) > 0)
        return c;
    openssl.X509_free(c);
    return NULL;
}

/* -- PEM -- */

/** Moves what `bio` has got to `out`. */
static bool take_text(BIO *bio, bool is_written, buf *out)
{
    char *text = NULL;
    long len = is_written ? openssl.BIO_ctrl(bio, BIO_CTRL_INFO, 0, &text) : 0;
    bool is_taken = len > 0 && buf_add(out, text, (size_t)len);
    if (len > 0)
        openssl.OPENSSL_cleanse(text, (size_t)len);
    openssl.BIO_free(bio);
    return is_taken;
}

bool tls_pem_of_certificate(X509 *certificate, buf *out)
{
    BIO *bio = openssl.BIO_new(openssl.BIO_s_mem());
    return take_text(bio, bio != NULL && openssl.PEM_write_bio_X509(bio, certificate) == 1, out);
}

bool tls_pem_of_key(EVP_PKEY *key, buf *out)
{
    BIO *bio = openssl.BIO_new(openssl.BIO_s_mem());
    bool is_written =
        bio != NULL && openssl.PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    return take_text(bio, is_written, out);
}

/* -- files -- */

bool tls_write_private_file(const char *path, const char *data, size_t len)
{
    buf beside = {0};
    buf_add_printf(&beside, "%s.%ld", path, (long)getpid());
    if (beside.failed) {
        errno = ENOMEM;
        return false;
    }
    int fd = open(beside.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_written = fd >= 0 && fchmod(fd, 0600) == 0 && file_write_all(fd, data, len) && fsync(fd) == 0;
    int reason = errno;
    if (fd >= 0 && close(fd) != 0 && is_written) {
        is_written = false;
        reason = errno;
    }
    if (is_written && rename(beside.data, path) != 0) {
        is_written = false;
        reason = errno;
    }
    if (!is_written && fd >= 0)
        unlink(beside.data);
    buf_free(&beside);
    errno = reason;
    return is_written;
}
