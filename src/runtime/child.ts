import { runModelProcess } from "./process-main.ts";

const requestsFd = Number(process.env["TRUSS_TS_REQUESTS_FD"]);
delete process.env["TRUSS_TS_REQUESTS_FD"];
runModelProcess({
  ...(requestsFd > 2 ? { requestsFd } : {}),
  loadInspector: () => import("../wire/check/inspector.ts"),
});
