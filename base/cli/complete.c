/* base/cli/complete.c: writes the completion script for bash.
 *
 * The tree's names are letters, digits, dashes, dots and underscores (hf_cli_init sees to it), so
 * nothing has to be quoted.
 */
#include "base/cli/complete.h"

#include "base/cli/tree.h"

/* What may follow: commands and options. */
static void put_words(FILE *out, const struct hf_cli_command *command, const char *name)
{
    (void)fprintf(out, "    '%s') words='", name);
    const char *gap = "";
    for (size_t i = 0; i < command->child_count; i++) {
        if (!command->children[i]->hidden) {
            (void)fprintf(out, "%s%s", gap, command->children[i]->name);
            gap = " ";
        }
    }
    const struct hf_cli_option *option;
    for (size_t i = 0; (option = hf_cli_option_at(command, i)) != NULL; i++) {
        if (i >= HF_CLI_COMMON_COUNT || hf_cli_common_shown(command, option)) {
            (void)fprintf(out, "%s--%s", gap, option->name);
            gap = " ";
        }
    }
    (void)fputs("' ;;\n", out);
}

static void put_values(FILE *out, const struct hf_cli_command *command, const char *name)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const struct hf_cli_option *option = &command->options[i];
        if (option->kind == HF_CLI_FLAG) {
            continue;
        }
        (void)fprintf(out, "    '%s --%s'", name, option->name);
        if (option->letter != 0) {
            (void)fprintf(out, " | '%s -%c'", name, option->letter);
        }
        (void)fputs(") takes=1 values='", out);
        for (size_t k = 0; option->choices != NULL && option->choices[k] != NULL; k++) {
            (void)fprintf(out, "%s%s", k == 0 ? "" : " ", option->choices[k]);
        }
        (void)fputs("' ;;\n", out);
    }
}

static void put_paths(FILE *out, const struct hf_cli_walk *walk, const char *name)
{
    if (walk->depth > 1) {
        (void)fprintf(out, "    '%s') path='%s' ;;\n", name, name);
    }
}

/* The script is three case statements, each with a piece for every command. */
enum piece {
    PIECE_VALUES, /* of options */
    PIECE_PATHS,  /* words of commands */
    PIECE_WORDS,  /* what may follow */
};

static void put_each(FILE *out, const struct hf_cli_command *root, enum piece piece)
{
    struct hf_cli_walk walk;
    hf_cli_walk_init(&walk, root, /* hidden= */ true);
    for (const struct hf_cli_command *c; (c = hf_cli_walk_next(&walk)) != NULL;) {
        char name[HF_CLI_NAME_MAX];
        hf_cli_walk_name(&walk, name);
        switch (piece) {
        case PIECE_VALUES: put_values(out, c, name); break;
        case PIECE_PATHS: put_paths(out, &walk, name); break;
        case PIECE_WORDS: put_words(out, c, name); break;
        }
    }
}

/* Writes text with the program's name for each '@'. */
static void put_script(FILE *out, const char *program, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '@') {
            (void)fputs(program, out);
        } else {
            (void)fputc(*p, out);
        }
    }
}

void hf_complete_write(FILE *out, const struct hf_cli_command *root)
{
    static const char main_function[] =
        "    esac\n"
        "}\n"
        "_@() {\n"
        "    local path='@' words='' takes='' values='' open='' i word\n"
        "    local cur=\"${COMP_WORDS[COMP_CWORD]}\"\n"
        "    COMPREPLY=()\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        word=\"${COMP_WORDS[i]}\"\n"
        "        if [[ $word == '=' ]]; then\n"
        "            continue # bash cuts --name=value at the sign\n"
        "        elif [[ -n $open ]]; then\n"
        "            open=''\n"
        "        elif [[ $word == '--' ]]; then\n"
        "            return\n"
        "        elif [[ $word == -* ]]; then\n"
        "            _@_option \"$path\" \"$word\"\n"
        "            open=$takes\n"
        "        else\n"
        "            _@_descend \"$word\"\n"
        "        fi\n"
        "    done\n"
        "    [[ $cur == '=' ]] && cur=''\n"
        "    if [[ -n $open ]]; then\n"
        "        words=$values\n"
        "    else\n"
        "        _@_words\n"
        "    fi\n"
        "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
        "}\n"
        "complete -o bashdefault -o default -F _@ @\n";
    const char *program = root->name;
    put_script(out, program,
               "# Completion of @ for bash, written by '@ help completion'.\n"
               "_@_option() {\n"
               "    takes='' values=''\n"
               "    case \"$1 $2\" in\n");
    put_each(out, root, PIECE_VALUES);
    put_script(out, program,
               "    esac\n"
               "}\n"
               "_@_descend() {\n"
               "    case \"$path $1\" in\n");
    put_each(out, root, PIECE_PATHS);
    put_script(out, program,
               "    esac\n"
               "}\n"
               "_@_words() {\n"
               "    case \"$path\" in\n");
    put_each(out, root, PIECE_WORDS);
    put_script(out, program, main_function);
}
