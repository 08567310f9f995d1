/** A form that keys and tokens have, tight enough to be no accident. */
export interface SecretForm {
  /** As a sentence goes on: "looks like …". */
  readonly what: string;
  readonly pattern: RegExp;
}

/** Between a key's first line and its body: line ends, as they are or as code writes them, and headers. */
const keyGap = String.raw`(?:\\[nr]|[\s"'\`+,>|]|(?:Proc-Type|DEK-Info|Version|Comment):[^\n\\]*)*`;

/** Prefixes that their makers chose so that scanners can find them. */
export const secretForms: readonly SecretForm[] = [
  {
    what: "a private key",
    pattern: new RegExp(`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----${keyGap}[A-Za-z0-9+/=]{24}`, "g"),
  },
  {
    what: "an AWS access key",
    pattern: /(?<![A-Za-z0-9/+])(?:AKIA|ASIA)(?![A-Z2-7]*EXAMPLE)[A-Z2-7]{16}(?![A-Za-z0-9])/g,
  },
  { what: "a GitHub token", pattern: /(?<![\w-])(?:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_\w{50,})/g },
  { what: "a GitLab token", pattern: /(?<![\w-])gl(?:pat|dt|rt)-[\w-]{20,}/g },
  { what: "an npm token", pattern: /(?<![\w-])npm_[A-Za-z0-9]{36}(?!\w)/g },
  { what: "an Anthropic key", pattern: /(?<![\w-])sk-ant-[\w-]{20,}/g },
  { what: "an OpenRouter key", pattern: /(?<![\w-])sk-or-[\w-]{20,}/g },
  {
    what: "an OpenAI key",
    pattern: /(?<![\w-])sk-(?:(?:proj|svcacct|admin|None)-[\w-]{20,}|[A-Za-z0-9]{32,})(?![\w-])/g,
  },
  {
    what: "a Baseten key",
    // Eight letters and digits, a dot, and 32 more; digits in both cases of letters tell it from a name in code.
    pattern:
      /(?<![\w.])[A-Za-z0-9]{8}\.(?=[A-Za-z0-9]*[a-z])(?=[A-Za-z0-9]*[A-Z])(?=(?:[A-Za-z]*\d){2})[A-Za-z0-9]{32}(?![\w.])/g,
  },
  { what: "a Hugging Face token", pattern: /(?<![\w-])(?:hf|api_org)_[A-Za-z0-9]{30,}(?!\w)/g },
  { what: "a Slack token", pattern: /(?<![\w-])xox[abeoprs]-[\w-]{10,}|(?<![\w-])xapp-\d-[\w-]{20,}/g },
  { what: "a Slack webhook", pattern: /hooks\.slack\.com\/services\/T\w{6,}\/B\w{6,}\/\w{16,}/g },
  { what: "a Google API key", pattern: /(?<![\w-])AIza[\w-]{35}(?![\w-])/g },
  { what: "a Google token", pattern: /(?<![\w-])(?:ya29\.[\w-]{20,}|GOCSPX-[\w-]{28})/g },
  { what: "a Stripe key", pattern: /(?<![\w-])[rs]k_live_[A-Za-z0-9]{20,}/g },
  { what: "a Groq key", pattern: /(?<![\w-])gsk_[A-Za-z0-9]{40,}/g },
  { what: "a Replicate token", pattern: /(?<![\w-])r8_[A-Za-z0-9]{36,}/g },
];

/** What `.env` holds that would be no loss to anybody. */
const plainName = /(?:^|_)(?:MODEL|NAME|URL|HOST|PORT|REGION|ENV|LEVEL|PATH|DIR|VERSION|MODE|ENVIRONMENT|LOCALE|TZ)$/i;
const secretName = /KEY|TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH|DSN|PRIVATE|SIGNATURE/i;
/** `postgres://user:password@host`. */
const urlWithPassword = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i;

/** Whether a variable of `.env` holds something that must not be read in what is pushed. */
export function isSecretVariable(name: string, value: string): boolean {
  if (value.length < 8 || /^(?:true|false|null|undefined|[\d.]+)$/i.test(value)) return false;
  if (secretName.test(name) || urlWithPassword.test(value)) return true;
  return value.length >= 12 && !plainName.test(name) && /^(?=.*\d)(?=.*[a-z])[^\s/]+$/i.test(value);
}

/** Finds a value as it is, as JSON, JavaScript or an address write it, and anywhere within base64. */
export function valuePattern(value: string): RegExp {
  const forms = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), ...inBase64(value)];
  const literals = [...new Set(forms)].map((text) => text.replaceAll(/[$()*+.?[\\\]^{|}/-]/g, String.raw`\$&`));
  return new RegExp(literals.join("|"), "g");
}

/** What is the same whatever stands before and behind it; as often as three bytes have beginnings. */
function inBase64(value: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
    const own = [Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6)];
    return [bytes.toString("base64").slice(...own), bytes.toString("base64url").slice(...own)];
  });
}
