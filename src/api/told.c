/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sentences of the model told anew. English is what the model holds already. */
#include "api/told.h"

#include "base/language.h"
#include "model/places.h"
#include "model/record.h"

/* TEXT becomes what ENCODED says in LANGUAGE; left alone where nothing is encoded. */
static void
tell(char **text, const char *encoded, Language language)
{
    g_autoptr(Message) message = message_decode(encoded);
    if (!message)
        return;
    g_free(*text);
    *text = message_text(message, language);
}

gboolean
told_type(const Type *type)
{
    return type == &event_type || type == &job_type || type == &job_step_type || type == &host_type;
}

/* A step is called by its name in the command's row. */
static void
tell_step(JobStep *step, Language language)
{
    if (step->description)
        text_set(&step->description, language_word(step->description, language));
}

static void
tell_job(Job *job, Language language)
{
    tell(&job->description, job->message, language);
    tell(&job->fault, job->fault_message, language);
    for (guint i = 0; i < job->steps.count; i++)
        tell_step(job->steps.items[i], language);
}

gpointer
told_anew(gconstpointer object, Language language)
{
    const Type *type = ((const Object *) object)->type;
    if (language == LANGUAGE_EN || !told_type(type))
        return NULL;
    gpointer copy = object_dup(object);
    if (type == &event_type) {
        Event *event = copy;
        tell(&event->description, event->message, language);
    } else if (type == &job_type) {
        tell_job(copy, language);
    } else if (type == &job_step_type) {
        tell_step(copy, language);
    } else {
        Host *host = copy;
        tell(&host->accelerator.text, host->accelerator.reason, language);
    }
    return copy;
}
