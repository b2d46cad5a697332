/* hub/certificate.h: the certificate that people's browsers believe, from files that somebody else
 * renews: an ACME client, or a person.
 *
 * It stands beside the region's own certificate (hub/identity.h), on the same listener: whoever
 * names its host in the handshake gets it (base/net/tls.h). Agents, mirrors and the command line
 * name none, and go on to pin the region's own, whatever becomes of these files.
 *
 * The files are looked at every 10 s, and read when they changed and stayed so for one look, so
 * that chain and key may be put there one after the other; hf_hub_certificate_reload reads them at
 * once. Files that cannot be used leave the certificate that is served as it is, are logged and
 * counted, and tried again. Threads: the loop's.
 */
#ifndef HF_HUB_CERTIFICATE_H
#define HF_HUB_CERTIFICATE_H

#include <sys/stat.h>

#include "base/file.h"
#include "base/logger.h"
#include "base/loop.h"
#include "base/net/tls.h"

struct hf_hub_certificate_files {
    const char *chain; /* PEM: the server's own, then each one that signed the one before it */
    const char *key;   /* PEM without a passphrase, which others may not read */
    const char *url;   /* under which people open the Hub: https://HOST[:PORT] */
};

enum hf_hub_certificate_age {
    HF_CERTIFICATE_EARLY, /* not good yet */
    HF_CERTIFICATE_GOOD,
    HF_CERTIFICATE_ENDS, /* it should have been renewed: a quarter of its time is left, or 14 days,
                            whichever is less; ACME clients renew at a third or before */
    HF_CERTIFICATE_OVER,
};

/* Reads the files, and says what in them a browser would refuse, but for the time. Gives
 * *ret_certificate. */
enum hf_rc hf_hub_certificate_read(const struct hf_hub_certificate_files *files,
                                   struct hf_certificate **ret_certificate, struct hf_err *err);
enum hf_hub_certificate_age hf_hub_certificate_age(const struct hf_certificate *certificate,
                                                   int64_t now_us);

/* What a file was when it was looked at. */
struct hf_hub_certificate_look {
    struct timespec changed;
    struct timespec written;
    uint64_t device;
    uint64_t inode;
    int64_t bytes;
};

struct hf_hub_certificate {
    /* read-only; all zeros when there are no files */
    int64_t until_us;  /* what is served is good until then */
    uint64_t reads;    /* that went well, after the first one */
    uint64_t failures; /* times that the files began to be unusable, or another reason came */
    bool refused;      /* they cannot be used now */
    /* private */
    bool open;
    struct hf_loop *loop;
    const struct hf_logger *logger;
    struct hf_tls_server *tls;
    char chain[HF_PATH_MAX];
    char key[HF_PATH_MAX];
    char url[256];
    int64_t from_us;
    int64_t told_us; /* when its age was logged */
    struct hf_timer timer;
    struct hf_hub_certificate_look last[2]; /* at the last look */
    struct hf_hub_certificate_look used[2]; /* when they were read */
    struct hf_err why;                      /* they are refused */
};

/* Borrows logger and tls until it is closed. An error says why the files cannot be used; a
 * certificate that is not good yet, or is over, is served and logged. */
enum hf_rc hf_hub_certificate_open(struct hf_loop *loop, const struct hf_logger *logger,
                                   struct hf_tls_server *tls,
                                   const struct hf_hub_certificate_files *files,
                                   struct hf_hub_certificate *certificate, struct hf_err *err);
/* Reads the files now. Nothing, for one that is not open. */
void hf_hub_certificate_reload(struct hf_hub_certificate *certificate);
/* Fine for one that is all zeros. */
void hf_hub_certificate_close(struct hf_hub_certificate *certificate);

#endif
