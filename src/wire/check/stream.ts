import type { Tell } from "./rule.ts";

/** What of a request decides what its answer must be. */
export type RequestFields = Readonly<Record<string, unknown>>;

/** Follows one stream from event to event. */
export interface StreamCheck {
  /** One event's data, parsed, and its name where it has one. */
  event(data: unknown, name: string | undefined): void;
  /** The stream has ended as it should; not told of one that failed, or whose reader left. */
  end(): void;
}

export type CreateStreamCheck = (request: RequestFields, tell: Tell) => StreamCheck;
