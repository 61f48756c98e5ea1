/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The XML of a VM. What a person has written in the editor is never thrown away before the manager has it. */
#include "cli/xml.h"

#include "cli/console.h"
#include "cli/words.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST (4u << 20)             /* more is no domain's */
#define PATH "/vms/%s/domainxml"
#define USAGE "It is: shikiri xml VM [inactive|edit], or shikiri xml VM set FILE [version=VERSION]."

static void
tell(Client *client, MessageCode code, const char *name, const char *value)
{
    g_autoptr(Message) message = message_new(code, name, value, NULL);
    g_autofree char *text = message_text(message, client_language(client));
    fprintf(stderr, "shikiri: %s\n", text);
}

static struct json_object *
fetch(Client *client, const char *vm, GError **error)
{
    g_autofree char *path = g_strdup_printf(PATH, vm);
    return client_json(client, "GET", path, NULL, error);
}

/* --- showing ---------------------------------------------------------------------------------------------------------------------------- */

/* As `virsh dumpxml` does: what runs, or else what the next start will use, which "inactive" asks for. */
static gboolean
show(Client *client, const Request *request, const char *vm, gboolean inactive, GError **error)
{
    g_autofree char *path = g_strdup_printf(PATH, vm);
    if (request->json || request->xml)
        return client_show(client, "GET", path, NULL, error);
    struct json_object *reply = fetch(client, vm, error);
    if (!reply)
        return FALSE;
    const char *active = words_string(reply, "active");
    fputs(inactive || !*active ? words_string(reply, "inactive") : active, stdout);
    json_object_put(reply);
    return TRUE;
}

/* --- writing ---------------------------------------------------------------------------------------------------------------------------- */

static gboolean
send(Client *client, const Request *request, const char *vm, const char *xml, const char *version, GError **error)
{
    struct json_object *body = json_object_new_object();
    g_autofree char *path = g_strdup_printf("/vms/%s/overridexml%s", vm, request->plan ? "?plan=1" : "");
    json_object_object_add(body, "xml", json_object_new_string(xml));
    if (version && *version)
        json_object_object_add(body, "version", json_object_new_string(version));
    const char *text = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
    gboolean shown = request->json || request->xml, well = shown && client_show(client, "POST", path, text, error);
    struct json_object *reply = shown ? NULL : client_json(client, "POST", path, text, error);
    json_object_put(body);
    if (reply && request->plan)
        fputs(words_string(reply, "plan"), stdout);
    else if (reply)
        printf("vm %s: %s\n", request->type, words_string(reply, "status"));
    well |= reply != NULL;
    json_object_put(reply);
    return well;
}

static char *
no_file(const char *file, const char *reason, GError **error)
{
    fault_set(error, MSG_CLI_FILE, "file", file, "reason", reason, NULL);
    return NULL;
}

/* FILE, or the standard input for "-"; yours. */
static char *
read_file(const char *file, GError **error)
{
    gboolean input = g_str_equal(file, "-");
    FILE *stream = input ? stdin : fopen(file, "re");
    if (!stream)
        return no_file(file, g_strerror(errno), error);
    g_autofree char *text = g_malloc(MOST + 2);
    gsize length = fread(text, 1, MOST + 1, stream);
    gboolean well = !ferror(stream);
    int reason = errno;
    if (!input)
        fclose(stream);
    text[MIN(length, MOST)] = '\0';
    if (!well)
        return no_file(file, g_strerror(reason), error);
    if (length > MOST || !g_utf8_validate(text, (gssize) length, NULL))
        return no_file(file, length > MOST ? "it is longer than 4 MiB" : "it is not UTF-8", error);
    return g_strdup(text);
}

static gboolean
set(Client *client, const Request *request, const char *vm, GError **error)
{
    const char *version = request->pairs[1];
    g_autofree char *xml = read_file(request->pairs[0], error);
    return xml && send(client, request, vm, xml, version ? version + strlen("version=") : NULL, error);
}

/* --- editing ------------------------------------------------------------------------------------------------------------------------------ */

static gboolean
run_editor(const char *file, GError **error)
{
    const char *editor = g_getenv("VISUAL") ? g_getenv("VISUAL") : g_getenv("EDITOR") ? g_getenv("EDITOR") : "vi";
    g_autofree char *line = g_strconcat(editor, " \"$1\"", NULL);
    char *argv[] = { "/bin/sh", "-c", line, "sh", (char *) file, NULL };
    g_autoptr(GError) reason = NULL;
    int status = 0;
    gboolean well = g_spawn_sync(NULL, argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL, &status, &reason) && g_spawn_check_exit_status(status, &reason);
    return well || fault_set(error, MSG_CLI_EDITOR, "editor", editor, "reason", reason->message, NULL);
}

/* FILE has what is shown; TRUE where it was sent, or need not be. */
static gboolean
edit_file(Client *client, const Request *request, const char *vm, const char *file, struct json_object *shown, GError **error)
{
    const char *before = words_string(shown, "inactive");
    if (!g_file_set_contents(file, before, -1, NULL))
        return no_file(file, g_strerror(errno), error) != NULL;
    g_autofree char *xml = run_editor(file, error) ? read_file(file, error) : NULL;
    if (!xml)
        return FALSE;
    if (g_str_equal(xml, before)) {
        tell(client, MSG_CLI_XML_SAME, "name", request->type);
        return TRUE;
    }
    return send(client, request, vm, xml, words_string(shown, "version"), error);
}

static gboolean
edit(Client *client, const Request *request, const char *vm, GError **error)
{
    struct json_object *shown = fetch(client, vm, error);
    g_autofree char *file = NULL;
    int fd = shown ? g_file_open_tmp("shikiri-XXXXXX.xml", &file, NULL) : -1;
    if (fd >= 0)
        close(fd);
    gboolean well = fd >= 0 && edit_file(client, request, vm, file, shown, error);
    if (shown && fd < 0)
        no_file(g_get_tmp_dir(), g_strerror(errno), error);
    if (fd >= 0 && (!well || request->plan))
        tell(client, MSG_CLI_XML_KEPT, "file", file);
    else if (fd >= 0)
        g_unlink(file);
    json_object_put(shown);
    return well;
}

/* ----------------------------------------------------------------------------------------------------------------------------------------- */

gboolean
xml_run(Client *client, const Request *request, GError **error)
{
    const char *word = request->name ? request->name : "";
    guint more = g_strv_length(request->pairs);
    gboolean sets = g_str_equal(word, "set") && (more == 1 || (more == 2 && g_str_has_prefix(request->pairs[1], "version=")));
    gboolean edits = more == 0 && g_str_equal(word, "edit"), inactive = more == 0 && g_str_equal(word, "inactive");
    if (!sets && !edits && !inactive && (*word || more > 0))
        return fault_set(error, MSG_CLI_USAGE, "text", USAGE, NULL);
    g_autofree char *vm = console_find_vm(client, request->type, error);
    if (!vm)
        return FALSE;
    if (sets)
        return set(client, request, vm, error);
    return edits ? edit(client, request, vm, error) : show(client, request, vm, inactive, error);
}
