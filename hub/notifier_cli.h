/* hub/notifier_cli.h: the role notifications on the command line: its options, and the service that
 * has no other role. */
#ifndef HF_HUB_NOTIFIER_CLI_H
#define HF_HUB_NOTIFIER_CLI_H

#include "base/cli/cli.h"
#include "hub/notifier.h"

/* Put them into the command's list. */
#define HF_NOTIFIER_OPTIONS                                                                        \
    {.name = "smtp-url",                                                                           \
     .kind = HF_CLI_STRING,                                                                        \
     .value = "URL",                                                                               \
     .env = "HOLDFAST_SMTP_URL",                                                                   \
     .setting = "smtp_url",                                                                        \
     .help = "mail server for notifications: smtp://HOST:587 (STARTTLS) or smtps://HOST:465"},     \
        {.name = "smtp-user",                                                                      \
         .kind = HF_CLI_STRING,                                                                    \
         .value = "NAME",                                                                          \
         .env = "HOLDFAST_SMTP_USER",                                                              \
         .setting = "smtp_user",                                                                   \
         .help = "who signs in there"},                                                            \
        {.name = "smtp-password-file",                                                             \
         .kind = HF_CLI_STRING,                                                                    \
         .value = "FILE",                                                                          \
         .env = "HOLDFAST_SMTP_PASSWORD_FILE",                                                     \
         .setting = "smtp_password_file",                                                          \
         .help = "file with the password for it"},                                                 \
        {.name = "mail-from",                                                                      \
         .kind = HF_CLI_STRING,                                                                    \
         .value = "ADDRESS",                                                                       \
         .env = "HOLDFAST_MAIL_FROM",                                                              \
         .setting = "mail_from",                                                                   \
         .help = "sender of notifications by mail"},                                               \
        {.name = "outgoing-ca",                                                                    \
         .kind = HF_CLI_STRING,                                                                    \
         .value = "FILE",                                                                          \
         .env = "HOLDFAST_OUTGOING_CA",                                                            \
         .setting = "outgoing_ca",                                                                 \
         .help = "authorities in PEM that push services and the mail server are trusted by, "      \
                 "instead of the system's"},                                                       \
    {                                                                                              \
        .name = "push-anywhere", .kind = HF_CLI_FLAG, .env = "HOLDFAST_PUSH_ANYWHERE",             \
        .setting = "push_anywhere",                                                                \
        .help = "take push services on private addresses and without TLS: for tests alone"         \
    }

/* Fills *ret in; it borrows from cli and *ret_password, which is given. HF_EUSAGE. */
enum hf_rc hf_notifier_conf_take(struct hf_cli *cli, struct hf_notifier_conf *ret,
                                 struct hf_secret *ret_password, struct hf_err *err);
/* The same, to say what is wrong with it. */
enum hf_rc hf_notifier_conf_check(struct hf_cli *cli, struct hf_err *err);

/* Runs the role by itself, following the Hub at --socket, until it is interrupted. */
int hf_notifier_run(struct hf_cli *cli);

#endif
