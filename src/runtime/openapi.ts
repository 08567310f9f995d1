import { type Endpoint, type Family, endpoints } from "../model/endpoints.ts";
import { countTokensPath } from "./count-tokens.ts";
import type { ModelHost } from "./lifecycle.ts";
import { type JsonSchema, errorForms, forms, schemaName, tokenCount } from "./openapi-forms.ts";
import { type EndpointSchema, schemasOf, toJsonSchema } from "./validate.ts";

/** An OpenAPI 3.1 document of what the model serves, from the one table and the class's schemas. */
export function describeApi(host: ModelHost): object {
  const served = endpoints.filter(({ method }) => host.method(method) !== undefined);
  const declared = schemasOf(host.modelClass);
  const schemas: Record<string, JsonSchema> = {};
  const paths: Record<string, object> = {};
  for (const endpoint of served) {
    paths[endpoint.path] =
      endpoint.family === "websocket"
        ? { get: describeSocket(endpoint) }
        : { post: describeEndpoint(endpoint, declared[endpoint.method], schemas) };
  }
  if (host.method("messages") !== undefined || host.method("count_tokens") !== undefined) {
    paths[countTokensPath] = { post: describeCounter(schemas) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Truss model server", version: "1" },
    servers: [{ url: "/" }],
    paths,
    ...(Object.keys(schemas).length === 0 ? {} : { components: { schemas } }),
  };
}

/** Truss's schema answer for `predict`; `undefined` where the class declares none. */
export function describeSchema(host: ModelHost): object | undefined {
  const schema = schemasOf(host.modelClass).predict;
  if (schema === undefined) return undefined;
  return {
    input_schema: toJsonSchema(schema.input, "input") ?? null,
    output_schema: toJsonSchema(schema.output, "output") ?? null,
    supports_streaming: schema.output === undefined,
  };
}

type Schemas = Record<string, JsonSchema>;

function describeEndpoint(endpoint: Endpoint, declared: EndpointSchema | undefined, schemas: Schemas): object {
  const form = forms[endpoint.method];
  const side = (which: "input" | "output", general: JsonSchema | undefined) => {
    const own = declared?.[which] === undefined ? undefined : toJsonSchema(declared[which], which);
    const schema = isSchema(own) ? own : (general ?? {});
    return addSchema(schemas, schemaName(endpoint, which), schema);
  };
  return {
    operationId: endpoint.method,
    summary: endpoint.title,
    ...(form === undefined ? {} : { externalDocs: { url: form.docs } }),
    requestBody: { required: true, content: requestContent(endpoint, side("input", form?.request)) },
    responses: {
      200: {
        description: "The answer",
        content: answerContent(endpoint, side("output", form?.answer), declared?.output !== undefined),
      },
      ...describeErrors(endpoint.family, schemas),
    },
  };
}

function requestContent({ family }: Endpoint, schema: JsonSchema): object {
  if (family !== "json") return { "application/json": { schema } };
  return {
    "application/json": { schema },
    "application/octet-stream": { schema: { description: "The same as MessagePack" } },
    "multipart/form-data": { schema: { type: "object" } },
  };
}

/** An output that a schema describes is no stream; without one, anything may come. */
function answerContent({ family, method }: Endpoint, schema: JsonSchema, typed: boolean): object {
  const json = { "application/json": { schema } };
  const events = (description: string) => ({ "text/event-stream": { schema: { type: "string", description } } });
  if (family !== "json") {
    const form = forms[method];
    return form?.events === undefined ? json : { ...json, ...events(form.events) };
  }
  if (typed) return json;
  return {
    ...json,
    "application/octet-stream": { schema: { description: "Bytes, or the text of a stream" } },
    "application/x-ndjson": { schema: { type: "string", description: "A stream: a line of JSON for each item" } },
    ...events("A stream, for a client that accepts this: `data:` with the JSON of each item"),
  };
}

function describeErrors(family: Family, schemas: Schemas): object {
  if (family === "websocket") return {};
  const schema = addSchema(schemas, `${family}_error`, errorForms[family]);
  const content = { "application/json": { schema } };
  const headers = { "retry-after": { description: "Seconds", schema: { type: "integer" } } };
  return {
    "4XX": { description: "The request is wrong, or is refused", content },
    "5XX": { description: "The model failed", content },
    429: { description: "The model is busy", headers, content },
    503: { description: "The model is not ready", headers, content },
    504: { description: "The model took too long", content },
  };
}

function describeSocket({ method, title }: Endpoint): object {
  return {
    operationId: method,
    summary: title,
    description: "A WebSocket connection; what it carries is up to the model.",
    responses: {
      101: { description: "The connection is a WebSocket now" },
      426: { description: "The request asks for no WebSocket" },
    },
  };
}

function describeCounter(schemas: Schemas): object {
  const form = forms.messages;
  return {
    operationId: "count_tokens",
    summary: "Count tokens",
    requestBody: {
      required: true,
      content: { "application/json": { schema: { type: "object", required: form?.request["required"] } } },
    },
    responses: {
      200: {
        description: "The count",
        content: { "application/json": { schema: addSchema(schemas, "count_tokens_output", tokenCount) } },
      },
      ...describeErrors("anthropic", schemas),
    },
  };
}

/** Puts a schema among the components, where its references to itself lead there; answers with a reference. */
function addSchema(schemas: Schemas, name: string, schema: JsonSchema): JsonSchema {
  const $ref = `#/components/schemas/${name}`;
  schemas[name] ??= moveReferences(schema, $ref) as JsonSchema;
  return { $ref };
}

function moveReferences(value: unknown, base: string): unknown {
  if (Array.isArray(value)) return value.map((item) => moveReferences(item, base));
  if (!isSchema(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const local = key === "$ref" && typeof member === "string" && /^#($|\/)/.test(member);
      return [key, local ? base + member.slice(1) : moveReferences(member, base)];
    }),
  );
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
