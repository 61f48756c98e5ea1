/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Objects that hold sentences, told in the reader's language: events, jobs, a host's accelerator. They keep code and arguments
 * beside their English text; here the text is made anew. */
#pragma once

#include "base/message.h"
#include "schema/type.h"

/* A copy of OBJECT in LANGUAGE, yours to object_unref; NULL where nothing in it is told. */
gpointer told_anew(gconstpointer object, Language language);
gboolean told_type(const Type *type);       /* may objects of the type hold sentences? */
