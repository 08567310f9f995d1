import type { Platform } from "../platform.ts";

/** The names that the OCI image specification gives to the kinds of content. */
export const mediaTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  empty: "application/vnd.oci.empty.v1+json",
  sbom: "application/vnd.cyclonedx+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
} as const;

export type Annotations = Readonly<Record<string, string>>;

/** Names some bytes: what they are, how many, and their hash. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:…`. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Annotations;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
}

/** What a layer holds. */
export type LayerKind = "base" | "packages" | "data" | "model";

/** A repository of a registry. */
export interface Repository {
  /** Host, with its port where it has one: `docker.io`, `127.0.0.1:5000`. */
  readonly registry: string;
  readonly name: string;
}

/** Content that is fetched or made only when somebody needs the bytes. */
export interface Blob {
  readonly descriptor: Descriptor;
  /** Of a layer. */
  readonly kind?: LayerKind;
  /** Absolute path of a file that holds exactly these bytes, and was checked to. */
  file(): Promise<string>;
  /** The registry that it comes from, which can give it to a sister repository by itself. */
  readonly origin?: Repository;
}

export interface Layer extends Blob {
  readonly kind: LayerKind;
  /** Digest of the layer before compression. */
  readonly diffId: string;
  /** It was at hand and has not been made anew. */
  readonly reused: boolean;
}

/** A manifest or an index, with all below it. */
export interface Manifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** Config and layers. */
  readonly blobs: readonly Blob[];
  readonly children: readonly Manifest[];
}

/** What an image's config says, as far as it is read; the rest is kept as it is. */
export type ImageConfig = Readonly<Record<string, unknown>>;

/** An image to build on, for one platform. */
export interface BaseImage {
  readonly platform: Platform;
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
}

/** A base as it was named, which may hold images for several platforms. */
export interface Base {
  /** As it is shown, and as it is written into annotations where `portable`. */
  readonly name: string;
  /** Of what the name stands for at the moment. Absent: a tarball that has none. */
  readonly digest?: string;
  /** The name holds everywhere: it is a registry's, not a path of this machine. */
  readonly portable: boolean;
  /** The name holds a digest, or is a file's. */
  readonly pinned: boolean;
  /** @throws TrussError BASE_INVALID where there is none for it */
  image(platform: Platform): Promise<BaseImage>;
}

/** One image of a build. */
export interface PlatformImage {
  readonly platform: Platform;
  readonly manifest: Manifest;
  readonly layers: readonly Layer[];
  /** Manifests that say this image is their subject: its bill of materials. */
  readonly referrers: readonly Manifest[];
}

/** What was built: what its reference names, and the images behind it. */
export interface BuiltImage {
  readonly root: Manifest;
  readonly images: readonly PlatformImage[];
}
