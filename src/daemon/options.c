/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The command line, by GLib's parser; paths are made absolute, what contradicts itself is refused. Called by main(). */
#include "daemon/options.h"

#include "model/shared_folders.h"

#include <stdio.h>
#include <string.h>

#define DATA_DIR "/var/lib/shikiri"
#define LIBVIRT_URI "qemu:///system"
#define CONSOLE_PORTS "8500-8515"
#define OBSERVE 10
#define OBSERVE_MOST 1440

static gboolean
parse_describe(G_GNUC_UNUSED const char *name, const char *value, gpointer data, G_GNUC_UNUSED GError **error)
{
    Options *options = data;
    g_free(options->describe);
    options->describe = g_strdup(value ? value : "markdown");
    return TRUE;
}

#define MOST_OPTIONS 24

static const char *const synopsis[] = { "[OPTION...]", NULL };

static void
fill(Options *options, GOptionEntry ret_rows[MOST_OPTIONS])
{
    const GOptionEntry rows[] = {
        { "data-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->data_dir, "Where everything of the manager lies (" DATA_DIR ")", "DIR" },
        { "listen", 0, 0, G_OPTION_ARG_STRING, &options->listen, "Where to serve (port 443, else 8443)", "ADDR:PORT" },
        { "admin-password-file", 0, 0, G_OPTION_ARG_FILENAME, &options->password_file,
          "The password of admin@internal; made if it is not there (DIR/admin-password)", "FILE" },
        { "libvirt", 0, 0, G_OPTION_ARG_STRING, &options->libvirt, "This machine's libvirt (" LIBVIRT_URI ")", "URI" },
        { "fake", 0, 0, G_OPTION_ARG_FILENAME, &options->fake, "Manage the hosts this file describes, which are not there", "FILE" },
        { "console-ports", 0, 0, G_OPTION_ARG_STRING, &options->console_ports,
          "Where viewers of consoles are let in while they have a ticket (" CONSOLE_PORTS "; none: nowhere)", "FIRST-LAST" },
        { "shared-folder", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->shared_folders,
          "A folder that VMs may be given, or parts of it; may be said several times", "DIR" },
        { "observe", 0, 0, G_OPTION_ARG_INT, &options->observe, "Minutes between two looks at the threads of VMs that are bound to cores (10)", "MINUTES" },
        { "imageio", 0, 0, G_OPTION_ARG_NONE, &options->imageio, "Serve the content of disks at the ports 54322 and 54323 too, as oVirt does", NULL },
        { "fail-at", 0, 0, G_OPTION_ARG_STRING, &options->fail_at, "Die the Nth time a point of this kind is passed: step, effect, sql", "WHERE:N" },
        { "describe", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, (gpointer) (guintptr) parse_describe,
          "Print the reference and end: markdown, openapi, man or man-resources", "FORMAT" },
        { "backup", 0, 0, G_OPTION_ARG_FILENAME, &options->backup, "Write the manager's state to one file and end; it may be running", "FILE" },
        { "restore", 0, 0, G_OPTION_ARG_FILENAME, &options->restore, "Put such a file in place of the state and end", "FILE" },
        { "debug", 0, 0, G_OPTION_ARG_NONE, &options->debug, "Log more", NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version and end", NULL },
        { "help", 'h', 0, G_OPTION_ARG_NONE, &options->help, "Print this and end", NULL },
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(rows) < MOST_OPTIONS);
    memset(ret_rows, 0, MOST_OPTIONS * sizeof(*ret_rows));
    memcpy(ret_rows, rows, sizeof(rows));
}

static Usage
usage_of(Options *options, GOptionEntry rows[MOST_OPTIONS])
{
    fill(options, rows);
    return (Usage) { "shikirid", "8", "the virtualization manager: one daemon for one KVM host or many", synopsis, rows };
}

void
options_help(Text *out, Language language)
{
    GOptionEntry rows[MOST_OPTIONS];
    Options none = { 0 };
    Usage usage = usage_of(&none, rows);
    usage_help(out, &usage, language);
}

void
options_man(Text *out, Language language)
{
    GOptionEntry rows[MOST_OPTIONS];
    Options none = { 0 };
    Usage usage = usage_of(&none, rows);
    usage_man(out, &usage, language);
}

static GOptionContext *
make_context(Options *options)
{
    GOptionEntry rows[MOST_OPTIONS];
    GOptionContext *context = g_option_context_new(NULL);
    GOptionGroup *group = g_option_group_new("shikirid", "", "", options, NULL);
    fill(options, rows);
    g_option_group_add_entries(group, rows);
    g_option_context_set_main_group(context, group);
    g_option_context_set_help_enabled(context, FALSE);
    return context;
}

static void
make_absolute(char **path)
{
    if (!*path)
        return;
    char *absolute = g_canonicalize_filename(*path, NULL);
    g_free(*path);
    *path = absolute;
}

static gboolean
check(const Options *options, int argc, char **argv, GError **error)
{
    if (argc > 1)
        return fault_set(error, MSG_DAEMON_ARGUMENT, "argument", argv[1], NULL);
    static const char *const formats[] = { "markdown", "openapi", "man", "man-resources", NULL };
    if (options->describe && !g_strv_contains(formats, options->describe))
        return fault_set(error, MSG_DAEMON_DESCRIBE, "given", options->describe, NULL);
    if (options->backup && options->restore)
        return fault_set(error, MSG_DAEMON_BOTH, NULL);
    g_autofree char *minutes = g_strdup_printf("%d", options->observe);
    if (options->observe < 0 || options->observe > OBSERVE_MOST)
        return fault_set(error, MSG_DAEMON_OBSERVE, "given", minutes, NULL);
    return TRUE;
}

/* "8500-8515", "8500", "none". */
static gboolean
read_ports(Options *options, GError **error)
{
    int end = 0;
    guint first = 0, last = 0;
    const char *text = options->console_ports;
    if (g_str_equal(text, "none"))
        return TRUE;
    if (sscanf(text, "%5u-%5u%n", &first, &last, &end) != 2 && sscanf(text, "%5u%n", &first, &end) == 1)
        last = first;
    if (!text[0] || text[end] || first < 1 || last < first || last > 65535 || last - first > 1000)
        return fault_set(error, MSG_DAEMON_CONSOLE_PORTS, "given", text, NULL);
    options->first_port = first;
    options->last_port = last;
    return TRUE;
}

static char *
where_it_is(const char *folder)
{
    char *real = realpath(folder, NULL);
    return real ? real : g_strdup(folder);
}

static gboolean
overlap(const char *one, const char *other)
{
    return shared_folder_lies_in(one, other) || shared_folder_lies_in(other, one);
}

/* A guest is root in what it has: what the manager keeps must not lie there, nor around it; nor one of these folders in another, where a
 * guest could put a link in its place, which is followed for the administrator's own. */
static gboolean
check_shared(const Options *options, GError **error)
{
    g_autofree char *data = where_it_is(options->data_dir);
    for (char **folder = options->shared_folders; folder && *folder; folder++) {
        make_absolute(folder);
        g_autofree char *shared = where_it_is(*folder);
        if (strchr(*folder, '\n') || overlap(shared, data))
            return fault_set(error, MSG_DAEMON_SHARED_FOLDER, "folder", *folder, "dir", options->data_dir, NULL);
        for (char **other = options->shared_folders; other != folder; other++) {
            g_autofree char *earlier = where_it_is(*other);
            if (overlap(shared, earlier))
                return fault_set(error, MSG_DAEMON_SHARED_FOLDERS, "folder", *folder, "other", *other, NULL);
        }
    }
    return TRUE;
}

gboolean
options_parse(Options *options, int *argc, char ***argv, GError **error)
{
    g_autoptr(GError) wrong = NULL;
    GOptionContext *context = make_context(options);
    gboolean parsed = g_option_context_parse(context, argc, argv, &wrong);
    g_option_context_free(context);
    if (!parsed)
        return fault_set(error, MSG_DAEMON_OPTION, "reason", wrong->message, NULL);
    if (!check(options, *argc, *argv, error))
        return FALSE;
    if (!options->data_dir)
        options->data_dir = g_strdup(DATA_DIR);
    if (!options->libvirt)
        options->libvirt = g_strdup(LIBVIRT_URI);
    if (options->observe == 0)
        options->observe = OBSERVE;
    if (!options->console_ports)
        options->console_ports = g_strdup(CONSOLE_PORTS);
    if (!read_ports(options, error))
        return FALSE;
    make_absolute(&options->data_dir);
    if (!check_shared(options, error))
        return FALSE;
    make_absolute(&options->password_file);
    make_absolute(&options->fake);
    make_absolute(&options->backup);
    make_absolute(&options->restore);
    return TRUE;
}

void
options_clear(Options *options)
{
    char *owned[] = { options->data_dir, options->listen, options->password_file, options->libvirt, options->fake, options->console_ports,
                      options->fail_at, options->describe, options->backup, options->restore };
    for (guint i = 0; i < G_N_ELEMENTS(owned); i++)
        g_free(owned[i]);
    g_strfreev(options->shared_folders);
    memset(options, 0, sizeof(*options));
}
