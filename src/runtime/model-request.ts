/** The parts of a request that are known before anyone asks for a real `Request`. */
export interface RequestParts {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array | undefined;
  /** Made only when somebody looks at it. */
  readonly signal: () => AbortSignal;
}

/**
 * The web-standard `Request` that a Model method is given. Its body was read already, and can be read again.
 * Making a real one costs as much as the rest of a small request, so methods that declare no second parameter get
 * a stand-in that turns into the real one at the first touch of anything but its plain fields.
 */
export function createModelRequest(parts: RequestParts, declared: boolean): Request {
  return declared ? realRequest(parts) : lazyRequest(parts);
}

/**
 * A Request passes an abort on to its own signal only as long as somebody holds the Request. A generator that was
 * given the signal alone must hear of it too, so the signal holds its Request here.
 */
const requestsBySignal = new WeakMap<AbortSignal, Request>();

function realRequest(parts: RequestParts): Request {
  const hasBody = parts.body !== undefined && parts.method !== "GET" && parts.method !== "HEAD";
  const request = new Request(parts.url, {
    method: parts.method,
    headers: parts.headers,
    signal: parts.signal(),
    ...(hasBody ? { body: parts.body as Uint8Array<ArrayBuffer> } : {}),
  });
  requestsBySignal.set(request.signal, request);
  return request;
}

function lazyRequest(parts: RequestParts): Request {
  let real: Request | undefined;
  const materialise = () => (real ??= realRequest(parts));
  const target = Object.create(Request.prototype) as Request;
  return new Proxy(target, {
    get(_target, key) {
      if (key === "method") return parts.method;
      if (key === "url") return parts.url;
      if (key === "headers") return parts.headers;
      if (key === "signal") return parts.signal();
      const request = materialise();
      const value: unknown = Reflect.get(request, key, request);
      return typeof value === "function" ? value.bind(request) : value;
    },
  });
}
