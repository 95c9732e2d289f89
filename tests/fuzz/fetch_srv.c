/* Answers of name servers: what is read of them is a list of hosts that are part of a URL as they are. */
#include "base/arena.h"
#include "fetch/srv.h"
#include "fetch/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static srv_answer answer;
    unsigned char *message = malloc(size + 1);
    unsigned char *exact = size != 0 ? realloc(message, size) : message; /* reading past it is found */
    if (exact == NULL)
        return 0;
    memcpy(exact, data, size);
    srv_read(&answer, exact, size);
    if (answer.count > SRV_RECORDS_MOST || (answer.count == 0) != (answer.problem != NULL) ||
        answer.ttl_s < SRV_TTL_LEAST_S || answer.ttl_s > SRV_TTL_MOST_S)
        abort();
    for (size_t i = 0; i < answer.count; i++) {
        char url[300];
        fetch_target t;
        arena a;
        arena_init(&a, NULL, 0, 1 << 20);
        snprintf(url, sizeof url, "http://%s:%u/", answer.records[i].host, (unsigned)answer.records[i].port);
        if (target_read(&t, &a, url, NULL) != NULL || !t.is_usual ||
            strcmp(t.host, answer.records[i].host) != 0)
            abort();
        arena_free(&a);
    }
    free(exact);
    return 0;
}
