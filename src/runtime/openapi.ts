import { endpoints } from "../model/endpoints.ts";
import type { ModelHost } from "./lifecycle.ts";
import { schemasOf, toJsonSchema } from "./validate.ts";

/** An OpenAPI 3.1 document of the endpoints that the model serves, from the one table and the class's schemas. */
export function describeApi(host: ModelHost): object {
  const served = endpoints.filter(
    (endpoint) => endpoint.family !== "websocket" && host.method(endpoint.method) !== undefined,
  );
  const schemas = schemasOf(host.modelClass);
  const paths = served.map((endpoint) => {
    const schema = schemas[endpoint.method];
    return [
      endpoint.path,
      {
        post: {
          operationId: endpoint.method,
          summary: endpoint.title,
          requestBody: { required: true, content: jsonContent(toJsonSchema(schema?.input, "input")) },
          responses: {
            200: { description: "The answer", content: jsonContent(toJsonSchema(schema?.output, "output")) },
          },
        },
      },
    ];
  });
  return { openapi: "3.1.0", info: { title: "Truss model server", version: "1" }, paths: Object.fromEntries(paths) };
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

function jsonContent(schema: unknown): object {
  return { "application/json": schema === undefined ? {} : { schema } };
}
