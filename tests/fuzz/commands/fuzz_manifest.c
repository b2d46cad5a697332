/* tests/fuzz/commands/fuzz_manifest.c: a manifest has one text; only its own key's note is taken.
 *
 * Input: a manifest's text, a whole note, or a package. Properties: what is parsed and written
 * again gives the same bytes; signed by the key that is pinned for its channel it opens to the same
 * members, pinned for another channel or by another key never; what nobody signed never opens.
 */
#include "base/assert.h"
#include "commands/manifest.h"
#include "tests/fuzz/tlog/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hf_release_keys pin(enum hf_channel channel, const struct hf_signing_key *key)
{
    struct hf_release_keys keys = {.count = 1, .channel = {channel}};
    HF_ASSERT(hf_vkey_make(HF_STR("fuzz.example/release"), HF_KEY_ED25519,
                           hf_signing_key_public(key), &keys.vkey[0], NULL) == HF_OK);
    return keys;
}

/* Each member has its place in the text. */
static bool same(const struct hf_manifest *a, const struct hf_manifest *b)
{
    uint8_t texts[2][HF_MANIFEST_MAX];
    struct hf_writer w[2] = {hf_writer_init(texts[0], sizeof texts[0]),
                             hf_writer_init(texts[1], sizeof texts[1])};
    hf_manifest_format(a, &w[0]);
    hf_manifest_format(b, &w[1]);
    return hf_bytes_eq(hf_writer_done(&w[0]), hf_writer_done(&w[1]));
}

static void check_signed(const struct hf_manifest *m)
{
    uint8_t note[HF_MANIFEST_MAX];
    const struct fuzz_keys *fuzz = fuzz_keys();
    struct hf_manifest opened = {.length = 0};
    hf_artifact_reason reason;
    struct hf_release_keys keys = pin(m->channel, fuzz->signer);
    struct hf_writer w = hf_writer_init(note, sizeof note);
    hf_manifest_sign(m, &keys.vkey[0], fuzz->signer, &w);
    HF_ASSERT(!w.overflow);
    HF_ASSERT(hf_manifest_open(hf_writer_done(&w), &keys, &opened, &reason, NULL) == HF_OK);
    HF_ASSERT(same(&opened, m));
    keys.channel[0] = (enum hf_channel)((m->channel + 1) % HF_CHANNEL_COUNT);
    HF_ASSERT(hf_manifest_open(hf_writer_done(&w), &keys, &opened, &reason, NULL) == HF_EPERM &&
              reason == HF_EVENT_ARTIFACT_REFUSED_REASON_WRONG_CHANNEL);
    keys = pin(m->channel, fuzz->stranger);
    HF_ASSERT(hf_manifest_open(hf_writer_done(&w), &keys, &opened, &reason, NULL) == HF_EPERM &&
              reason == HF_EVENT_ARTIFACT_REFUSED_REASON_UNKNOWN_KEY);
}

static void check_text(struct hf_str text)
{
    uint8_t again[HF_MANIFEST_MAX];
    struct hf_manifest m = {.length = 0};
    struct hf_writer w = hf_writer_init(again, sizeof again);
    if (hf_manifest_parse(text, &m, NULL) == HF_OK) {
        hf_manifest_format(&m, &w);
        HF_ASSERT(!w.overflow && hf_bytes_eq(hf_writer_done(&w), hf_str_bytes(text)));
        HF_ASSERT(hf_manifest_check(&m, NULL) == HF_OK);
        check_signed(&m);
    }
}

/* Nobody signed it with the stranger's key, whatever it is. */
static void check_note(struct hf_bytes note)
{
    struct hf_manifest m;
    struct hf_err err = {0};
    hf_artifact_reason reason = HF_EVENT_ARTIFACT_REFUSED_REASON_COUNT;
    struct hf_release_keys keys = pin(HF_CHANNEL_POLICY, fuzz_keys()->stranger);
    HF_ASSERT(hf_manifest_open(note, &keys, &m, &reason, &err) == HF_EPERM);
    HF_ASSERT(reason != HF_EVENT_ARTIFACT_REFUSED_REASON_COUNT && err.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_release_keys keys;
    struct hf_bytes input = hf_bytes_of(data, size);
    struct hf_bytes note;
    struct hf_bytes bytes;
    check_text(hf_bytes_str(input));
    check_note(input);
    if (hf_release_keys_parse(input, &keys, NULL) == HF_OK) {
        HF_ASSERT(keys.count <= HF_RELEASE_KEYS_MAX);
    }
    if (hf_package_split(input, &note, &bytes, NULL) == HF_OK) {
        HF_ASSERT(HF_PACKAGE_HEAD + note.len + bytes.len == size);
        check_note(note);
    }
    return 0;
}
