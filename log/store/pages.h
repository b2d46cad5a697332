/* log/store/pages.h: checks the page structure of an LMDB 0.9 data file before LMDB maps it.
 *
 * LMDB trusts what it reads: a flipped byte in a page header or node can crash the process. This
 * walks both meta pages and every tree reachable from the newest one (free list, named tables)
 * with bounds on everything: page numbers, flags, node offsets, key order, overflow runs, free
 * list against live pages. It does not read overflow contents: values are covered by hashes.
 * Layout facts: little-endian, page size from the meta page; sizes of LMDB 0.9 on 64-bit.
 */
#ifndef HF_LOG_STORE_PAGES_H
#define HF_LOG_STORE_PAGES_H

#include "base/bytes.h"
#include "base/err.h"

/* HF_OK; HF_EINVAL: not an LMDB data file; HF_ECORRUPT: damaged, err says which page and what;
 * HF_EIO; HF_ENOMEM. The file must not be written meanwhile. */
enum hf_rc hf_pages_check(int fd, struct hf_err *err);

#endif
