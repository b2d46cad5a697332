/* base/ip.c: what is kept back of the addresses that there are. */
#include "base/ip.h"

#include "base/assert.h"

bool hf_ip4_is_public(uint32_t ip)
{
    static const struct {
        uint32_t net;
        unsigned bits;
    } kept_back[] = {
        {0x00000000, 8},  /* this network */
        {0x0A000000, 8},  /* private */
        {0x64400000, 10}, /* shared by carriers */
        {0x7F000000, 8},  /* loopback */
        {0xA9FE0000, 16}, /* link-local, and where clouds tell secrets */
        {0xAC100000, 12}, /* private */
        {0xC0000000, 24}, /* protocol assignments */
        {0xC0000200, 24}, /* documentation */
        {0xC0586300, 24}, /* 6to4 relays */
        {0xC0A80000, 16}, /* private */
        {0xC6120000, 15}, /* benchmarks */
        {0xC6336400, 24}, /* documentation */
        {0xCB007100, 24}, /* documentation */
        {0xE0000000, 3},  /* multicast, reserved, broadcast */
    };

    for (size_t i = 0; i < HF_LEN(kept_back); i++) {
        if ((ip ^ kept_back[i].net) >> (32 - kept_back[i].bits) == 0) {
            return false;
        }
    }
    return true;
}

/* Of 2000::/3, what is given out, without Teredo and other protocol assignments (2001:0::/23),
 * documentation (2001:db8::/32, 3fff::/20) and 6to4 (2002::/16). */
bool hf_ip6_is_public(const uint8_t ip[16])
{
    bool assigned = ip[0] >> 5 == 1;
    bool protocols = ip[0] == 0x20 && ip[1] == 0x01 && ip[2] < 2;
    bool documents = (ip[0] == 0x20 && ip[1] == 0x01 && ip[2] == 0x0D && ip[3] == 0xB8) ||
                     (ip[0] == 0x3F && ip[1] == 0xFF && ip[2] >> 4 == 0);
    return assigned && !protocols && !documents && !(ip[0] == 0x20 && ip[1] == 0x02);
}
