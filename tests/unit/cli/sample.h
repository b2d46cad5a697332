/* tests/unit/cli/sample.h: a small program that the tests of base/cli run. */
#ifndef HF_TESTS_UNIT_CLI_SAMPLE_H
#define HF_TESTS_UNIT_CLI_SAMPLE_H

#include "base/cli/cli.h"

/* `sample log append DIR [--hex] [--from N] ...`, `sample log show`, `sample cat FILE...`. */
extern const struct hf_cli_command sample_root;

#define SAMPLE_OUTPUT_MAX 65536

/* One run: set what is wanted, sample_run, look at code, out and err, sample_end. */
struct sample {
    const char *config; /* path, or NULL */
    const char *env;    /* value of SAMPLE_FROM, or NULL */
    struct hf_cli cli;
    int code;
    char out[SAMPLE_OUTPUT_MAX];
    char err[SAMPLE_OUTPUT_MAX];
};

/* Runs with the words of a line, divided by single spaces; a word "''" is an empty one. */
void sample_run(struct sample *sample, const char *line);
void sample_end(struct sample *sample);

#endif
