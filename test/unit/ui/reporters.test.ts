import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { TrussEvent } from "../../../src/events.ts";
import { endpoints } from "../../../src/model/endpoints.ts";
import { renderCallLine } from "../../../src/ui/call-examples.ts";
import { createJsonReporter } from "../../../src/ui/json.ts";
import { createPlainReporter } from "../../../src/ui/plain.ts";
import { createPrettyReporter } from "../../../src/ui/pretty.ts";

function capture() {
  const out = { stdout: "", stderr: "" };
  const output = {
    stdout: (text: string) => void (out.stdout += text),
    stderr: (text: string) => void (out.stderr += text),
  };
  return { out, output };
}

function createProject(): string {
  const root = mkdtempSync(join(tmpdir(), "truss-ui-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "model"));
  writeFileSync(join(root, "model/model.ts"), "one\ntwo(\nthree\n");
  return root;
}

const ready: TrussEvent = {
  event: "ready",
  url: "http://127.0.0.1:8080",
  playground: "http://127.0.0.1:8080/_truss/",
  endpoints: [{ method: "predict", path: "/predict" }],
  ms: 312,
};
const failed: TrussEvent = {
  event: "reload_failed",
  id: 4,
  code: "BUILD_FAILED",
  message: "Unexpected end",
  file: "model/model.ts",
  line: 2,
  column: 4,
  hint: "close it",
  serving: true,
};
const others: TrussEvent[] = [
  { event: "reloading", id: 2, changed: [] },
  { event: "port_moved", wanted: 1, port: 2 },
  { event: "model_exited", how: "exit code 1", restart_in_ms: 0 },
  { event: "output", stream: "stdout", text: "from the model\n" },
  { event: "request_error", request_id: "r", message: "boo" },
  { event: "warning", message: "careful" },
  { event: "loop_blocked", ms: 120, running: 1, request: "POST /predict", request_id: "r" },
  { event: "draining", in_flight: 2, seconds_left: 9 },
];

describe("the line to paste for predict", () => {
  const told = (example: unknown) => {
    const { out, output } = capture();
    createPlainReporter(output, "/", () => example)(ready);
    const plain = out.stdout;
    out.stdout = "";
    createPrettyReporter(output, { root: "/", colors: true, exampleInput: () => example })(ready);
    const bodyOf = (text: string) => /-d '(.*)'/.exec(text)?.[1];
    expect(bodyOf(out.stdout)).toBe(bodyOf(plain));
    return bodyOf(plain);
  };

  it("has the project's own example", () => {
    expect(told({ text: "hi", n: [1] })).toBe('{"text":"hi","n":[1]}');
  });

  it.each([[undefined], ["text"], [["list"]], [null], [{ text: "x".repeat(300) }]])(
    "is the general one where that is %j",
    (example) => expect(told(example)).toBe('{"prompt":"Hello"}'),
  );
});

describe("json", () => {
  it("writes its five kinds on stdout, one object a line, and nothing else there", () => {
    const { out, output } = capture();
    const report = createJsonReporter(output.stdout, createPlainReporter(output, "/"));
    const mine: TrussEvent[] = [
      ready,
      { event: "reloaded", id: 2, changed: ["a\nb"], ms: 1 },
      failed,
      { event: "request", request_id: "r", method: "GET", path: "/", status: 200, ms: 1 },
      { event: "stopped" },
    ];
    for (const event of [...others, ...mine]) report(event);
    expect(
      out.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(mine);
    expect(out.stderr).toContain("from the model");
  });
});

describe("plain", () => {
  it("puts the ready block on stdout and the story on stderr", () => {
    const { out, output } = capture();
    const report = createPlainReporter(output, createProject());
    for (const event of [ready, failed, ...others]) report(event);
    expect(out.stdout).toContain("http://127.0.0.1:8080/_truss/");
    expect(out.stdout).toMatch(/^curl .*\/predict /m);
    expect(out.stderr).toContain("  ❯ 2 │ two(\n      │    ^\n");
    expect(out.stderr).toContain("the last good model goes on serving");
    expect(out.stderr).toContain("→ close it");
    expect(out.stderr).toContain("port 1 is in use; listening on 2");
    expect(out.stderr).toContain("finishing 2 requests (9 s left");
    expect(out.stdout + out.stderr).not.toContain("\u001b");
  });

  it("says on one line what changed and how long it took", () => {
    const { out, output } = capture();
    createPlainReporter(output, "/")({ event: "reloaded", id: 2, changed: ["a", "b", "c", "d"], ms: 41 });
    expect(out.stderr).toBe("↻ reloaded a, b, c and 1 more in 41 ms\n");
  });

  it("names an installation as that, whatever file told of it", () => {
    const { out, output } = capture();
    const changed = ["../node_modules/.package-lock.json", "node_modules/it/package.json", "package.json"];
    createPlainReporter(output, "/")({ event: "reloaded", id: 2, changed, ms: 41 });
    expect(out.stderr).toBe("↻ reloaded installed packages, package.json in 41 ms\n");
  });

  it("says who blocked the loop, as far as that is known", () => {
    const titles = [{ running: 0 }, { running: 3 }, { running: 3, request: "POST /predict" }].map((known) => {
      const { out, output } = capture();
      createPlainReporter(output, "/")({ event: "loop_blocked", ms: 120, ...known });
      return out.stderr.split("\n")[0];
    });
    expect(titles).toEqual([
      "! the event loop was blocked for 120 ms",
      "! the event loop was blocked for 120 ms while 3 requests ran",
      "! the event loop was blocked for 120 ms in POST /predict",
    ]);
  });

  it("gives a request one line", () => {
    const { out, output } = capture();
    const event = {
      event: "request",
      request_id: "r",
      method: "POST",
      path: "/predict",
      status: 200,
      ms: 82.6,
    } as const;
    createPlainReporter(output, "/")(event);
    expect(out.stderr).toMatch(/^\d\d:\d\d:\d\d POST \/predict 200 83 ms\n$/);
  });
});

describe("pretty", () => {
  it("sets the model's output apart, line by line, also where lines come in pieces", () => {
    const { out, output } = capture();
    const report = createPrettyReporter(output, { root: "/", colors: false });
    for (const text of ["one\ntwo", " and more\n", "open"]) report({ event: "output", stream: "stdout", text });
    report({ event: "warning", message: "careful" });
    expect(out.stderr).toBe("│ one\n│ two and more\n│ open\n! careful\n");
  });

  it("has colours where it is told to, and only there", () => {
    const [plain, colored] = [capture(), capture()];
    createPrettyReporter(plain.output, { root: "/", colors: false })(ready);
    createPrettyReporter(colored.output, { root: "/", colors: true })(ready);
    expect(plain.out.stdout).not.toContain("\u001b");
    expect(colored.out.stdout).toContain("\u001b");
  });
});

describe("the line to paste", () => {
  const http = endpoints.filter(({ method }) => method !== "websocket");

  it.each(http.map((endpoint) => [endpoint.method, endpoint] as const))(
    "for %s is one that a shell takes",
    (_name, endpoint) => {
      const line = renderCallLine("http://127.0.0.1:8080", endpoint);
      const script = `curl() { for word in "$@"; do printf '%s\\n' "$word"; done; }; ${line}`;
      const words = execFileSync("sh", ["-c", script], { encoding: "utf8" }).trimEnd().split("\n");
      expect(words).toContain(`http://127.0.0.1:8080${endpoint.path}`);
      expect(JSON.parse(words.at(-1) ?? "")).toBeTypeOf("object");
    },
  );
});
