/* base/vapid.h: what a push service is shown of who sends: VAPID of RFC 8292.
 *
 * A token (JWT, ES256) says for which push service it is, until when, and whom to write to when
 * something is wrong. A browser that subscribed with our public key lets nobody else send to it.
 */
#ifndef HF_BASE_VAPID_H
#define HF_BASE_VAPID_H

#include "base/p256.h"

#define HF_VAPID_LIFE_S    43200 /* of a token; push services refuse more than a day */
#define HF_VAPID_VALUE_MAX 1024
#define HF_ORIGIN_MAX      280 /* "https://", a host name of 253, a port */

/* Scheme, host and port of a URL: "https://push.example.org". HF_EINVAL: it is no URL of https or
 * http, has a user in it, or a host that is none. */
enum hf_rc hf_origin_of(struct hf_str url, struct hf_str *ret_origin, struct hf_err *err);

/* Writes the value of the field Authorization: "vapid t=TOKEN, k=PUBLIC KEY".
 * contact: "mailto:..." or "https:..."; expires_s: seconds since 1970. */
enum hf_rc hf_vapid_write(const struct hf_p256_key *key, struct hf_str origin,
                          struct hf_str contact, int64_t expires_s, struct hf_writer *w,
                          struct hf_err *err);

#endif
