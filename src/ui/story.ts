import type {
  DebuggerEvent,
  LoopBlockedEvent,
  ModelExitedEvent,
  ModelStuckEvent,
  WireWarningEvent,
  ReadyEvent,
  ReloadedEvent,
  RequestEvent,
  TrussEvent,
} from "../events.ts";
import { renderCallLine } from "./call-examples.ts";
import { renderErrorScreen } from "./error-screen.ts";
import { type Style, createStyle } from "./style.ts";

export interface StoryOptions {
  /** Absolute path of the project, for code frames. */
  readonly root: string;
  readonly colors: boolean;
  /** How wide the terminal is at the moment; unknown where there is none. */
  readonly columns?: (() => number | undefined) | undefined;
  /** Said with the ready block. */
  readonly tip?: string | undefined;
  /** An input of the project's own for `predict`, as its config has it at the moment. */
  readonly exampleInput?: (() => unknown) | undefined;
}

/** What is printed for one event, and where: the result on stdout, the story on stderr. */
export interface Told {
  readonly to: "stdout" | "stderr";
  readonly text: string;
}

/** Puts events into words. Empty text means that there is nothing to say. */
export function tellEvent(event: TrussEvent, options: StoryOptions): Told {
  const style = createStyle(options.colors);
  const story = (text: string): Told => ({ to: "stderr", text });
  switch (event.event) {
    case "ready":
      return { to: "stdout", text: tellReady(event, style, options) };
    case "reloading":
      return story("");
    case "reloaded":
      return story(tellReloaded(event, style));
    case "reload_failed":
      return story(tellFailure(event, options, style));
    case "request":
      return story(tellRequest(event, style));
    case "request_error":
      return story(renderErrorScreen({ ...event, title: "the model threw" }, options));
    case "debugger":
      return story(tellDebugger(event, style));
    case "wire_warning":
      return story(tellDeviation(event, style));
    case "loop_blocked":
      return story(renderErrorScreen({ ...wordBlock(event), ...event, warning: true }, options));
    case "model_exited":
      return story(tellExit(event, options, style));
    case "model_stuck":
      return story(tellStuck(event, options, style));
    case "output":
      return story(event.text);
    case "port_moved":
      return story(style.yellow(`! port ${event.wanted} is in use; listening on ${event.port} instead\n`));
    case "warning":
      return story(style.yellow(`! ${event.message}${event.hint === undefined ? "" : ` (${event.hint})`}\n`));
    case "step":
      return story(`${event.message} ...\n`);
    case "note":
      return story(`${event.message}\n`);
    case "progress":
      return story("");
    case "draining":
      return story(tellDraining(event, style));
    case "stopped":
      return story(style.dim("stopped\n"));
  }
}

function tellReady({ url, playground, endpoints, ms }: ReadyEvent, style: Style, options: StoryOptions): string {
  const widest = Math.max(0, ...endpoints.map(({ method }) => method.length));
  const lines = [
    "",
    `  ${style.bold(style.green("ready"))} in ${ms} ms  ${style.bold(style.cyan(url))}`,
    ...(playground === undefined ? [] : [`  ${style.dim("playground")}  ${style.cyan(playground)}`]),
    "",
    ...endpoints.map(({ method, path }) => `  ${style.bold(method.padEnd(widest))}  ${path}`),
    "",
    ...endpoints.map((endpoint) => renderCallLine(url, endpoint, options.exampleInput?.())),
    "",
    ...(options.tip === undefined ? [] : [`  ${style.dim(options.tip)}`, ""]),
  ];
  return `${lines.join("\n")}\n`;
}

function tellReloaded({ changed, ms, how, why }: ReloadedEvent, style: Style): string {
  const what = how === "hot" ? "↻ hot" : "↻ reloaded";
  const reason = why === undefined ? "" : how === "hot" ? `: ${why}` : `: a new start, because ${why}`;
  return `${style.green(what)} ${listFiles(changed)} ${style.dim(`in ${ms} ms${reason}`)}\n`;
}

function listFiles(files: readonly string[]): string {
  if (files.length === 0) return "by hand";
  // Which file of an installation told of it is of no interest.
  const names = [...new Set(files.map((file) => (file.includes("node_modules/") ? "installed packages" : file)))];
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

function tellFailure(
  event: Extract<TrussEvent, { event: "reload_failed" }>,
  options: StoryOptions,
  style: Style,
): string {
  const screen = renderErrorScreen({ ...event, title: event.code }, options);
  const state =
    event.serving === true
      ? "the last good model goes on serving; save a mended file to replace it"
      : "nothing is served until the next edit mends this";
  return `\n${screen.trimEnd()}\n\n  ${style.yellow(state)}\n\n`;
}

function tellRequest({ method, path, status, ms }: RequestEvent, style: Style): string {
  const paint = status >= 500 ? style.red : status >= 400 ? style.yellow : style.green;
  const shown = status === 499 ? "499 (the client left)" : String(status);
  return `${style.dim(clock())} ${method} ${path} ${paint(shown)} ${style.dim(`${Math.round(ms)} ms`)}\n`;
}

function tellDebugger({ url, port }: DebuggerEvent, style: Style): string {
  const how = `chrome://inspect, or attach your editor to port ${port}; it follows every reload`;
  return `${style.bold("debugger")}  ${style.cyan(url)}  ${style.dim(how)}\n`;
}

function wordBlock({ ms, running, request, request_id }: LoopBlockedEvent) {
  const id = request_id === undefined ? "" : ` (${request_id})`;
  const several = running > 1 ? ` while ${running} requests ran` : "";
  const during = request === undefined ? several : ` in ${request}${id}`;
  return {
    title: `the event loop was blocked for ${ms} ms${during}`,
    message: "",
    hint: "nobody else is served meanwhile: move such work to a worker thread, or await between its pieces",
  };
}

function clock(): string {
  return new Date().toTimeString().slice(0, 8);
}

function tellExit(event: ModelExitedEvent, options: StoryOptions, style: Style): string {
  const { how, message = `the model's process ended: ${how}`, restart_in_ms: wait, times = 1 } = event;
  const when = wait === 0 ? "it is started again" : `it is started again in ${wait} ms`;
  const often = times < 2 ? "" : `, as it has ended ${times} times in a row; an edit or r replaces it`;
  const next = style.yellow(`${when}, and requests wait for it${often}`);
  if (event.repeated === true) return `${style.red("✖ MODEL_EXITED")}  again: ${next}\n`;
  const screen = renderErrorScreen({ ...event, message, title: "MODEL_EXITED" }, options);
  return `${screen.trimEnd()}\n\n  ${next}\n\n`;
}

function tellStuck(event: ModelStuckEvent, options: StoryOptions, style: Style): string {
  const where = event.file === undefined ? " in native code, or in a package" : "";
  const message = `the model has been busy for ${Math.round(event.ms / 1000)} s without a pause${where}; nothing else is answered`;
  const hint =
    "if it is an endless loop, mend it; long work belongs into a worker thread, or needs an await now and then";
  const screen = renderErrorScreen({ ...event, message, hint, title: "MODEL_STUCK" }, options);
  const state = event.replaced
    ? "another process of the same model takes over; this one may finish until the next edit"
    : `an edit or r replaces it${event.serving ? ", and after 30 s another process takes over" : ""}`;
  return `${screen.trimEnd()}\n\n  ${style.yellow(state)}\n\n`;
}

function tellDeviation({ method, path, problem, hint }: WireWarningEvent, style: Style): string {
  const where = path === "" ? "" : `${path} `;
  return (
    style.yellow(`! ${method} answers with what its clients do not expect: ${where}${problem}\n`) +
    (hint === undefined ? "" : style.dim(`  ${hint}\n`))
  );
}

function tellDraining(event: Extract<TrussEvent, { event: "draining" }>, style: Style): string {
  if (event.in_flight === 0) return style.dim("stopping\n");
  const count = event.in_flight === 1 ? "1 request" : `${event.in_flight} requests`;
  const left = event.seconds_left === undefined ? "" : ` (${event.seconds_left} s left; press Ctrl-C again to end now)`;
  return style.dim(`finishing ${count}${left}\n`);
}
