import { aiClients, aiMajors } from "./adapters/ai.ts";
import { anthropicClients } from "./adapters/anthropic.ts";
import { langchainAnthropicClients, langchainOpenaiClients } from "./adapters/langchain.ts";
import { openaiClients } from "./adapters/openai.ts";

/** Every client, the majors of each package side by side. */
export const clients = {
  openai: ["openai-6", "openai-7"].flatMap(openaiClients),
  anthropic: ["@anthropic-ai/sdk-0", "@anthropic-ai/sdk-1"].flatMap(anthropicClients),
  ai: aiMajors.flatMap(aiClients),
  langchain: [
    ...["@langchain/openai-1.5", "@langchain/openai-1.6"].flatMap(langchainOpenaiClients),
    ...langchainAnthropicClients("@langchain/anthropic-1.5"),
  ],
};
