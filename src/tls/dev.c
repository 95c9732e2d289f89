#include "tls/dev.h"

#include "base/clock.h"
#include "tls/certificate.h"
#include "tls/hello.h"
#include "tls/make.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DAY_S = 24 * 3600,
    AUTHORITY_S = 3650 * DAY_S,
    AUTHORITY_LEFT_S = 365 * DAY_S, /* it is replaced when it has less */
    CERTIFICATE_S = 90 * DAY_S,
    CERTIFICATE_LEFT_S = 30 * DAY_S,
    NAMES_MOST = 5
};

/* -- folders -- */

static bool fail(buf *problem, const char *path)
{
    buf_add_printf(problem, "%s: cannot be made or written: %s; set XDG_STATE_HOME to a folder of yours\n",
                   path, strerror(errno));
    return false;
}

/** Makes the folder and those above it. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool is_there = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!is_there)
            return false;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static const char *home_folder(void)
{
    const char *home = getenv("HOME");
    if (home != NULL && home[0] == '/')
        return home;
    const struct passwd *user = getpwuid(getuid());
    return user != NULL ? user->pw_dir : "/";
}

bool tls_state_folder(buf *out, buf *problem)
{
    const char *state = getenv("XDG_STATE_HOME");
    if (state != NULL &&
        state[0] == '/') /* a relative path is to be ignored: XDG Base Directory Specification */
        buf_add_printf(out, "%s/tern", state);
    else
        buf_add_printf(out, "%s/.local/state/tern", home_folder());
    if (out->failed) {
        buf_add_text(problem, "out of memory\n");
        return false;
    }
    return make_folders(out->data) || fail(problem, out->data);
}

/* -- certificates -- */

/** What one run of tls_dev_prepare needs; the host's name is "" when it is not one that a certificate can have. */
typedef struct maker {
    tls_dev *paths;
    buf authority_key;
    char host[TLS_HOST_BYTES];
    EVP_PKEY *authority_secret;
    X509 *authority;
} maker;

static void find_host(maker *m)
{
    char name[TLS_HOST_BYTES] = "";
    if (gethostname(name, sizeof name - 1) != 0 || !tls_host_name(name, strlen(name), m->host) ||
        strcmp(m->host, "localhost") == 0)
        m->host[0] = '\0';
}

/** Writes a certificate and its key; the certificate last: with it, the pair is complete. */
static bool write_pair(X509 *certificate, EVP_PKEY *key, const char *file, const char *key_file, buf *problem)
{
    buf text = {0}, secret = {0};
    bool is_made = tls_pem_of_certificate(certificate, &text) && tls_pem_of_key(key, &secret);
    bool is_written = false;
    if (!is_made)
        buf_add_text(problem, "out of memory while a certificate was made\n");
    else
        is_written = (tls_write_private_file(key_file, secret.data, secret.len) || fail(problem, key_file)) &&
                     (tls_write_private_file(file, text.data, text.len) || fail(problem, file));
    if (secret.data != NULL)
        openssl.OPENSSL_cleanse(secret.data, secret.len);
    buf_free(&text);
    buf_free(&secret);
    return is_written;
}

/** The pair in these files when it is good for `left_s` more; otherwise NULL. */
static tls_certificate *find_pair(const buf *file, const buf *key, int64_t left_s)
{
    const tls_certificate_rules rules = {.now_s = clock_wall_s() + left_s};
    buf ignored = {0};
    tls_certificate *found = tls_certificate_load(file->data, key->data, &rules, &ignored);
    buf_free(&ignored);
    return found;
}

static bool take_authority(maker *m, tls_certificate *found)
{
    m->authority = found->leaf;
    m->authority_secret = found->key;
    found->leaf = NULL; /* they live on */
    found->key = NULL;
    tls_certificate_drop(found);
    return true;
}

static bool prepare_authority(maker *m, buf *problem)
{
    char subject[TLS_HOST_BYTES + 64];
    tls_certificate *found = find_pair(&m->paths->authority, &m->authority_key, AUTHORITY_LEFT_S);
    if (found != NULL)
        return take_authority(m, found);
    snprintf(subject, sizeof subject, "Tern development authority of %s",
             m->host[0] != '\0' ? m->host : "localhost");
    subject[64] = '\0'; /* a common name is not longer: RFC 5280 appendix A.1 */
    m->authority_secret = tls_make_key("EC", 0);
    if (m->authority_secret != NULL)
        m->authority = tls_make_certificate(&(tls_wish){.subject = subject,
                                                        .is_authority = true,
                                                        .from_s = -DAY_S,
                                                        .until_s = AUTHORITY_S,
                                                        .key = m->authority_secret});
    if (m->authority == NULL) {
        buf_add_text(problem, "out of memory while a certificate was made\n");
        return false;
    }
    return write_pair(m->authority, m->authority_secret, m->paths->authority.data, m->authority_key.data,
                      problem);
}

static bool is_current(const maker *m, const tls_certificate *found)
{
    bool is_of_authority = openssl.X509_verify(found->leaf, m->authority_secret) == 1;
    openssl.ERR_clear_error();
    return is_of_authority && tls_certificate_names(found, "localhost") &&
           (m->host[0] == '\0' || tls_certificate_names(found, m->host));
}

static bool prepare_certificate(maker *m, buf *problem)
{
    const char *names[NAMES_MOST] = {"localhost", "127.0.0.1", "::1", m->host[0] != '\0' ? m->host : NULL,
                                     NULL};
    tls_certificate *found = find_pair(&m->paths->certificate, &m->paths->key, CERTIFICATE_LEFT_S);
    bool is_good = found != NULL && is_current(m, found);
    tls_certificate_drop(found);
    if (is_good)
        return true;
    EVP_PKEY *key = tls_make_key("EC", 0);
    X509 *made = key == NULL ? NULL
                             : tls_make_certificate(&(tls_wish){.subject = "localhost",
                                                                .names = names,
                                                                .from_s = -DAY_S,
                                                                .until_s = CERTIFICATE_S,
                                                                .key = key,
                                                                .issuer = m->authority,
                                                                .issuer_key = m->authority_secret});
    bool is_written =
        made != NULL && write_pair(made, key, m->paths->certificate.data, m->paths->key.data, problem);
    if (made == NULL)
        buf_add_text(problem, "out of memory while a certificate was made\n");
    openssl.X509_free(made);
    openssl.EVP_PKEY_free(key);
    return is_written;
}

/* -- the whole -- */

static bool name_files(maker *m, const char *folder, buf *problem)
{
    tls_dev *paths = m->paths;
    buf_add_printf(&paths->certificate, "%s/localhost.crt", folder);
    buf_add_printf(&paths->key, "%s/localhost.key", folder);
    buf_add_printf(&paths->authority, "%s/authority.pem", folder);
    buf_add_printf(&m->authority_key, "%s/authority.key", folder);
    bool are_named = !paths->certificate.failed && !paths->key.failed && !paths->authority.failed &&
                     !m->authority_key.failed;
    if (!are_named)
        buf_add_text(problem, "out of memory\n");
    return are_named;
}

/** Another process that starts may be at it: the lock ends with the descriptor. */
static int lock_folder(const char *folder, buf *problem)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && flock(fd, LOCK_EX) != 0)
        if (errno != EINTR)
            break; /* a file system without locks: the last one to write wins, and all its files are whole */
    if (fd < 0)
        fail(problem, folder);
    return fd;
}

static bool prepare_in(maker *m, buf *folder, buf *problem)
{
    const char *why;
    if (!openssl_load(&why)) {
        buf_add_printf(problem, "%s\n", why);
        return false;
    }
    if (!tls_state_folder(folder, problem))
        return false;
    buf_add_text(folder, "/tls-dev");
    if (folder->failed || (!make_folders(folder->data) && !fail(problem, folder->data)))
        return false;
    int lock = lock_folder(folder->data, problem);
    if (lock < 0)
        return false;
    find_host(m);
    bool is_ready = name_files(m, folder->data, problem) && prepare_authority(m, problem) &&
                    prepare_certificate(m, problem);
    close(lock);
    openssl.X509_free(m->authority);
    openssl.EVP_PKEY_free(m->authority_secret);
    return is_ready;
}

bool tls_dev_prepare(tls_dev *out, buf *problem)
{
    buf folder = {0};
    maker m = {.paths = out};
    *out = (tls_dev){0};
    bool is_ready = prepare_in(&m, &folder, problem);
    buf_free(&folder);
    buf_free(&m.authority_key);
    if (!is_ready)
        tls_dev_free(out);
    return is_ready;
}

void tls_dev_free(tls_dev *dev)
{
    buf_free(&dev->certificate);
    buf_free(&dev->key);
    buf_free(&dev->authority);
}
