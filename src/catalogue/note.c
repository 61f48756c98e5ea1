/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A key file behind a line with its checksum. The objects in it are bodies as the store has them, in base64; what stands beside them in plain
 * words is for people and is not read. */
#include "catalogue/note.h"

#include "base/text.h"
#include "model/places.h"
#include "schema/body.h"

#include <string.h>

#define FORMAT 1
#define HEAD "# sha256 "
#define CHECKSUM 64
#define CATALOGUE "catalogue"
#define MOST_ITEMS 256                  /* of any list in it */
#define TEXT_MOST (64 << 10)
#define XML_MOST (256 << 10)

static void
nic_free(gpointer data)
{
    NoteNic *nic = data;
    g_free(nic->network);
    g_free(nic->profile);
    g_free(nic);
}

void
note_vm_clear(NoteVm *note)
{
    object_unref(note->vm);
    g_clear_pointer(&note->disks, g_ptr_array_unref);
    g_clear_pointer(&note->nics, g_ptr_array_unref);
    g_free(note->xml);
    *note = (NoteVm) { NULL, NULL, NULL, NULL, FALSE };
}

/* --- names --------------------------------------------------------------------------------------------------------------------------- */

char *
note_name(const Type *type, const Id *id)
{
    char text[ID_TEXT_SIZE];
    return g_strconcat(type->one, "-", id_format(id, ID_UUID, text), NULL);
}

gboolean
note_parse_name(const char *name, const Type **ret_type, Id *ret_id)
{
    static const Type *const types[] = { &vm_type, &disk_type };
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        gsize length = strlen(types[i]->one);
        if (strncmp(name, types[i]->one, length) != 0 || name[length] != '-' || !id_parse(name + length + 1, ID_UUID, ret_id))
            continue;
        *ret_type = types[i];
        return TRUE;
    }
    return FALSE;
}

/* --- writing ------------------------------------------------------------------------------------------------------------------------- */

static void
set_body(GKeyFile *file, const char *group, const Type *type, gconstpointer object)
{
    g_auto(Text) body = TEXT_EMPTY;
    body_write(&body, type, object);
    g_autofree char *encoded = g_base64_encode((const guchar *) (body.bytes ? body.bytes : ""), body.length);
    g_key_file_set_string(file, group, "body", encoded);
}

static void
set_id(GKeyFile *file, const char *group, const char *key, const Id *id)
{
    char text[ID_TEXT_SIZE];
    g_key_file_set_string(file, group, key, id_format(id, ID_UUID, text));
}

static void
set_text(GKeyFile *file, const char *group, const char *key, const char *value)
{
    g_key_file_set_string(file, group, key, value ? value : "");
}

/* What changes while it is worked on or runs, and where it stands, is nothing that travels. */
static void
add_disk(GKeyFile *file, const char *group, const Disk *disk)
{
    Disk *resting = object_dup(disk);
    const StorageDomainRef *in = disk->storage_domains.count > 0 ? disk->storage_domains.items[0] : NULL;
    resting->status = disk->status == DISK_ILLEGAL ? DISK_ILLEGAL : DISK_OK;
    resting->actual_size = resting->total_size = 0;
    text_set(&resting->path, NULL);
    set_id(file, group, "id", &disk->object.id);
    set_text(file, group, "name", disk->alias);
    set_id(file, group, "storage_domain", in ? &in->storage_domain.id : &id_null);
    set_body(file, group, &disk_type, resting);
    object_unref(resting);
}

static void
add_nic(GKeyFile *file, const View *view, guint number, const Nic *nic)
{
    g_autofree char *group = g_strdup_printf("nic %u", number);
    const VnicProfile *profile = view_find(view, &vnic_profile_type, &nic->vnic_profile.id);
    const Network *network = view_find(view, &network_type, profile ? &profile->network.id : &nic->network.id);
    set_id(file, group, "id", &nic->object.id);
    set_text(file, group, "network", network ? network->name : NULL);
    set_text(file, group, "profile", profile ? profile->name : NULL);
}

static char *
sealed(GKeyFile *file)
{
    g_autofree char *text = g_key_file_to_data(file, NULL, NULL);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    return g_strconcat(HEAD, sum, "\n", text, NULL);
}

static GKeyFile *
begin(const Type *type, const Id *id, const char *name)
{
    GKeyFile *file = g_key_file_new();
    g_key_file_set_integer(file, CATALOGUE, "format", FORMAT);
    set_text(file, CATALOGUE, "kind", type->one);
    set_id(file, CATALOGUE, "id", id);
    set_text(file, CATALOGUE, "name", name);
    return file;
}

static Vm *
resting_vm(const Vm *vm)
{
    Vm *resting = object_dup(vm);
    resting->locked = FALSE;
    resting->frozen_until = 0;
    resting->home.id = id_null;
    text_set(&resting->same_as, NULL);
    return resting;
}

char *
note_write_vm(const View *view, const Vm *vm, const char *xml, gboolean variables)
{
    g_autoptr(GKeyFile) file = begin(&vm_type, &vm->object.id, vm->name);
    Vm *resting = resting_vm(vm);
    set_body(file, CATALOGUE, &vm_type, resting);
    object_unref(resting);
    g_key_file_set_boolean(file, CATALOGUE, "variables", variables);
    for (guint i = 0; i < vm->nics.count; i++)
        add_nic(file, view, i + 1, vm->nics.items[i]);
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *disk = view_find(view, &disk_type, &attachment->object.id);
        g_autofree char *group = g_strdup_printf("disk %u", i + 1);
        if (disk)
            add_disk(file, group, disk);
    }
    if (xml && strlen(xml) <= XML_MOST && g_utf8_validate(xml, -1, NULL))
        g_key_file_set_string(file, "definition", "xml", xml);
    return sealed(file);
}

char *
note_write_disk(const Disk *disk)
{
    g_autoptr(GKeyFile) file = begin(&disk_type, &disk->object.id, disk->alias);
    add_disk(file, "disk 1", disk);
    return sealed(file);
}

/* --- reading: what it may hold --------------------------------------------------------------------------------------------------------- */

static gboolean
refuse(const Type *type, const Id *id, const char *reason, GError **error)
{
    char text[ID_TEXT_SIZE];
    return fault_set(error, MSG_NOTE_UNREADABLE, "type", type->one, "id", id_format(id, ID_UUID, text), "reason", reason, NULL);
}

static gboolean
is_plain(const char *text)
{
    gsize length = strlen(text);
    if (length > TEXT_MOST || !g_utf8_validate(text, (gssize) length, NULL))
        return FALSE;
    for (const char *p = text; *p; p++) {
        gboolean no_character = g_str_has_prefix(p, "\357\277\276") || g_str_has_prefix(p, "\357\277\277");    /* U+FFFE, U+FFFF: XML may not hold them */
        if (no_character || ((guchar) *p < 0x20 && *p != '\n' && *p != '\t' && *p != '\r') || *p == 0x7f)
            return FALSE;
    }
    return TRUE;
}

static gboolean is_sound(const Type *type, gconstpointer record);

static gboolean
is_sound_list(const Type *type, const List *list)
{
    if (list->count > MOST_ITEMS)
        return FALSE;
    for (guint i = 0; i < list->count; i++) {
        if (!is_sound(type, list->items[i]))
            return FALSE;
    }
    return TRUE;
}

static gboolean
is_sound_row(const Field *row, gconstpointer record)
{
    const char *member = (const char *) record + row->offset;
    switch (row->kind) {
    case KIND_TEXT:
        return !*(char *const *) (gconstpointer) member || is_plain(*(char *const *) (gconstpointer) member);
    case KIND_REF:
        return !((const Ref *) (gconstpointer) member)->name;
    case KIND_GROUP:
        return is_sound(row->of, member);
    case KIND_LIST:
    case KIND_CHILDREN:
        return is_sound_list(row->of, (const List *) (gconstpointer) member);
    case KIND_WORDS:
        break;
    case KIND_BOOL:
    case KIND_INT:
    case KIND_REAL:
    case KIND_TIME:
    case KIND_ENUM:
    case KIND_COLLECT:
        return TRUE;
    }
    const Words *words = (const Words *) (gconstpointer) member;
    for (guint i = 0; i < words->count; i++) {
        if (words->count > MOST_ITEMS || !is_plain(words->items[i]))
            return FALSE;
    }
    return TRUE;
}

/* Of every text in it: is it one that may stand in a definition? Of every list: is it of a size that a VM has? */
static gboolean
is_sound(const Type *type, gconstpointer record)
{
    for (const Field *row = type->fields; row->name; row++) {
        if (!is_sound_row(row, record))
            return FALSE;
    }
    return TRUE;
}

/* --- reading ---------------------------------------------------------------------------------------------------------------------------- */

static const char *
behind_checksum(const char *text)
{
    gsize head = strlen(HEAD);
    if (strncmp(text, HEAD, head) != 0 || strnlen(text + head, CHECKSUM + 1) < CHECKSUM + 1 || text[head + CHECKSUM] != '\n')
        return NULL;
    const char *rest = text + head + CHECKSUM + 1;
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, rest, -1);
    return strncmp(sum, text + head, CHECKSUM) == 0 ? rest : NULL;
}

static gboolean
get_id(GKeyFile *file, const char *group, const char *key, Id *ret)
{
    g_autofree char *text = g_key_file_get_string(file, group, key, NULL);
    return text && id_parse(text, ID_UUID, ret);
}

static gpointer
get_body(GKeyFile *file, const char *group, const Type *type, const Id *id)
{
    gsize length = 0;
    g_autofree char *encoded = g_key_file_get_string(file, group, "body", NULL);
    g_autofree guchar *bytes = encoded ? g_base64_decode(encoded, &length) : NULL;
    Object *object = bytes ? body_read(type, id, bytes, length, NULL) : NULL;
    if (object && is_sound(type, object))
        return object;
    object_unref(object);
    return NULL;
}

/* A newer program may say more in the same format; what it says otherwise has another number. */
static GKeyFile *
open_note(const char *text, const Type *type, const Id *id, GError **error)
{
    Id there;
    const char *reason = NULL, *rest = strnlen(text, NOTE_MOST + 1) <= NOTE_MOST ? behind_checksum(text) : NULL;
    g_autoptr(GKeyFile) file = g_key_file_new();
    if (strnlen(text, NOTE_MOST + 1) > NOTE_MOST)
        reason = "it is longer than 1 MiB";
    else if (!rest || !g_key_file_load_from_data(file, rest, strlen(rest), G_KEY_FILE_NONE, NULL))
        reason = "it is cut short or was changed";
    else if (g_key_file_get_integer(file, CATALOGUE, "format", NULL) != FORMAT)
        reason = "it is of another format";
    g_autofree char *kind = reason ? NULL : g_key_file_get_string(file, CATALOGUE, "kind", NULL);
    if (!reason && (g_strcmp0(kind, type->one) != 0 || !get_id(file, CATALOGUE, "id", &there) || !id_equal(&there, id)))
        reason = "it is not about what its name says";
    if (!reason)
        return g_steal_pointer(&file);
    refuse(type, id, reason, error);
    return NULL;
}

static Disk *
get_disk(GKeyFile *file, guint number)
{
    Id id;
    g_autofree char *group = g_strdup_printf("disk %u", number);
    return get_id(file, group, "id", &id) ? get_body(file, group, &disk_type, &id) : NULL;
}

static gboolean
has_disk(const GPtrArray *disks, const Id *id)
{
    for (guint i = 0; i < disks->len; i++) {
        if (id_equal(&((const Disk *) disks->pdata[i])->object.id, id))
            return TRUE;
    }
    return FALSE;
}

/* In the order of the attachments. One whose disk is not told is left to who takes the VM. */
static gboolean
get_disks(GKeyFile *file, NoteVm *note)
{
    for (guint i = 0; i < note->vm->disk_attachments.count; i++) {
        Disk *disk = get_disk(file, i + 1);
        if (disk && !has_disk(note->disks, &disk->object.id) && list_find(&note->vm->disk_attachments, &disk->object.id)) {
            g_ptr_array_add(note->disks, disk);
            continue;
        }
        object_unref(disk);
        if (disk)
            return FALSE;
    }
    return TRUE;
}

static char *
get_plain(GKeyFile *file, const char *group, const char *key)
{
    g_autofree char *text = g_key_file_get_string(file, group, key, NULL);
    return text && is_plain(text) ? g_steal_pointer(&text) : g_strdup("");
}

static void
get_nics(GKeyFile *file, NoteVm *note)
{
    for (guint i = 0; i < note->vm->nics.count; i++) {
        Id id;
        g_autofree char *group = g_strdup_printf("nic %u", i + 1);
        if (!get_id(file, group, "id", &id))
            continue;
        NoteNic *nic = g_new0(NoteNic, 1);
        *nic = (NoteNic) { id, get_plain(file, group, "network"), get_plain(file, group, "profile") };
        g_ptr_array_add(note->nics, nic);
    }
}

gboolean
note_read_vm(const char *text, const Id *id, NoteVm *ret, GError **error)
{
    *ret = (NoteVm) { .disks = g_ptr_array_new_with_free_func((GDestroyNotify) object_unref), .nics = g_ptr_array_new_with_free_func(nic_free) };
    g_autoptr(GKeyFile) file = open_note(text, &vm_type, id, error);
    if (!file)
        return FALSE;
    ret->vm = get_body(file, CATALOGUE, &vm_type, id);
    if (!ret->vm || !ret->vm->name)
        return refuse(&vm_type, id, "what it holds is no VM", error);
    if (!get_disks(file, ret))
        return refuse(&vm_type, id, "its disks are not those of the VM", error);
    get_nics(file, ret);
    ret->variables = g_key_file_get_boolean(file, CATALOGUE, "variables", NULL);
    ret->xml = g_key_file_get_string(file, "definition", "xml", NULL);
    return TRUE;
}

Disk *
note_read_disk(const char *text, const Id *id, GError **error)
{
    g_autoptr(GKeyFile) file = open_note(text, &disk_type, id, error);
    Disk *disk = file ? get_disk(file, 1) : NULL;
    if (!file || (disk && id_equal(&disk->object.id, id)))
        return disk;
    object_unref(disk);
    refuse(&disk_type, id, "what it holds is no disk", error);
    return NULL;
}
