/** What an image runs on, in the words of the OCI image specification. */
export interface Platform {
  readonly os: "linux";
  readonly architecture: "amd64" | "arm64";
}

/** As people write it: `linux/amd64`. */
export function platformName({ os, architecture }: Platform): string {
  return `${os}/${architecture}`;
}
