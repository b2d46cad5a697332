/* wrapper/search/search.h: looks through a log for registered secrets, in every spelling.
 *
 * What redaction finds in passing is looked for in what is written down: the bytes of an entry, of
 * every event in a segment that it brought, and of any other blob. Events hold text as it is, so
 * what stands in them stands in their bytes. For the agent, which searches its own log, and the
 * command line, which searches any.
 * Threads: a search belongs to one at a time; it may be made on another one.
 */
#ifndef HF_WRAPPER_SEARCH_SEARCH_H
#define HF_WRAPPER_SEARCH_SEARCH_H

#include "log/core/log.h"
#include "wrapper/redaction/redaction.h"

struct hf_secret_search;

/* Compiles what is looked for and tries it (hf_redaction_self_test): not on a loop. config: copied.
 * Gives *ret_search. Errors as hf_redactor_new and the self-test. */
enum hf_rc hf_secret_search_new(const struct hf_redactor_config *config,
                                struct hf_secret_search **ret_search, struct hf_err *err);
/* NULL is fine. */
void hf_secret_search_free(struct hf_secret_search *search);
/* Different spellings that it looks for. */
size_t hf_secret_search_spellings(const struct hf_secret_search *search);

/* A place where something stands. Everything is borrowed until the call returns. */
struct hf_secret_finding {
    uint64_t index;     /* of the entry */
    uint64_t offset;    /* of an event in the segment that it brought, from 1; 0: the entry itself,
                           or another blob of it */
    struct hf_str type; /* of the event; "?": it is none */
    enum hf_redaction_layer layer;
    struct hf_str name; /* of the secret, or of the token's shape; never a value */
};

/* Anything but HF_OK ends the search of this entry with that code. */
typedef enum hf_rc hf_secret_found_fn(void *arg, const struct hf_secret_finding *finding);

/* Looks at one entry of the log and at what it brought. After a failure it may be called again. */
enum hf_rc hf_secret_search_entry(struct hf_secret_search *search, struct hf_log *log,
                                  uint64_t index, struct hf_bytes entry, hf_secret_found_fn *found,
                                  void *arg, struct hf_err *err);

/* Looks at bytes that are in no log yet; findings of it are not counted. */
enum hf_rc hf_secret_search_bytes(struct hf_secret_search *search, struct hf_bytes bytes,
                                  hf_secret_found_fn *found, void *arg, struct hf_err *err);

struct hf_secret_search_counts {
    uint64_t entries;
    uint64_t events; /* inside of segments */
    uint64_t findings;
};

/* Since it was made. Borrowed. */
const struct hf_secret_search_counts *hf_secret_search_counts(
    const struct hf_secret_search *search);
/* Type of the entry that was searched last; "?": it is no event. Static, or borrowed as the entry
 * was. */
struct hf_str hf_secret_search_type(const struct hf_secret_search *search);

#endif
