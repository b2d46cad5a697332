/* tests/fuzz/tlog/fuzz_note.c: notes and checkpoints: what is accepted is written again to its
 * bytes, no key that did not sign is taken, and our signature holds beside foreign lines. */
#include "base/assert.h"
#include "log/tlog/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key that no input was made with. */
static void other_key(struct hf_signing_key **ret_key, struct hf_vkey *ret_vkey)
{
    uint8_t bytes[32] = {1, 2, 3};
    struct hf_secret seed = {0};
    struct hf_err err = {0};
    enum hf_rc rc = hf_crypto_init(&err);
    HF_ASSERT(rc == HF_OK);
    rc = hf_secret_copy(hf_bytes_of(bytes, sizeof bytes), &seed);
    HF_ASSERT(rc == HF_OK);
    rc = hf_signing_key_from_seed(&seed, ret_key, &err);
    HF_ASSERT(rc == HF_OK);
    hf_secret_free(&seed);
    rc = hf_vkey_make(HF_STR("fuzz.example/log"), HF_KEY_ED25519, hf_signing_key_public(*ret_key),
                      ret_vkey, &err);
    HF_ASSERT(rc == HF_OK);
}

/* The text of an accepted checkpoint has one form. */
static void check_checkpoint(struct hf_str text)
{
    static uint8_t again[1 << 17];
    struct hf_checkpoint checkpoint;
    struct hf_err err = {0};
    if (hf_checkpoint_parse(text, &checkpoint, &err) != HF_OK) {
        HF_ASSERT(err.text[0] != '\0');
        return;
    }
    struct hf_writer w = hf_writer_init(again, sizeof again);
    hf_checkpoint_format(&checkpoint, &w);
    HF_ASSERT(w.overflow || hf_bytes_eq(hf_writer_done(&w), hf_str_bytes(text)));
}

/* The text signed by us: our signature is found, also after the lines that were there. */
static void check_signing(struct hf_bytes input, const struct hf_note *note,
                          const struct hf_signing_key *key, const struct hf_vkey *vkey)
{
    static uint8_t more[1 << 17];
    static struct hf_note parsed;
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(more, sizeof more);
    hf_writer_put(&w, input.ptr, input.len);
    hf_note_sign(note->text, vkey, key, &w);
    if (w.overflow || note->count == HF_NOTE_SIGNATURES_MAX) {
        return;
    }
    enum hf_rc rc = hf_note_parse(hf_writer_done(&w), &parsed, &err);
    if (rc == HF_ETOOBIG) {
        return;
    }
    HF_ASSERT(rc == HF_OK && parsed.count == note->count + 1);
    HF_ASSERT(hf_str_eq(parsed.text, note->text));
    HF_ASSERT(hf_note_verify(&parsed, vkey, /* ret_time_s= */ NULL, &err) == HF_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hf_note note;
    struct hf_bytes input = hf_bytes_of(data, size);
    struct hf_signing_key *key = NULL;
    struct hf_vkey vkey;
    struct hf_err err = {0};
    if (hf_note_parse(input, &note, &err) != HF_OK) {
        HF_ASSERT(err.text[0] != '\0');
        return 0;
    }
    other_key(&key, &vkey);
    HF_ASSERT(hf_note_verify(&note, &vkey, /* ret_time_s= */ NULL, &err) != HF_OK);
    check_checkpoint(note.text);
    check_signing(input, &note, key, &vkey);
    hf_signing_key_free(key);
    return 0;
}
