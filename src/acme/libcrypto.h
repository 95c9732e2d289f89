/**
 * What ACME needs of OpenSSL's libcrypto, loaded by the process that needs it.
 *
 * `libcrypto.X509_free(x)` is X509_free(x), and so on.
 */
#ifndef ACME_LIBCRYPTO_H
#define ACME_LIBCRYPTO_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

#define LIBCRYPTO_FUNCTIONS(X)                                                                               \
    X(ASN1_INTEGER_free)                                                                                     \
    X(ASN1_OCTET_STRING_free)                                                                                \
    X(ASN1_OCTET_STRING_new)                                                                                 \
    X(ASN1_OCTET_STRING_set)                                                                                 \
    X(ASN1_OBJECT_free)                                                                                      \
    X(ASN1_STRING_get0_data)                                                                                 \
    X(ASN1_STRING_length)                                                                                    \
    X(ASN1_TIME_to_tm)                                                                                       \
    X(BIO_ctrl)                                                                                              \
    X(BIO_free)                                                                                              \
    X(BIO_new)                                                                                               \
    X(BIO_new_mem_buf)                                                                                       \
    X(BIO_s_mem)                                                                                             \
    X(BN_bin2bn)                                                                                             \
    X(BN_bn2binpad)                                                                                          \
    X(BN_free)                                                                                               \
    X(BN_to_ASN1_INTEGER)                                                                                    \
    X(CRYPTO_free)                                                                                           \
    X(ECDSA_SIG_free)                                                                                        \
    X(ECDSA_SIG_get0)                                                                                        \
    X(ERR_clear_error)                                                                                       \
    X(EVP_DigestSign)                                                                                        \
    X(EVP_DigestSignInit)                                                                                    \
    X(EVP_MD_CTX_free)                                                                                       \
    X(EVP_MD_CTX_new)                                                                                        \
    X(EVP_PKEY_Q_keygen)                                                                                     \
    X(EVP_PKEY_eq)                                                                                           \
    X(EVP_PKEY_free)                                                                                         \
    X(EVP_PKEY_get_octet_string_param)                                                                       \
    X(EVP_sha256)                                                                                            \
    X(HMAC)                                                                                                  \
    X(OBJ_txt2obj)                                                                                           \
    X(OPENSSL_sk_free)                                                                                       \
    X(OPENSSL_sk_new_null)                                                                                   \
    X(OPENSSL_sk_push)                                                                                       \
    X(PEM_read_bio_PrivateKey)                                                                               \
    X(PEM_read_bio_X509)                                                                                     \
    X(PEM_write_bio_PKCS8PrivateKey)                                                                         \
    X(PEM_write_bio_X509)                                                                                    \
    X(SHA256)                                                                                                \
    X(X509_EXTENSION_create_by_OBJ)                                                                          \
    X(X509_EXTENSION_free)                                                                                   \
    X(X509_NAME_add_entry_by_txt)                                                                            \
    X(X509_REQ_add_extensions)                                                                               \
    X(X509_REQ_free)                                                                                         \
    X(X509_REQ_new)                                                                                          \
    X(X509_REQ_set_pubkey)                                                                                   \
    X(X509_REQ_sign)                                                                                         \
    X(X509_REQ_set_version)                                                                                  \
    X(X509V3_EXT_conf_nid)                                                                                   \
    X(X509_add_ext)                                                                                          \
    X(X509_check_host)                                                                                       \
    X(X509_check_issued)                                                                                     \
    X(X509_check_purpose)                                                                                    \
    X(X509_free)                                                                                             \
    X(X509_get0_authority_key_id)                                                                            \
    X(X509_get0_notAfter)                                                                                    \
    X(X509_get0_notBefore)                                                                                   \
    X(X509_get0_pubkey)                                                                                      \
    X(X509_get0_serialNumber)                                                                                \
    X(X509_get_subject_name)                                                                                 \
    X(X509_getm_notAfter)                                                                                    \
    X(X509_getm_notBefore)                                                                                   \
    X(X509_gmtime_adj)                                                                                       \
    X(X509_new)                                                                                              \
    X(X509_set_issuer_name)                                                                                  \
    X(X509_set_pubkey)                                                                                       \
    X(X509_set_serialNumber)                                                                                 \
    X(X509_set_version)                                                                                      \
    X(X509_sign)                                                                                             \
    X(X509_verify)                                                                                           \
    X(d2i_ECDSA_SIG)                                                                                         \
    X(i2d_ASN1_INTEGER)                                                                                      \
    X(i2d_X509_REQ)

typedef struct libcrypto_functions {
#define X(name) __typeof__(name) *name;
    LIBCRYPTO_FUNCTIONS(X)
#undef X
} libcrypto_functions;

extern libcrypto_functions libcrypto;

/** Loads the library once in a process; false, with `*problem`, when it is not installed or too old. */
bool libcrypto_load(const char **problem);

#endif
