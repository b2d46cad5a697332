/* tenant/vault_api.h: the vault on the agent's Unix socket.
 *
 * For root and the agent's own user:
 *   GET    /v1/vault                            names, kinds and versions, never values
 *   PUT    /v1/vault/secrets/NAME?kind=KIND     the body is the value: 201, or 200 when the very
 *                                               same is there
 *   POST   /v1/vault/secrets/NAME/rotate        the body is the next value
 *   DELETE /v1/vault/secrets/NAME
 * For the users that the configuration names in vault_uids, and nobody else:
 *   GET    /v1/vault/secrets/NAME               the newest value as it is
 *   GET    /v1/vault/redaction                  every value of every secret, for what must not let
 *                                               them out, with an ETag, so that asking again costs
 *                                               no event:
 *     {"revision":N,"tag":ETAG,"placeholder_key":BASE64,
 *      "secrets":[{"name":...,"kind":...,"version":N,"value":BASE64}]}
 * Whatever happened is in the tenant's log before it is answered; a value is in no event, no log
 * and no error.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_VAULT_API_H
#define HF_TENANT_VAULT_API_H

#include "base/http/server.h"

struct hf_agent;

/* Is this request about the vault? */
bool hf_agent_vault_is_target(struct hf_str target);
void hf_agent_vault_serve(struct hf_agent *agent, struct hf_http_exchange *exchange);

#endif
