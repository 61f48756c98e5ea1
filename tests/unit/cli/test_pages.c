/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The pages of docs/man are what the programs print of themselves. REGENERATE=1 writes them. The programs are run as they were built,
 * in a locale without any letters beyond ASCII: what they say of themselves must not need any. */
#include <glib.h>
#include <string.h>

static char *build;                 /* where shikirid and shikiri are */

/* Standard output of PROGRAM in LOCALE; yours. */
static char *
output_in(const char *locale, const char *program, const char *first, const char *second)
{
    g_autofree char *path = g_build_filename(build, program, NULL);
    char *argv[] = { path, (char *) first, (char *) second, NULL };
    char *out = NULL;
    int status = -1;
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "LC_ALL", locale, TRUE);
    g_spawn_sync(NULL, argv, environment, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    return out;
}

static char *
output_of(const char *program, const char *first, const char *second)
{
    return output_in("C", program, first, second);
}

static void
assert_page(const char *page, const char *printed)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "docs", "man", page, NULL), *kept = NULL;
    if (g_getenv("REGENERATE"))
        g_assert_true(g_file_set_contents(path, printed, -1, NULL));
    g_file_get_contents(path, &kept, NULL, NULL);
    if (g_strcmp0(kept, printed) != 0)
        g_error("docs/man/%s is not what the program prints: run this test with REGENERATE=1 and read the difference", page);
}

/* Every line of TEXT that says something says it in Japanese; those between FROM and TO are of the machine. */
static void
assert_japanese(const char *text, const char *from, const char *to)
{
    gboolean machine = FALSE;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        machine = (machine || g_str_has_prefix(*line, from)) && !g_str_has_prefix(*line, to);
        if (!machine && **line && **line != '.' && g_str_is_ascii(*line))
            g_error("no Japanese in \"%s\": add a row to src/base/catalogue/ja/options.def", *line);
    }
}

static void
test_shikirid(void)
{
    g_autofree char *page = output_of("shikirid", "--describe=man", NULL), *japanese = output_in("ja", "shikirid", "--describe=man", NULL);
    assert_page("shikirid.8", page);
    assert_page("shikirid.ja.8", japanese);
    assert_japanese(japanese, ".SH 書式", ".SH オプション");
}

static void
test_shikiri(void)
{
    g_autofree char *page = output_of("shikiri", "help", "man"), *japanese = output_in("ja", "shikiri", "help", "man");
    assert_page("shikiri.1", page);
    assert_page("shikiri.ja.1", japanese);
    assert_japanese(japanese, ".SH 書式", ".SH オプション");
}

static void
test_resources(void)
{
    g_autofree char *japanese = output_in("ja", "shikirid", "--describe=man-resources", NULL);
    g_assert_nonnull(strstr(japanese, "\n.SS vm\n仮想マシン。\n"));
    g_autofree char *page = output_of("shikirid", "--describe=man-resources", NULL), *json = output_of("shikirid", "--describe=openapi", NULL);
    g_assert_nonnull(strstr(page, "\n.SS vm\n"));
    g_assert_nonnull(strstr(page, "\n.B start\n"));
    g_assert_nonnull(strstr(json, "\"openapi\":\"3.0.3\""));
}

static void
test_help(void)
{
    g_autofree char *daemon = output_of("shikirid", "--help", NULL), *line = output_of("shikiri", "--help", NULL);
    g_autofree char *japanese = output_of("shikiri", "--lang=ja", "--help"), *japanese_daemon = output_in("ja", "shikirid", "--help", NULL);
    g_assert_true(g_str_is_ascii(daemon) && g_str_is_ascii(line));
    g_assert_null(strstr(line, "?"));
    g_assert_nonnull(strstr(japanese, "使用法"));
    assert_japanese(japanese, "使用法", "オプション");
    assert_japanese(japanese_daemon, "使用法", "オプション");
}

/* What the manager keeps is given to no VM, wherever the administrator points, nor a folder and a part of it; anything else is his to give. */
static void
test_shared_folder(void)
{
    static const char *const ours = "cannot be given to VMs: what the manager keeps", *const nested = "cannot both be given to VMs";
    static const struct { const char *folder, *refusal; } rows[] = {
        { "/nowhere/shared", NULL }, { "/nowhere/data", ours }, { "/nowhere/data/storage", ours }, { "/nowhere", ours }, { "/", ours }, { "/nowhere/data2", NULL },
        { "/elsewhere/part", nested }, { "/elsewhere", nested }, { "/elsewhere2", NULL },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_build_filename(build, "shikirid", NULL), *option = g_strconcat("--shared-folder=", rows[i].folder, NULL), *errors = NULL;
        char *argv[] = { path, (char *) "--data-dir=/nowhere/data", (char *) "--shared-folder=/elsewhere", option, (char *) "--version", NULL };
        int status = -1;
        g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &errors, &status, NULL));
        g_assert_cmpint(status == 0, ==, !rows[i].refusal);
        g_assert_true(!rows[i].refusal || strstr(errors, rows[i].refusal));
    }
}

/* What needs no manager is offered without one. */
static void
test_completion(void)
{
    g_autofree char *path = g_build_filename(build, "shikiri", NULL);
    char *argv[] = { path, "complete", "--", "--url", "https://127.0.0.1:1", "s", NULL };
    g_autofree char *out = NULL, *options = output_of("shikiri", "complete", "--");
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "SHIKIRI_PASSWORD", "x", TRUE);
    g_assert_true(g_spawn_sync(NULL, argv, environment, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, NULL, NULL));
    g_assert_cmpstr(out, ==, "show\nsetpassword\n");
    g_assert_nonnull(strstr(options, "list\n"));
}

int
main(int argc, char **argv)
{
    g_autofree char *here = g_path_get_dirname(argv[0]);
    g_test_init(&argc, &argv, NULL);
    build = g_build_filename(here, "..", "..", "..", NULL);
    g_test_add_func("/pages/shikirid", test_shikirid);
    g_test_add_func("/pages/shikiri", test_shikiri);
    g_test_add_func("/pages/resources", test_resources);
    g_test_add_func("/pages/help", test_help);
    g_test_add_func("/pages/completion", test_completion);
    g_test_add_func("/pages/shared-folder", test_shared_folder);
    int status = g_test_run();
    g_free(build);
    return status;
}
