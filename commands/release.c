/* commands/release.c: which keys are believed, for what, and whether an artifact is as they say. */
#include "commands/manifest.h"

#include "base/assert.h"
#include "base/heap.h"
#include "base/parse.h"

static const uint8_t magic[4] = {'H', 'F', 'A', '1'};

/* release keys */

/* "CHANNEL K", what is behind "threshold ". */
static enum hf_rc take_threshold(struct hf_str line, struct hf_release_keys *keys,
                                 struct hf_err *err)
{
    const char *space = memchr(line.ptr, ' ', line.len);
    enum hf_channel channel = HF_CHANNEL_POLICY;
    uint64_t number = 0;
    if (space == NULL) {
        return hf_err_set(err, HF_ESYNTAX, "a threshold is \"threshold CHANNEL K\"");
    }
    size_t len = (size_t)(space - line.ptr);
    enum hf_rc rc = hf_channel_parse((struct hf_str){line.ptr, len}, &channel, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (hf_parse_u64((struct hf_str){space + 1, line.len - len - 1}, 1, HF_THRESHOLD_MAX,
                     &number) != HF_OK) {
        return hf_err_set(err, HF_ESYNTAX, "a threshold is a number from 1 to %d",
                          HF_THRESHOLD_MAX);
    }
    if (keys->threshold[channel] != 0) {
        return hf_err_set(err, HF_EEXIST, "the channel %s has a threshold already",
                          hf_channel_name(channel));
    }
    keys->threshold[channel] = (unsigned)number;
    return HF_OK;
}

/* A threshold that can never be reached would refuse everything, with a misleading reason. */
static enum hf_rc check_thresholds(const struct hf_release_keys *keys, struct hf_err *err)
{
    for (int c = 0; c < HF_CHANNEL_COUNT; c++) {
        unsigned count = 0;
        for (unsigned i = 0; i < keys->count; i++) {
            count += keys->channel[i] == (enum hf_channel)c ? 1 : 0;
        }
        if (keys->threshold[c] > count) {
            return hf_err_set(err, HF_EINVAL, "the channel %s needs %u signatures and has %u keys",
                              hf_channel_name((enum hf_channel)c), keys->threshold[c], count);
        }
    }
    return HF_OK;
}

static enum hf_rc take_key(struct hf_str line, struct hf_release_keys *keys, struct hf_err *err)
{
    const char *space = memchr(line.ptr, ' ', line.len);
    struct hf_vkey *vkey = &keys->vkey[keys->count];
    if (space == NULL) {
        return hf_err_set(err, HF_ESYNTAX, "a line is CHANNEL VKEY");
    }
    size_t len = (size_t)(space - line.ptr);
    enum hf_rc rc =
        hf_channel_parse((struct hf_str){line.ptr, len}, &keys->channel[keys->count], err);
    if (rc == HF_OK) {
        rc = hf_vkey_parse((struct hf_str){space + 1, line.len - len - 1}, vkey, err);
    }
    if (rc == HF_OK && vkey->type != HF_KEY_ED25519) {
        rc = hf_err_set(err, HF_ESYNTAX, "it is no key for plain signatures");
    }
    /* One key for two channels would make one of them of no use. */
    for (unsigned i = 0; rc == HF_OK && i < keys->count; i++) {
        if (memcmp(&keys->vkey[i].public_key, &vkey->public_key, sizeof vkey->public_key) == 0) {
            rc = hf_err_set(err, HF_EEXIST, "this key is there twice; each channel has its own");
        }
    }
    keys->count += rc == HF_OK ? 1 : 0;
    return rc;
}

static enum hf_rc take_line(struct hf_str line, struct hf_release_keys *keys, struct hf_err *err)
{
    struct hf_str word = HF_STR("threshold ");
    if (hf_str_starts(line, word)) {
        return take_threshold((struct hf_str){line.ptr + word.len, line.len - word.len}, keys, err);
    }
    return keys->count == HF_RELEASE_KEYS_MAX
               ? hf_err_set(err, HF_ETOOBIG, "more than %d keys", HF_RELEASE_KEYS_MAX)
               : take_key(line, keys, err);
}

enum hf_rc hf_release_keys_parse(struct hf_bytes text, struct hf_release_keys *ret_keys,
                                 struct hf_err *err)
{
    unsigned number = 0;
    struct hf_cursor c = hf_cursor_init(text);
    *ret_keys = (struct hf_release_keys){.count = 0};
    if (text.len > HF_RELEASE_TEXT_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "release keys are at most %d bytes of text",
                          HF_RELEASE_TEXT_MAX);
    }
    for (struct hf_str line; c.left > 0;) {
        number++;
        if (!hf_cursor_line(&c, &line)) {
            return hf_err_set(err, HF_ESYNTAX, "line %u has no newline at its end", number);
        }
        if (line.len == 0 || line.ptr[0] == '#') {
            continue;
        }
        enum hf_rc rc = take_line(line, ret_keys, err);
        if (rc != HF_OK) {
            *ret_keys = (struct hf_release_keys){.count = 0};
            return hf_err_wrap(err, rc, "line %u", number);
        }
    }
    enum hf_rc rc = check_thresholds(ret_keys, err);
    if (rc != HF_OK) {
        *ret_keys = (struct hf_release_keys){.count = 0};
    }
    return rc;
}

/* manifests */

static enum hf_rc refuse(struct hf_err *err, hf_artifact_reason *ret_reason,
                         hf_artifact_reason reason)
{
    *ret_reason = reason;
    if (err != NULL) {
        err->rc = HF_EPERM;
    }
    return HF_EPERM;
}

/* Is it a manifest's text and nothing behind it? */
static bool is_unsigned(struct hf_bytes note)
{
    struct hf_manifest m;
    struct hf_str text = hf_bytes_str(note);
    if (text.len > 0 && text.len <= HF_MANIFEST_MAX) {
        while (text.len > 1 && text.ptr[text.len - 2] == '\n') {
            text.len--; /* an empty line with no signature behind it */
        }
        return hf_manifest_parse(text, &m, /* err= */ NULL) == HF_OK;
    }
    return false;
}

static enum hf_rc check_signature(const struct hf_note *note, const struct hf_release_keys *keys,
                                  const struct hf_manifest *m, hf_artifact_reason *ret_reason,
                                  struct hf_err *err)
{
    unsigned good = 0;
    unsigned other = 0;
    for (unsigned i = 0; i < keys->count; i++) {
        enum hf_rc rc = hf_note_verify(note, &keys->vkey[i], /* ret_time_s= */ NULL,
                                       /* err= */ NULL);
        if (rc == HF_EBADSIG) {
            (void)hf_err_set(err, HF_EPERM, "the signature of %s does not verify",
                             keys->vkey[i].name);
            return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_BAD_SIGNATURE);
        }
        good += rc == HF_OK && keys->channel[i] == m->channel ? 1 : 0;
        other += rc == HF_OK && keys->channel[i] != m->channel ? 1 : 0;
    }
    unsigned needed = keys->threshold[m->channel] == 0 ? 1 : keys->threshold[m->channel];
    if (good >= needed) {
        return HF_OK;
    }
    if (good > 0) {
        (void)hf_err_set(err, HF_EPERM,
                         "the channel %s needs the signatures of %u of its keys, the manifest has "
                         "%u; another person signs it with `holdfast artifact cosign`",
                         hf_channel_name(m->channel), needed, good);
        return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_TOO_FEW_SIGNATURES);
    }
    if (other > 0) {
        (void)hf_err_set(err, HF_EPERM,
                         "the manifest is for the channel %s and signed by a key of another one",
                         hf_channel_name(m->channel));
        return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_WRONG_CHANNEL);
    }
    (void)hf_err_set(err, HF_EPERM,
                     "the manifest is signed by %.*s, which is none of the %u release keys that "
                     "are known here",
                     HF_STR_ARG(note->signature[0].name), keys->count);
    return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_UNKNOWN_KEY);
}

enum hf_rc hf_manifest_open(struct hf_bytes note, const struct hf_release_keys *keys,
                            struct hf_manifest *ret_manifest, hf_artifact_reason *ret_reason,
                            struct hf_err *err)
{
    struct hf_manifest m = {.length = 0};
    if (is_unsigned(note)) {
        (void)hf_err_set(err, HF_EPERM, "the manifest has no signature");
        return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_UNSIGNED);
    }
    struct hf_note *parsed = hf_heap_alloc(sizeof *parsed);
    if (parsed == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a manifest");
    }
    enum hf_rc rc =
        note.len > HF_MANIFEST_MAX
            ? hf_err_set(err, HF_ETOOBIG, "a manifest has at most %d bytes", HF_MANIFEST_MAX)
            : hf_note_parse(note, parsed, err);
    if (rc == HF_OK) {
        rc = hf_manifest_parse(parsed->text, &m, err);
    }
    rc = rc == HF_OK ? check_signature(parsed, keys, &m, ret_reason, err)
                     : refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_MALFORMED);
    hf_heap_free(parsed);
    if (rc == HF_OK) {
        *ret_manifest = m;
    }
    return rc;
}

enum hf_rc hf_manifest_cosign(struct hf_bytes bytes, const struct hf_vkey *vkey,
                              const struct hf_signing_key *key, struct hf_writer *w,
                              struct hf_manifest *ret_manifest, struct hf_err *err)
{
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    if (note == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a manifest");
    }
    enum hf_rc rc = bytes.len > HF_MANIFEST_MAX
                        ? hf_err_set(err, HF_EINVAL, "it is no signed manifest")
                        : hf_note_parse(bytes, note, err);
    rc = rc == HF_OK ? hf_manifest_parse(note->text, ret_manifest, err) : rc;
    if (rc != HF_OK) {
        hf_heap_free(note);
        return rc == HF_ENOMEM ? rc : hf_err_wrap(err, HF_EINVAL, "it is no signed manifest");
    }
    if (hf_note_verify(note, vkey, /* ret_time_s= */ NULL, /* err= */ NULL) != HF_ENOTFOUND) {
        rc = hf_err_set(err, HF_EEXIST, "the key %s signed it already", vkey->name);
    } else {
        hf_writer_bytes(w, bytes);
        hf_note_sign(note->text, vkey, key, w);
        rc = w->overflow ? hf_err_set(err, HF_ETOOBIG,
                                      "a manifest has at most %d bytes; it has no room for another "
                                      "signature",
                                      HF_MANIFEST_MAX)
                         : HF_OK;
    }
    hf_heap_free(note);
    return rc;
}

enum hf_rc hf_manifest_fits(const struct hf_manifest *m, const struct hf_manifest_want *want,
                            hf_artifact_reason *ret_reason, struct hf_err *err)
{
    if (want->has_slot && m->slot != want->slot) {
        (void)hf_err_set(err, HF_EPERM, "it is for the slot %s, not for %s", hf_slot_name(m->slot),
                         hf_slot_name(want->slot));
        return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_WRONG_SLOT);
    }
    if (want->region.len > 0 && !hf_str_eq(hf_str_c(m->region), want->region) &&
        !hf_str_eq(hf_str_c(m->region), HF_STR(HF_MANIFEST_ALL))) {
        (void)hf_err_set(err, HF_EPERM, "it is for the region %s, this is %.*s", m->region,
                         HF_STR_ARG(want->region));
        return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_WRONG_REGION);
    }
    if (want->platform.len > 0 && !hf_str_eq(hf_str_c(m->platform), want->platform) &&
        !hf_str_eq(hf_str_c(m->platform), HF_STR(HF_MANIFEST_ANY))) {
        (void)hf_err_set(err, HF_EPERM, "it is for %s, this is %.*s", m->platform,
                         HF_STR_ARG(want->platform));
        return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_WRONG_PLATFORM);
    }
    if (m->sequence < want->floor) {
        (void)hf_err_set(err, HF_EPERM, "it is number %llu of its slot, below the floor %llu",
                         (unsigned long long)m->sequence, (unsigned long long)want->floor);
        return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_BELOW_FLOOR);
    }
    if (m->sequence <= want->newest) {
        (void)hf_err_set(err, HF_EPERM, "it is number %llu of its slot, %llu is there already",
                         (unsigned long long)m->sequence, (unsigned long long)want->newest);
        return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_SEQUENCE);
    }
    if (want->now_us > 0 && m->expires_us <= want->now_us) {
        (void)hf_err_set(err, HF_EPERM, "its manifest has expired; sign it again");
        return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_EXPIRED);
    }
    return HF_OK;
}

enum hf_rc hf_manifest_covers(const struct hf_manifest *m, struct hf_bytes bytes,
                              hf_artifact_reason *ret_reason, struct hf_err *err)
{
    struct hf_hash hash;
    if (bytes.len == 0 || m->length == 0) {
        (void)hf_err_set(err, HF_EPERM, "the artifact is empty");
        return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_EMPTY);
    }
    if (bytes.len != m->length) {
        (void)hf_err_set(err, HF_EPERM, "the artifact has %zu bytes, its manifest says %llu",
                         bytes.len, (unsigned long long)m->length);
        return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_LENGTH);
    }
    hf_sha256(bytes, &hash);
    if (!hf_hash_eq(&hash, &m->digest)) {
        (void)hf_err_set(err, HF_EPERM, "these are not the bytes that the manifest names");
        return refuse(err, ret_reason, HF_EVENT_ARTIFACT_REFUSED_REASON_HASH);
    }
    return HF_OK;
}

enum hf_rc hf_release_verify(const struct hf_release *release, const struct hf_release_keys *keys,
                             const struct hf_manifest_want *want, struct hf_manifest *ret_manifest,
                             hf_artifact_reason *ret_reason, struct hf_err *err)
{
    enum hf_rc rc = hf_manifest_open(release->note, keys, ret_manifest, ret_reason, err);
    if (rc == HF_OK) {
        rc = hf_manifest_fits(ret_manifest, want, ret_reason, err);
    }
    return rc == HF_OK ? hf_manifest_covers(ret_manifest, release->bytes, ret_reason, err) : rc;
}

/* packages */

void hf_package_head(struct hf_bytes note, uint8_t out[HF_PACKAGE_HEAD])
{
    HF_ASSERT(note.len <= HF_MANIFEST_MAX);
    memcpy(out, magic, sizeof magic);
    hf_be32_put(out + 4, (uint32_t)note.len);
}

enum hf_rc hf_package_split(struct hf_bytes package, struct hf_bytes *ret_note,
                            struct hf_bytes *ret_bytes, struct hf_err *err)
{
    struct hf_cursor c = hf_cursor_init(package);
    struct hf_bytes begin;
    uint32_t len = 0;
    if (package.len > HF_PACKAGE_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "an artifact has at most %u bytes", HF_ARTIFACT_MAX);
    }
    if (!hf_cursor_take(&c, sizeof magic, &begin) ||
        !hf_bytes_eq(begin, hf_bytes_of(magic, sizeof magic)) || !hf_cursor_be32(&c, &len) ||
        len > HF_MANIFEST_MAX || !hf_cursor_take(&c, len, ret_note)) {
        return hf_err_set(err, HF_ESYNTAX, "this is no package of a manifest and its artifact");
    }
    *ret_bytes = hf_bytes_of(c.ptr, c.left);
    return HF_OK;
}
