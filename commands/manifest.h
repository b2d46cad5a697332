/* commands/manifest.h: what a release key says about an artifact, and whether it may be used here.
 *
 * An artifact is bytes that a region hands to its tenants: a policy bundle, the wrapper, OpenClaw.
 * Its manifest is a signed note (log/tlog/note.h) by an offline release key, whose text binds the
 * bytes to slot, channel, region and platform, so that nothing can be taken elsewhere or for
 * something else; docs/FORMATS.md has the lines. A slot is a place at the tenant that holds one
 * artifact; a channel is who releases it and has keys of its own.
 *
 * Two numbers: `sequence` grows with each artifact of a slot, `floor` is the lowest sequence that
 * may still run. Going back is allowed down to the floor, which only grows.
 *
 * Order for bytes that came from elsewhere: hf_package_split, then hf_release_verify, which is
 * hf_manifest_open (form and signature), hf_manifest_fits (is it for here and now?) and
 * hf_manifest_covers (is it about these bytes?).
 * Whoever refuses says why with one of the reasons of the event artifact.refused. Pure; the time is
 * an argument. Structs hold copies, nothing borrows.
 */
#ifndef HF_COMMANDS_MANIFEST_H
#define HF_COMMANDS_MANIFEST_H

#include "base/crypto.h"
#include "base/err.h"
#include "log/tlog/note.h"
#include "schemas/events_gen.h"

#define HF_MANIFEST_MAX      2048       /* bytes of the whole note; ours have about 900 */
#define HF_ARTIFACT_MAX      (4u << 20) /* bytes of one; it is one blob and one answer */
#define HF_PACKAGE_HEAD      8
#define HF_PACKAGE_MAX       (HF_PACKAGE_HEAD + HF_MANIFEST_MAX + HF_ARTIFACT_MAX)
#define HF_MANIFEST_ALL      "all" /* regions */
#define HF_MANIFEST_ANY      "any" /* platforms */
#define HF_MANIFEST_NAME_MAX 48
#define HF_RELEASE_KEYS_MAX  16
#define HF_RELEASE_TEXT_MAX  8192 /* bytes of a file with release keys */

enum hf_slot {
    HF_SLOT_POLICY,
    HF_SLOT_WRAPPER,
    HF_SLOT_PLUGIN,
    HF_SLOT_OPENCLAW,
    HF_SLOT_NODE,
    HF_SLOT_COUNT,
};

enum hf_channel {
    HF_CHANNEL_POLICY,
    HF_CHANNEL_WRAPPER,
    HF_CHANNEL_OPENCLAW,
    HF_CHANNEL_COUNT,
};

const char *hf_slot_name(enum hf_slot slot);
const char *hf_channel_name(enum hf_channel channel);
/* HF_EINVAL names the choices. */
enum hf_rc hf_slot_parse(struct hf_str text, enum hf_slot *ret, struct hf_err *err);
enum hf_rc hf_channel_parse(struct hf_str text, enum hf_channel *ret, struct hf_err *err);
/* The one that fills the slot. */
enum hf_channel hf_slot_channel(enum hf_slot slot);
/* What this program was built for: "linux-x86_64". */
const char *hf_manifest_platform(void);

/* What the artifact is, compared with its parent: for policies, by evaluating both. */
enum hf_strictness {
    HF_STRICTNESS_NONE, /* no parent, or no policy */
    HF_STRICTNESS_SAME,
    HF_STRICTNESS_TIGHTER,
    HF_STRICTNESS_LOOSER,
    HF_STRICTNESS_MIXED,
};

const char *hf_strictness_name(enum hf_strictness strictness);
enum hf_rc hf_strictness_parse(struct hf_str text, enum hf_strictness *ret, struct hf_err *err);

struct hf_manifest {
    enum hf_slot slot;
    enum hf_channel channel;
    char region[HF_MANIFEST_NAME_MAX + 1];   /* or HF_MANIFEST_ALL */
    char platform[HF_MANIFEST_NAME_MAX + 1]; /* or HF_MANIFEST_ANY */
    char name[HF_MANIFEST_NAME_MAX + 1];
    char version[HF_MANIFEST_NAME_MAX + 1];
    uint64_t length;
    struct hf_hash digest; /* SHA-256 of the bytes */
    uint64_t sequence;     /* from 1 */
    bool has_parent;
    struct hf_hash parent; /* digest of the artifact that it was made from */
    uint64_t floor;        /* at most `sequence` */
    int64_t created_us;
    int64_t expires_us;
    enum hf_strictness strictness;
};

/* Are its members such that it may be signed? HF_EINVAL names the one that is not. */
enum hf_rc hf_manifest_check(const struct hf_manifest *manifest, struct hf_err *err);
/* The text of the note, with its last newline. */
void hf_manifest_format(const struct hf_manifest *manifest, struct hf_writer *w);
/* There is one text for each manifest: HF_ESYNTAX names the line; HF_EINVAL as above. */
enum hf_rc hf_manifest_parse(struct hf_str text, struct hf_manifest *ret_manifest,
                             struct hf_err *err);
/* The whole note, signed. */
void hf_manifest_sign(const struct hf_manifest *manifest, const struct hf_vkey *vkey,
                      const struct hf_signing_key *key, struct hf_writer *w);

/* Appends another key's signature to a manifest that has one at least: the whole note into w.
 * HF_EINVAL: it is no manifest. HF_EEXIST: this key signed it already. HF_ETOOBIG: it has no room.
 * HF_ENOMEM. */
enum hf_rc hf_manifest_cosign(struct hf_bytes bytes, const struct hf_vkey *vkey,
                              const struct hf_signing_key *key, struct hf_writer *w,
                              struct hf_manifest *ret_manifest, struct hf_err *err);

/* Release keys that are believed, each for one channel. */
struct hf_release_keys {
    unsigned count;
    unsigned threshold[HF_CHANNEL_COUNT]; /* so many of a channel's keys must sign; 0: one */
    enum hf_channel channel[HF_RELEASE_KEYS_MAX];
    struct hf_vkey vkey[HF_RELEASE_KEYS_MAX];
};

#define HF_THRESHOLD_MAX 8 /* signatures, for which a manifest has room */

/* A file of lines "CHANNEL VKEY" and "threshold CHANNEL K"; empty lines and those that begin with #
 * are let go. HF_ESYNTAX with the line's number; HF_EEXIST for a key, or a threshold, that is there
 * twice; HF_EINVAL for a threshold that its channel has too few keys for; HF_ETOOBIG. */
enum hf_rc hf_release_keys_parse(struct hf_bytes text, struct hf_release_keys *ret_keys,
                                 struct hf_err *err);

/* Why not: one of the event artifact.refused. */
typedef enum hf_event_artifact_refused_reason hf_artifact_reason;

/* Form, signatures, and that enough keys of the slot's channel made them. HF_EPERM with *ret_reason
 * (malformed, unsigned, unknown-key, bad-signature, wrong-channel, too-few-signatures) and a text;
 * HF_ENOMEM without. */
enum hf_rc hf_manifest_open(struct hf_bytes note, const struct hf_release_keys *keys,
                            struct hf_manifest *ret_manifest, hf_artifact_reason *ret_reason,
                            struct hf_err *err);

struct hf_manifest_want {
    bool has_slot;
    enum hf_slot slot;
    struct hf_str region;   /* ours; empty: not asked, as with the platform */
    struct hf_str platform; /* ours */
    uint64_t floor;         /* the highest that is known; 0: none */
    uint64_t newest;        /* its sequence must be above this one; 0: going back is fine */
    int64_t now_us;         /* 0: expiry does not count, as for what runs already */
};
/* HF_EPERM with *ret_reason (wrong-slot, wrong-region, wrong-platform, below-floor, sequence,
 * expired). */
enum hf_rc hf_manifest_fits(const struct hf_manifest *manifest, const struct hf_manifest_want *want,
                            hf_artifact_reason *ret_reason, struct hf_err *err);
/* HF_EPERM with *ret_reason (empty, length, hash). */
enum hf_rc hf_manifest_covers(const struct hf_manifest *manifest, struct hf_bytes bytes,
                              hf_artifact_reason *ret_reason, struct hf_err *err);

/* A manifest and what it is about. Borrowed. */
struct hf_release {
    struct hf_bytes note;
    struct hf_bytes bytes;
};

/* All three, in their order; results and errors are theirs. */
enum hf_rc hf_release_verify(const struct hf_release *release, const struct hf_release_keys *keys,
                             const struct hf_manifest_want *want, struct hf_manifest *ret_manifest,
                             hf_artifact_reason *ret_reason, struct hf_err *err);

/* A manifest and its bytes as they travel: "HFA1", u32 length of the note, note, bytes. */
void hf_package_head(struct hf_bytes note, uint8_t out[HF_PACKAGE_HEAD]);
/* HF_ESYNTAX, HF_ETOOBIG; both borrow from the package. */
enum hf_rc hf_package_split(struct hf_bytes package, struct hf_bytes *ret_note,
                            struct hf_bytes *ret_bytes, struct hf_err *err);

#endif
