/** Clients that cost more than they should: what each may do is counted, in proportion to what it asked for. */
#include "http/h2/h2.h"

static void fill(h2_budget *budget, uint32_t most)
{
    uint64_t now = loop_self.now_ms, passed = now - budget->filled_ms;
    uint64_t more = passed >= H2_BUDGET_MS ? most : passed * most / H2_BUDGET_MS;
    if (more == 0)
        return;
    budget->filled_ms = now;
    budget->left = more >= most - budget->left ? most : budget->left + (uint32_t)more;
}

bool budget_take(h2_budget *budget, uint32_t most, uint32_t count)
{
    if (budget->left < count)
        fill(budget, most);
    if (budget->left < count)
        return false;
    budget->left -= count;
    return true;
}

void budget_earn(h2_budget *budget, uint32_t most, uint32_t count)
{
    budget->left = budget->left + count > most ? most : budget->left + count;
}

bool calm_frame(h2_connection *h)
{
    if (budget_take(&h->frames, http_self.limits.h2_frames, 1))
        return true;
    h2_fail(h, H2_ENHANCE_YOUR_CALM, "too many frames that ask for nothing");
    return false;
}

bool calm_reset(h2_connection *h)
{
    if (budget_take(&h->resets, http_self.limits.h2_resets, 1))
        return true;
    h2_fail(h, H2_ENHANCE_YOUR_CALM, "too many streams were reset");
    return false;
}
