import { describe, expect, it } from "vitest";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBase } from "../../../../src/push/oci/open-base.ts";
import { parseReference } from "../../../../src/push/oci/reference.ts";
import { pushImage } from "../../../../src/push/oci/registry/push.ts";
import { uploadBlob } from "../../../../src/push/oci/registry/upload.ts";
import { createRepositoryClient } from "../../../../src/push/oci/registry/client.ts";
import { type Fault, type FakeRegistry, type Seen, digestOf, startFakeRegistry } from "./fake-registry.ts";
import { amd64, build, createContext, makeFolder, makeStage, manifestType, putBase } from "./images.ts";

/** Fails the first request that fits, as told; the others go on. */
function once(fits: (seen: Seen) => boolean, fault: Fault): Fault {
  let done = false;
  return (seen, response, registry) => {
    if (done || !fits(seen)) return undefined;
    done = true;
    return fault(seen, response, registry);
  };
}

/** What a fault says that has answered. */
function answered(_done: unknown): true {
  return true;
}

const isUpload = ({ method, path }: Seen) => method === "PUT" && path.includes("/blobs/uploads/");

async function pushTo(registry: FakeRegistry, name = "team/model") {
  const context = createContext();
  const base = await openBase(`${registry.host}/base:1`, context);
  const image = await build(base, context);
  const uploads = await pushImage(image, parseReference(`${registry.host}/${name}:1`, "--image"), context);
  return { image, uploads, context, base };
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => "no failure",
    (error: unknown) => error,
  );
}

describe("a push", () => {
  it("sends what is missing, the layers of a base in the same registry not even from here", async () => {
    const registry = await startFakeRegistry((seen, response) => {
      if (seen.query.get("mount") === null) return undefined;
      response.writeHead(201).end();
      return true;
    });
    const { layer, config } = await putBase(registry);
    const { image, uploads, context } = await pushTo(registry);
    expect([...uploads.values()].sort()).toEqual(["present", "sent", "sent", "sent"].sort());
    expect(uploads.get(layer)).toBe("present");
    const { digest, size } = image.root.descriptor;
    expect(registry.manifests.get("team/model:1")).toMatchObject({ type: manifestType, bytes: { length: size } });
    expect(registry.manifests.has(`team/model:${digest}`)).toBe(true);
    // Of the base, manifest and config were fetched, and nothing else.
    const fetched = registry.lines().filter((line) => line.startsWith("GET /v2/base/"));
    expect(fetched).toEqual([expect.stringContaining("/manifests/"), `GET /v2/base/blobs/${config}`]);
    expect(await context.store.find(layer, registry.blobs.get(layer)?.length ?? 0)).toBeUndefined();
  });

  it("takes layers over from a sister repository", async () => {
    const registry = await startFakeRegistry((seen, response, { blobs }) => {
      const { method, path, query } = seen;
      // Blobs of this registry belong to repositories, as those of real ones do.
      if (method === "HEAD" && path.startsWith("/v2/team/model/blobs/")) return answered(response.writeHead(404).end());
      if (query.get("mount") === null) return undefined;
      response
        .writeHead(query.get("from") === "base" && blobs.has(query.get("mount") ?? "") ? 201 : 202, {
          location: "/none",
        })
        .end();
      return true;
    });
    const { layer } = await putBase(registry);
    const { uploads } = await pushTo(registry);
    expect(uploads.get(layer)).toBe("mounted");
  });

  it("a second push of the same image sends nothing", async () => {
    const registry = await startFakeRegistry();
    await putBase(registry);
    await pushTo(registry);
    const before = registry.seen.filter(isUpload).length;
    expect([...new Set((await pushTo(registry)).uploads.values())]).toEqual(["present"]);
    expect(registry.seen.filter(isUpload).length).toBe(before);
  });

  it.each<[string, Fault]>([
    ["a 503", once(isUpload, (_, response) => answered(response.writeHead(503).end()))],
    [
      "a 500 at the start",
      once(
        ({ method }) => method === "POST",
        (_, response) => answered(response.writeHead(500).end()),
      ),
    ],
    ["a lost connection", once(isUpload, (_, response) => answered(response.destroy()))],
    [
      "a 429 that says how long",
      once(
        ({ method }) => method === "HEAD",
        (_, r) => answered(r.writeHead(429, { "retry-after": "0" }).end()),
      ),
    ],
    ["a session that is gone", once(isUpload, (_, response) => answered(response.writeHead(404).end()))],
    [
      "a redirect of an upload",
      once(isUpload, ({ path, query }, response) => {
        response.writeHead(307, { location: `${path}?${query}` }).end();
        return true;
      }),
    ],
  ])("%s does no harm", async (_, fault) => {
    const registry = await startFakeRegistry(fault);
    await putBase(registry);
    const { image } = await pushTo(registry);
    expect(registry.manifests.has(`team/model:${image.root.descriptor.digest}`)).toBe(true);
    for (const { descriptor } of image.root.blobs) expect(registry.blobs.has(descriptor.digest)).toBe(true);
  });

  it.each([
    [401, "DENIED", { code: "AUTH_REFUSED", exitCode: 3 }],
    [403, "DENIED", { code: "AUTH_REFUSED", exitCode: 3 }],
    [404, "NAME_UNKNOWN", { code: "REGISTRY_REFUSED", exitCode: 4 }],
    [400, "NAME_INVALID", { code: "REGISTRY_REFUSED", exitCode: 5 }],
  ])("a %i is told of in the registry's words", async (status, code, expected) => {
    const registry = await startFakeRegistry(({ method }, response) => {
      if (method !== "POST") return undefined;
      response.writeHead(status).end(JSON.stringify({ errors: [{ code, message: "not for you" }] }));
      return true;
    });
    await putBase(registry);
    const error = await failure(pushTo(registry));
    expect(error).toMatchObject({ ...expected, message: expect.stringContaining(`${code}: not for you`) });
  });

  it("a registry that stores something else is found out", async () => {
    const registry = await startFakeRegistry(({ method, path }, response) => {
      if (method !== "PUT" || !path.includes("/manifests/")) return undefined;
      response.writeHead(201, { "docker-content-digest": `sha256:${"0".repeat(64)}` }).end();
      return true;
    });
    await putBase(registry);
    expect(await failure(pushTo(registry))).toMatchObject({ code: "REGISTRY_FAILED", exitCode: 6 });
  });

  it("a token that ends during the push is replaced by a new one", async () => {
    let [good, refused] = ["", 0];
    const registry = await startFakeRegistry((seen, response, { host }) => {
      const { path, headers } = seen;
      if (path === "/token") {
        good = `token-${good.length}`;
        response.end(JSON.stringify({ token: good, expires_in: 300 }));
        return true;
      }
      // The first one ends when the first upload comes.
      if (isUpload(seen) && refused === 0) good = "another";
      if (path === "/v2/" || headers.authorization === `Bearer ${good}`) return undefined;
      if (isUpload(seen)) refused++;
      response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token"` }).end();
      return true;
    });
    await putBase(registry);
    const { image } = await pushTo(registry);
    expect(refused).toBeGreaterThan(0);
    expect(registry.manifests.has(`team/model:${image.root.descriptor.digest}`)).toBe(true);
  });

  it("no credentials go to a token server that is spoken to plainly, elsewhere", async () => {
    const registry = await startFakeRegistry(({ path }, response) => {
      if (path === "/v2/") return undefined;
      response.writeHead(401, { "www-authenticate": 'Bearer realm="http://tokens.example.com/"' }).end();
      return true;
    });
    expect(await failure(openBase(`${registry.host}/base:1`, createContext()))).toMatchObject({
      code: "REGISTRY_REFUSED",
      exitCode: 3,
      message: expect.stringContaining("not https"),
    });
  });

  it("what is too much at once is sent in pieces", async () => {
    const registry = await startFakeRegistry((seen, response) => {
      if (!isUpload(seen) || seen.body.length <= 20 << 20) return undefined;
      response.writeHead(413).end();
      return true;
    });
    const bytes = Buffer.alloc(40 << 20, 7);
    const file = join(makeFolder(), "blob");
    writeFileSync(file, bytes);
    const descriptor = { mediaType: "x", digest: digestOf(bytes), size: bytes.length };
    const context = createContext();
    const client = createRepositoryClient({ registry: registry.host, name: "big" }, "push to", context);
    expect(await uploadBlob(client, { descriptor, file: async () => file }, context)).toBe("sent");
    expect(registry.seen.filter(({ method }) => method === "PATCH").map(({ body }) => body.length >> 20)).toEqual([
      16, 16, 8,
    ]);
    expect(registry.blobs.has(descriptor.digest)).toBe(true);
  });
});

describe("a base in a registry", () => {
  it("is not fetched again while its digest stays; a pinned one needs no network at all", async () => {
    const registry = await startFakeRegistry();
    const { manifest } = await putBase(registry);
    const context = createContext();
    await (await openBase(`${registry.host}/base:1`, context)).image(amd64);
    const asked = registry.seen.length;
    const again = await openBase(`${registry.host}/base:1`, context);
    expect(again).toMatchObject({ digest: manifest, pinned: false, portable: true });
    await again.image(amd64);
    // The origin is found out, and the tag.
    expect(registry.lines().slice(asked)).toEqual(["GET /v2/", "HEAD /v2/base/manifests/1"]);
    const pinned = await openBase(`${registry.host}/base@${manifest}`, context);
    expect((await pinned.image(amd64)).config).toMatchObject({ architecture: "amd64" });
    expect(pinned.pinned).toBe(true);
    expect(registry.seen.length).toBe(asked + 2);
  });

  it("a registry that gives other content than was asked for is refused", async () => {
    const registry = await startFakeRegistry();
    const { manifest, config } = await putBase(registry);
    const wrong = `sha256:${"1".repeat(64)}`;
    const found = registry.manifests.get(`base:${manifest}`);
    if (found !== undefined) registry.manifests.set(`base:${wrong}`, found);
    expect(await failure(openBase(`${registry.host}/base@${wrong}`, createContext()))).toMatchObject({
      code: "BASE_INVALID",
      message: expect.stringContaining("other content"),
    });
    const bytes = registry.blobs.get(config) ?? Buffer.alloc(0);
    registry.blobs.set(config, Buffer.alloc(bytes.length, "x"));
    const base = await openBase(`${registry.host}/base:1`, createContext());
    expect(await failure(base.image(amd64))).toMatchObject({ message: expect.stringContaining("its digest is") });
  });

  it("a layer that ends early is fetched anew, and nothing of the first attempt stays", async () => {
    let left = 1;
    const registry = await startFakeRegistry(({ method, path }, response, { blobs }) => {
      const blob = blobs.get(path.slice(path.lastIndexOf("/") + 1));
      if (method !== "GET" || blob === undefined || left-- <= 0) return undefined;
      response.writeHead(200, { "content-length": String(blob.length) });
      response.write(blob.subarray(0, 10), () => response.destroy());
      return true;
    });
    const { layer } = await putBase(registry);
    const context = createContext();
    left = 0;
    const base = await (await openBase(`${registry.host}/base:1`, context)).image(amd64);
    left = 2;
    const file = await base.layers[0]?.file();
    expect(digestOf(readFileSync(file ?? ""))).toBe(layer);
    expect(readdirSync(join(context.folder, "drafts"))).toEqual([]);
  });

  it("a damaged blob of the cache is fetched again", async () => {
    const registry = await startFakeRegistry();
    const { layer } = await putBase(registry);
    const folder = makeFolder();
    const fetch = async () => {
      const { layers } = await (await openBase(`${registry.host}/base:1`, createContext(folder))).image(amd64);
      return (await layers[0]?.file()) ?? "";
    };
    writeFileSync(await fetch(), "damaged");
    expect(digestOf(readFileSync(await fetch()))).toBe(layer);
  });

  it("blobs elsewhere are fetched without the registry's credentials", async () => {
    const store = await startFakeRegistry();
    const registry = await startFakeRegistry(({ method, path, headers }, response, { host }) => {
      const blob = method === "GET" && path.includes("/blobs/");
      if (path === "/token") response.end('{"token":"t0ken"}');
      else if (headers.authorization === undefined) {
        response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token",service="s"` }).end();
      } else if (blob) response.writeHead(307, { location: `http://${store.host}${path}` }).end();
      else return undefined;
      return true;
    });
    const { layer } = await putBase(registry);
    for (const [digest, bytes] of registry.blobs) store.blobs.set(digest, bytes);
    const base = await (await openBase(`${registry.host}/base:1`, createContext())).image(amd64);
    expect(digestOf(readFileSync((await base.layers[0]?.file()) ?? ""))).toBe(layer);
    expect(registry.seen.at(-1)?.headers.authorization).toBe("Bearer t0ken");
    expect(store.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });
});

it("the digest is that of the content alone, whatever the cache holds", async () => {
  const registry = await startFakeRegistry();
  await putBase(registry);
  const digests = [];
  for (const folder of [makeFolder(), makeFolder()]) {
    for (let round = 0; round < 2; round++) {
      const context = createContext(folder);
      const base = await openBase(`${registry.host}/base:1`, context);
      digests.push((await build(base, context, makeStage())).root.descriptor.digest);
    }
  }
  expect(new Set(digests).size).toBe(1);
});
