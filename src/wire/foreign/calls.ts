import type { ToolCallPart } from "../generation.ts";
import { createId } from "../ids.ts";

interface Call {
  id: string;
  name: string;
  /** Arguments that came before the name: nobody can be told of a call without one. */
  held: string;
  told: boolean;
  /** Characters of arguments so far. */
  length: number;
}

/** The tool calls of one upstream, which finds them again by a key of its own: an index, or an item's id. */
export function createCalls() {
  const calls = new Map<string | number, Call>();
  let begun = 0;

  const begin = (key: string | number): Call => {
    const call = { id: "", name: "", held: "", told: false, length: 0 };
    calls.set(key, call);
    begun += 1;
    return call;
  };

  /** The next piece of a call; its id and name come with the first. */
  const piece = (key: string | number, id: string, name: string, args: string): ToolCallPart[] => {
    let call = calls.get(key) ?? begin(key);
    // Some servers give the same index to every call; another id is another call.
    if (id !== "" && call.id !== "" && id !== call.id) call = begin(key);
    call.length += args.length;
    if (call.told) return args === "" ? [] : [{ type: "tool_call", id: call.id, name: "", arguments: args }];
    call.id ||= id;
    call.name ||= name;
    call.held += args;
    if (call.name === "") return [];
    call.told = true;
    call.id ||= createId("call");
    return [{ type: "tool_call", id: call.id, name: call.name, arguments: call.held }];
  };

  return {
    piece,
    /** The call is whole: its arguments, where none came in pieces. */
    end(key: string | number, whole: string): ToolCallPart[] {
      const call = calls.get(key);
      return call === undefined || call.length > 0 ? [] : piece(key, "", "", whole === "" ? "{}" : whole);
    },
    has: (key: string | number) => calls.has(key),
    any: () => begun > 0,
  };
}
