/* tests/fuzz/tenant/fuzz_feed.c: an agent takes from the feed what the region's log holds for it,
 * in order, and nothing else.
 *
 * A fixed log of directives. Input: what the agent knows, which entries the Hub sends at which
 * size, and one byte of the answer to change; or, when it begins with '{', an answer. Properties:
 * an honest answer is taken, or refused for the reason that a simple walk over the log gives; of
 * any other answer only what is in the log comes through.
 */
#include "base/assert.h"
#include "base/buf.h"
#include "base/json_out.h"
#include "log/tlog/proof_file.h"
#include "log/tlog/tree_memory.h"
#include "schemas/envelope.h"
#include "tenant/feed_answer.h"
#include "tests/fuzz/tlog/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ORIGIN "holdfast/dev"
#define NOW    INT64_C(1700000000000000)
#define COUNT  8u

static const struct {
    const char *address;
    const char *kind;
    uint64_t version; /* of its stream */
    enum hf_feed_verdict verdict;
} rows[COUNT] = {
    {"acme", "refresh", 1, HF_FEED_DO},
    {"beta", "refresh", 1, HF_FEED_DO},
    {"*", "refresh", 1, HF_FEED_DO},
    {"acme", "pause-uploads", 2, HF_FEED_BAD_PARAMETERS},
    {"acme", "dance", 3, HF_FEED_UNKNOWN_KIND},
    {"*", "rotate-key", 2, HF_FEED_EXPIRED},
    {"beta", "refresh", 2, HF_FEED_DO},
    {"acme", "rotate-key", 4, HF_FEED_DO},
};

struct log {
    uint8_t leaf[COUNT][512];
    size_t len[COUNT];
    struct hf_tree_memory tree;
    struct hf_vkey vkey;
};

static void add_leaf(struct log *log, size_t i)
{
    uint8_t payload[256];
    uint8_t submission[400];
    char stream[64];
    struct hf_hash hash;
    int64_t life = rows[i].verdict == HF_FEED_EXPIRED ? -1 : 1;
    const struct hf_event_directive_issued event = {.address = hf_str_c(rows[i].address),
                                                    .kind = hf_str_c(rows[i].kind),
                                                    .sequence = i + 1,
                                                    .not_after = NOW + life,
                                                    .reason = HF_STR("r")};
    struct hf_writer p = hf_writer_init(payload, sizeof payload);
    struct hf_writer s = hf_writer_init(submission, sizeof submission);
    struct hf_writer l = hf_writer_init(log->leaf[i], sizeof log->leaf[i]);
    struct hf_writer n = hf_writer_init(stream, sizeof stream);
    hf_event_directive_issued_encode(&event, &p);
    hf_writer_str(&n, HF_STR(HF_DIRECTIVE_STREAM));
    hf_writer_str(&n, event.address);
    const struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_DIRECTIVE_ISSUED_NAME),
                                         .schema_version = HF_EVENT_DIRECTIVE_ISSUED_VERSION,
                                         .producer = HF_STR("hub/dev"),
                                         .sequence = i + 1,
                                         .stream = {stream, n.len},
                                         .occurred_us = NOW,
                                         .payload = hf_writer_done(&p)};
    HF_ASSERT(hf_envelope_write_submission(&envelope, &s, /* err= */ NULL) == HF_OK);
    hf_envelope_finish(hf_writer_done(&s), rows[i].version, NOW, &l);
    HF_ASSERT(!l.overflow);
    log->len[i] = l.len;
    hf_tree_leaf_hash(hf_writer_done(&l), &hash);
    HF_ASSERT(hf_tree_memory_append(&log->tree, &hash) == HF_OK);
}

static struct log *the_log(void)
{
    static struct log log;
    if (log.tree.size == 0) {
        hf_tree_memory_init(&log.tree);
        HF_ASSERT(hf_vkey_make(HF_STR(ORIGIN), HF_KEY_ED25519,
                               hf_signing_key_public(fuzz_keys()->signer), &log.vkey,
                               /* err= */ NULL) == HF_OK);
        for (size_t i = 0; i < COUNT; i++) {
            add_leaf(&log, i);
        }
    }
    return &log;
}

/* the Hub's side */

static struct hf_bytes sign(struct log *log, uint64_t size, uint8_t *out, size_t cap)
{
    struct hf_writer w = hf_writer_init(out, cap);
    struct hf_checkpoint checkpoint = {.origin = HF_STR(ORIGIN), .size = size};
    hf_tree_memory_root(&log->tree, size, &checkpoint.root);
    hf_checkpoint_sign(&checkpoint, &log->vkey, fuzz_keys()->signer, &w);
    HF_ASSERT(!w.overflow);
    return hf_writer_done(&w);
}

static void write_item(struct log *log, size_t index, uint64_t size, struct hf_bytes note,
                       struct hf_json_out *json)
{
    static uint8_t bytes[HF_PROOF_FILE_MAX];
    struct hf_proof_file file = {.index = index, .note = note};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    HF_ASSERT(hf_prove_inclusion(&log->tree.source, index, size, &file.proof, NULL) == HF_OK);
    hf_proof_file_format(&file, &w);
    hf_json_object_begin(json);
    hf_json_key(json, HF_STR("entry"));
    hf_json_base64(json, hf_bytes_of(log->leaf[index], log->len[index]));
    hf_json_key(json, HF_STR("proof"));
    hf_json_base64(json, hf_writer_done(&w));
    hf_json_object_end(json);
}

static void write_answer(struct log *log, uint64_t known, uint64_t size, struct hf_bytes indexes,
                         struct hf_buf *text)
{
    uint8_t bytes[HF_CHECKPOINT_NOTE_MAX];
    struct hf_bytes note = sign(log, size, bytes, sizeof bytes);
    struct hf_proof proof = {.count = 0};
    struct hf_json_out json;
    if (known > 0 && known < size) {
        HF_ASSERT(hf_prove_consistency(&log->tree.source, known, size, &proof, NULL) == HF_OK);
    }
    hf_json_init(&json, text);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "checkpoint", hf_bytes_str(note));
    hf_json_key(&json, HF_STR("consistency"));
    hf_json_array_begin(&json);
    for (unsigned i = 0; i < proof.count; i++) {
        hf_json_base64(&json, hf_bytes_of(proof.hash[i].b, HF_HASH_SIZE));
    }
    hf_json_array_end(&json);
    hf_json_key(&json, HF_STR("items"));
    hf_json_array_begin(&json);
    for (size_t i = 0; i < indexes.len; i++) {
        write_item(log, indexes.ptr[i] % size, size, note, &json);
    }
    hf_json_array_end(&json);
    hf_json_object_end(&json);
    HF_ASSERT(text->failed == HF_OK);
}

/* the agent's side */

/* What should become of an honest answer. */
static enum hf_rc expected(struct hf_feed_known known, uint64_t size, struct hf_bytes indexes)
{
    if (known.size > size) {
        return HF_EFORK;
    }
    if (indexes.len > HF_FEED_ITEMS_MAX) {
        return HF_EINVAL;
    }
    for (size_t i = 0; i < indexes.len; i++) {
        size_t index = indexes.ptr[i] % size;
        bool all = rows[index].address[0] == '*';
        uint64_t *version = all ? &known.all_version : &known.own_version;
        if (rows[index].address[0] == 'b') {
            return HF_EMISMATCH;
        }
        if (index + 1 <= known.sequence) {
            return HF_ESTALE;
        }
        if (rows[index].version != *version + 1 && !(all && *version == 0)) {
            return HF_ECONFLICT;
        }
        known.sequence = index + 1;
        *version = rows[index].version;
    }
    return HF_OK;
}

/* Whatever was taken is in the log, for acme, and in order. */
static void check_taken(struct log *log, const struct hf_feed_known *known,
                        const struct hf_feed_answer *answer)
{
    struct hf_hash root;
    uint64_t last = known->sequence;
    HF_ASSERT(answer->size <= COUNT && answer->size >= known->size);
    hf_tree_memory_root(&log->tree, answer->size, &root);
    HF_ASSERT(hf_hash_eq(&root, &answer->root));
    for (unsigned i = 0; i < answer->count; i++) {
        const struct hf_feed_item *item = &answer->items[i];
        HF_ASSERT(item->index < answer->size && item->sequence == item->index + 1);
        HF_ASSERT(item->sequence > last);
        HF_ASSERT(rows[item->index].address[0] != 'b');
        HF_ASSERT(item->for_all == (rows[item->index].address[0] == '*'));
        HF_ASSERT(item->version == rows[item->index].version);
        HF_ASSERT(item->verdict == rows[item->index].verdict);
        HF_ASSERT(strcmp(item->kind, rows[item->index].kind) == 0);
        last = item->sequence;
    }
}

static struct hf_feed_known know(struct log *log, uint8_t first, uint8_t second)
{
    struct hf_feed_known known = {.tenant = HF_STR("acme"),
                                  .vkey = &log->vkey,
                                  .now_us = NOW,
                                  .sequence = first % 4,
                                  .own_version = first / 4 % 4,
                                  .all_version = first / 16 % 4,
                                  .size = second % (COUNT + 1)};
    hf_tree_memory_root(&log->tree, known.size, &known.root);
    return known;
}

static void check_text(struct log *log, const struct hf_feed_known *known, struct hf_bytes text)
{
    static struct hf_feed_answer answer;
    struct hf_err err = {0};
    if (hf_feed_answer_take(text, known, &answer, &err) == HF_OK) {
        check_taken(log, known, &answer);
    } else {
        HF_ASSERT(err.text[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct log *log = the_log();
    static struct hf_feed_answer answer;
    struct hf_err err = {0};
    struct hf_buf text = hf_buf_init(1u << 20);
    struct hf_feed_known known = know(log, size > 0 ? data[0] : 0, size > 1 ? data[1] : 0);
    if (size > 0 && data[0] == '{') {
        known = know(log, 0, 0);
        check_text(log, &known, hf_bytes_of(data, size));
        return 0;
    }
    if (size < 6) {
        return 0;
    }
    uint64_t shown = 1 + data[2] % COUNT;
    struct hf_bytes indexes = hf_bytes_of(data + 6, size - 6 < 10 ? size - 6 : 10);
    write_answer(log, known.size, shown, indexes, &text);
    enum hf_rc rc = hf_feed_answer_take(hf_buf_bytes(&text), &known, &answer, &err);
    HF_ASSERT(rc == expected(known, shown, indexes));
    if (rc == HF_OK) {
        HF_ASSERT(answer.count == indexes.len);
        check_taken(log, &known, &answer);
    }
    text.ptr[hf_be16_get(data + 3) % text.len] ^= data[5];
    check_text(log, &known, hf_buf_bytes(&text));
    hf_buf_free(&text);
    return 0;
}
