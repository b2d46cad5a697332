/* wrapper/redaction/encodings.h: the spellings in which a registered secret turns up.
 *
 * What programs make of a value before they print or send it: as it is, escaped for JSON (as little
 * as possible, with \/, for HTML in JSON by Go, Gson and .NET, in ASCII only, twice, all of it),
 * percent-encoded (what must be, as forms and scripts do it, twice, all of it), for HTML (by names,
 * by numbers), with \x as strings of C, Python and shells have it, in UTF-16, in hexadecimal, and
 * in base64 and base64url at each of the three alignments. The alignments are also what makes
 * "user:secret" of Basic authentication visible, whoever the user is: only the characters that
 * depend on nothing but the secret are looked for. Pure; any thread.
 */
#ifndef HF_WRAPPER_REDACTION_ENCODINGS_H
#define HF_WRAPPER_REDACTION_ENCODINGS_H

#include "base/bytes.h"

/* A spelling never has more than so many times the value's bytes, plus a rest. */
#define HF_SPELLING_FACTOR 7
#define HF_SPELLING_REST   16

/* Borrows name and spelling until it returns; another answer than HF_OK ends the walk with it. */
typedef enum hf_rc hf_spelling_fn(void *arg, const char *name, struct hf_bytes spelling);

/* Each spelling, the value itself first; the same bytes may come several times. HF_ENOMEM. */
enum hf_rc hf_spellings(struct hf_bytes value, hf_spelling_fn *fn, void *arg);

#endif
