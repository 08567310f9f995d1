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

function realRequest(parts: RequestParts): Request {
  const hasBody = parts.body !== undefined && parts.method !== "GET" && parts.method !== "HEAD";
  const signal = parts.signal();
  const request = new Request(parts.url, {
    method: parts.method,
    headers: parts.headers,
    signal,
    ...(hasBody ? { body: parts.body as Uint8Array<ArrayBuffer> } : {}),
  });
  // A Request follows its signal by a weak reference. What waits for its own signal alone, and is waited for by nobody
  // else, would be collected together with it; so the client's signal, which its connection holds, holds the Request.
  signal.addEventListener("abort", () => request, { once: true });
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
