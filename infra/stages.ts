/** What differs between the stages, as data, and what a deployer says by context (`-c name=value`). */
import type { App } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';
import type { QueueName } from '../functions/_kit/contract.ts';
import { readOrigins } from './cors.ts';

export interface Stage {
  readonly logRetention: RetentionDays;
  /** Keep log groups when their function is deleted. Data is kept in every stage. */
  readonly keepLogs: boolean;
  /** Days that the cluster can be set back to any second of. */
  readonly backupDays: number;
  /** How long the snapshots in the vault are kept. */
  readonly snapshotDays: { readonly daily: number; readonly monthly: number };
  /** Aurora capacity units. The dispatcher asks every minute, so the cluster never pauses: below 0.5 nothing is gained. */
  readonly minCapacity: number;
  readonly maxCapacity: number;
  /** Instances besides the writer, in the other availability zone, ready to take over. */
  readonly readers: number;
  /** Requests per second of the whole API, and how many may come at once. */
  readonly rate: number;
  readonly burst: number;
  /** Most invocations at a time of the queue's worker; Lambda takes 2 to 1000. */
  readonly concurrency: Readonly<Record<QueueName, number>>;
  /** Browsers on these origins may call the API and upload. */
  readonly webOrigins: readonly string[];
}

export const stages = {
  dev: {
    logRetention: RetentionDays.TWO_WEEKS,
    keepLogs: false,
    backupDays: 7,
    snapshotDays: { daily: 7, monthly: 31 },
    minCapacity: 0.5,
    maxCapacity: 4,
    readers: 0,
    rate: 100,
    burst: 200,
    concurrency: { publish: 10, media: 2, metrics: 2, export: 2 },
    webOrigins: ['http://localhost:3000'],
  },
  prod: {
    logRetention: RetentionDays.THREE_MONTHS,
    keepLogs: true,
    backupDays: 35,
    snapshotDays: { daily: 35, monthly: 366 },
    minCapacity: 1,
    maxCapacity: 32,
    readers: 1,
    rate: 2000,
    burst: 4000,
    concurrency: { publish: 200, media: 20, metrics: 10, export: 5 },
    webOrigins: [],
  },
} as const satisfies Record<string, Stage>;

export type StageName = keyof typeof stages;

const arn = z.string().regex(/^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$/, 'is no ARN');
const flag = z.enum(['on', 'off']).default('on');

const contextSchema = z
  .object({
    stage: z.enum(['dev', 'prod']).default('dev'),
    /** Sender of mails. Its domain must be a verified SES identity of the account. */
    mailFrom: z.email().optional(),
    /** Origin under which clients reach the API, when it is not the gateway's own. */
    publicBaseUrl: z.url().optional(),
    webOrigins: z.string().optional(),
    alarmEmail: z.email().optional(),
    schedules: flag,
    databaseName: z.string().default('posthaste'),
    clusterArn: arn.optional(),
    apiSecretArn: arn.optional(),
    workerSecretArn: arn.optional(),
  })
  .superRefine((context, issues) => {
    const existing = [context.clusterArn, context.apiSecretArn, context.workerSecretArn];
    if (existing.includes(undefined) && existing.some((one) => one !== undefined)) {
      issues.addIssue({ code: 'custom', message: 'clusterArn, apiSecretArn and workerSecretArn are given together' });
    }
  });

export interface ExistingDatabase {
  readonly clusterArn: string;
  readonly apiSecretArn: string;
  readonly workerSecretArn: string;
}

export interface Settings extends Stage {
  readonly stage: StageName;
  readonly mailFrom: string | undefined;
  readonly publicBaseUrl: string | undefined;
  readonly alarmEmail: string | undefined;
  readonly schedulesEnabled: boolean;
  readonly databaseName: string;
  /** Used instead of a new cluster. */
  readonly existingDatabase: ExistingDatabase | undefined;
}

/** The stage that `-c stage=` names, with the deployer's context over it. Throws on a value that cannot be meant. */
export function settingsOf(app: App): Settings {
  const names = Object.keys(contextSchema.shape);
  const given = Object.fromEntries(names.map((name) => [name, app.node.tryGetContext(name)]));
  const context = contextSchema.parse(given);
  const { clusterArn, apiSecretArn, workerSecretArn } = context;
  const base: Stage = stages[context.stage];
  return {
    ...base,
    webOrigins: context.webOrigins === undefined ? base.webOrigins : readOrigins(context.webOrigins),
    stage: context.stage,
    mailFrom: context.mailFrom,
    publicBaseUrl: context.publicBaseUrl,
    alarmEmail: context.alarmEmail,
    schedulesEnabled: context.schedules === 'on',
    databaseName: context.databaseName,
    existingDatabase:
      clusterArn === undefined || apiSecretArn === undefined || workerSecretArn === undefined
        ? undefined
        : { clusterArn, apiSecretArn, workerSecretArn },
  };
}
