/* tools/holdfast/release.h: release keys and manifests, for commands that sign or verify. */
#ifndef HF_TOOLS_HOLDFAST_RELEASE_H
#define HF_TOOLS_HOLDFAST_RELEASE_H

#include "base/cli/cli.h"
#include "commands/manifest.h"

/* Where the keys are that are believed; put it into a command's list. */
#define HF_RELEASE_KEYS_OPTION                                                                     \
    {                                                                                              \
        .name = "release-keys", .kind = HF_CLI_STRING, .value = "FILE", .required = true,          \
        .env = "HOLDFAST_RELEASE_KEYS", .setting = "release_keys",                                 \
        .help = "the release keys that are believed: lines CHANNEL VKEY"                           \
    }

/* Loads the keys that --release-keys names. */
enum hf_rc hf_release_load_keys(struct hf_cli *cli, struct hf_release_keys *ret_keys,
                                struct hf_err *err);
/* Opens a sealed key file; gives *ret_key. */
enum hf_rc hf_release_load_key(struct hf_cli *cli, const char *path, struct hf_vkey *ret_vkey,
                               struct hf_signing_key **ret_key, struct hf_err *err);
/* Appends the artifact's bytes to *bytes, which takes HF_ARTIFACT_MAX. */
enum hf_rc hf_release_load_artifact(const char *path, struct hf_buf *bytes, struct hf_err *err);

/* Length, digest, time of signing and end of a manifest whose other members are there; signs it
 * into w. HF_EINVAL says what is wrong with the members. */
enum hf_rc hf_release_sign(struct hf_cli *cli, const char *key_path, struct hf_bytes bytes,
                           uint64_t days, struct hf_manifest *manifest, struct hf_writer *w,
                           struct hf_err *err);

/* PATH.manifest unless another one is named. */
enum hf_rc hf_release_manifest_path(const char *named, const char *artifact, char *out, size_t cap,
                                    struct hf_err *err);
/* HF_EINVAL when it is no such text or does not fit. */
enum hf_rc hf_release_copy(const char *what, const char *text, char out[HF_MANIFEST_NAME_MAX + 1],
                           struct hf_err *err);
/* 64 hexadecimal digits. */
enum hf_rc hf_release_hash(const char *what, const char *text, struct hf_hash *ret,
                           struct hf_err *err);

#endif
