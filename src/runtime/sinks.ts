import type { ServerResponse } from "node:http";
import type { Framer } from "../wire/framer.ts";
import { Pump, type PumpHooks, type Sink } from "./pump.ts";
import type { OnLeave, OpenedStream } from "./stream.ts";

/**
 * Writes a stream to its socket, one write an item, and stops it when the client leaves. The head goes out before,
 * by itself, so that it does not wait for a late item.
 */
export function streamToSocket(
  outgoing: ServerResponse,
  headers: Readonly<Record<string, string>>,
  opened: OpenedStream,
  framer: Framer,
  hooks: PumpHooks,
): void {
  const pump = new Pump(
    opened,
    framer,
    {
      write: (chunk) => outgoing.write(chunk),
      isFree: () => !outgoing.writableNeedDrain,
      end: () => void outgoing.end(),
      cut: () => void outgoing.destroy(),
    },
    hooks,
  );
  if (outgoing.destroyed) return void pump.leave();
  outgoing.writeHead(200, headers);
  outgoing.on("drain", () => pump.resume());
  outgoing.on("close", () => void pump.leave());
  // A write to a connection that has just broken; its end is told by "close".
  outgoing.on("error", () => undefined);
  if (opened.outcome === "late") writeFirstSign(outgoing, framer);
  return pump.resume();
}

function writeFirstSign(outgoing: ServerResponse, framer: Framer): void {
  const sign = framer.keepAlive();
  if (sign === undefined) outgoing.flushHeaders();
  else outgoing.write(sign);
}

/** A stream as the body of a `Response`, one chunk an item, pulled only as fast as it is read. */
export function streamToBody(
  opened: OpenedStream,
  framer: Framer,
  hooks: PumpHooks,
  onLeave: OnLeave,
): ReadableStream<Uint8Array> {
  let pump: Pump | undefined;
  let wanted = false;
  let unlisten: () => void = () => undefined;
  const body = {
    start(controller: ReadableStreamDefaultController<Uint8Array>) {
      pump = new Pump(opened, framer, sinkOf(controller), hooks);
      unlisten = onLeave(() => {
        void pump?.leave();
        controller.error(new DOMException("The client has left", "AbortError"));
      });
      const sign = opened.outcome === "late" ? framer.keepAlive() : undefined;
      if (sign !== undefined) controller.enqueue(encoder.encode(sign));
    },
    pull() {
      wanted = true;
      pump?.resume();
    },
    cancel() {
      unlisten();
      return pump?.leave();
    },
  };
  return new ReadableStream(body, { highWaterMark: 0 });

  function sinkOf(controller: ReadableStreamDefaultController<Uint8Array>): Sink {
    return {
      write(chunk) {
        wanted = false;
        controller.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
        return wanted;
      },
      isFree: () => wanted,
      end() {
        unlisten();
        controller.close();
      },
      cut() {
        unlisten();
        controller.error(new Error("the stream failed"));
      },
    };
  }
}

const encoder = new TextEncoder();
