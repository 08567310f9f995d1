import type { Fault } from "../errors.ts";
import type { ConfigSource } from "../project/yaml.ts";

const path = ["base_image", "image"];
const advice = "Use node:24-bookworm, or an image of your own with Debian, Node and python3.";

/** Baseten's build stops unless the image is a Debian with a python3; known images that are none are told here. */
export function findBaseImageFault(source: ConfigSource, noBuild: boolean): Fault[] {
  const base = recordOf(source.values["base_image"]);
  const image = typeof base["image"] === "string" ? base["image"] : "";
  const why = noBuild ? whyNotAsIs(image) : whyNotBuilt(image, base["python_executable_path"]);
  return why === undefined ? [] : [source.faultAt(path, why.message, why.hint)];
}

interface Why {
  readonly message: string;
  readonly hint: string;
}

function whyNotAsIs(image: string): Why | undefined {
  if (image !== "") return undefined;
  return {
    message: "docker_server.no_build needs base_image.image: it is run as it is.",
    hint: "Name an image that holds the model, such as one that push --target image has made.",
  };
}

function whyNotBuilt(image: string, python: unknown): Why | undefined {
  const reference = image.replace(/@sha256:.*$/, "");
  const tag = /:([^/:]+)$/.exec(reference)?.[1] ?? "latest";
  const name = reference.replace(/:[^/:]+$/, "").replace(/^(?:docker\.io\/)?(?:library\/)?/, "");
  if (/(?:^|[-.])alpine/.test(tag) || /(?:^|\/)alpine$/.test(name))
    return { message: `base_image.image ${image} is Alpine: Baseten builds on Debian only.`, hint: advice };
  if (/(?:^|\/)distroless(?:\/|$)/.test(name))
    return {
      message: `base_image.image ${image} is distroless: Baseten's build needs Debian with a shell.`,
      hint: advice,
    };
  const hasNoPython = (name === "node" || name === "debian") && /(?:^|-)slim$/.test(tag);
  if (hasNoPython && (typeof python !== "string" || python === "")) {
    return { message: `base_image.image ${image} has no python3, without which Baseten's build stops.`, hint: advice };
  }
  return undefined;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
