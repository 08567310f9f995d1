import { publishDockerfile, publishWithBuilder } from "../builder.ts";
import type { PublishRequest, Published, Target } from "../types.ts";
import { deliverImage } from "./image-delivery.ts";
import { imageOptions, readImageOptions } from "./image-options.ts";

/** An OCI image, made here or by a container engine. */
export const image: Target = {
  name: "image",
  options: imageOptions,
  validate: (flags) => void readImageOptions(flags),
  async publish(request: PublishRequest): Promise<Published> {
    const { flags } = request;
    if (flags["dockerfile"] !== undefined && flags["dockerfile"] !== false) return publishDockerfile(request);
    if (flags["builder"] !== undefined && flags["builder"] !== false) return publishWithBuilder(request);
    return deliverImage(request, readImageOptions(flags));
  },
};
