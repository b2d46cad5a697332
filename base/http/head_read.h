/* base/http/head_read.h: what a head means, once its grammar was found right.
 *
 * Pure. Cuts a head that head_scan finished into a request and refuses what is well-formed but
 * ambiguous: Host missing or twice, body framing that two readers could understand differently,
 * targets that do not fit the method.
 */
#ifndef HF_BASE_HTTP_HEAD_READ_H
#define HF_BASE_HTTP_HEAD_READ_H

#include "base/http/head_scan.h"

/* `head` includes its last empty line; the slices of *ret_request lie in it. Status 0 when the
 * request is fine. */
struct hf_http_refusal hf_head_read(struct hf_bytes head, const struct hf_http_limits *limits,
                                    struct hf_http_request *ret_request);

#endif
