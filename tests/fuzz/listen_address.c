/* What operators write: an address to listen on is printed as text that reads as the same address, and a network
 * has its own address. */
#include "runtime/listen_address.h"
#include "http/network.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_listen_address(const char *text, size_t len)
{
    listen_address first, second;
    char reason[128], printed[LISTEN_TEXT_BYTES];
    if (!listen_address_read(text, len, &first, reason, sizeof reason)) {
        require(reason[0] != '\0');
        return;
    }
    listen_address_print(&first, printed);
    require(listen_address_read(printed, strlen(printed), &second, reason, sizeof reason));
    require(first.family == second.family && first.kind == second.kind && first.port == second.port);
    require(strcmp(first.host, second.host) == 0);
}

static void check_network(const char *text, size_t len)
{
    http_network network;
    char reason[128];
    if (!http_network_read(text, len, &network, reason, sizeof reason)) {
        require(reason[0] != '\0');
        return;
    }
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    memcpy(&v4.sin_addr, network.bytes, sizeof v4.sin_addr);
    memcpy(&v6.sin6_addr, network.bytes, sizeof v6.sin6_addr);
    if (network.family == AF_INET)
        require(http_network_has(&network, 1, (struct sockaddr *)&v4));
    if (network.family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
        require(http_network_has(&network, 1, (struct sockaddr *)&v6));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    check_listen_address((const char *)input, size);
    check_network((const char *)input, size);
    return 0;
}
