/* log/store/kv_lmdb.h: opens LMDB files as environments; private to this folder. */
#ifndef HF_LOG_STORE_KV_LMDB_H
#define HF_LOG_STORE_KV_LMDB_H

#include "log/store/place.h"

enum hf_lmdb_mode {
    HF_LMDB_READ,   /* read-only, with the lock file, beside a writer */
    HF_LMDB_WRITE,  /* read-write; makes the file when missing */
    HF_LMDB_SEALED, /* read-only, no lock file: the file never changes */
    HF_LMDB_BUILD,  /* read-write, no lock file, synced once at the end by hf_lmdb_sync */
};

/* path: NUL-terminated. Gives *ret_kv. The page structure must have been checked. */
enum hf_rc hf_lmdb_open(const char *path, enum hf_lmdb_mode mode, const struct hf_kv_conf *conf,
                        struct hf_kv **ret_kv, struct hf_err *err);
/* Syncs an environment opened with HF_LMDB_BUILD. */
enum hf_rc hf_lmdb_sync(struct hf_kv *kv, struct hf_err *err);

#endif
