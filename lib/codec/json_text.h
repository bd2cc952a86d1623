/* codec/json_text.h - the packed form as text (json_text.c). */
#ifndef CODEC_JSON_TEXT_H
#define CODEC_JSON_TEXT_H

#include <bbots/json.h>

/* The bytes of the text of a packed value that bbots_json_validate() has passed. */
size_t codec_json_text_size(bbots_json json);

/* The text itself into that many bytes. */
void codec_json_write_text(bbots_json json, char *text, size_t size);

#endif
