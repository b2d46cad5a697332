/* hub/identity.h: what a region is known by, beside its log's key.
 *
 *   cosigner.key  signs receipts
 *   api.key       makes the agents' API keys, the key of lists' cursors and that of contacts
 *   tls.key, tls.pem  which agents pin
 * All are made with the region, sealed under the host key (docs/KEYS.md), and never anew: one that
 * was lost and made again would go unnoticed here and be refused by every agent. Threads: the
 * loop's.
 */
#ifndef HF_HUB_IDENTITY_H
#define HF_HUB_IDENTITY_H

#include "base/err.h"
#include "base/secret.h"

struct hf_hub;

/* The origin of a region's log, of its name. */
#define HF_HUB_ORIGIN "holdfast/%s"

/* The log is open. release_keys: path, or NULL. HF_ENOTFOUND: a file of a region that has entries
 * is missing. HF_EUSAGE: the log is another region's. */
enum hf_rc hf_hub_identity_keys(struct hf_hub *hub, const char *release_keys,
                                const struct hf_secret *host_key, struct hf_err *err);
/* name: host name in a certificate that is made. HF_ENOTFOUND: the certificate of a region that has
 * entries is missing and its key is not. */
enum hf_rc hf_hub_identity_tls(struct hf_hub *hub, const char *name,
                               const struct hf_secret *host_key, struct hf_err *err);

#endif
