/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The estate's host: domains and volumes in memory, and the faults a test orders. */
#include "estate.h"

#include "base/lock.h"
#include "host/domain_xml.h"

#include <string.h>

typedef struct {
    Id id;
    char *xml;
    DomainState state;
    gboolean saved;
    char *live;                     /* what it runs by, where that was given for one run */
    gint64 set[3];                  /* by LiveKind: what was adjusted while it ran */
    guint pressed;                  /* how often its reset button was, and its guest asked to reboot */
} Domain;

typedef struct {
    char *path;
    int format;
    gint64 size;
} Volume;

static Lock lock = { PTHREAD_MUTEX_INITIALIZER };       /* the host's calls come from several workers at once */
static GPtrArray *domains, *volumes;
static HostFault fault;
static gboolean deaf;

static void
domain_free(gpointer data)
{
    g_free(((Domain *) data)->xml);
    g_free(((Domain *) data)->live);
    g_free(data);
}

static void
volume_free(gpointer data)
{
    g_free(((Volume *) data)->path);
    g_free(data);
}

static Domain *
find_domain(const Id *id)
{
    for (guint i = 0; i < domains->len; i++) {
        Domain *domain = domains->pdata[i];
        if (id_equal(&domain->id, id))
            return domain;
    }
    return NULL;
}

static char *
volume_path(const HostStore *store, const Id *disk)
{
    char text[ID_TEXT_SIZE];
    return g_build_filename(store->path, id_format(disk, ID_UUID, text), NULL);
}

static Volume *
find_volume(const char *path)
{
    for (guint i = 0; i < volumes->len; i++) {
        Volume *volume = volumes->pdata[i];
        if (g_str_equal(volume->path, path))
            return volume;
    }
    return NULL;
}

/* Before an effect: shall it be? *RET_SILENT: and shall its outcome be unknown? */
static gboolean
may_change(gboolean *ret_silent, GError **error)
{
    HostFault now = fault;
    fault = FAULT_OFF;
    *ret_silent = now == FAULT_DOES_AND_IS_SILENT;
    if (deaf)
        return fault_set(error, MSG_JOB_OUTCOME_UNKNOWN, "job", "test", "id", "", NULL);
    if (now == FAULT_REFUSES)
        return fault_set(error, MSG_INTERNAL, "text", "the host refuses", NULL);
    if (now == FAULT_IS_SILENT)
        return fault_set(error, MSG_JOB_OUTCOME_UNKNOWN, "job", "test", "id", "", NULL);
    return TRUE;
}

static gboolean
end_change(gboolean silent, GError **error)
{
    return !silent || fault_set(error, MSG_JOB_OUTCOME_UNKNOWN, "job", "test", "id", "", NULL);
}

static gboolean
answers(GError **error)
{
    return !deaf || fault_set(error, MSG_INTERNAL, "text", "the host does not answer", NULL);
}

static gboolean
host_define(G_GNUC_UNUSED HostLink *link, const char *xml, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    gboolean silent;
    g_autoptr(DomainFacts) facts = domain_facts_new();
    if (!may_change(&silent, error) || !domain_xml_read(xml, facts, error))
        return FALSE;
    if (find_domain(&facts->id))
        estate_set_xml(&facts->id, xml);
    else
        estate_put_domain(&facts->id, xml);
    return end_change(silent, error);
}

static gboolean
host_undefine(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    gboolean silent;
    if (!may_change(&silent, error))
        return FALSE;
    Domain *domain = find_domain(id);
    g_assert_true(!domain || domain->state == DOMAIN_SHUTOFF);      /* of a running one libvirt makes a transient one */
    if (domain)
        g_ptr_array_remove(domains, domain);
    return end_change(silent, error);
}

static DomainFacts *
host_read(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    const Domain *domain = find_domain(id);
    if (!answers(error))
        return NULL;
    DomainFacts *facts = domain_facts_new();
    facts->id = *id;
    if (!domain)
        return facts;
    g_assert_true(domain_xml_read(domain->xml, facts, NULL));
    facts->xml = g_strdup(domain->xml);
    facts->state = domain->state;
    facts->managed_save = domain->saved;
    facts->persistent = TRUE;
    return facts;
}

static gboolean
move(const Id *id, DomainState state, GError **error)
{
    gboolean silent;
    Domain *domain = find_domain(id);
    if (!may_change(&silent, error))
        return FALSE;
    if (!domain)
        return fault_set(error, MSG_INTERNAL, "text", "no such domain", NULL);
    domain->state = state;
    return end_change(silent, error);
}

static gboolean
start(const Id *id, gboolean paused, GError **error)
{
    Domain *domain = find_domain(id);
    if (domain && domain->state != DOMAIN_SHUTOFF)
        return fault_set(error, MSG_INTERNAL, "text", "it runs already", NULL);
    gboolean well = move(id, paused ? DOMAIN_PAUSED : DOMAIN_RUNNING, error);
    if (domain && domain->state != DOMAIN_SHUTOFF)
        domain->saved = FALSE;
    return well;
}

static gboolean
host_start(G_GNUC_UNUSED HostLink *link, const Id *id, gboolean paused, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    return start(id, paused, error);
}

static gboolean
host_save(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    Domain *domain = find_domain(id);
    if (domain && domain->saved)
        return TRUE;
    gboolean well = move(id, DOMAIN_SHUTOFF, error);
    if (domain && domain->state == DOMAIN_SHUTOFF)
        domain->saved = TRUE;
    return well;
}

static gboolean
host_discard(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    Domain *domain = find_domain(id);
    gboolean silent;
    if (!may_change(&silent, error))
        return FALSE;
    g_assert_cmpint(domain->state, ==, DOMAIN_SHUTOFF);
    domain->saved = FALSE;
    return end_change(silent, error);
}

static gboolean
host_pause(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    return move(id, DOMAIN_PAUSED, error);
}

static gboolean
host_resume(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    return move(id, DOMAIN_RUNNING, error);
}

/* Nothing of it can be seen afterwards. */
static gboolean
host_press(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    Domain *domain = find_domain(id);
    gboolean silent;
    if (!may_change(&silent, error))
        return FALSE;
    domain->pressed++;
    return end_change(silent, error);
}

static gboolean
host_start_once(G_GNUC_UNUSED HostLink *link, const Id *id, const char *xml, gboolean paused, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    Domain *domain = find_domain(id);
    g_autoptr(DomainFacts) facts = domain_facts_new();
    g_assert_true(domain_xml_read(xml, facts, NULL) && id_equal(&facts->id, id) && !domain->saved);
    gboolean well = start(id, paused, error);
    if (domain->state != DOMAIN_SHUTOFF) {
        g_free(domain->live);
        domain->live = g_strdup(xml);
    }
    return well;
}

static gboolean
host_adjust(G_GNUC_UNUSED HostLink *link, const Id *id, const LiveValue *value, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    Domain *domain = find_domain(id);
    gboolean silent;
    if (!may_change(&silent, error))
        return FALSE;
    g_assert_cmpint(domain->state, !=, DOMAIN_SHUTOFF);
    if (value->kind == LIVE_MEMORY && value->number > (gint64) 1 << 28)
        return fault_set(error, MSG_INTERNAL, "text", "it was started with less", NULL);
    domain->set[value->kind] = value->kind == LIVE_DESCRIPTION ? (gint64) strlen(value->text) : value->number;
    return end_change(silent, error);
}

static gboolean
host_shutdown(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    return move(id, DOMAIN_SHUTTING_DOWN, error);
}

static gboolean
host_destroy(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    return move(id, DOMAIN_SHUTOFF, error);
}

static gboolean
store_ready(G_GNUC_UNUSED HostLink *link, G_GNUC_UNUSED const HostStore *store, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    return answers(error);
}

static gboolean
volume_create(G_GNUC_UNUSED HostLink *link, const VolumeSpec *spec, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    gboolean silent;
    g_autofree char *path = volume_path(&spec->store, &spec->id);
    if (!may_change(&silent, error))
        return FALSE;
    if (find_volume(path))
        return fault_set(error, MSG_INTERNAL, "text", "the file exists", NULL);
    Volume *volume = g_new0(Volume, 1);
    *volume = (Volume) { g_steal_pointer(&path), spec->format, spec->size };
    g_ptr_array_add(volumes, volume);
    return end_change(silent, error);
}

static gboolean
volume_copy(HostLink *link, const VolumeSpec *spec, const Id *from, G_GNUC_UNUSED const gint *cancelled, Tick deadline, GError **error)
{
    g_autofree char *path = volume_path(&spec->store, from);
    lock_take(&lock);
    g_assert_nonnull(find_volume(path));
    lock_drop(&lock);
    return volume_create(link, spec, deadline, error);
}

static gboolean
variables_copy(G_GNUC_UNUSED HostLink *link, const char *from, const char *to, G_GNUC_UNUSED Tick deadline, GError **error)
{
    g_assert_cmpstr(from, !=, to);
    return answers(error);
}

static gboolean
volume_resize(G_GNUC_UNUSED HostLink *link, const HostStore *store, const Id *disk, gint64 size, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    gboolean silent;
    g_autofree char *path = volume_path(store, disk);
    if (!may_change(&silent, error))
        return FALSE;
    find_volume(path)->size = size;
    return end_change(silent, error);
}

static gboolean
volume_delete(G_GNUC_UNUSED HostLink *link, const HostStore *store, const Id *disk, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    gboolean silent;
    g_autofree char *path = volume_path(store, disk);
    if (!may_change(&silent, error))
        return FALSE;
    if (find_volume(path))
        g_ptr_array_remove(volumes, find_volume(path));
    return end_change(silent, error);
}

static gboolean
volume_read(G_GNUC_UNUSED HostLink *link, const HostStore *store, const Id *disk, VolumeFacts *ret, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&lock);
    g_autofree char *path = volume_path(store, disk);
    const Volume *volume = find_volume(path);
    if (!answers(error))
        return FALSE;
    *ret = volume ? (VolumeFacts) { VOLUME_WHOLE, volume->format, volume->size, 0 } : (VolumeFacts) { VOLUME_ABSENT, 0, 0, 0 };
    return TRUE;
}

static void
host_stop(G_GNUC_UNUSED HostLink *link)
{
}

static void
host_free(HostLink *link)
{
    host_link_clear(link);
    g_free(link);
}

const HostOps estate_host_ops = {
    .name = "memory", .define = host_define, .undefine = host_undefine, .read = host_read, .start = host_start, .shutdown = host_shutdown,
    .start_once = host_start_once, .adjust = host_adjust, .destroy = host_destroy, .reboot = host_press, .reset = host_press, .pause = host_pause, .resume = host_resume, .save = host_save,
    .discard = host_discard, .store_ready = store_ready, .volume_create = volume_create, .volume_copy = volume_copy, .variables_copy = variables_copy, .volume_resize = volume_resize,
    .volume_delete = volume_delete, .volume_read = volume_read, .stop = host_stop, .free = host_free,
};

void
estate_host_open(void)
{
    domains = g_ptr_array_new_with_free_func(domain_free);
    volumes = g_ptr_array_new_with_free_func(volume_free);
}

void
estate_host_close(void)
{
    g_assert_cmpint(fault, ==, FAULT_OFF);
    g_ptr_array_unref(domains);
    g_ptr_array_unref(volumes);
    deaf = FALSE;
}

void
estate_fault(HostFault next)
{
    LOCK_HOLD(&lock);
    fault = next;
}

void
estate_deaf(gboolean now)
{
    LOCK_HOLD(&lock);
    deaf = now;
}

static int
by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

char *
estate_picture(void)
{
    LOCK_HOLD(&lock);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < domains->len; i++) {
        const Domain *domain = domains->pdata[i];
        char text[ID_TEXT_SIZE];
        g_ptr_array_add(lines, g_strdup_printf("%s %d%s%s\n%s", id_format(&domain->id, ID_UUID, text), domain->state,
                                                 domain->saved ? " saved" : "", domain->live && domain->state != DOMAIN_SHUTOFF ? " once" : "", domain->xml));
    }
    for (guint i = 0; i < volumes->len; i++) {
        const Volume *volume = volumes->pdata[i];
        g_ptr_array_add(lines, g_strdup_printf("%s %d %" G_GINT64_FORMAT, volume->path, volume->format, volume->size));
    }
    g_ptr_array_sort(lines, by_text);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("\n", (char **) lines->pdata);
}

const char *
estate_xml(const Id *vm)
{
    const Domain *domain = find_domain(vm);
    return domain ? domain->xml : NULL;
}

void
estate_set_xml(const Id *vm, const char *xml)
{
    Domain *domain = find_domain(vm);
    char *copy = g_strdup(xml);
    g_free(domain->xml);
    domain->xml = copy;
}

void
estate_put_domain(const Id *vm, const char *xml)
{
    Domain *domain = g_new0(Domain, 1);
    g_assert_null(find_domain(vm));
    *domain = (Domain) { .id = *vm, .xml = g_strdup(xml), .state = DOMAIN_SHUTOFF };
    g_ptr_array_add(domains, domain);
}

void
estate_forget_domain(const Id *vm)
{
    g_ptr_array_remove(domains, find_domain(vm));
}

DomainState
estate_state(const Id *vm)
{
    const Domain *domain = find_domain(vm);
    return domain ? domain->state : DOMAIN_ABSENT;
}

void
estate_set_state(const Id *vm, DomainState state)
{
    find_domain(vm)->state = state;
}

void
estate_set_saved(const Id *vm, gboolean saved)
{
    find_domain(vm)->saved = saved;
}

const char *
estate_live(const Id *vm)
{
    const Domain *domain = find_domain(vm);
    return domain->state == DOMAIN_SHUTOFF ? NULL : domain->live ? domain->live : domain->xml;
}

gint64
estate_adjusted(const Id *vm, LiveKind kind)
{
    return find_domain(vm)->set[kind];
}

guint
estate_pressed(const Id *vm)
{
    return find_domain(vm)->pressed;
}

void
estate_put_volume(const Id *disk, gint64 size)
{
    Volume *volume = g_new0(Volume, 1);
    HostStore store = { estate.storage, (char *) STORAGE_PATH };
    *volume = (Volume) { volume_path(&store, disk), DISK_FORMAT_COW, size };
    g_ptr_array_add(volumes, volume);
}

gboolean
estate_has_volume(const Id *disk)
{
    HostStore store = { estate.storage, (char *) STORAGE_PATH };
    g_autofree char *path = volume_path(&store, disk);
    return find_volume(path) != NULL;
}
