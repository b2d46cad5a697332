/* tests/fuzz/tlog/fuzz_checkpoint.c: a checkpoint is a function of its fields, and back.
 *
 * Input: a checkpoint's text, or a whole signed one. Properties: what is parsed and written again
 * gives the same bytes; signed by its own log it opens to the same fields, by another key never.
 */
#include "base/assert.h"
#include "base/heap.h"
#include "log/tlog/checkpoint.h"
#include "tests/fuzz/tlog/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct hf_checkpoint *a, const struct hf_checkpoint *b)
{
    return hf_str_eq(a->origin, b->origin) && a->size == b->size &&
           hf_hash_eq(&a->root, &b->root) && hf_str_eq(a->extensions, b->extensions);
}

/* Signed under its own origin, as far as that is a name that a key may have. */
static void check_signed(const struct hf_checkpoint *checkpoint, struct hf_note *note)
{
    static uint8_t bytes[HF_NOTE_MAX + 1024];
    const struct fuzz_keys *keys = fuzz_keys();
    struct hf_vkey key;
    struct hf_checkpoint opened;
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    if (hf_vkey_make(checkpoint->origin, HF_KEY_ED25519, hf_signing_key_public(keys->signer), &key,
                     /* err= */ NULL) != HF_OK) {
        return;
    }
    hf_checkpoint_sign(checkpoint, &key, keys->signer, &w);
    if (w.overflow || hf_note_parse(hf_writer_done(&w), note, /* err= */ NULL) != HF_OK) {
        return; /* too long, or extension lines that are no text */
    }
    struct hf_bytes whole = hf_writer_done(&w);
    HF_ASSERT(hf_checkpoint_open(whole, &key, note, &opened, /* err= */ NULL) == HF_OK);
    HF_ASSERT(same(&opened, checkpoint));
    key = fuzz_claim(checkpoint->origin, HF_KEY_ED25519, key.id, keys->stranger);
    HF_ASSERT(hf_checkpoint_open(whole, &key, note, &opened, /* err= */ NULL) == HF_EBADSIG);
}

static void check_text(struct hf_str text, struct hf_note *note)
{
    static uint8_t again[HF_NOTE_MAX];
    struct hf_checkpoint checkpoint = {0};
    struct hf_writer w = hf_writer_init(again, sizeof again);
    if (hf_checkpoint_parse(text, &checkpoint, /* err= */ NULL) != HF_OK) {
        return;
    }
    hf_checkpoint_format(&checkpoint, &w);
    HF_ASSERT(w.len == text.len);
    HF_ASSERT(w.overflow || hf_bytes_eq(hf_writer_done(&w), hf_str_bytes(text)));
    check_signed(&checkpoint, note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_bytes input = hf_bytes_of(data, size);
    struct hf_note *note = hf_heap_zalloc(2, sizeof *note);
    HF_ASSERT(note != NULL);
    check_text(hf_bytes_str(input), note);
    if (hf_note_parse(input, &note[0], /* err= */ NULL) == HF_OK) {
        check_text(note[0].text, &note[1]);
    }
    hf_heap_free(note);
    return 0;
}
