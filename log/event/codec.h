/* log/event/codec.h: logs of events: what the log's core asks about an entry, answered by the
 * envelope.
 *
 * The layer above the opaque core: entries are leaves of schemas/envelope.h, requests are
 * submissions. Pure; any thread.
 */
#ifndef HF_LOG_EVENT_CODEC_H
#define HF_LOG_EVENT_CODEC_H

#include "base/json_in.h"
#include "log/core/codec.h"

/* For hf_log_options.codecs; its kind is "events". */
extern const struct hf_codec hf_event_codec;

/* Writes the submission that a JSON object describes:
 *   type, payload                     required
 *   producer, sequence                required: they make the event's identity
 *   stream                            default: as the type's schema names it
 *   occurred (RFC 3339)               default: now_us
 *   actor, correlation                default: empty
 *   causation {producer, sequence}, blob (hex)   default: none
 *   schema_version                    default: the newest, which is the only one taken
 * HF_EINVAL names the member; HF_ETOOBIG. */
enum hf_rc hf_event_from_json(const struct hf_json *json, int64_t now_us, struct hf_writer *w,
                              struct hf_err *err);

#endif
