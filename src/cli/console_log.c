/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The manager's text as it is: it has made it harmless. */
#include "cli/console_log.h"

#include "cli/console.h"
#include "cli/words.h"

#include <stdio.h>
#include <string.h>

gboolean
console_log_run(Client *client, const Request *request, GError **error)
{
    const char *kib = request->name;
    if (*request->pairs || (kib && (!*kib || strspn(kib, "0123456789") != strlen(kib))))
        return fault_set(error, MSG_CLI_USAGE, "text", "It is: shikiri log VM [KIB].", NULL);
    g_autofree char *vm = console_find_vm(client, request->type, error);
    g_autofree char *path = vm ? g_strconcat("/vms/", vm, "/consolelog", kib ? "?kib=" : "", kib, NULL) : NULL;
    if (path && (request->json || request->xml))
        return client_show(client, "GET", path, NULL, error);
    struct json_object *reply = path ? client_json(client, "GET", path, NULL, error) : NULL;
    if (!reply)
        return FALSE;
    const char *text = words_string(reply, "text");
    printf("%s%s", text, *text && !g_str_has_suffix(text, "\n") ? "\n" : "");
    json_object_put(reply);
    return TRUE;
}
