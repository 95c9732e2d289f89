#include "base/siphash.h"

#include "check.h"

/* The key of every published vector: bytes 00 to 0f. */
static const siphash_key counting_key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};

static const struct {
    size_t len; /* of the input 00 01 02 ... */
    uint64_t hash_1_3, hash_2_4;
} vectors[] = {
    {0, 0xabac0158050fc4dc, 0x726fdb47dd0e0e31},  {1, 0xc9f49bf37d57ca93, 0x74f839c593dc67fd},
    {7, 0xd3927d989bb11140, 0xab0200f58b01d137},  {8, 0x369095118d299a8e, 0x93f5f5799a932462},
    {15, 0xd320d86d2a519956, 0xa129ca6149be45e5}, {16, 0xcc4fdd1a7d908b66, 0x3f2acc7f57c29bdb},
    {63, 0x9d199062b7bbb3a8, 0x958a324ceb064572},
};

TEST(siphash_matches_the_published_vectors)
{
    unsigned char input[64];
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        CHECK(siphash_1_3(&counting_key, input, vectors[i].len) == vectors[i].hash_1_3);
        CHECK(siphash_2_4(&counting_key, input, vectors[i].len) == vectors[i].hash_2_4);
    }
}

TEST(siphash_reads_unaligned_input)
{
    unsigned char input[65];
    for (size_t i = 0; i < 64; i++)
        input[i + 1] = (unsigned char)i;
    CHECK(siphash_1_3(&counting_key, input + 1, 63) == 0x9d199062b7bbb3a8);
}

TEST(threat_061_inputs_that_collide_under_one_key_differ_under_another)
{
    static const siphash_key other = {{1, 2}};
    unsigned same_low_bits = 0, still_same = 0;
    uint64_t wanted = siphash_1_3(&counting_key, "0", 1) & 0xff;
    for (uint32_t i = 0; i < 20000; i++) {
        if ((siphash_1_3(&counting_key, &i, sizeof i) & 0xff) != wanted)
            continue;
        same_low_bits++;
        still_same += (siphash_1_3(&other, &i, sizeof i) & 0xff) == wanted;
    }
    CHECK(same_low_bits > 40);
    CHECK(still_same < same_low_bits / 8);
}
