/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Opening: connect to libvirtd's socket ourselves, wrap it in a wire, let libvirt connect to the wire. Other transports
 * (TLS, SSH) will make their connected socket here and go the same way from there. */
#include "host/libvirt_connection.h"

#include "base/fault.h"
#include "host/libvirt_socket.h"

#include <libvirt/virterror.h>
#include <unistd.h>

static const char *const usual_sockets[] = { "/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock" };

struct LibvirtConnection {
    LibvirtSocket *socket;
    char *path, *uri;
    virConnectPtr connection;       /* NULL until open */
};

/* --- where -------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_local_scheme(const char *scheme)
{
    return g_strcmp0(scheme, "qemu") == 0 || g_strcmp0(scheme, "qemu+unix") == 0;
}

/* libvirtd's socket, or that of its QEMU part where the daemons are separate. */
static char *
usual_socket(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(usual_sockets); i++) {
        if (access(usual_sockets[i], F_OK) == 0)
            return g_strdup(usual_sockets[i]);
    }
    return g_strdup(usual_sockets[0]);
}

static char *
socket_in(const char *query)
{
    g_autoptr(GHashTable) words = query ? g_uri_parse_params(query, -1, "&;", G_URI_PARAMS_NONE, NULL) : NULL;
    const char *path = words ? g_hash_table_lookup(words, "socket") : NULL;
    return path ? g_strdup(path) : NULL;
}

gboolean
libvirt_place_parse(const char *text, LibvirtPlace *ret_place, GError **error)
{
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
    if (!uri)
        return fault_set(error, MSG_HOST_BAD_URI, "uri", text, NULL);
    const char *host = g_uri_get_host(uri);
    if (!is_local_scheme(g_uri_get_scheme(uri)) || (host && host[0]))
        return fault_set(error, MSG_HOST_URI_NOT_BUILT, "uri", text, NULL);
    if (g_strcmp0(g_uri_get_path(uri), "/system") != 0)
        return fault_set(error, MSG_HOST_BAD_URI, "uri", text, NULL);
    *ret_place = (LibvirtPlace) { socket_in(g_uri_get_query(uri)), g_strdup(g_uri_get_path(uri)), TRUE };
    return TRUE;
}

void
libvirt_place_clear(LibvirtPlace *place)
{
    g_clear_pointer(&place->path, g_free);
    g_clear_pointer(&place->inner, g_free);
}

/* --- life ---------------------------------------------------------------------------------------------------------------------- */

LibvirtConnection *
libvirt_connection_new(const LibvirtPlace *place, Tick deadline, GError **error)
{
    g_autofree char *path = place->path ? g_strdup(place->path) : usual_socket();
    int upstream = libvirt_socket_connect(path, deadline, error);
    LibvirtSocket *socket = upstream >= 0 ? libvirt_socket_new(upstream, error) : NULL;
    if (!socket)
        return NULL;
    LibvirtConnection *connection = g_new0(LibvirtConnection, 1);
    connection->socket = socket;
    connection->path = g_steal_pointer(&path);
    connection->uri = g_strdup_printf("qemu+unix://%s?socket=%s", place->inner, libvirt_socket_name(socket));
    return connection;
}

gboolean
libvirt_connection_open(LibvirtConnection *connection, Tick deadline, GError **error)
{
    libvirt_socket_limit(connection->socket, deadline);
    connection->connection = virConnectOpen(connection->uri);
    libvirt_socket_limit(connection->socket, 0);
    if (connection->connection)
        return TRUE;
    MessageCode why = clock_tick() >= deadline ? MSG_HOST_LIBVIRTD_SILENT : MSG_HOST_LIBVIRTD_REFUSES;
    return fault_set(error, why, "path", connection->path, "reason", virGetLastErrorMessage(), NULL);
}

/* virConnectClose asks libvirtd and waits for its answer: without a wire it does not wait. */
void
libvirt_connection_close(LibvirtConnection *connection)
{
    if (!connection)
        return;
    libvirt_socket_cut(connection->socket);
    if (connection->connection)
        virConnectClose(connection->connection);
    libvirt_socket_free(connection->socket);
    g_free(connection->path);
    g_free(connection->uri);
    g_free(connection);
}

virConnectPtr
libvirt_connection_get(const LibvirtConnection *connection)
{
    return connection->connection;
}

void
libvirt_connection_limit(LibvirtConnection *connection, Tick deadline)
{
    libvirt_socket_limit(connection->socket, deadline);
}

void
libvirt_connection_cut(LibvirtConnection *connection)
{
    libvirt_socket_cut(connection->socket);
}

gboolean
libvirt_connection_is_dead(LibvirtConnection *connection)
{
    return !connection->connection || libvirt_socket_is_cut(connection->socket) || virConnectIsAlive(connection->connection) != 1;
}

gboolean
libvirt_connection_is_overdue(LibvirtConnection *connection)
{
    return libvirt_socket_is_overdue(connection->socket);
}
