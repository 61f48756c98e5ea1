/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A host reached through libvirt: its beginning and end, its connections, and the bookkeeping its threads share. Begin with
 * libvirt_host_new(); what a connected host does is libvirt_link.c's. */
#include "host/libvirt_parts.h"

#include "base/log.h"
#include "host/libvirt_loop.h"
#include "host/libvirt_socket.h"

#include <sys/eventfd.h>
#include <unistd.h>

#define STOPPING (1500 * CLOCK_SECOND / 1000)
#define MOST_CALLS 24           /* threads: seats and some that wait or copy files */

static void
known_free(Known *known)
{
    g_free(known->event);
    g_free(known->kept);
    g_free(known);
}

static void
watched_store_free(WatchedStore *watched)
{
    g_free(watched->store.path);
    g_free(watched);
}

/* --- connections ---------------------------------------------------------------------------------------------------------------- */

static gboolean
enter_connection(LibvirtHost *host, LibvirtConnection *connection, GError **error)
{
    LOCK_HOLD(&host->lock);
    if (host->stopping)
        return fault_set(error, MSG_HOST_STOPPING, "host", host->link.name, NULL);
    g_ptr_array_add(host->connections, connection);
    return TRUE;
}

LibvirtConnection *
libvirt_host_open(LibvirtHost *host, Tick deadline, GError **error)
{
    if (host->nowhere) {
        fault_take(error, message_ref(host->nowhere));
        return NULL;
    }
    LibvirtConnection *connection = libvirt_connection_new(&host->place, MIN(deadline, clock_tick() + CLOCK_SECOND), error);
    if (!connection)
        return NULL;
    if (enter_connection(host, connection, error)) {
        if (libvirt_connection_open(connection, deadline, error))
            return connection;
        libvirt_host_close(host, connection);
        return NULL;
    }
    libvirt_connection_close(connection);
    return NULL;
}

void
libvirt_host_close(LibvirtHost *host, LibvirtConnection *take)
{
    if (!take)
        return;
    lock_take(&host->lock);
    g_ptr_array_remove_fast(host->connections, take);
    lock_drop(&host->lock);
    libvirt_connection_close(take);
}

/* --- what the threads share --------------------------------------------------------------------------------------------------------- */

void
libvirt_host_report(LibvirtHost *host, HostReport *take)
{
    gboolean about_domain = take->kind != REPORT_LOST && take->kind != REPORT_UP;
    if (host->stopping)
        host_report_free(take);
    else if (!host->up && about_domain)
        g_queue_push_tail(&host->held, take);
    else
        host->listener.report(host->listener.data, take);
}

Known *
libvirt_host_know(LibvirtHost *host, const Id *id)
{
    Known *known = g_hash_table_lookup(host->known, id);
    if (known)
        return known;
    known = g_new0(Known, 1);
    known->id = *id;
    g_hash_table_insert(host->known, &known->id, known);
    return known;
}

void
libvirt_host_mark(LibvirtHost *host, const Id *id, const char *event)
{
    Known *known = libvirt_host_know(host, id);
    host->dirty += !known->dirty;
    known->dirty = TRUE;
    if (event) {
        g_free(known->event);
        known->event = g_strdup(event);
    }
    condition_broadcast(&host->changed);
}

gboolean
libvirt_host_wait(LibvirtHost *host, Tick until)
{
    if (!host->stopping)
        condition_wait_until(&host->changed, &host->lock, until);
    return !host->stopping;
}

/* --- life --------------------------------------------------------------------------------------------------------------------------- */

static void
free_host(HostLink *link)
{
    LibvirtHost *host = LIBVIRT_HOST(link);
    g_queue_clear_full(&host->held, (GDestroyNotify) host_report_free);
    g_hash_table_unref(host->known);
    g_ptr_array_unref(host->connections);
    g_ptr_array_unref(host->stores);
    message_unref(host->why);
    message_unref(host->nowhere);
    object_unref(host->facts);
    condition_clear(&host->changed);
    condition_clear(&host->calls);
    lock_clear(&host->lock);
    close(host->wake);
    libvirt_place_clear(&host->place);
    g_free(host->capabilities);
    g_free(host->offers);
    g_free(host->uri);
    g_free(host->logs);
    g_free(host->seeds);
    g_array_unref(host->seeding);
    g_strfreev(host->shared);
    host_link_clear(link);
    g_free(host);
}

static void
cut_all(LibvirtHost *host)
{
    LOCK_HOLD(&host->lock);
    host->stopping = TRUE;
    for (guint i = 0; i < host->connections->len; i++)
        libvirt_connection_cut(host->connections->pdata[i]);
    condition_broadcast(&host->changed);
    condition_broadcast(&host->calls);
}

static void
close_slots(LibvirtHost *host)
{
    for (int i = 0; i < LIBVIRT_SLOTS; i++)
        libvirt_host_close(host, g_steal_pointer(&host->slots[i].connection));
}

/* Every thread that waits for libvirt comes back when its wire is cut; only one that hangs in the kernel on a dead file
 * system does not. It keeps its reference, and the memory with it. */
static void
stop_host(HostLink *link)
{
    LibvirtHost *host = LIBVIRT_HOST(link);
    guint64 one = 1;
    cut_all(host);
    ssize_t written = write(host->wake, &one, sizeof(one));
    (void) written;
    gboolean ended = workers_stop(host->workers, clock_tick() + STOPPING);
    ended &= workers_stop(host->lines, clock_tick() + STOPPING / 4);
    if (!ended)
        log_warn("host %s: some calls did not end in time and are left behind", link->name);
    for (gsize i = 0; i < G_N_ELEMENTS(host->threads); i++)
        thread_join(host->threads[i]);
    if (!ended)
        return;                 /* they still hold the loop, the relay and their connections */
    close_slots(host);
    libvirt_socket_release();
    libvirt_loop_release();
}

static void
ask_for_refresh(HostLink *link)
{
    LibvirtHost *host = LIBVIRT_HOST(link);
    LOCK_HOLD(&host->lock);
    host->refresh = TRUE;
    condition_broadcast(&host->changed);
}

static const HostOps libvirt_ops = {
    .name = "libvirt",
    .linger = LIBVIRT_LINGER,
    .define = libvirt_domain_define,
    .define_strictly = libvirt_domain_define_strictly,
    .undefine = libvirt_domain_undefine,
    .read = libvirt_domain_read,
    .start = libvirt_domain_start,
    .start_once = libvirt_domain_start_once,
    .adjust = libvirt_domain_adjust,
    .bind = libvirt_pins_bind,
    .affinity = libvirt_pins_affinity,
    .shutdown = libvirt_domain_shutdown,
    .destroy = libvirt_domain_destroy,
    .reboot = libvirt_domain_reboot,
    .reset = libvirt_domain_reset,
    .pause = libvirt_domain_pause,
    .resume = libvirt_domain_resume,
    .save = libvirt_domain_save,
    .discard = libvirt_domain_discard,
    .freeze = libvirt_agent_freeze,
    .thaw = libvirt_agent_thaw,
    .is_frozen = libvirt_agent_is_frozen,
    .set_password = libvirt_agent_set_password,
    .run = libvirt_agent_run,
    .device_attach = libvirt_device_attach,
    .device_update = libvirt_device_update,
    .device_detach = libvirt_device_detach,
    .store_look = libvirt_store_look,
    .store_mark = libvirt_store_mark,
    .store_clear = libvirt_store_clear,
    .store_ready = libvirt_store_ready,
    .store_leave = libvirt_store_leave,
    .note_read = libvirt_note_read,
    .note_write = libvirt_note_write,
    .note_list = libvirt_note_list,
    .volume_create = libvirt_volume_create,
    .volume_copy = libvirt_volume_copy,
    .variables_find = libvirt_variables_find,
    .variables_look = libvirt_variables_look,
    .variables_copy = libvirt_variables_copy,
    .variables_drop = libvirt_variables_drop,
    .log_read = libvirt_log_read,
    .log_drop = libvirt_log_drop,
    .volume_resize = libvirt_volume_resize,
    .volume_delete = libvirt_volume_delete,
    .volume_read = libvirt_volume_read,
    .volume_chain = libvirt_chain_read,
    .volume_above = libvirt_chain_above,
    .volume_fold = libvirt_chain_fold,
    .volume_stand = libvirt_chain_stand,
    .snapshot_take = libvirt_snapshot_take,
    .memory_start = libvirt_snapshot_start,
    .memory_drop = libvirt_snapshot_drop,
    .block_commit = libvirt_block_commit,
    .block_copy = libvirt_block_copy,
    .block_job = libvirt_block_job,
    .block_end = libvirt_block_end,
    .image_open = libvirt_image_open,
    .image_settle = libvirt_image_settle,
    .open_graphics = libvirt_console_graphics,
    .open_serial = libvirt_console_serial,
    .screenshot = libvirt_console_screenshot,
    .devices = libvirt_nodes_list,
    .refresh = ask_for_refresh,
    .stop = stop_host,
    .free = free_host,
};

/* A wrong address is a host that never comes up, and says why. */
static void
find_place(LibvirtHost *host)
{
    g_autoptr(GError) error = NULL;
    if (!libvirt_place_parse(host->uri, &host->place, &error))
        host->nowhere = message_ref(fault_message(error));
}

static LibvirtHost *
new_host(const Id *id, const char *name, const char *uri)
{
    LibvirtHost *host = g_new0(LibvirtHost, 1);
    host_link_init(&host->link, &libvirt_ops, id, name);
    host->uri = g_strdup(uri);
    host->told = N_MESSAGES;
    find_place(host);
    host->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    lock_init(&host->lock);
    condition_init(&host->changed);
    condition_init(&host->calls);
    g_queue_init(&host->held);
    host->known = g_hash_table_new_full(id_hash, id_equal_key, NULL, (GDestroyNotify) known_free);
    host->connections = g_ptr_array_new();
    host->seeding = g_array_new(FALSE, FALSE, sizeof(Id));
    host->stores = g_ptr_array_new_with_free_func((GDestroyNotify) watched_store_free);
    host->workers = workers_new("libvirt call", MOST_CALLS);
    host->lines = workers_new("libvirt serial", 2 * LIBVIRT_LINES);
    return host;
}

HostLink *
libvirt_host_new(const Id *id, const char *name, const char *uri, const HostFolders *folders, const HostListener *listener)
{
    char text[ID_TEXT_SIZE];
    LibvirtHost *host = new_host(id, name, uri);
    host->listener = *listener;
    host->logs = g_strdup(folders->logs);
    host->seeds = folders->seeds ? g_build_filename(folders->seeds, id_format(id, ID_UUID, text), NULL) : NULL;
    host->shared = g_strdupv((char **) folders->shared);
    libvirt_loop_hold();
    libvirt_socket_hold();
    host->threads[0] = thread_new("libvirt link", libvirt_link_run, host);
    host->threads[1] = thread_new("libvirt numbers", libvirt_numbers_run, host);
    host->threads[2] = thread_new("libvirt asker", libvirt_asker_run, host);
    return &host->link;
}
