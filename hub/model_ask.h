/* hub/model_ask.h: a question about the read models, and a store's answer to it.
 *
 * A question holds copies of all that it needs, so that it can be answered on another thread, by
 * whoever has a store. Threads: one at a time.
 */
#ifndef HF_HUB_MODEL_ASK_H
#define HF_HUB_MODEL_ASK_H

#include "base/buf.h"
#include "projections/projector.h"

#define HF_MODEL_NAME_MAX   48
#define HF_MODEL_KEY_MAX    128
#define HF_MODEL_CURSOR_MAX 256

enum hf_model_kind {
    HF_MODEL_LIST,
    HF_MODEL_ROWS,
    HF_MODEL_DIGEST,
    HF_MODEL_POSITION,
};

struct hf_model_question {
    enum hf_model_kind kind;
    uint64_t log_size;
    char model[HF_MODEL_NAME_MAX + 1]; /* a model, or one version of it */
    /* rows */
    char table[HF_MODEL_NAME_MAX + 1]; /* empty: the model's first */
    char tenant[HF_MODEL_KEY_MAX + 1]; /* whoever asks sees its rows alone; empty: all */
    bool has_key;
    char key[HF_MODEL_KEY_MAX + 1];
    bool has_cursor;
    uint8_t cursor[HF_MODEL_CURSOR_MAX];
    size_t cursor_len;
    uint64_t limit;
    /* The answer. refused: HF_OK, or the question was wrong and err says how (HF_EINVAL,
     * HF_EPERM, HF_ENOTFOUND); what else goes wrong is the store's. */
    enum hf_rc refused;
    struct hf_buf json;                 /* of a list, of rows */
    const struct hf_projection *answer; /* of a digest: */
    struct hf_hash digest;
    uint64_t rows;
    uint64_t position; /* of it; of a position: entries that all of them hold */
};

void hf_model_question_init(struct hf_model_question *question, enum hf_model_kind kind);
void hf_model_question_fini(struct hf_model_question *question);

enum hf_rc hf_model_ask(struct hf_store *store, struct hf_model_question *question,
                        struct hf_err *err);

#endif
