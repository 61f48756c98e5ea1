/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Options told. Knows no program; pure. */
#include "base/usage.h"

#include "base/fault.h"

#define HELP_COLUMN 30

static gboolean
is_told(const GOptionEntry *option)
{
    return option->long_name[0] && !(option->flags & G_OPTION_FLAG_HIDDEN);
}

/* "--search=QUERY", with the short one before it where there is one. Yours. */
static char *
spelled(const GOptionEntry *option)
{
    g_autofree char *letter = option->short_name ? g_strdup_printf("-%c, ", option->short_name) : g_strdup("");
    gboolean may_lack = option->flags & G_OPTION_FLAG_OPTIONAL_ARG;
    g_autofree char *argument = !option->arg_description ? g_strdup("") : may_lack ? g_strconcat("[=", option->arg_description, "]", NULL)
                                                                                    : g_strconcat("=", option->arg_description, NULL);
    return g_strconcat(letter, "--", option->long_name, argument, NULL);
}

void
usage_help(Text *out, const Usage *usage, Language language)
{
    text_printf(out, "%s\n\n", language_word(usage->does, language));
    for (guint i = 0; usage->synopsis[i]; i++)
        text_printf(out, "%s %s %s\n", i ? "       " : language_word("Usage:", language), usage->program, usage->synopsis[i]);
    text_printf(out, "\n%s\n", language_word("Options:", language));
    for (const GOptionEntry *option = usage->options; option->long_name; option++) {
        if (!is_told(option))
            continue;
        g_autofree char *word = spelled(option);
        text_printf(out, "  %-*s  %s\n", HELP_COLUMN, word, language_word(option->description, language));
    }
}

static const char *
full_stop(Language language)
{
    return language == LANGUAGE_JA ? "。" : ".";
}

/* Backslashes and dashes as they are, and no dot or quote that begins a line is a request. */
void
usage_man_text(Text *out, const char *text)
{
    gboolean at_start = out->length && out->bytes[out->length - 1] == '\n';
    if (at_start && (*text == '.' || *text == '\''))
        text_add_literal(out, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            text_add_literal(out, "\\e");
        else if (*text == '-')
            text_add_literal(out, "\\-");
        else
            text_add_bytes(out, text, 1);
    }
}

void
usage_man_head(Text *out, const char *head, Language language)
{
    text_printf(out, ".SH %s\n", language_word(head, language));
}

void
usage_man_item(Text *out, const char *item, const char *text, Language language)
{
    text_add_literal(out, ".TP\n.B ");
    usage_man_text(out, item);
    text_add_literal(out, "\n");
    usage_man_text(out, language_word(text, language));
    text_add_literal(out, "\n");
}

void
usage_man(Text *out, const Usage *usage, Language language)
{
    g_autofree char *upper = g_ascii_strup(usage->program, -1);
    text_printf(out, ".\\\" Made by the program itself, from its tables.\n.TH %s %s \"\" \"Shikiri %s\"\n", upper, usage->section, SHIKIRI_VERSION);
    usage_man_head(out, "NAME", language);
    text_printf(out, "%s \\- ", usage->program);
    usage_man_text(out, language_word(usage->does, language));
    text_add_literal(out, "\n");
    usage_man_head(out, "SYNOPSIS", language);
    for (guint i = 0; usage->synopsis[i]; i++) {
        text_printf(out, "%s.B %s\n", i ? ".br\n" : "", usage->program);
        usage_man_text(out, usage->synopsis[i]);
        text_add_literal(out, "\n");
    }
    usage_man_head(out, "OPTIONS", language);
    for (const GOptionEntry *option = usage->options; option->long_name; option++) {
        if (!is_told(option))
            continue;
        g_autofree char *word = spelled(option), *text = g_strconcat(language_word(option->description, language), full_stop(language), NULL);
        usage_man_item(out, word, text, language);
    }
}

void
usage_man_faults(Text *out, Language language)
{
    usage_man_head(out, "EXIT STATUS", language);
    usage_man_item(out, "0", "Well.", language);
    for (int status = 1; status < 64; status++) {
        g_autoptr(GString) names = g_string_new(NULL);
        for (Fault fault = 0; fault < N_FAULTS; fault++) {
            g_autofree char *name = g_strdelimit(g_strdup(fault_name(fault)), "_", ' ');
            if (fault_exit(fault) == status)
                g_string_append_printf(names, "%s%s (HTTP %d)", names->len ? ", " : "", language_word(name, language), fault_http(fault));
        }
        if (names->len)
            text_printf(out, ".TP\n.B %d\n%c%s%s\n", status, g_ascii_toupper(names->str[0]), names->str + 1, full_stop(language));
    }
}
