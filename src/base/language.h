/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which language a person at a terminal reads, and words of ours in it. Sentences with arguments are messages (message.h); here stand
 * the words that come into them (states, types, steps) and what tables say of themselves (help of fields, verbs, options). The English
 * is the key, as it stands in those tables, so that nothing has to be named twice; the rows are base/catalogue/ja/<area>.def. */
#pragma once

#include "base/message.h"

/* ENGLISH in LANGUAGE; ENGLISH itself where there is no row, so that somebody else's words pass. Lives for ever, or as long as ENGLISH. */
const char *language_word(const char *english, Language language);
/* The same of what comes into sentences: types with underscores or blanks, "one of a, b". Yours. */
char *language_phrase(const char *english, Language language);
/* Japanese and Latin letters stand a blank apart: does one belong between the end of LEFT and RIGHT, both UTF-8? */
gboolean language_needs_space(const char *left, gsize left_length, const char *right);
/* GIVEN ("ja", "en", as --lang has it) or, where it is NULL, what LC_ALL, LC_MESSAGES and LANG say; English if they name neither. */
Language language_of_terminal(const char *given);
const char *language_tag(Language language);        /* "ja": for Accept-Language */
