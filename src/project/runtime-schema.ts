import { isIPv4 } from "node:net";
import { createOwnRuntime } from "./own-keys.ts";
import type { SchemaKit as Kit } from "./schema-kit.ts";

const version =
  /^v?\d+(?:\.\d+)*(?:[-._]?(?:a|b|c|rc|alpha|beta|pre|preview)[-._]?\d*)?(?:-\d+|[-._]?(?:post|rev|r)[-._]?\d*)?(?:[-._]?dev[-._]?\d*)?(?:\+[a-z\d]+(?:[-._][a-z\d]+)*)?$/i;

export function createRuntime(kit: Kit) {
  const { z, object, texted, flag, whole, choice, list } = kit;
  return object({
    predict_concurrency: whole(1),
    streaming_read_timeout: kit.seconds,
    num_workers: z.literal(1, { error: "must be 1: Truss knows no other number" }).nullish(),
    enable_tracing_data: flag,
    enable_debug_logs: flag,
    is_websocket_endpoint: flag,
    transport: object({
      kind: choice(["http", "websocket", "grpc"]),
      ping_interval_seconds: kit.seconds,
      ping_timeout_seconds: kit.seconds,
    }),
    health_checks: object({
      restart_check_delay_seconds: whole(0),
      restart_threshold_seconds: whole(0),
      stop_traffic_threshold_seconds: whole(0),
      startup_threshold_seconds: whole(0),
    }),
    oidc: object({ enabled: flag }),
    remote_ssh: object({ enabled: flag }),
    egress_restrictions: object({
      ip_allow_list: list(z.string({ error: addressError }).refine(isRange, { error: addressError })),
      fqdn_allow_list: list(kit.neededTexted(hostName, "must be a host's name, in which * stands for anything")),
    }),
    truss_server_version_override: texted(version, 'must be a version such as "0.18.0"'),
    ...createOwnRuntime(kit),
  });
}

const label = "[a-z0-9*](?:[a-z0-9*-]{0,61}[a-z0-9*])?";
const hostName = new RegExp(`^${label}(?:\\.${label})*$`, "i");
const addressError = "must be an IPv4 address or range such as 10.0.0.0/8";

function isRange(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  return isIPv4(address) && rest.length === 0 && (bits === undefined || (/^\d{1,2}$/.test(bits) && Number(bits) <= 32));
}
