/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * `shikiri watch`: the manager's event stream, a line a change. Ends by itself only when the manager goes. */
#include "base/clock.h"
#include "cli/request.h"
#include "cli/words.h"

#include <stdio.h>

static gboolean
tell(gpointer data, const char *line)
{
    const Request *request = data;
    if (!g_str_has_prefix(line, "data: "))
        return TRUE;
    if (request->json) {
        puts(line + 6);
        return fflush(stdout) == 0;
    }
    struct json_object *change = json_tokener_parse(line + 6), *object = NULL;
    char date[CLOCK_DATE_SIZE];
    json_object_object_get_ex(change, "object", &object);
    const char *what = *words_string(object, "name") ? words_string(object, "name") : words_string(object, "description");
    printf("%s  %-7s %-16s %s  %s\n", clock_format(clock_wall(), date), words_string(change, "op"), words_string(change, "type"),
           *what ? what : words_string(change, "id"), words_string(object, "status"));
    json_object_put(change);
    return fflush(stdout) == 0;
}

gboolean
watch_run(Client *client, const Request *request, GError **error)
{
    return client_follow(client, "/events/stream", tell, (gpointer) request, error);
}
