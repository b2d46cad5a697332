/* wrapper/explain.h: what would be decided about a call, without anything happening.
 *
 * POST /v1/explain of the control socket takes the message `call` of the plugin's socket and
 * answers with the verdict that such a call would get now, by the policy in force, in the state in
 * which the tenant and that session are. Nothing is written down, asked or allowed by it, and no
 * call is counted; only redaction counts the text that it looked through, as any other.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_EXPLAIN_H
#define HF_WRAPPER_EXPLAIN_H

#include "wrapper/wrapper.h"

/* Answers the exchange. facts: also with the vector that was decided on. */
void hf_explain_answer(struct hf_wrapper *wrapper, struct hf_http_exchange *exchange, bool facts);

#endif
