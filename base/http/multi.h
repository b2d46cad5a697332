/* base/http/multi.h: transfers of libcurl on the loop: what the clients of HTTP and SMTP share.
 *
 * Only these clients include it: libcurl's types stop there. Threads: the loop's. `done` never runs
 * inside of a call of these functions.
 */
#ifndef HF_BASE_HTTP_MULTI_H
#define HF_BASE_HTTP_MULTI_H

#include <curl/curl.h>

#include "base/loop.h"
#include "base/queue.h"

struct hf_multi;

/* One transfer; embedded by its owner. */
struct hf_transfer {
    struct hf_queue node; /* in the multi's transfers */
    struct hf_multi *multi;
    CURL *easy; /* the owner's options are set between init and start */
    char error[CURL_ERROR_SIZE];
    /* It is over: `easy` still answers questions, until hf_transfer_end. */
    void (*done)(struct hf_transfer *transfer, CURLcode code);
};

enum hf_rc hf_multi_new(struct hf_loop *loop, struct hf_multi **ret_multi, struct hf_err *err);
/* All transfers must have ended. NULL is fine. */
void hf_multi_free(struct hf_multi *multi);
/* The first transfer under way; NULL: there is none. */
struct hf_transfer *hf_multi_first(struct hf_multi *multi);

/* Makes `easy`, with what all transfers have: no signals, no proxy of the environment. False: no
 * memory. */
bool hf_transfer_init(struct hf_multi *multi, struct hf_transfer *transfer);
/* False: no memory; then it has ended. */
bool hf_transfer_start(struct hf_transfer *transfer);
/* Also while it is under way: `done` will not run. Frees `easy`. */
void hf_transfer_end(struct hf_transfer *transfer);
/* Connects to addresses of the public Internet alone, whatever names resolve to. */
void hf_transfer_public_only(struct hf_transfer *transfer);
/* HF_ENOMEM, HF_EBADSIG (not the server that is trusted), HF_ETOOBIG, HF_EIO. */
enum hf_rc hf_transfer_rc(CURLcode code);

#endif
