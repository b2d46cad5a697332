/* tests/fuzz/tlog/fuzz_note.c: a note has one spelling, and nobody signs for somebody else.
 *
 * Input: a note. Properties: what is accepted and written again gives the same bytes; no signature
 * in it verifies under a key that never signed; a line by our signer verifies under its key, under
 * no other key of the same name and id, and not once the text was changed.
 */
#include "base/assert.h"
#include "base/base64.h"
#include "base/heap.h"
#include "tests/fuzz/tlog/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define AGAIN_MAX (HF_NOTE_MAX + 512)

/* Signatures of unknown kinds are kept without their payload: their line is taken from the input,
 * and only what is known of it is compared. */
static void write_line(const struct hf_note_signature *signature, struct hf_bytes rest,
                       struct hf_writer *w)
{
    uint8_t raw[4 + 124];
    char packed[HF_BASE64_LEN(sizeof raw) + 1];
    HF_ASSERT(signature->payload.len <= 124);
    hf_be32_put(raw, signature->id);
    hf_writer_printf(w, "\xE2\x80\x94 %.*s ", HF_STR_ARG(signature->name));
    if (signature->payload.len > 0) {
        memcpy(raw + 4, signature->payload.ptr, signature->payload.len);
        hf_base64_encode(hf_bytes_of(raw, 4 + signature->payload.len), packed);
        hf_writer_printf(w, "%s\n", packed);
        return;
    }
    const uint8_t *packed_at = (const uint8_t *)signature->name.ptr + signature->name.len + 1;
    struct hf_cursor c = {packed_at, rest.len - (size_t)(packed_at - rest.ptr)};
    struct hf_str line;
    HF_ASSERT(hf_cursor_line(&c, &line) && line.len >= HF_BASE64_LEN(129));
    hf_base64_encode(hf_bytes_of(raw, 3), packed);
    HF_ASSERT(memcmp(line.ptr, packed, 4) == 0);
    hf_writer_str(w, line);
    hf_writer_u8(w, '\n');
}

static void check_same_bytes(const struct hf_note *note, struct hf_bytes input)
{
    static uint8_t again[AGAIN_MAX];
    struct hf_writer w = hf_writer_init(again, sizeof again);
    hf_writer_str(&w, note->text);
    hf_writer_u8(&w, '\n');
    for (unsigned i = 0; i < note->count; i++) {
        write_line(&note->signature[i], input, &w);
    }
    HF_ASSERT(!w.overflow && hf_bytes_eq(hf_writer_done(&w), input));
}

static void check_stranger(const struct hf_note *note)
{
    static const enum hf_key_type types[] = {HF_KEY_ED25519, HF_KEY_COSIGNATURE};

    for (unsigned i = 0; i < note->count && i < 4; i++) {
        const struct hf_note_signature *signature = &note->signature[i];
        for (size_t t = 0; t < HF_LEN(types); t++) {
            struct hf_vkey key =
                fuzz_claim(signature->name, types[t], signature->id, fuzz_keys()->stranger);
            HF_ASSERT(hf_note_verify(note, &key, /* ret_time_s= */ NULL, /* err= */ NULL) ==
                      HF_EBADSIG);
        }
    }
}

/* Signs the input's text anew, with a line of ours alone. */
static void check_signer(const struct hf_note *input, enum hf_key_type type, struct hf_note *note)
{
    static uint8_t bytes[AGAIN_MAX];
    struct hf_vkey key;
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    const struct fuzz_keys *keys = fuzz_keys();
    uint64_t time_s = 0;
    HF_ASSERT(hf_vkey_make(HF_STR("signer.example/log"), type, hf_signing_key_public(keys->signer),
                           &key, /* err= */ NULL) == HF_OK);
    hf_writer_str(&w, input->text);
    hf_writer_u8(&w, '\n');
    if (type == HF_KEY_ED25519) {
        hf_note_sign(input->text, &key, keys->signer, &w);
    } else {
        hf_note_cosign(input->text, &key, keys->signer, 1700000000, &w);
    }
    HF_ASSERT(!w.overflow);
    if (w.len > HF_NOTE_MAX) {
        return;
    }
    HF_ASSERT(hf_note_parse(hf_writer_done(&w), note, /* err= */ NULL) == HF_OK);
    HF_ASSERT(note->count == 1 && hf_str_eq(note->text, input->text));
    HF_ASSERT(hf_note_verify(note, &key, &time_s, /* err= */ NULL) == HF_OK);
    HF_ASSERT(time_s == (type == HF_KEY_COSIGNATURE ? 1700000000u : 0u));
    check_stranger(note);
    bytes[0] ^= 1; /* the note borrows: this changes its text */
    HF_ASSERT(hf_note_verify(note, &key, &time_s, /* err= */ NULL) == HF_EBADSIG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_bytes input = hf_bytes_of(data, size);
    struct hf_note *note = hf_heap_zalloc(2, sizeof *note);
    HF_ASSERT(note != NULL);
    if (hf_note_parse(input, &note[0], /* err= */ NULL) == HF_OK) {
        check_same_bytes(&note[0], input);
        check_stranger(&note[0]);
        check_signer(&note[0], HF_KEY_ED25519, &note[1]);
        check_signer(&note[0], HF_KEY_COSIGNATURE, &note[1]);
    }
    hf_heap_free(note);
    return 0;
}
