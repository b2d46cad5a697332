/* tools/holdfast/session.h: a log opened for one command: place, log, and for the owner its writer.
 *
 * Order: session_open, then what the command does, then session_close, which also closes what
 * session_own opened. Errors come out as texts for hf_cli_fail.
 */
#ifndef HF_TOOLS_HOLDFAST_SESSION_H
#define HF_TOOLS_HOLDFAST_SESSION_H

#include "base/cli/cli.h"
#include "log/core/log.h"
#include "log/core/reader.h"
#include "log/core/writer.h"

struct hf_session {
    struct hf_place *place;
    struct hf_log *log;
    /* with hf_session_key */
    struct hf_signing_key *key;
    /* with hf_session_own */
    struct hf_loop *loop;
    struct hf_log_writer *writer;
};

/* Opens the log in a folder to read or to own. */
enum hf_rc hf_session_open_at(struct hf_session *session, struct hf_cli *cli, const char *dir,
                              enum hf_place_mode mode, struct hf_err *err);
/* The log that the command's first operand names. */
enum hf_rc hf_session_open(struct hf_session *session, struct hf_cli *cli, enum hf_place_mode mode,
                           struct hf_err *err);
/* Loads the log's signing key from the file "key" in its folder. */
enum hf_rc hf_session_key(struct hf_session *session, struct hf_cli *cli, struct hf_err *err);
/* Opens the writer on a loop of its own; the session was opened with HF_PLACE_OWN. */
enum hf_rc hf_session_own(struct hf_session *session, struct hf_cli *cli, struct hf_err *err);
void hf_session_close(struct hf_session *session);

/* The signed checkpoint for `size`: made with the key where it can be had, else the one that the
 * owner
 * left beside the log, if it is for that size. The log must be loaded. Appends to buf. */
enum hf_rc hf_session_checkpoint(struct hf_session *session, struct hf_cli *cli, uint64_t size,
                                 struct hf_buf *buf, struct hf_err *err);

/* The verifier key in the first line of a file, which --trust names. */
enum hf_rc hf_trust_load(const char *path, struct hf_vkey *ret, struct hf_err *err);

/* Writes the key file into the folder. */
enum hf_rc hf_session_write_key(struct hf_cli *cli, const char *dir, const struct hf_vkey *vkey,
                                const struct hf_secret *seed, struct hf_err *err);

#endif
