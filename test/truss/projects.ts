const plain = "export class Model { predict() { return 1; } }\n";

/** Projects that ask more of a push than the templates do: files by path. */
export const projects: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "own-keys": {
    "config.yaml": `# the name
model_name: own
resources:
secrets:
  TOKEN: hush
environment_variables: { A: 1, B: yes }
runtime:
  predict_concurrency: 2
  streaming_read_timeout: 0.5
  max_queue: 3 # ours
  drain_timeout: 5
model_metadata: { own: 1, truss_ts: { stored_responses: 4 } }
`,
    "model/model.ts": plain,
  },
  outside: {
    "config.yaml": "model_name: outside\nbuild_commands:\n- apt-get install -y libvips\n",
    "model/model.ts": 'import { answer } from "native-thing";\nexport class Model { predict() { return answer(); } }\n',
    "package.json": JSON.stringify({ name: "outside", type: "module", dependencies: { "native-thing": "1.0.0" } }),
    "package-lock.json": JSON.stringify({
      name: "outside",
      lockfileVersion: 3,
      packages: {
        "": { name: "outside", dependencies: { "native-thing": "1.0.0" } },
        "node_modules/native-thing": {
          version: "1.0.0",
          resolved: "https://registry.npmjs.org/native-thing/-/native-thing-1.0.0.tgz",
          integrity: `sha512-${"A".repeat(86)}==`,
        },
      },
    }),
    "node_modules/native-thing/package.json": JSON.stringify({
      name: "native-thing",
      version: "1.0.0",
      main: "index.js",
    }),
    "node_modules/native-thing/index.js":
      'exports.answer = () => 42;\nexports.load = () => require("./build/Release/native.node");\n',
    "node_modules/native-thing/build/Release/native.node": "not really",
  },
  sockets: {
    "config.yaml": "model_name: sockets\n",
    "model/model.ts": "export class Model { websocket(socket) { socket.send('hi'); } }\n",
  },
  names: {
    "config.yaml": "model_name: names\n",
    "model/model.ts": plain,
    "model/build/c.json": "{}",
    "data/dist/a.txt": "a",
    "data/lib/b.txt": "b",
  },
  custom: {
    "config.yaml": `model_name: custom
model_module_dir: src
model_class_filename: served.ts
model_class_name: Served
data_dir: assets
requirements_file: py/requirements.txt
system_packages: [ffmpeg]
docker_server: { server_port: 9000, run_as_user_id: 1000 }
`,
    "src/served.ts": "export class Served { predict() { return 1; } }\n",
    "assets/a.txt": "a",
    "py/requirements.txt": "numpy\n",
  },
};
