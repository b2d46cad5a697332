/* commands/manifest.c: the text of a manifest, member by member. */
#include "commands/manifest.h"

#include "base/assert.h"
#include "base/hex.h"
#include "base/parse.h"
#include "commands/tenant.h"

#define HEADER "holdfast/manifest@v1"

static const char *const slots[] = {"policy", "wrapper", "plugin", "openclaw", "node"};
static const char *const channels[] = {"policy", "wrapper", "openclaw"};
static const char *const strictnesses[] = {"none", "same", "tighter", "looser", "mixed"};

static const enum hf_channel slot_channels[] = {HF_CHANNEL_POLICY, HF_CHANNEL_WRAPPER,
                                                HF_CHANNEL_WRAPPER, HF_CHANNEL_OPENCLAW,
                                                HF_CHANNEL_OPENCLAW};

_Static_assert(sizeof slots / sizeof slots[0] == HF_SLOT_COUNT, "a slot has no name");
_Static_assert(sizeof channels / sizeof channels[0] == HF_CHANNEL_COUNT, "a channel has no name");

/* names */

static bool find_name(const char *const *names, size_t count, struct hf_str text, size_t *ret)
{
    for (size_t i = 0; i < count; i++) {
        if (hf_str_eq(text, hf_str_c(names[i]))) {
            *ret = i;
            return true;
        }
    }
    return false;
}

const char *hf_slot_name(enum hf_slot slot)
{
    return slots[slot];
}

const char *hf_channel_name(enum hf_channel channel)
{
    return channels[channel];
}

const char *hf_strictness_name(enum hf_strictness strictness)
{
    return strictnesses[strictness];
}

enum hf_channel hf_slot_channel(enum hf_slot slot)
{
    return slot_channels[slot];
}

enum hf_rc hf_slot_parse(struct hf_str text, enum hf_slot *ret, struct hf_err *err)
{
    size_t at = 0;
    if (!find_name(slots, HF_LEN(slots), text, &at)) {
        return hf_err_set(err, HF_EINVAL,
                          "a slot is one of policy, wrapper, plugin, openclaw, node");
    }
    *ret = (enum hf_slot)at;
    return HF_OK;
}

enum hf_rc hf_channel_parse(struct hf_str text, enum hf_channel *ret, struct hf_err *err)
{
    size_t at = 0;
    if (!find_name(channels, HF_LEN(channels), text, &at)) {
        return hf_err_set(err, HF_EINVAL, "a channel is one of policy, wrapper, openclaw");
    }
    *ret = (enum hf_channel)at;
    return HF_OK;
}

enum hf_rc hf_strictness_parse(struct hf_str text, enum hf_strictness *ret, struct hf_err *err)
{
    size_t at = 0;
    if (!find_name(strictnesses, HF_LEN(strictnesses), text, &at)) {
        return hf_err_set(err, HF_EINVAL,
                          "strictness is one of none, same, tighter, looser, mixed");
    }
    *ret = (enum hf_strictness)at;
    return HF_OK;
}

const char *hf_manifest_platform(void)
{
#if defined(__x86_64__)
    return "linux-x86_64";
#elif defined(__aarch64__)
    return "linux-aarch64";
#else
    return "linux-other";
#endif
}

/* members */

static bool word_ok(struct hf_str word)
{
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '+' || c == '_' || c == '-')) {
            return false;
        }
    }
    return word.len > 0 && word.len <= HF_MANIFEST_NAME_MAX;
}

enum hf_rc hf_manifest_check(const struct hf_manifest *m, struct hf_err *err)
{
    if (!hf_tenant_name_ok(hf_str_c(m->region))) {
        return hf_err_set(err, HF_EINVAL, "region: is a region's name, or all");
    }
    if (!word_ok(hf_str_c(m->platform))) {
        return hf_err_set(err, HF_EINVAL, "platform: is one such as linux-x86_64, or any");
    }
    if (!hf_tenant_name_ok(hf_str_c(m->name))) {
        return hf_err_set(err, HF_EINVAL, "name: is 1 to 48 of a-z, 0-9 and -");
    }
    if (!word_ok(hf_str_c(m->version))) {
        return hf_err_set(err, HF_EINVAL, "version: is 1 to 48 of A-Z, a-z, 0-9, and . + _ -");
    }
    if (m->length > HF_ARTIFACT_MAX) {
        return hf_err_set(err, HF_EINVAL, "length: an artifact has at most %u bytes",
                          HF_ARTIFACT_MAX);
    }
    if (m->sequence == 0 || m->sequence > INT64_MAX || m->floor > m->sequence) {
        return hf_err_set(err, HF_EINVAL,
                          "sequence, floor: from 1, and a floor is never above what it comes with");
    }
    if (m->created_us < 0 || m->expires_us <= m->created_us) {
        return hf_err_set(err, HF_EINVAL, "expires: comes behind created");
    }
    if (m->channel != hf_slot_channel(m->slot)) {
        return hf_err_set(err, HF_EINVAL, "channel: the slot %s is filled by the channel %s",
                          hf_slot_name(m->slot), hf_channel_name(hf_slot_channel(m->slot)));
    }
    if (!m->has_parent && m->strictness != HF_STRICTNESS_NONE) {
        return hf_err_set(err, HF_EINVAL, "strictness: is none where there is no parent");
    }
    return HF_OK;
}

/* text */

void hf_manifest_format(const struct hf_manifest *m, struct hf_writer *w)
{
    char digest[2 * HF_HASH_SIZE + 1];
    char parent[2 * HF_HASH_SIZE + 1] = "none";
    char created[HF_TIME_TEXT];
    char expires[HF_TIME_TEXT];
    hf_hex_encode(hf_bytes_of(m->digest.b, HF_HASH_SIZE), digest);
    if (m->has_parent) {
        hf_hex_encode(hf_bytes_of(m->parent.b, HF_HASH_SIZE), parent);
    }
    hf_format_time_us(m->created_us, created);
    hf_format_time_us(m->expires_us, expires);
    hf_writer_printf(w, HEADER "\nslot %s\nchannel %s\nregion %s\nplatform %s\n",
                     hf_slot_name(m->slot), hf_channel_name(m->channel), m->region, m->platform);
    hf_writer_printf(w, "name %s\nversion %s\nlength %llu\nsha256 %s\n", m->name, m->version,
                     (unsigned long long)m->length, digest);
    hf_writer_printf(w, "sequence %llu\nparent %s\nfloor %llu\n", (unsigned long long)m->sequence,
                     parent, (unsigned long long)m->floor);
    hf_writer_printf(w, "created %s\nexpires %s\nstrictness %s\n", created, expires,
                     hf_strictness_name(m->strictness));
}

/* The lines' readers: each fills one member from the text behind the key. */

static bool take_word(struct hf_str text, char out[HF_MANIFEST_NAME_MAX + 1])
{
    if (text.len == 0 || text.len > HF_MANIFEST_NAME_MAX) {
        return false;
    }
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

static bool take_hash(struct hf_str text, struct hf_hash *ret)
{
    size_t len = 0;
    return text.len == 2 * HF_HASH_SIZE &&
           hf_hex_decode(text, ret->b, HF_HASH_SIZE, &len, NULL) == HF_OK;
}

static bool take_number(struct hf_str text, uint64_t *ret)
{
    return hf_parse_u64(text, 0, INT64_MAX, ret) == HF_OK;
}

static bool read_slot(struct hf_str text, struct hf_manifest *m)
{
    return hf_slot_parse(text, &m->slot, /* err= */ NULL) == HF_OK;
}

static bool read_channel(struct hf_str text, struct hf_manifest *m)
{
    return hf_channel_parse(text, &m->channel, /* err= */ NULL) == HF_OK;
}

static bool read_region(struct hf_str text, struct hf_manifest *m)
{
    return take_word(text, m->region);
}

static bool read_platform(struct hf_str text, struct hf_manifest *m)
{
    return take_word(text, m->platform);
}

static bool read_name(struct hf_str text, struct hf_manifest *m)
{
    return take_word(text, m->name);
}

static bool read_version(struct hf_str text, struct hf_manifest *m)
{
    return take_word(text, m->version);
}

static bool read_length(struct hf_str text, struct hf_manifest *m)
{
    return take_number(text, &m->length);
}

static bool read_digest(struct hf_str text, struct hf_manifest *m)
{
    return take_hash(text, &m->digest);
}

static bool read_sequence(struct hf_str text, struct hf_manifest *m)
{
    return take_number(text, &m->sequence);
}

static bool read_parent(struct hf_str text, struct hf_manifest *m)
{
    m->has_parent = !hf_str_eq(text, HF_STR("none"));
    return !m->has_parent || take_hash(text, &m->parent);
}

static bool read_floor(struct hf_str text, struct hf_manifest *m)
{
    return take_number(text, &m->floor);
}

static bool read_created(struct hf_str text, struct hf_manifest *m)
{
    return hf_parse_time_us(text, &m->created_us) == HF_OK;
}

static bool read_expires(struct hf_str text, struct hf_manifest *m)
{
    return hf_parse_time_us(text, &m->expires_us) == HF_OK;
}

static bool read_strictness(struct hf_str text, struct hf_manifest *m)
{
    return hf_strictness_parse(text, &m->strictness, /* err= */ NULL) == HF_OK;
}

static const struct {
    const char *key;
    bool (*read)(struct hf_str text, struct hf_manifest *m);
} lines[] = {
    {"slot ", read_slot},         {"channel ", read_channel},
    {"region ", read_region},     {"platform ", read_platform},
    {"name ", read_name},         {"version ", read_version},
    {"length ", read_length},     {"sha256 ", read_digest},
    {"sequence ", read_sequence}, {"parent ", read_parent},
    {"floor ", read_floor},       {"created ", read_created},
    {"expires ", read_expires},   {"strictness ", read_strictness},
};

enum hf_rc hf_manifest_parse(struct hf_str text, struct hf_manifest *ret_manifest,
                             struct hf_err *err)
{
    uint8_t again[HF_MANIFEST_MAX];
    struct hf_cursor c = hf_cursor_init(hf_str_bytes(text));
    struct hf_manifest m = {.length = 0};
    struct hf_str line;
    if (!hf_cursor_line(&c, &line) || !hf_str_eq(line, HF_STR(HEADER))) {
        return hf_err_set(err, HF_ESYNTAX, "the manifest's line 1 must be " HEADER);
    }
    for (size_t i = 0; i < HF_LEN(lines); i++) {
        struct hf_str key = hf_str_c(lines[i].key);
        if (!hf_cursor_line(&c, &line) || !hf_str_starts(line, key) ||
            !lines[i].read((struct hf_str){line.ptr + key.len, line.len - key.len}, &m)) {
            return hf_err_set(err, HF_ESYNTAX, "the manifest's line %zu must be \"%s...\"", i + 2,
                              lines[i].key);
        }
    }
    if (c.left > 0) {
        return hf_err_set(err, HF_ESYNTAX, "the manifest has more than %zu lines",
                          HF_LEN(lines) + 1);
    }
    enum hf_rc rc = hf_manifest_check(&m, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_writer w = hf_writer_init(again, sizeof again);
    hf_manifest_format(&m, &w);
    if (w.overflow || !hf_bytes_eq(hf_writer_done(&w), hf_str_bytes(text))) {
        return hf_err_set(err, HF_ESYNTAX,
                          "the manifest is not in its one form: hex in small letters, times with "
                          "six digits of a second");
    }
    *ret_manifest = m;
    return HF_OK;
}

void hf_manifest_sign(const struct hf_manifest *manifest, const struct hf_vkey *vkey,
                      const struct hf_signing_key *key, struct hf_writer *w)
{
    size_t start = w->len;
    hf_manifest_format(manifest, w);
    if (w->overflow) {
        return;
    }
    struct hf_str text = {(const char *)w->ptr + start, w->len - start};
    hf_writer_u8(w, '\n');
    hf_note_sign(text, vkey, key, w);
}
