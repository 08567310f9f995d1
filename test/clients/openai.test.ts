import { clients } from "./all.ts";
import { describeClients } from "./cases.ts";

describeClients(clients.openai);
