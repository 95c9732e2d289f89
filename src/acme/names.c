#include "acme/names.h"

#include "base/mem.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

enum { LABEL_BYTES = 63 };

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_label(const char *label, size_t len)
{
    if (len == 0 || len > LABEL_BYTES || label[0] == '-' || label[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter_or_digit(label[i]) && label[i] != '-')
            return false;
    return true;
}

/** At least two labels of letters, digits and inner hyphens; the last one is not a number (RFC 3696 section
 * 2). */
static bool is_dns_name(const char *name)
{
    unsigned labels = 0;
    size_t len = 0;
    for (const char *label = name;; label += len + 1) {
        len = strcspn(label, ".");
        if (!is_label(label, len))
            return false;
        labels++;
        if (label[len] == '\0')
            return labels >= 2 && strspn(label, "0123456789") != len;
    }
}

static bool is_address(const char *name)
{
    struct in6_addr address;
    return inet_pton(AF_INET, name, &address) == 1 || strchr(name, ':') != NULL || name[0] == '[' ||
           name[strspn(name, "0123456789.")] == '\0';
}

static bool is_local(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strcmp(dot != NULL ? dot + 1 : name, "localhost") == 0;
}

/** NULL for a name that an authority can check, otherwise why not and what to do. */
static const char *mistake_of(const char *name)
{
    if (name[0] == '\0')
        return "a name is empty: write names with single commas between them";
    if (strlen(name) > ACME_NAME_BYTES)
        return "a DNS name has at most 253 characters";
    if (strchr(name, '*') != NULL)
        return "wild cards need the challenge dns-01, which Tern does not support: list each name";
    if (is_local(name))
        return "authorities give no certificates for local names: use --tls-dev for development";
    if (is_address(name))
        return "addresses are not supported: use a DNS name, or --tls-dev for development";
    if (strchr(name, '.') == NULL)
        return "a public name has a dot: use --tls-dev for development";
    if (!is_dns_name(name))
        return "this is not a DNS name: labels have letters, digits and inner hyphens "
               "(internationalized names are written as xn--...)";
    return NULL;
}

static bool add(acme_names *names, char *name, buf *problem)
{
    for (char *at = name; *at != '\0'; at++)
        *at = (char)text_lower((unsigned char)*at);
    const char *mistake = mistake_of(name);
    if (mistake != NULL) {
        buf_add_printf(problem, "\"%.300s\": %s", name, mistake);
        return false;
    }
    if (names_have(names, name))
        return true;
    if (names->count == ACME_NAMES) {
        buf_add_printf(problem, "a certificate has at most %d names: use a second --acme for the others",
                       ACME_NAMES);
        return false;
    }
    names->list[names->count++] = name;
    return true;
}

static void trim(char **name)
{
    *name += strspn(*name, " \t");
    size_t len = strlen(*name);
    while (len > 0 && strchr(" \t", (*name)[len - 1]) != NULL)
        len--;
    (*name)[len] = '\0';
}

bool names_read(tern_str text, acme_names *names, buf *problem)
{
    *names = (acme_names){.text = mem_text(text.data, text.len)};
    if (names->text == NULL) {
        buf_add_text(problem, "out of memory");
        return false;
    }
    for (char *name = names->text, *comma = name; comma != NULL; name = comma != NULL ? comma + 1 : NULL) {
        comma = strchr(name, ',');
        if (comma != NULL)
            *comma = '\0';
        char *trimmed = name;
        trim(&trimmed);
        if (!add(names, trimmed, problem)) {
            names_free(names);
            return false;
        }
    }
    return true;
}

void names_free(acme_names *names)
{
    mem_free(names->text);
    *names = (acme_names){0};
}

bool names_have(const acme_names *names, const char *name)
{
    size_t len = strlen(name);
    for (unsigned i = 0; i < names->count; i++)
        if (strlen(names->list[i]) == len && text_equal_nocase(names->list[i], name, len))
            return true;
    return false;
}
