/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Conversations: tests/golden/api/NAME.http is asked, NAME.reply is what must be answered. A request is `> METHOD TARGET`, then
 * `Name: value` lines, then body lines led by `| `; {hello}, {disk} … in it are ids of the estate. In replies random ids,
 * times and MAC addresses are made the same every time. Each file begins with a fresh estate. */
#include "house.h"

#include "../lines.h"

/* --- names for ids ------------------------------------------------------------------------------------------------------------- */

static const struct { const char *name; gsize offset; } known[] = {
#define KNOWN(member) { "{" #member "}", offsetof(Estate, member) }
    KNOWN(hello), KNOWN(running), KNOWN(adopted), KNOWN(disk), KNOWN(floating), KNOWN(foreign), KNOWN(iso), KNOWN(host), KNOWN(cluster),
    KNOWN(data_center), KNOWN(storage), KNOWN(small), KNOWN(unmanaged), KNOWN(network), KNOWN(profile), KNOWN(user),
};

static GString *
replaced(GString *text, const char *from, const char *to)
{
    g_string_replace(text, from, to, 0);
    return text;
}

static void
swap_ids(GString *text, gboolean to_ids)
{
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        char id[ID_TEXT_SIZE];
        id_format((const Id *) (gconstpointer) ((const char *) &estate + known[i].offset), ID_UUID, id);
        replaced(text, to_ids ? known[i].name : id, to_ids ? id : known[i].name);
    }
}

/* Each match of PATTERN becomes WORD and, where NUMBERED, a number by the order in which its text first came in this file. */
static void
tame(GString *text, const char *pattern, const char *word, GPtrArray *numbered)
{
    g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    g_autofree char *copy = g_strdup(text->str);
    for (g_regex_match(regex, copy, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
        g_autofree char *found = g_match_info_fetch(match, 0);
        guint number = 0;
        if (numbered && !g_ptr_array_find_with_equal_func(numbered, found, g_str_equal, &number)) {
            number = numbered->len;
            g_ptr_array_add(numbered, g_strdup(found));
        }
        g_autofree char *with = numbered ? g_strdup_printf("%s-%u", word, number + 1) : g_strdup(word);
        replaced(text, found, with);
    }
}

/* A line an element or a member, so that a difference is a line. */
static GString *
spread(const Reply *reply)
{
    GString *out = g_string_new(NULL);
    gboolean json = g_str_equal(reply->media, "application/json");
    for (const char *at = reply->text; *at; at++) {
        g_string_append_c(out, *at);
        if ((!json && *at == '>' && at[1] == '<') || (json && strchr("{[,", *at)))
            g_string_append_c(out, '\n');
    }
    return out;
}

static void
tell_reply(GString *answer, const Reply *reply, GPtrArray *ids)
{
    GString *text = spread(reply);
    g_string_prepend(text, reply->length ? "\n" : "");
    g_string_prepend(text, reply->headers);
    swap_ids(text, FALSE);
    tame(text, "(?!00000000-0000-0000)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", ids);
    tame(text, "20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "TIME", NULL);
    tame(text, "(?<=:)17[0-9]{11}(?=[,}\n])", "TIME", NULL);
    tame(text, "(?<![0-9])17[0-9]{14}(?![0-9])", "TIME", NULL);
    tame(text, "passwd='[^']*'", "passwd='PASSWORD'", NULL);
    tame(text, "56:6f:[0-9a-f:]{11}", "MAC", NULL);
    g_string_append_printf(answer, "< %d %s\n%s\n\n", reply->status, reply->length ? reply->media : "", text->str);
    g_string_free(text, TRUE);
}

/* --- asking --------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    char *method, *target;
    GString *headers, *body;
} Question;

static void
ask(Question *question, GString *answer, GPtrArray *ids)
{
    if (!question->method)
        return;
    g_string_append_printf(answer, "> %s %s\n", question->method, question->target);
    GString *target = g_string_new(question->target);
    swap_ids(target, TRUE);
    swap_ids(question->body, TRUE);
    g_auto(Reply) reply = house_ask(question->method, target->str, question->headers->str, question->body->len ? question->body->str : NULL);
    house_settle();
    tell_reply(answer, &reply, ids);
    g_string_free(target, TRUE);
    g_clear_pointer(&question->method, g_free);
    g_clear_pointer(&question->target, g_free);
    g_string_truncate(question->headers, 0);
    g_string_truncate(question->body, 0);
}

static void
take_line(Question *question, const char *line, GString *answer, GPtrArray *ids)
{
    if (g_str_has_prefix(line, "> ")) {
        ask(question, answer, ids);
        g_auto(GStrv) words = g_strsplit(line + 2, " ", 2);
        question->method = g_strdup(words[0]);
        question->target = g_strdup(words[1] ? words[1] : "");
    } else if (g_str_has_prefix(line, "| ")) {
        g_string_append(question->body, line + 2);
    } else if (*line && *line != '#') {
        g_string_append_printf(question->headers, "%s\n", line);
    }
}

static void
test_file(gconstpointer data)
{
    const char *path = data;
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    GString *answer = g_string_new(NULL);
    Question question = { NULL, NULL, g_string_new(NULL), g_string_new(NULL) };
    house_open();
    for (char **line = lines; *line; line++)
        take_line(&question, *line, answer, ids);
    ask(&question, answer, ids);
    house_close();
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".http")), *wanted = g_strconcat(stem, ".reply", NULL);
    lines_check(wanted, answer->str);
    g_string_free(answer, TRUE);
    g_string_free(question.headers, TRUE);
    g_string_free(question.body, TRUE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *folder = g_build_filename(g_getenv("G_TEST_SRCDIR"), "tests", "golden", "api", NULL);
    g_autoptr(GPtrArray) files = lines_files(folder, ".http");
    g_assert_cmpuint(files->len, >, 5);
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *base = g_path_get_basename(files->pdata[i]), *name = g_strconcat("/api/golden/", base, NULL);
        g_test_add_data_func(name, files->pdata[i], test_file);
    }
    return g_test_run();
}
