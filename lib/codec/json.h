/*
 * codec/json.h - what the other rooms need of JSON beside bbots/json.h.
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "base/arena.h"

#include <bbots/json.h>

/* Packs JSON text into memory of the arena; otherwise as bbots_json_pack(). */
int codec_json_pack(bb_arena *arena, bbots_text text, bbots_json *packed, bbots_error *error);

/* Writes packed JSON as text into memory of the arena; otherwise as bbots_json_print(). */
int codec_json_print(bb_arena *arena, bbots_json json, bbots_text *text, bbots_error *error);

#endif
