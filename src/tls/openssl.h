/**
 * OpenSSL 3, loaded when a listener speaks TLS or a key is made: other programs do not need it.
 *
 * `openssl.SSL_new(ctx)` is SSL_new(ctx), and so on. What the headers define as a macro over another function is
 * called as that function: SSL_CTX_set_mode(ctx, mode) is `openssl.SSL_CTX_ctrl(ctx, SSL_CTRL_MODE, mode, NULL)`.
 * The inline functions for stacks (`sk_X509_num`) would need the library at link time: use OPENSSL_sk_num.
 *
 * A layer above that needs a function adds it to the list.
 */
#ifndef TLS_OPENSSL_H
#define TLS_OPENSSL_H

/* SHA256_Init and its like: what replaces them costs a look-up and several allocations a digest. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

#define OPENSSL_FUNCTIONS(X)                                                                                 \
    X(OPENSSL_init_ssl)                                                                                      \
    X(CRYPTO_set_mem_functions)                                                                              \
    X(CRYPTO_free)                                                                                           \
    X(OPENSSL_cleanse)                                                                                       \
    X(OPENSSL_sk_num)                                                                                        \
    X(OPENSSL_sk_value)                                                                                      \
    X(OPENSSL_sk_new_null)                                                                                   \
    X(OPENSSL_sk_push)                                                                                       \
    X(OPENSSL_sk_pop_free)                                                                                   \
    X(ERR_clear_error)                                                                                       \
    X(ERR_peek_error)                                                                                        \
    X(ERR_peek_last_error)                                                                                   \
    X(ERR_reason_error_string)                                                                               \
    X(BIO_new)                                                                                               \
    X(BIO_new_mem_buf)                                                                                       \
    X(BIO_s_mem)                                                                                             \
    X(BIO_s_socket)                                                                                          \
    X(BIO_free)                                                                                              \
    X(BIO_ctrl)                                                                                              \
    X(BIO_int_ctrl)                                                                                          \
    X(BIO_get_data)                                                                                          \
    X(BIO_set_data)                                                                                          \
    X(BIO_set_init)                                                                                          \
    X(BIO_set_flags)                                                                                         \
    X(BIO_clear_flags)                                                                                       \
    X(BIO_get_new_index)                                                                                     \
    X(BIO_meth_new)                                                                                          \
    X(BIO_meth_set_read_ex)                                                                                  \
    X(BIO_meth_set_write_ex)                                                                                 \
    X(BIO_meth_set_ctrl)                                                                                     \
    X(EVP_CIPHER_fetch)                                                                                      \
    X(EVP_CIPHER_free)                                                                                       \
    X(EVP_EncryptInit_ex)                                                                                    \
    X(EVP_DecryptInit_ex)                                                                                    \
    X(EVP_MAC_CTX_set_params)                                                                                \
    X(EVP_PKEY_free)                                                                                         \
    X(EVP_PKEY_get_bits)                                                                                     \
    X(EVP_PKEY_get_base_id)                                                                                  \
    X(EVP_PKEY_Q_keygen)                                                                                     \
    X(EVP_Q_digest)                                                                                          \
    X(EVP_sha256)                                                                                            \
    X(RAND_bytes)                                                                                            \
    X(BN_bn2hex)                                                                                             \
    X(BN_bin2bn)                                                                                             \
    X(BN_free)                                                                                               \
    X(ASN1_INTEGER_to_BN)                                                                                    \
    X(BN_to_ASN1_INTEGER)                                                                                    \
    X(ASN1_STRING_get0_data)                                                                                 \
    X(ASN1_STRING_length)                                                                                    \
    X(ASN1_TIME_to_tm)                                                                                       \
    X(X509_new)                                                                                              \
    X(X509_free)                                                                                             \
    X(X509_set_version)                                                                                      \
    X(X509_get_serialNumber)                                                                                 \
    X(X509_get0_serialNumber)                                                                                \
    X(X509_gmtime_adj)                                                                                       \
    X(X509_get0_notBefore)                                                                                   \
    X(X509_get0_notAfter)                                                                                    \
    X(X509_getm_notBefore)                                                                                   \
    X(X509_getm_notAfter)                                                                                    \
    X(X509_get_subject_name)                                                                                 \
    X(X509_get_issuer_name)                                                                                  \
    X(X509_set_issuer_name)                                                                                  \
    X(X509_get0_pubkey)                                                                                      \
    X(X509_set_pubkey)                                                                                       \
    X(X509_check_private_key)                                                                                \
    X(X509_get_ext_d2i)                                                                                      \
    X(X509_add_ext)                                                                                          \
    X(X509_sign)                                                                                             \
    X(X509_verify)                                                                                           \
    X(X509_digest)                                                                                           \
    X(X509_NAME_add_entry_by_txt)                                                                            \
    X(X509_NAME_print_ex)                                                                                    \
    X(X509_EXTENSION_free)                                                                                   \
    X(X509V3_set_ctx)                                                                                        \
    X(X509V3_EXT_conf_nid)                                                                                   \
    X(GENERAL_NAMES_free)                                                                                    \
    X(GENERAL_NAME_get0_value)                                                                               \
    X(PEM_read_bio_X509)                                                                                     \
    X(PEM_read_bio_PrivateKey)                                                                               \
    X(PEM_write_bio_X509)                                                                                    \
    X(PEM_write_bio_PKCS8PrivateKey)                                                                         \
    X(ASN1_OBJECT_free)                                                                                      \
    X(ASN1_OCTET_STRING_free)                                                                                \
    X(ASN1_OCTET_STRING_new)                                                                                 \
    X(ASN1_OCTET_STRING_set)                                                                                 \
    X(BN_bn2binpad)                                                                                          \
    X(ECDSA_SIG_free)                                                                                        \
    X(ECDSA_SIG_get0)                                                                                        \
    X(EVP_DigestSign)                                                                                        \
    X(EVP_DigestSignInit)                                                                                    \
    X(EVP_MD_CTX_free)                                                                                       \
    X(EVP_MD_CTX_new)                                                                                        \
    X(EVP_PKEY_eq)                                                                                           \
    X(EVP_PKEY_get_octet_string_param)                                                                       \
    X(HMAC)                                                                                                  \
    X(OBJ_txt2obj)                                                                                           \
    X(SHA256)                                                                                                \
    X(SHA256_Init)                                                                                           \
    X(SHA256_Update)                                                                                         \
    X(SHA256_Final)                                                                                          \
    X(BN_num_bits)                                                                                           \
    X(EVP_DigestVerify)                                                                                      \
    X(EVP_DigestVerifyInit)                                                                                  \
    X(EVP_PKEY_CTX_free)                                                                                     \
    X(EVP_PKEY_CTX_new)                                                                                      \
    X(EVP_PKEY_CTX_new_from_name)                                                                            \
    X(EVP_PKEY_CTX_set_rsa_padding)                                                                          \
    X(EVP_PKEY_CTX_set_signature_md)                                                                         \
    X(EVP_PKEY_fromdata)                                                                                     \
    X(EVP_PKEY_fromdata_init)                                                                                \
    X(EVP_PKEY_get_bn_param)                                                                                 \
    X(EVP_PKEY_get_raw_public_key)                                                                           \
    X(EVP_PKEY_get_utf8_string_param)                                                                        \
    X(EVP_PKEY_new_raw_private_key)                                                                          \
    X(EVP_PKEY_new_raw_public_key)                                                                           \
    X(EVP_PKEY_pairwise_check)                                                                               \
    X(EVP_PKEY_public_check)                                                                                 \
    X(EVP_PKEY_sign)                                                                                         \
    X(EVP_PKEY_sign_init)                                                                                    \
    X(EVP_PKEY_verify)                                                                                       \
    X(EVP_PKEY_verify_init)                                                                                  \
    X(PEM_read_bio_PUBKEY)                                                                                   \
    X(PEM_write_bio_PUBKEY)                                                                                  \
    X(X509_get_pubkey)                                                                                       \
    X(X509_EXTENSION_create_by_OBJ)                                                                          \
    X(X509_REQ_add_extensions)                                                                               \
    X(X509_REQ_free)                                                                                         \
    X(X509_REQ_new)                                                                                          \
    X(X509_REQ_set_pubkey)                                                                                   \
    X(X509_REQ_set_version)                                                                                  \
    X(X509_REQ_sign)                                                                                         \
    X(X509_check_host)                                                                                       \
    X(X509_check_issued)                                                                                     \
    X(X509_check_purpose)                                                                                    \
    X(X509_get0_authority_key_id)                                                                            \
    X(d2i_ECDSA_SIG)                                                                                         \
    X(i2d_ASN1_INTEGER)                                                                                      \
    X(i2d_X509_REQ)                                                                                          \
    X(TLS_server_method)                                                                                     \
    X(TLS_client_method)                                                                                     \
    X(SSL_CTX_set_default_verify_paths)                                                                      \
    X(SSL_CTX_use_certificate_chain_file)                                                                    \
    X(SSL_CTX_use_PrivateKey_file)                                                                           \
    X(SSL_set_connect_state)                                                                                 \
    X(SSL_set1_host)                                                                                         \
    X(SSL_get0_param)                                                                                        \
    X(SSL_get_verify_result)                                                                                 \
    X(X509_verify_cert_error_string)                                                                         \
    X(X509_VERIFY_PARAM_set1_ip_asc)                                                                         \
    X(SSL_CTX_new)                                                                                           \
    X(SSL_CTX_free)                                                                                          \
    X(SSL_CTX_ctrl)                                                                                          \
    X(SSL_CTX_set_options)                                                                                   \
    X(SSL_CTX_clear_options)                                                                                 \
    X(SSL_CTX_set_cipher_list)                                                                               \
    X(SSL_CTX_set_ciphersuites)                                                                              \
    X(SSL_CTX_set_timeout)                                                                                   \
    X(SSL_CTX_set_session_id_context)                                                                        \
    X(SSL_CTX_set_verify)                                                                                    \
    X(SSL_CTX_set_verify_depth)                                                                              \
    X(SSL_CTX_load_verify_file)                                                                              \
    X(SSL_CTX_set_client_CA_list)                                                                            \
    X(SSL_load_client_CA_file)                                                                               \
    X(SSL_CTX_set_client_hello_cb)                                                                           \
    X(SSL_CTX_set_alpn_select_cb)                                                                            \
    X(SSL_CTX_set_cert_cb)                                                                                   \
    X(SSL_CTX_set_tlsext_ticket_key_evp_cb)                                                                  \
    X(SSL_CTX_set_msg_callback)                                                                              \
    X(SSL_CTX_use_cert_and_key)                                                                              \
    X(SSL_client_hello_get0_ext)                                                                             \
    X(SSL_use_cert_and_key)                                                                                  \
    X(SSL_certs_clear)                                                                                       \
    X(SSL_new)                                                                                               \
    X(SSL_free)                                                                                              \
    X(SSL_ctrl)                                                                                              \
    X(SSL_set_bio)                                                                                           \
    X(SSL_set_accept_state)                                                                                  \
    X(SSL_set_ex_data)                                                                                       \
    X(SSL_get_ex_data)                                                                                       \
    X(SSL_do_handshake)                                                                                      \
    X(SSL_get_error)                                                                                         \
    X(SSL_has_pending)                                                                                       \
    X(SSL_is_init_finished)                                                                                  \
    X(SSL_read_ex)                                                                                           \
    X(SSL_write_ex)                                                                                          \
    X(SSL_sendfile)                                                                                          \
    X(SSL_set_shutdown)                                                                                      \
    X(SSL_shutdown)                                                                                          \
    X(SSL_get_version)                                                                                       \
    X(SSL_get_current_cipher)                                                                                \
    X(SSL_CIPHER_get_name)                                                                                   \
    X(SSL_get0_alpn_selected)                                                                                \
    X(SSL_get1_peer_certificate)                                                                             \
    X(SSL_set_verify)                                                                                        \
    X(SSL_session_reused)                                                                                    \
    X(SSL_get_wbio)

typedef struct openssl_functions {
#define X(name) __typeof__(name) *name;
    OPENSSL_FUNCTIONS(X)
#undef X
} openssl_functions;

extern openssl_functions openssl;

/**
 * Loads libssl.so.3 and libcrypto.so.3 once in a process, and has OpenSSL allocate by base/mem.h if it has not
 * allocated yet (libpq or libcurl may have loaded it before). False, with `*problem` a static text, when they are not
 * installed or too old.
 */
bool openssl_load(const char **problem);

/** A static text for the reason of this thread's last OpenSSL error ("wrong version number"); never NULL. Clears the
 * errors. */
const char *openssl_reason(void);

#endif
