/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Fake hosts: their file and their control file, opening and closing. What they do is in fake_calls.c, what they tell in
 * fake_report.c, what they remember in fake_state.c. Called by daemon for --fake, and by tests. */
#include "host/fake_parts.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_HOSTS 5000
#define MOST_VMS 200000

static void
domain_free(gpointer data)
{
    FakeDomain *domain = data;
    g_clear_pointer(&domain->devices, g_ptr_array_unref);
    g_clear_pointer(&domain->jobs, g_ptr_array_unref);
    g_free(domain->xml);
    g_free(domain->live);
    g_free(domain);
}

static void
volume_free(gpointer data)
{
    FakeVolume *volume = data;
    g_free(volume->path);
    g_free(volume->backing);
    g_free(volume);
}

static void
store_free(gpointer data)
{
    g_free(((HostStore *) data)->path);
    g_free(data);
}

static void
fault_free(gpointer data)
{
    FakeFault *fault = data;
    g_free(fault->host);
    g_free(fault->operation);
    g_free(fault);
}

static void
delay_free(gpointer data)
{
    FakeDelay *delay = data;
    g_free(delay->host);
    g_free(delay->operation);
    g_free(delay);
}

FakeHost *
fake_find_host(Fake *fake, const char *name)
{
    for (guint i = 0; i < fake->hosts->len; i++) {
        FakeHost *host = fake->hosts->pdata[i];
        if (g_str_equal(host->name, name))
            return host;
    }
    return NULL;
}

/* --- lines ---------------------------------------------------------------------------------------------------------------------- */

/* "64G", "512M", "1T", or bytes. */
static gint64
read_size(const char *text)
{
    char *end;
    guint64 number = g_ascii_strtoull(text, &end, 10);
    const char *units = "KMGT";
    const char *unit = *end ? strchr(units, g_ascii_toupper(*end)) : NULL;
    if (end == text || (*end && (!unit || end[1])) || number > G_MAXINT64 >> 40)
        return -1;
    return (gint64) number << (unit ? 10 * (unit - units + 1) : 0);
}

static gint64
read_option(char **words, const char *name, gint64 otherwise)
{
    for (guint i = 0; words[i]; i++)
        if (g_str_equal(words[i], name))
            return words[i + 1] ? read_size(words[i + 1]) : -1;
    return otherwise;
}

static void
add_host(Fake *fake, const char *name, char **words)
{
    FakeHost *host = g_new0(FakeHost, 1);
    host->fake = fake;
    host->name = g_strdup(name);
    host->cpus = read_option(words, "cpus", 1);
    host->memory = read_option(words, "memory", G_GINT64_CONSTANT(1) << 30);
    host->threads = read_option(words, "threads", 1);
    host->sockets = 1;
    gint64 per_socket = read_option(words, "cores-per-socket", 0);
    if (per_socket > 0)
        host->sockets = MAX(1, host->cpus / host->threads / per_socket);
    host->vms = read_option(words, "vms", 0);
    host->first = fake->vms + 1;
    fake->vms += host->vms;
    host->domains = g_hash_table_new_full(id_hash, id_equal_key, NULL, domain_free);
    host->stores = g_ptr_array_new_with_free_func(store_free);
    host->late = g_ptr_array_new_with_free_func(fake_order_free);
    host->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_ptr_array_add(fake->hosts, host);
}

static gboolean
is_sound(Fake *fake, char **words, gint64 count)
{
    gint64 cpus = read_option(words, "cpus", 1), memory = read_option(words, "memory", 1);
    gint64 vms = read_option(words, "vms", 0), threads = read_option(words, "threads", 1);
    return count > 0 && fake->hosts->len + count <= MOST_HOSTS && cpus > 0 && cpus <= 4096 && memory > 0 && threads > 0 && threads <= 8 &&
           vms >= 0 && vms + fake->vms <= MOST_VMS;
}

static gboolean
read_hosts(Fake *fake, char **words)
{
    gboolean many = g_str_equal(words[0], "hosts");
    gint64 count = !words[1] ? 0 : many ? read_size(words[1]) : 1;
    if (!is_sound(fake, words, count) || (!many && fake_find_host(fake, words[1])))
        return FALSE;
    if (!many) {
        add_host(fake, words[1], words + 2);
        return TRUE;
    }
    gint64 vms = MAX(0, read_option(words, "vms", 0));
    for (gint64 i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("host-%03u", fake->hosts->len + 1);
        add_host(fake, name, words + 2);
        FakeHost *host = fake->hosts->pdata[fake->hosts->len - 1];
        fake->vms -= host->vms;             /* `hosts` counts all VMs together */
        host->vms = vms / count + (i < vms % count);
        fake->vms += host->vms;
    }
    return TRUE;
}

static gboolean
read_fault(Fake *fake, char **words)
{
    static const char *const kinds[] = { "fail", "hang", "unknown", "lost", "late", "deaf", NULL };
    if (g_strv_length(words) != 5)
        return FALSE;
    for (guint i = 0; kinds[i]; i++) {
        if (!g_str_equal(words[4], kinds[i]))
            continue;
        FakeFault *fault = g_new0(FakeFault, 1);
        *fault = (FakeFault) { g_strdup(words[1]), g_strdup(words[2]), MAX(0, read_size(words[3])), (FakeKind) i };
        g_ptr_array_add(fake->faults, fault);
        return TRUE;
    }
    return FALSE;
}

static gboolean
read_delay(Fake *fake, char **words)
{
    if (g_strv_length(words) != 4 || read_size(words[3]) < 0)
        return FALSE;
    FakeDelay *delay = g_new0(FakeDelay, 1);
    *delay = (FakeDelay) { g_strdup(words[1]), g_strdup(words[2]), MIN(read_size(words[3]), 3600000) * (CLOCK_SECOND / 1000) };
    g_ptr_array_add(fake->delays, delay);
    return TRUE;
}

static gboolean
heal(Fake *fake)
{
    g_ptr_array_set_size(fake->faults, 0);
    g_ptr_array_set_size(fake->delays, 0);
    return TRUE;
}

static FakeDomain *
find_named(FakeHost *host, const char *name)
{
    GHashTableIter iter;
    FakeDomain *domain;
    g_hash_table_iter_init(&iter, host->domains);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &domain)) {
        char text[ID_TEXT_SIZE];
        g_autoptr(DomainFacts) facts = fake_facts(host, domain, TRUE);
        if (g_str_equal(id_format(&domain->id, ID_UUID, text), name) || (facts->config && g_strcmp0(facts->config->name, name) == 0))
            return domain;
    }
    return NULL;
}

/* virsh HOST VERB DOMAIN, or virsh HOST define FILE. */
static gboolean
read_virsh(Fake *fake, char **words, GError **error)
{
    FakeHost *host = g_strv_length(words) == 4 ? fake_find_host(fake, words[1]) : NULL;
    g_autofree char *xml = NULL;
    if (!host)
        return FALSE;
    if (g_str_equal(words[2], "define"))
        return g_file_get_contents(words[3], &xml, NULL, error) && fake_do(host, "define", &id_null, xml, error);
    FakeDomain *domain = find_named(host, words[3]);
    Id id = domain ? domain->id : id_null;
    return domain && fake_do(host, words[2], &id, NULL, error);
}

/* write HOST DOMAIN TARGET PLACE PATTERN */
static gboolean
read_write(Fake *fake, char **words)
{
    FakeHost *host = g_strv_length(words) == 6 ? fake_find_host(fake, words[1]) : NULL;
    const FakeDomain *domain = host ? find_named(host, words[2]) : NULL;
    return domain && fake_chain_write(host, domain, words[3], (guint) CLAMP(read_size(words[4]), 0, FAKE_PLACES), (guint32) MAX(0, read_size(words[5])));
}

gboolean
fake_read_line(Fake *fake, const char *line, GError **error)
{
    g_autofree char *bare = g_strndup(line, strcspn(line, "#"));
    g_auto(GStrv) raw = g_strsplit_set(g_strstrip(bare), " \t", -1);
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    for (guint i = 0; raw[i]; i++)
        if (*raw[i])
            g_ptr_array_add(kept, raw[i]);
    g_ptr_array_add(kept, NULL);
    char **words = (char **) kept->pdata;
    gboolean good = FALSE;
    if (!words[0])
        return TRUE;
    if (g_str_equal(words[0], "host") || g_str_equal(words[0], "hosts"))
        good = !fake->thread && read_hosts(fake, words);
    else if (g_str_equal(words[0], "fault"))
        good = read_fault(fake, words);
    else if (g_str_equal(words[0], "delay"))
        good = read_delay(fake, words);
    else if (g_str_equal(words[0], "heal"))
        good = heal(fake);
    else if (g_str_equal(words[0], "boot") && words[1] && fake_find_host(fake, words[1]))
        good = (fake_life_boot(fake_find_host(fake, words[1])), TRUE);
    else if (g_str_equal(words[0], "virsh"))
        good = read_virsh(fake, words, error);
    else if (g_str_equal(words[0], "write"))
        good = read_write(fake, words);
    else if (g_str_equal(words[0], "network") && words[1])
        good = (g_ptr_array_add(fake->networks, g_strdup(words[1])), TRUE);
    else if (g_str_equal(words[0], "devices"))
        good = fake->devices = TRUE;
    if (!good && !(error && *error))
        fault_set(error, MSG_FAKE_LINE, "line", line, NULL);
    return good;
}

static gboolean
read_text(Fake *fake, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        if (!fake_read_line(fake, lines[i], error))
            return FALSE;
    return TRUE;
}

void
fake_read_control(Fake *fake)
{
    struct stat now;
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    if (stat(fake->control, &now) != 0)
        return;
    Wall changed = (Wall) now.st_mtim.tv_sec * CLOCK_SECOND + now.st_mtim.tv_nsec / 1000;
    if (changed == fake->control_changed || !g_file_get_contents(fake->control, &text, NULL, NULL))
        return;
    fake->control_changed = changed;
    if (!read_text(fake, text, &error))
        log_warn("%s: %s", fake->control, error->message);
}

/* --- opening and closing -------------------------------------------------------------------------------------------------------- */

static Fake *
make(const char *state)
{
    Fake *fake = g_new0(Fake, 1);
    lock_init(&fake->lock);
    condition_init(&fake->wake);
    fake->hosts = g_ptr_array_new();
    fake->faults = g_ptr_array_new_with_free_func(fault_free);
    fake->delays = g_ptr_array_new_with_free_func(delay_free);
    fake->networks = g_ptr_array_new_with_free_func(g_free);
    fake->errands = g_ptr_array_new_with_free_func(g_free);
    fake->volumes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, volume_free);
    fake->notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    fake->state = g_strdup(state);
    fake->control = g_strconcat(state, ".control", NULL);
    fake->log = -1;
    return fake;
}

Fake *
fake_open(const char *file, const char *state, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) wrong = NULL;
    if (!g_file_get_contents(file, &text, NULL, &wrong)) {
        fault_set(error, MSG_FAKE_FILE, "file", file, "reason", wrong->message, NULL);
        return NULL;
    }
    Fake *fake = make(state);
    struct stat now;
    if (stat(fake->control, &now) == 0)     /* what it says was done by the last process */
        fake->control_changed = (Wall) now.st_mtim.tv_sec * CLOCK_SECOND + now.st_mtim.tv_nsec / 1000;
    if (read_text(fake, text, error) && fake_state_open(fake, error)) {
        if (fake->networks->len == 0)
            g_ptr_array_add(fake->networks, g_strdup("default"));
        return fake;
    }
    fake_close(fake);
    return NULL;
}

static void
host_free(FakeHost *host)
{
    if (host->linked)
        host_link_clear(&host->link);
    g_free(host->name);
    g_hash_table_unref(host->domains);
    g_ptr_array_unref(host->stores);
    g_hash_table_unref(host->counts);
    g_ptr_array_unref(host->late);
    g_free(host);
}

void
fake_close(Fake *fake)
{
    if (!fake)
        return;
    lock_take(&fake->lock);
    fake->stopping = TRUE;
    condition_broadcast(&fake->wake);
    lock_drop(&fake->lock);
    if (fake->thread)
        thread_join(fake->thread);
    fake_console_close(fake);
    for (guint i = 0; i < fake->hosts->len; i++)
        host_free(fake->hosts->pdata[i]);
    g_ptr_array_unref(fake->hosts);
    g_ptr_array_unref(fake->faults);
    g_ptr_array_unref(fake->delays);
    g_ptr_array_unref(fake->networks);
    g_ptr_array_unref(fake->errands);
    g_hash_table_unref(fake->volumes);
    g_hash_table_unref(fake->notes);
    if (fake->log >= 0)
        close(fake->log);
    condition_clear(&fake->wake);
    lock_clear(&fake->lock);
    g_free(fake->state);
    g_free(fake->control);
    g_free(fake);
}

guint
fake_count(const Fake *fake)
{
    return fake->hosts->len;
}

const char *
fake_host_name(const Fake *fake, guint index)
{
    return ((const FakeHost *) fake->hosts->pdata[index])->name;
}

static void
come_up(FakeHost *host, G_GNUC_UNUSED const Id *domain)
{
    fake_report_up(host);
}

HostLink *
fake_host_new(Fake *fake, guint index, const Id *id, const HostListener *listener)
{
    LOCK_HOLD(&fake->lock);
    FakeHost *host = fake->hosts->pdata[index];
    g_assert(!host->linked);
    host_link_init(&host->link, &fake_ops, id, host->name);
    host->linked = TRUE;
    host->listener = *listener;
    fake_later(host, 0, come_up, &id_null);
    fake_life_go_on(host);
    fake_block_go_on(host);
    if (!fake->thread)
        fake->thread = thread_new("fake hosts", fake_thread, fake);
    return &host->link;
}

gboolean
fake_outside(Fake *fake, const char *host, const char *verb, const char *domain, GError **error)
{
    LOCK_HOLD(&fake->lock);
    g_autofree char *line = g_strdup_printf("virsh %s %s %s", host, verb, domain);
    return fake_read_line(fake, line, error);
}
