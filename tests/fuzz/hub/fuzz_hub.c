/* tests/fuzz/hub/fuzz_hub.c: bytes to a whole Hub: its HTTP server, its calls, its log.
 *
 * First byte: 0: the rest is sent as it is, but for bytes 255, which become the API key of the
 * tenant "beta". 1: a good registration of "acme", 2: a good segment of beta's log whose entries
 * are the rest, are sent with changes: a count, then four bytes each: position (u16), what, value.
 *
 * Whatever is sent, nothing gets in that is not signed right: the log may get notes about refusals,
 * the one registration, by the token's key and the agent's, and the one segment, which ends in the
 * root that beta's key signed. When it has only notes, what the Hub knows is as it was.
 */
#include "base/assert.h"
#include "hub/memory.h"
#include "log/core/reader.h"
#include "tests/fuzz/hub/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* what came of it */

static bool is_note(struct hf_str type)
{
    static const char *const notes[] = {"command.refused",  "identity.alarm", "mirror.alarm",
                                        "strangers.window", "api.window",     "heartbeat.window"};
    for (size_t i = 0; i < HF_LEN(notes); i++) {
        if (hf_str_eq(type, hf_str_c(notes[i]))) {
            return true;
        }
    }
    return false;
}

static void check_registered(const struct fuzz_world *w, const struct hf_envelope *envelope)
{
    struct hf_event_tenant_registered e;
    HF_ASSERT(hf_event_tenant_registered_decode(envelope->payload, &e, NULL) == HF_OK);
    HF_ASSERT(hf_str_eq(e.tenant, HF_STR("acme")));
    HF_ASSERT(hf_bytes_eq(e.token_hash, hf_bytes_of(w->acme.token_hash.b, HF_HASH_SIZE)));
    HF_ASSERT(hf_bytes_eq(
        e.agent_key, hf_bytes_of(hf_signing_key_public(w->acme.agent_key), HF_PUBLIC_KEY_SIZE)));
    HF_ASSERT(hf_bytes_eq(e.log_key,
                          hf_bytes_of(hf_signing_key_public(w->acme.log_key), HF_PUBLIC_KEY_SIZE)));
    HF_ASSERT(hf_str_eq(e.log_origin, HF_STR("dev/tenant/acme")));
    HF_ASSERT(hf_str_eq(e.versions.openclaw, HF_STR("1")) &&
              hf_str_eq(e.versions.wrapper, HF_STR("1")) &&
              hf_str_eq(e.versions.policy, HF_STR("1")));
}

static void check_segment(const struct fuzz_world *w, const struct hf_envelope *envelope)
{
    struct hf_event_segment_received e;
    HF_ASSERT(hf_event_segment_received_decode(envelope->payload, &e, NULL) == HF_OK);
    HF_ASSERT(hf_str_eq(e.tenant, HF_STR("beta")) && e.epoch == 1 && e.first == 0);
    HF_ASSERT(e.end == w->end && hf_bytes_eq(e.root, hf_bytes_of(w->root.b, HF_HASH_SIZE)));
}

static void check(struct fuzz_world *w)
{
    struct hf_reader *reader = NULL;
    const struct hf_reader_options options = {.from = w->size};
    struct hf_bytes entry;
    struct hf_envelope envelope;
    uint64_t index = 0;
    bool got_in = false;
    HF_ASSERT(hf_reader_open(w->hub->log.log, &options, &reader, &w->err) == HF_OK);
    while (hf_reader_next(reader, &index, &entry, &w->err) == HF_OK) {
        HF_ASSERT(hf_envelope_read_leaf(entry, &envelope, &w->err) == HF_OK);
        if (hf_str_eq(envelope.type, HF_STR(HF_EVENT_TENANT_REGISTERED_NAME))) {
            check_registered(w, &envelope);
            got_in = true;
        } else if (hf_str_eq(envelope.type, HF_STR(HF_EVENT_SEGMENT_RECEIVED_NAME))) {
            check_segment(w, &envelope);
            got_in = true;
        } else {
            HF_ASSERT(is_note(envelope.type));
        }
    }
    hf_reader_close(reader);
    if (!got_in) {
        struct hf_buf after = hf_buf_init(HF_MEMORY_MAX);
        w->hub->sequence = w->sequence; /* notes have numbers */
        hf_memory_write(w->hub, &after);
        HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&after), hf_buf_bytes(&w->before)));
        hf_buf_free(&after);
    }
    if (hf_log_size(w->hub->log.log) != w->size) {
        fuzz_drop(w);
    }
}

/* changing */

static void change(struct hf_buf *request, const uint8_t *edit)
{
    size_t at = hf_be16_get(edit);
    struct hf_buf changed = hf_buf_init(2 * FUZZ_REQUEST_MAX);
    if (at >= request->len) {
        return;
    }
    hf_buf_put(&changed, request->ptr, at);
    if (edit[2] % 3 != 2) { /* else the byte goes */
        hf_buf_put(&changed, &edit[3], 1);
    }
    if (edit[2] % 3 == 1) { /* it stays behind the new one */
        hf_buf_put(&changed, request->ptr + at, 1);
    }
    hf_buf_put(&changed, request->ptr + at + 1, request->len - at - 1);
    hf_buf_free(request);
    *request = changed;
}

static void put_raw(const struct fuzz_world *w, struct hf_bytes bytes, struct hf_buf *request)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] == 255) {
            hf_buf_str(request, hf_str_c(w->api_key));
        } else {
            hf_buf_put(request, bytes.ptr + i, 1);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_world *w;
    struct hf_buf request = hf_buf_init(2 * FUZZ_REQUEST_MAX);
    if (w == NULL) {
        w = fuzz_make();
    }
    if (size < 2 || size > FUZZ_REQUEST_MAX / 2) {
        return 0;
    }
    fuzz_begin(w);
    size_t edits = 4 * (size_t)(data[1] % 16);
    edits = edits <= size - 2 ? edits : 0;
    if (data[0] % 3 == 0) {
        put_raw(w, hf_bytes_of(data + 1, size - 1), &request);
        edits = 0;
    } else if (data[0] % 3 == 1) {
        fuzz_put_registration(w, &w->acme, &request);
    } else {
        fuzz_put_segment(w, hf_bytes_of(data + 2 + edits, size - 2 - edits), &request);
    }
    for (size_t i = 0; i < edits; i += 4) {
        change(&request, data + 2 + i);
    }
    if (request.failed == HF_OK && request.len > 0) {
        fuzz_exchange(w, hf_buf_bytes(&request));
        check(w);
    }
    hf_buf_free(&request);
    return 0;
}
