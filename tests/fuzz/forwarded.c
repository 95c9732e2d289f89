/* Forwarded fields: elements are inside the input and hold what they hold however the rest goes on; an address that
 * is read can be written and read again. */
#include "http/forwarded.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_inside(tern_str part, const char *text, size_t size)
{
    require(part.data == NULL || (part.data >= text && part.data + part.len <= text + size));
}

static void check_node(tern_str text)
{
    char written[INET6_ADDRSTRLEN];
    forwarded_node node, again;
    if (!forwarded_node_read(text, &node))
        return;
    require(node.family == AF_INET || node.family == AF_INET6);
    require(inet_ntop(node.family, node.address, written, sizeof written) != NULL);
    require(forwarded_node_read((tern_str){written, strlen(written)}, &again));
    require(again.family == node.family && memcmp(again.address, node.address, sizeof node.address) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    char *text = malloc(size + 1); /* of its own, so that a read past its end is seen */
    require(text != NULL);
    memcpy(text, input, size);
    text[size] = '\0';
    tern_str rest = {text, size};
    forwarded_element element;
    bool is_bad = false;
    size_t left = size + 1;
    while (forwarded_next(&rest, &element, &is_bad)) {
        require(!is_bad && rest.len < left);
        left = rest.len;
        check_inside(element.node, text, size);
        check_inside(element.proto, text, size);
        check_inside(element.host, text, size);
        if (element.node.data != NULL)
            check_node(element.node);
    }
    check_node((tern_str){text, size});
    free(text);
    return 0;
}
