/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Consoles of domains. Graphics are a descriptor libvirtd connects to QEMU and hands over, past QEMU's own password: who may look was settled
 * before. A serial line is a stream of libvirt's: it has a connection and two threads of its own, which copy between it and one end of a pair
 * until either side ends. Pictures come through a stream, too. */
#include "host/libvirt_call.h"

#include "base/refs.h"
#include "host/libvirt_xml.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <sys/socket.h>
#include <unistd.h>

#define PICTURE_MOST (64u << 20)
#define PICTURE_BLOCK (256u << 10)
#define LINE_BLOCK 8192

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virStream, virStreamFree)

static void
close_result(gpointer result)
{
    close(GPOINTER_TO_INT(result) - 1);
}

/* A descriptor nobody waits for any more is closed with its call. */
static void
give_descriptor(LibvirtCall *call, int take)
{
    call->result = GINT_TO_POINTER(take + 1);
    call->free_result = close_result;
}

static int
run_for_descriptor(LibvirtCall *call, GError **error)
{
    return libvirt_call_run(call, error) ? GPOINTER_TO_INT(g_steal_pointer(&call->result)) - 1 : -1;
}

static virDomain *
find_domain(LibvirtCall *call, virConnectPtr connection, GError **error)
{
    virDomain *domain = virDomainLookupByUUID(connection, call->id.bytes);
    if (domain)
        libvirt_call_name(call, virDomainGetName(domain));
    else
        libvirt_call_fail(call, error);
    return domain;
}

/* As it runs. */
static xmlDoc *
read_live(LibvirtCall *call, virDomain *domain, GError **error)
{
    char *text = virDomainGetXMLDesc(domain, 0);
    xmlDoc *doc = text ? libvirt_xml_parse(text) : NULL;
    free(text);
    if (!doc)
        libvirt_call_fail(call, error);
    return doc;
}

/* --- graphics --------------------------------------------------------------------------------------------------------------------------- */

/* Which of its graphics is VNC; -1 and a sentence if none is. */
static int
find_vnc(LibvirtCall *call, virDomain *domain, GError **error)
{
    g_autoptr(xmlDoc) doc = read_live(call, domain, error);
    if (!doc)
        return -1;
    g_autoptr(GPtrArray) nodes = libvirt_xml_nodes(doc, NULL, "/domain/devices/graphics");
    g_autoptr(GString) others = g_string_new(NULL);
    for (guint i = 0; nodes && i < nodes->len; i++) {
        g_autofree char *type = libvirt_xml_text(doc, nodes->pdata[i], "@type");
        if (g_strcmp0(type, "vnc") == 0)
            return (int) i;
        g_string_append_printf(others, "%s%s", others->len ? ", " : "", type ? type : "unknown");
    }
    fault_set(error, MSG_CONSOLE_NO_VNC, "vm", virDomainGetName(domain), "graphics", others->len ? others->str : "none", NULL);
    return -1;
}

static gboolean
work_graphics(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = find_domain(call, call->connection, error);
    int index = domain ? find_vnc(call, domain, error) : -1;
    if (index < 0)
        return FALSE;
    int descriptor = virDomainOpenGraphicsFD(domain, (unsigned) index, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH);
    if (descriptor < 0)
        return libvirt_call_fail(call, error);
    give_descriptor(call, descriptor);
    return TRUE;
}

int
libvirt_console_graphics(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_graphics, "open the console of", FALSE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return run_for_descriptor(call, error);
}

/* --- serial lines ------------------------------------------------------------------------------------------------------------------------ */

/* Shared by its two threads; the last one frees it. */
typedef struct {
    Refs refs;
    LibvirtHost *host;              /* a reference */
    LibvirtConnection *connection;
    virStream *stream;
    int pair;
} Line;

static void
line_unref(Line *line)
{
    if (!refs_dec(&line->refs))
        return;
    LibvirtHost *host = line->host;
    libvirt_connection_cut(line->connection);       /* so that giving the stream back does not wait for an answer */
    virStreamAbort(line->stream);
    virStreamFree(line->stream);
    libvirt_host_close(host, line->connection);
    close(line->pair);
    lock_take(&host->lock);
    host->lines_open--;
    lock_drop(&host->lock);
    host_link_unref(&host->link);
    g_free(line);
}

/* Ends both threads: the one that waits for libvirt by its wire, the one that waits for us by the pair. */
static void
line_end(Line *line)
{
    libvirt_connection_cut(line->connection);
    shutdown(line->pair, SHUT_RDWR);
}

static gboolean
send_all(int descriptor, const char *bytes, gsize length)
{
    while (length > 0) {
        gssize count = send(descriptor, bytes, length, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return FALSE;
        bytes += count;
        length -= (gsize) count;
    }
    return TRUE;
}

static void
copy_from_guest(gpointer data)
{
    Line *line = data;
    char bytes[LINE_BLOCK];
    int count;
    while ((count = virStreamRecv(line->stream, bytes, sizeof(bytes))) > 0 && send_all(line->pair, bytes, (gsize) count))
        ;
    line_end(line);
    line_unref(line);
}

static gboolean
stream_all(virStream *stream, const char *bytes, gsize length)
{
    for (gsize done = 0; done < length;) {
        int count = virStreamSend(stream, bytes + done, length - done);
        if (count <= 0)
            return FALSE;
        done += (gsize) count;
    }
    return TRUE;
}

static void
copy_to_guest(gpointer data)
{
    Line *line = data;
    char bytes[LINE_BLOCK];
    gssize count;
    while ((count = recv(line->pair, bytes, sizeof(bytes), 0)) > 0 || (count < 0 && errno == EINTR))
        if (count > 0 && !stream_all(line->stream, bytes, (gsize) count))
            break;
    line_end(line);
    line_unref(line);
}

/* LINE's threads begin. What is given back is the other end of its pair; -1 where there is none. */
static int
line_begin(LibvirtHost *host, LibvirtConnection *take_connection, virStream *take_stream)
{
    int ends[2];
    Line *line = g_new0(Line, 1);
    refs_init(&line->refs);
    line->host = LIBVIRT_HOST(host_link_ref(&host->link));
    line->connection = take_connection;
    line->stream = take_stream;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        ends[0] = ends[1] = -1;
    line->pair = ends[0];
    LOCK_HOLD(&host->lock);
    if (ends[1] >= 0 && !host->stopping) {
        refs_inc(&line->refs);
        workers_push(host->lines, copy_from_guest, line);
        workers_push(host->lines, copy_to_guest, line);
        return ends[1];
    }
    lock_drop(&host->lock);
    if (ends[1] >= 0)
        close(ends[1]);
    line_unref(line);
    lock_take(&host->lock);
    return -1;
}

static gboolean
has_serial(LibvirtCall *call, virDomain *domain, GError **error)
{
    g_autoptr(xmlDoc) doc = read_live(call, domain, error);
    if (!doc)
        return FALSE;
    if (libvirt_xml_has(doc, NULL, "/domain/devices/console[@type='pty']") || libvirt_xml_has(doc, NULL, "/domain/devices/serial[@type='pty']"))
        return TRUE;
    return fault_set(error, MSG_CONSOLE_NO_SERIAL, "vm", virDomainGetName(domain), NULL);
}

static virStream *
open_stream(LibvirtCall *call, virConnectPtr connection, GError **error)
{
    g_autoptr(virDomain) domain = find_domain(call, connection, error);
    if (!domain || !has_serial(call, domain, error))
        return NULL;
    g_autoptr(virStream) stream = virStreamNew(connection, 0);
    if (stream && virDomainOpenConsole(domain, NULL, stream, call->flag ? VIR_DOMAIN_CONSOLE_FORCE : 0) == 0)
        return g_steal_pointer(&stream);
    if (libvirt_error_code() == VIR_ERR_OPERATION_FAILED && !call->flag)
        fault_set(error, MSG_CONSOLE_LINE_TAKEN, "vm", virDomainGetName(domain), NULL);
    else
        libvirt_call_fail(call, error);
    return NULL;
}

static gboolean
take_line(LibvirtHost *host, GError **error)
{
    LOCK_HOLD(&host->lock);
    if (host->lines_open >= LIBVIRT_LINES)
        return fault_set(error, MSG_CONSOLE_LINES_FULL, "host", host->link.name, "most", G_STRINGIFY(LIBVIRT_LINES), NULL);
    host->lines_open++;
    return TRUE;
}

static gboolean
work_serial(LibvirtCall *call, GError **error)
{
    LibvirtHost *host = call->host;
    if (!take_line(host, error))
        return FALSE;
    LibvirtConnection *connection = libvirt_host_open(host, call->deadline, error);
    virStream *stream = connection ? open_stream(call, libvirt_connection_get(connection), error) : NULL;
    if (!stream) {
        libvirt_host_close(host, connection);
        lock_take(&host->lock);
        host->lines_open--;
        lock_drop(&host->lock);
        return FALSE;
    }
    int descriptor = line_begin(host, connection, stream);
    if (descriptor < 0)
        return fault_set(error, MSG_HOST_STOPPING, "host", host->link.name, NULL);
    give_descriptor(call, descriptor);
    return TRUE;
}

int
libvirt_console_serial(HostLink *link, const Id *domain, gboolean force, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_serial, "open the serial console of", FALSE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    call->flag = force;
    return run_for_descriptor(call, error);
}

/* --- pictures ---------------------------------------------------------------------------------------------------------------------------- */

static GBytes *
read_picture(virStream *stream)
{
    g_autoptr(GByteArray) picture = g_byte_array_new();
    g_autofree char *block = g_malloc(PICTURE_BLOCK);
    int count;
    while ((count = virStreamRecv(stream, block, PICTURE_BLOCK)) > 0 && picture->len + (guint) count <= PICTURE_MOST)
        g_byte_array_append(picture, (const guint8 *) block, (guint) count);
    if (count != 0) {
        virStreamAbort(stream);
        return NULL;
    }
    virStreamFinish(stream);
    return g_byte_array_free_to_bytes(g_steal_pointer(&picture));
}

static gboolean
work_screenshot(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = find_domain(call, call->connection, error);
    g_autoptr(virStream) stream = domain ? virStreamNew(call->connection, 0) : NULL;
    if (!stream)
        return !domain ? FALSE : libvirt_call_fail(call, error);
    char *media = virDomainScreenshot(domain, stream, 0, 0);
    GBytes *picture = media ? read_picture(stream) : NULL;
    free(media);
    if (!picture)
        return fault_set(error, MSG_CONSOLE_NO_SCREEN, "vm", virDomainGetName(domain), "reason", virGetLastErrorMessage(), NULL);
    call->result = picture;
    call->free_result = (GDestroyNotify) g_bytes_unref;
    return TRUE;
}

GBytes *
libvirt_console_screenshot(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_screenshot, "take a picture of", FALSE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return libvirt_call_run(call, error) ? g_steal_pointer(&call->result) : NULL;
}
