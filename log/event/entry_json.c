/* log/event/entry_json.c: writes an entry's members. */
#include "log/event/entry_json.h"

#include "log/tlog/tree.h"
#include "schemas/envelope.h"
#include "schemas/event.h"

static void write_opaque(struct hf_json_out *json, struct hf_bytes entry)
{
    hf_json_key_u64(json, "length", entry.len);
    if (hf_utf8_valid(entry, /* ret_at= */ NULL)) {
        hf_json_key_str(json, "text", hf_bytes_str(entry));
    }
    hf_json_key(json, HF_STR("data"));
    hf_json_base64(json, entry);
}

void hf_entry_to_json(struct hf_json_out *json, struct hf_bytes entry, bool is_event)
{
    struct hf_hash leaf;
    struct hf_envelope envelope;
    hf_tree_leaf_hash(entry, &leaf);
    hf_json_key(json, HF_STR("leaf"));
    hf_json_hex(json, hf_bytes_of(leaf.b, HF_HASH_SIZE));
    if (!is_event || hf_envelope_read_leaf(entry, &envelope, /* err= */ NULL) != HF_OK) {
        write_opaque(json, entry);
        return;
    }
    hf_json_key(json, HF_STR("event"));
    hf_envelope_to_json(&envelope, json);
}
