/* wrapper/policy/known_option.h: does a policy know the options that a program is called with?
 *
 * Most programs that only read have an option that writes a file or runs another program, and new
 * ones come with each version. So a policy names the options that it knows, and a command with
 * another one counts as a program that is not listed. The format is that of getopt(3) in
 * policy.program: letters ("nA:I::": one behind ":" takes a value, which may be the next word, one
 * behind "::" a value in the same word only; "#" stands for digits), words with their dashes
 * ("--color", which may have "=VALUE", "-name"), "+" for words that begin with it, and "-" for
 * nothing. A name that is cut short is not known. Pure.
 */
#ifndef HF_WRAPPER_POLICY_KNOWN_OPTION_H
#define HF_WRAPPER_POLICY_KNOWN_OPTION_H

#include "wrapper/policy/facts.h"
#include "wrapper/policy/table.h"

/* The program's words fit the command. True, too, if the policy says nothing of its options. */
bool hf_options_known(const struct hf_program *program,
                      const struct hf_policy_facts_commands *command);

#endif
