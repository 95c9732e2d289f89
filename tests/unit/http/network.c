#include "http/network.h"

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/** Whether an address, or "unix", is in a network; the reason when the network is refused. */
static const char *is_in(const char *network, const char *address)
{
    static char reason[128];
    http_network n;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr local = {.sa_family = AF_UNIX}, *at = &local;
    if (!http_network_read(network, strlen(network), &n, reason, sizeof reason))
        return reason;
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        at = (struct sockaddr *)&v4;
    else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
        at = (struct sockaddr *)&v6;
    return http_network_has(&n, 1, at) ? "in" : "out";
}

typedef struct row {
    const char *network, *address, *result;
} row;

static void check_rows(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_TEXT(is_in(rows[i].network, rows[i].address), rows[i].result);
}

TEST(networks_have_the_addresses_that_share_their_bits)
{
    static const row rows[] = {
        {"10.0.0.0/8", "10.255.255.255", "in"},
        {"10.0.0.0/8", "11.0.0.0", "out"},
        {"10.0.0.0/8", "::1", "out"},
        {"10.0.0.0/8", "unix", "out"},
        {"192.0.2.1", "192.0.2.1", "in"},
        {"192.0.2.1", "192.0.2.2", "out"},
        {"192.0.2.1/32", "192.0.2.1", "in"},
        {"192.0.2.0/31", "192.0.2.1", "in"},
        {"192.0.2.0/31", "192.0.2.2", "out"},
        {"192.0.2.128/25", "192.0.2.127", "out"},
        {"0.0.0.0/0", "203.0.113.9", "in"},
        {"0.0.0.0/0", "::1", "out"},
        {"::/0", "2001:db8::1", "in"},
        {"::/0", "192.0.2.1", "out"},
        {"2001:db8::/32", "2001:db8:ffff::", "in"},
        {"2001:db8::/32", "2001:db9::", "out"},
        {"::1", "::1", "in"},
        {"2001:db8::8/127", "2001:db8::9", "in"},
        {"unix", "unix", "in"},
        {"unix", "127.0.0.1", "out"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

TEST(networks_of_ipv4_have_its_addresses_inside_ipv6)
{
    static const row rows[] = {
        {"10.0.0.0/8", "::ffff:10.1.2.3", "in"},
        {"10.0.0.0/8", "::ffff:11.1.2.3", "out"},
        {"::/0", "::ffff:10.1.2.3", "out"},
        {"::ffff:10.0.0.0/104", "::ffff:10.1.2.3", "out"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

TEST(networks_with_a_mistake_are_refused_with_what_to_write)
{
    static const char write[] = "write an address, like 10.0.0.0/8 or 2001:db8::/32, or unix";
    static const row rows[] = {
        {"", "", write},
        {"localhost", "", write},
        {"UNIX", "", write},
        {"unix/8", "", write},
        {"10/8", "", write},
        {"10.0.0/8", "", write},
        {"10.0.0.0.0", "", write},
        {"[::1]", "", write},
        {"fe80::1%eth0", "", write},
        {"/8", "", write},
        {"10.0.0.0/", "", "after its slash is not a number from 0 to 32"},
        {"10.0.0.0/33", "", "after its slash is not a number from 0 to 32"},
        {"10.0.0.0/-1", "", "after its slash is not a number from 0 to 32"},
        {"10.0.0.0/255.0.0.0", "", "after its slash is not a number from 0 to 32"},
        {"::/129", "", "after its slash is not a number from 0 to 128"},
        {"10.0.0.1/8", "", "its address has bits after its first 8; write 10.0.0.0/8"},
        {"192.0.2.1/31", "", "its address has bits after its first 31; write 192.0.2.0/31"},
        {"2001:db8::1/32", "", "its address has bits after its first 32; write 2001:db8::/32"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}
