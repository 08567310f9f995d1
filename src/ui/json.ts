import type { JsonEvent, Reporter, TrussEvent } from "../events.ts";

/** For scripts: one JSON object a line on stdout, and nothing else there. The rest of the story goes on as it is told. */
export function createJsonReporter(stdout: (text: string) => void, story: Reporter): Reporter {
  return (event) => {
    if (isJsonEvent(event)) stdout(`${JSON.stringify(event)}\n`);
    else story(event);
  };
}

function isJsonEvent(event: TrussEvent): event is JsonEvent {
  switch (event.event) {
    case "ready":
    case "reloaded":
    case "reload_failed":
    case "request":
    case "stopped":
      return true;
    case "reloading":
    case "port_moved":
    case "model_exited":
    case "model_stuck":
    case "output":
    case "request_error":
    case "debugger":
    case "loop_blocked":
    case "wire_warning":
    case "warning":
    case "step":
    case "note":
    case "progress":
    case "draining":
      return false;
  }
}
