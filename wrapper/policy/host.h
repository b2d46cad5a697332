/* wrapper/policy/host.h: hosts as policies know them. Pure; any thread. */
#ifndef HF_WRAPPER_POLICY_HOST_H
#define HF_WRAPPER_POLICY_HOST_H

#include "base/bytes.h"

/* A host that names this machine or a network that is not the public one (base/ip.h): localhost,
 * loopback, private, link-local and shared addresses of IPv4 and IPv6, however an address is
 * spelled (also one number, octal and hexadecimal parts), names that end in .local, .internal or
 * .localhost, and names of other scripts of which a client might make one of these. */
bool hf_host_private(struct hf_str host);

#endif
