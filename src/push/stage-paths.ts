/** Paths inside a stage that have their place whatever the project is like. */
export const configFile = "config.yaml";
export const serverFile = "model/server.mjs";
export const serverMapFile = "model/server.mjs.map";
