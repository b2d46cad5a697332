/* log/event/entry_json.h: an entry of a log as JSON, the same for every program that shows one. */
#ifndef HF_LOG_EVENT_ENTRY_JSON_H
#define HF_LOG_EVENT_ENTRY_JSON_H

#include "base/json_out.h"

/* Writes members into an open object: "leaf" (the leaf hash in hex), then "event" (the envelope
 * with its payload, schemas/event.h), or for bytes that are no event "length", "text" where they
 * are UTF-8, and "data" in base64. */
void hf_entry_to_json(struct hf_json_out *json, struct hf_bytes entry, bool is_event);

#endif
