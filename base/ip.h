/* base/ip.h: which addresses are of the public internet, by the registries of IANA for special
 * purposes (RFC 6890). Pure; any thread.
 */
#ifndef HF_BASE_IP_H
#define HF_BASE_IP_H

#include <stdbool.h>
#include <stdint.h>

/* In the processor's order of bytes. */
bool hf_ip4_is_public(uint32_t ip);
/* In the network's. What carries an address of IPv4 in it is not public. */
bool hf_ip6_is_public(const uint8_t ip[16]);

#endif
