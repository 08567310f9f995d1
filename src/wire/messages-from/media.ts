import type { FilePart, ImagePart, MediaSource } from "./form.ts";
import { at, type Field, fieldsOf, given, optional, textOf, wrong } from "./fields.ts";

/** OpenAI's image, an address or a data URL. Chat wraps it in an object, responses do not; both are read in both. */
export function readImage(part: Field): ImagePart {
  const image = at(part, "image_url");
  const wrapped = typeof image.value === "object" && image.value !== null;
  const fileId = optional(at(part, "file_id"), textOf);
  const detail = optional(at(wrapped ? image : part, "detail"), textOf);
  const source: MediaSource =
    fileId === undefined ? readUrl(wrapped ? at(image, "url") : image) : { type: "file_id", file_id: fileId };
  return { type: "image", source, ...given("detail", detail) };
}

/** OpenAI's file: its data as base64 or a data URL, its address, or the id of an upload. */
export function readFile(file: Field): FilePart {
  fieldsOf(file);
  const filename = optional(at(file, "filename"), textOf);
  return { type: "file", source: readFileSource(file), ...given("filename", filename) };
}

function readFileSource(file: Field): MediaSource {
  const data = at(file, "file_data");
  const text = optional(data, textOf);
  if (text?.startsWith("data:") === true) return readUrl(data);
  if (text !== undefined) return { type: "base64", media_type: "application/pdf", data: readBase64(data) };
  const url = at(file, "file_url");
  if (optional(url, textOf) !== undefined) return readUrl(url);
  return { type: "file_id", file_id: textOf(at(file, "file_id")) };
}

/** Anthropic's `source` of an image or a document. */
export function readSource(source: Field): MediaSource | undefined {
  fieldsOf(source);
  switch (textOf(at(source, "type"))) {
    case "base64":
      return {
        type: "base64",
        media_type: textOf(at(source, "media_type")),
        data: readBase64(at(source, "data")),
      };
    case "url":
      return readUrl(at(source, "url"));
    case "file":
      return { type: "file_id", file_id: textOf(at(source, "file_id")) };
    default:
      return undefined;
  }
}

export function readBase64(field: Field): string {
  const text = textOf(field);
  return /[^A-Za-z0-9+/=\s]/.test(text) ? wrong(field, "base64") : text;
}

/** An address on the web, or the data that a data URL holds. */
export function readUrl(field: Field): MediaSource {
  const url = textOf(field);
  if (/^https?:\/\//i.test(url)) return { type: "url", url };
  if (!/^data:/i.test(url)) wrong(field, "an http(s) address or a data URL");
  const comma = url.indexOf(",");
  if (comma === -1) wrong(field, "a data URL such as data:image/png;base64,…");
  const [mediaType = "", ...parameters] = url.slice("data:".length, comma).split(";");
  const coded = parameters.at(-1)?.trim().toLowerCase() === "base64";
  const body = { value: url.slice(comma + 1), path: field.path };
  return {
    type: "base64",
    media_type: mediaType === "" ? "text/plain" : mediaType.toLowerCase(),
    data: coded ? readBase64(body) : percentDecoded(body),
  };
}

/** A data URL without `;base64` holds percent-encoded text, as small SVG images do. */
function percentDecoded(field: Field): string {
  try {
    return Buffer.from(decodeURIComponent(textOf(field)), "utf8").toString("base64");
  } catch {
    return wrong(field, "a data URL whose data can be read");
  }
}
