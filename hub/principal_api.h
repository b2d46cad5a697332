/* hub/principal_api.h: what making a principal takes, for the API and for a new region's first
 * admin. */
#ifndef HF_HUB_PRINCIPAL_API_H
#define HF_HUB_PRINCIPAL_API_H

#include "hub/call.h"

/* Draws a token: gives its text; the hash is what is kept. */
enum hf_rc hf_principal_token_draw(struct hf_env *env, struct hf_secret *ret_token,
                                   struct hf_hash *ret_hash, struct hf_err *err);
/* Writes the payload of principal.created. HF_EINVAL. */
enum hf_rc hf_principal_encode(const struct hf_principal_wish *wish,
                               const struct hf_hash *token_hash, struct hf_writer *w,
                               struct hf_err *err);

#endif
