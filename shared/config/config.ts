/**
 * The only reader of the environment. Each group is parsed on first use and kept; a failure names variables, never values.
 * `infra/constructs` fills the variables from the same keys, and grants what belongs to them.
 */
import { z } from 'zod';

const origins = z
  .string()
  .default('')
  .transform((list) => list.split(',').filter((origin) => origin !== ''));

const groups = {
  database: z.object({
    DATABASE_CLUSTER_ARN: z.string(),
    DATABASE_NAME: z.string(),
    /** One of the two is set: a function has one database role. The local host, which runs all, sets both. */
    DATABASE_API_SECRET_ARN: z.string().optional(),
    DATABASE_WORKER_SECRET_ARN: z.string().optional(),
  }),
  media: z.object({ MEDIA_BUCKET: z.string() }),
  archive: z.object({ ARCHIVE_BUCKET: z.string() }),
  publishQueue: z.object({ PUBLISH_QUEUE_URL: z.url() }),
  metricsQueue: z.object({ METRICS_QUEUE_URL: z.url() }),
  exportQueue: z.object({ EXPORT_QUEUE_URL: z.url() }),
  mediaQueue: z.object({ MEDIA_QUEUE_URL: z.url() }),
  signingKeys: z.object({ SIGNING_KEYS_SECRET_ARN: z.string() }),
  verificationKeys: z.object({ VERIFICATION_KEYS_SECRET_ARN: z.string() }),
  cursorKey: z.object({ CURSOR_KEY_SECRET_ARN: z.string() }),
  tokenKeys: z.object({ TOKEN_KEYS_SECRET_ARN: z.string() }),
  platformApps: z.object({ PLATFORM_APPS_SECRET_ARN: z.string() }),
  mail: z.object({ MAIL_FROM: z.string() }),
  http: z.object({
    /** Origin under which clients reach the API; links in mails and OAuth callbacks begin with it, without a slash at its end. */
    PUBLIC_BASE_URL: z.url().transform((url) => url.replace(/\/+$/, '')),
    /** Origins that the SSRF guard lets through although they are not public. Filled by infra/local only. */
    TRUSTED_ORIGINS: origins,
  }),
} as const;

type Groups = { [G in keyof typeof groups]: z.output<(typeof groups)[G]> };

const parsed = new Map<string, unknown>();

/** One group of settings. Throws when a variable is missing or malformed. */
export function config<G extends keyof Groups>(group: G): Groups[G] {
  const known = parsed.get(group);
  if (known !== undefined) return known as Groups[G];
  const result = groups[group].safeParse(process.env);
  if (!result.success) {
    const names = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`);
    throw new Error(`configuration group "${group}" is incomplete: ${names.join(', ')}`);
  }
  parsed.set(group, result.data);
  return result.data as Groups[G];
}

/** Forgets what was parsed, so that a host that has just set the environment is heard. */
export function reloadConfig(): void {
  parsed.clear();
}
