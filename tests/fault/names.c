/**
 * Names whose addresses change: a library for LD_PRELOAD.
 *
 * TEST_NAMES, "a.test=1.1.1.1;127.0.0.1 b.test=1.1.1.1,127.0.0.1", says what getaddrinfo finds: the n-th look-up of a
 * name gets its n-th list, later ones the last. No packet leaves the machine: connections to other addresses than
 * 127.0.0.0/8 go to 127.0.0.2, and getpeername still reports the address that was asked for.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST_FDS = 4096, MOST_NAMES = 16 };

static struct sockaddr_in asked_for[MOST_FDS]; /* 0: as it is */
static atomic_uint lookups[MOST_NAMES];

static void *original(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        abort();
    return found;
}

/* The lists of a name, which ends with a space or a NUL; its number. NULL: another name. */
static const char *lists_of(const char *name, size_t *number)
{
    const char *at = getenv("TEST_NAMES");
    size_t len = strlen(name);
    if (len > 0 && name[len - 1] == '.')
        len--;
    *number = 0;
    while (at != NULL && *number < MOST_NAMES) {
        at += strspn(at, " ");
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            return at + len + 1;
        at = strchr(at, ' ');
        ++*number;
    }
    return NULL;
}

int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = original("getaddrinfo");
    size_t number;
    const char *list = name != NULL ? lists_of(name, &number) : NULL;
    if (list == NULL)
        return real(name, port, hints, out);
    for (unsigned before = atomic_fetch_add(&lookups[number], 1); before > 0; before--) {
        size_t len = strcspn(list, "; ");
        if (list[len] != ';')
            break;
        list += len + 1;
    }
    for (*out = NULL; *list != '\0' && *list != ';' && *list != ' ';) { /* glibc frees each entry by itself */
        char address[64] = "";
        size_t len = strcspn(list, ",; ");
        memcpy(address, list, len < sizeof address ? len : sizeof address - 1);
        int result = real(address, port, hints, out);
        if (result != 0)
            return result;
        while (*out != NULL)
            out = &(*out)->ai_next;
        list += len + (list[len] == ',');
    }
    return 0;
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    int (*real)(int, const struct sockaddr *, socklen_t);
    *(void **)&real = original("connect");
    struct sockaddr_in four;
    if (fd >= 0 && fd < MOST_FDS)
        asked_for[fd] = (struct sockaddr_in){0};
    if (address->sa_family != AF_INET)
        return real(fd, address, len);
    memcpy(&four, address, sizeof four);
    if (ntohl(four.sin_addr.s_addr) >> 24 != 127 && fd >= 0 && fd < MOST_FDS) {
        asked_for[fd] = four;
        four.sin_addr.s_addr = htonl(0x7f000002);
    }
    return real(fd, (const struct sockaddr *)&four, sizeof four);
}

int getpeername(int fd, struct sockaddr *address, socklen_t *len)
{
    int (*real)(int, struct sockaddr *, socklen_t *);
    *(void **)&real = original("getpeername");
    int result = real(fd, address, len);
    if (result == 0 && fd >= 0 && fd < MOST_FDS && asked_for[fd].sin_family == AF_INET)
        memcpy(address, &asked_for[fd], sizeof asked_for[fd]);
    return result;
}
