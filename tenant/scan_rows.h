/* tenant/scan_rows.h: how far the log was searched for secrets, as rows beside the views.
 *
 * secret_scan_1 has one row: the digest of the set that was looked for, the run of entries that was
 * searched for it, what was found, and what the log was told of that; secret_found_1 the first
 * places. In the views' file, so a new epoch begins anew, and when the file is away the log is
 * searched again. Names of secrets stand here, values never.
 * Threads: the store's.
 */
#ifndef HF_TENANT_SCAN_ROWS_H
#define HF_TENANT_SCAN_ROWS_H

#include "base/crypto.h"
#include "base/json_out.h"
#include "projections/store.h"
#include "tenant/vault_notes.h"

#define HF_SCAN_FOUND_MAX 1000 /* places that are kept */

struct hf_scan_told {
    struct hf_hash set;
    uint64_t findings;
    bool whole;    /* it was said of the whole log as it was then */
    int64_t at_us; /* 0: nothing was told */
};

struct hf_scan_row {
    struct hf_hash set;
    uint64_t from;
    uint64_t to;       /* the next entry that is searched */
    uint64_t fresh;    /* entries that nothing was told of, but for what was told itself */
    uint64_t findings; /* places */
    uint64_t first_index;
    char first_secret[HF_VAULT_NAME_MAX + 1]; /* empty: nothing was found */
    struct hf_scan_told told;
};

/* Makes the tables. In a transaction of the caller's, as all that writes. */
enum hf_rc hf_scan_rows_create(struct hf_store *store, struct hf_err *err);
/* All zero when nothing was searched yet. */
enum hf_rc hf_scan_rows_load(struct hf_store *store, struct hf_scan_row *ret_row,
                             struct hf_err *err);
enum hf_rc hf_scan_rows_save(struct hf_store *store, const struct hf_scan_row *row,
                             struct hf_err *err);
/* Another set: what was found is forgotten, what was told stays. */
enum hf_rc hf_scan_rows_reset(struct hf_store *store, const struct hf_hash *set, uint64_t from,
                              struct hf_scan_row *io_row, struct hf_err *err);
/* One place more, in the row and among the places. */
enum hf_rc hf_scan_rows_found(struct hf_store *store, uint64_t index, struct hf_str secret,
                              struct hf_str type, struct hf_scan_row *io_row, struct hf_err *err);
/* An array of the places: {"index":N,"secret":...,"type":...,"places":N}. */
enum hf_rc hf_scan_rows_show(struct hf_store *store, struct hf_json_out *json, struct hf_err *err);

#endif
