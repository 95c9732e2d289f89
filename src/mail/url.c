#include "mail/carrier.h"

#include <string.h>

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

const char *mail_url_folder(const char *url)
{
    if (!begins(url, "file:"))
        return NULL;
    return begins(url, "file:///") ? url + 7 : url + 5;
}

bool mail_url_is_smtp(const char *url, bool *has_login)
{
    bool is_smtp = begins(url, "smtp://") || begins(url, "smtps://");
    const char *host = is_smtp ? strchr(url, ':') + 3 : url;
    const char *at = strchr(host, '@');
    *has_login = is_smtp && at != NULL && (size_t)(at - host) < strcspn(host, "/?#");
    return is_smtp;
}

bool mail_url_check(const char *url, buf *problem)
{
    bool has_login;
    const char *folder = mail_url_folder(url);
    if (folder != NULL && *folder != '\0')
        return true;
    if (mail_url_is_smtp(url, &has_login))
        return mail_smtp_check(url, problem);
    buf_add_text(
        problem,
        "mail: the URL of --mail-url or TERN_MAIL_URL must begin with smtp://, smtps:// or file: and a "
        "folder, such as file:mails\n");
    return false;
}
