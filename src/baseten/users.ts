import type { BasetenClient } from "./client.ts";

/** Whose key it is. */
export interface User {
  readonly id: string | null;
  readonly email: string | null;
  readonly name: string | null;
  readonly workspace: string | null;
}

/**
 * Asks whom a key belongs to, which also tells whether it is good.
 *
 * @throws TrussError AUTH_REFUSED and the client's others
 */
export async function fetchUser(client: BasetenClient): Promise<User> {
  const answer = await client.request({ method: "GET", path: "/v1/users/me" });
  const text = (name: string) => (typeof answer[name] === "string" && answer[name] !== "" ? answer[name] : null);
  return { id: text("user_id"), email: text("email"), name: text("name"), workspace: text("workspace_name") };
}

/** `ada@example.com in analytics`, with what there is of it. */
export function describeUser({ email, name, workspace }: User): string {
  const who = email ?? name ?? "a key without a user";
  return workspace === null ? who : `${who} in ${workspace}`;
}
